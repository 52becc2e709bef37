"""What is resampled, and how."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

from audioinv.errors import InputError
from audioinv.measure import resampling
from audioinv.measure.resampling import resampled_sums, same_clips, tail_probability, take_sample, unseen_share


@pytest.mark.parametrize(
    ("n_groups", "clips_per_group", "unit", "n_units"),
    [(10, 3, "group", 10), (9, 3, "clip", 27), (3, 1, "group", 3), (1, 5, "clip", 5)],
)
def test_groups_are_resampled_where_there_are_enough(n_groups, clips_per_group, unit, n_units):
    groups = np.repeat(np.arange(n_groups), clips_per_group)
    sample = take_sample(np.ones((len(groups), 1)), groups)
    assert (sample.unit, sample.n_units, sample.n_groups) == (unit, n_units, n_groups)


def test_without_groups_every_clip_is_one():
    sample = take_sample(np.ones((4, 1)), None)
    assert (sample.unit, sample.n_units, sample.n_groups) == ("clip", 4, 4)


def test_clips_without_a_value_count_neither_as_clips_nor_as_groups():
    groups = np.repeat(np.arange(11), 2)
    values = np.ones((22, 2))
    values[:4, 1] = np.nan
    sample = take_sample(values, groups)
    assert (sample.n, sample.n_groups, sample.unit, sample.n_undefined) == (18, 9, "clip", 4)


def test_sums_over_units():
    groups = np.array([f"kit {number}" for number in range(10)] + ["kit 3"])
    sample = take_sample(np.arange(11.0)[:, None], groups)
    assert sample.per_unit(sample.values).ravel().tolist() == [0, 1, 2, 13, 4, 5, 6, 7, 8, 9]


def test_one_group_a_clip_is_needed():
    with pytest.raises(InputError, match="3 values but groups of shape"):
        take_sample(np.ones((3, 1)), ["a", "b"])


def test_totals_have_the_moments_of_drawing_with_replacement():
    rows = np.array([[0.0, 1.0], [0.0, 1.0], [3.0, 2.0], [6.0, 0.0]])
    totals = resampled_sums(rows, np.random.default_rng(0), 20_000)
    standard_error = 4 * rows.std(axis=0) / np.sqrt(4) / np.sqrt(len(totals))
    assert (np.abs(totals.mean(axis=0) - rows.sum(axis=0)) < 4 * standard_error).all()
    np.testing.assert_allclose(np.cov(totals.T, bias=True), 4 * np.cov(rows.T, bias=True), rtol=0.05, atol=0.1)


@settings(deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(order):
    rows = np.array([[0.0], [0.0], [1.0], [2.0], [2.0], [5.0]])
    first, second = (resampled_sums(r, np.random.default_rng(1), 50) for r in (rows, rows[list(order)]))
    np.testing.assert_array_equal(first, second)


def test_drawing_in_parts_is_drawing_at_once(monkeypatch):
    rows = np.arange(5.0)[:, None]
    at_once = resampled_sums(rows, np.random.default_rng(2), 17)
    monkeypatch.setattr(resampling, "_MAX_WEIGHTS", 15)
    np.testing.assert_array_equal(resampled_sums(rows, np.random.default_rng(2), 17), at_once)


@settings(deadline=None)
@given(st.integers(2, 500), st.floats(0.5, 0.99))
def test_expanded_percentiles_make_the_normal_law_a_t_interval(n_units, confidence):
    """For normal data the bootstrap's spread is s·sqrt((n-1)/n)/sqrt(n): its percentile must land on t·s/sqrt(n)."""
    reach = -stats.norm.ppf(tail_probability(n_units, confidence)) * np.sqrt((n_units - 1) / n_units)
    if np.isfinite(reach):  # with two units the tail is below what a double holds
        assert reach == pytest.approx(stats.t.ppf((1 + confidence) / 2, n_units - 1), rel=1e-4)


@settings(deadline=None)
@given(st.integers(1, 1000), st.floats(0.5, 0.99))
def test_units_that_differ_could_just_have_been_missed(n_units, confidence):
    assert stats.binom.pmf(0, n_units, unseen_share(n_units, confidence)) == pytest.approx((1 - confidence) / 2)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("n_columns", [1, 5, 16, 17, 70])
def test_totals_are_those_of_rows_told_apart_by_numpy(rng, kind, n_columns):
    rows = rng.integers(-1, 2, (60, n_columns)) * (rng.random((60, n_columns)) < 3 / n_columns) / 2.0
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    assert n_columns == 1 or 3 < len(kinds) < 60
    expected = np.random.default_rng(4).multinomial(60, counts / 60, size=30) @ kinds
    np.testing.assert_allclose(resampled_sums(kind(rows), np.random.default_rng(4), 30), expected, atol=1e-12)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_rows_that_only_a_later_column_tells_apart_are_two(kind):
    """Beside others, that differ from the first column on, wherever these stand in the order."""
    alike = np.zeros((2, 40))
    alike[1, 35] = 1.0
    for other in (-1.0, 2.0):
        rows = np.concatenate([alike, np.full((1, 40), other)])
        kinds = np.unique(rows, axis=0)
        expected = np.random.default_rng(4).multinomial(3, [1 / 3] * 3, size=30) @ kinds
        np.testing.assert_allclose(resampled_sums(kind(rows), np.random.default_rng(4), 30), expected, atol=1e-12)


def test_columns_of_the_same_clips_come_back_as_numbers():
    first, second = same_clips([1, 2], [True, False])
    assert (first.dtype, second.dtype) == (float, float)
    assert (first.tolist(), second.tolist()) == ([1, 2], [1, 0])
    with pytest.raises(InputError, match=r"columns of shapes \(3,\) and \(1,\)"):
        same_clips([1.0, 2.0, 3.0], [1.0])


def test_sums_over_units_of_rows_that_are_mostly_0(rng):
    groups = rng.integers(0, 12, 40)
    rows = rng.random((40, 7)) * (rng.random((40, 7)) < 0.3)
    sample = take_sample(rows, groups)
    assert sample.unit == "group"
    np.testing.assert_allclose(sample.per_unit(sparse.csr_array(rows)).toarray(), sample.per_unit(rows), atol=1e-12)
