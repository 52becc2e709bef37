"""Clips: mono at a rate, hashed by what is heard, resampled with their surroundings, and seen through a window."""

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sound.clip import Clip, open_window


@given(st.integers(1, 40), st.integers(0, 30), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_a_window_shows_the_recording_and_silence_beyond(n_samples, lead, n_before, n_clip, n_after):
    lead = min(lead, n_samples - 1)
    recording = np.arange(1, n_before + n_clip + 1 + n_after + 1, dtype=np.float32)
    parts = np.split(recording, [n_before, n_before + n_clip + 1])
    clip = Clip(parts[1], 10, before=parts[0], after=parts[2], start_seconds=n_before / 10)
    window = open_window(clip, n_samples, lead)
    padded = np.concatenate([np.zeros(50), recording, np.zeros(50)])
    opens = 50 + n_before - lead
    np.testing.assert_array_equal(window.waveform, padded[opens : opens + n_samples])
    whole = np.concatenate([window.before, window.waveform[window.waveform > 0], window.after])
    np.testing.assert_array_equal(whole, recording)
    assert window.start_seconds == pytest.approx((n_before - lead) / 10)


def test_a_window_opens_with_the_clip_if_nothing_is_said():
    clip = Clip(np.float32([3, 4, 5]), 10, before=np.float32([1, 2]), start_seconds=0.2)
    window = open_window(clip, 2)
    assert window.waveform.tolist() == [3, 4]
    assert window.start_seconds == 0.2


def test_equal_sound_has_an_equal_hash_under_any_name_and_padding(rng):
    sound = (0.1 * rng.standard_normal(500)).astype(np.float32)
    padded = np.concatenate([np.zeros(7, np.float32), sound, np.zeros(3, np.float32)])
    assert Clip(sound, 8000, name="a").content_hash() == Clip(padded, 8000, name="b").content_hash()
    assert Clip(sound, 8000).content_hash() != Clip(-sound, 8000).content_hash()


def test_a_clip_is_mono_and_has_a_rate():
    with pytest.raises(InputError, match="must be mono"):
        Clip(np.zeros((2, 5)), 8000)
    with pytest.raises(InputError, match="sample_rate=0"):
        Clip(np.zeros(5), 0)


def test_a_rate_that_would_make_it_too_large_is_refused_before_it_does(monkeypatch):
    clip = Clip(np.zeros(1000, np.float32), 100, name="slow")
    assert len(clip.resampled(1000).waveform) == 10_000
    monkeypatch.setattr("audioinv.sound.clip.MOST_SAMPLES", 9_999)
    with pytest.raises(InputError, match="slow: 10000 samples when its 100 Hz become 1000 Hz, above 9999"):
        clip.resampled(1000)


def test_a_window_that_closes_before_the_recording_begins_is_silent():
    clip = Clip(np.float32([3, 4, 5]), 10, before=np.float32([1, 2]))
    window = open_window(clip, 3, lead_samples=7)
    assert (window.before.tolist(), window.waveform.tolist(), window.after.tolist()) == ([], [0, 0, 0], [1, 2, 3, 4, 5])
    touching = open_window(clip, 3, lead_samples=5)
    assert (touching.waveform.tolist(), touching.after.tolist()) == ([0, 0, 0], [1, 2, 3, 4, 5])


def test_the_hash_is_that_of_sixteen_bits_without_the_silence_around_them():
    heard = struct.pack("<5h", 16384, 0, -32767, 32767, 1)  # 0.5 is 16383.5, and halves go to the even number
    clip = Clip(np.float32([0, 1e-5, 0.5, 0, -1, 1, 1 / 32767, -1e-5]), 8000)
    assert clip.content_hash() == hashlib.sha256(heard).hexdigest()
    assert Clip(np.float32([0, 0.25]), 8000).content_hash() == hashlib.sha256(struct.pack("<h", 8192)).hexdigest()
    assert Clip(np.zeros(3, np.float32), 8000).content_hash() == hashlib.sha256(b"").hexdigest()


def test_a_clip_alone_begins_at_once_and_has_nothing_around_it():
    clip = Clip(np.zeros(3), 1)
    assert (clip.start_seconds, clip.end_seconds, len(clip.before), len(clip.after)) == (0, 3, 0, 0)
    assert clip.waveform.dtype == np.float32


def test_surroundings_count_when_a_rate_would_make_a_clip_too_large(monkeypatch):
    clip = Clip(np.zeros(30), 100, before=np.zeros(50), after=np.zeros(20))
    monkeypatch.setattr("audioinv.sound.clip.MOST_SAMPLES", 1000)
    finer = clip.resampled(1000)
    assert (len(finer.before), len(finer.waveform), len(finer.after)) == (500, 300, 200)
    assert clip.resampled(100) is clip
    monkeypatch.setattr("audioinv.sound.clip.MOST_SAMPLES", 999)
    with pytest.raises(InputError, match="1000 samples when its 100 Hz become 1000 Hz, above 999"):
        clip.resampled(1000)
