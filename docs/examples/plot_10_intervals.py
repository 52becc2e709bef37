"""
Clips are not groups
====================

Clips of one author stand or fall together. An interval that counts each clip as a fact of its own is too narrow. How
often does it hold the truth?
"""

import matplotlib.pyplot as plt
import numpy as np

from audioinv.measure.intervals import share_interval

# %%
# Twelve authors of eight clips each, many times over. Each author has a share of clips that keep their answer, around
# .8, and what spreads the authors is varied.

N_TRIALS, N_AUTHORS, N_CLIPS, TRUTH = 400, 12, 8, 0.8
rng = np.random.default_rng(0)
spreads = np.array([0.02, 0.1, 0.2, 0.4, 0.6])


def coverage(spread, by_author):
    """Share of the trials whose 95 % interval holds the truth."""
    strength = 1 / spread - 1
    of_authors = rng.beta(TRUTH * strength, (1 - TRUTH) * strength, size=(N_TRIALS, N_AUTHORS, 1))
    kept = (rng.random((N_TRIALS, N_AUTHORS, N_CLIPS)) < of_authors).astype(float)
    if by_author:
        sums, sizes = kept.sum(axis=2).T, np.full(N_AUTHORS, float(N_CLIPS))
    else:
        sums, sizes = kept.reshape(N_TRIALS, -1).T, np.ones(N_AUTHORS * N_CLIPS)
    low, high = share_interval(sums, sizes, 0.95)
    return np.mean((low <= TRUTH) & (high >= TRUTH))


# %%
# The share by which the clips of an author resemble each other runs along the bottom.

fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for name, by_author, marker in (("over authors", True, "o"), ("over clips", False, "s")):
    ax.plot(spreads, [coverage(spread, by_author) for spread in spreads], marker=marker, label=name)
ax.axhline(0.95, color="0.5", linestyle=":", label="promised")
ax.set(xlabel="correlation within an author", ylabel="holds the truth", ylim=(0.3, 1.02))
ax.legend()
fig
