"""Notes whose partials are known."""

from pathlib import Path

import numpy as np

from audioinv.sound import synthetic

RATE = 16000
SECONDS = 0.8
ORDERS = np.arange(1, 6)
INSTRUMENTS = Path(__file__).parents[2] / "clips" / "instruments"

# A parabola in decibels through a Hann peak that is sampled twice or more often per DFT bin errs by less than 1 % of
# a DFT bin, which is 1 / duration wide.
INTERPOLATION_HZ = 0.01 / SECONDS


def partials_at(frequencies_hz, duration_seconds=SECONDS):
    """Sines at the given places, falling as 1/k."""
    parts = [
        synthetic.tone(hertz, duration_seconds, RATE, amplitude=0.2 / k, phase_radians=k)
        for k, hertz in enumerate(frequencies_hz, start=1)
    ]
    return np.sum(parts, axis=0)


def cents(found_hz, true_hz):
    return 1200 * np.log2(found_hz / true_hz)
