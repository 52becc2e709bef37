"""What a controlled experiment is made of: variants, tasks, probes, and what is expected of them.

Conventions
-----------
A study is data. A *variant* changes something about a network, its training or its front end, and nothing else. A
*probe* is one sweep of shifts. A *measure* is named ``accuracy`` or ``PROBE.MEASURE``: one value for each clip and
seed. An *expectation* is written down before the numbers are there, and is then reproduced, refuted, or undecided.

What is here: `Variant`, `Probe`, `Expectation`, `Study`, `steps`, `beyond`, `words_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..errors import InputError
from ..sound.grid import ShiftGrid

__all__ = ["Expectation", "Probe", "Study", "Variant", "beyond", "steps", "words_of"]

Changes = Mapping[str, Any]
Input = Literal["2-D", "1-D", "waveform"]
Relation = Literal["above", "equal", "exactly"]

_WORDS = {
    "accuracy": "right",
    "consistency": "keeps its answer",
    "worst_accuracy": "right at every shift",
    "mean_accuracy": "right on average over the shifts",
    "top1_change": "answer changes from step to step",
    "mac_neighbours": "score moves from step to step",
    "harmonicity_error": "harmonicity error of the shifted sound",
}


@dataclass(frozen=True)
class Variant:
    """One way to build and train a network.

    Parameters
    ----------
    name : str
        What tables and figures call it.
    network, training, front_end : mapping, optional
        Changes of `NetworkConfig`, of the task's `TrainingConfig` and of its `SpectrogramConfig`.
    input : {"2-D", "1-D", "waveform"}, default "2-D"
        What the network is convolved over: time and frequency of the spectrogram, its time alone with the bins as
        channels, or the waveform.
    family : str, default ""
        Variants of one family share a colour.
    """

    name: str
    network: Changes = field(default_factory=dict)
    training: Changes = field(default_factory=dict)
    front_end: Changes = field(default_factory=dict)
    input: Input = "2-D"
    family: str = ""


@dataclass(frozen=True)
class Probe:
    """One sweep of shifts over the test clips.

    Parameters
    ----------
    name : str
    words : str
        What it does to the sound, for a newcomer.
    grid : ShiftGrid
    edges : {"circular", "zero", "context"}, default "circular"
        What enters the window under a delay.
    """

    name: str
    words: str
    grid: ShiftGrid
    edges: str = "circular"


@dataclass(frozen=True)
class Expectation:
    """A claim about two variants that numbers can decide.

    Parameters
    ----------
    claim : str
        In words.
    left : str
        A variant.
    right : str or float
        Another variant, or a number.
    measure : str
    relation : {"above", "equal", "exactly"}, default "above"
        The left is above the right; they differ by no more than `margin`; or the left has the number `right` for every
        clip and seed, so that one exception refutes it.
    margin : float, default 0
        For "equal": what difference would not matter.
    tasks : tuple of str, optional
        On which tasks; all if not given.
    right_measure : str, default ""
        Measure of the right; the same as of the left if empty.
    """

    claim: str
    left: str
    right: str | float
    measure: str
    relation: Relation = "above"
    margin: float = 0.0
    tasks: tuple[str, ...] = ()
    right_measure: str = ""


@dataclass(frozen=True)
class Study:
    """A question and the experiment that answers it.

    Parameters
    ----------
    name : str
    question : str
        As a newcomer would ask it.
    tasks : tuple of str
    variants : tuple of Variant
    reference : str
        The variant that the others are compared with.
    probes : tuple of Probe
    shown : tuple of str
        Measures that the table and the figure list, most telling first.
    across : str, default ""
        The measure that the figure sets accuracy against; none if empty.
    curves : tuple of str, optional
        Probes that the figure draws over the shift.
    expectations : tuple of Expectation
        The first is what the figure's title says.
    note : str
        What the study does not show.
    experiment : {"classifier", "mechanism", "letters"}, default "classifier"
        What is done for one variant and seed: train and probe a network, measure an untrained mechanism, or tell
        written words apart.
    words : mapping of str to str, optional
        Of measures that only this study has.

    Raises
    ------
    InputError
        If names repeat, or something names a variant or a measure that the study does not have.
    """

    name: str
    question: str
    tasks: tuple[str, ...]
    variants: tuple[Variant, ...]
    reference: str
    probes: tuple[Probe, ...]
    shown: tuple[str, ...]
    across: str = ""
    curves: tuple[str, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    note: str = ""
    experiment: str = "classifier"
    words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        variants = [variant.name for variant in self.variants]
        probes = [probe.name for probe in self.probes]
        for kind, names in (("variant", variants), ("probe", probes), ("task", list(self.tasks))):
            if len(set(names)) < len(names):
                raise InputError(f"study {self.name}: a {kind} is named twice in {names}")
        asked = [self.reference, *(expectation.left for expectation in self.expectations)]
        asked += [found.right for found in self.expectations if isinstance(found.right, str)]
        if not set(asked) <= set(variants):
            raise InputError(f"study {self.name} has no variant {', '.join(sorted(set(asked) - set(variants)))}")
        named = {*self.shown, *filter(None, [self.across]), *(found.measure for found in self.expectations)}
        unknown = {name for name in named if "." in name and name.partition(".")[0] not in probes} | (
            set(self.curves) - set(probes)
        )
        if unknown:
            raise InputError(f"study {self.name} has no probe for {', '.join(sorted(unknown))}")


def words_of(study: Study, measure: str) -> str:
    """Say what a measure of a study is.

    Parameters
    ----------
    study : Study
    measure : str

    Returns
    -------
    str
    """
    if measure in study.words:
        return study.words[measure]
    probe, _, kind = measure.rpartition(".")
    words = _WORDS.get(kind, kind)
    return f"{words} ({probe})" if probe else words


def steps(axis: str, reach: float, step: float, unit: str, *, first: float | None = None) -> ShiftGrid:
    """Return a grid of equal steps, either way or from `first`.

    Parameters
    ----------
    axis : str
    reach : float
        The largest amount.
    step : float
    unit : str
    first : float, optional
        The smallest amount; ``-reach`` if not given.

    Returns
    -------
    ShiftGrid

    Examples
    --------
    >>> steps("time", 32, 16, "ms").amounts
    (-32.0, -16.0, 0.0, 16.0, 32.0)
    """
    start = -reach if first is None else first
    n_steps = round((reach - start) / step)
    return ShiftGrid(axis, tuple(np.round(start + step * np.arange(n_steps + 1), 9)), unit)


def beyond(axis: str, nearest: float, furthest: float, step: float, unit: str) -> ShiftGrid:
    """Return a grid of equal steps that leaves the middle out, either way.

    Parameters
    ----------
    axis : str
    nearest, furthest : float
        The smallest and the largest amount.
    step : float
    unit : str

    Returns
    -------
    ShiftGrid

    Examples
    --------
    >>> beyond("time", 80, 96, 16, "ms").amounts
    (-96.0, -80.0, 0.0, 80.0, 96.0)
    """
    side = steps(axis, furthest, step, unit, first=nearest).amounts
    return ShiftGrid(axis, (*(-amount for amount in side), *side), unit)
