"""Windows of a planted detector, and a detector that sees only what lies at even places."""

import numpy as np

from audioinv.measure.event_windows import SlidingWindows, given_events

RATE, HOP, WINDOW = 1000, 10, 100
ONSETS = [40, 83, 131, 190, 257, 300, 351, 420, 463, 60, 215, 390]


def windows_of(n_windows=500, n_phases=4, **more):
    return SlidingWindows(n_windows, WINDOW, HOP, RATE, stride_samples=n_phases * HOP, **more)


def run(*windows):
    return np.array(sorted(windows), dtype=np.int64)


def given_at(onset_windows, windows):
    onsets = sorted(onset * HOP / RATE + 0.0051 for onset in onset_windows)
    return given_events("dog", onsets, onsets, windows)


def even_places_only(onset_windows):
    """A detector that sees an event only where it lies at an even place of its window: nine windows, every other."""
    return run(*(onset - back for onset in onset_windows for back in range(0, 10) if back % 2 == 0))
