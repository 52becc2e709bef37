"""From responses to the summary of one model: every measure with its interval, and what to beware of.

Conventions
-----------
The summary is plain JSON data: dictionaries, lists, strings, numbers, None. A measure is the dictionary of an
`Estimate`: ``value``, ``low``, ``high`` (95 %), ``n`` clips, ``n_groups``, the ``unit`` that was resampled, and
``n_undefined`` clips left out. A number that is undefined is None, and ``warnings`` then holds a line
``AXIS.measure: reason``. Shifts are in the unit of their axis. Bands of curves are pointwise.

Every measure draws from a generator of its own, keyed by the seed, the axis and the measure's name: adding a
measure or an axis changes no other interval, and neither does the order of the clips.

What is here: `SCHEMA_VERSION`, `summarize_model`; `summary.schema.json`, beside this file, describes the document.
"""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from . import drift, outcome
from .cautions import cautions, reasons
from .cliptable import ClipTable
from .statistics import (
    CurveEstimate,
    Estimate,
    bootstrap_curve,
    bootstrap_mean,
    bootstrap_median,
    censored_quantiles,
    paired_difference,
)

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses

__all__ = ["SCHEMA_VERSION", "ClipTable", "summarize_model"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

SCHEMA_VERSION = 1
FREQUENCY_AXES = ("freq", "pitch", "bins")  # the first that was swept stands for frequency in the contrast
FLIP_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
MAX_WORST_CLIPS = 5
_DIGITS = 7  # of a number in summary.json: more than any interval is wide, few enough to compare files by eye
_ROUNDING = 1e-3  # of half-precision probabilities
_DESCRIPTIONS = ("energy_kept", "level_change_db", "window_filled", "harmonicity_error")


@dataclasses.dataclass(frozen=True, eq=False)
class _Sweep:
    """One axis' responses, the answers in them, and how to average them."""

    name: str
    responses: AxisResponses
    clips: ClipTable
    seed: int

    @cached_property
    def answers(self) -> IntArray:
        return outcome.top1(self.responses.scores, self.zero)

    @property
    def zero(self) -> int:
        return self.responses.zero

    @cached_property
    def bounds(self) -> tuple[float, float] | None:
        """What a difference of scores can lie between: 0 and 1 where the scores can be probabilities."""
        lowest, highest = (find.reduce(self.responses.scores, axis=None) for find in (np.fmin, np.fmax))
        return (0.0, 1.0) if lowest >= 0 and highest <= 1 + _ROUNDING else None

    def rng(self, measure: str) -> np.random.Generator:
        """Return the measure's own generator."""
        key = zlib.crc32(f"{self.name}.{measure}".encode())
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(key,)))

    def mean(self, measure: str, values: FloatArray, bounds: tuple[float, float] | None = (0.0, 1.0)) -> Estimate:
        return bootstrap_mean(values, self.clips.group_codes, rng=self.rng(measure), bounds=bounds)

    def curve(self, measure: str, values: FloatArray) -> CurveEstimate:
        return bootstrap_curve(values, self.clips.group_codes, rng=self.rng(measure))


_OF_ANSWERS: dict[str, Callable[[_Sweep], FloatArray]] = {
    "consistency": lambda sweep: outcome.consistency(sweep.answers, sweep.zero),
    "pair_consistency": lambda sweep: outcome.pair_consistency(sweep.answers),
    "all_consistency": lambda sweep: outcome.all_consistency(sweep.answers),
    "top1_change": lambda sweep: outcome.top1_change(sweep.answers),
    "worst_accuracy": lambda sweep: outcome.worst_accuracy(sweep.answers, sweep.clips.targets),
}
_OF_SCORES: dict[str, Callable[[_Sweep], FloatArray]] = {
    "mac": lambda sweep: drift.mean_absolute_change(sweep.responses.scores, sweep.zero),
    "mac_neighbours": lambda sweep: drift.neighbour_change(sweep.responses.scores, sweep.zero),
    "js_drift": lambda sweep: drift.js_drift(sweep.responses.scores, sweep.zero),
}


def summarize_model(
    axes: Mapping[str, AxisResponses], clips: ClipTable, *, controls: Mapping[str, Any], rng_seed: int
) -> dict[str, Any]:
    """Summarize how one model responds along every axis that was swept.

    Parameters
    ----------
    axes : mapping of str to AxisResponses
        By the axis' name; all of the same clips.
    clips : ClipTable
        In the order of the scores.
    controls : mapping of str to Any
        Passed on into the summary, as plain JSON data.
    rng_seed : int
        Not negative; the same seed gives the same intervals.

    Returns
    -------
    dict
        An entry of ``models`` in ``summary.json``: accuracy, axes, contrast, controls, warnings.

    Raises
    ------
    InputError
        If there is no axis, or clips, classes and scores do not match.

    Examples
    --------
    >>> from audioinv.sweep.responses import AxisResponses
    >>> scores = np.array([[[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]] * 2)
    >>> nothing = np.full((2, 3), np.nan)
    >>> responses = AxisResponses(
    ...     "time", "ms", np.array([-1.0, 0.0, 1.0]), scores, "zero", "delay", *[nothing] * 4
    ... )
    >>> clips = ClipTable(("a.wav", "b.wav"), ("hat", "kick"), labels=("kick", "hat"))
    >>> summary = summarize_model({"time": responses}, clips, controls={}, rng_seed=0)
    >>> summary["axes"]["time"]["consistency"]["value"]
    0.5
    """
    _check(axes, clips)
    sweeps = {name: _Sweep(name, responses, clips, rng_seed) for name, responses in axes.items()}
    summaries = {name: _summarize_axis(sweep) for name, sweep in sweeps.items()}
    accuracy = next(iter(summaries.values()))["accuracy_at_zero"]
    contrast = _contrast(sweeps, summaries)
    answers = {name: sweep.answers for name, sweep in sweeps.items()}
    warnings = cautions(axes, answers, clips)
    for name, summary in summaries.items():
        warnings += reasons(name, summary, axes[name], answers[name], clips)
    warnings += _reasons_beyond_axes(accuracy, contrast, clips)
    return {
        "accuracy": accuracy,
        "axes": summaries,
        "contrast": contrast,
        "controls": _plain(controls),
        "warnings": warnings,
    }


def _check(axes: Mapping[str, AxisResponses], clips: ClipTable) -> None:
    if not axes:
        raise InputError("no axis was swept; a summary needs responses along at least one")
    for name, responses in axes.items():
        n_clips, _, n_classes = responses.scores.shape
        if (n_clips, n_classes) != (len(clips.names), len(clips.classes)):
            raise InputError(
                f"axis {name} has scores of {n_clips} clips and {n_classes} classes, but the table names "
                f"{len(clips.names)} clips and {len(clips.classes)} classes"
            )


def _summarize_axis(sweep: _Sweep) -> dict[str, Any]:
    responses = sweep.responses
    agreement = outcome.agreement(sweep.answers, sweep.zero)
    correct = outcome.correctness(sweep.answers, sweep.clips.targets)
    per_clip = outcome.consistency(sweep.answers, sweep.zero)
    summary = {
        "unit": responses.unit,
        "edges": responses.edges,
        "engine": responses.engine,
        "shifts": responses.shifts,
        **{measure: sweep.mean(measure, values(sweep)) for measure, values in _OF_ANSWERS.items()},
        **{measure: sweep.mean(measure, values(sweep), sweep.bounds) for measure, values in _OF_SCORES.items()},
        "wobble": _wobble(sweep),
        "accuracy_at_zero": sweep.mean("accuracy_at_zero", correct[:, sweep.zero]),
        **_curve("accuracy_curve", sweep.curve("accuracy_curve", correct)),
        **_consistency_curve(sweep, agreement),
        "minimal_flip_shift": _minimal_flip_shift(sweep),
        "worst_shift": _worst_shift(sweep, agreement),
        "worst_clips": _worst_clips(sweep.clips.names, per_clip),
        **_extremes(responses),
    }
    plain: dict[str, Any] = _plain(summary)
    return plain


def _wobble(sweep: _Sweep) -> dict[str, Any]:
    """Average the wobble, and give its median: a few clips often hold most of it."""
    per_clip = drift.wobble(sweep.responses.scores, sweep.zero, sweep.clips.targets)
    defined = per_clip[~np.isnan(per_clip)]
    mean = dataclasses.asdict(sweep.mean("wobble", per_clip, sweep.bounds))
    return {**mean, "median": np.median(defined) if len(defined) else math.nan}


def _curve(name: str, curve: CurveEstimate) -> dict[str, FloatArray]:
    return {name: curve.value, f"{name}_low": curve.low, f"{name}_high": curve.high}


def _consistency_curve(sweep: _Sweep, agreement: FloatArray) -> dict[str, FloatArray]:
    """Average the agreement; without a shift it is 1 by definition, and certain."""
    certain = (sweep.responses.shifts == 0) & bool((sweep.answers >= 0).all(axis=1).any())
    curves = _curve("consistency_curve", sweep.curve("consistency_curve", agreement))
    return {name: np.where(certain, 1.0, values) for name, values in curves.items()}


def _minimal_flip_shift(sweep: _Sweep) -> dict[str, Any]:
    flips = outcome.flip_shifts(sweep.answers, sweep.responses.shifts)
    median = bootstrap_median(
        flips.amounts, flips.censored, sweep.clips.group_codes, rng=sweep.rng("minimal_flip_shift")
    )
    quantiles = censored_quantiles(flips.amounts, flips.censored, FLIP_QUANTILES)
    return {
        "median": median.value,
        **{key: entry for key, entry in dataclasses.asdict(median).items() if key != "value"},
        "quantiles": dict(zip(map(str, FLIP_QUANTILES), quantiles, strict=True)),
        "censored": int(flips.censored.sum()),
        "limit": flips.limit,
    }


def _worst_shift(sweep: _Sweep, agreement: FloatArray) -> dict[str, float]:
    """Find the shift at which most answers differ from the clean ones; of equals, the smallest."""
    answered = agreement[~np.isnan(agreement).any(axis=1)]
    shifts = sweep.responses.shifts
    if not len(answered) or len(shifts) < 2:
        return {"shift": math.nan, "consistency": math.nan}
    shares = answered.mean(axis=0)
    order = np.lexsort((np.abs(shifts), shares))
    worst = next(index for index in order if index != sweep.zero)
    return {"shift": shifts[worst], "consistency": shares[worst]}


def _worst_clips(names: tuple[str, ...], per_clip: FloatArray) -> list[dict[str, Any]]:
    """Name the clips that changed their answer most often, if any did."""
    flipped = sorted((float(share), name) for name, share in zip(names, per_clip, strict=True) if share < 1)
    return [{"name": name, "consistency": share} for share, name in flipped[:MAX_WORST_CLIPS]]


def _extremes(responses: AxisResponses) -> dict[str, dict[str, float]]:
    """Give the range of what the shifts did to the sound, for the columns that apply to the axis."""
    columns = {name: getattr(responses, name) for name in _DESCRIPTIONS}
    return {
        name: {"min": np.nanmin(column), "max": np.nanmax(column)}
        for name, column in columns.items()
        if not np.isnan(column).all()
    }


def _contrast(sweeps: Mapping[str, _Sweep], summaries: Mapping[str, Any]) -> dict[str, Any]:
    """Compare the consistency in time and in frequency, clip by clip."""
    axis = next((name for name in FREQUENCY_AXES if name in sweeps), None)
    difference = Estimate(math.nan, math.nan, math.nan, 0, 0, "clip")
    if axis is not None and "time" in sweeps:
        time, frequency = (_OF_ANSWERS["consistency"](sweeps[name]) for name in ("time", axis))
        rng = sweeps["time"].rng(f"contrast.{axis}")
        difference = paired_difference(time, frequency, sweeps["time"].clips.group_codes, rng=rng)
    return {
        "time_consistency": summaries["time"]["consistency"] if "time" in sweeps else None,
        "frequency_consistency": summaries[axis]["consistency"] if axis else None,
        "frequency_axis": axis,
        "difference": _plain(difference),
    }


def _reasons_beyond_axes(accuracy: Mapping[str, Any], contrast: Mapping[str, Any], clips: ClipTable) -> Iterator[str]:
    difference = contrast["difference"]
    if accuracy["value"] is None:
        yield "accuracy: no clip that has a label known to the model has answers"
    if difference["value"] is None or (difference["low"] is None and len(clips.names) > 1):
        yield "contrast.difference: needs a sweep in time and one in frequency, both with answers to the same clips"


def _plain(data: Any) -> Any:
    """Turn estimates, arrays and NumPy numbers into JSON data, and whatever is not finite into None."""
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return _plain(dataclasses.asdict(data))
    if isinstance(data, Mapping):
        return {str(key): _plain(entry) for key, entry in data.items()}
    if isinstance(data, (np.ndarray, np.generic)):
        return _plain(data.tolist())
    if isinstance(data, (list, tuple)):
        return [_plain(entry) for entry in data]
    if isinstance(data, float):
        return float(f"{data:.{_DIGITS}g}") if math.isfinite(data) else None
    return data
