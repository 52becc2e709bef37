"""Spectrogram of a clip beside that of the shifted clip, with its partials before and after.

Conventions
-----------
Time is in seconds from the opening of the model's window, frequency in hertz on the axis chosen; bins are equally tall.
Levels are in decibels below the loudest value of the original, and both panels share their colours. Triangles point at
the partials that were measured, on the left of each panel. The spectrogram is one for looking at, with frames of about
64 ms; it is not the model's own.

What is here: `display_config`; `Levels`, `display_levels`, `highest_shown`; `plot_spectrogram` on one axes,
`spectrogram_figure`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from ..errors import InputError
from ..sound.clip import Clip
from ..sound.spectrogram import Spectrogram
from ..sound.spectrogram_config import AxisKind, SpectrogramConfig
from .figure_style import (
    INK,
    PAGE_INCHES,
    PAPER,
    cell_edges,
    head_figure,
    new_axes,
    new_figure,
    styled,
)
from .replay import ShiftedClip, answers_text, open_clip, shift_clip, worst_clip
from .selection import choose_model
from .shift_amount import choose_shift
from .wording import amount_title, shown_name

if TYPE_CHECKING:
    from .results import Results

__all__ = ["Levels", "display_config", "display_levels", "highest_shown", "plot_spectrogram", "spectrogram_figure"]

FloatArray = npt.NDArray[np.floating]

_FRAME_SECONDS = 0.064
_N_MELS, _BINS_PER_OCTAVE, _LOWEST_HZ = 96, 24, 40.0
_RANGE_DB = 80.0
_SHOWN_SHARE = 0.99
"""Of the power, below the top of a linear axis: a shift of 50 Hz is lost on an axis up to Nyquist."""
_LABEL_SHARE = 0.07
"""Of the height of a panel, that a label of the frequency axis takes."""
_ROUND_HZ = (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)


def display_config(kind: str, sample_rate: int) -> SpectrogramConfig:
    """Return a spectrogram that shows partials well at any sample rate.

    Parameters
    ----------
    kind : {"linear", "mel", "log"}
    sample_rate : int
        In hertz.

    Returns
    -------
    SpectrogramConfig

    Raises
    ------
    InputError
        If the kind is unknown.

    Examples
    --------
    >>> display_config("log", 16000).n_fft
    1024
    """
    if kind not in get_args(AxisKind):
        raise InputError(f"scale={kind!r} is not one of {', '.join(get_args(AxisKind))}")
    n_fft = 2 ** round(np.log2(_FRAME_SECONDS * sample_rate))
    octaves = np.log2(0.49 * sample_rate / _LOWEST_HZ)
    special: dict[str, dict[str, Any]] = {
        "linear": {"n_bins": n_fft // 2 + 1},
        "mel": {"n_bins": _N_MELS, "fmin": _LOWEST_HZ},
        "log": {"n_bins": int(_BINS_PER_OCTAVE * octaves), "fmin": _LOWEST_HZ, "bins_per_octave": _BINS_PER_OCTAVE},
    }
    return SpectrogramConfig(
        kind=cast(AxisKind, kind), sample_rate=sample_rate, n_fft=n_fft, hop_length=n_fft // 8, **special[kind]
    )


@dataclass(frozen=True, eq=False)
class Levels:
    """A spectrogram with its axes.

    Parameters
    ----------
    decibels : ndarray of shape (n_bins, n_frames)
    seconds : ndarray of shape (n_frames,)
    bin_hz : ndarray of shape (n_bins,)
    """

    decibels: FloatArray
    seconds: FloatArray
    bin_hz: FloatArray


@functools.lru_cache(maxsize=3)
def _spectrogram(config: SpectrogramConfig) -> Spectrogram:
    return Spectrogram(config)


def display_levels(waveform: FloatArray, config: SpectrogramConfig) -> Levels:
    """Return the spectrogram that `plot_spectrogram` draws.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
    config : SpectrogramConfig

    Returns
    -------
    Levels
    """
    spectrogram = _spectrogram(config)
    decibels = spectrogram(torch.from_numpy(waveform)).numpy()
    return Levels(decibels, spectrogram.frame_seconds(len(waveform)), spectrogram.bin_hz)


@styled
def plot_spectrogram(
    waveform: FloatArray,
    config: SpectrogramConfig,
    *,
    loudest_db: float | None = None,
    partials_hz: Sequence[float] | FloatArray = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the spectrogram of a sound over seconds and hertz.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
    config : SpectrogramConfig
        Brings the sample rate along.
    loudest_db : float, optional
        The level that becomes 0 dB; the loudest of this sound if not given.
    partials_hz : sequence of float, default ()
        To be marked; nan for what is not there.
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = new_axes(ax)
    levels = display_levels(waveform, config)
    reference = float(levels.decibels.max()) if loudest_db is None else loudest_db
    edges_hz = _scale_frequency(ax, levels.bin_hz, config.kind)
    mesh = ax.pcolormesh(
        cell_edges(levels.seconds), edges_hz, levels.decibels - reference, cmap="magma", vmin=-_RANGE_DB, vmax=0
    )
    mesh.set_rasterized(True)
    ax.set(xlabel="time (s)", ylabel="frequency (Hz)", xlim=(0, len(waveform) / config.sample_rate))
    ax.set_ylim(edges_hz[0], edges_hz[-1])
    inside = [hertz for hertz in partials_hz if edges_hz[0] < hertz < edges_hz[-1]]
    ax.plot(
        [0.012] * len(inside),
        inside,
        transform=ax.get_yaxis_transform(),
        linestyle="none",
        marker=">",
        markersize=5,
        markerfacecolor=PAPER,
        markeredgecolor=INK,
        markeredgewidth=0.6,
        label="partials",
    )
    return ax


def _scale_frequency(ax: Axes, bin_hz: FloatArray, kind: str) -> FloatArray:
    """Make all bins equally tall, label round frequencies, and return the borders of the bins."""
    edges = np.maximum(cell_edges(bin_hz), 0) if kind != "log" else 2 ** cell_edges(np.log2(bin_hz))
    places = np.arange(len(edges), dtype=np.float64)
    if kind == "linear":
        ax.yaxis.set_major_locator(MaxNLocator(6))
        return edges
    ax.set_yscale(
        "function", functions=(lambda hz: np.interp(hz, edges, places), lambda place: np.interp(place, places, edges))
    )
    ax.yaxis.set_major_locator(FixedLocator(_round_hertz(edges, places)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda hertz, _: f"{hertz:g}"))
    return edges


def _round_hertz(edges: FloatArray, places: FloatArray) -> list[int]:
    """Choose round frequencies from the top down, as long as their labels would not touch."""
    chosen: list[int] = []
    for hertz in reversed(_ROUND_HZ):
        apart = _LABEL_SHARE * places[-1]
        near = any(abs(np.subtract(*np.interp([hertz, taken], edges, places))) < apart for taken in chosen)
        if edges[0] <= hertz <= edges[-1] and not near:
            chosen.append(hertz)
    return chosen


def highest_shown(sounds: Sequence[Levels], moved_hz: float) -> float:
    """Return how far up a linear axis has to reach: over nearly all of the power, and not beyond.

    Parameters
    ----------
    sounds : sequence of Levels
        To be seen whole.
    moved_hz : float
        By which they differ, to be seen as well.

    Returns
    -------
    float
        In hertz.
    """
    power = np.sum([(10 ** (levels.decibels / 10)).sum(axis=1) for levels in sounds], axis=0)
    share = np.cumsum(power) / power.sum()
    heard_hz = sounds[0].bin_hz[int(np.searchsorted(share, _SHOWN_SHARE))]
    return float(min(max(1.3 * heard_hz, 10 * abs(moved_hz)), sounds[0].bin_hz[-1]))


@styled
def spectrogram_figure(
    results: Results,
    *,
    clip: str | Clip | None = None,
    model: str | None = None,
    axis: str | None = None,
    scale: str | None = None,
    **shift: str | None,
) -> Figure:
    """Draw a clip of a run beside the shifted clip.

    Parameters
    ----------
    results : Results
    clip : str or Clip, optional
        A name among the results, or the sound itself where it came from no file. If not given, the clip that keeps its
        answer least often along the axis.
    model : str, optional
        Whose window it is; may be left out where there is a single one.
    axis : {"time", "freq", "pitch"}, optional
        Frequency if that was swept and nothing else is said.
    scale : {"linear", "mel", "log"}, optional
        Of the frequency axis: linear for a frequency shift and logarithmic for others if not given, so that what moves
        together moves in parallel.
    **shift : str
        One of ``time="50ms"``, ``freq="50Hz"``, ``pitch="2st"``; if not given, the run's worst shift along the axis.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If a name, the scale or the shift is unknown, or the clip's file is not where it was.
    """
    name = choose_model(results, model)
    amount = choose_shift(results, name, axis=axis, given=shift)
    window = open_clip(results, clip if clip is not None else worst_clip(results, name, amount.axis), model=name)
    config = display_config(scale or ("linear" if amount.axis == "freq" else "log"), window.clip.sample_rate)
    shifted = shift_clip(window, amount)
    figure = new_figure(PAGE_INCHES, 2.9)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    _draw_pair(panels, shifted, config)
    missing = f"No partials are marked ({shifted.pitch.reason})."
    note = "Triangles mark the measured partials." if shifted.partials else missing
    _head(figure, f"{shown_name(window.name)}, {answers_text(results, name, window, amount)}", note)
    figure.draw_without_rendering()
    return figure


def _head(figure: Figure, told: str, note: str) -> None:
    """Write a heading that breaks before the answers if it has to."""
    head_figure(figure, f"{told}\n{note}")
    if told not in figure.get_suptitle():
        clip, _, answers = told.rpartition(": ")
        head_figure(figure, f"{clip}\n{answers}\n{note}")


def _draw_pair(panels: Sequence[Axes], shifted: ShiftedClip, config: SpectrogramConfig) -> None:
    sounds = (shifted.window.clip.waveform, shifted.waveform)
    analysed = [display_levels(waveform, config) for waveform in sounds]
    loudest = float(analysed[0].decibels.max())
    found = shifted.partials
    nothing = np.zeros(0)
    sides = [found.before.frequencies_hz, found.after.frequencies_hz] if found else [nothing, nothing]
    titles = ["unshifted", f"{amount_title(shifted.shift.axis)} {shifted.shift}"]
    for panel, waveform, partials, title in zip(panels, sounds, sides, titles, strict=True):
        plot_spectrogram(waveform, config, loudest_db=loudest, partials_hz=partials, ax=panel)
        panel.set_title(title)
        panel.label_outer()
    if config.kind == "linear":
        moved_hz = shifted.shift.natural(config.sample_rate) if shifted.shift.axis == "freq" else 0.0
        panels[0].set_ylim(0, highest_shown(analysed, moved_hz))
    panels[0].figure.colorbar(panels[1].collections[0], ax=list(panels), label="level (dB below the loudest)", pad=0.01)
