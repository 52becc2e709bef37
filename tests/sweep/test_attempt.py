"""One clip at a time: what `use` returns, or where and why the clip failed, told without its name twice."""

import numpy as np
import pytest

from audioinv.corpus.entries import CorpusEntry
from audioinv.errors import AudioFileError, DecoderError, InputError, ModelError
from audioinv.sound.audio import write_audio
from audioinv.sound.clip import Clip
from audioinv.sweep.attempt import DECODER, attempt

TONE = np.sin(np.arange(800) / 9).astype(np.float32)


def refuse(clip):
    raise InputError(f"{clip.name}: too quiet")


def test_a_clip_is_used_whether_in_memory_or_in_a_file(tmp_path):
    write_audio(tmp_path / "tone.wav", TONE, 8000)
    for source in (Clip(TONE, 8000, name="tone"), CorpusEntry(tmp_path / "tone.wav", "sine")):
        found = attempt(source, lambda clip: (clip.label, len(clip.waveform)))
        assert found == (None if isinstance(source, Clip) else "sine", 800)


def test_where_a_clip_failed_and_why(tmp_path):
    write_audio(tmp_path / "tone.wav", TONE, 8000)
    (tmp_path / "text.wav").write_text("no sound")
    in_memory, in_a_file = Clip(TONE, 8000, name="tone"), CorpusEntry(tmp_path / "tone.wav")
    for source, name in ((in_memory, "tone"), (in_a_file, str(tmp_path / "tone.wav"))):
        failure = attempt(source, refuse)
        assert (failure.path, failure.stage, failure.reason[-9:]) == (name, "check", "too quiet")
    assert attempt(in_memory, refuse).reason == "too quiet"
    failure = attempt(CorpusEntry(tmp_path / "text.wav"), refuse)
    assert (failure.path, failure.stage) == (str(tmp_path / "text.wav"), "read")
    assert not failure.reason.startswith(failure.path)


@pytest.mark.parametrize(("error", "stage"), [(DecoderError, DECODER), (AudioFileError, "read")])
def test_a_lost_decoder_is_told_from_a_damaged_file(monkeypatch, tmp_path, error, stage):
    def fail(entry):
        raise error(f"{entry.path}: gone")

    monkeypatch.setattr(CorpusEntry, "load", fail)
    failure = attempt(CorpusEntry(tmp_path / "a.wav"), refuse)
    assert (failure.stage, failure.reason) == (stage, "gone")


def test_what_is_not_the_clips_fault_is_raised():
    def fail(clip):
        raise ModelError("answers NaN")

    with pytest.raises(ModelError, match="answers NaN"):
        attempt(Clip(TONE, 8000), fail)
