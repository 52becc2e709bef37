"""Calibration: scikit-learn's Brier score and log loss, a loop over bins, and planted drifts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as reference_log_loss

from audioinv.measure import calibration
from audioinv.measure.resampling import resampled_sums, tail_probability


@pytest.fixture
def answered(rng):
    scores = rng.dirichlet([1.0, 1.0, 1.0], size=(40, 5))
    return scores, rng.integers(0, 3, 40)


def test_brier_score_is_scikit_learns_twice(rng):
    p = rng.random((30, 4))
    targets = rng.integers(0, 2, 30)
    found = calibration.brier_score(np.stack([1 - p, p], axis=2), targets)
    expected = [brier_score_loss(targets, p[:, s]) for s in range(4)]  # of two classes it counts one
    np.testing.assert_allclose(found.mean(axis=0), 2 * np.array(expected))


def test_brier_score_and_log_loss_follow_their_definitions(answered):
    scores, targets = answered
    brier, loss = calibration.brier_score(scores, targets), calibration.log_loss(scores, targets)
    for i, clip in enumerate(scores):
        for s, row in enumerate(clip):
            certain = [float(c == targets[i]) for c in range(3)]
            assert brier[i, s] == pytest.approx(sum((p - y) ** 2 for p, y in zip(row, certain, strict=True)))
            assert loss[i, s] == pytest.approx(-np.log(row[targets[i]]))
    for s in range(5):
        assert loss[:, s].mean() == pytest.approx(reference_log_loss(targets, scores[:, s], labels=[0, 1, 2]))


def loop_calibration_error(confidence, correct, n_bins):
    total = 0.0
    for b in range(n_bins):
        inside = [i for i, p in enumerate(confidence) if b / n_bins < p <= (b + 1) / n_bins or (b == 0 and p == 0)]
        if inside:
            gap = np.mean([correct[i] for i in inside]) - np.mean([confidence[i] for i in inside])
            total += len(inside) / len(confidence) * abs(gap)
    return total


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_calibration_error_follows_its_definition(n_clips, n_bins, seed):
    rng = np.random.default_rng(seed)
    confidence, correct = rng.integers(0, 17, (n_clips, 2)) / 16, rng.integers(0, 2, (n_clips, 2)).astype(float)
    found = calibration.calibration_error(confidence, correct, n_bins)
    for s in range(2):
        assert found[s] == pytest.approx(loop_calibration_error(confidence[:, s], correct[:, s], n_bins))


def test_a_calibrated_model_has_no_error_and_a_boaster_all_of_it():
    confidence = np.full((4, 1), 0.75)
    assert calibration.calibration_error(confidence, np.array([[1.0], [1.0], [1.0], [0.0]])) == pytest.approx(0)
    assert calibration.calibration_error(np.ones((4, 1)), np.zeros((4, 1))) == pytest.approx(1)


def test_drift_is_the_shifted_mean_less_the_clean_value():
    assert calibration.drift(np.array([[0.5, 0.25, 1.0]]), 1) == pytest.approx([0.5])
    assert np.isnan(calibration.drift(np.array([[0.5]]), 0)).all()


def test_what_is_undefined_is_left_out(answered):
    scores, targets = answered
    unlabelled = np.where(np.arange(40) == 3, -1, targets)
    for measure in (calibration.brier_score, calibration.log_loss):
        assert np.isnan(measure(scores, unlabelled)[3]).all()
        assert np.isnan(measure(scores * 2, targets)).all()
        assert not np.isnan(np.delete(measure(scores, unlabelled), 3, axis=0)).any()
    confidence, correct = np.array([[0.75], [np.nan]]), np.array([[1.0], [1.0]])
    assert calibration.calibration_error(confidence, correct) == pytest.approx(0.25)
    assert np.isnan(calibration.calibration_error(confidence[1:], correct[1:])).all()


def test_the_drift_of_the_calibration_error_and_its_interval(rng):
    """Calibrated at 0, and as sure but always wrong when shifted: the drift is planted."""
    confidence = np.full((200, 3), 0.75)
    correct = np.stack([rng.random(200) < 0.75, np.zeros(200), np.zeros(200)], axis=1).astype(float)
    found = calibration.bootstrap_calibration_drift(confidence, correct, 0, None, rng=rng)
    errors = calibration.calibration_error(confidence, correct)
    assert found.value == pytest.approx(errors[1:].mean() - errors[0])
    assert found.low < 0.75 - abs(correct[:, 0].mean() - 0.75) <= found.high
    assert found.high - found.low < 0.2
    modest = 1 - np.eye(2)[rng.integers(0, 2, 50)] * 0.5  # over- and underconfident by turns, in different bins
    mixed = calibration.bootstrap_calibration_drift(modest, np.array([[0.0, 1.0]] * 50), 0, None, rng=rng)
    errors = calibration.calibration_error(modest, np.array([[0.0, 1.0]] * 50))
    assert mixed.value == pytest.approx(errors[1] - errors[0])
    same = calibration.bootstrap_calibration_drift(confidence, correct[:, [0, 0, 0]], 0, None, rng=rng)
    assert same.value == pytest.approx(0, abs=1e-12)
    assert np.isnan([same.low, same.high]).all()  # no resample differs, which says nothing of other clips
    two = calibration.bootstrap_calibration_drift(
        np.array([[0.6, 0.6], [0.9, 0.9]]), np.array([[0.0, 0.0], [1.0, 1.0]]), 0, None, rng=rng
    )
    assert (two.value, two.n) == (0, 2)
    assert np.isnan([two.low, two.high]).all()
    alone = calibration.bootstrap_calibration_drift(confidence[:, :1], correct[:, :1], 0, None, rng=rng)
    assert np.isnan(alone.value)
    one = calibration.bootstrap_calibration_drift(confidence[:1], correct[:1], 0, None, rng=rng)
    assert np.isnan(one.low)
    assert one.n == 1


@pytest.mark.parametrize("sizes", [[1] * 12, [1, 2, 3, 1, 4, 1, 2, 1, 1, 3, 1, 2]])
def test_the_interval_of_its_drift_is_that_of_resampled_groups(sizes):
    """Sums over groups of confidence less correctness in each of fifteen bins, drawn together with how many clips."""
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(12), sizes)
    confidence, correct = rng.random((len(groups), 3)), rng.integers(0, 2, (len(groups), 3)).astype(float)
    confidence[0, :2] = 0.0, 1.0  # the ends of the first bin and of the last
    rows = np.zeros((12, 3 * 15 + 1))
    for group, sure, right in zip(groups, confidence, correct, strict=True):
        for s in range(3):
            b = max(next(b for b in range(15) if sure[s] <= (b + 1) / 15), 0)
            rows[group, 15 * s + b] += sure[s] - right[s]
        rows[group, -1] += 1

    def drift(sums):
        errors = [np.abs(sums[15 * s : 15 * s + 15]).sum() / sums[-1] for s in range(3)]
        return (errors[0] + errors[2]) / 2 - errors[1]

    options = {"rng": np.random.default_rng(4), "n_resamples": 300}
    found = calibration.bootstrap_calibration_drift(confidence, correct, 1, groups, **options)
    assert found.value == pytest.approx(drift(rows.sum(axis=0)))
    drawn = [drift(sums) for sums in resampled_sums(rows, np.random.default_rng(4), 300)]
    tail = tail_probability(12, 0.95)
    assert [found.low, found.high] == pytest.approx(np.quantile(drawn, [tail, 1 - tail]))
    assert (found.n, found.n_groups) == (len(groups), 12)


def test_there_is_no_drift_of_a_clip_that_is_not_shifted(rng):
    alone = calibration.bootstrap_calibration_drift(rng.random((9, 1)), np.ones((9, 1)), 0, None, rng=rng)
    assert np.isnan([alone.value, alone.low, alone.high]).all()
    assert alone.n == 9


def test_2000_resamples_if_not_said_otherwise(rng):
    confidence, correct = rng.random((12, 2)), rng.integers(0, 2, (12, 2)).astype(float)
    plain, full = (
        calibration.bootstrap_calibration_drift(confidence, correct, 0, None, rng=np.random.default_rng(4), **options)
        for options in ({}, {"n_resamples": 2000})
    )
    assert plain == full


def test_two_clips_have_an_interval_of_their_drift(rng):
    confidence, correct = np.array([[0.6, 0.9], [0.6, 0.7]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    found = calibration.bootstrap_calibration_drift(confidence, correct, 0, None, rng=rng)
    assert found.low < found.high


def test_the_smallest_probability_is_single_precisions(rng):
    scores = np.array([[[1.0, 0.0], [1 - 2.0**-20, 2.0**-20], [0.0, 1.0]]])
    assert calibration.log_loss(scores, np.array([1]))[0] == pytest.approx([23 * np.log(2), 20 * np.log(2), 0])
    assert calibration.log_loss(scores[..., [0]] * 0 + 1, np.array([0]))[0].tolist() == [0, 0, 0]
    assert calibration.log_loss(scores, np.array([1])).max() == calibration.MAX_LOG_LOSS
