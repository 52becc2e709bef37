"""Clips: what comes in, what is refused, how a window lies over a recording."""

import numpy as np
import pytest
import soundfile

from audioinv.errors import AudioFileError, InputError
from audioinv.sound.audio import load_clip, write_audio
from audioinv.sound.synthetic import tone


@pytest.mark.parametrize(
    ("suffix", "tolerance"), [("wav", 1 / 32768), ("flac", 1 / 32768), ("ogg", 0.05), ("mp3", 0.05)]
)
def test_what_is_written_is_read(tmp_path, suffix, tolerance):
    sound = 0.5 * tone(440.0, duration_seconds=0.5, sample_rate=16000).astype(np.float32)
    write_audio(tmp_path / f"a.{suffix}", sound, 16000)
    clip = load_clip(tmp_path / f"a.{suffix}")
    assert clip.sample_rate == 16000
    n = min(len(sound), len(clip.waveform))
    assert n == len(sound)
    # Lossy formats are judged away from the ends, where their blocks begin.
    inner = slice(2000, 6000)
    np.testing.assert_allclose(clip.waveform[inner], sound[inner], atol=tolerance)


def test_several_channels_become_their_mean(tmp_path, rng):
    channels = (0.1 * rng.standard_normal((4000, 3))).astype(np.float32)
    soundfile.write(tmp_path / "three.wav", channels, 96000, subtype="FLOAT")
    clip = load_clip(tmp_path / "three.wav")
    np.testing.assert_allclose(clip.waveform, channels.mean(1), atol=1e-7)
    assert clip.sample_rate == 96000


def test_resampling_keeps_a_tone_and_the_cuts(tmp_path):
    sound = tone(1000.0, duration_seconds=1.0, sample_rate=48000).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 48000, subtype="FLOAT")
    clip = load_clip(tmp_path / "a.wav", sample_rate=16000, start_seconds=0.25, end_seconds=0.75)
    assert (len(clip.before), len(clip.waveform), len(clip.after)) == (4000, 8000, 4000)
    expected = tone(1000.0, duration_seconds=1.0, sample_rate=16000)[4000:12000]
    np.testing.assert_allclose(clip.waveform, expected, atol=1e-3)
    assert clip.start_seconds == 0.25
    assert clip.end_seconds == 0.75


def _truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("gone.wav", lambda path: path.unlink(), "no such file"),
        ("empty.wav", lambda path: path.write_bytes(b""), r"empty \(0 bytes\)"),
        ("text.wav", lambda path: path.write_text("hello, this is no sound\n" * 9), "cannot be read as sound"),
        ("half.wav", _truncate, "truncated"),
        ("half.flac", _truncate, "truncated|cannot be read"),
        ("none.wav", lambda path: soundfile.write(path, np.zeros(0), 8000), "holds no samples"),
        (
            "nan.wav",
            lambda path: soundfile.write(path, np.full(9, np.nan), 8000, subtype="FLOAT"),
            "9 of 9 samples are NaN",
        ),
        ("folder.wav", lambda path: (path.unlink(), path.mkdir()), "not a regular file"),
    ],
)
def test_what_cannot_be_read_says_why_in_one_line(tmp_path, name, spoil, words):
    path = tmp_path / name
    write_audio(path, np.sin(np.arange(20000)) / 2, 8000)
    spoil(path)
    with pytest.raises(AudioFileError, match=words) as caught:
        load_clip(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_stretch_outside_the_file_is_refused(tmp_path):
    write_audio(tmp_path / "a.wav", np.zeros(8000), 8000)
    with pytest.raises(InputError, match=r"outside the file.s 1\.000 s"):
        load_clip(tmp_path / "a.wav", start_seconds=0.5, end_seconds=1.5)


def test_writing_refuses_what_would_clip_and_unknown_formats(tmp_path):
    with pytest.raises(InputError, match=r"peaks at 1\.500"):
        write_audio(tmp_path / "a.wav", np.full(9, 1.5), 8000)
    with pytest.raises(InputError, match="cannot be written"):
        write_audio(tmp_path / "a.xyz", np.zeros(9), 8000)


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff"])
def test_sixteen_bits_survive_any_number_of_copies(tmp_path, rng, suffix):
    integers = rng.integers(-32768, 32768, 5000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", integers, 16000)
    for source, target in (("a.wav", f"b.{suffix}"), (f"b.{suffix}", f"c.{suffix}")):
        write_audio(tmp_path / target, load_clip(tmp_path / source).waveform, 16000)
    copied, _ = soundfile.read(tmp_path / f"c.{suffix}", dtype="int16")
    np.testing.assert_array_equal(copied, integers)


@pytest.mark.parametrize("channels", [1, 2])
def test_of_a_file_too_large_to_hold_a_stretch_has_a_minute_on_either_side(tmp_path, monkeypatch, rng, channels):
    noise = (0.1 * rng.standard_normal((300_000, channels))).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", noise, 1000, subtype="FLOAT")
    whole = load_clip(tmp_path / "long.wav", start_seconds=100, end_seconds=103)
    assert (len(whole.before), len(whole.after)) == (100_000, 197_000)
    monkeypatch.setattr("audioinv.sound.audio.MOST_SAMPLES", 250_000)
    near = load_clip(tmp_path / "long.wav", start_seconds=100, end_seconds=103)
    assert near.start_seconds == 100
    np.testing.assert_array_equal(near.waveform, whole.waveform)
    np.testing.assert_array_equal(near.before, whole.before[-60_000:])
    np.testing.assert_array_equal(near.after, whole.after[:60_000])
    early = load_clip(tmp_path / "long.wav", start_seconds=1, end_seconds=2)
    assert (len(early.before), len(early.after)) == (1000, 60_000)
    with pytest.raises(AudioFileError, match="MiB that a sound may take in memory"):
        load_clip(tmp_path / "long.wav")
