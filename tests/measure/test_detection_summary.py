"""The summary of detections: planted phases are found, with intervals, and what is undefined says why."""

import pytest

from audioinv.measure.detection_summary import RecordingDetections, summarize_detections
from audioinv.measure.event_windows import EventWindows, SlidingWindows, given_events
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
    assert found["partly_found"]["high"] == 1
    assert found["by_class"][0]["label"] == "dog"
    assert found["active_outside"] == {"dog": 0, "cat": 0}
    assert found["delay_spread_s"]["value"] is None
    assert "sliding.delay_spread_s: no event was found by every phase" in found["warnings"]


def test_what_a_summary_says_of_delays_and_classes():
    """An event at 0.4051 s is detected by all windows, one at 0.8351 s by one phase; a window ends ten hops on."""
    windows = windows_of(n_phases=2)
    found = summary_of(run(*range(34, 41), 78, 80), windows, given_at([40, 83], windows))
    first, second = (0.44 + 0.45) / 2 - 0.4051, 0.88 - 0.8351
    assert found["mean_delay_s"]["value"] == pytest.approx((first + second) / 2)
    by_phase = [0.44 - 0.4051, (0.45 - 0.4051 + 0.88 - 0.8351) / 2]
    assert sorted(found["delay_by_phase_s"]) == pytest.approx(by_phase)
    assert found["delay_spread_s"]["value"] == pytest.approx(0.01)
    assert found["excess_spread_s"]["value"] == pytest.approx(0, abs=1e-12)
    assert (found["detection_rate"]["value"], found["phase_loss"]["value"]) == (0.75, 0.25)
    assert found["partly_found"]["value"] == 0.5
    (row,) = found["by_class"]
    assert (row["label"], row["n_events"], row["detection_rate"]["value"]) == ("dog", 2, 0.75)
    assert row["phase_loss"]["value"] == 0.25


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
    assert (missed["detection_rate"]["value"], missed["detection_rate"]["low"]) == (0, 0)
    assert missed["detection_rate"]["high"] == pytest.approx(1 - 0.025 ** (1 / 12))
    assert not any("made of the model's own" in warning for warning in (*found["warnings"], *missed["warnings"]))
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
    if stride == 25:
        assert "a phase comes back after 50 samples only" in warnings[-1]


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


@pytest.mark.parametrize("seconds", [(0.3,), (0.3, 59.7)])
def test_a_minute_is_a_group(seconds):
    windows = SlidingWindows(80_000, WINDOW, HOP, RATE, stride_samples=20)
    onsets = [60.0 * minute + second for minute in range(12) for second in seconds]
    found = summary_of(run(), windows, given_events("dog", onsets, onsets, windows))["detection_rate"]
    assert (found["n"], found["n_groups"]) == (12 * len(seconds), 12)


def test_without_a_seed_it_draws_as_with_0():
    windows = windows_of()
    detecting = run(*(onset - back for onset in ONSETS for back in range(onset % 7)))
    recording = RecordingDetections(windows, {"dog": detecting}, {"dog": given_at(ONSETS, windows)})
    seeds = ({}, {"seed": 0}, {"seed": 1})
    delays = [summarize_detections([recording], ["dog"], **options)["mean_delay_s"] for options in seeds]
    assert delays[0] == delays[1]
    assert delays[1]["low"] != delays[2]["low"]


def test_windows_beside_events_are_averaged_over_recordings_that_have_any():
    windows = windows_of(100)
    whole, none = EventWindows("dog", 0.0, 0, 99), EventWindows("dog", 0.5, 40, 59)
    recordings = [
        RecordingDetections(windows, {"dog": run(3, 50)}, {"dog": (whole,)}),
        RecordingDetections(windows, {"dog": run(3, 4, 50)}, {"dog": (none,)}),
        RecordingDetections(windows, {"dog": run(3, 4, 5, 6, 50)}, {"dog": (none,)}),
    ]
    assert summarize_detections(recordings, ["dog"])["active_outside"] == {"dog": pytest.approx((2 / 80 + 4 / 80) / 2)}
    assert summarize_detections(recordings[:1], ["dog"])["active_outside"] == {"dog": None}


def test_events_that_no_phase_could_have_to_itself_leave_all_undefined():
    windows = windows_of()
    onsets = [1.0, 1.02]
    found = summary_of(run(95), windows, given_events("dog", onsets, onsets, windows)[:1])
    why = "no event could have been detected by every phase"
    assert f"sliding.detection_rate: {why}" in found["warnings"]
    assert f"sliding.mean_delay_s: {why}" in found["warnings"]


def test_minutes_of_two_recordings_are_groups_of_their_own():
    windows = SlidingWindows(36_000, WINDOW, HOP, RATE, stride_samples=20)
    onsets = [60.0 * minute + second for minute in range(6) for second in (1, 2, 3)]
    recording = RecordingDetections(windows, {"dog": run()}, {"dog": given_events("dog", onsets, onsets, windows)})
    found = summarize_detections([recording, recording], ["dog"])["detection_rate"]
    assert (found["unit"], found["n_groups"]) == ("group", 12)
