"""A profile in words and a table.

Conventions
-----------
Amounts are sizes; ``≥`` marks one that nothing tried was too much for. "95 % stand" is the largest amount up to which
95 % of the clips keep their answer. "log-mel" is how far an amount moves a log-mel spectrogram, "as noise" the ratio at
which white noise moves it as far: first of the largest amount of the range, then of the one that 95 % stand. A verdict
with a question mark is one that the interval leaves open.

What is here: `profile_lines`, `noise_line`, `change_name`, `size_text`, `range_text`, `stood_text`, `verdict_counts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from ..counts import count_text
from ..measure.endurance import Endurance
from ..measure.statistics import Estimate
from ..sound.grid import ShiftGrid, snr_of_percent
from .profile_results import Change, ProfileResults
from .text import aligned, interval, wrapped
from .wording import axis_title, share_text, shown_name

__all__ = ["change_name", "noise_line", "profile_lines", "range_text", "size_text", "stood_text", "verdict_counts"]

_HEADER = (
    ("change", "range", "as noise", "stand it all", "95 % stand", "log-mel", "as noise", "50 % stand", "verdict"),
    ("", "", "at its end", "", "", "there", "there", "", ""),
)
_MODEL_WIDTH = 24
_IN_SENTENCES = {"time": "a delay", "freq": "a frequency shift", "pitch": "a pitch shift"}
_UNITS = {"deg": "°", "bit": "bits"}


def change_name(grid: ShiftGrid) -> str:
    """Name a change.

    Parameters
    ----------
    grid : ShiftGrid

    Returns
    -------
    str

    Examples
    --------
    >>> change_name(ShiftGrid("noise", (10.0,), "%", "pink"))
    'noise, pink'
    """
    plain = not grid.variant or grid.variant in ("linear", "time")
    return axis_title(grid.axis) if plain else f"{axis_title(grid.axis)}, {shown_name(grid.variant, 12)}"


def size_text(amount: float, grid: ShiftGrid) -> str:
    """Write the size of a change; noise as the signal-to-noise ratio that it leaves.

    Parameters
    ----------
    amount : float
    grid : ShiftGrid

    Returns
    -------
    str

    Examples
    --------
    >>> size_text(17.7828, ShiftGrid("noise", (17.7828,), "%")), size_text(0.25, ShiftGrid("reverb", (1.0,), "s"))
    ('15 dB SNR', '0.25 s')
    """
    if amount != amount:
        return "–"
    if amount == 0:
        return "none"
    if grid.axis == "noise":
        return f"{snr_of_percent(amount):.3g} dB SNR"
    unit = _UNITS.get(grid.unit, grid.unit)
    return f"{amount:g}{'' if unit == '°' else ' '}{unit}"


def stood_text(endurance: Endurance, place: int, grid: ShiftGrid) -> str:
    """Write the largest amount that a share of the clips stand.

    Parameters
    ----------
    endurance : Endurance
    place : int
        Which of the shares: 0 for 95 %, 1 for 50 %.
    grid : ShiftGrid

    Returns
    -------
    str
        ``all`` where they stand everything that was tried.
    """
    amount = endurance.stood[place].amount
    return f"≥ {size_text(amount, grid)}" if amount >= endurance.limit else size_text(amount, grid)


def _stood_with_interval(endurance: Endurance, place: int, grid: ShiftGrid) -> str:
    stood = endurance.stood[place]
    text = stood_text(endurance, place, grid)
    if stood.low != stood.low or stood.low == stood.high:
        return text
    return f"{text} [{size_text(stood.low, grid)} to {size_text(stood.high, grid)}]"


def range_text(limit: float, grid: ShiftGrid) -> str:
    """Write the range of a change.

    Parameters
    ----------
    limit : float
        The largest size of it that counts.
    grid : ShiftGrid

    Returns
    -------
    str

    Examples
    --------
    >>> range_text(20.0, ShiftGrid("gain", (-20.0, 20.0), "dB"))
    '±20 dB'
    """
    sign = "±" if grid.amounts[0] < 0 < grid.amounts[-1] else ""
    return f"{sign}{size_text(limit, grid)}"


def profile_lines(results: ProfileResults) -> Iterator[str]:
    """Say what every model stands, a table each, and what all of it comes to.

    Parameters
    ----------
    results : ProfileResults

    Yields
    ------
    str
    """
    author = results.listener.author
    remedy = ": give --listener FILE, or a listener.toml beside the clips" if author == "nobody" else ""
    yield f"{count_text(results.n_clips, 'clip')} · a listener's wishes by {author}{remedy}"
    for spec in results.models[: len(results.models) - results.n_references]:
        yield ""
        yield f"{spec.name}: accuracy {interval(vars(results.accuracies[spec.name]))} unchanged"
        yield ""
        yield from aligned([*_HEADER, *(_row(change, spec.name) for change in results.changes)])
        yield from wrapped(noise_line(results, spec.name))
    yield ""
    if results.run.get("no_references"):
        yield f"no references: {results.run['no_references']}"
    yield "verdicts, model by model:"
    yield from aligned(list(_counts(results)))


def _row(change: Change, model: str) -> tuple[str, ...]:
    grid, found = change.expectation.grid, change.models[model]
    endurance = found.endurance
    distance, equivalent = change.sizes_at(endurance.stood[0].amount)
    return (
        change_name(grid),
        range_text(endurance.limit, grid),
        _decibels(change.sizes_at(endurance.limit)[1]),
        _share_with_interval(endurance.at_limit),
        _stood_with_interval(endurance, 0, grid),
        _decibels(distance, 1) if endurance.stood[0].amount else "–",
        _decibels(equivalent),
        stood_text(endurance, 1, grid),
        str(found.verdict),
    )


def _decibels(value: float, digits: int = 0) -> str:
    return f"{value:.{digits}f} dB" if value == value else "–"


def _share_with_interval(share: Estimate) -> str:
    if share.value != share.value:
        return "–"
    within = f" [{100 * share.low:.0f}, {100 * share.high:.0f}]" if share.low == share.low else ""
    return f"{share_text(share.value)}{within}"


def noise_line(results: ProfileResults, model: str) -> str:
    """Say at which white noise as many answers change as under other changes at their largest.

    Parameters
    ----------
    results : ProfileResults
    model : str

    Returns
    -------
    str
        A sentence; empty where white noise was not tried.
    """
    whites = [change for change in results.changes if change.expectation.grid.variant == "white"]
    if not whites:
        return ""
    noise, noise_grid = whites[0].models[model].endurance, whites[0].expectation.grid
    alike: dict[int, list[str]] = {}
    for change in results.changes:
        grid, endurance = change.expectation.grid, change.models[model].endurance
        at = np.flatnonzero(noise.standing.value <= endurance.at_limit.value)
        if grid.axis != "noise" and len(at) and at[0] > 0:
            name = _IN_SENTENCES.get(grid.axis) or change_name(grid)
            alike.setdefault(int(at[0]), []).append(f"{name} of {range_text(endurance.limit, grid)}")
    told: list[str] = []
    for step in sorted(alike):
        often = "as often as" if told else "this model's answers change as often as under white noise"
        above = "above" if step == 1 else "at"  # the weakest noise that was tried may cost more than the change does
        told.append(f"{' · '.join(alike[step])}: {often} {above} {size_text(float(noise.tried[step]), noise_grid)}")
    return f"{'; '.join(told)}." if told else ""


def verdict_counts(results: ProfileResults, model: str) -> Counter[str]:
    """Count a model's verdicts, clear or not.

    Parameters
    ----------
    results : ProfileResults
    model : str

    Returns
    -------
    Counter of str
    """
    return Counter(change.models[model].verdict.kind for change in results.changes)


def _counts(results: ProfileResults) -> Iterator[tuple[str, ...]]:
    kinds = ("invariant as wished", "too sensitive", "changes as wished", "too invariant", "not judged")
    yield ("", *kinds)
    for place, spec in enumerate(results.models):
        counts = verdict_counts(results, spec.name)
        reference = " (reference)" if place >= len(results.models) - results.n_references else ""
        yield (f"{shown_name(spec.name, _MODEL_WIDTH)}{reference}", *(str(counts[kind]) for kind in kinds))
