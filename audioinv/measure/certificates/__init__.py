"""What must hold for a network, derived from its operations; and the outcome once it has been counted."""
