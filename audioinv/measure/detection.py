"""Detection in a recording: does it depend on where the network's grid falls, and how late does it come.

Conventions
-----------
Windows, their *phases* and the windows of an event are those of `audioinv.measure.event_windows`. A window *detects* a
class where its score reaches a threshold. The windows of one phase are what a detector hears that runs once a stride
(where spacing divides the stride); which phase it is, is luck, and should not matter.

Times are in seconds. A detection is there when its window is complete, so a delay runs from the onset to the end of
the first window that detects. Arrays are ordered ``(n_events, n_phases)``; ``nan`` where an event is undefined: no
window of some phase could have detected it (it is too close to the next of its class, or to an end of the recording).

For an event with c detecting windows the following holds, and is tested: ``found`` phases are at most ``min(c,
n_phases)``, with equality if these windows are consecutive. What is missing to that is the *phase loss*. Delays of
different phases differ by ``(n_phases - 1) * spacing`` at least, with equality if the first `n_phases` windows from the
first detection on all detect. What there is beyond is the *excess spread*. Both are 0 for a detector whose score rises
once and falls once, however invariant it is to anything else.

What is here: `Detections`, `detect_events`; `detection_rate`, `partly_found`, `phase_loss`, `mean_delay`,
`delay_spread`, `excess_spread`, `active_outside`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .event_windows import EventWindows, IntArray, SlidingWindows

__all__ = [
    "Detections",
    "active_outside",
    "delay_spread",
    "detect_events",
    "detection_rate",
    "excess_spread",
    "mean_delay",
    "partly_found",
    "phase_loss",
]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Detections:
    """Which phases found which events, and when.

    Parameters
    ----------
    found : ndarray of shape (n_events, n_phases)
        1 where a window of the phase detected the event, else 0; a row of ``nan`` for an event that is undefined.
    delay_seconds : ndarray of shape (n_events, n_phases)
        From the onset to the end of the first window of the phase that detected it; ``nan`` where none did.
    n_detecting : ndarray of shape (n_events,)
        Windows of any phase that detected it; ``nan`` for an event that is undefined.
    """

    found: FloatArray
    delay_seconds: FloatArray
    n_detecting: FloatArray


def detect_events(detecting: IntArray, events: Sequence[EventWindows], windows: SlidingWindows) -> Detections:
    """Return which phases found which events of a class, and when.

    Parameters
    ----------
    detecting : ndarray of shape (n,), int
        Numbers of the windows that detect the class, ascending.
    events : sequence of EventWindows
    windows : SlidingWindows

    Returns
    -------
    Detections

    Examples
    --------
    A detector that sees only what lies at even places of its window:

    >>> windows = SlidingWindows(100, 4, 1, 1, stride_samples=2)
    >>> event = EventWindows("dog", 20.0, 17, 20, anchor=20)
    >>> found = detect_events(np.array([18, 20]), [event], windows)
    >>> found.found, found.delay_seconds
    (array([[1., 0.]]), array([[ 2., nan]]))
    """
    n_phases = windows.n_phases
    found = np.full((len(events), n_phases), np.nan)
    delay, n_detecting = found.copy(), np.full(len(events), np.nan)
    for row, event in enumerate(events):
        if event.last - event.first + 1 < n_phases:
            continue
        begin, stop = np.searchsorted(detecting, [event.first, event.last + 1])
        hits = detecting[begin:stop]
        phases, earliest = np.unique((hits - event.anchor) % n_phases, return_index=True)
        found[row] = np.isin(np.arange(n_phases), phases)
        delay[row, phases] = [windows.end_seconds(int(hit)) - event.onset_seconds for hit in hits[earliest]]
        n_detecting[row] = len(hits)
    return Detections(found, delay, n_detecting)


def detection_rate(detections: Detections) -> FloatArray:
    """Share of phases that found each event.

    Parameters
    ----------
    detections : Detections

    Returns
    -------
    ndarray of shape (n_events,)
        Its mean over events is the mean of the rates by phase, which are the means of the columns of ``found``.
    """
    rate: FloatArray = detections.found.mean(axis=1)
    return rate


def partly_found(detections: Detections) -> FloatArray:
    """Whether some phases found an event and others missed it.

    Parameters
    ----------
    detections : Detections

    Returns
    -------
    ndarray of shape (n_events,)
        1 where that is so, else 0.
    """
    rate = detection_rate(detections)
    return np.where(np.isnan(rate), np.nan, (rate > 0) & (rate < 1))


def phase_loss(detections: Detections) -> FloatArray:
    """Share of phases that missed an event although enough windows detected it to serve them too.

    Parameters
    ----------
    detections : Detections

    Returns
    -------
    ndarray of shape (n_events,)
        ``(min(c, n_phases) - found) / n_phases`` for c detecting windows: 0 where they are consecutive, because an
        event that is merely brief is missed by chance alone; towards 1 where one phase makes all detections.

    Examples
    --------
    >>> found = np.array([[1.0, 0.0], [1.0, 0.0]])  # by ten windows, all of one phase, and by a single window
    >>> phase_loss(Detections(found, np.where(found, 0.5, np.nan), np.array([10.0, 1.0])))
    array([0.5, 0. ])
    """
    n_phases = detections.found.shape[1]
    served = np.minimum(detections.n_detecting, n_phases)
    loss: FloatArray = (served - detections.found.sum(axis=1)) / n_phases
    return loss


def mean_delay(detections: Detections) -> FloatArray:
    """Mean delay of the phases that found each event.

    Parameters
    ----------
    detections : Detections

    Returns
    -------
    ndarray of shape (n_events,), seconds
        ``nan`` where none did.
    """
    n_found = np.nansum(detections.found, axis=1)
    total = np.nansum(detections.delay_seconds, axis=1)
    mean: FloatArray = np.divide(total, n_found, out=np.full(len(total), np.nan), where=n_found > 0)
    return mean


def delay_spread(detections: Detections) -> FloatArray:
    """How much later than the first phase the last one found each event.

    Parameters
    ----------
    detections : Detections

    Returns
    -------
    ndarray of shape (n_events,), seconds
        ``nan`` where a phase never found it: its delay has no end.
    """
    spread: FloatArray = np.ptp(detections.delay_seconds, axis=1)
    return spread


def excess_spread(detections: Detections, windows: SlidingWindows) -> FloatArray:
    """Return the delay spread beyond what looking once a stride brings by itself.

    Parameters
    ----------
    detections : Detections
    windows : SlidingWindows

    Returns
    -------
    ndarray of shape (n_events,), seconds
        Less ``(n_phases - 1) * spacing``, by which phases differ even if every window detects; 0 or more.
    """
    unavoidable = (windows.n_phases - 1) * windows.spacing_seconds
    excess: FloatArray = np.maximum(0.0, delay_spread(detections) - unavoidable)  # below 0 there is only rounding
    return excess


def active_outside(detecting: IntArray, events: Iterable[EventWindows], windows: SlidingWindows) -> float:
    """Share of windows that detect a class where none of its events is.

    Parameters
    ----------
    detecting : ndarray of shape (n,), int
        Numbers of the windows that detect the class, ascending.
    events : iterable of EventWindows
    windows : SlidingWindows

    Returns
    -------
    float
        ``nan`` where every window overlaps an event. A model that always detects finds every event; this tells it.

    Examples
    --------
    >>> windows = SlidingWindows(10, 4, 1, 1)
    >>> active_outside(np.arange(10), [EventWindows("dog", 3.0, 0, 3)], windows)
    1.0
    """
    bounds = sorted((event.first, event.last + 1) for event in events if event.last >= event.first)
    joined = [(0, 0)]
    for first, stop in bounds:
        joined.append((max(first, joined[-1][1]), max(stop, joined[-1][1])))
    inside = sum(stop - first for first, stop in joined)
    hits = sum(np.diff(np.searchsorted(detecting, span)).item() for span in joined)
    outside = windows.n_windows - inside
    return (len(detecting) - hits) / outside if outside else float("nan")
