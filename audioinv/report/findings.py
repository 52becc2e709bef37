"""Findings in sentences: what an axis, a curve, a control shows, for readers who see no figure.

Conventions
-----------
Every number comes from the summary; a sentence says how many clips it rests on. "Keep their answer" is consistency:
agreement with the answer to the unshifted clip, right or wrong. An undefined number leaves its clause out.

What is here: `axis_finding`, `curve_finding`, `flip_finding`, `control_finding`, `method_lines`, `WorstClip` and
`worst_clips`, `models_title`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..counts import count_text
from ..measure.cliptable import ClipTable
from ..measure.outcome import top1
from .text import amount, interval, size
from .wording import amount_title, axis_title, range_text, share_text, shown_name

if TYPE_CHECKING:
    from .results import Results

__all__ = [
    "WorstClip",
    "axis_finding",
    "control_finding",
    "curve_finding",
    "flip_finding",
    "method_lines",
    "models_title",
    "worst_clips",
]

_MAX_TITLED = 3


def axis_finding(axis: str, summary: Mapping[str, Any]) -> str:
    """Say in a sentence how steady a model is along an axis.

    Parameters
    ----------
    axis : str
    summary : mapping
        Of that axis, from ``summary.json``.

    Returns
    -------
    str
    """
    consistency = summary["consistency"]
    title = axis_title(axis).capitalize()
    if consistency["value"] is None:
        return f"{title} ({range_text(summary)}): no clip has an answer to compare."
    bounds = ""
    if consistency["low"] is not None and consistency["high"] is not None:
        bounds = f" [{share_text(consistency['low'])}, {share_text(consistency['high'])}]"
    return (
        f"{title} ({range_text(summary)}): {share_text(consistency['value'])}{bounds} of answers stay, "
        f"n = {count_text(consistency['n'], 'clip')}{_worst_clause(summary)}."
    )


def _worst_clause(summary: Mapping[str, Any]) -> str:
    worst = summary["worst_shift"]
    if worst["consistency"] is None:
        return ""
    if worst["consistency"] == 1:
        return ", and none changes at any shift"
    return f"; fewest, {share_text(worst['consistency'])}, at {amount(worst['shift'], summary['unit'])}"


def flip_finding(summary: Mapping[str, Any]) -> str:
    """Say how large a shift changes the answer of half of the clips.

    Parameters
    ----------
    summary : mapping
        Of an axis, from ``summary.json``.

    Returns
    -------
    str
        Empty where the sweep cannot tell.
    """
    flip = summary["minimal_flip_shift"]
    if flip["median"] is not None:
        return f"Half of the clips have changed their answer by {size(flip['median'], summary['unit'])}."
    if flip["limit"] and flip["n"]:
        return (
            f"{flip['censored']} of {flip['n']} clips keep their answer up to {size(flip['limit'], summary['unit'])}."
        )
    return ""


def curve_finding(axis: str, summaries: Mapping[str, Mapping[str, Any]]) -> str:
    """Say what the curves of one panel show.

    Parameters
    ----------
    axis : str
    summaries : mapping of str to mapping
        Of that axis, by the model's name.

    Returns
    -------
    str
    """
    first = next(iter(summaries.values()))
    told = [f"{shown_name(name)} {_curve_clause(summary)}" for name, summary in summaries.items()]
    return f"Share of clips that keep their answer, over {amount_title(axis)} ({first['unit']}): {'; '.join(told)}."


def _curve_clause(summary: Mapping[str, Any]) -> str:
    worst = summary["worst_shift"]
    text = f"mean {interval(summary['consistency'])}"
    if worst["consistency"] is None:
        return text
    return f"{text}, least {worst['consistency']:.2f} at {amount(worst['shift'], summary['unit'])}"


_CONTROLS = {
    "engine_at_zero": "through the {engine} engine without a shift",
    "there_and_back": "shifted by {amount} and back again",
}


def control_finding(name: str, control: Mapping[str, Any]) -> str:
    """Say what a control did to the sound.

    Parameters
    ----------
    name : str
        ``AXIS.NAME``.
    control : mapping
        From ``summary.json``.

    Returns
    -------
    str

    Examples
    --------
    >>> control_finding("freq.there_and_back", {"amount": 200.0, "unit": "Hz", "engine": "ssb"})
    'Frequency: shifted by +200 Hz and back again'
    """
    axis, _, kind = name.partition(".")
    told = _CONTROLS.get(kind, kind).format(engine=control["engine"], amount=amount(control["amount"], control["unit"]))
    return f"{axis_title(axis).capitalize()}: {told}"


@dataclass(frozen=True)
class WorstClip:
    """A clip that seldom keeps its answer.

    Parameters
    ----------
    name : str
    label : str or None
    clean : str
        The answer to the unshifted clip.
    other : str
        The answer most often given instead.
    kept : str
        Share of the shifts that keep the clean answer, written out.
    """

    name: str
    label: str | None
    clean: str
    other: str
    kept: str


def worst_clips(results: Results, model: str, axis: str) -> tuple[WorstClip, ...]:
    """Return the clips that seldom keep their answer along an axis, with what they turn into.

    Parameters
    ----------
    results : Results
    model, axis : str

    Returns
    -------
    tuple of WorstClip
        Worst first; empty where every clip keeps its answer.
    """
    responses = results.responses[model]
    swept = responses.axes[axis]
    clips = ClipTable.of_responses(responses)
    place = {name: index for index, name in enumerate(clips.names)}
    answers = top1(swept.scores, swept.zero)
    found = []
    for entry in results.document["models"][model]["axes"][axis]["worst_clips"]:
        row = answers[place[entry["name"]]]
        others = row[row != row[swept.zero]]
        clean, other = (clips.classes[code] for code in (row[swept.zero], np.bincount(others).argmax()))
        label = responses.clips[place[entry["name"]]].label
        found.append(WorstClip(entry["name"], label, clean, other, share_text(entry["consistency"])))
    return tuple(found)


_METHODS = {
    "delay": "a band-limited delay inside the window",
    "ssb": "a single-sideband frequency shift, which moves every component by the same hertz",
    "signalsmith": "Signalsmith Stretch, which multiplies every component and keeps the duration",
    "resample": "resampling, which multiplies every component and changes the duration",
    "world": "WORLD, which multiplies the pitch of a voice and keeps its formants and duration",
}


def method_lines(results: Results) -> list[str]:
    """Say how the numbers came about.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of str
        Sentences, for a paragraph.
    """
    lines = []
    for name, responses in results.responses.items():
        spec = responses.spec
        lines.append(
            f"{shown_name(name)} heard windows of {spec.window_seconds:g} s ({spec.n_samples} samples at "
            f"{spec.sample_rate} Hz), opening {spec.lead_samples / spec.sample_rate:g} s before each clip."
        )
    lines += _engine_lines(results)
    sample = next(iter(next(iter(results.document["models"].values()))["axes"].values()))["consistency"]
    unit = "groups of clips (recordings, speakers, kits)" if sample["unit"] == "group" else "clips"
    lines.append(
        "Consistency is the share of non-zero shifts at which the highest-scoring class is that of the unshifted clip, "
        "averaged over clips: 1 means that no shift changes an answer, not that answers are right, nor that a sound "
        "that moved should be called the same."
    )
    lines.append(f"Brackets hold 95 % intervals over {unit}; bands of curves are pointwise.")
    return lines


def _engine_lines(results: Results) -> list[str]:
    """Name the engine of each axis once, in the order of the axes."""
    engines: dict[str, None] = {}
    for responses in results.responses.values():
        for axis, swept in responses.axes.items():
            done = _METHODS.get(swept.engine, f"the engine “{swept.engine}”")
            edges = f"; at the border entered: {swept.edges}" if swept.edges else ""
            engines[f"Shifts in {axis_title(axis)} were made by {done}{edges}."] = None
    return list(engines)


def models_title(names: Sequence[str]) -> str:
    """Name the models of a run in a title: up to three by name, more by their number.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    str

    Examples
    --------
    >>> models_title(["a", "b", "c"]), models_title(["a", "b", "c", "d"])
    ('a, b and c', '4 models')
    """
    if len(names) > _MAX_TITLED:
        return f"{len(names)} models"
    shown = [shown_name(name) for name in names]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))
