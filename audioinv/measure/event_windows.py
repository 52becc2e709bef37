"""Where the windows of a detector lie in a recording, and in which of them an event could be detected.

Conventions
-----------
A model's window slides over a recording; window k opens at ``k * spacing`` samples. A network that downsamples by
`stride` samples in all sees the sound through a grid of that pitch, anchored at the start of its window: windows whose
starts differ by whole strides see it through the same grid. So the windows fall into *phases*, window start modulo
stride; there are ``stride / gcd(stride, spacing)`` of them, and the phase of window k is ``k * spacing mod stride``.

An *event* has windows in which it could be detected, an unbroken stretch. Phases are counted from its `anchor`: where
onsets are given, the window that opens nearest the onset, so that a phase says how the grid lies to the event; where
events are made of the model's own detections, window 0, for their onsets would favour the phase that came first.

What is here: `SlidingWindows`, `EventWindows`; `given_events`, `derived_events`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd

import numpy as np
import numpy.typing as npt

__all__ = ["EventWindows", "SlidingWindows", "derived_events", "given_events"]

IntArray = npt.NDArray[np.int64]

_PLACES = 6  # of a sample: below is rounding, and a window that opens as an event ends does not overlap it


@dataclass(frozen=True)
class SlidingWindows:
    """Where the windows of a recording lie.

    Parameters
    ----------
    n_windows : int
    n_samples, spacing_samples : int
        Length of a window, and from the start of one to that of the next.
    sample_rate : int
        In hertz.
    stride_samples : int, optional
        Total downsampling of the network, where it is known.
    start_seconds : float, default 0
        Where window 0 opens.

    Examples
    --------
    >>> windows = SlidingWindows(100, 16000, 160, 16000, stride_samples=640)
    >>> windows.n_phases, windows.phases_samples.tolist(), windows.end_seconds(1)
    (4, [0, 160, 320, 480], 1.01)
    """

    n_windows: int
    n_samples: int
    spacing_samples: int
    sample_rate: int
    stride_samples: int | None = None
    start_seconds: float = 0.0

    @property
    def spacing_seconds(self) -> float:
        """From the start of one window to that of the next."""
        return self.spacing_samples / self.sample_rate

    @property
    def n_phases(self) -> int:
        """How many phases the windows have; 1 where the stride is not known."""
        stride = self.stride_samples or self.spacing_samples
        return stride // gcd(stride, self.spacing_samples)

    @cached_property
    def phases_samples(self) -> IntArray:
        """Start of window 0, 1, … modulo stride, shape (n_phases,)."""
        stride = self.stride_samples or self.spacing_samples
        return np.arange(self.n_phases, dtype=np.int64) * self.spacing_samples % stride

    def end_seconds(self, window: int) -> float:
        """Return when a window is complete.

        Parameters
        ----------
        window : int

        Returns
        -------
        float
        """
        return self.start_seconds + (window * self.spacing_samples + self.n_samples) / self.sample_rate


@dataclass(frozen=True)
class EventWindows:
    """The windows in which an event could be detected.

    Parameters
    ----------
    label : str
    onset_seconds : float
        What delays are counted from.
    first, last : int
        The first window and the last; there is none if `last` is below `first`.
    anchor : int
        The window that has phase 0.
    """

    label: str
    onset_seconds: float
    first: int
    last: int
    anchor: int = 0


def given_events(
    label: str, onsets_seconds: Sequence[float], ends_seconds: Sequence[float], windows: SlidingWindows
) -> tuple[EventWindows, ...]:
    """Return the windows of events of one class whose times are known.

    They are those that overlap the event and are complete before the next event of the class begins: a later one would
    not tell which of the two it answers.

    Parameters
    ----------
    label : str
    onsets_seconds, ends_seconds : sequence of float
        In the order of the onsets.
    windows : SlidingWindows

    Returns
    -------
    tuple of EventWindows

    Examples
    --------
    >>> windows = SlidingWindows(10, 4, 1, 1)
    >>> given_events("dog", [5.0, 9.5], [5.0, 10.0], windows)
    (EventWindows(label='dog', onset_seconds=5.0, first=2, last=5, anchor=5),
     EventWindows(label='dog', onset_seconds=9.5, first=6, last=9, anchor=10))
    """
    rate, spacing, n_samples = windows.sample_rate, windows.spacing_samples, windows.n_samples
    starts, stops = (
        np.round((np.asarray(times) - windows.start_seconds) * rate, _PLACES)
        for times in (onsets_seconds, ends_seconds)
    )
    first = np.maximum(0, np.floor((starts - n_samples) / spacing) + 1)  # the first to end after the onset
    overlapping = np.floor(np.maximum(starts, stops - 10.0**-_PLACES) / spacing)
    complete = np.floor((np.append(starts[1:], np.inf) - n_samples) / spacing)
    last = np.minimum(np.minimum(overlapping, complete), windows.n_windows - 1)
    anchor = np.round(starts / spacing)
    spans = np.column_stack([first, last, anchor]).astype(int).tolist()
    return tuple(EventWindows(label, float(onset), *span) for onset, span in zip(onsets_seconds, spans, strict=True))


def derived_events(label: str, detecting: IntArray, windows: SlidingWindows) -> tuple[EventWindows, ...]:
    """Return events of one class made of the model's own detections.

    Detections that follow each other within a stride are one event: a detector that runs once a stride could not tell
    them apart. Its onset is the end of the first window that detects, so that delays say how much later than the
    luckiest phase the others are.

    Parameters
    ----------
    label : str
    detecting : ndarray of shape (n,), int
        Numbers of the windows that detect the class, ascending.
    windows : SlidingWindows

    Returns
    -------
    tuple of EventWindows

    Examples
    --------
    >>> windows = SlidingWindows(100, 4, 1, 1, stride_samples=2)
    >>> [(event.first, event.last) for event in derived_events("dog", np.array([10, 12, 14, 40]), windows)]
    [(10, 14), (40, 41)]
    """
    n_phases = windows.n_phases
    pieces = np.split(detecting, np.flatnonzero(np.diff(detecting) > n_phases) + 1) if len(detecting) else []
    events = []
    for piece in pieces:
        first, last = int(piece[0]), max(int(piece[-1]), int(piece[0]) + n_phases - 1)
        events.append(EventWindows(label, windows.end_seconds(first), first, min(last, windows.n_windows - 1)))
    return tuple(events)
