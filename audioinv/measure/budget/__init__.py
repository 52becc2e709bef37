"""Which stage of a model makes its answer change under a shift."""
