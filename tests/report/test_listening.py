"""Two sounds to compare: what the model heard, with one gain, and what it answers."""

import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.sound.clip import Clip
from audioinv.sound.player import common_gain
from audioinv.sound.shifts import time_shift
from audioinv.sound.synthetic import harmonic_tone

from ..sound.test_player import sounds


@pytest.fixture(scope="module")
def clip():
    note = harmonic_tone(200, 3, duration_seconds=0.25, sample_rate=8000)
    return Clip((3 * note).astype(np.float32), 8000, "<i>note</i>")


def test_both_sounds_are_those_of_the_window_with_one_gain(results, clip):
    html = results.listen(clip, model="centroid", time="10ms")._repr_html_()
    before, after = (samples for samples, _ in sounds(html))
    expected = [clip.waveform, time_shift(clip.waveform, 80.0)]
    gain = common_gain(expected)
    assert gain < 0.9
    np.testing.assert_allclose(before, gain * expected[0], atol=2**-15)
    np.testing.assert_allclose(after, gain * expected[1], atol=2**-15)


def test_names_are_text_and_the_shift_is_told(results, clip):
    html = results.listen(clip, model="centroid", freq="50Hz")._repr_html_()
    assert "&lt;i&gt;note&lt;/i&gt;, unshifted" in html
    assert "+50 Hz" in html
    assert "<i>" not in html


@pytest.mark.parametrize("shift", [{}, {"time": "5ms", "freq": "5Hz"}])
def test_one_shift_can_be_heard(results, clip, shift):
    with pytest.raises(InputError, match=f"{len(shift)} shifts are given; one can be heard"):
        results.listen(clip, model="centroid", **shift)
