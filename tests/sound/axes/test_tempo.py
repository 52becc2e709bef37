"""What speed and stretch share: the way back, and what a change of duration does to energy and silence."""

import numpy as np
import pytest

from audioinv.sound.axes.speed import Speed, change_speed
from audioinv.sound.axes.stretch import Stretch, time_stretch
from audioinv.sound.axes.tempo import opposite_percent
from audioinv.sound.clip import Clip

PERCENT = np.array([-50.0, 10.0, 100.0])


def test_the_opposite_amount_undoes_the_ratio():
    np.testing.assert_allclose((1 + PERCENT / 100) * (1 + opposite_percent(PERCENT) / 100), 1)


def test_a_faster_sound_lasts_as_much_shorter_as_a_longer_one_lasts_longer():
    np.testing.assert_allclose(Speed().duration_ratio(PERCENT) * Stretch().duration_ratio(PERCENT), 1)


@pytest.mark.parametrize("operator", [Speed(400), Stretch(400)])
def test_there_and_back_is_the_sound_again(operator):
    sound = np.zeros(8000, np.float32)
    sound[400:2400] = np.hanning(2000) * np.sin(2 * np.pi * 440 * np.arange(2000) / 8000)
    clip = Clip(sound, 8000)
    there = operator.shift(clip, [20.0])
    back = operator.shift_back(there, clip, [20.0])[0].numpy()
    envelope = [np.convolve(np.abs(found), np.hanning(400), "same") for found in (sound, back, there[0].numpy())]
    assert np.corrcoef(envelope[0], envelope[1])[0, 1] > 0.99
    assert np.corrcoef(envelope[0], envelope[2])[0, 1] < 0.99  # control: there alone is not it


def test_energy_is_what_is_left_of_a_sound_that_lasts_another_time():
    clip, amounts = Clip(np.ones(100), 8000), np.array([-50.0, 0, 100])
    shifted = Speed().shift(clip, [0.0, 0.0, 0.0])
    np.testing.assert_allclose(Speed().energy_kept(clip, amounts, shifted), [0.5, 1, 2])
    np.testing.assert_allclose(Stretch().energy_kept(clip, amounts, shifted), [2, 1, 0.5])
    np.testing.assert_allclose(Speed().window_filled(clip, amounts), [0, 0, 0.5])
    np.testing.assert_allclose(Stretch().window_filled(clip, amounts), [0.5, 0, 0])
    np.testing.assert_allclose(opposite_percent([0.0, 300.0, -75.0]), [0, -75, 300])


@pytest.mark.parametrize(("change", "percent"), [(change_speed, 100.0), (time_stretch, -50.0)])
def test_the_first_sample_stays_if_nothing_is_said(rng, change, percent):
    sound = rng.standard_normal(4000).astype(np.float32)
    np.testing.assert_array_equal(change(sound, percent, 8000), change(sound, percent, 8000, anchor_samples=0))
    assert (change(sound, percent, 8000) != change(sound, percent, 8000, anchor_samples=1)).any()
