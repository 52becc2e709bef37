"""The fuzzing of sound: cases that can be made again, changes that reach the decoder, a count that misses nothing."""

import numpy as np
import pytest

from audioinv.errors import AudioFileError
from benchmarks import fuzz
from benchmarks.fuzz import Tally, decode, find_fields, make_seeds, mutant, true_checksums

from .strange_sounds import wav


@pytest.fixture(scope="module")
def seeds():
    return make_seeds()


def test_every_seed_is_sound_itself(seeds, tmp_path):
    tally = Tally()
    for case, (name, content) in enumerate(seeds.items()):
        (tmp_path / name).write_bytes(content)
        decode(case, tmp_path / name, tally)
    assert (tally.decoded, tally.refused.total()) == (len(seeds), 0)


def test_a_case_is_the_same_file_again_and_cases_differ(seeds):
    cases = [mutant(seeds, 3, case) for case in range(40)]
    assert cases == [mutant(seeds, 3, case) for case in range(40)]
    assert len({content for _, content, _ in cases}) > 35
    assert cases != [mutant(seeds, 4, case) for case in range(40)]


def test_checksums_of_pages_are_made_true(seeds):
    # libogg wrote those of the seeds, so they are an oracle.
    for name in ("a.ogg", "b.ogg"):
        content = seeds[name]
        broken = content[:22] + b"\0\0\0\0" + content[26:]
        assert broken != content
        assert true_checksums(broken) == content
    assert true_checksums(seeds["a.wav"]) == seeds["a.wav"]


def test_fields_of_a_wav_are_where_the_format_has_them(seeds):
    fields = set(find_fields(wav()))
    assert {(4, 4), (16, 4), (40, 4), (20, 2), (22, 2), (24, 4), (34, 2)} <= fields  # sizes, code, channels, rate, bits
    assert all(at < 44 for at, _ in fields)  # none in the sound


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (TypeError("planted"), "tracebacks"),
        (AudioFileError("the decoder died of it (signal 11)"), "decoders_lost"),
        (AudioFileError("to decode it took longer than 8 s"), "decoders_lost"),
        (AudioFileError("truncated"), "refused"),
    ],
)
def test_what_is_planted_is_counted(monkeypatch, tmp_path, error, found):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(fuzz, "load_clip", fail)
    tally = Tally()
    decode(7, tmp_path / "a.wav", tally)
    counted = {name for name in ("tracebacks", "decoders_lost", "hangs") if getattr(tally, name)}
    assert counted == {found} - {"refused"}
    assert tally.refused.total() == (found != "tracebacks")


def test_a_slow_file_is_a_hang(monkeypatch, tmp_path):
    clock = iter((0.0, 10.5))
    monkeypatch.setattr(fuzz.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(fuzz, "load_clip", lambda *_, **__: None)
    tally = Tally()
    decode(3, tmp_path / "a.wav", tally)
    assert tally.hangs == [3]


def test_mutants_are_heard_or_refused_with_a_reason(seeds, tmp_path):
    tally = Tally()
    for case in range(250):
        name, content, _ = mutant(seeds, 11, case)
        (tmp_path / name).write_bytes(content)
        decode(case, tmp_path / name, tally)
    assert tally.tracebacks == tally.hangs == tally.decoders_lost == []
    assert tally.decoded + tally.refused.total() == 250
    assert min(tally.decoded, tally.refused.total()) > 25  # neither harmless nor hopeless
    assert np.isfinite(tally.slowest_seconds)
