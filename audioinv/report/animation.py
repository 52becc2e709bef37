"""A sweep as a moving picture: the sound is shifted, the scores follow, and the curve is drawn.

Conventions
-----------
A frame is a shift of the run, in their order; of many, so many that are evenly spaced, with both ends and 0. On the
left stands the spectrogram of the shifted clip, for looking at; on the right the scores of the classes that come
highest for this clip, as they stand in the results, the clean answer in blue; below the score of the clean answer over
all shifts up to this one, with a ring wherever the answer is another. An animation shows one clip and one model.

What is here: `Animation`, `sweep_animation`, `write_animation`, and the suffixes it writes, `MOVING`.
"""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.animation import FFMpegWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from ..errors import InputError
from ..measure.outcome import top1
from ..sweep.plan import operator_of
from .answer_map import score_range
from .curves import scale_shifts
from .figure_style import INK, PAGE_INCHES, PAPER, QUIET, head_figure, model_style, new_figure, styled, styling
from .replay import ClipWindow, open_clip, worst_clip
from .selection import choose_axis, choose_model
from .spectrogram_figures import display_config, display_levels, highest_shown, plot_spectrogram
from .text import amount
from .wording import amount_title, shift_label, shown_name

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses
    from .results import Results

__all__ = ["MOVING", "Animation", "sweep_animation", "write_animation"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

MOVING = (".gif", ".mp4")
_MOST_FRAMES = 41
_FRAMES_PER_SECOND = 6
_DPI = 100
_N_COLOURS = 96  # of a GIF: enough for the spectrogram, and half the bytes of 256
_NEARLY_WHITE = 247  # which paper must not become
_N_CLASSES = 5
_MARGIN = 0.04


@dataclass(frozen=True, eq=False)
class Animation:
    """A figure with a state for each frame.

    Parameters
    ----------
    figure : Figure
    n_frames : int
    show : callable
        Brings the figure into the state of a frame, counted from 0.
    words : str
        What is shown, for those who do not see it.
    """

    figure: Figure
    n_frames: int
    show: Callable[[int], None]
    words: str

    def _repr_html_(self) -> str:
        with io.BytesIO() as stream:
            _write_gif(self, stream)
            data = base64.b64encode(stream.getvalue()).decode("ascii")
        return f'<img alt="{escape(self.words)}" src="data:image/gif;base64,{data}">'


@dataclass(frozen=True, eq=False)
class _Sweep:
    """One clip along one axis: the sound, the scores of shape (n_shifts, n_classes), and which shifts are frames."""

    window: ClipWindow
    swept: AxisResponses
    scores: FloatArray
    answers: IntArray
    frames: list[int]

    @property
    def clean(self) -> int:
        return int(self.answers[self.swept.zero])

    def label(self, place: int) -> str:
        return "no answer" if place < 0 else shown_name(self.window.spec.labels[place], 16)


@styled
def sweep_animation(
    results: Results, *, clip: str | None = None, model: str | None = None, axis: str | None = None
) -> Animation:
    """Animate what a model answers to a clip while it is shifted.

    Parameters
    ----------
    results : Results
    clip : str, optional
        A name among the results. If not given, the clip that keeps its answer least often along the axis.
    model : str, optional
        May be left out where there is a single one.
    axis : str, optional
        The first that was swept if not given.

    Returns
    -------
    Animation

    Raises
    ------
    InputError
        If a name is unknown, the axis moves no sound, or the clip's file is not where it was.
    """
    sweep = _read_sweep(results, clip, choose_model(results, model), axis)
    figure = new_figure(PAGE_INCHES, 3.4)
    sound, scores, curve = figure.subplot_mosaic("ab;ac", width_ratios=(1.2, 1)).values()
    steps = [_draw_sound(sound, sweep), _draw_scores(scores, sweep), _draw_curve(curve, sweep)]

    def show(frame: int) -> None:
        for step in steps:
            step(sweep.frames[frame])

    show(0)
    words = f"{shown_name(sweep.window.name)}: what {shown_name(sweep.window.spec.name)} answers as it is changed"
    head_figure(figure, words)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # or the panels would breathe with their titles
    return Animation(figure, len(sweep.frames), show, words)


def _read_sweep(results: Results, clip: str | None, name: str, axis: str | None) -> _Sweep:
    axis = choose_axis(results.responses[name], axis)
    if axis == "bins":
        raise InputError("axis 'bins' moves a model's spectrogram and no sound; animate another axis")
    window = open_clip(results, clip if clip is not None else worst_clip(results, name, axis), model=name)
    swept = results.responses[name].axes[axis]
    scores = swept.scores[window.place]
    answers = top1(scores[None], swept.zero)[0]
    if answers[swept.zero] < 0:
        raise InputError(f"{window.name}: {name} answers with what is not a number, which cannot be followed")
    n_shifts = len(swept.shifts)
    spaced = np.linspace(0, n_shifts - 1, min(n_shifts, _MOST_FRAMES)).round().astype(int).tolist()
    return _Sweep(window, swept, scores, answers, sorted({*spaced, swept.zero}))


def _draw_sound(ax: Axes, sweep: _Sweep) -> Callable[[int], None]:
    """Draw the spectrogram, and return what moves it to a shift."""
    window, axis = sweep.window, sweep.swept.axis
    grid = next(grid for grid in window.plan.grids if grid.axis == axis)
    natural = grid.natural(window.clip.sample_rate, window.hop_length)[sweep.frames]
    waveforms = operator_of(axis, window.plan, window.spec).shift(window.clip, natural).numpy()
    config = display_config("linear" if axis == "freq" else "log", window.clip.sample_rate)
    still = display_levels(window.clip.waveform, config)
    loudest = float(still.decibels.max())
    moving = {at: display_levels(sound, config) for at, sound in zip(sweep.frames, waveforms, strict=True)}
    plot_spectrogram(window.clip.waveform, config, loudest_db=loudest, ax=ax)
    if axis == "freq":
        ax.set_ylim(0, highest_shown(list(moving.values()), float(np.abs(natural).max()) / 4))
    mesh = ax.collections[0]

    def show(at: int) -> None:
        mesh.set_array(moving[at].decibels - loudest)
        shift = amount(float(sweep.swept.shifts[at]), sweep.swept.unit)
        ax.set_title(f"{amount_title(axis)} {shift}", loc="left")

    return show


def _draw_scores(ax: Axes, sweep: _Sweep) -> Callable[[int], None]:
    """Draw the scores of the highest classes as bars, and return what brings them to a shift."""
    highest = np.nan_to_num(sweep.scores.max(axis=0), nan=-np.inf)
    shown = sorted({sweep.clean, *np.argsort(-highest, kind="stable")[:_N_CLASSES].tolist()})
    low, high = score_range(sweep.scores)
    colours = [model_style(0 if place == sweep.clean else 1).colour for place in shown]
    bars = ax.barh(range(len(shown)), np.zeros(len(shown)), height=0.7, color=colours)
    ax.set(xlim=(low, high), ylim=(len(shown) - 0.5, -0.5), xlabel="score (blue: the answer at 0)")
    ax.set_yticks(range(len(shown)), labels=[sweep.label(place) for place in shown])
    ax.tick_params(axis="y", length=0)

    def show(at: int) -> None:
        for bar, place in zip(bars, shown, strict=True):
            bar.set_width(sweep.scores[at, place])
        ax.set_title(f"answers {sweep.label(sweep.answers[at])}", loc="left")

    return show


def _draw_curve(ax: Axes, sweep: _Sweep) -> Callable[[int], None]:
    """Draw the frame of the curve, and return what draws the curve up to a shift."""
    shifts, heights = sweep.swept.shifts, sweep.scores[:, sweep.clean]
    low, high = score_range(sweep.scores)
    room = _MARGIN * (high - low)
    ax.axvline(0, color=QUIET, linewidth=0.8)
    (line,) = ax.plot([], [], color=model_style(0).colour, linewidth=1.6)
    ring: dict[str, Any] = {"markerfacecolor": PAPER, "markeredgecolor": INK, "markersize": 4}
    (others,) = ax.plot([], [], "o", **ring, zorder=5, clip_on=False)
    (now,) = ax.plot([], [], "o", color=model_style(0).colour, markersize=6, zorder=4, clip_on=False)
    for unclipped in (others, now):
        unclipped.set_in_layout(False)  # nothing stands there yet, which would count as far away
    ax.set_xlim(shifts[0], shifts[-1])
    scale_shifts(ax, shifts)
    ax.set(xlabel=shift_label(sweep.swept.axis, sweep.swept.unit), ylim=(low - room, high + room))
    ax.set_ylabel(f"score of {sweep.label(sweep.clean)}")
    changed = sweep.answers != sweep.clean
    ax.set_title("○ another answer" if changed.any() else "always the same answer")

    def show(at: int) -> None:
        line.set_data(shifts[: at + 1], heights[: at + 1])
        passed = changed & (np.arange(len(shifts)) <= at)
        others.set_data(shifts[passed], heights[passed])
        now.set_data([shifts[at]], [heights[at]])

    return show


def write_animation(animation: Animation, path: Path) -> None:
    """Write an animation as GIF or MP4.

    Parameters
    ----------
    animation : Animation
    path : Path
        Its suffix says the format.

    Raises
    ------
    InputError
        If there is no ffmpeg to write an MP4, or it fails.
    """
    if path.suffix.lower() == ".mp4":
        _write_mp4(animation, path)
    else:
        with path.open("wb") as stream:
            _write_gif(animation, stream)


def _write_gif(animation: Animation, stream: IO[bytes]) -> None:
    """Write with one palette for all frames, so that what stands still costs nothing."""
    canvas = FigureCanvasAgg(animation.figure)
    animation.figure.set_dpi(_DPI)
    images = [_picture(animation, canvas, frame) for frame in range(animation.n_frames)]
    sample = np.vstack([np.asarray(images[place]) for place in (0, len(images) // 2, -1)])
    palette = Image.fromarray(sample).quantize(_N_COLOURS)
    palette.putpalette([255 if value > _NEARLY_WHITE else value for value in palette.getpalette() or ()])
    first, *others = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images)
    duration = round(1000 / _FRAMES_PER_SECOND)
    first.save(stream, format="GIF", save_all=True, append_images=others, duration=duration, loop=0)


def _picture(animation: Animation, canvas: Any, frame: int) -> Image.Image:
    with styling():
        animation.show(frame)
        canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def _write_mp4(animation: Animation, target: Path) -> None:
    if shutil.which("ffmpeg") is None:
        raise InputError(
            f"{target}: writing MP4 needs the program ffmpeg, which is not there; install it, or name a .gif"
        )
    writer = FFMpegWriter(fps=_FRAMES_PER_SECOND)
    try:
        with styling(), writer.saving(animation.figure, target, _DPI):
            for frame in range(animation.n_frames):
                animation.show(frame)
                writer.grab_frame()
    except subprocess.CalledProcessError as error:
        raise InputError(f"{target} cannot be written: ffmpeg gave up ({error})") from error
