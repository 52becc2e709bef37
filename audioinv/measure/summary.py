"""From responses to the summary of one model: every measure with its interval, and what to beware of.

Conventions
-----------
The summary is plain JSON data: dictionaries, lists, strings, numbers, None. A measure is the dictionary of an
`Estimate`: ``value``, ``low``, ``high`` (95 %), ``n`` clips, ``n_groups``, the ``unit`` that was resampled, and
``n_undefined`` clips left out. A number that is undefined is None, and ``warnings`` then holds a line
``AXIS.measure: reason``. Shifts are in the unit of their axis. Bands of curves are pointwise.

Every measure draws from a generator of its own, keyed by the seed, the axis and the measure's name: adding a
measure or an axis changes no other interval, and neither does the order of the clips.

What is here: `SCHEMA_VERSION`, `summarize_model`, `plain`; `summary.schema.json`, beside this file, describes the
document.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .axis_summary import summarize_axis
from .axis_sweep import AxisSweep, per_clip
from .cautions import cautions, reasons
from .cliptable import ClipTable
from .delay_structure import ModelFacts
from .pairing import minimum_detectable_change
from .statistics import Estimate, paired_difference

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses

__all__ = ["SCHEMA_VERSION", "ClipTable", "ModelFacts", "plain", "summarize_model"]

SCHEMA_VERSION = 1
FREQUENCY_AXES = ("freq", "pitch", "bins")  # the first that was swept stands for frequency in the contrast
_DIGITS = 7  # of a number in summary.json: more than any interval is wide, few enough to compare files by eye


def summarize_model(
    axes: Mapping[str, AxisResponses],
    clips: ClipTable,
    *,
    controls: Mapping[str, Any],
    rng_seed: int,
    facts: ModelFacts | None = None,
) -> dict[str, Any]:
    """Summarize how one model responds along every axis that was swept.

    Parameters
    ----------
    axes : mapping of str to AxisResponses
        By the axis' name; all of the same clips.
    clips : ClipTable
        In the order of the scores.
    controls : mapping of str to Any
        Passed on into the summary, as plain JSON data. Where it holds a ``noise_floor``, a lead of no more than that
        changes no answer.
    rng_seed : int
        Not negative; the same seed gives the same intervals.
    facts : ModelFacts, optional
        How the model is built: needed for the measures of frame phase and period, and of several labels.

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
    ...     "time", "ms", np.array([-1.0, 0.0, 1.0]), scores, "zero", "delay", *[nothing] * 6
    ... )
    >>> clips = ClipTable(("a.wav", "b.wav"), ("hat", "kick"), labels=("kick", "hat"))
    >>> summary = summarize_model({"time": responses}, clips, controls={}, rng_seed=0)
    >>> summary["axes"]["time"]["consistency"]["value"]
    0.5
    """
    _check(axes, clips)
    floor = float(controls.get("noise_floor") or 0.0)
    sweeps = {
        name: AxisSweep(name, responses, clips, rng_seed, facts, noise_floor=floor) for name, responses in axes.items()
    }
    summaries: dict[str, dict[str, Any]] = {name: plain(summarize_axis(sweep)) for name, sweep in sweeps.items()}
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
        "controls": plain(controls),
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


def _contrast(sweeps: Mapping[str, AxisSweep], summaries: Mapping[str, Any]) -> dict[str, Any]:
    """Compare the consistency in time and in frequency, clip by clip."""
    axis = next((name for name in FREQUENCY_AXES if name in sweeps), None)
    difference, detectable = Estimate(math.nan, math.nan, math.nan, 0, 0, "clip"), math.nan
    if axis is not None and "time" in sweeps:
        time, frequency = (per_clip(sweeps[name], "consistency") for name in ("time", axis))
        rng = sweeps["time"].rng(f"contrast.{axis}")
        detectable = minimum_detectable_change(time - frequency, sweeps["time"].clips.group_codes)
        difference = paired_difference(time, frequency, sweeps["time"].clips.group_codes, rng=rng)
    return {
        "time_consistency": summaries["time"]["consistency"] if "time" in sweeps else None,
        "frequency_consistency": summaries[axis]["consistency"] if axis else None,
        "frequency_axis": axis,
        "difference": plain(difference),
        "detectable": plain(detectable),
    }


def _reasons_beyond_axes(accuracy: Mapping[str, Any], contrast: Mapping[str, Any], clips: ClipTable) -> Iterator[str]:
    difference = contrast["difference"]
    if accuracy["value"] is None:
        yield "accuracy: no clip that has a label known to the model has answers"
    if contrast["detectable"] is None and difference["low"] is not None:
        yield (
            "contrast.detectable: the clips do not differ, or are all of one group, and so do not tell how much others "
            "would"
        )
    if difference["value"] is None or (difference["low"] is None and len(clips.names) > 1):
        yield "contrast.difference: needs a sweep in time and one in frequency, both with answers to the same clips"


def plain(data: Any) -> Any:
    """Turn estimates, arrays and NumPy numbers into JSON data, and whatever is not finite into None.

    Parameters
    ----------
    data : dataclass, mapping, sequence, array or number

    Returns
    -------
    JSON data
        Numbers to seven digits.
    """
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return plain(dataclasses.asdict(data))
    if isinstance(data, Mapping):
        return {str(key): plain(entry) for key, entry in data.items()}
    if isinstance(data, (np.ndarray, np.generic)):
        return plain(data.tolist())
    if isinstance(data, (list, tuple)):
        return [plain(entry) for entry in data]
    if isinstance(data, float):
        return float(f"{data:.{_DIGITS}g}") if math.isfinite(data) else None
    return data
