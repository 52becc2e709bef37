"""From detections in recordings to the numbers of a summary, each with its interval.

Conventions
-----------
As in `audioinv.measure.detection`; events of all classes and recordings are averaged together. Intervals resample
minutes of a recording, since events of one minute resemble each other, or single events where there are fewer than ten
such minutes. What is undefined is ``None`` and has its reason among the warnings.

What is here: `RecordingDetections`, `EventRow`, `summarize_detections`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from . import detection
from .detection import Detections
from .event_windows import EventWindows, IntArray, SlidingWindows, derived_events
from .statistics import estimate_curve, estimate_mean
from .summary import plain

__all__ = ["EventRow", "RecordingDetections", "summarize_detections"]

FloatArray = npt.NDArray[np.float64]

_GROUP_SECONDS = 60.0


@dataclass(frozen=True)
class EventRow:
    """What became of one event; ``nan`` where undefined, see `audioinv.measure.detection`.

    Parameters
    ----------
    label : str
    onset_s : float
    n_detecting : float
        Windows that detected it.
    detection_rate, phase_loss : float
    mean_delay_s, delay_spread_s, excess_spread_s : float
    """

    label: str
    onset_s: float
    n_detecting: float
    detection_rate: float
    phase_loss: float
    mean_delay_s: float
    delay_spread_s: float
    excess_spread_s: float


@dataclass(frozen=True, eq=False)
class RecordingDetections:
    """What a model detected in one recording.

    Parameters
    ----------
    windows : SlidingWindows
    detecting : mapping of str to ndarray of int
        By class, the numbers of the windows that detect it, ascending.
    events : mapping of str to tuple of EventWindows, optional
        By class, those that are known; made of the detections if not given.
    """

    windows: SlidingWindows
    detecting: Mapping[str, IntArray]
    events: Mapping[str, tuple[EventWindows, ...]] | None = None

    def events_of(self, label: str) -> tuple[EventWindows, ...]:
        """Return the events of a class, known or derived.

        Parameters
        ----------
        label : str

        Returns
        -------
        tuple of EventWindows
        """
        if self.events is not None:
            return self.events.get(label, ())
        return derived_events(label, self.detecting[label], self.windows)

    def rows(self) -> Iterator[EventRow]:
        """Yield what became of each event, class by class.

        Yields
        ------
        EventRow
        """
        for label, detecting in self.detecting.items():
            events = self.events_of(label)
            found = detection.detect_events(detecting, events, self.windows)
            measures = (
                found.n_detecting,
                detection.detection_rate(found),
                detection.phase_loss(found),
                detection.mean_delay(found),
                detection.delay_spread(found),
                detection.excess_spread(found, self.windows),
            )
            for event, *values in zip(events, *(measure.tolist() for measure in measures), strict=True):
                yield EventRow(label, event.onset_seconds, *values)


@dataclass(frozen=True, eq=False)
class _Pool:
    """Events of any classes and recordings, with what became of them."""

    detections: Detections
    groups: npt.NDArray[np.intp]
    windows: SlidingWindows
    seed: int

    def mean(self, measure: str, values: FloatArray, bounds: tuple[float, float] | None = (0.0, 1.0)) -> Any:
        rng = np.random.default_rng([self.seed, zlib.crc32(measure.encode())])
        return plain(estimate_mean(values, self.groups, rng=rng, bounds=bounds))


def summarize_detections(
    recordings: Sequence[RecordingDetections], labels: Sequence[str], *, seed: int = 0
) -> dict[str, Any]:
    """Summarize what a model detected.

    Parameters
    ----------
    recordings : sequence of RecordingDetections
        At least one; of the same window, spacing and stride.
    labels : sequence of str
        The model's classes.
    seed : int, default 0
        Of the intervals.

    Returns
    -------
    dict
        Plain JSON data.

    Examples
    --------
    >>> windows = SlidingWindows(100, 4, 1, 1, stride_samples=2)
    >>> even = RecordingDetections(windows, {"dog": np.array([10, 12, 14, 40, 42])})
    >>> found = summarize_detections([even], ["dog"])
    >>> found["n_events"], found["detection_rate_by_phase"]["value"], found["phase_loss"]["value"]
    (2, [1.0, 0.0], 0.5)
    """
    by_label = {label: _pool(recordings, label, seed) for label in labels}
    pool = _join(list(by_label.values()))
    found, windows = pool.detections, pool.windows
    rate = detection.detection_rate(found)
    curve = estimate_curve(found.found, pool.groups, rng=np.random.default_rng([seed, 0]))
    summary = {
        "events": "derived" if recordings[0].events is None else "given",
        "n_events": len(rate),
        "phases_ms": plain(1000 * windows.phases_samples / windows.sample_rate),
        "detection_rate": pool.mean("detection_rate", rate),
        "detection_rate_by_phase": plain(curve),
        "partly_found": pool.mean("partly_found", detection.partly_found(found)),
        "phase_loss": pool.mean("phase_loss", detection.phase_loss(found)),
        "mean_delay_s": pool.mean("mean_delay_s", detection.mean_delay(found), None),
        "delay_by_phase_s": plain(_mean_of_columns(found.delay_seconds)),
        "delay_spread_s": pool.mean("delay_spread_s", detection.delay_spread(found), None),
        "excess_spread_s": pool.mean("excess_spread_s", detection.excess_spread(found, windows), None),
        "active_outside": _outside(recordings, labels),
        "by_class": [_class_row(label, part) for label, part in by_label.items() if len(part.groups)],
    }
    return {**summary, "warnings": [*_reasons(summary), *_cautions(pool, recordings)]}


def _pool(recordings: Sequence[RecordingDetections], label: str, seed: int) -> _Pool:
    parts, groups = [], []
    for number, recording in enumerate(recordings):
        events = recording.events_of(label)
        parts.append(detection.detect_events(recording.detecting[label], events, recording.windows))
        minutes = [int(event.onset_seconds // _GROUP_SECONDS) for event in events]
        groups.append(np.array(minutes, dtype=np.intp) + number * (1 << 32))
    return _Pool(_concatenate(parts), np.concatenate(groups), recordings[0].windows, seed)


def _join(pools: Sequence[_Pool]) -> _Pool:
    detections = _concatenate([pool.detections for pool in pools])
    return replace(pools[0], detections=detections, groups=np.concatenate([pool.groups for pool in pools]))


def _concatenate(parts: Sequence[Detections]) -> Detections:
    names = ("found", "delay_seconds", "n_detecting")
    return Detections(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _mean_of_columns(delays: FloatArray) -> FloatArray:
    n_found = (~np.isnan(delays)).sum(axis=0)
    mean: FloatArray = np.divide(
        np.nansum(delays, axis=0), n_found, out=np.full(len(n_found), np.nan), where=n_found > 0
    )
    return mean


def _outside(recordings: Sequence[RecordingDetections], labels: Sequence[str]) -> dict[str, Any] | None:
    """Return, for each class, the mean over recordings of the share of windows that detect it beside its events."""
    if recordings[0].events is None:
        return None
    shares = {
        label: [
            detection.active_outside(recording.detecting[label], recording.events_of(label), recording.windows)
            for recording in recordings
        ]
        for label in labels
    }
    known = {label: [share for share in found if not np.isnan(share)] for label, found in shares.items()}
    return {label: plain(float(np.mean(found)) if found else float("nan")) for label, found in known.items()}


def _class_row(label: str, pool: _Pool) -> dict[str, Any]:
    return {
        "label": label,
        "n_events": len(pool.groups),
        "detection_rate": pool.mean("detection_rate", detection.detection_rate(pool.detections)),
        "phase_loss": pool.mean("phase_loss", detection.phase_loss(pool.detections)),
    }


def _reasons(summary: Mapping[str, Any]) -> Iterator[str]:
    """Say why numbers are undefined."""
    names = ("detection_rate", "partly_found", "phase_loss", "mean_delay_s", "delay_spread_s", "excess_spread_s")
    undefined = [name for name in names if summary[name]["value"] is None]
    if not summary["n_events"]:
        yield f"sliding.{undefined[0]}: there are no events, so nothing that follows from them is defined"
        return
    why = "no event could have been detected by every phase"
    if summary["detection_rate"]["value"] is not None:
        why = "no phase found any event" if "mean_delay_s" in undefined else "no event was found by every phase"
    for name in undefined:
        yield f"sliding.{name}: {why}"


def _cautions(pool: _Pool, recordings: Sequence[RecordingDetections]) -> Iterator[str]:
    """Say what a reader could mistake."""
    windows = pool.windows
    stride, spacing = windows.stride_samples, windows.spacing_samples
    if stride is None:
        yield "the network's stride is not known, so all windows count as one phase and phases say nothing"
    elif windows.n_phases == 1:
        yield f"windows {spacing} samples apart have one phase of the stride of {stride}; slide by less"
    elif stride % spacing:
        yield (
            f"windows {spacing} samples apart do not divide the stride of {stride}: a phase comes back after "
            f"{windows.n_phases * spacing} samples only, so brief events are missed by most; slide by a divisor"
        )
    n_undefined = int(np.isnan(pool.detections.n_detecting).sum())
    if n_undefined:
        yield f"{n_undefined} of {len(pool.groups)} events have no window of some phase to themselves and were left out"
    if recordings[0].events is None and len(pool.groups):
        yield (
            "events are made of the model's own detections: one that no window detects does not count, delays are "
            "counted from the earliest detection, and phases from the start of the recording"
        )
