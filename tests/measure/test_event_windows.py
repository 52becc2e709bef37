"""Windows of events by a direct loop, and detections that make an event."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.measure.event_windows import SlidingWindows, derived_events, given_events
from tests.measure.detecting import HOP, RATE, WINDOW, run, windows_of


@given(
    onsets=st.lists(st.integers(0, 5500), min_size=1, max_size=5, unique=True).map(sorted),
    lengths=st.lists(st.integers(0, 400), min_size=5, max_size=5),
    start=st.sampled_from([0.0, 0.7]),
)
def test_windows_of_given_events_by_a_direct_loop(onsets, lengths, start):
    windows = windows_of(530, start_seconds=start)
    ends = [onset + length for onset, length in zip(onsets, lengths, strict=False)]
    seconds = [[start + one / RATE for one in ones] for ones in (onsets, ends)]
    found = given_events("dog", *seconds, windows)
    for event, onset, end, following in zip(found, onsets, ends, [*onsets[1:], np.inf], strict=True):
        overlapping = [
            k
            for k in range(530)
            if k * HOP + WINDOW > onset and (k * HOP < end or k * HOP <= onset) and k * HOP + WINDOW <= following
        ]
        assert list(range(event.first, event.last + 1)) == overlapping
        assert abs(event.anchor * HOP - onset) <= HOP / 2


def test_detections_within_a_stride_are_one_event():
    events = derived_events("dog", run(10, 14, 18, 23, 499), windows_of())
    assert [(event.first, event.last) for event in events] == [(10, 18), (23, 26), (499, 499)]
    assert events[0].onset_seconds == pytest.approx(0.2)
    assert derived_events("dog", run(), windows_of()) == ()


@pytest.mark.parametrize("stride", [None, 1, 10, 15, 25, 40])
def test_phases_are_the_different_places_of_windows_in_the_grid(stride):
    """Walked over window by window; without a stride, or one that every window fits, there is one."""
    windows = SlidingWindows(500, WINDOW, HOP, RATE, stride_samples=stride, start_seconds=0.5)
    places = [k * HOP % (stride or HOP) for k in range(500)]
    assert windows.n_phases == len(set(places))
    assert windows.phases_samples.tolist() == places[: windows.n_phases]
    assert windows.end_seconds(7) == pytest.approx(0.5 + (7 * HOP + WINDOW) / RATE)
    assert windows.spacing_seconds == HOP / RATE
