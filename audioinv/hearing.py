"""One model hearing one long recording: rows of scores go out as they come, and what was detected stays.

Conventions
-----------
Of a window that detects a class its number is kept, 12 bytes, and of the others nothing. See
`audioinv.sliding_analysis`.

What is here: `Hearing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from .corpus.events import Event
from .measure.detection_summary import RecordingDetections
from .measure.event_windows import EventWindows, IntArray, SlidingWindows, given_events
from .nets.model import Model
from .report.sliding_tables import windows_table
from .sound.recording import Recording
from .sweep.stream import SlidingPlan, slide_scores

__all__ = ["Hearing"]


@dataclass(frozen=True, eq=False)
class Hearing:
    """A model that is ready to hear recordings.

    Parameters
    ----------
    model : Model
    plan : SlidingPlan
    threshold : float
        A window detects a class whose score reaches it.
    keep : callable
        Takes the rows of each tile.
    on_tile : callable, optional
        Called after each tile with the recording's name.
    """

    model: Model
    plan: SlidingPlan
    threshold: float
    keep: Callable[[pa.Table], None]
    on_tile: Callable[[str], None] | None = None

    def slide(self, recording: Recording, events: Sequence[Event] | None = None) -> RecordingDetections:
        """Slide over a recording.

        Parameters
        ----------
        recording : Recording
        events : sequence of Event, optional
            What sounds in it, where that is known.

        Returns
        -------
        RecordingDetections

        Raises
        ------
        AudioFileError
            If the file turns out to be damaged; the rows before the damage have been handed on.
        ModelError
            If the model answers in the wrong shape, or NaN.
        """
        windows, detecting = self._collect(recording)
        return RecordingDetections(windows, detecting, _placed(events, windows))

    def _collect(self, recording: Recording) -> tuple[SlidingWindows, dict[str, IntArray]]:
        spec, plan = self.model.spec, self.plan
        start = recording.start_seconds
        windows = SlidingWindows(0, spec.n_samples, plan.spacing, spec.sample_rate, plan.stride_samples, start)
        rows, classes = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
        for scores in slide_scores(self.model, plan, recording.blocks(spec.sample_rate), recording.name):
            self.keep(windows_table(self.model, recording.name, windows, windows.n_windows, scores))
            row, found = np.nonzero(scores >= self.threshold)
            rows.append(row + windows.n_windows)
            classes.append(found.astype(np.int32))
            windows = replace(windows, n_windows=windows.n_windows + len(scores))
            if self.on_tile is not None:
                self.on_tile(recording.name)
        row, found = np.concatenate(rows), np.concatenate(classes)
        return windows, {label: row[found == index] for index, label in enumerate(spec.labels)}


def _placed(events: Sequence[Event] | None, windows: SlidingWindows) -> dict[str, tuple[EventWindows, ...]] | None:
    """Return the windows of the events that are known, by class."""
    if events is None:
        return None
    by_label: dict[str, list[Event]] = {}
    for event in events:
        by_label.setdefault(event.label, []).append(event)
    return {
        label: given_events(label, [one.onset_seconds for one in same], [one.end_seconds for one in same], windows)
        for label, same in by_label.items()
    }
