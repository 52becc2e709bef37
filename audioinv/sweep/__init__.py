"""Grids, clips and models to responses."""
