"""Pairs of changes in words and tables: a table for each pair and model, with the share of clips that stand both.

Conventions
-----------
Rows are sizes of the first change, columns of the second; "none" is that change left out. Each cell is the share of
clips that keep their answer up to both, with its interval. Of larger grids some rows and columns are shown, the ends
always. "too much": fewer stand the first change of that size alone.

What is here: `pair_lines`, `pair_name`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..counts import count_text
from ..measure.endurance import SHARES
from ..measure.pair_endurance import PairEndurance
from ..measure.statistics import Estimate
from ..sound.grid import ShiftGrid
from .pair_results import PairOfChanges, PairResults
from .profile_text import change_name, size_text
from .text import aligned, wrapped
from .wording import share_text

__all__ = ["pair_lines", "pair_name"]

_MOST_ROWS, _MOST_COLUMNS = 11, 6


def pair_name(pair: PairOfChanges) -> str:
    """Name a pair.

    Parameters
    ----------
    pair : PairOfChanges

    Returns
    -------
    str
    """
    return f"{change_name(pair.first)} × {change_name(pair.second)}"


def pair_lines(results: PairResults) -> Iterator[str]:
    """Say what every model stands of every pair.

    Parameters
    ----------
    results : PairResults

    Yields
    ------
    str
    """
    yield f"{count_text(results.n_clips, 'clip')} · the share that keeps its answer up to both amounts [95 % interval]"
    for pair in results.pairs:
        for model, found in pair.models.items():
            yield ""
            yield f"{model}, {pair_name(pair)}:"
            yield ""
            yield from aligned(list(_cells(pair, found)))
            yield from wrapped(_together(pair, found))


def _cells(pair: PairOfChanges, found: PairEndurance) -> Iterator[tuple[str, ...]]:
    rows, columns = _some(len(found.first), _MOST_ROWS), _some(len(found.second), _MOST_COLUMNS)
    half, most = (found.reach(share) for share in reversed(SHARES))
    sizes = [size_text(float(found.second[j]), pair.second) for j in columns]
    yield ("", *sizes, "95 % stand", "50 % stand")
    for i in rows:
        shares = [_cell(found.at(i, j)) for j in columns]
        reached = [_reached(float(reach[i]), found, pair.second) for reach in (most, half)]
        yield (size_text(float(found.first[i]), pair.first), *shares, *reached)


def _some(n: int, at_most: int) -> list[int]:
    """Return at most so many places, spread evenly, with both ends."""
    return sorted(set(np.linspace(0, n - 1, min(n, at_most)).round().astype(int).tolist()))


def _cell(share: Estimate) -> str:
    if share.value != share.value:
        return "–"
    within = f" [{100 * share.low:.0f}, {100 * share.high:.0f}]" if share.low == share.low else ""
    return f"{share_text(share.value)}{within}"


def _reached(amount: float, found: PairEndurance, grid: ShiftGrid) -> str:
    if amount != amount:
        return "too much"
    return f"≥ {size_text(amount, grid)}" if amount >= found.second[-1] else size_text(amount, grid)


def _together(pair: PairOfChanges, found: PairEndurance) -> str:
    """Say what both at their largest cost, beside what each costs alone."""
    last: tuple[int, int] = (len(found.first) - 1, len(found.second) - 1)
    alone = found.at(last[0], 0).value, found.at(0, last[1]).value
    both = found.at(*last).value
    if np.isnan(both):
        return "no clip has an answer at every pair."
    sizes = [size_text(float(end[-1]), grid) for end, grid in ((found.first, pair.first), (found.second, pair.second))]
    names = [change_name(grid) for grid in (pair.first, pair.second)]
    told = " and ".join(
        f"{share_text(share)} stand {name} of {size}" for share, name, size in zip(alone, names, sizes, strict=True)
    )
    expected = share_text(alone[0] * alone[1])
    return f"{told}, {share_text(both)} both at once; were they independent, it would be {expected}."
