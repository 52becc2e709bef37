"""Clips: what comes in, what is refused, how a window lies over a recording."""

import numpy as np
import pytest
import soundfile

from audioinv.errors import AudioFileError, InputError
from audioinv.sound.audio import check_samples, find_stretch, load_clip, write_audio
from audioinv.sound.decoding import Header, Sound
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


@pytest.mark.parametrize(
    ("start_seconds", "end_seconds", "stretch"),
    [
        (0.0, None, (0, 4000)),
        (0.0, 0.5, (0, 4000)),
        (0.499875, 0.5, (3999, 4000)),
        (0.1, 0.2, (800, 1600)),
        (0.2, 0.2, None),
        (0.3, 0.2, None),
        (-0.1, 0.2, None),
        (0.5, None, None),
        (0.0, 0.500125, None),
    ],
)
def test_a_stretch_holds_a_sample_at_least_and_ends_with_the_file(start_seconds, end_seconds, stretch):
    header = Header(4000, 8000, 2, "WAV", "PCM_16")
    if stretch is None:
        with pytest.raises(InputError, match="is empty or outside the file"):
            find_stretch("a.wav", header, start_seconds, end_seconds)
    else:
        assert find_stretch("a.wav", header, start_seconds, end_seconds) == stretch


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sound_may_be_as_loud_as_unscaled_integers_and_no_louder(tmp_path, sign):
    check_samples(tmp_path, np.float32([0, sign * 2.0**32]))
    with pytest.raises(AudioFileError, match=r"samples peak at 4\.29e\+09, where full scale is 1"):
        check_samples(tmp_path, np.float32([0, sign * 2.0**32 * (1 + 1e-6)]))
    with pytest.raises(AudioFileError, match="1 of 3 samples are NaN or infinite"):
        check_samples(tmp_path, np.float32([0, sign * np.inf, 0]))


def test_full_scale_is_written_as_far_as_sixteen_bits_go(tmp_path):
    write_audio(tmp_path / "a.wav", [1.0, -1.0, 0.5, 0.0], 8000)
    written, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    np.testing.assert_array_equal(written, [32767, -32768, 16384, 0])
    write_audio(tmp_path / "empty.wav", [], 8000)
    assert soundfile.info(tmp_path / "empty.wav").frames == 0


@pytest.mark.parametrize("channels", [1, 2])
def test_what_just_fits_into_memory_is_held(tmp_path, monkeypatch, channels):
    soundfile.write(tmp_path / "a.wav", np.zeros((200_000, channels)), 1000)
    monkeypatch.setattr("audioinv.sound.audio.MOST_SAMPLES", 200_000 * channels)
    assert len(load_clip(tmp_path / "a.wav", start_seconds=70, end_seconds=80).after) == 120_000
    monkeypatch.setattr("audioinv.sound.audio.MOST_SAMPLES", 200_000 * channels - 1)
    assert len(load_clip(tmp_path / "a.wav", start_seconds=70, end_seconds=80).after) == 60_000
    monkeypatch.setattr("audioinv.sound.audio.MOST_SAMPLES", 130_000 * channels)
    assert len(load_clip(tmp_path / "a.wav", start_seconds=70, end_seconds=80).before) == 60_000
    monkeypatch.setattr("audioinv.sound.audio.MOST_SAMPLES", 130_000 * channels - 1)
    said = "2 channels" if channels == 2 else "1 channel"
    with pytest.raises(AudioFileError, match=rf": 0\.00278 hours in {said}, above"):
        load_clip(tmp_path / "a.wav", start_seconds=70, end_seconds=80)


@pytest.mark.parametrize(("start", "end"), [(0, 3), (0, 3.2), (2, 5), (4, 4.5), (7, 9), (9.5, 10)])
def test_a_file_too_large_to_hold_is_put_together_from_blocks_and_read_no_further(tmp_path, monkeypatch, start, end):
    sound = (np.arange(1000) / 1000).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 100, subtype="FLOAT")
    monkeypatch.setattr("audioinv.sound.audio._NEAR_SECONDS", 1.0)
    monkeypatch.setattr("audioinv.sound.audio.MOST_SAMPLES", 600)
    monkeypatch.setattr("audioinv.sound.decoding._VALUES_A_READ", 70)
    clip, read = load_clip(tmp_path / "a.wav", start_seconds=start, end_seconds=end), []
    opens, closes = max(0, start * 100 - 100), int(min(1000, end * 100 + 100))
    np.testing.assert_array_equal(np.concatenate([clip.before, clip.waveform, clip.after]), sound[int(opens) : closes])
    np.testing.assert_array_equal(clip.waveform, sound[int(start * 100) : int(end * 100)])
    blocks = Sound.blocks

    def counted(self, n_samples):
        for block in blocks(self, n_samples):
            read.append(len(block))
            yield block

    monkeypatch.setattr(Sound, "blocks", counted)
    load_clip(tmp_path / "a.wav", start_seconds=start, end_seconds=end)
    assert sum(read) == min(1000, -(-closes // 70) * 70)


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff"])
def test_a_step_of_sixteen_bits_is_one_in_32768(tmp_path, suffix):
    write_audio(tmp_path / f"a.{suffix}", np.array([24576, -24576, 1, 9830.8, -9830.3, 0.8]) / 32768, 8000)
    read, _ = soundfile.read(tmp_path / f"a.{suffix}", dtype="int16")
    assert read.tolist() == [24576, -24576, 1, 9831, -9830, 1]  # to the nearest, whatever libsndfile does with floats
