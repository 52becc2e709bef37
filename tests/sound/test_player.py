"""Players: the very sound, one gain, names as text."""

import base64
import io
import re

import numpy as np
import pytest
import soundfile

from audioinv.sound.clip import Clip
from audioinv.sound.player import common_gain, player_html


def sounds(html):
    found = re.findall(r'src="data:audio/flac;base64,([^"]*)"', html)
    return [soundfile.read(io.BytesIO(base64.b64decode(text)), dtype="float32") for text in found]


def test_the_sound_inside_is_the_sound(rng):
    waveform = rng.uniform(-0.9, 0.9, 400).astype(np.float32)
    ((samples, rate),) = sounds(player_html(waveform, 8000, "noise"))
    assert rate == 8000
    np.testing.assert_allclose(samples, waveform, atol=2**-15)


def test_a_sound_beyond_full_scale_is_turned_down_not_cut(rng):
    waveform = (3 * rng.uniform(-1, 1, 400)).astype(np.float32)
    ((samples, _),) = sounds(player_html(waveform, 8000, "loud"))
    np.testing.assert_allclose(samples, common_gain([waveform]) * waveform, atol=2**-15)
    assert 0.9 < np.abs(samples).max() < 1


def test_one_gain_for_all_is_that_of_the_loudest():
    assert common_gain([np.float32([0.1]), np.float32([-4.0])]) == pytest.approx(0.99 / 4)
    assert common_gain([np.zeros(3, np.float32), np.zeros(0, np.float32)]) == 1
    assert common_gain([]) == 1


def test_a_clip_shows_itself_and_its_name_is_text():
    clip = Clip(np.full(800, 0.5, np.float32), 8000, "<img src=x>", "<b>")
    html = clip._repr_html_()
    assert "&lt;img src=x&gt; (&lt;b&gt;): 0.10 s at 8000 Hz" in html
    assert "<img" not in html
    assert "autoplay" not in html
    assert len(sounds(html)[0][0]) == 800


def test_a_gain_that_is_given_is_the_gain(rng):
    waveform = rng.uniform(-0.9, 0.9, 50).astype(np.float32)
    ((samples, _),) = sounds(player_html(waveform, 8000, "soft", gain=0.25))
    np.testing.assert_allclose(samples, 0.25 * waveform, atol=2**-15)
    assert common_gain([np.float32([0.98])]) == 1
    assert common_gain([np.float32([-1.0])]) == pytest.approx(0.99)
