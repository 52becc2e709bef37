"""One axis of a sweep: what its measures can lie between, and which generator each of them draws from."""

import numpy as np
import pytest

from audioinv.measure import calibration
from audioinv.measure.axis_sweep import PER_CLIP, AxisSweep, per_clip, range_of
from audioinv.measure.ranks import max_top5_distance
from audioinv.measure.statistics import estimate_curve, estimate_mean
from tests.measure.summaries import SHIFTS, one_hot, planted_answers, random_scores, table


@pytest.fixture
def sweep_of(make_responses):
    def sweep(scores, shifts=SHIFTS, **options):
        options = {"seed": 0} | options
        return AxisSweep("time", make_responses(scores, shifts), table(len(scores)), **options)

    return sweep


@pytest.mark.parametrize(
    ("lowest", "highest", "is_probability"),
    [(0.0, 1.0, True), (0.2, 1.0009, True), (0.2, 1.002, False), (-0.001, 0.5, False), (-3.0, 4.0, False)],
)
def test_scores_between_0_and_1_can_be_probabilities(sweep_of, lowest, highest, is_probability):
    """In every block of clips; half precision may round a little beyond 1."""
    scores = np.full((12, 11, 3), 0.5)
    scores[3, 4, 1], scores[9, 2, 0], scores[5, 5, 2] = lowest, highest, np.nan
    sweep = sweep_of(scores)
    assert sweep.bounds == ((0.0, 1.0) if is_probability else None)
    assert sweep.variation_bounds == ((0.0, 10.0) if is_probability else None)


def test_what_measures_can_lie_between(sweep_of):
    sweep = sweep_of(one_hot(planted_answers()))
    others = {
        "total_variation": (0.0, 10.0),
        "excess_variation": (0.0, 10.0),
        "rank_distance": (0.0, max_top5_distance(3)),
        "brier_drift": (-2.0, 2.0),
        "log_loss_drift": (-calibration.MAX_LOG_LOSS, calibration.MAX_LOG_LOSS),
    }
    for measure in PER_CLIP:
        assert range_of(sweep, measure) == others.get(measure, (0.0, 1.0))
        low, high = range_of(sweep, measure)
        values = per_clip(sweep, measure)
        assert ((low <= values) & (values <= high)).all()
    logits = sweep_of(np.log(random_scores(0)))
    assert [measure for measure in PER_CLIP if range_of(logits, measure) is None] == [
        *("mac", "mac_neighbours", "js_drift", "total_variation", "excess_variation")
    ]


def test_one_other_shift_can_vary_by_1(sweep_of):
    assert sweep_of(random_scores(0)[:, 5:7], SHIFTS[5:7]).variation_bounds == (0.0, 1.0)


def test_a_lead_within_the_noise_floor_leaves_the_clean_answer(sweep_of):
    scores = np.where(one_hot(planted_answers()) > 0, 0.375, 0.3125)
    np.testing.assert_array_equal(sweep_of(scores).answers, planted_answers())
    np.testing.assert_array_equal(sweep_of(scores, noise_floor=0.07).answers, np.arange(12)[:, None].repeat(11, 1) % 3)


def test_means_and_curves_draw_from_the_measures_own_generator(sweep_of):
    sweep, again, other = (sweep_of(random_scores(0), seed=seed) for seed in (0, 0, 1))
    named = ((sweep, "mac"), (again, "mac"), (sweep, "wobble"), (other, "mac"))
    draws = [one.rng(measure).random() for one, measure in named]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 3
    values = np.random.default_rng(3).exponential(1, 12)
    codes = sweep.clips.group_codes
    assert sweep.mean("mac", values, None) == estimate_mean(values, codes, rng=again.rng("mac"), bounds=None)
    for agreed in (np.zeros(12), np.ones(12)):
        assert sweep.mean("mac", agreed) == estimate_mean(agreed, codes, rng=again.rng("mac"), bounds=(0.0, 1.0))
    curve = np.random.default_rng(3).random((12, 4))
    expected = estimate_curve(curve, codes, rng=again.rng("mac"))
    np.testing.assert_array_equal(sweep.curve("mac", curve).low, expected.low)
