"""The bootstrap over seeds crossed with clips: a direct loop, the plain bootstrap as a limit, and coverage."""

import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.measure.crossed import crossed_curve, crossed_mean
from audioinv.measure.statistics import estimate_mean


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
    assert np.isnan(alone.low)


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
