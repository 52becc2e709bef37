"""What a summary warns of: each rule fires where it should, names its numbers, and is silent where it should be."""

import numpy as np
import pytest

from audioinv.measure.cautions import cautions
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
    assert "answers 'kick' for 100.0% of all clips and shifts, although 33.3%" in caution


def test_a_model_that_nearly_always_gives_one_answer_is_flagged(make_responses):
    scores = np.tile(sound_scores(12)[1], (30, 1, 1))
    scores[0] = [0.8, 0.1, 0.1]
    (caution,) = raised(make_responses(scores, SHIFTS), table(30))
    assert "'kick' for 96.7%" in caution
    scores[1] = [0.8, 0.1, 0.1]
    assert raised(make_responses(scores, SHIFTS), table(30)) == []


def test_a_model_is_not_constant_because_the_clips_are(make_responses):
    scores = np.tile(sound_scores(12)[1], (30, 1, 1)) + np.linspace(0, 0.05, 30)[:, None, None]
    clips = table(30, labels=("kick",) * 29 + ("hat",))
    assert raised(make_responses(scores, SHIFTS), clips) == []


def test_scores_that_hardly_differ_between_clips_are_flagged(make_responses):
    scores = 0.3 + 0.002 * sound_scores()
    (caution,) = raised(make_responses(scores, SHIFTS), table())
    assert "scores for the 12 clips differ by less than 1% of the largest score" in caution
    assert raised(make_responses(0.3 + 0.01 * sound_scores(), SHIFTS), table()) == []


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
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, axis="freq", energy_kept=kept), table())
    assert "out of the band, from a shift of 10 Hz on" in caution


def test_changes_of_level_are_flagged(make_responses):
    change = np.zeros((12, 5))
    change[:3, 4] = -7.25
    change[0, 0] = 3.5
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, level_change_db=change), table())
    assert "2 of 5 shifts change the level of 3 of 12 clips by more than 3 dB (largest -7.2 dB), from 20 ms" in caution


def test_padding_that_a_shift_brings_is_flagged_and_what_was_there_before_is_not(make_responses):
    filled = np.full((12, 5), 0.5)
    assert raised(make_responses(sound_scores(), SHIFTS, window_filled=filled), table()) == []
    filled[:4, 4] = 0.8
    filled[0, 3] = 0.74
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, window_filled=filled), table())
    assert "time: 4 of 12 clips have more than 25% of the window newly filled with padding, from 20 ms on" in caution


def test_a_band_that_is_cut_off_is_flagged(make_responses):
    lost = np.zeros((12, 5))
    lost[:3, 4] = 0.3
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, axis="pitch", bandwidth_lost=lost), table())
    assert "pitch: 3 of 12 clips lose more than 25% of the band that they fill, from 20 st on" in caution
    assert raised(make_responses(sound_scores(), SHIFTS, axis="pitch", bandwidth_lost=lost / 1.2), table()) == []


def test_silent_clips_are_flagged(make_responses):
    kept = np.ones((12, 5))
    kept[4] = np.nan
    (caution,) = raised(make_responses(sound_scores(), SHIFTS, energy_kept=kept), table())
    assert "time: 1 of 12 clips are silent" in caution


@pytest.mark.parametrize(
    ("n_clips", "groups", "expected"),
    [
        (12, ("kit 1", "kit 2", "kit 3") * 4, "the 12 clips come from 3 groups, fewer than 10"),
        (6, None, "6 clips are fewer than 10"),
        (1, None, "a single clip has no interval"),
    ],
)
def test_small_samples_are_flagged(make_responses, n_clips, groups, expected):
    labels = tuple(CLASSES[number % 3] for number in range(n_clips)) if n_clips > 1 else None
    found = raised(make_responses(sound_scores(n_clips), SHIFTS), table(n_clips, groups=groups, labels=labels))
    assert any(expected in caution for caution in found)


def test_ten_clips_without_groups_are_enough(make_responses):
    assert raised(make_responses(sound_scores(10), SHIFTS), table(10, groups=None)) == []


def test_missing_labels_are_counted(make_responses):
    labels = (None, None, *table().labels[2:])
    (caution,) = raised(make_responses(sound_scores(), SHIFTS), table(labels=labels))
    assert "2 of 12 clips have no label: accuracy is that of the other 10" in caution
    (caution,) = raised(make_responses(sound_scores(), SHIFTS), table(labels=None))
    assert "no clip has a label" in caution


def test_labels_that_the_model_does_not_know_are_named(make_responses):
    labels = ("clap", "bell", "clap", *table().labels[3:])
    (caution,) = raised(make_responses(sound_scores(), SHIFTS), table(labels=labels))
    assert "3 of 12 clips have labels that the model does not know ('bell', 'clap')" in caution
    many = tuple(f"x{number}" for number in range(8)) + table().labels[8:]
    (caution,) = raised(make_responses(sound_scores(), SHIFTS), table(labels=many))
    assert "'x4' and 3 more)" in caution


def test_labels_of_a_single_class_are_flagged(make_responses):
    found = raised(make_responses(sound_scores(), SHIFTS), table(labels=("kick",) * 12))
    assert found == [
        "all labelled clips are of one class, 'kick': a model that always answers so would score perfectly; "
        "add clips of other classes"
    ]


def test_uneven_steps_are_flagged(make_responses):
    (caution,) = raised(make_responses(sound_scores(), [-20, -10, 0, 5, 10]), table())
    assert "steps of the grid range from 5 to 10 ms" in caution
    assert raised(make_responses(sound_scores(), 0.1 * np.arange(5)), table()) == []


def test_scores_that_are_no_numbers_are_counted(make_responses):
    scores = sound_scores()
    scores[3, 2] = np.nan
    (caution,) = raised(make_responses(scores, SHIFTS), table())
    assert "1 of 12 clips have scores that are not numbers" in caution
    scores[3, 3] = np.nan  # clips are counted, not answers
    (caution,) = raised(make_responses(scores, SHIFTS), table())
    assert "1 of 12 clips have scores that are not numbers" in caution
