"""Equal sounds under other names, formats and lengths of silence: one is kept, and contradictions are not."""

from pathlib import Path

import numpy as np
import pytest

from audioinv.corpus.duplicates import content_hashes, drop_duplicates, equal_sounds
from audioinv.corpus.entries import Corpus, CorpusEntry
from audioinv.corpus.layouts import read_corpus
from audioinv.sound.audio import write_audio


@pytest.fixture
def kits(tmp_path):
    """Two kits that share a recording under another name, format and length of silence; one sound with two labels."""
    rng = np.random.default_rng(0)
    whole = rng.integers(-9000, 9000, (4, 800))  # samples that 16 bits hold exactly, in any format
    sounds = dict(zip(["boom", "crack", "tick", "thud"], np.float32(whole / 32768), strict=True))
    padded = np.concatenate([np.zeros(100, dtype=np.float32), sounds["boom"]])
    files = {
        "kick/rock 01.wav": sounds["boom"],
        "kick/pearl 07.flac": padded,
        "kick/thud.wav": sounds["thud"],
        "snare/crack.wav": sounds["crack"],
        "snare/thud.flac": sounds["thud"],
        "hat/tick.wav": sounds["tick"],
    }
    for name, waveform in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_audio(tmp_path / name, waveform, 8000)
    return read_corpus(tmp_path)


def test_the_first_of_equal_sounds_is_kept_and_contradictions_are_not(kits):
    root = Path(kits.name)
    unique = drop_duplicates(kits, content_hashes(kits))
    assert [entry.path.name for entry in unique.entries] == ["tick.wav", "pearl 07.flac", "crack.wav"]
    assert {skipped.path.name: skipped.reason for skipped in unique.skipped} == {
        "rock 01.wav": f"the same sound as {root / 'kick/pearl 07.flac'}",
        "thud.wav": f"labelled kick, but {root / 'snare/thud.flac'} is the same sound and labelled snare",
        "thud.flac": f"labelled snare, but {root / 'kick/thud.wav'} is the same sound and labelled kick",
    }


def test_dropping_twice_changes_nothing_more(kits):
    unique = drop_duplicates(kits, content_hashes(kits))
    assert drop_duplicates(unique, content_hashes(unique)) == unique


def test_what_has_no_hash_or_no_label_is_no_contradiction():
    bare, kick, other = (CorpusEntry(Path(f"{i}.wav"), label=label) for i, label in enumerate([None, "kick", "kick"]))
    corpus = Corpus("three", (bare, kick, other))
    assert drop_duplicates(corpus, {}) == corpus
    assert drop_duplicates(corpus, {bare: "same", kick: "same"}).entries == (kick, other)


def test_equal_sounds_keep_the_order_of_the_entries():
    entries = [CorpusEntry(Path(f"{i}.wav")) for i in range(5)]
    hashes = dict(zip(entries, "xyxzy", strict=True))
    assert equal_sounds(entries, hashes) == [[entries[0], entries[2]], [entries[1], entries[4]]]
