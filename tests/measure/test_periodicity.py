"""Periods of a response: planted ones are found and named, and what has none finds none."""

import numpy as np
import pytest
from scipy import stats

from audioinv.measure.periodicity import explain_period, find_periods


def planted(rng, period, n_clips=10, n_shifts=81, noise=0.1, step=1.0):
    delays = step * np.arange(n_shifts)
    phases = rng.uniform(0, 2 * np.pi, (n_clips, 1))
    trend = np.linspace(0, 1, n_shifts) * rng.standard_normal((n_clips, 1))
    wave = np.cos(2 * np.pi * delays / period + phases)
    return trend + wave + noise * rng.standard_normal((n_clips, n_shifts))


@pytest.mark.parametrize("period", [4, 8, 10, 16])
def test_a_planted_period_is_found_although_every_clip_has_its_own_phase(rng, period):
    curves = planted(rng, period)
    assert np.ptp(curves.mean(axis=0)) < 2.5
    peak = find_periods(curves, 1.0, n_units=10)[0]
    assert abs(1 / peak.period - 1 / period) <= 0.5 / 81
    assert peak.share > 0.5
    assert peak.p_value < 1e-6
    halved = find_periods(curves, 0.5, n_units=10)[0]
    assert halved.period == pytest.approx(peak.period / 2)


def test_the_share_is_that_of_the_variance(rng):
    """Two waves, one of twice the amplitude: four fifths of the variance."""
    curves = planted(rng, 4, n_shifts=80, noise=0.01) * 2 + planted(rng, 10, n_shifts=80, noise=0.01)
    first, second, *_ = find_periods(curves, 1.0, n_units=10)
    assert (first.period, second.period) == (4, 10)
    assert first.share == pytest.approx(0.8, abs=0.05)
    assert second.share == pytest.approx(0.2, abs=0.05)


def by_hand(curves, n_units):
    """The height of every bin over its neighbours' median, its share and its p value, step by step."""
    n = curves.shape[1]
    places = np.arange(n)
    power = np.zeros(n // 2 + 1)
    for curve in curves:
        flat = curve - np.polyval(np.polyfit(places, curve, 1), places)
        tapered = flat * (0.5 - 0.5 * np.cos(2 * np.pi * places / n))
        power += [abs(np.sum(tapered * np.exp(-2j * np.pi * k * places / n))) ** 2 for k in range(len(power))]
    power = power[2:] / len(curves)
    octaves, level = np.log(np.arange(2, 2 + len(power))), np.log(power)
    slopes = [(level[j] - level[i]) / (octaves[j] - octaves[i]) for j in range(len(level)) for i in range(j)]
    level = level - np.median(slopes) * octaves
    mirrored = np.concatenate([level[4::-1], level, level[:-6:-1]])
    ratio = [np.exp(level[k] - np.median(mirrored[k : k + 11])) for k in range(len(level))]
    medians = stats.gamma(n_units).median()
    p = [min(1.0, stats.beta(5 * n_units, n_units).cdf(5 / (5 + r * medians))) for r in ratio]
    held, adjusted = 0.0, np.zeros(len(p))
    for rank, k in enumerate(np.argsort(p)):
        held = max(held, min(1.0, p[k] * (len(p) - rank)))
        adjusted[k] = held
    padded = np.pad(power, 1)
    tall = [k for k in range(len(p)) if ratio[k] > 3 and adjusted[k] < 0.01]
    tall = [k for k in tall if power[k] >= max(padded[k], padded[k + 2])]
    highest = sorted(tall, key=lambda k: -power[k])[:3]
    return [((padded[k] + padded[k + 1] + padded[k + 2]) / power.sum(), adjusted[k], n / (k + 2)) for k in highest]


@pytest.mark.parametrize(
    ("bins", "n_clips", "n_shifts", "n_found"),
    [
        ({9: 1}, 6, 72, 1),
        ({9: 1}, 3, 73, 1),
        ({9: 1, 11: 0.8}, 8, 72, 2),  # two bins apart, and each is higher than what lies between
        ({9: 1, 10: 0.8}, 8, 72, 1),
        ({9.5: 1}, 8, 72, 1),
        ({4: 1, 14: 1.2, 24: 0.9, 34: 0.8}, 6, 72, 3),
        ({2: 0.8, 36: 2}, 6, 72, 2),  # the first bin and the last
        ({}, 6, 72, 0),
    ],
)
def test_periods_shares_and_p_values_follow_their_definitions(bins, n_clips, n_shifts, n_found):
    rng = np.random.default_rng(11)
    turns = np.arange(n_shifts) / n_shifts
    curves = 0.5 * rng.standard_normal((n_clips, n_shifts))
    for index, amplitude in bins.items():
        curves += amplitude * np.cos(2 * np.pi * (index * turns + rng.random((n_clips, 1))))
    peaks = find_periods(curves, 1.0, n_units=n_clips)
    expected = by_hand(curves, n_clips)
    assert len(peaks) == len(expected) == n_found
    for peak, (share, p_value, period) in zip(peaks, expected, strict=True):
        assert peak.share == pytest.approx(share)
        assert peak.p_value == pytest.approx(p_value, rel=1e-6)
        assert peak.period == pytest.approx(period)


@pytest.mark.parametrize(("ratio", "n_found"), [(2.9, 0), (3.1, 1)])
def test_what_is_less_than_three_times_its_neighbours_is_no_peak_however_many_clips_say_so(ratio, n_found):
    """One click has all frequencies alike; and Hann's window makes a quarter of its length of a wave."""
    places = np.arange(200) - 100
    click = (places == 0).astype(float)
    wave = 4 / 200 * (np.sqrt(ratio) - 1) * np.cos(2 * np.pi * 50 * places / 200)
    assert len(find_periods((click + wave)[None], 1.0, n_units=10_000)) == n_found


def test_a_wave_however_weak_stands_out_of_nothing():
    """No line is in what is symmetric, and so nothing leaks: a weak wave of its own is seen beside a strong one."""
    turns = (np.arange(80) - 39.5) / 80
    strong, weak = (np.cos(2 * np.pi * index * turns) for index in (20, 8))
    first, second, *_ = find_periods((strong + 1e-9 * weak)[None], 1.0, n_units=1)
    assert (first.period, second.period) == (4, 10)


@pytest.mark.parametrize("walk", [False, True])
@pytest.mark.parametrize("n_clips", [1, 10])
def test_noise_has_hardly_ever_a_period(rng, walk, n_clips):
    found = 0
    for _ in range(300):
        noise = rng.standard_normal((n_clips, 81))
        found += bool(find_periods(np.cumsum(noise, axis=1) if walk else noise, 1.0, n_units=n_clips))
    assert found <= 15


def test_what_does_not_vary_or_is_too_short_has_no_period(rng):
    assert find_periods(np.full((5, 60), 0.7), 1.0, n_units=5) == []
    assert find_periods(np.linspace(0, 1, 60)[None], 1.0, n_units=1) == []
    assert find_periods(planted(rng, 4, n_shifts=23), 1.0, n_units=10) == []
    assert find_periods(np.full((5, 60), np.nan), 1.0, n_units=5) == []
    assert find_periods(planted(rng, 4, n_shifts=24), 1.0, n_units=10) != []


def test_a_clip_without_scores_is_left_out(rng):
    curves = planted(rng, 8)
    spoilt = np.concatenate([curves, np.full((1, 81), np.nan)])
    assert find_periods(spoilt, 1.0, n_units=10) == find_periods(curves, 1.0, n_units=10)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (10, "hop"),
        (10.4, "hop"),  # within half a bin of 1 / 100
        (11, None),
        (40, "stride"),
        (5, "hop / 2"),
        (20, "stride / 2"),
        (13.3, "stride / 3"),
        (2.5, None),  # a quarter of a hop: no claim beyond the third
    ],
)
def test_a_period_is_named_by_what_has_it(period, expected):
    assert explain_period(period, {"hop": 10.0, "stride": 40.0}, reach=100.0, step=1.0) == expected


def test_what_the_grid_cannot_show_explains_nothing():
    assert explain_period(50, {"stride": 50.0}, reach=100.0, step=1.0) == "stride"
    assert explain_period(10, {"hop": 10.0}, reach=100.0, step=5.0) == "hop"
    assert explain_period(10, {"hop": 10.0}, reach=100.0, step=5.1) is None
    assert explain_period(5, {"hop": 10.0}, reach=100.0, step=2.5) == "hop / 2"
    assert explain_period(5, {"hop": 10.0}, reach=100.0, step=2.6) is None
    assert explain_period(60, {"stride": 60.0}, reach=100.0, step=1.0) is None
