"""Analysis of variance and firing rates: SciPy, tmeasures, planted units, and the correction the right way round."""

import numpy as np
import pytest
import scipy.stats

from audioinv.errors import InputError
from audioinv.measure.layerwise.unit_invariance import CORRECTIONS, anova_f, firing_rates, variant_units

from .test_unit_variance import ACTIVATIONS


def test_f_is_scipys_and_that_of_tmeasures(rng):
    values = rng.standard_normal((6, 4, 5)) + np.arange(4)[None, :, None] * 0.5
    expected = [scipy.stats.f_oneway(*values[:, :, u].T).statistic for u in range(5)]
    np.testing.assert_allclose(anova_f(values), expected)
    np.testing.assert_allclose(anova_f(ACTIVATIONS), [4.967889908257, 1.177852348993, 0.74347826087], rtol=1e-11)


@pytest.mark.parametrize("n_clips", [3, 4])  # the mean of three 0.1 is not 0.1
def test_a_unit_that_clips_do_not_move_has_no_f(n_clips):
    dead = np.broadcast_to(np.array([0.1, 0.2, 0.7])[None, :, None], (n_clips, 3, 1))
    assert np.isnan(anova_f(dead)).all()
    assert not variant_units(anova_f(dead), n_clips, 3).any()
    assert not variant_units(anova_f(dead), n_clips, 3, correction="bonferroni").any()


def test_a_unit_that_clips_move_at_one_shift_only_has_one():
    values = np.zeros((3, 2, 1))
    values[:, 0, 0] = [-1, 0, 2]
    assert anova_f(values) == pytest.approx([scipy.stats.f_oneway(values[:, 0, 0], values[:, 1, 0]).statistic])


def test_more_units_make_it_harder_not_easier():
    threshold = {n: scipy.stats.f.isf(0.01 / n, 4, 45) for n in (1, 100)}
    assert threshold[100] > threshold[1] > 3
    for n_units, f in ((1, threshold[1] * 1.01), (100, threshold[100] * 1.01)):
        units = np.r_[f, np.ones(n_units - 1)]
        assert variant_units(units, 10, 5, correction="bonferroni").tolist() == [True] + [False] * (n_units - 1)
    between = np.r_[threshold[1] * 1.01, np.ones(99)]
    assert not variant_units(between, 10, 5, correction="bonferroni").any()
    assert not variant_units(between, 10, 5, correction="holm").any()


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_units_without_an_f_do_not_make_it_harder(correction):
    f = np.r_[np.full(99, np.nan), scipy.stats.f.isf(0.0099, 4, 45)]
    assert variant_units(f, 10, 5, correction=correction).tolist() == [False] * 99 + [True]


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_alpha_is_one_hundredth_unless_given(correction):
    f = scipy.stats.f.isf([0.0101], 4, 45)
    assert not variant_units(f, 10, 5, correction=correction).any()
    assert variant_units(f, 10, 5, alpha=0.0102, correction=correction).all()


def test_false_alarms_of_a_whole_layer_stay_below_alpha(rng):
    alarms = [variant_units(anova_f(rng.standard_normal((6, 4, 20))), 6, 4, alpha=0.2).any() for _ in range(300)]
    assert 0.1 < np.mean(alarms) < 0.28  # 0.2 less what correction gives away, give or take three standard errors


def test_holm_steps_down_and_finds_what_bonferroni_misses():
    f = scipy.stats.f.isf([0.001, 0.004, 0.009, 0.5], 4, 45)
    assert variant_units(f, 10, 5, alpha=0.01, correction="bonferroni").tolist() == [True, False, False, False]
    assert variant_units(f[[0, 3]], 10, 5, alpha=0.01).tolist() == [True, False]
    f = scipy.stats.f.isf([0.001, 0.003, 0.0049, 0.009], 4, 45)
    assert variant_units(f, 10, 5, alpha=0.01, correction="bonferroni").tolist() == [True, False, False, False]
    assert variant_units(f, 10, 5, alpha=0.01).tolist() == [True] * 4
    assert variant_units(scipy.stats.f.isf([0.002, 0.004, 0.004], 4, 45), 10, 5).tolist() == [True] * 3
    # The second misses its step, 0.01 / 2, so the third is not asked although it would pass 0.01 / 1.
    assert variant_units(scipy.stats.f.isf([0.002, 0.006, 0.007], 4, 45), 10, 5).tolist() == [True, False, False]


@pytest.mark.parametrize("options", [{"alpha": 0.0}, {"alpha": 1.0}, {"alpha": 99}, {"correction": "none"}])
def test_nonsense_is_refused(options):
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        variant_units(np.ones(2), 4, 3, **options)


def test_firing_rates_follow_their_definition(rng):
    values = rng.standard_normal((30, 5, 4))
    found = firing_rates(values, 2, percentile=80)
    for u in range(4):
        threshold = np.percentile(values[:, 2, u], 80)
        fires = [n for n in range(30) if values[n, 2, u] > threshold]
        local = np.mean([[values[n, t, u] > threshold for t in (0, 1, 3, 4)] for n in fires])
        assert found.at_large[u] == pytest.approx(len(fires) / 30)
        assert found.local[u] == pytest.approx(local)
        assert found.score[u] == pytest.approx(local / (len(fires) / 30))


def test_a_steady_unit_scores_the_most_and_a_constant_one_is_undefined(rng):
    steady = np.repeat(rng.standard_normal((100, 1, 1)), 4, axis=1)
    found = firing_rates(np.concatenate([steady, np.zeros((100, 4, 1))], axis=-1), 0)
    assert found.at_large[0] == pytest.approx(0.01)
    assert found.score[0] == pytest.approx(100)
    assert np.isnan(found.score[1])
