"""The answers of a model along time, before they are pooled, and whether they move along with a delay.

A model that answers frame by frame is to be equivariant: under a delay its frames say the same, later. The sweep keeps
pooled answers only, as those of all frames at all shifts are too many, so frames are followed beside it, on some of the
clips and delays.

Conventions
-----------
At most 63 clips, spread over the corpus, and 16 delays, spread over the grid. What enters under a delay is that of the
sweep. A clip's value is its mean over the delays. To be told from staying, frames must be called to move: what agrees
in place, and the difference to it, are of the delays of half a frame or more.

What is here: `run_frames`, `frame_cautions`, `FRAME_CLIPS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .corpus.entries import CorpusEntry
from .errors import InputError
from .measure.cliptable import ClipTable
from .measure.framewise import FrameShifts, follow_frames
from .measure.statistics import estimate_mean, paired_difference
from .measure.summary import plain
from .nets.model import Model
from .reference_run import opened
from .sound.clip import Clip, open_window
from .sound.grid import ShiftGrid
from .sweep.plan import SweepPlan, operator_of

__all__ = ["FRAME_CLIPS", "frame_cautions", "run_frames"]

FRAME_CLIPS = 64
_DELAYS = 16
_OFF = 0.5  # frames from the lag that is called for, in the mean, from which on something is wrong

FloatArray = npt.NDArray[np.floating]


def run_frames(
    model: Model, sources: Sequence[Clip | CorpusEntry], plan: SweepPlan, *, seed: int = 0
) -> dict[str, Any]:
    """Follow the frames of some clips through some delays of a plan.

    Parameters
    ----------
    model : Model
        That answers along time.
    sources : sequence of Clip or CorpusEntry
        Those that cannot be read or hold nothing are left out.
    plan : SweepPlan
    seed : int, default 0
        Of the intervals.

    Returns
    -------
    dict
        Plain data: ``unit``, ``shifts``, ``n_clips``, ``n_frames``, ``frame_ms`` from one to the next; ``same``, the
        share of the frames that agree at the lag that the delay calls for; over the delays that call for one
        ``in_place``, that at none, and ``difference``, by how much that at the lag exceeds it; ``change`` of a score
        and ``lag_error`` in frames; each an estimate over clips. By delay ``same_curve``, ``expected_lags`` and the
        mean ``best_lags``.

    Raises
    ------
    InputError
        If the plan has no delay, or no clip is left.
    """
    grid = next((each for each in plan.grids if each.axis == "time"), None)
    if grid is None or not any(grid.amounts):
        raise InputError("no delay was swept")
    chosen = _some_delays(grid)
    clips = [clip for source in sources if (clip := opened(source, model.spec)) is not None]
    if not clips:
        raise InputError("no clip is left to follow frames on")
    delays = grid.natural(model.spec.sample_rate, model.hop_samples)[chosen]
    with torch.inference_mode():
        followed = [_follow(model, clip, plan, delays) for clip in clips]
    n_frames = model.count_frames()
    facts = {
        "unit": grid.unit,
        "shifts": np.asarray(grid.amounts)[chosen],
        "n_clips": len(clips),
        "n_frames": n_frames,
        "frame_ms": 1000 * model.spec.spacing_samples(n_frames) / model.spec.sample_rate,
    }
    document: dict[str, Any] = plain({**facts, **_estimates(followed, ClipTable.of(clips, model.spec.labels), seed)})
    return document


def _some_delays(grid: ShiftGrid) -> npt.NDArray[np.intp]:
    """Return the places of some delays of a grid, spread over it and none of them 0."""
    there = np.flatnonzero(grid.amounts)
    spread = np.linspace(0, len(there) - 1, min(_DELAYS, len(there)))
    places: npt.NDArray[np.intp] = there[spread.round().astype(int)]
    return places


def _follow(model: Model, clip: Clip, plan: SweepPlan, delays_samples: FloatArray) -> FrameShifts:
    spec = model.spec
    window = open_window(clip, spec.n_samples, spec.lead_samples)
    operator = operator_of("time", plan, spec)
    sounds = operator.shift(window, np.concatenate([[0.0], delays_samples]))
    frames = torch.cat([model.scores_along_time(part) for part in sounds.split(plan.batch_size)]).double().numpy()
    spacing = spec.spacing_samples(frames.shape[1])
    return follow_frames(frames[0], frames[1:], delays_samples, spacing, multi_label=bool(spec.multi_label))


def _estimates(followed: Sequence[FrameShifts], clips: ClipTable, seed: int) -> dict[str, Any]:
    of_clips = {name: _stacked(followed, name) for name in ("same", "in_place", "change", "expected", "best")}
    late = _mean(np.abs(of_clips["best"] - of_clips["expected"]), 1)
    called = followed[0].expected != 0
    along, in_place = (_mean(of_clips[name][:, called], 1) for name in ("same", "in_place"))
    groups = clips.group_codes

    def rng() -> np.random.Generator:
        return np.random.default_rng(seed)

    return {
        "same": estimate_mean(_mean(of_clips["same"], 1), groups, rng=rng()),
        "in_place": estimate_mean(in_place, groups, rng=rng()),
        "difference": paired_difference(along, in_place, groups, rng=rng()),
        "change": estimate_mean(_mean(of_clips["change"], 1), groups, rng=rng(), bounds=None),
        "lag_error": estimate_mean(late, groups, rng=rng(), bounds=None),
        "same_curve": _mean(of_clips["same"], 0),
        "expected_lags": followed[0].expected,
        "best_lags": _mean(of_clips["best"], 0),
    }


def _stacked(followed: Iterable[FrameShifts], name: str) -> FloatArray:
    return np.stack([getattr(one, name) for one in followed])


def _mean(values: FloatArray, axis: int) -> FloatArray:
    """Average what is defined; ``nan`` where nothing is."""
    defined = ~np.isnan(values)
    count = defined.sum(axis)
    return np.where(count > 0, np.where(defined, values, 0).sum(axis) / np.maximum(count, 1), np.nan)


def frame_cautions(found: Mapping[str, Any]) -> list[str]:
    """Say what makes the numbers of frames say little.

    Parameters
    ----------
    found : mapping
        From `run_frames`.

    Returns
    -------
    list of str
    """
    lags, best = found["expected_lags"], found["best_lags"]
    if found["same"]["value"] is None:
        return ["frames.same: no label is on in any frame, or every delay is longer than half of the frames"]
    if not any(lags):
        return [
            f"frames.in_place: the delays stay within half a frame ({found['frame_ms'] / 2:.3g} ms), so none is to "
            "move along; sweep further"
        ]
    if found["in_place"]["value"] is None:
        return [
            "frames.in_place: wherever a delay calls for a frame or more, no label is on or it is longer than half of "
            "the frames; sweep more finely"
        ]
    if found["lag_error"]["value"] is None:
        return ["frames.lag_error: the frames are alike all along, so whether they move along cannot be told"]
    if (found["lag_error"]["value"] or 0) > _OFF:
        furthest = max((i for i, lag in enumerate(best) if lag is not None), key=lambda i: abs(lags[i]))
        return [
            f"frames: where a delay calls for {lags[furthest]:g} frames they move by {best[furthest]:.2g} in the mean; "
            f"they do not move along, or lie further apart than {found['frame_ms']:.4g} ms: say frame_samples"
        ]
    return []
