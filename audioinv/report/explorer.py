"""The clip explorer of the page: some clips, their answers at every shift, and the sound itself at those that matter.

Conventions
-----------
Scores are those of the table, to four decimals. Sound is what the first model of the run heard: 16-bit FLAC at that
model's rate, all of the page turned down by one common gain where any of it would exceed full scale; which sounds there
are is told by `audioinv.report.explorer_sounds`. Those that matter come first, the others as far as the budget goes. A
clip whose file is not where it was has answers only.

What is here: `Explorer`, `explore`, `empty_explorer`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..counts import count_text
from ..errors import InputError
from ..measure.cliptable import ClipTable
from ..measure.outcome import top1
from ..sound.fundamental import find_pitch
from ..sound.player import common_gain
from .explorer_sounds import SILENT, Sound, encode_sound, make_sounds
from .page_script import embedded_json, rounded
from .replay import open_clip
from .selection import swept_axes
from .wording import amount_title, axis_title, shown_name

if TYPE_CHECKING:
    from ..sweep.responses import ModelResponses
    from .results import Results

__all__ = ["Explorer", "empty_explorer", "explore"]

FloatArray = npt.NDArray[np.floating]

MAX_CLIPS = 24
_MAX_CLASSES = 8
_MAX_SOUGHT = 48
_FEWEST_PARTIALS = 3
_AROUND = 16


@dataclass(frozen=True)
class Explorer:
    """What the page's explorer shows.

    Parameters
    ----------
    clips : tuple of dict
        For the page's script; JSON.
    places : mapping of str to int
        Where a clip stands among them, by name.
    left_out : str
        What the budget had no room for, as a sentence; empty if all is there.
    """

    clips: tuple[dict[str, Any], ...]
    places: dict[str, int]
    left_out: str

    @property
    def first(self) -> int:
        """Which clip to begin with: the first with partials to follow, or the worst where none has any."""
        return next((place for place, clip in enumerate(self.clips) if _shows_partials(clip)), 0)


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A clip with its answers, and its sounds in the order of their worth."""

    name: str
    content: dict[str, Any]
    wanted: tuple[Sound, ...]
    further: tuple[Sound, ...]


def explore(results: Results, n_bytes: int) -> Explorer:
    """Choose clips and sounds for the explorer.

    Parameters
    ----------
    results : Results
    n_bytes : int
        Room on the page.

    Returns
    -------
    Explorer
        Worst clips of each model and axis first, then one clip of each label in turn.
    """
    names = _names(results)
    candidates = _candidates(results)
    gain = common_gain(sound.waveform for one in candidates for sound in (*one.wanted, *one.further))
    kept: list[_Candidate] = []
    room = n_bytes
    for candidate in candidates:
        sounds = [encode_sound(sound, gain, candidate.content["rate"]) for sound in candidate.wanted]
        cost = _size(candidate.content) + sum(map(_size, sounds))
        if cost > room:
            break
        room -= cost
        _store(candidate, candidate.wanted, sounds)
        kept.append(candidate)
    n_unheard = _fill(kept, gain, room)
    places = {candidate.name: place for place, candidate in enumerate(kept)}
    return Explorer(tuple(one.content for one in kept), places, _left_out(len(kept), len(names), n_unheard))


def _candidates(results: Results) -> list[_Candidate]:
    """Gather the clips of most worth, and one that has partials to follow among them, where some clip has."""
    ranked = _by_worth(results)
    chosen = [_candidate(results, name) for name in itertools.islice(ranked, MAX_CLIPS)]
    if any(_shows_partials(one.content) for one in chosen) or not any(one.wanted for one in chosen):
        return chosen
    further = (_candidate(results, name) for name in itertools.islice(ranked, _MAX_SOUGHT))
    pitched = next((one for one in further if _shows_partials(one.content)), None)
    return chosen if pitched is None else [pitched, *chosen[:-1]]


def _fill(kept: Sequence[_Candidate], gain: float, room: int) -> int:
    """Store further sounds, clip after clip, as far as there is room; return how many there was none for."""
    n_unheard = 0
    for candidate in kept:
        for sound in candidate.further:
            encoded = encode_sound(sound, gain, candidate.content["rate"])
            fits = _size(encoded) <= room
            if fits:
                room -= _size(encoded)
                _store(candidate, [sound], [encoded])
            n_unheard += not fits
    return n_unheard


def empty_explorer(results: Results) -> Explorer:
    """Return an explorer without clips that takes as much room around them as any.

    Parameters
    ----------
    results : Results

    Returns
    -------
    Explorer
    """
    names = _names(results)
    n_shifts = max(len(axis.shifts) for model in results.responses.values() for axis in model.axes.values())
    return Explorer((), dict.fromkeys(names, len(names)), _left_out(0, len(names), MAX_CLIPS * n_shifts))


def _left_out(n_kept: int, n_clips: int, n_unheard: int) -> str:
    told = []
    if n_kept < n_clips:
        told.append(f"{n_kept} of {n_clips} clips are here, those that change their answer most first")
    if n_unheard:
        were = "was" if n_unheard == 1 else "were"
        told.append(f"{count_text(n_unheard, 'sound')} at shifts in between {were} left out")
    if not told:
        return ""
    return f"{'; '.join(told)}: the page keeps to its size (--max-mb)."


def _names(results: Results) -> tuple[str, ...]:
    first = next(iter(results.responses.values()))
    return ClipTable.of_responses(first).names


def _by_worth(results: Results) -> Iterator[str]:
    """Yield names of clips, each once: the worst of each model and axis in turn, then those of each label in turn."""
    names = _names(results)
    worst = [
        [clip["name"] for clip in axis["worst_clips"]]
        for model in results.document["models"].values()
        for axis in model["axes"].values()
    ]
    labels = [clip.label for clip in next(iter(results.responses.values())).clips]
    others = [
        [name for name, its in zip(names, labels, strict=True) if its == label] for label in dict.fromkeys(labels)
    ]
    seen = set()
    for name in itertools.chain(_in_turn(worst), _in_turn(others)):
        if name not in seen and name in names:
            seen.add(name)
            yield name


def _in_turn(lists: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in itertools.zip_longest(*lists):
        yield from (name for name in row if name is not None)


def _candidate(results: Results, name: str) -> _Candidate:
    """Gather the answers to a clip, and its sounds where its file still stands."""
    content: dict[str, Any] = {
        "name": name,
        "label": None,
        "hearer": _hearer(results),
        "rate": 0,
        "samples": 0,
        "axes": {},
    }
    for axis in swept_axes(results.responses.values()):
        content["axes"][axis] = _axis_content(results, name, axis)
    first = next(iter(results.responses))
    place = _names(results).index(name)
    content["label"] = results.responses[first].clips[place].label
    try:
        window = open_clip(results, name, model=first)
    except InputError as error:
        content["silent"] = str(error)
        return _Candidate(name, content, (), ())
    content["rate"], content["samples"] = window.clip.sample_rate, len(window.clip.waveform)
    pitch = find_pitch(window.clip.waveform, window.clip.sample_rate)
    content["pitchless"] = pitch.reason
    wanted, further = [], []
    for grid in window.plan.grids:
        if grid.axis in content["axes"] and grid.axis not in SILENT:
            now, later = make_sounds(window, grid, content["axes"][grid.axis], pitch)
            wanted += now
            further += later
    return _Candidate(name, content, tuple(wanted), tuple(further))


def _hearer(results: Results) -> str:
    """Name the model whose window is shown: the first, where not all hear the same."""
    specs = [responses.spec for responses in results.responses.values()]
    windows = {(spec.sample_rate, spec.n_samples, spec.lead_samples) for spec in specs}
    return shown_name(specs[0].name) if len(windows) > 1 else "the model"


def _axis_content(results: Results, name: str, axis: str) -> dict[str, Any]:
    """Return shifts and scores of a clip along an axis, by model."""
    swept = [(index, one) for index, one in enumerate(results.responses.values()) if axis in one.axes]
    first = swept[0][1].axes[axis]
    same = [(i, one) for i, one in swept if np.array_equal(one.axes[axis].shifts, first.shifts)]
    answers = [found for i, one in same if (found := _answers(i, one, name, axis)) is not None]
    return {
        "title": axis_title(axis),
        "amount": amount_title(axis),
        "unit": first.unit,
        "shifts": [float(shift) for shift in first.shifts],
        "zero": first.zero,
        "answers": answers,
        "sounds": {},
    }


def _answers(index: int, model: ModelResponses, name: str, axis: str) -> dict[str, Any] | None:
    """Return the scores of the classes that matter most to a clip."""
    names = ClipTable.of_responses(model).names
    if name not in names:
        return None
    swept = model.axes[axis]
    scores = swept.scores[names.index(name)]
    order = np.argsort(-np.nan_to_num(scores.max(axis=0)), kind="stable")[:_MAX_CLASSES]
    answers = top1(scores[None], swept.zero)[0]
    shown = sorted({*order.tolist(), *(answer for answer in answers.tolist() if answer >= 0)})
    return {
        "model": index,
        "name": shown_name(model.spec.name),
        "classes": [model.spec.labels[place] for place in shown],
        "left": len(model.spec.labels) - len(shown),
        "top": [shown.index(answer) if answer >= 0 else None for answer in answers.tolist()],
        "scores": [[rounded(value) for value in row] for row in scores[:, shown].tolist()],
    }


def _shows_partials(content: dict[str, Any]) -> bool:
    """Tell whether several partials of a clip can be followed: with one there is no ratio to keep or bend."""
    followed = (axis["partials"][str(axis["zero"])] for axis in content["axes"].values() if "partials" in axis)
    return any(sum(place is not None for place in hertz) >= _FEWEST_PARTIALS for hertz in followed)


def _store(candidate: _Candidate, sounds: Sequence[Sound], encoded: Sequence[str]) -> None:
    for sound, text in zip(sounds, encoded, strict=True):
        key = "tape" if sound.place is None else str(sound.place)
        candidate.content["axes"][sound.axis]["sounds"][key] = text


def _size(content: Any) -> int:
    """Return the bytes that content takes on the page, with a key and punctuation around it."""
    return len(embedded_json(content)) + _AROUND
