"""How often a 95 % interval holds the truth: simulated shares over clips that come in groups.

Run with ``python -m benchmarks.coverage [N]``. Each data set has groups of five clips; a group's own probability comes
from a beta distribution of concentration 3 around p, so that clips of a group resemble each other. Printed is the share
of N data sets (default 2000) whose interval from `bootstrap_mean` holds p, and the standard error of that share.
"""

from __future__ import annotations

import sys

import numpy as np

from audioinv.measure.statistics import bootstrap_mean

CLIPS_PER_GROUP, CONCENTRATION = 5, 3.0
SHARES, GROUPS = (0.6, 0.9), (10, 20, 40)


def coverage(share: float, n_groups: int, n_sets: int) -> float:
    """Return how often the interval holds the true share."""
    rng = np.random.default_rng([n_groups, round(100 * share)])
    codes = np.repeat(np.arange(n_groups), CLIPS_PER_GROUP)
    held = 0
    for _ in range(n_sets):
        own = rng.beta(CONCENTRATION * share, CONCENTRATION * (1 - share), n_groups)
        found = bootstrap_mean((rng.random(len(codes)) < own[codes]).astype(float), codes, rng=rng)
        held += found.low <= share <= found.high
    return held / n_sets


def main() -> None:
    """Print the table."""
    n_sets = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print(f"{n_sets} data sets each; nominal 0.95\n")
    print("| groups | " + " | ".join(f"p = {share}" for share in SHARES) + " |\n|---" + "|---" * len(SHARES) + "|")
    for n_groups in GROUPS:
        found = [coverage(share, n_groups, n_sets) for share in SHARES]
        cells = [f"{value:.3f} ± {np.sqrt(value * (1 - value) / n_sets):.3f}" for value in found]
        print(f"| {n_groups} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
