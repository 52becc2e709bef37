"""Data sets that were published in a layout of their own, one module a kind."""
