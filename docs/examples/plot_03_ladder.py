"""
The ladder of partials
======================

A frequency shift adds the same hertz to every partial and breaks their ratios; a pitch shift multiplies them all and
keeps them. Here of a tone whose partials are known.
"""

import matplotlib.pyplot as plt
import numpy as np

import audioinv
from audioinv.sound.synthetic import harmonic_tone

SAMPLE_RATE, GROUND_HZ = 16000, 220.0
ORDERS = np.arange(1, 7)
tone = harmonic_tone(GROUND_HZ, 6, 1.0, SAMPLE_RATE)


def by_hertz(rise_hz):
    """Return the partials of the tone after every component rose by the same hertz, as measured in the sound."""
    sound = audioinv.frequency_shift(tone, rise_hz, SAMPLE_RATE)
    return audioinv.measure_partials(sound, SAMPLE_RATE, GROUND_HZ * ORDERS + rise_hz).frequencies_hz


def by_ratio(rise_hz):
    """Return them after a pitch shift that makes the ground tone rise by as much."""
    ratio = 1 + rise_hz / GROUND_HZ
    sound = audioinv.pitch_shift(tone, 12 * np.log2(ratio), SAMPLE_RATE)
    return audioinv.measure_partials(sound, SAMPLE_RATE, GROUND_HZ * ORDERS * ratio).frequencies_hz


# %%
# Left, the ratios to the first partial after a rise by 50 Hz. Right, the harmonicity error: how far the partials are
# from any ladder of whole multiples. What is left of it under a pitch shift is the engine's.

rises_hz = np.arange(0, 101, 10)
fig, (ratios, errors) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for name, shift, marker in (("frequency shift", by_hertz, "o"), ("pitch shift", by_ratio, "s")):
    partials = shift(50.0)
    ratios.plot(ORDERS, partials / partials[0], marker=marker, label=name)
    found = [float(audioinv.harmonicity_error(shift(rise), ORDERS)) for rise in rises_hz]
    errors.plot(rises_hz, found, marker=marker, label=name)
ratios.set(xlabel="partial", ylabel="frequency over that of the first", xticks=ORDERS, yticks=ORDERS)
ratios.grid(alpha=0.3)
ratios.legend()
errors.set(xlabel="rise of the first partial, Hz", ylabel="harmonicity error")
fig
