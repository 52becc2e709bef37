"""Sounds of the clips that change their answer most, as files beside a page without script.

Conventions
-----------
Files are 16-bit FLAC at the rate of the first model of the run, all with one gain, and are named by number. Each clip
stands unshifted, and at the smallest shift that changes its answer. Clips whose file is not where it was are left out.

What is here: `SoundFile`, `write_sounds`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soundfile

from ..errors import InputError
from ..measure.cliptable import ClipTable
from ..measure.outcome import top1
from ..sound.player import common_gain
from ..sweep.plan import operator_of
from .replay import open_clip
from .text import amount

if TYPE_CHECKING:
    from .results import Results

__all__ = ["SoundFile", "write_sounds"]

_PER_AXIS = 3
_SILENT = ("bins",)


@dataclass(frozen=True)
class SoundFile:
    """A sound beside the page: what it is, and where."""

    title: str
    file: str


@dataclass(frozen=True, eq=False)
class _Pair:
    """A clip before and after a shift, as a model heard it."""

    name: str
    axis: str
    title: str
    waveforms: tuple[npt.NDArray[np.floating], ...]
    sample_rate: int


def write_sounds(results: Results, folder: Path) -> dict[tuple[str, str], tuple[SoundFile, ...]]:
    """Write the sounds of the worst clips along each axis.

    Parameters
    ----------
    results : Results
    folder : Path
        Gets ``sounds/``.

    Returns
    -------
    dict of (clip, axis) to tuple of SoundFile
        Unshifted and shifted.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    pairs = list(_pairs(results))
    gain = common_gain(waveform for pair in pairs for waveform in pair.waveforms)
    found = {}
    try:
        (folder / "sounds").mkdir(parents=True, exist_ok=True)
        for number, pair in enumerate(pairs):
            files = [f"sounds/{number}-{part}.flac" for part in ("unshifted", "shifted")]
            for file, waveform in zip(files, pair.waveforms, strict=True):
                soundfile.write(folder / file, gain * waveform, pair.sample_rate, subtype="PCM_16")
            titles = ("unshifted", pair.title)
            found[pair.name, pair.axis] = tuple(SoundFile(*told) for told in zip(titles, files, strict=True))
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror or error})") from error
    return found


def _pairs(results: Results) -> Iterator[_Pair]:
    """Yield the worst clips of each axis, each once."""
    seen = set()
    for model, summary in results.document["models"].items():
        for axis, found in summary["axes"].items():
            for clip in found["worst_clips"][:_PER_AXIS]:
                if axis not in _SILENT and (clip["name"], axis) not in seen:
                    seen.add((clip["name"], axis))
                    try:
                        yield _pair(results, model, axis, clip["name"])
                    except InputError:
                        return  # the sounds are not where the analysis ran; the page says answers only


def _pair(results: Results, model: str, axis: str, name: str) -> _Pair:
    window = open_clip(results, name, model=model)
    responses = results.responses[model]
    swept = responses.axes[axis]
    place = ClipTable.of_responses(responses).names.index(name)
    answers = top1(swept.scores[place][None], swept.zero)[0]
    flipped = np.flatnonzero(answers != answers[swept.zero])
    nearest = flipped[np.argmin(np.abs(swept.shifts[flipped]))]
    grid = next(grid for grid in window.plan.grids if grid.axis == axis)
    natural = grid.natural(window.clip.sample_rate, window.hop_length)[nearest]
    shifted = operator_of(axis, window.plan, window.spec).shift(window.clip, np.array([natural]))[0].numpy()
    title = amount(float(swept.shifts[nearest]), swept.unit)
    return _Pair(name, axis, title, (window.clip.waveform, shifted), window.clip.sample_rate)
