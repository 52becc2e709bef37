"""The variants of a model that surgery tries: which are asked for, and which can be made.

Conventions
-----------
As in `audioinv.nets.surgery`. Delays to average over are rounded to whole samples, or to whole frames.

What is here: `SurgeryOptions`, `SurgeryVariant`, `make_variants`, `ALONG`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..analysis import AnalysisOptions
from ..errors import InputError, ModelError
from ..nets.model import Model
from ..nets.surgery.models import AveragedModel, ReplacedModel
from ..nets.surgery.network import Found, Operation, Survey
from ..nets.surgery.replacement import check_kind
from ..report.wording import range_text
from ..sound.grid import parse_grid

__all__ = ["ALONG", "SurgeryOptions", "SurgeryVariant", "make_variants"]

ALONG = {"both": frozenset({-1, -2}), "columns": frozenset({-1}), "rows": frozenset({-2})}
"""Axes of maps by what they are called, counted from the last."""


@dataclass(frozen=True)
class SurgeryOptions:
    """Which variants of a model to try, and how to shift.

    Parameters
    ----------
    replacements : tuple of str
        What to put in the place of its downsampling, by the grammar of `audioinv.nets.surgery.replacement`.
    averages : tuple of str
        Delays to average over, as on the command line: ``"-10:10:5ms"``; in ``frame`` the model's own spectrogram is
        moved.
    along : {"both", "columns", "rows"}, default "both"
        Along which axes of maps steps are replaced: columns is the last axis, time in a spectrogram of bins by frames.
    max_stride : int, default 8
        Larger steps are left as they are.
    analysis : AnalysisOptions, optional
        Shifts, edges, pitch engine and seed.

    Raises
    ------
    InputError
        If there is nothing to try, something is asked for twice, or is unknown.
    """

    replacements: tuple[str, ...] = ("blur3", "average", "polyphase")
    averages: tuple[str, ...] = ("-10:10:5ms",)
    along: str = "both"
    max_stride: int = 8
    analysis: AnalysisOptions = field(default_factory=AnalysisOptions)

    def __post_init__(self) -> None:
        asked = [*self.replacements, *self.averages]
        if not asked or len(set(asked)) < len(asked):
            raise InputError(f"surgery needs something to try, each once; got {', '.join(asked) or 'nothing'}")
        for kind in self.replacements:
            check_kind(kind)
        for delays in self.averages:
            parse_grid("time", delays)
        if self.along not in ALONG:
            raise InputError(f"along={self.along!r} is not one of {', '.join(ALONG)}")
        if self.max_stride < 2:
            raise InputError(f"max_stride={self.max_stride} must be at least 2")


@dataclass(frozen=True, eq=False)
class SurgeryVariant:
    """A model after one operation.

    Parameters
    ----------
    name : str
        What tables and figures call it.
    model : Model
    changed : tuple of Found
        The downsampling in whose place something else is put; empty of an average.
    """

    name: str
    model: Model
    changed: tuple[Found, ...] = ()


def make_variants(model: Model, survey: Survey, options: SurgeryOptions) -> tuple[list[SurgeryVariant], list[str]]:
    """Make of a model what is to be tried.

    Parameters
    ----------
    model : Model
        Stays as it is.
    survey : Survey
        Of its network.
    options : SurgeryOptions

    Returns
    -------
    variants : list of SurgeryVariant
    notes : list of str
        What is to be said of them.

    Raises
    ------
    ModelError
        If replacements are asked for and there is nothing to replace.
    InputError
        If frames are to be moved of a model whose hop is not known.
    """
    if options.replacements:
        _check_replaceable(model, survey)
    variants, notes = [], list(_left_notes(survey)) if options.replacements else []
    for kind in options.replacements:
        operation = Operation(check_kind(kind), survey)
        changed = survey.replaced_by(operation.kind)
        if changed:
            variants.append(
                SurgeryVariant(kind, ReplacedModel(model, operation, f"{model.spec.name}, {kind}"), changed)
            )
            notes += _polyphase_notes(kind, survey, changed)
        else:
            notes.append(f"{kind} changes nothing: all downsampling is by means already")
    return [*variants, *(_averaged(model, delays) for delays in options.averages)], notes


def _check_replaceable(model: Model, survey: Survey) -> None:
    if survey.replaced_by(check_kind("polyphase")):
        return
    name, alone = model.spec.name, "average over delays alone by --replace none"
    if not survey.visible:
        form = f" ({model.provenance.format})" if model.provenance else ""
        raise ModelError(
            f"{name}{form} shows no layer: it runs outside torch's Python, where nothing can be put in place of its "
            f"downsampling; give the network itself as module:attr, or {alone}"
        )
    left = "; ".join(f"{one.name} is left: {one.obstacle}" for one in survey.found[:3])
    kind = "its recurrent layers take no steps" if survey.recurrent else "no pool and no convolution takes steps"
    raise ModelError(f"{name} has nothing to replace: {left or kind}; {alone}")


def _left_notes(survey: Survey) -> Iterator[str]:
    for one in survey.found:
        if one.obstacle:
            yield f"{one.name} is left as it is: {one.obstacle}"


def _polyphase_notes(kind: str, survey: Survey, changed: Sequence[Found]) -> Iterator[str]:
    """Say why the promise of polyphase sampling does not hold for this network, if it does not."""
    if "polyphase" not in kind:
        return
    uneven = [one.name for one in changed if _is_uneven(one, survey.layout.axes)]
    if not survey.layout.wrapped & survey.layout.axes:
        yield f"{kind} is not exact here: the network's convolutions do not wrap around, so its borders change"
    elif uneven:
        yield f"{kind} is not exact here: the steps of {uneven[0]} do not go around its map evenly"


def _is_uneven(one: Found, axes: Collection[int]) -> bool:
    """Tell whether the steps of a window do not go once around its map, less what was put around that beforehand."""
    along = zip(range(-len(one.size), 0), one.size, one.padded, one.size_after, one.stride, strict=True)
    return any(n - more != n_after * step for axis, n, more, n_after, step in along if axis in axes)


def _averaged(model: Model, text: str) -> SurgeryVariant:
    grid = parse_grid("time", text)
    of_frames = grid.unit == "frame" and model.front_end is not None
    amounts = np.array(grid.natural(model.spec.sample_rate, model.hop_samples))
    delays = np.unique(np.round(amounts / (model.hop_samples or 1) if of_frames else amounts).astype(int))
    reach = range_text({"shifts": grid.amounts, "unit": grid.unit})
    name = f"{len(delays)} delays, {reach}"
    averaged = AveragedModel(model, delays.tolist(), f"{model.spec.name}, {name}", of_frames=of_frames)
    return SurgeryVariant(name, averaged)
