"""Controlled experiments: variants of a network, trained with several seeds, and what they have in common."""
