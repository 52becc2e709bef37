"""Stretch: clicks land where the ratio says, tones keep their pitch, the anchor stays."""

import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.sound.axes.stretch import Stretch, time_stretch
from audioinv.sound.clip import Clip
from audioinv.sound.fundamental import find_pitch

SAMPLE_RATE = 16000


def bursts(*places):
    sound = np.zeros(16000, np.float32)
    for place in places:
        sound[place : place + 200] = np.hanning(200)
    return sound


def centre(sound, first, last):
    power = sound[first:last].astype(float) ** 2
    return first + (np.arange(last - first) * power).sum() / power.sum()


@pytest.mark.parametrize("percent", [-30.0, 25.0, 60.0])
def test_events_move_by_the_ratio_and_the_anchor_stays(percent):
    sound = bursts(2000, 6000)
    stretched = time_stretch(sound, percent, SAMPLE_RATE, anchor_samples=2100)
    second = 2100 + 4000 * (1 + percent / 100)
    assert centre(stretched, 1500, 3500) == pytest.approx(2100, abs=80)  # 5 ms; a frame of the engine is 120 ms
    assert centre(stretched, int(second) - 1000, int(second) + 1000) == pytest.approx(second, abs=80)


@pytest.mark.parametrize("percent", [-40.0, 50.0])
def test_a_tone_keeps_its_pitch(percent):
    tone = (0.3 * np.sin(2 * np.pi * 330 * np.arange(16000) / SAMPLE_RATE)).astype(np.float32)
    stretched = time_stretch(tone, percent, SAMPLE_RATE)[1600:8000]
    assert find_pitch(stretched, SAMPLE_RATE).fundamental_hz == pytest.approx(330, rel=2e-3)


def test_a_shorter_sound_leaves_silence_and_a_longer_one_is_cut():
    sound = np.ones(16000, np.float32)
    fidelity = Stretch().fidelity(Clip(sound, SAMPLE_RATE), [-25.0, 0.0, 50.0])
    np.testing.assert_allclose(fidelity.window_filled, [0.25, 0, 0])
    assert not time_stretch(sound, -25.0, SAMPLE_RATE)[12200:].any()


@pytest.mark.parametrize("percent", [-99.0, 1600.0])
def test_beyond_four_octaves_of_time_it_refuses(percent):
    with pytest.raises(InputError, match="must lie between"):
        time_stretch(np.ones(100), percent, SAMPLE_RATE)


def test_sixteen_times_as_long_or_short_and_no_more():
    sound = np.ones(4000, np.float32)
    for percent in (1500.0, -93.75):
        assert time_stretch(sound, percent, SAMPLE_RATE).shape == (4000,)
    for percent in (1501.0, -93.8, -100.0, -150.0):
        with pytest.raises(InputError, match=r"must lie between −93\.75 and 1500$"):
            time_stretch(sound, [0.0, percent], SAMPLE_RATE)


def test_durations_are_what_the_amounts_say():
    np.testing.assert_allclose(Stretch().duration_ratio(np.array([-50.0, 0, 25])), [0.5, 1, 1.25])
