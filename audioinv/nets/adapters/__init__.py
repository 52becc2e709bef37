"""Models that audioinv did not write: one file a format, and what they say of themselves."""
