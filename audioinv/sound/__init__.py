"""Sound: clips in and out, shifts, spectrograms, harmonics, test signals."""
