"""
What downsampling does to a delay
=================================

A map is delayed, sample by sample, and then made smaller by two in several ways. How far is the small map from that of
the undelayed one, moved by half as much?
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from audioinv import time_shift
from audioinv.nets.downsampling import AxisPooling, Downsampling
from audioinv.nets.pooling import pooling

# %%
# Noise in which low frequencies dominate, as in maps of sound; circular, so that no border meddles.

N_SAMPLES, N_MAPS = 128, 200
rng = np.random.default_rng(0)
spectrum = np.fft.rfft(rng.standard_normal((N_MAPS, N_SAMPLES))) / np.maximum(np.arange(N_SAMPLES // 2 + 1), 1)
maps = np.fft.irfft(spectrum, N_SAMPLES)


def error(downsample, delay):
    """Distance of what becomes of the delayed maps from the delayed result, relative to what tells maps apart."""
    exact = time_shift(downsample(maps), delay / 2, edges="circular")
    found = downsample(time_shift(maps, delay, edges="circular"))
    spread = exact - exact.mean(axis=-1, keepdims=True)
    return np.linalg.norm(found - exact) / np.linalg.norm(spread)


def ours(kind):
    pool = pooling((AxisPooling(Downsampling.parse(kind), 2, "circular"),), n_channels=1).double()
    return lambda rows: pool(torch.from_numpy(rows)[:, None])[:, 0].numpy()


# %%
# All are exact at every second delay. In between, the blur is what helps. Polyphase chooses one of two grids, and
# half a step lies on neither: what it promises is that a global pool at the end sees the same values at every delay.

delays = np.arange(0, 9)
fig, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
ways = {"every second value": lambda rows: rows[:, ::2]}
ways |= {"maximum": ours("max"), "maximum, blur of 3": ours("maxblur3"), "polyphase": ours("polyphase")}
for (name, way), marker in zip(ways.items(), "osD^", strict=True):
    ax.plot(delays, [error(way, delay) for delay in delays], marker=marker, label=name)
ax.set(xlabel="delay, samples", ylabel="relative error of the smaller map", xticks=delays)
fig.legend(loc="outside right upper")
fig
