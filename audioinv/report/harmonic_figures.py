"""Ladders of partials: what a frequency shift and a pitch shift do to the proportions of a harmonic sound.

Conventions
-----------
A rung is a measured partial at its frequency in hertz, written with its ratio to the lowest one; a line leads from each
partial before the shift to the same one after it. A partial that went missing, because it left the band or drowned in
what is around it, has no rung. A harmonicity error of 0 is a perfect harmonic series. A sound without a stable pitch
has no ladder, and the figure says why.

What is here: `plot_ladder` on one axes, `harmonics_figure`.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..measure.cliptable import ClipTable
from ..sound.clip import Clip
from .figure_style import (
    PAGE_INCHES,
    QUIET,
    head_figure,
    model_style,
    new_axes,
    new_figure,
    styled,
)
from .replay import ShiftedClip, open_clip, shift_clip
from .selection import choose_model
from .shift_amount import read_amount
from .wording import amount_title, shown_name

if TYPE_CHECKING:
    from ..sound.harmonics import Partials
    from .results import Results

__all__ = ["harmonics_figure", "plot_ladder"]

_OFFSET, _INTERVAL = "50Hz", "2st"
_RUNGS = ((0.0, 1.0), (1.9, 2.9))
_INCHES = {1: 4.3, 2: PAGE_INCHES}
_LINE_CHARACTERS = 44
_LABEL_SHARE = 0.045
"""Of the height of a panel, that the label of a rung takes."""


@styled
def plot_ladder(shifted: ShiftedClip, *, ax: Axes | None = None) -> Axes:
    """Draw the partials of a clip before and after a shift.

    Parameters
    ----------
    shifted : ShiftedClip
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = new_axes(ax, _INCHES[1], 3.6)
    if shifted.partials is None:
        reason = textwrap.fill(shifted.pitch.reason, _LINE_CHARACTERS)
        ax.text(0.5, 0.5, reason, transform=ax.transAxes, ha="center", va="center")
        ax.set_axis_off()
        return ax
    ax.set_title(f"{amount_title(shifted.shift.axis)} {shifted.shift}")
    sides = (shifted.partials.before, shifted.partials.after)
    top = 1.06 * float(np.nanmax([side.frequencies_hz for side in sides]))
    ax.set(xlim=(-2.3, 5.1), ylim=(0, top), ylabel="frequency (Hz)")
    for index, (rung, side) in enumerate(zip(_RUNGS, sides, strict=True)):
        ax.hlines(side.frequencies_hz, *rung, colors=model_style(index).colour, linewidth=2)
        _label_rungs(ax, side, rung[index], outwards=2 * index - 1)
    ends = (_RUNGS[0][1], _RUNGS[1][0])
    ax.plot(ends, [side.frequencies_hz for side in sides], color=QUIET, linewidth=0.7, linestyle=(0, (2, 2)))
    feet = [f"{when}\n{_error_text(side)}" for when, side in zip(("before", "after"), sides, strict=True)]
    ax.set_xticks([sum(rung) / 2 for rung in _RUNGS], labels=feet)
    ax.tick_params(axis="x", length=0)
    ax.spines["bottom"].set_visible(False)
    return ax


def _label_rungs(ax: Axes, side: Partials, place: float, *, outwards: int) -> None:
    """Write frequency and ratio beside each rung, from the lowest up, as far as they do not touch."""
    taken = -np.inf
    for hertz, ratio in zip(side.frequencies_hz, side.ratios, strict=True):
        if hertz - taken > _LABEL_SHARE * ax.get_ylim()[1]:
            align = "right" if outwards < 0 else "left"
            ax.text(place + 0.12 * outwards, hertz, f"{hertz:.0f} Hz · {ratio:.2f}", ha=align, va="center_baseline")
            taken = hertz


def _error_text(side: Partials) -> str:
    error = float(side.harmonicity_error)
    if np.isnan(error):
        return "a single partial"
    return f"harmonicity\nerror {error:.3f}"


@styled
def harmonics_figure(
    results: Results,
    *,
    clip: str | Clip | None = None,
    model: str | None = None,
    freq: str | None = None,
    pitch: str | None = None,
) -> Figure:
    """Draw the partials of a clip under a frequency shift and under a pitch shift.

    Parameters
    ----------
    results : Results
    clip : str or Clip, optional
        A name among the results, or the sound itself where it came from no file. If not given, the first with a stable
        pitch, or else the first.
    model : str, optional
        Whose window it is; may be left out where there is a single one.
    freq, pitch : str, optional
        Such as ``50Hz`` and ``2st``, which they are if neither is given; one alone is drawn alone.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If a name or a shift is unknown, or the clip's file is not where it was.
    """
    name = choose_model(results, model)
    window = open_clip(results, clip if clip is not None else _pitched_clip(results, name), model=name)
    texts = {"freq": freq, "pitch": pitch} if freq or pitch else {"freq": _OFFSET, "pitch": _INTERVAL}
    ladders = [shift_clip(window, read_amount(axis, text)) for axis, text in texts.items() if text]
    if ladders[0].partials is None:
        ladders = ladders[:1]  # what there is to say of one shift goes for the other
    figure = new_figure(_INCHES[len(ladders)], 4.2 if ladders[0].partials else 1.3)
    panels = figure.subplots(1, len(ladders), squeeze=False, sharey=True)[0]
    for panel, ladder in zip(panels, ladders, strict=True):
        plot_ladder(ladder, ax=panel)
        panel.label_outer()
    head_figure(figure, f"{shown_name(window.name)}: {_heading(ladders[0])}")
    figure.draw_without_rendering()
    return figure


def _heading(ladder: ShiftedClip) -> str:
    if ladder.partials is None:
        return "no partials to follow"
    return f"partials of {ladder.pitch.fundamental_hz:.1f} Hz, with their ratios to the lowest"


def _pitched_clip(results: Results, model: str) -> str | None:
    """Return the first clip that had a stable pitch in the run; None if no axis tells."""
    responses = results.responses[model]
    names = ClipTable.of_responses(responses).names
    for axis in responses.axes.values():
        pitched = np.flatnonzero(~np.isnan(axis.harmonicity_error[:, axis.zero]))
        if len(pitched):
            return names[int(pitched[0])]
    return None
