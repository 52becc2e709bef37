"""What a summary warns of: each rule fires where it should, names its numbers, and is silent where it should be."""

import numpy as np
import pytest

from audioinv.measure.cautions import cautions, reasons
from audioinv.measure.cliptable import ClipTable
from audioinv.measure.outcome import top1

CLASSES = ("hat", "kick", "snare")
SHIFTS = np.arange(-20.0, 21.0, 10.0)


def sound_scores(n_clips=12):
    """One class after the other, sure of it at every shift."""
    scores = np.full((n_clips, len(SHIFTS), 3), 0.1)
    scores[np.arange(n_clips), :, np.arange(n_clips) % 3] = 0.8
    return scores


def table(n_clips=12, **columns):
    labels = tuple(CLASSES[number % 3] for number in range(n_clips))
    groups = tuple(f"kit {number}" for number in range(n_clips))
    columns = {"labels": labels, "groups": groups} | columns
    return ClipTable(tuple(f"clip {number}" for number in range(n_clips)), CLASSES, **columns)


def raised(responses, clips):
    return cautions({responses.axis: responses}, {responses.axis: top1(responses.scores, responses.zero)}, clips)


def test_a_sound_analysis_raises_nothing(make_responses):
    responses = make_responses(
        sound_scores(),
        SHIFTS,
        energy_kept=np.full((12, 5), 0.5),
        level_change_db=np.full((12, 5), -3.0),
    )
    assert raised(responses, table()) == []


def test_a_constant_model_is_flagged(make_responses):
    scores = np.broadcast_to([0.2, 0.7, 0.1], (12, 5, 3))
    (caution,) = raised(make_responses(scores, SHIFTS), table())
    assert "answers 'kick' for 100.0 % of all clips and shifts, although 33.3 %" in caution


def test_a_model_that_nearly_always_gives_one_answer_is_flagged(make_responses):
    scores = np.tile(sound_scores(12)[1], (30, 1, 1))
    scores[0] = [0.8, 0.1, 0.1]
    (caution,) = raised(make_responses(scores, SHIFTS), table(30))
    assert "'kick' for 96.7 %" in caution
    scores[1] = [0.8, 0.1, 0.1]
    assert raised(make_responses(scores, SHIFTS), table(30)) == []


def test_exactly_95_percent_of_one_answer_is_not_too_much(make_responses):
    always_kick = np.tile(sound_scores(12)[1], (20, 1, 1)) + np.linspace(0, 0.05, 20)[:, None, None]
    mostly_kick = always_kick.copy()
    mostly_kick[0] = [0.8, 0.1, 0.1]
    assert raised(make_responses(mostly_kick, SHIFTS), table(20)) == []
    labels = ("hat",) + ("kick",) * 19
    (caution,) = raised(make_responses(always_kick, SHIFTS), table(20, labels=labels))
    assert "'kick' for 100.0 % of all clips and shifts, although 95.0 % of the labelled clips" in caution


def test_how_common_a_class_is_among_the_clips_is_that_of_labelled_ones(make_responses):
    always_kick = np.tile(sound_scores(12)[1], (12, 1, 1)) + np.linspace(0, 0.05, 12)[:, None, None]
    responses = make_responses(always_kick, SHIFTS)
    of_two, unlabelled = ("hat", "kick") * 6, (None, None, *table().labels[2:])
    assert "although 50.0 % of the labelled" in raised(responses, table(labels=of_two))[0]
    assert "although 30.0 % of the labelled" in raised(responses, table(labels=unlabelled))[0]
    # Labels of one class only, whichever, cannot tell a constant model from one that hears right.
    (caution,) = raised(responses, table(labels=("hat",) * 12))
    assert caution.startswith("all labelled clips are of one class, 'hat'")


def test_a_model_is_not_constant_because_the_clips_are(make_responses):
    scores = np.tile(sound_scores(12)[1], (30, 1, 1)) + np.linspace(0, 0.05, 30)[:, None, None]
    clips = table(30, labels=("kick",) * 29 + ("hat",))
    assert raised(make_responses(scores, SHIFTS), clips) == []


def test_scores_that_hardly_differ_between_clips_are_flagged(make_responses):
    scores = 0.3 + 0.002 * sound_scores()
    (caution,) = raised(make_responses(scores, SHIFTS), table())
    assert "scores for the 12 clips differ by less than 1 % of the largest score" in caution
    assert raised(make_responses(0.3 + 0.01 * sound_scores(), SHIFTS), table()) == []


@pytest.mark.parametrize(("higher", "n_flagged"), [(100.0, 0), (99.5, 1)])
def test_scores_of_two_clips_are_enough_to_differ_by_a_hundredth(make_responses, higher, n_flagged):
    """Of the largest, of one class between clips; what one clip's classes differ by is no difference of clips."""
    scores = np.broadcast_to([5.0, 99.0, 20.0], (2, 5, 3)).copy()
    scores[1, :, 1] = higher
    found = raised(make_responses(scores, SHIFTS), table(2, labels=None))
    assert sum("hardly tells them apart" in caution for caution in found) == n_flagged


def test_the_spread_is_that_of_the_clean_scores_of_clips_that_have_any(make_responses):
    scores = 0.3 + 0.002 * sound_scores()
    scores[:, 0] *= 2  # all alike all the same, at 0
    scores[4, 2, 1] = np.nan
    found = raised(make_responses(scores, SHIFTS), table())
    assert "differ by less than 1 % of the largest score" in found[0]
    assert len(found) == 2


def test_a_model_that_answers_zero_to_everything_is_flagged(make_responses):
    found = raised(make_responses(np.zeros((12, 5, 3)), SHIFTS), table(labels=None))
    assert any("hardly tells them apart" in caution for caution in found)


def test_a_model_of_one_class_is_flagged(make_responses):
    clips = ClipTable(("a",) * 12, ("siren",), labels=("siren",) * 12)
    (caution,) = raised(make_responses(np.ones((12, 5, 1)), SHIFTS), clips)
    assert "a single class" in caution


def test_sound_that_leaves_the_window_is_flagged_with_the_first_shift(make_responses):
    kept = np.ones((12, 5))
    kept[:5, 0] = kept[:2, 3] = 0.4
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, energy_kept=kept), table())
    assert "time: 5 of 12 clips lose more than half of their energy out of the window" in caution
    assert "from a shift of 10 ms on" in caution
    assert caution.endswith("sweep less far or use a longer window")
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, axis="freq", energy_kept=kept), table())
    assert "out of the band, from a shift of 10 Hz on" in caution
    assert caution.endswith("sweep less far")


def test_changes_of_level_are_flagged(make_responses):
    change = np.zeros((12, 5))
    change[:3, 4] = -7.25
    change[0, 0] = 3.5
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, level_change_db=change), table())
    assert "2 of 5 shifts change the level of 3 of 12 clips by more than 3 dB (largest −7.2 dB), from 20 ms" in caution
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, level_change_db=-change), table())
    assert "(largest +7.2 dB)" in caution


def test_padding_that_a_shift_brings_is_flagged_and_what_was_there_before_is_not(make_responses):
    filled = np.full((12, 5), 0.5)
    assert raised(make_responses(sound_scores(), SHIFTS, window_filled=filled), table()) == []
    filled[:4, 4] = 0.8
    filled[0, 3] = 0.75
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, window_filled=filled), table())
    assert "time: 4 of 12 clips have more than 25 % of the window newly filled with padding, from 20 ms on" in caution


def test_a_band_that_is_cut_off_is_flagged(make_responses):
    lost = np.zeros((12, 5))
    lost[:3, 4] = 0.3
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, axis="pitch", bandwidth_lost=lost), table())
    assert "pitch: 3 of 12 clips lose more than 25 % of the band that they fill, from 20 st on" in caution
    assert raised(make_responses(sound_scores(), SHIFTS, axis="pitch", bandwidth_lost=lost / 1.2), table()) == []


def test_silent_clips_are_flagged(make_responses):
    kept = np.ones((12, 5))
    kept[4] = np.nan
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, energy_kept=kept), table())
    assert "time: 1 of 12 clips are silent" in caution
    assert raised(make_responses(sound_scores(), SHIFTS, axis="freq", energy_kept=kept), table()) == []
    kept[:, 3] = np.nan  # one shift that nobody measured is no silence
    kept[5, :4] = np.nan
    assert raised(make_responses(sound_scores(), SHIFTS, energy_kept=kept), table()) == [caution]


@pytest.mark.parametrize(
    ("n_clips", "groups", "expected"),
    [
        (12, ("kit 1", "kit 2", "kit 3") * 4, "the 12 clips come from 3 groups, fewer than 10"),
        (12, tuple(f"kit {max(number, 3)}" for number in range(12)), "the 12 clips come from 9 groups, fewer than 10"),
        (6, None, "6 clips are fewer than 10"),
        (2, None, "2 clips are fewer than 10"),
        (1, None, "a single clip has no interval"),
    ],
)
def test_small_samples_are_flagged(make_responses, n_clips, groups, expected):
    labels = tuple(CLASSES[number % 3] for number in range(n_clips)) if n_clips > 1 else None
    found = raised(make_responses(sound_scores(n_clips), SHIFTS), table(n_clips, groups=groups, labels=labels))
    (caution,) = found if n_clips > 1 else found[1:]  # a clip without a label is one more
    assert caution.startswith(expected)


def test_ten_clips_without_groups_are_enough(make_responses):
    assert raised(make_responses(sound_scores(10), SHIFTS), table(10, groups=None)) == []


def test_missing_labels_are_counted(make_responses):
    labels = (None, None, *table().labels[2:])
    (caution,) = raised(make_responses(sound_scores(), SHIFTS), table(labels=labels))
    assert caution.startswith("2 of 12 clips have no label: accuracy is that of the other 10, and")
    (caution,) = raised(make_responses(sound_scores(), SHIFTS), table(labels=None))
    assert "no clip has a label" in caution


def test_labels_that_the_model_does_not_know_are_named(make_responses):
    labels = ("clap", "bell", "clap", *table().labels[3:])
    (caution,) = raised(make_responses(sound_scores(), SHIFTS), table(labels=labels))
    assert "3 of 12 clips have labels that the model does not know ('bell', 'clap')" in caution
    many = tuple(f"x{number}" for number in range(8)) + table().labels[8:]
    (caution,) = raised(make_responses(sound_scores(), SHIFTS), table(labels=many))
    assert "'x4' and 3 more)" in caution
    for n_unknown, named in ((5, "'x4') and count"), (6, "'x4' and 1 more) and count")):
        labels = many[:n_unknown] + table().labels[n_unknown:]
        (caution,) = raised(make_responses(sound_scores(), SHIFTS), table(labels=labels))
        assert named in caution
    labels = ("clap", None, "bell", None, None, *table().labels[5:])
    unlabelled, unknown = raised(make_responses(sound_scores(), SHIFTS), table(labels=labels))
    assert unlabelled.startswith("3 of 12 clips have no label: accuracy is that of 7 of the others, and")
    assert unknown.startswith("2 of 12 clips have labels that the model does not know ('bell', 'clap') and count")
    labels = (None, *["clap"] * 11)
    unlabelled, _ = raised(make_responses(sound_scores(), SHIFTS), table(labels=labels))
    assert unlabelled.startswith("1 of 12 clips have no label: there is no accuracy, and")


def test_labels_of_a_single_class_are_flagged(make_responses):
    found = raised(make_responses(sound_scores(), SHIFTS), table(labels=("kick",) * 12))
    assert found == [
        "all labelled clips are of one class, 'kick': a model that always answers so would score perfectly; "
        "add clips of other classes"
    ]
    of_two = ClipTable(table().names, CLASSES[:2], labels=("hat", None) * 6, groups=table().groups)
    found = raised(make_responses(sound_scores()[..., :2], SHIFTS), of_two)
    assert found[1].startswith("all labelled clips are of one class, 'hat': ")


def test_uneven_steps_are_flagged(make_responses):
    (caution,) = raised(make_responses(sound_scores(), [-20, -10, 0, 5, 10]), table())
    assert "steps of the grid range from 5 to 10 ms" in caution
    assert raised(make_responses(sound_scores(), 0.1 * np.arange(5)), table()) == []
    for excess, n_raised in ((0.009, 0), (0.011, 1)):  # a millionth of a step is rounding
        shifts = [0, 1e4, 2e4, 3e4, 4e4 + excess]
        assert len(raised(make_responses(sound_scores(), shifts, axis="freq"), table())) == n_raised


def test_scores_that_are_no_numbers_are_counted(make_responses):
    scores = sound_scores()
    scores[3, 2] = np.nan
    (caution,) = raised(make_responses(scores, SHIFTS), table())
    assert "1 of 12 clips have scores that are not numbers" in caution
    scores[3, 3] = np.nan  # clips are counted, not answers
    (caution,) = raised(make_responses(scores, SHIFTS), table())
    assert "1 of 12 clips have scores that are not numbers" in caution


def mean_of(value=0.5, low=0.4, high=0.6, n=12, **more):
    return {"value": value, "low": low, "high": high, "n": n} | more


def explained(make_responses, summary, *, shifts=SHIFTS, answers=None, **columns):
    """What is said of one axis whose summary lacks something, of clips that answer at every shift."""
    columns = {"n_clips": 12} | columns
    n_clips = columns["n_clips"]
    responses = make_responses(np.zeros((n_clips, len(shifts), 3)), shifts)
    found = np.zeros((n_clips, len(shifts)), dtype=int) if answers is None else answers
    return reasons("time", summary, responses, found, table(**columns))


NO_LABEL, NO_SHIFT = "no clip has a label that the model knows", "the sweep holds no shift other than 0"
ONE_VALUE = "no interval, because only one clip or group has a value"
AGREED = "no interval, because all clips agree and the scores have no bounds"
FLIPS = "9 of 12 clips keep their answer up to 20 ms; the quantiles that they would decide are not reached"
QUANTILES = {"0.25": 10.0, "0.5": None}


@pytest.mark.parametrize(
    ("measure", "entry", "reason"),
    [
        ("mac", mean_of(), None),
        ("mac", mean_of(None, None, None, n=0), "no clip has a value"),
        ("mac", mean_of(low=None, high=None, n=1), ONE_VALUE),
        ("mac", mean_of(low=None, high=None, n=2), AGREED),
        ("mac", mean_of(low=None), AGREED),
        ("periods", None, "needs at least 24 delays of equal steps"),
        ("accuracy_curve", [0.5, 0.25], None),
        ("accuracy_curve_low", [None, 0.25], ONE_VALUE),
        ("by_class", [{"name": "hat", "value": 0.5, "low": None}], "a class of a single clip has no interval"),
        ("by_class", [{"name": "hat", "value": 0.5, "low": 0.25}], None),
        ("k_consistency", mean_of(None, None, None, n=0), "the sweep holds fewer than five shifts"),
        ("k_consistency", mean_of(low=None, high=None, n=1), ONE_VALUE),
        ("js_drift", mean_of(None, None, None, n=0), "the scores are not probabilities that sum to 1"),
        ("js_drift", mean_of(low=None, high=None, n=1), ONE_VALUE),
        ("accuracy_area", mean_of(None, None, None, half_width=None), "no clip is right at 0"),
        (
            "accuracy_area",
            mean_of(half_width=None),
            "accuracy stays above 90 % of its value at 0 up to 20 ms: no half width",
        ),
        ("accuracy_area", mean_of(low=None, half_width=5.0, n=1), ONE_VALUE),
        ("minimal_flip_shift", mean_of(censored=9, limit=20.0, quantiles=QUANTILES), FLIPS),
        ("minimal_flip_shift", mean_of(censored=9, limit=20.0, quantiles={"0.5": 10.0}), None),
    ],
)
def test_why_a_number_is_undefined(make_responses, measure, entry, reason):
    expected = [] if reason is None else [f"time.{measure}: {reason}"]
    assert explained(make_responses, {"top1_change": mean_of(), measure: entry}) == expected


def test_a_number_that_no_label_or_no_shift_could_give_is_blamed_on_that(make_responses):
    lacking = mean_of(None, None, None, n=0)
    summary = {"mean_accuracy": lacking, "accuracy_area": lacking, "mac": lacking, "consistency_curve": [None]}
    alone = {"shifts": SHIFTS[2:3]}
    no_value = "no clip has a value"

    def found(**columns):
        return [line.split(": ", 1)[1] for line in explained(make_responses, summary, **columns)]

    assert found(labels=("clap",) * 12) == [NO_LABEL, NO_LABEL, no_value, ONE_VALUE]
    assert found(labels=("clap",) * 11 + ("hat",)) == [no_value, "no clip is right at 0", no_value, ONE_VALUE]
    assert found(**alone) == [no_value, NO_SHIFT, NO_SHIFT, ONE_VALUE]
    assert found(**alone, labels=None) == [NO_LABEL, NO_LABEL, NO_SHIFT, ONE_VALUE]
    assert found(shifts=SHIFTS[2:4]) == [no_value, "no clip is right at 0", no_value, ONE_VALUE]


def test_answers_that_are_missing_explain_all_unless_a_clip_has_them(make_responses):
    summary = {"mac": mean_of(None, None, None, n=0)}
    answers = np.full((12, 5), 1)
    answers[:, 3] = -1
    (found,) = explained(make_responses, summary, answers=answers)
    assert found == "time.mac: no clip has scores that are numbers at every shift"
    answers[4, 3] = 0
    assert explained(make_responses, summary, answers=answers) == ["time.mac: no clip has a value"]


@pytest.mark.parametrize(
    ("measure", "entry"),
    [
        ("mac", mean_of(low=None, high=None, n=1)),
        ("accuracy_curve_low", [None, None]),
        ("accuracy_curve_high", [None, None]),
        ("by_class", [{"name": "hat", "value": 0.5, "low": None, "high": None}]),
    ],
)
def test_that_a_single_clip_has_no_interval_is_said_elsewhere(make_responses, measure, entry):
    assert explained(make_responses, {measure: entry}, n_clips=1) == []
    assert len(explained(make_responses, {measure: entry}, n_clips=2)) == 1


def test_a_single_clip_without_a_value_is_explained(make_responses):
    summary = {"mac": mean_of(None, None, None, n=0), "consistency_curve": [None, 0.5]}
    assert len(explained(make_responses, summary, n_clips=1)) == 2
