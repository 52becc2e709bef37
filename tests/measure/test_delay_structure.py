"""Hops and strides in the unit of a sweep: which periods a model can have, and curves that have them."""

import numpy as np
import pytest

from audioinv.measure.delay_structure import ModelFacts, frame_phase, periods

DELAYS = np.arange(-100.0, 101.0, 2.0)  # ms


def waves(period_ms, rng):
    wave = 0.7 + 0.2 * np.cos(2 * np.pi * DELAYS / period_ms) + 0.01 * rng.standard_normal((6, len(DELAYS)))
    return np.stack([wave, 1 - wave], axis=2)


@pytest.mark.parametrize(
    ("period_ms", "hop", "stride", "expected"),
    [
        (10, 80, 640, "hop"),
        (20, 80, 640, "2 hops"),
        (40, 80, 320, "total stride"),
        (5, 80, 640, "hop / 2"),
        (20, None, 160, "total stride"),
        (20, None, 320, "160 samples"),
        (100, None, 800, "total stride"),  # as slow as half of what the delays reach
        (20, 80, 800, "2 hops"),
        (30, 80, 600, None),  # three hops do not divide the stride, which is no multiple of a hop
        (30, 80, 960, "3 hops"),
        (10, 80, None, "hop"),
        (13, 80, 640, None),
        (10, None, None, None),
    ],
)
def test_periods_are_named_by_hops_and_strides(make_responses, rng, period_ms, hop, stride, expected):
    facts = ModelFacts(8000, hop_samples=hop, stride_samples=stride)
    first = periods(make_responses(waves(period_ms, rng), DELAYS), facts, n_units=6)[0]
    assert first["period"] == pytest.approx(period_ms, rel=0.06)
    assert first.get("matches") == expected


def test_uneven_or_few_delays_have_no_spectrum(make_responses, rng):
    scores, facts = waves(10, rng), ModelFacts(8000, hop_samples=80)
    uneven = np.append(DELAYS[:-1], 103.0)
    assert periods(make_responses(scores, uneven), facts, n_units=6) is None
    few = np.abs(DELAYS) <= 22
    assert periods(make_responses(scores[:, few], DELAYS[few]), facts, n_units=6) is None
    enough = (DELAYS >= -22) & (DELAYS <= 24)
    (peak,) = periods(make_responses(scores[:, enough], DELAYS[enough]), facts, n_units=6)
    assert (enough.sum(), peak["matches"]) == (24, "hop")
    rounded = DELAYS + 1e-6 * (np.arange(len(DELAYS)) % 2)  # half a millionth of a step
    assert periods(make_responses(scores, rounded - rounded[50]), facts, n_units=6)


def test_frame_phase_counts_in_samples(make_responses):
    """At 8 kHz a hop of 80 samples is 10 ms."""
    p = np.where(DELAYS % 10 == 0, 0.875, 0.75)
    responses = make_responses(np.stack([p, 1 - p], axis=1)[None], DELAYS)
    assert frame_phase(responses, ModelFacts(8000, hop_samples=80)) == pytest.approx([0.125])
    assert frame_phase(responses, ModelFacts(4000, hop_samples=80))[0] < 0.12
