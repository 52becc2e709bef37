"""Detection by phase: direct loops from the definitions, planted answers, identities, and what is undefined."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.measure.detection import (
    Detections,
    active_outside,
    delay_spread,
    detect_events,
    detection_rate,
    excess_spread,
    mean_delay,
    partly_found,
    phase_loss,
)
from audioinv.measure.event_windows import EventWindows, derived_events, given_events
from tests.measure.detecting import HOP, ONSETS, RATE, WINDOW, even_places_only, given_at, run, windows_of

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


def test_an_event_that_not_every_phase_could_detect_is_undefined():
    windows, detecting = windows_of(), run(10, 14, 18, 23, 499)
    found = detect_events(detecting, derived_events("dog", detecting, windows), windows)
    assert np.isnan(detection_rate(found)).tolist() == [False, False, True]  # the recording ends too soon


def test_phases_that_never_found_an_event_are_not_partly_and_have_no_delay():
    found = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [np.nan, np.nan]])
    delays = np.array([[np.nan, np.nan], [0.5, np.nan], [0.25, 0.75], [np.nan, np.nan]])
    detections = Detections(found, delays, np.array([0.0, 3.0, 2.0, np.nan]))
    np.testing.assert_array_equal(partly_found(detections), [0, 1, 0, np.nan])
    np.testing.assert_array_equal(detection_rate(detections), [0, 0.5, 1, np.nan])
    np.testing.assert_array_equal(phase_loss(detections), [0, 0.5, 0, np.nan])
    np.testing.assert_array_equal(mean_delay(detections), [np.nan, 0.5, 0.5, np.nan])
    np.testing.assert_array_equal(delay_spread(detections), [np.nan, np.nan, 0.5, np.nan])


def test_no_spread_is_below_what_looking_once_a_stride_brings():
    """Whatever rounding does: windows that all detect, and events all over the recording."""
    windows = windows_of(n_phases=3)
    events = [EventWindows("dog", 0.001 * first / 3, first, first + 2) for first in range(3, 470)]
    excess = excess_spread(detect_events(run(*range(3, 480)), events, windows), windows)
    assert excess.min() >= 0
    assert excess.max() < 1e-12


def test_detections_beside_events_are_counted():
    windows = windows_of(100)
    events = [EventWindows("dog", 0, 10, 19), EventWindows("dog", 0, 15, 29), EventWindows("dog", 0, 60, 55)]
    assert active_outside(run(9, 10, 29, 30, 99), events, windows) == 3 / 80
    assert np.isnan(active_outside(run(3), [EventWindows("dog", 0, 0, 99)], windows))
    assert active_outside(run(), [], windows) == 0
    assert active_outside(run(4, 5, 6), [EventWindows("dog", 0, 5, 5)], windows) == 2 / 99
