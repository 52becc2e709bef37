"""Shares of a change: a direct loop from the definitions, what must add up, and what must not be blamed."""

import numpy as np
import pytest

from audioinv.measure.budget.attribution import change_shares, stage_changes, summarize_budget
from audioinv.measure.budget.stages import Stage, StagePath

SHIFTS = np.array([0.0, 1.0, 2.0, 4.0])
STAGES = tuple(Stage(name, "Planted", stride) for name, stride in (("a", 1), ("b", 2), ("answer", 2)))


@pytest.fixture
def scores(rng):
    found = rng.dirichlet([1.0, 1.0, 1.0, 1.0], size=(5, 4, 4))
    found[:, :, -1] = found[:, :1, -1]  # the clip is the same at every shift
    found[:, 0] = found[:, 0, -1:]
    return found


def paths_of(scores, errors=None):
    errors = np.zeros((*scores.shape[:2], scores.shape[2] - 1)) if errors is None else errors
    return [StagePath(path, own) for path, own in zip(scores, errors, strict=True)]


def summary(scores, errors=None, **more):
    return summarize_budget(STAGES, paths_of(scores, errors), SHIFTS, **more)


@pytest.mark.parametrize("n_stages", [1, 3, 4])
def test_changes_follow_their_definitions(rng, n_stages):
    scores = rng.dirichlet([1.0, 1.0, 1.0, 1.0], size=(3, 2, n_stages + 1))
    found = stage_changes(scores)
    for i, j, k in np.ndindex(3, 2, n_stages):
        p, q = scores[i, j, k], scores[i, j, k + 1]
        clean = scores[i, j, -1].argmax()
        middle = (p + q) / 2
        bits = sum(0.5 * x * np.log2(x / m) for side in (p, q) for x, m in zip(side, middle, strict=True))
        leads = [side[clean] - max(x for c, x in enumerate(side) if c != clean) for side in (p, q)]
        assert found.change[i, j, k] == pytest.approx(sum((p - q) ** 2) ** 0.5)
        assert found.js_divergence[i, j, k] == pytest.approx(bits, abs=1e-12)
        assert found.margin_change[i, j, k] == pytest.approx(abs(leads[0] - leads[1]))
        assert found.flips[i, j, k] == (p.argmax() != q.argmax())


def test_shares_follow_their_definition_and_add_up(scores):
    found = [share.value for share in change_shares(scores[:, 1:], None, np.random.default_rng(0))]
    along, squares = np.zeros(3), 0.0
    for i, j in np.ndindex(5, 3):
        whole = scores[i, j + 1, 0] - scores[i, j + 1, -1]
        squares += whole @ whole
        for k in range(3):
            along[k] += (scores[i, j + 1, k] - scores[i, j + 1, k + 1]) @ whole
    np.testing.assert_allclose(found, along / squares)
    assert sum(found) == pytest.approx(1)


def test_what_cancels_is_what_the_parts_make_beyond_the_whole(scores):
    found = summary(scores)
    assert found.cancelled == pytest.approx(sum(stage.change.value for stage in found.stages) - found.total.value)
    assert found.cancelled > 0
    straight = np.linspace(1, 0, 4)[None, None, :, None] * np.array([0.3, -0.3]) * (SHIFTS > 0)[:, None, None]
    clean = np.array([[0.5, 0.5], [0.6, 0.4], [0.7, 0.3]])
    straight = clean[:, None, None] + straight
    found = summary(straight)
    assert found.cancelled == pytest.approx(0, abs=1e-12)
    assert [stage.share.value for stage in found.stages] == pytest.approx([1 / 3] * 3)


def test_a_stage_that_undoes_what_another_did_has_a_negative_share():
    path = np.array([[0.0, 0.0], [4.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    scores = np.stack([np.stack([np.tile(path[-1], (4, 1)), *[path] * 3])] * 2)
    shares = [stage.share.value for stage in summary(scores).stages]
    assert shares == pytest.approx([4, -3, 0])


def test_the_largest_share_is_the_culprit_and_a_change_below_the_tolerance_has_none(scores):
    found = summary(scores)
    assert found.culprit == max(found.stages, key=lambda stage: stage.share.value).stage.name
    assert found.blamed.stage.name == found.culprit
    faint = scores[:, :, -1:] + 1e-3 * (scores - scores[:, :, -1:])
    assert summary(faint).culprit is None
    assert summary(faint).total.value == pytest.approx(1e-3 * found.total.value)
    assert summary(faint, tolerance=1e-4).culprit == found.culprit
    still = np.repeat(scores[:, :, -1:], 4, axis=2)
    assert np.isnan([stage.share.value for stage in summary(still, tolerance=1e-9).stages]).all()


def test_distance_between_clips_is_the_mean_over_pairs(scores):
    clean = scores[:, 0, -1]
    pairs = [np.linalg.norm(clean[i] - clean[j]) for i in range(5) for j in range(i)]
    assert summary(scores).between_clips == pytest.approx(np.mean(pairs))


def test_own_errors_are_averaged_at_multiples_of_the_stride_and_between(scores):
    errors = np.zeros((5, 4, 3))
    errors[:, 1], errors[:, 2], errors[:, 3] = 0.1, 0.2, 0.4
    a, b, _ = summary(scores, errors).stages
    assert (a.own_error, b.own_error, b.own_error_between) == pytest.approx((0.7 / 3, 0.3, 0.1))
    assert np.isnan(a.own_error_between)


def test_an_error_at_rest_is_random(scores):
    errors = np.zeros((5, 4, 3))
    errors[3, 0, 1] = 1e-3
    assert [stage.random for stage in summary(scores, errors).stages] == [False, True, False]
    errors[3, 0, 1] = 1e-7
    assert not any(stage.random for stage in summary(scores, errors).stages)


def test_renaming_classes_changes_nothing(scores):
    first, second = summary(scores), summary(scores[..., [2, 0, 3, 1]])
    assert first.total.value == pytest.approx(second.total.value)
    assert first.js_divergence == pytest.approx(second.js_divergence)
    assert first.margin_change == pytest.approx(second.margin_change)
    assert first.flips == second.flips


def test_one_class_has_no_margin_and_other_scores_no_bits():
    found = stage_changes(np.array([[[[2.0], [1.0]]]]))
    assert np.isnan(found.margin_change).all()
    assert np.isnan(found.js_divergence).all()
    assert found.change.ravel() == [1.0]


def test_an_answer_at_rest_counts_to_rest_and_to_no_shift(scores):
    """Every number against its mean over clips and the shifts that move something."""
    restless = scores.copy()
    restless[:, 0] = scores[:, 2]
    found, parts = summary(restless), stage_changes(restless)
    whole = stage_changes(restless[:, :, [0, 3]])
    assert found.at_rest == pytest.approx(whole.change[:, 0].mean())
    assert found.at_rest > 0
    assert found.total.value == pytest.approx(whole.change[:, 1:].mean())
    for name in ("js_divergence", "margin_change", "flips"):
        assert getattr(found, name) == pytest.approx(getattr(whole, name)[:, 1:].mean())
        for k, stage in enumerate(found.stages):
            assert getattr(stage, name) == pytest.approx(getattr(parts, name)[:, 1:, k].mean())
    for k, stage in enumerate(found.stages):
        assert stage.change.value == pytest.approx(parts.change[:, 1:, k].mean())
    shares = change_shares(restless[:, 1:], None, np.random.default_rng(0))
    assert [stage.share.value for stage in found.stages] == pytest.approx([share.value for share in shares])
    assert [stage.stage for stage in found.stages] == list(STAGES)


def test_two_classes_have_a_margin():
    found = stage_changes(np.array([[[[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]]]))
    np.testing.assert_allclose(found.margin_change.ravel(), [0.6, 0.8])
    assert found.flips.ravel().tolist() == [1, 0]  # a tie goes to the first


def test_one_clip_has_no_distance_to_others_and_two_have_one(scores):
    alone = summary(scores[:1])
    assert np.isnan(alone.between_clips)
    assert alone.culprit == max(alone.stages, key=lambda stage: stage.share.value).stage.name
    two = summary(scores[:2])
    assert two.between_clips == pytest.approx(np.linalg.norm(scores[0, 0, -1] - scores[1, 0, -1]))


@pytest.mark.parametrize(("level", "counts"), [(1.0, True), (100.0, True), (1e5, False)])
def test_a_change_within_what_float32_rounds_is_none(scores, level, counts):
    """Rounding grows with the scores: 64 of its steps are 8 millionths of them."""
    found = summary(level + 0.1 * scores, tolerance=1e-9)
    assert (found.culprit is not None) == counts
    assert np.isfinite([stage.share.value for stage in found.stages]).all() == counts
    assert found.total.value == pytest.approx(0.1 * summary(scores).total.value, rel=1e-4)


def test_a_change_counts_from_a_hundredth_of_the_distance_between_clips(scores):
    found = summary(scores)
    ratio = found.total.value / found.between_clips
    assert summary(scores, tolerance=1.001 * ratio).culprit is None
    assert summary(scores, tolerance=0.999 * ratio).culprit == found.culprit
    for factor, counts in ((0.0099, False), (0.0101, True)):
        faint = scores[:, :, -1:] + factor / ratio * (scores - scores[:, :, -1:])
        assert (summary(faint).culprit is not None) == counts


def test_the_seed_is_that_of_the_intervals_and_0_unless_given(scores):
    assert summary(scores).total == summary(scores, seed=0).total != summary(scores, seed=1).total
    assert summary(scores).total.value == summary(scores, seed=1).total.value
