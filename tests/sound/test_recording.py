"""Recordings read block by block: the samples of `load_clip`, and its complaints."""

import numpy as np
import pytest
import soundfile

from audioinv.errors import AudioFileError, InputError
from audioinv.sound.audio import load_clip
from audioinv.sound.clip import Clip
from audioinv.sound.recording import Recording, open_recording

RATE = 22050
ROUNDING = 4 * np.finfo(np.float32).eps  # an MP3 decoded twice differs by one, even when read whole both times


@pytest.fixture
def stereo(rng):
    return (0.2 * rng.standard_normal((3 * RATE + 17, 2))).astype(np.float32)


@pytest.fixture(params=["wav", "flac", "ogg", "mp3"])
def path(request, tmp_path, stereo):
    target = tmp_path / f"sound.{request.param}"
    soundfile.write(target, stereo, RATE)
    return target


@pytest.mark.parametrize("block_seconds", [0.01, 0.37, 100.0])
def test_blocks_are_the_samples_of_the_file(path, block_seconds):
    recording = open_recording(path)
    blocks = list(recording.blocks(RATE, block_seconds))
    tolerance = ROUNDING if path.suffix == ".mp3" else 0
    np.testing.assert_allclose(np.concatenate(blocks), load_clip(path).waveform, rtol=0, atol=tolerance)
    assert max(map(len, blocks)) <= round(block_seconds * RATE)
    assert recording.duration_seconds == load_clip(path).duration_seconds


@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100])
@pytest.mark.parametrize("block_seconds", [0.01, 0.37, 100.0])
def test_a_resampled_stream_is_the_sound_resampled_at_once(path, sample_rate, block_seconds):
    recording = open_recording(path)
    found = np.concatenate(list(recording.blocks(sample_rate, block_seconds)))
    np.testing.assert_allclose(found, load_clip(path, sample_rate=sample_rate).waveform, rtol=0, atol=ROUNDING)
    assert len(found) == recording.n_samples(sample_rate)


def test_control_blocks_resampled_one_by_one_are_not(tmp_path, stereo):
    soundfile.write(tmp_path / "a.wav", stereo, RATE)
    whole = load_clip(tmp_path / "a.wav", sample_rate=8000).waveform
    parts = [
        Clip(block, RATE).resampled(8000).waveform for block in open_recording(tmp_path / "a.wav").blocks(RATE, 0.5)
    ]
    joined = np.concatenate(parts)
    assert np.abs(joined[: len(whole)] - whole[: len(joined)]).max() > 1e-3


@pytest.mark.parametrize("sample_rate", [RATE, 16000])
def test_a_stretch_is_that_of_the_clip(path, sample_rate):
    recording = open_recording(path, start_seconds=0.5, end_seconds=2.25)
    expected = load_clip(path, sample_rate=sample_rate, start_seconds=0.5, end_seconds=2.25)
    found = np.concatenate(list(recording.blocks(sample_rate, 0.3)))
    np.testing.assert_allclose(found, expected.waveform, rtol=0, atol=ROUNDING)
    assert recording.start_seconds == expected.start_seconds


def test_a_clip_in_memory_is_a_recording(stereo):
    clip = Clip(stereo[:, 0], RATE, "noise", start_seconds=2.0)
    recording = open_recording(clip)
    np.testing.assert_array_equal(np.concatenate(list(recording.blocks(16000))), clip.resampled(16000).waveform)
    assert (recording.name, recording.start_seconds) == ("noise", 2.0)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_truncated_file_is_found_out(tmp_path, stereo, suffix):
    path = tmp_path / f"cut.{suffix}"
    soundfile.write(path, stereo, RATE)
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(AudioFileError, match=r"truncated|cannot be read as sound"):
        list(open_recording(path).blocks(RATE))


def test_samples_that_are_no_numbers_are_placed(tmp_path, stereo):
    stereo[2 * RATE + 5] = np.nan
    soundfile.write(tmp_path / "nan.wav", stereo, RATE, subtype="FLOAT")
    with pytest.raises(AudioFileError, match=r"from 2\.0 s on are NaN"):
        list(open_recording(tmp_path / "nan.wav").blocks(RATE, 0.5))


def test_what_is_no_sound_is_refused(tmp_path):
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "empty.wav").write_bytes(b"")
    for name, why in (("text.wav", "cannot be read as sound"), ("empty.wav", "0 bytes"), ("none.wav", "no such file")):
        with pytest.raises(AudioFileError, match=why):
            open_recording(tmp_path / name)
    soundfile.write(tmp_path / "short.wav", np.zeros(100), RATE)
    with pytest.raises(InputError, match="outside the file"):
        open_recording(tmp_path / "short.wav", start_seconds=1.0)


@pytest.mark.parametrize("sample_rate", [8000, 4000])
def test_what_comes_after_a_stretch_is_not_read(tmp_path, sample_rate):
    sound = np.ones(16000, np.float32)
    sound[8100:] = np.nan
    soundfile.write(tmp_path / "a.wav", sound, 8000, subtype="FLOAT")
    quarter = list(open_recording(tmp_path / "a.wav", end_seconds=0.75).blocks(sample_rate, 0.25))
    assert sum(map(len, quarter)) == 0.75 * sample_rate
    whole = open_recording(tmp_path / "a.wav", start_seconds=0.5, end_seconds=1.0)
    if sample_rate == 8000:  # a resampler hears a little of what follows
        np.testing.assert_array_equal(np.concatenate(list(whole.blocks(8000, 0.5))), 1)
    with pytest.raises(AudioFileError, match=r"from 1\.0 s on are NaN"):
        list(open_recording(tmp_path / "a.wav", end_seconds=1.25).blocks(sample_rate, 0.5))


def test_a_block_holds_a_sample_at_least_and_none_is_empty(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.arange(7) / 8, 8000, subtype="FLOAT")
    recording = open_recording(tmp_path / "a.wav", start_seconds=2 / 8000)
    assert [block.tolist() for block in recording.blocks(8000, 1e-9)] == [[2 / 8], [3 / 8], [4 / 8], [5 / 8], [6 / 8]]
    assert [block.tolist() for block in recording.blocks(8000, 3 / 8000)] == [[2 / 8], [3 / 8, 4 / 8, 5 / 8], [6 / 8]]
    assert (recording.duration_seconds, recording.start_seconds) == (5 / 8000, 2 / 8000)


def test_a_file_without_samples_is_refused(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 8000)
    with pytest.raises(AudioFileError, match=r"none\.wav: holds no samples; record it again"):
        open_recording(tmp_path / "none.wav")
    soundfile.write(tmp_path / "one.wav", np.ones(1), 8000)
    assert open_recording(tmp_path / "one.wav").n_samples(8000) == 1


def test_a_stretch_is_counted_at_other_rates():
    recording = Recording(Clip(np.zeros(100), 8000, start_seconds=3.0), "a", 8000, 20, 73)
    assert (recording.n_samples(8000), recording.n_samples(16000), recording.n_samples(3000)) == (53, 106, 19)
    assert (recording.start_seconds, recording.duration_seconds) == (3 + 20 / 8000, 53 / 8000)
