"""What to know before believing a summary: models without an opinion, sweeps that cut sound out, too few groups.

Conventions
-----------
A caution is one plain sentence that names its numbers and, where there is one, the remedy. Cautions change no
number; they are raised by rules of thumb whose thresholds are the constants of this module.

What is here: `cautions`; `of_sample`, those about too few clips alone; and `reasons` why a number of a summary is
undefined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..counts import count_text
from ..sweep.responses import SOUND_COLUMNS
from ..sweep.room import let_go
from .cliptable import ClipTable
from .flips import swept_either_way
from .resampling import MIN_GROUPS

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses

__all__ = ["cautions", "of_sample", "reasons"]

IntArray = npt.NDArray[np.intp]

MAX_COMMON_ANSWER = 0.95  # share of all answers above which a model counts as constant
MIN_SPREAD = 0.01  # spread of scores between clips, relative to the largest, below which they hardly differ
MIN_ENERGY_KEPT = 0.5
MAX_LEVEL_CHANGE_DB = 3.0
MAX_BANDWIDTH_LOST = 0.25  # of the bands that the clip fills
MAX_ADDED_PADDING = 0.25  # of the window, beyond what the unshifted clip has
_KEEP_ENERGY = ("time", "freq", "pitch", "bins", "stretch", "speed")  # what other axes do to the level, they are for
_MAX_NAMED = 5
_STEP_TOLERANCE = 1e-6  # relative
_ACCURACIES = frozenset(
    {"accuracy_at_zero", "accuracy_curve", "mean_accuracy", "worst_accuracy", "average_precision_curve"}
)
_OF_LABELS = _ACCURACIES | {"accuracy_area", "calibration_drift", "brier_drift", "log_loss_drift"}
_WITHOUT_SHIFT = _ACCURACIES | {"consistency_curve"}
_OF_PROBABILITIES = frozenset({"js_drift", "calibration_drift", "brier_drift", "log_loss_drift"})
_FIXED_REASONS = {
    "detectable_change": "the clips do not differ, or are all of one group, and so do not tell how much others would",
    "by_class": "a class of a single clip has no interval",
    "k_consistency": "the sweep holds fewer than five shifts",
    "frame_phase": "no delay of the sweep is a whole number of hops of which another is a fraction more",
    "periods": "needs at least 24 delays of equal steps",
}


def cautions(axes: Mapping[str, AxisResponses], answers: Mapping[str, IntArray], clips: ClipTable) -> list[str]:
    """Collect what a reader of a summary should know first.

    Parameters
    ----------
    axes : mapping of str to AxisResponses
        Not empty.
    answers : mapping of str to ndarray of shape (n_clips, n_shifts), int
        Of each axis, from `audioinv.measure.outcome.top1`.
    clips : ClipTable

    Returns
    -------
    list of str
        Empty where nothing stands out.
    """
    found = [*_about_model(axes, answers, clips), *_about_labels(clips), *_about_groups(clips)]
    for name, responses in axes.items():
        found += _about_sound(name, responses) if name in _KEEP_ENERGY else ()
        found += _about_grid(name, responses, answers[name])
        for column in SOUND_COLUMNS:
            let_go(getattr(responses, column))
    return found


def _about_model(axes: Mapping[str, AxisResponses], answers: Mapping[str, IntArray], clips: ClipTable) -> Iterator[str]:
    """Find a model whose consistency says nothing because it hardly reacts to anything."""
    if len(clips.classes) == 1:
        yield "the model has a single class, so its answer cannot change; judge it by mac and js_drift"
        return
    given = np.concatenate([found[found >= 0] for found in answers.values()])
    counts = np.bincount(given, minlength=len(clips.classes))
    common = int(counts.argmax())
    labelled = clips.targets[clips.targets >= 0]
    is_common = float((labelled == common).mean()) if len(set(labelled)) > 1 else 1.0
    if counts[common] > MAX_COMMON_ANSWER * len(given) and is_common <= MAX_COMMON_ANSWER:
        yield (
            f"the model answers '{clips.classes[common]}' for {100 * counts[common] / len(given):.1f} % of all clips "
            f"and shifts, although {100 * is_common:.1f} % of the labelled clips are of that class: its consistency "
            "says nothing; check the labels, the sample rate and the scaling, or use another model"
        )
    elif _spread(next(iter(axes.values()))) < MIN_SPREAD:
        yield (
            f"the model's scores for the {len(clips.names)} clips differ by less than {100 * MIN_SPREAD:.0f} % of the "
            "largest score: it hardly tells them apart and its consistency says nothing; check that the clips "
            "reach it at the right level and sample rate"
        )


def _spread(responses: AxisResponses) -> float:
    """Return the widest spread of a class' clean score between clips, relative to the largest score."""
    clean = responses.clean[np.isfinite(responses.clean).all(axis=1)]
    if len(clean) < 2:
        return np.inf
    largest = float(np.abs(clean).max())
    return float(np.ptp(clean, axis=0).max()) / largest if largest > 0 else 0.0


def _about_labels(clips: ClipTable) -> Iterator[str]:
    """Find clips that no accuracy can be computed for, and labels that cannot show a constant model."""
    n_clips = len(clips.names)
    n_unlabelled = n_clips - sum(label is not None for label in clips.labels or ())
    if n_unlabelled == n_clips:
        yield "no clip has a label: there is no accuracy to set consistency against; give labels"
    elif n_unlabelled:
        n_known = int((clips.targets >= 0).sum())
        those = f"{n_known} of the others" if clips.unknown_labels else f"the other {n_known}"
        accuracy = f"accuracy is that of {those}" if n_known else "there is no accuracy"
        yield (
            f"{n_unlabelled} of {n_clips} clips have no label: {accuracy}, and wobble follows the clean answer instead"
        )
    if clips.unknown_labels:
        named = ", ".join(f"'{label}'" for label in clips.unknown_labels[:_MAX_NAMED])
        rest = len(clips.unknown_labels) - _MAX_NAMED
        n_unknown = int((clips.targets < 0).sum()) - n_unlabelled
        yield (
            f"{n_unknown} of {n_clips} clips have labels that the model does not know ({named}"
            f"{f' and {rest} more' if rest > 0 else ''}) and count as unlabelled; rename the labels to the model's "
            "classes, or choose a model of these (-m)"
        )
    known = np.unique(clips.targets[clips.targets >= 0])
    if len(known) == 1 and len(clips.classes) > 1:
        only = clips.classes[known.item()]
        yield (
            f"all labelled clips are of one class, '{only}': a model that always answers so would score perfectly; "
            "add clips of other classes"
        )


def _about_groups(clips: ClipTable) -> Iterator[str]:
    n_clips = len(clips.names)
    return of_sample(n_clips, n_clips if clips.group_codes is None else len(np.unique(clips.group_codes)))


def of_sample(n_clips: int, n_groups: int) -> Iterator[str]:
    """Say that a sample is too small for its intervals, where it is.

    Parameters
    ----------
    n_clips, n_groups : int
        Clips, and the groups that they come from; as many as clips where each is its own.

    Yields
    ------
    str

    Examples
    --------
    >>> [*of_sample(8, 8)], [*of_sample(30, 10)]
    (['8 clips are fewer than 10: their intervals are rough; add clips'], [])
    """
    if n_clips == 1:
        yield "a single clip has no interval, so every low and high is undefined; add clips"
    elif n_groups >= MIN_GROUPS:
        return
    elif n_groups < n_clips:
        yield (
            f"the {n_clips} clips come from {count_text(n_groups, 'group')}, fewer than {MIN_GROUPS}: intervals "
            "resample clips and are too narrow for sounds of new groups; add clips of more groups"
        )
    else:
        yield f"{n_clips} clips are fewer than {MIN_GROUPS}: their intervals are rough; add clips"


def _about_sound(name: str, responses: AxisResponses) -> Iterator[str]:
    """Find shifts that do more to the sound than shift it."""
    n_clips = len(responses.scores)
    lost = responses.energy_kept < MIN_ENERGY_KEPT
    if lost.any():
        place = "window" if name == "time" else "band"
        yield (
            f"{name}: {lost.any(axis=1).sum()} of {n_clips} clips lose more than half of their energy out of the "
            f"{place}, from a shift of {_nearest(responses, lost)} on: answers there are about what is left; sweep "
            "less far" + (" or use a longer window" if name == "time" else "")
        )
    changed = np.abs(responses.level_change_db) > MAX_LEVEL_CHANGE_DB
    if changed.any():
        largest = responses.level_change_db[changed]
        signed = f"{largest[np.abs(largest).argmax()]:+.1f}".replace("-", "−")
        yield (
            f"{name}: {changed.any(axis=0).sum()} of {len(responses.shifts)} shifts change the level of "
            f"{changed.any(axis=1).sum()} of {n_clips} clips by more than {MAX_LEVEL_CHANGE_DB:g} dB (largest "
            f"{signed} dB), from {_nearest(responses, changed)} on: part of what follows may be loudness; "
            "sweep less far, or test the model against gain"
        )
    added = responses.window_filled - responses.window_filled[:, [responses.zero]] > MAX_ADDED_PADDING
    if added.any():
        yield (
            f"{name}: {added.any(axis=1).sum()} of {n_clips} clips have more than {100 * MAX_ADDED_PADDING:.0f} % of "
            f"the window newly filled with padding, from {_nearest(responses, added)} on: answers there are about the "
            "padding too; sweep less far, or give clips with their surroundings"
        )
    cut = responses.bandwidth_lost > MAX_BANDWIDTH_LOST
    if cut.any():
        yield (
            f"{name}: {cut.any(axis=1).sum()} of {n_clips} clips lose more than {100 * MAX_BANDWIDTH_LOST:.0f} % of "
            f"the band that they fill, from {_nearest(responses, cut)} on: answers there are about what is left; sweep "
            "less far"
        )
    n_silent = int(np.isnan(responses.energy_kept).all(axis=1).sum())
    if name == "time" and n_silent and not np.isnan(responses.energy_kept).all():
        yield f"time: {n_silent} of {n_clips} clips are silent, and silence shifted is silence; leave them out"


def _nearest(responses: AxisResponses, where: npt.NDArray[np.bool_]) -> str:
    """Return the smallest |shift| at which something holds for any clip, with its unit."""
    return f"{np.abs(responses.shifts)[where.any(axis=0)].min():g} {responses.unit}"


def _about_grid(name: str, responses: AxisResponses, answers: IntArray) -> Iterator[str]:
    """Find grids of mixed steps, and answers that are missing."""
    steps = np.diff(responses.shifts)
    if len(steps) and np.ptp(steps) > _STEP_TOLERANCE * steps.max():
        yield (
            f"{name}: the steps of the grid range from {steps.min():g} to {steps.max():g} {responses.unit}: "
            "top1_change and mac_neighbours mix them; use equal steps"
        )
    n_missing = int((answers < 0).any(axis=1).sum())
    if n_missing:
        yield f"{name}: {n_missing} of {len(answers)} clips have scores that are not numbers and are left out"


def reasons(
    name: str, summary: Mapping[str, Any], responses: AxisResponses, answers: IntArray, clips: ClipTable
) -> list[str]:
    """Say why numbers in the summary of an axis are None.

    Parameters
    ----------
    name : str
        Of the axis.
    summary : mapping of str to Any
        Of the axis, as plain JSON data.
    responses : AxisResponses
    answers : ndarray of shape (n_clips, n_shifts), int
    clips : ClipTable

    Returns
    -------
    list of str
        ``AXIS.measure: reason``, one a measure. That a single clip has no interval is left to `cautions`.
    """
    found = []
    for measure, entry in summary.items():
        if not _lacks_a_number(measure, entry, n_clips=len(clips.names)):
            continue
        if not (answers >= 0).all(axis=1).any():
            reason = "no clip has scores that are numbers at every shift"
        elif measure in _OF_LABELS and (clips.targets < 0).all():
            reason = "no clip has a label that the model knows"
        elif len(responses.shifts) == 1 and measure not in _WITHOUT_SHIFT:
            reason = "the sweep holds no shift other than 0"
        else:
            reason = _reason_of_measure(measure, entry, responses)
        found.append(f"{name}.{measure}: {reason}")
    return found


def _lacks_a_number(measure: str, entry: Any, n_clips: int) -> bool:
    """Tell whether an entry holds None, except for an interval that a single clip cannot have."""
    if entry is None:
        return True
    if isinstance(entry, list):
        parts = [value for part in entry for value in (part.values() if isinstance(part, Mapping) else (part,))]
        return None in parts and (n_clips > 1 or not measure.endswith(("_low", "_high", "by_class")))
    if not isinstance(entry, Mapping):
        return False
    numbers = {key: number for key, number in entry.items() if n_clips > 1 or key not in ("low", "high")}
    return None in numbers.values() or None in numbers.get("quantiles", {}).values()


def _reason_of_measure(measure: str, entry: Any, responses: AxisResponses) -> str:
    """Say why a measure of clips that have answers, labels and shifts is undefined all the same."""
    if measure == "minimal_flip_shift":
        return (
            f"{entry['censored']} of {entry['n']} clips keep their answer up to {entry['limit']:g} "
            f"{responses.unit}; the quantiles that they would decide are not reached"
        )
    if measure in _FIXED_REASONS and (not isinstance(entry, Mapping) or entry["value"] is None):
        return _FIXED_REASONS[measure]
    if measure in _OF_PROBABILITIES and entry["value"] is None:
        return "the scores are not probabilities that sum to 1"
    if measure == "accuracy_area" and entry["value"] is None:
        return "no clip is right at 0"
    if measure == "accuracy_area" and entry["half_width"] is None:
        reach = swept_either_way(responses.shifts)
        return f"accuracy stays above 90 % of its value at 0 up to {reach:g} {responses.unit}: no half width"
    if isinstance(entry, list) or entry["n"] == 1:
        return "no interval, because only one clip or group has a value"
    if entry["value"] is None:
        return "no clip has a value"
    return "no interval, because all clips agree and the scores have no bounds"
