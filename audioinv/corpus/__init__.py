"""Labelled collections of sound: layouts, census, splits."""
