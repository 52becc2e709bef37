"""The controls of a run: how often the answer stays when the sound should be the same again.

Conventions
-----------
A control is named ``AXIS.NAME``. Its consistency is agreement of top-1 with the unshifted clip; 1.0 means that the
tool adds nothing of its own. `sound_error` is the median relative difference between the control's sound and the
clip. What a control takes away from 1.0 is an upper bound for what must not be blamed on the model.

What is here: `summarize_controls`, `noise_floor`, `control_cautions`, `precision_line`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ..sweep.responses import ControlResponses, ModelResponses
from .cliptable import ClipTable
from .outcome import top1
from .statistics import estimate_mean

__all__ = ["control_cautions", "noise_floor", "precision_line", "summarize_controls"]

CLEAN_ENOUGH = 0.95
ROUNDING = 1e-4  # sums over batches of other sizes differ by a hundredth of this
_BESIDE = ("twice", "float32")  # controls that are not summarised one by one
_WORDS = {
    "engine_at_zero": "the engine alone, at 0, changes",
    "there_and_back": "shifting there and back changes",
}


def summarize_controls(responses: ModelResponses, clips: ClipTable, *, rng_seed: int) -> dict[str, Any]:
    """Summarize the controls that were run beside the sweep.

    Parameters
    ----------
    responses : ModelResponses
    clips : ClipTable
        Of the same clips.
    rng_seed : int
        Of the intervals.

    Returns
    -------
    dict
        By ``AXIS.NAME``: amount and unit, consistency with its interval, largest change of a score, sound error;
        and ``noise_floor``, the largest change of any score between two calls with the same input. Of a sweep in
        bfloat16 also ``precision``: how many of a sample of answers are others than in float32.
    """
    floor = noise_floor(responses)
    return {
        "noise_floor": floor,
        **{
            f"{control.axis}.{control.name}": _summarize(control, responses, clips, rng_seed, floor or 0.0)
            for control in responses.controls
            if control.name not in _BESIDE
        },
        **_precision(responses, clips, rng_seed),
    }


def noise_floor(responses: ModelResponses) -> float | None:
    """Return the largest change of any score between two calls with the same input.

    Parameters
    ----------
    responses : ModelResponses

    Returns
    -------
    float or None
        None where no input was heard twice.
    """
    twice = (control for control in responses.controls if control.name == "twice")
    return max((_largest_change(control, responses) for control in twice), default=None)


def control_cautions(controls: Mapping[str, Any]) -> list[str]:
    """Warn where the tool's own handling of the sound changes answers.

    Parameters
    ----------
    controls : mapping
        From `summarize_controls`.

    Returns
    -------
    list of str
        One sentence for each control that keeps less than 95 % of the answers, and one for a model whose answers to
        the same input differ by more than rounding; and always one for a sweep in bfloat16.
    """
    found = [precision_line(controls["precision"])] if "precision" in controls else []
    if (controls["noise_floor"] or 0.0) > ROUNDING:
        found.append(
            f"the model is not deterministic: the same input twice gives scores that differ by up to "
            f"{controls['noise_floor']:.2g}, and another class must lead by more than that to count as another answer; "
            "is the model in evaluation mode?"
        )
    for name, control in controls.items():
        axis, _, kind = name.partition(".")
        if kind in _WORDS and control["consistency"]["value"] < CLEAN_ENOUGH:
            lost = 1 - control["consistency"]["value"]
            found.append(
                f"{axis}: {_WORDS[kind]} {100 * lost:.0f} % of the answers (amount {control['amount']:g} "
                f"{control['unit']}, {control['engine']}), so as much of what the {axis} axis shows may be the "
                "tool's doing and not the model's"
            )
    return found


def precision_line(precision: Mapping[str, Any]) -> str:
    """Say what bfloat16 did to the answers.

    Parameters
    ----------
    precision : mapping
        Of the summary's controls.

    Returns
    -------
    str

    Examples
    --------
    >>> share = {"value": 0.025, "low": 0.01, "high": 0.1}
    >>> found = {"name": "bfloat16", "cells": 80, "flips": 2, "share": share, "largest_score_change": 0.004}
    >>> precision_line(found)
    'computed in bfloat16: 2 of 80 answers differ from those in float32 (2.5 %, 1.0 to 10.0 %), scores by up to 0.004'
    """
    share = precision["share"]
    low, high = (share["low"], share["high"])
    between = "" if low is None or high is None else f", {100 * low:.1f} to {100 * high:.1f} %"
    return (
        f"computed in {precision['name']}: {precision['flips']} of {precision['cells']} answers differ from "
        f"those in float32 ({100 * share['value']:.1f} %{between}), scores by up to "
        f"{precision['largest_score_change']:.2g}"
    )


def _precision(responses: ModelResponses, clips: ClipTable, seed: int) -> dict[str, Any]:
    """Hold answers in bfloat16 against those in float32, where a sample of them was computed; a tie is no flip."""
    sample = [control for control in responses.controls if control.name == "float32"]
    if not sample:
        return {}
    flips, changes = [], []
    for control in sample:
        axis = responses.axes[control.axis]
        low = axis.scores[:, np.flatnonzero(axis.shifts == control.amount).item()]
        answers = top1(np.stack([control.scores, low], axis=1), 0)
        flips.append(answers[:, 0] != answers[:, 1])
        changes.append(float(np.abs(control.scores - low).max()))
    found = np.array(flips)
    share = estimate_mean(found.mean(axis=0), clips.group_codes, rng=np.random.default_rng(seed))
    return {
        "precision": {
            "name": "bfloat16",
            "cells": found.size,
            "flips": int(found.sum()),
            "share": {name: None if value != value else value for name, value in asdict(share).items()},
            "largest_score_change": max(changes),
        }
    }


def _largest_change(control: ControlResponses, responses: ModelResponses) -> float:
    axis = responses.axes[control.axis]
    return float(np.abs(control.scores - axis.clean).max())


def _summarize(
    control: ControlResponses, responses: ModelResponses, clips: ClipTable, seed: int, noise_floor: float
) -> dict[str, Any]:
    axis = responses.axes[control.axis]
    answers = top1(np.stack([axis.clean, control.scores], axis=1), 0, noise_floor)
    same = (answers[:, 0] == answers[:, 1]).astype(np.float64)
    estimate = estimate_mean(same, clips.group_codes, rng=np.random.default_rng(seed))
    return {
        "amount": control.amount,
        "unit": axis.unit,
        "engine": axis.engine,
        "consistency": {name: None if value != value else value for name, value in asdict(estimate).items()},
        "largest_score_change": _largest_change(control, responses),
        "sound_error": float(np.median(control.sound_error)),
    }
