"""Clips and shifts of two models are matched by what they are, and what has no partner is left out and said."""

from dataclasses import replace

import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.measure.comparison import compare_models
from audioinv.measure.matching import pair_sweeps
from tests.measure.sides import SHIFTS, answers, row_of


def test_what_only_one_side_has_is_left_out_and_said(side):
    every_second = slice(1, None, 2)  # -40, -20, 0, 20, 40
    coarse = side(answers(16)[:, every_second], "n", axes=("time", "freq"), clips=20, shifts=SHIFTS[every_second])
    found = compare_models(side(answers()), coarse)
    assert (found.n_clips, found.curves[0].n_shifts) == (20, 4)
    assert row_of(found, "consistency").second == pytest.approx(1 - 16 / 20 * 0.5)
    assert found.notes == (
        "4 clips of m have no partner and are left out",
        "time: 6 shifts that only one side has are left out",
        "only one side was swept along freq",
    )


def test_clips_are_matched_by_name_and_not_by_place(side):
    one, other = side(answers(8)), side(answers(8))
    back = other.responses
    turned = replace(
        back, clips=back.clips[::-1], axes={"time": replace(back.axes["time"], scores=back.axes["time"].scores[::-1])}
    )
    assert all(row.difference.value == 0 for row in compare_models(one, replace(other, responses=turned)).differences)


def test_windows_of_one_recording_are_matched_by_where_its_clips_begin(side):
    """Another lead opens every window sooner."""
    one = side(answers(8))
    recordings = [f"{i // 4}.wav" for i in range(24)]

    def cut(lead, names=recordings):
        clips = [
            replace(clip, name=name, start_seconds=i - lead, end_seconds=i - lead + 1)
            for i, (clip, name) in enumerate(zip(one.responses.clips, names, strict=True))
        ]
        spec = replace(one.responses.spec, lead_samples=round(lead * one.responses.spec.sample_rate))
        return replace(one, responses=replace(one.responses, clips=tuple(clips), spec=spec))

    same = compare_models(cut(0.0), cut(0.01))
    assert same.n_clips == 24
    assert all(row.difference.value == 0 for row in same.differences)
    late = cut(0.01).responses
    turned = {"time": replace(late.axes["time"], scores=late.axes["time"].scores[::-1])}
    backwards = replace(one, responses=replace(late, clips=late.clips[::-1], axes=turned))
    assert all(row.difference.value == 0 for row in compare_models(cut(0.0), backwards).differences)
    other = compare_models(cut(0.0), cut(0.01, names=["new.wav", *recordings[1:]]))
    assert other.n_clips == 23
    assert other.notes[:2] == ("1 clip of m has no partner and is left out",) * 2


def stretches(one, onsets, labels=None):
    """A side of one recording, its clips half a second long, and the second half as long again where it is heard."""
    labels = labels or [None] * len(onsets)
    return changed(
        one,
        lambda i, clip: replace(
            clip, name="all.wav", start_seconds=onsets[i], end_seconds=onsets[i] + 1, label=labels[i], group=None
        ),
    )


def equal(found):
    """Whether no measure differs, of those that are defined without labels too."""
    differences = np.array([row.difference.value for row in found.differences])
    return np.nanmax(np.abs(differences)) == 0 and row_of(found, "consistency").difference.value == 0


def test_neighbours_that_overlap_are_not_taken_for_one_another(side):
    """The same model on stretches 0.4 s apart, of which either side has one that the other has not."""
    scores = answers(8)
    steps = 0.4 * np.arange(25)
    one = stretches(side(scores), steps[:24])
    other = stretches(side(scores[[*range(1, 24), 0]]), steps[1:])
    found = compare_models(one, other)
    assert found.n_clips == 23
    assert equal(found)
    fewer = compare_models(one, stretches(side(scores[[*range(12), *range(12)]]), [*steps[:12], *(steps[:12] + 99)]))
    assert fewer.n_clips == 12
    assert equal(fewer)


def test_two_events_that_begin_together_are_told_apart_by_their_labels(side):
    scores = answers(8)
    onsets, labels = np.repeat(np.arange(12.0), 2), ["high", "low"] * 12
    turned = [place ^ 1 for place in range(24)]
    one = stretches(side(scores), onsets, labels)
    found = compare_models(one, stretches(side(scores[turned]), onsets, [labels[place] for place in turned]))
    assert found.n_clips == 24
    assert equal(found)
    alike = stretches(side(scores), onsets)
    assert equal(compare_models(alike, alike))  # in their order
    with pytest.raises(InputError, match=r"clips repeat within m \(all\.wav\), and it is not clear"):
        compare_models(one, alike)


def changed(one, change):
    """The same side with clips of other records."""
    clips = tuple(change(i, clip) for i, clip in enumerate(one.responses.clips))
    return replace(one, responses=replace(one.responses, clips=clips))


def test_other_stretches_and_other_labels_are_no_pair(side):
    """As many stretches of each recording on both sides, and still not the same ones."""

    def cut(first):
        starts = [first + i % 4 for i in range(24)]
        return changed(
            side(answers()),
            lambda i, clip: replace(
                clip, name=f"{i // 4}.wav", start_seconds=starts[i], end_seconds=starts[i] + 0.5, label=None
            ),
        )

    a_sample = 1 / side(answers()).responses.spec.sample_rate
    assert compare_models(cut(0.0), cut(0.9 * a_sample)).notes == ()
    for there, back in ((0.0, 0.25), (0.0, 0.5), (0.5, 0.0), (0.0, 1.1 * a_sample), (1.1 * a_sample, 0.0)):
        with pytest.raises(InputError, match="same stretches"):
            compare_models(cut(there), cut(back))
    one = side(answers())
    other = changed(one, lambda i, clip: replace(clip, label="tom") if i < 5 else clip)
    found = compare_models(one, other)
    assert found.n_clips == 19
    for ours, theirs in ((None, "tom"), ("tom", None), (None, None), ("tom", "tom")):
        sides = (changed(one, lambda _, clip, label=label: replace(clip, label=label)) for label in (ours, theirs))
        assert compare_models(*sides).n_clips == 24
    assert found.notes == ("5 pairs of the same stretch have other labels, and are left out",)


def test_groups_are_taken_from_the_side_that_knows_them(side):
    one, other = side(answers()), side(answers(16))
    bare = changed(one, lambda _, clip: replace(clip, group=None))
    found = compare_models(bare, other)
    assert found.differences == compare_models(one, other).differences
    assert (found.n_groups, found.notes) == (12, ())
    named = changed(one, lambda _, clip: replace(clip, group=f"other {clip.group}"))
    assert compare_models(named, other).notes == ()
    apart = changed(one, lambda i, clip: replace(clip, group=f"{i // 3}"))
    found = compare_models(apart, other)
    assert found.n_groups == 8
    assert found.notes == ("the two group the clips differently: the groups are those of m",)


def test_shifts_are_the_same_up_to_rounding(side):
    """Three of five shifts are on both sides; one is off by the last digits of a sum, another by a millionth."""
    given = answers(16)[:, 3:8]
    ours, theirs = np.array([-0.5, 0.0, 0.3, 0.7, 1.0]), np.array([-0.25, 0.0, 0.1 + 0.2, 0.7 * (1 + 1e-6), 1.0])
    pair = pair_sweeps(side(given, shifts=ours), side(given, "n", shifts=theirs), "time")
    assert pair.first.responses.shifts.tolist() == [0.0, 0.3, 1.0]
    assert pair.second.responses.shifts.tolist() == [0.0, 0.1 + 0.2, 1.0]
    np.testing.assert_array_equal(pair.second.responses.scores, np.eye(3)[given][:, [1, 2, 4]])
    (note,) = compare_models(side(given, shifts=ours), side(given, shifts=theirs)).notes
    assert note == "time: 4 shifts that only one side has are left out"


def test_one_shift_beside_0_is_enough_and_none_is_not(side):
    given = answers(16)[:, 5:8]
    one = side(given, shifts=[0.0, 10.0, 20.0])
    pair = pair_sweeps(one, side(given, shifts=[0.0, 20.0, 40.0]), "time")
    assert pair.first.responses.shifts.tolist() == [0.0, 20.0]
    assert pair_sweeps(one, side(given, shifts=[0.0, 30.0, 40.0]), "time") is None


def test_a_difference_lies_between_what_either_side_can_reach(side):
    """Every clip of the second side flips at the same shifts, so all differ by 0.6; what was missed is at a bound."""
    pair = pair_sweeps(side(answers()), side(answers(24), "n"), "time")
    found = pair.difference("consistency")
    unseen = 1 - 0.025 ** (1 / 12)
    assert (found.axis, found.measure) == ("time", "consistency")
    assert (found.first, found.second, found.difference.value) == pytest.approx((1, 0.4, 0.6))
    interval = (found.difference.low, found.difference.high)
    assert interval == pytest.approx((0.6 - 1.6 * unseen, 0.6 + 0.4 * unseen))
    assert pair.per_clip("consistency") == pytest.approx(np.full(24, 0.6))


def test_scores_that_are_no_probabilities_have_differences_without_bounds(side):
    def tripled(one):
        time = one.responses.axes["time"]
        return replace(one, responses=replace(one.responses, axes={"time": replace(time, scores=3 * time.scores)}))

    one, other = side(answers()), side(answers(24), "n")
    for first, second in ((tripled(one), other), (one, tripled(other)), (tripled(one), tripled(other))):
        found = pair_sweeps(first, second, "time").difference("mac").difference
        assert np.isnan([found.low, found.high]).all()
    assert not np.isnan(pair_sweeps(one, other, "time").difference("mac").difference.low)


def test_samples_of_another_rate_are_another_shift(side):
    """A frame or a bin is also the front end's, which is not known: it is said."""

    def swept(unit, rate, name="m"):
        one = side(answers(), name, unit=unit)
        return replace(one, responses=replace(one.responses, spec=replace(one.responses.spec, sample_rate=rate)))

    for unit in ("smp", "frame", "bins"):
        assert compare_models(swept(unit, 8000), swept(unit, 8000)).notes == ()
        with pytest.raises(InputError, match="same sample rate"):
            compare_models(swept(unit, 8000), swept(unit, 16000))
    assert compare_models(swept("ms", 8000), swept("ms", 16000)).notes == ()
    assert compare_models(swept("smp", 8000), swept("smp", 8000, "n")).notes == ()
    (note,) = compare_models(swept("frame", 8000), swept("frame", 8000, "n")).notes
    assert note == "time: each model counts frame in its own front end, and they may mean different amounts"
    one, other = (side(answers(), axes=("time", "freq")) for _ in range(2))
    moved = replace(other.responses.axes["freq"], unit="kHz")
    axes = {**other.responses.axes, "freq": moved}
    found = compare_models(one, replace(other, responses=replace(other.responses, axes=axes)))
    assert found.notes == ("no shift along freq is the same for both: other units, sample rates or grids",)


def test_other_edges_of_the_same_model_show_the_border_effect(side):
    found = compare_models(side(answers(), edges="circular"), side(answers(8), edges="zero"))
    assert found.notes == (
        "time: edges differ, circular against zero: what the consistency differs by is the border effect",
    )
    of_others = compare_models(side(answers(), edges="circular"), side(answers(8), "n", edges="zero"))
    assert of_others.notes == ("time: edges differ, circular against zero",)
    by_others = compare_models(side(answers(), engine="delay"), side(answers(8), engine="roll"))
    assert by_others.notes == ("time: engines differ, delay against roll",)
    assert row_of(found, "consistency").difference.value == pytest.approx(8 / 24 * 0.6)


def test_what_cannot_be_compared_is_refused(side):
    one = side(answers())
    strangers = replace(one.responses, clips=tuple(replace(clip, name=f"x{clip.name}") for clip in one.responses.clips))
    with pytest.raises(InputError, match="no clip in common"):
        compare_models(one, replace(one, responses=strangers))
    with pytest.raises(InputError, match="share no axis"):
        compare_models(one, side(answers(), axes=("freq",)))
    with pytest.raises(InputError, match="share no axis"):
        compare_models(one, side(answers(), unit="s"))
    twins = replace(one.responses, clips=(one.responses.clips[0],) * 24)
    with pytest.raises(InputError, match="clips repeat"):
        compare_models(one, replace(one, responses=twins))


def test_a_pair_draws_as_with_seed_0_if_none_is_given(side):
    pairs = [
        pair_sweeps(side(answers()), side(answers(8)), "time", **options) for options in ({}, {"seed": 0}, {"seed": 1})
    ]
    first, same, other = (pair.rng("consistency").random() for pair in pairs)
    assert first == same != other
