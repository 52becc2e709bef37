"""The summary of detections: planted phases are found, with intervals, and what is undefined says why."""

import pytest

from audioinv.measure.detection_summary import RecordingDetections, summarize_detections
from audioinv.measure.event_windows import SlidingWindows, given_events
from tests.measure.detecting import HOP, ONSETS, RATE, WINDOW, even_places_only, given_at, run, windows_of


def summary_of(detecting, windows, events=None):
    known = None if events is None else {"dog": events}
    return summarize_detections([RecordingDetections(windows, {"dog": detecting, "cat": run()}, known)], ["dog", "cat"])


def test_a_summary_finds_the_planted_phase_and_says_how_sure():
    windows = windows_of(n_phases=2)
    found = summary_of(even_places_only(ONSETS), windows, given_at(ONSETS, windows))
    assert (found["events"], found["n_events"], found["phases_ms"]) == ("given", 12, [0, 10])
    assert sorted(found["detection_rate_by_phase"]["value"]) == [0, 1]
    assert found["phase_loss"]["value"] == 0.5
    assert found["partly_found"]["low"] > 0.7
    assert found["by_class"][0]["label"] == "dog"
    assert found["active_outside"] == {"dog": 0, "cat": 0}
    assert found["delay_spread_s"]["value"] is None
    assert "sliding.delay_spread_s: no event was found by every phase" in found["warnings"]


def test_derived_events_find_it_too():
    found = summary_of(even_places_only(ONSETS), windows_of(n_phases=2))
    assert (found["events"], found["n_events"], found["active_outside"]) == ("derived", 12, None)
    assert found["phase_loss"]["value"] == 0.5
    assert any("made of the model's own detections" in warning for warning in found["warnings"])


def test_nothing_detected_is_undefined_and_says_so():
    found = summary_of(run(), windows_of())
    assert found["n_events"] == 0
    assert found["detection_rate"]["value"] is None
    assert found["by_class"] == []
    assert any("there are no events" in warning for warning in found["warnings"])
    missed = summary_of(run(), windows_of(), given_at(ONSETS, windows_of()))
    assert missed["detection_rate"]["value"] == 0
    assert missed["mean_delay_s"]["value"] is None
    assert "sliding.mean_delay_s: no phase found any event" in missed["warnings"]


@pytest.mark.parametrize(
    ("stride", "why"),
    [(None, "stride is not known"), (10, "have one phase"), (25, "do not divide the stride of 25"), (40, None)],
)
def test_cautions_about_phases(stride, why):
    windows = SlidingWindows(500, WINDOW, HOP, RATE, stride_samples=stride)
    events = given_events("dog", [1.0, 2.0], [1.0, 2.0], windows)
    warnings = summary_of(run(*range(92, 101), *range(192, 201)), windows, events)["warnings"]
    assert any(why in warning for warning in warnings) if why else not warnings


def test_events_too_close_are_left_out_and_counted():
    windows = windows_of()
    onsets = [1.0, 1.02, 2.0]
    found = summary_of(run(*range(92, 101)), windows, given_events("dog", onsets, onsets, windows))
    assert found["detection_rate"]["n_undefined"] == 1
    assert any("1 of 3 events have no window of some phase" in warning for warning in found["warnings"])


def test_minutes_are_what_is_resampled_where_there_are_enough():
    windows = SlidingWindows(80_000, WINDOW, HOP, RATE, stride_samples=20)
    onsets = [60.0 * minute + second for minute in range(12) for second in (1, 2, 3)]
    events = given_events("dog", onsets, onsets, windows)
    detecting = run(*(round(onset * RATE / HOP) - back for onset in onsets[:18] for back in range(5)))
    found = summary_of(detecting, windows, events)["detection_rate"]
    assert (found["value"], found["unit"], found["n_groups"]) == (0.5, "group", 12)
    assert found["low"] < 0.35


def test_minutes_of_two_recordings_are_groups_of_their_own():
    windows = SlidingWindows(36_000, WINDOW, HOP, RATE, stride_samples=20)
    onsets = [60.0 * minute + second for minute in range(6) for second in (1, 2, 3)]
    recording = RecordingDetections(windows, {"dog": run()}, {"dog": given_events("dog", onsets, onsets, windows)})
    found = summarize_detections([recording, recording], ["dog"])["detection_rate"]
    assert (found["unit"], found["n_groups"]) == ("group", 12)
