"""The sounds of the studies: the same everywhere, balanced, and no group on two sides."""

from collections import Counter

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.training_windows import windows_of
from audioinv.sound.shifts import time_shift
from audioinv.sound.spectrogram import Spectrogram
from audioinv.study.tasks import HOP_SAMPLES, TASKS, open_task

SOUNDS = ("events", "tones", "instruments", "notes")


@pytest.mark.parametrize("name", SOUNDS)
def test_no_group_is_on_two_sides_and_every_label_is_on_all(name):
    task = open_task(name, quick=True)
    sides = [task.train, task.valid, task.test]
    groups = [{clip.group for clip in side} for side in sides]
    assert not groups[0] & groups[1]
    assert not groups[2] & (groups[0] | groups[1])
    assert all({clip.label for clip in side} == set(task.spec.labels) for side in sides)


@pytest.mark.parametrize("name", SOUNDS)
def test_no_class_is_more_frequent_than_another(name):
    task = open_task(name, quick=True)
    for side in (task.train, task.test):
        assert len(set(Counter(clip.label for clip in side).values())) == 1


def test_a_task_is_the_same_when_it_is_made_anew():
    first = open_task("events", quick=True).fingerprint
    open_task.cache_clear()
    assert open_task("events", quick=True).fingerprint == first
    assert open_task("events", quick=False).fingerprint != first


def test_the_fingerprint_hears_one_sample():
    task = open_task("events", quick=True)
    other = open_task.__wrapped__("events", quick=True)
    other.test[0].waveform[5] += np.float32(1e-3)
    assert other.fingerprint != task.fingerprint


def test_an_event_stands_in_the_middle_and_only_noise_around_it():
    for clip in open_task("events", quick=True).test:
        level = np.abs(clip.waveform)
        assert level[2000:6192].max() > 0.01
        assert max(level[:2000].max(), level[6192:].max(), np.abs(clip.before).max()) < 0.01


@pytest.mark.parametrize("name", SOUNDS)
def test_a_circular_delay_by_hops_is_an_exact_roll_of_frames(name):
    task = open_task(name, quick=True)
    window = windows_of(task.test[:2], task.spec)
    front_end = Spectrogram(task.front_end)
    delayed = front_end(time_shift(window, 3 * HOP_SAMPLES, edges="circular"))
    assert torch.equal(delayed, front_end(window).roll(3, -1))
    off = front_end(time_shift(window, 3 * HOP_SAMPLES + 40, edges="circular"))
    assert not torch.allclose(off, front_end(window).roll(3, -1), atol=0.1)


def test_notes_are_instruments_with_label_and_group_exchanged():
    notes, instruments = open_task("notes"), open_task("instruments")
    assert {clip.label for clip in notes.train} <= {
        clip.group for clip in (*instruments.train, *instruments.test, *instruments.valid)
    }
    assert not {clip.label for clip in notes.test} & set(instruments.spec.labels)


def test_words_in_sound_are_no_task_to_open():
    assert "words in notes" in TASKS
    with pytest.raises(InputError, match="task 'words in notes' is not one of events, tones"):
        open_task("words in notes")
