"""Results folders, text, figures and pages."""
