"""Detection by phase: direct loops from the definitions, planted answers, identities, and what is undefined."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.measure.detection import (
    EventWindows,
    SlidingWindows,
    active_outside,
    delay_spread,
    derived_events,
    detect_events,
    detection_rate,
    excess_spread,
    given_events,
    mean_delay,
    partly_found,
    phase_loss,
)
from audioinv.measure.detection_summary import RecordingDetections, summarize_detections

RATE, HOP, WINDOW = 1000, 10, 100


def windows_of(n_windows=500, n_phases=4, **more):
    return SlidingWindows(n_windows, WINDOW, HOP, RATE, stride_samples=n_phases * HOP, **more)


def run(*windows):
    return np.array(sorted(windows), dtype=np.int64)


hits = st.lists(st.integers(0, 59), unique=True).map(lambda found: run(*found))


@given(
    detecting=hits,
    first=st.integers(0, 59),
    length=st.integers(0, 30),
    n_phases=st.integers(1, 5),
    anchor=st.integers(0, 9),
)
def test_phases_that_found_an_event_by_a_direct_loop(detecting, first, length, n_phases, anchor):
    windows = windows_of(60, n_phases)
    last = min(first + length, 59)
    found = detect_events(detecting, [EventWindows("dog", 0.05, first, last, anchor)], windows)
    if last - first + 1 < n_phases:
        for values in (found.found, found.delay_seconds, found.n_detecting):
            assert np.isnan(values).all()
        return
    for phase in range(n_phases):
        seen = [k for k in range(first, last + 1) if k in detecting and (k - anchor) % n_phases == phase]
        assert found.found[0, phase] == bool(seen)
        expected = (seen[0] * HOP + WINDOW) / RATE - 0.05 if seen else np.nan
        np.testing.assert_allclose(found.delay_seconds[0, phase], expected, rtol=0, atol=1e-12)
    assert found.n_detecting[0] == sum(k in detecting for k in range(first, last + 1))


@given(detecting=hits, n_phases=st.integers(1, 5))
def test_identities_that_the_conventions_promise(detecting, n_phases):
    windows = windows_of(60, n_phases)
    found = detect_events(detecting, derived_events("dog", detecting, windows), windows)
    defined = ~np.isnan(found.n_detecting)
    loss, rate = phase_loss(found)[defined], detection_rate(found)[defined]
    assert (loss >= 0).all()
    assert (loss < 1).all()
    assert (rate > 0).all()  # an event made of detections has one
    assert ((partly_found(found)[defined] == 1) == (rate < 1)).all()
    spread = delay_spread(found)
    assert (np.isnan(spread[defined]) == (rate < 1)).all()
    full = ~np.isnan(spread)
    assert (spread[full] >= (n_phases - 1) * HOP / RATE - 1e-12).all()
    np.testing.assert_allclose(np.nanmin(found.delay_seconds[defined], axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("start", range(8))
@pytest.mark.parametrize("length", [1, 3, 4, 9])
def test_a_detector_that_does_not_mind_the_grid_loses_nothing(start, length):
    windows = windows_of()
    detecting = run(*range(100 + start, 100 + start + length))
    found = detect_events(detecting, derived_events("dog", detecting, windows), windows)
    assert phase_loss(found).tolist() == [0.0]
    assert detection_rate(found).tolist() == [min(length, 4) / 4]
    if length >= 4:
        np.testing.assert_allclose(excess_spread(found, windows), 0, atol=1e-12)
        np.testing.assert_allclose(delay_spread(found), 0.03, atol=1e-12)


def even_places_only(onset_windows):
    """A detector that sees an event only where it lies at an even place of its window: nine windows, every other."""
    return run(*(onset - back for onset in onset_windows for back in range(0, 10) if back % 2 == 0))


ONSETS = [40, 83, 131, 190, 257, 300, 351, 420, 463, 60, 215, 390]


def given_at(onset_windows, windows):
    onsets = sorted(onset * HOP / RATE + 0.0051 for onset in onset_windows)
    return given_events("dog", onsets, onsets, windows)


def test_planted_even_places_are_found_by_even_phases_only():
    windows = windows_of(n_phases=2)
    found = detect_events(even_places_only(ONSETS), given_at(ONSETS, windows), windows)
    rates = found.found.mean(axis=0)
    assert sorted(rates.tolist()) == [0.0, 1.0]
    assert set(phase_loss(found).tolist()) == {0.5}
    assert set(partly_found(found).tolist()) == {1.0}
    assert np.isnan(delay_spread(found)).all()


def test_control_every_place_is_found_by_every_phase():
    windows = windows_of(n_phases=2)
    detecting = run(*{onset - back for onset in ONSETS for back in range(10)})
    found = detect_events(detecting, given_at(ONSETS, windows), windows)
    assert (found.found == 1).all()
    assert not phase_loss(found).any()
    np.testing.assert_allclose(excess_spread(found, windows), 0, atol=1e-12)


def test_planted_delay_of_some_phases():
    windows = windows_of()
    late = run(100, 101, 102, 111, *range(104, 111, 4), *range(105, 110, 4))  # phase 3 detects 8 windows after the rest
    (event,) = given_events("dog", [1.0], [1.2], windows)
    found = detect_events(late, [event], windows)
    np.testing.assert_allclose(delay_spread(found), 0.11, atol=1e-12)
    np.testing.assert_allclose(excess_spread(found, windows), 0.08, atol=1e-12)
    np.testing.assert_allclose(mean_delay(found), np.mean([0.1, 0.11, 0.12, 0.21]), atol=1e-12)


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
    windows = windows_of()
    events = derived_events("dog", run(10, 14, 18, 23, 499), windows)
    assert [(event.first, event.last) for event in events] == [(10, 18), (23, 26), (499, 499)]
    assert events[0].onset_seconds == pytest.approx(0.2)
    found = detect_events(run(10, 14, 18, 23, 499), events, windows)
    assert np.isnan(detection_rate(found)).tolist() == [False, False, True]  # the recording ends too soon


def test_detections_beside_events_are_counted():
    windows = windows_of(100)
    events = [EventWindows("dog", 0, 10, 19), EventWindows("dog", 0, 15, 29), EventWindows("dog", 0, 60, 55)]
    assert active_outside(run(9, 10, 29, 30, 99), events, windows) == 3 / 80
    assert np.isnan(active_outside(run(3), [EventWindows("dog", 0, 0, 99)], windows))
    assert active_outside(run(), [], windows) == 0


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
