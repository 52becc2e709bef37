"""Two models on the same clips: planted differences are found where they were planted, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from audioinv.measure.comparison import compare_models
from audioinv.measure.multiplicity import holm
from tests.measure.sides import CLEAN, answers, row_of


def test_a_planted_difference_is_found(side):
    found = compare_models(side(answers()), side(answers(16)))
    assert (found.n_clips, found.n_groups) == (24, 12)
    consistency = row_of(found, "consistency")
    assert (consistency.first, consistency.second) == (1, pytest.approx(1 - 16 / 24 * 0.6))
    assert consistency.difference.value == pytest.approx(0.4)
    assert consistency.difference.low > 0.15
    # Eight of twelve kits differ, all to one side: two patterns of 2^8.
    assert consistency.p_value == pytest.approx(2 / 2**8)
    assert row_of(found, "accuracy_at_zero", "").difference.value == 0
    assert row_of(found, "accuracy_at_zero", "").p_adjusted == 1
    assert row_of(found, "worst_accuracy").difference.value == pytest.approx(16 / 24)
    np.testing.assert_allclose(
        [row.p_adjusted for row in found.differences], holm([r.p_value for r in found.differences])
    )
    assert consistency.detectable < 0.4


def ungrouped(one):
    clips = tuple(replace(clip, group=None) for clip in one.responses.clips)
    return replace(one, responses=replace(one.responses, clips=clips))


def test_clips_without_groups_are_counted_as_such(side):
    found = compare_models(ungrouped(side(answers())), ungrouped(side(answers(16))))
    assert (found.n_clips, found.n_groups) == (24, 24)


def test_it_draws_as_with_seed_0_if_none_is_given(side):
    """Of 24 clips not all patterns of signs are tried."""
    sides = ungrouped(side(answers(5))), ungrouped(side(answers(16)))
    p_values = [
        row_of(compare_models(*sides, **options), "consistency").p_value
        for options in ({}, {"seed": 0}, {"seed": 1}, {"seed": 2})
    ]
    assert p_values[0] == p_values[1]
    assert len(set(p_values)) > 1


def test_what_a_clip_without_scores_at_some_shift_would_have_said_is_left_out(side):
    def spoilt(one, rows):
        time = one.responses.axes["time"]
        scores = time.scores.copy()
        scores[rows, 2] = np.nan
        return replace(one, responses=replace(one.responses, axes={"time": replace(time, scores=scores)}))

    one, other = side(answers()), side(answers(16))
    assert compare_models(spoilt(one, slice(2, 4)), other).curves == compare_models(one, other).curves
    (curve,) = compare_models(spoilt(one, slice(None)), other).curves
    assert (curve.n_shifts, curve.first_steadier, curve.second_steadier) == (10, (), ())


def test_the_shifts_that_differ_are_those_where_it_was_planted(side):
    (curve,) = compare_models(side(answers()), side(answers(16))).curves
    assert curve.first_steadier == (-50, -40, -30, 30, 40, 50)
    assert curve.second_steadier == ()
    assert curve.n_shifts == 10
    (turned,) = compare_models(side(answers(16)), side(answers())).curves
    assert (turned.first_steadier, turned.second_steadier) == ((), curve.first_steadier)


def test_the_classes_that_differ_are_those_where_it_was_planted(side):
    """Kicks alone flip."""
    only_kicks = np.where(CLEAN[:, None] == 1, answers(24), answers())
    (found,) = compare_models(side(answers()), side(only_kicks)).classes
    assert (found.axis, found.n_classes) == ("time", 3)
    assert (found.first_steadier, found.second_steadier) == (("kick",), ())
    (turned,) = compare_models(side(only_kicks), side(answers())).classes
    assert (turned.first_steadier, turned.second_steadier) == ((), ("kick",))


def test_clips_without_a_label_belong_to_no_class(side):
    def without_labels(one, every):
        clips = [
            replace(clip, label=None if i % every == 1 else clip.label) for i, clip in enumerate(one.responses.clips)
        ]
        return replace(one, responses=replace(one.responses, clips=tuple(clips)))

    one, other = side(answers()), side(answers(16))
    (found,) = compare_models(without_labels(one, 3), other).classes
    assert found.n_classes == 2  # every kick lost its label
    bare = replace(
        one, responses=replace(one.responses, clips=tuple(replace(c, label=None) for c in one.responses.clips))
    )
    assert compare_models(bare, other).classes == ()


def test_to_exchange_the_sides_changes_signs_only(side):
    one, other = side(answers(4)), side(answers(10, beyond=20))
    there, back = compare_models(one, other), compare_models(other, one)
    for a, b in zip(there.differences, back.differences, strict=True):
        assert a.difference.value == pytest.approx(-b.difference.value)
        assert a.p_value == b.p_value
        assert a.detectable == pytest.approx(b.detectable, nan_ok=True)


def test_a_model_does_not_differ_from_itself(side):
    found = compare_models(side(answers(5)), side(answers(5)))
    assert all(
        row.p_adjusted == 1 and row.difference.value == 0 and np.isnan(row.detectable) for row in found.differences
    )
    assert found.curves[0].first_steadier == found.curves[0].second_steadier == ()
    assert found.notes == ()


def test_a_lead_within_the_noise_floor_is_no_flip(side, make_responses):
    one, other = side(answers()), side(answers(16))
    weak = replace(other.responses.axes["time"], scores=other.responses.axes["time"].scores * 0.01)
    other = replace(other, responses=replace(other.responses, axes={"time": weak}))
    assert row_of(compare_models(one, other), "consistency").second < 1
    assert row_of(compare_models(one, replace(other, noise_floor=0.02)), "consistency").second == 1
