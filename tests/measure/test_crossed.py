"""The bootstrap over seeds crossed with clips: a direct loop, the plain bootstrap as a limit, and coverage."""

import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.measure.crossed import crossed_curve, crossed_mean
from audioinv.measure.resampling import tail_probability
from audioinv.measure.statistics import estimate_mean
from tests.measure.percentiles import moved_percentiles


def test_its_spread_is_that_of_a_direct_loop(rng):
    values = rng.random((5, 12)) + rng.random((5, 1))
    groups = np.repeat(np.arange(12), 1)
    drawn = []
    for _ in range(4000):
        seeds, clips = rng.integers(0, 5, 5), rng.integers(0, 12, 12)
        drawn.append(np.mean([[values[s, c] for c in clips] for s in seeds]))
    # With so low a confidence Student's t and the normal law differ little, and so do expanded percentiles.
    found = crossed_mean(values, groups, rng=rng, n_resamples=8000, confidence=0.5, bounds=None)
    low, high = np.quantile(drawn, [0.25, 0.75])
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / (high - low) == pytest.approx(1.12, abs=0.12)


def by_hand(values, codes, rng, n_resamples):
    """Draw units and seeds as often as they come up, and let pulls be what a little more weight moves the mean by."""
    n_seeds, n_units = len(values), codes.max() + 1
    of_units = rng.multinomial(n_units, [1 / n_units] * n_units, size=n_resamples)
    of_seeds = rng.multinomial(n_seeds, [1 / n_seeds] * n_seeds, size=n_resamples)

    def mean(seeds, units):
        weights = np.array([[seed * units[code] for code in codes] for seed in seeds])
        return (weights * values).sum() / weights.sum()

    draws = [mean(seeds, units) for seeds, units in zip(of_seeds, of_units, strict=True)]
    value, little = values.mean(), 1e-6
    pulls = [
        [(mean(1 + little * one, np.ones(n_units)) - value) / little for one in np.eye(n_seeds)],
        [(mean(np.ones(n_seeds), 1 + little * one) - value) / little for one in np.eye(n_units)],
    ]
    variances = [(m * np.var(pull, ddof=1), m - 1) for pull in pulls if (m := len(pull)) > 1]
    freedom = sum(v for v, _ in variances) ** 2 / sum(v**2 / m for v, m in variances)
    return moved_percentiles(draws, value, np.concatenate(pulls), tail_probability(freedom + 1, 0.9))


@pytest.mark.parametrize("n_seeds", [1, 2, 5, 12])
@pytest.mark.parametrize("sizes", [[1] * 12, [1, 2, 3, 4, 1, 1, 2, 6, 1, 1, 3, 2], [1, 1, 1]])
def test_the_interval_follows_its_definition(sizes, n_seeds):
    rng = np.random.default_rng(3)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    values = rng.exponential(1, (n_seeds, len(codes))) + 0.3 * rng.exponential(1, (n_seeds, 1))
    expected = by_hand(values, codes, np.random.default_rng(4), 150)
    options = {"n_resamples": 150, "confidence": 0.9, "bounds": None}
    found = crossed_mean(values, codes, rng=np.random.default_rng(4), **options)
    assert [found.low, found.high] == pytest.approx(expected, rel=1e-4)
    # A curve of which this is the middle, between one that never varies and another.
    curve = np.stack([np.ones_like(values), values, -2 * values], axis=2)
    several = crossed_curve(curve, codes, rng=np.random.default_rng(4), **options)
    assert [several.low[1], several.high[1]] == pytest.approx([found.low, found.high])
    assert [several.low[2], several.high[2]] == pytest.approx([-2 * found.high, -2 * found.low])
    assert np.isnan([several.low[0], several.high[0]]).all()


def test_what_is_not_said_is_2000_resamples_95_percent_and_values_between_0_and_1(rng):
    values = rng.random((3, 12))
    said = {"n_resamples": 2000, "confidence": 0.95, "bounds": (0.0, 1.0)}
    for several in (values, np.zeros((3, 12)), np.ones((3, 12))):
        plain, full = (crossed_mean(several, None, rng=np.random.default_rng(1), **o) for o in ({}, said))
        assert plain == full
        curves = [crossed_curve(several[..., None], None, rng=np.random.default_rng(1), **o) for o in ({}, said)]
        assert curves[0].at(0) == curves[1].at(0) == full


def test_with_seeds_that_agree_it_is_the_plain_bootstrap(rng):
    clips = (rng.random(60) < 0.7).astype(float)
    groups = np.repeat(np.arange(20), 3)
    plain = estimate_mean(clips, groups, rng=np.random.default_rng(1), n_resamples=20000, bounds=None)
    for n_seeds in (1, 5):
        crossed = crossed_mean(np.tile(clips, (n_seeds, 1)), groups, rng=np.random.default_rng(2), n_resamples=20000)
        assert crossed.value == pytest.approx(plain.value)
        assert [crossed.low, crossed.high] == pytest.approx(
            [plain.low, plain.high], abs=1.01 / 60
        )  # the plain interval is accelerated: one clip
        assert (crossed.n, crossed.n_groups, crossed.unit) == (60, 20, "group")


def test_with_clips_that_agree_it_is_the_bootstrap_of_seeds(rng):
    seeds = rng.random(12)
    plain = estimate_mean(seeds, None, rng=np.random.default_rng(1), n_resamples=20000, bounds=None)
    crossed = crossed_mean(np.tile(seeds[:, None], (1, 30)), None, rng=np.random.default_rng(2), n_resamples=20000)
    assert [crossed.low, crossed.high] == pytest.approx([plain.low, plain.high], abs=0.012)


def test_seeds_that_differ_widen_the_interval(rng):
    clips = (rng.random(40) < 0.8).astype(float)
    steady = crossed_mean(np.tile(clips, (5, 1)), None, rng=np.random.default_rng(0), bounds=None)
    moved = clips + np.array([-0.2, -0.1, 0, 0.1, 0.2])[:, None]
    shaken = crossed_mean(moved, None, rng=np.random.default_rng(0), bounds=None)
    assert shaken.value == pytest.approx(steady.value)
    assert shaken.high - shaken.low > 1.3 * (steady.high - steady.low)


def test_whole_groups_are_drawn(rng):
    of_groups = np.repeat((rng.random((5, 12)) < 0.6).astype(float), 5, axis=1)
    together = crossed_mean(of_groups, np.repeat(np.arange(12), 5), rng=np.random.default_rng(0))
    apart = crossed_mean(of_groups, None, rng=np.random.default_rng(0))
    assert together.high - together.low > 1.2 * (apart.high - apart.low)


def test_unanimity_speaks_of_clips_not_seen_and_has_none_without_bounds():
    agreed = crossed_mean(np.ones((5, 12)), None, rng=np.random.default_rng(0))
    assert (agreed.value, round(agreed.low, 3), agreed.high) == (1.0, 0.735, 1.0)
    of_more_seeds = crossed_mean(np.ones((20, 12)), None, rng=np.random.default_rng(0))
    assert of_more_seeds.low == pytest.approx(0.025 ** (1 / 20))
    uneven = crossed_mean(np.ones((5, 15)), [*range(12), 0, 0, 1], rng=np.random.default_rng(0))
    assert uneven.low == agreed.low
    unbounded = crossed_mean(np.ones((5, 12)), None, rng=np.random.default_rng(0), bounds=None)
    assert np.isnan([unbounded.low, unbounded.high]).all()


def test_undefined_is_counted_and_not_zero():
    values = np.array([[1.0, np.nan, 0.0], [1.0, 1.0, 0.0]])
    found = crossed_mean(values, None, rng=np.random.default_rng(0))
    assert (found.value, found.n, found.n_undefined) == (0.5, 2, 1)
    nothing = crossed_mean(np.full((2, 3), np.nan), None, rng=np.random.default_rng(0))
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()
    alone = crossed_mean([[0.5]], None, rng=np.random.default_rng(0))
    assert alone.value == 0.5
    assert np.isnan([alone.low, alone.high]).all()
    assert crossed_curve(np.full((2, 3, 4), np.nan), None, rng=np.random.default_rng(0)).value.shape == (4,)


def test_a_curve_is_its_points(rng):
    values = rng.random((4, 30, 3))
    curve = crossed_curve(values, None, rng=np.random.default_rng(3))
    for k in range(3):
        point = crossed_mean(values[..., k], None, rng=np.random.default_rng(3))
        assert curve.value[k] == pytest.approx(point.value)
        assert [curve.low[k], curve.high[k]] == pytest.approx([point.low, point.high], abs=1e-12)


def test_lengths_must_agree():
    with pytest.raises(InputError, match="every clip needs one group"):
        crossed_mean(np.ones((2, 3)), [1, 2], rng=np.random.default_rng(0))


@pytest.mark.slow
@pytest.mark.parametrize(("of_seeds", "of_clips", "of_both"), [(0.0, 0.3, 0.3), (0.1, 0.3, 0.3), (0.3, 0.1, 0.1)])
def test_intervals_cover_what_five_seeds_and_thirty_clips_come_from(rng, of_seeds, of_clips, of_both):
    covered = 0
    for _ in range(400):
        values = rng.normal(0, of_seeds, (5, 1)) + rng.normal(0, of_clips, (1, 30)) + rng.normal(0, of_both, (5, 30))
        found = crossed_mean(values, None, rng=rng, n_resamples=500, bounds=None)
        covered += found.low <= 0 <= found.high
    assert 0.88 < covered / 400 < 0.995
