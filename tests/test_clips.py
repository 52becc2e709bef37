"""The shipped clips are what their manifests and licences say, and the script that makes them does what it says."""

import csv
import importlib
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audioinv.sound.audio import load_clip
from audioinv.sound.clip import Clip

CLIPS = Path(__file__).parents[1] / "clips"
SAMPLE_RATE = 16_000
COUNTS = {
    "drums": {"kick": 21, "snare": 12, "hihat": 6, "tom": 10, "cymbal": 6, "handdrum": 26, "bell": 7},
    "tones": {"tone1": 100, "tone2": 100, "tone3": 100, "tone4": 100},
    "instruments": {
        **{"piano": 10, "harpsichord": 10, "marimba": 10, "organ": 10, "guitar": 10, "harp": 10},
        **{"violin": 10, "cello": 10, "trumpet": 10, "saxophone": 10, "clarinet": 10, "flute": 10},
    },
    "digits": dict.fromkeys("0123456789", 1),
}
N_GROUPS = {"drums": 18, "tones": 100, "instruments": 10, "digits": 10}


def rows_of(manifest):
    with manifest.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def shipped(name):
    return [
        load_clip(CLIPS / name / row["path"], label=row["label"], group=row["group"])
        for row in rows_of(CLIPS / name / "manifest.csv")
    ]


@pytest.fixture(scope="module")
def makers():
    """Import the scripts the way that running one of them does: from their own folder."""
    sys.path.insert(0, str(CLIPS))
    try:
        yield {name: importlib.import_module(name) for name in ("treatment", "drums", "tones", "instruments", "make")}
    finally:
        sys.path.remove(str(CLIPS))


# --- what ships


@pytest.mark.parametrize("name", COUNTS)
def test_every_row_is_a_mono_sound_that_begins_at_once(name):
    for row in rows_of(CLIPS / name / "manifest.csv"):
        path = CLIPS / name / row["path"]
        form = soundfile.info(path)
        assert (form.samplerate, form.channels, form.format) == (SAMPLE_RATE, 1, "FLAC"), row["path"]
        assert 0.02 < form.duration <= 1.5, row["path"]
        assert row["path"].split("/")[0] == row["label"]
        level = np.abs(load_clip(path).waveform)
        # 2 ms are kept before the onset, which lies 60 dB below the peak; 16 bits round by half a step.
        assert np.argmax(level > level.max() / 1000 - 0.5 / 32768) <= 0.002 * SAMPLE_RATE, row["path"]


@pytest.mark.parametrize("name", COUNTS)
def test_labels_and_groups_are_as_stated(name):
    rows = rows_of(CLIPS / name / "manifest.csv")
    assert Counter(row["label"] for row in rows) == COUNTS[name]
    assert len({row["group"] for row in rows}) == N_GROUPS[name]
    stated = next(line for line in (CLIPS / "README.md").read_text().splitlines() if line.startswith(f"| {name} |"))
    assert int(stated.split("|")[2]) == len(rows)


def test_no_two_clips_are_equal():
    hashes = Counter(clip.content_hash() for name in COUNTS for clip in shipped(name))
    assert hashes.most_common(1)[0][1] == 1


@pytest.mark.parametrize("name", COUNTS)
def test_no_two_clips_are_equal_up_to_gain_and_delay(name, makers):
    treatment = makers["treatment"]
    recordings = [treatment.Recording(clip, "test", clip.name, "") for clip in shipped(name)]
    assert treatment.drop_duplicates(recordings)[1] == []


def test_manifests_and_files_agree():
    overall = rows_of(CLIPS / "manifest.csv")
    of_sets = [
        {**row, "set": name, "path": f"{name}/{row['path']}"}
        for name in COUNTS
        for row in rows_of(CLIPS / name / "manifest.csv")
    ]
    on_disk = {path.relative_to(CLIPS).as_posix() for path in CLIPS.rglob("*.flac")}
    assert {row["path"] for row in overall} == on_disk
    assert sorted(overall, key=lambda row: row["path"]) == sorted(of_sets, key=lambda row: row["path"])
    assert all(all(row.values()) for row in overall)


def test_they_stay_small():
    assert sum(path.stat().st_size for path in CLIPS.rglob("*.flac")) < 9_000_000


def test_every_clip_has_a_licence_with_its_notice():
    counts = Counter((row["set"], row["licence"]) for row in rows_of(CLIPS / "manifest.csv"))
    text = (CLIPS / "LICENCES.md").read_text(encoding="utf-8")
    for (name, licence), count in counts.items():
        assert f"| {name} | {count} | {licence} |" in text
        assert f"\n## {name}, {licence}\n" in text
    assert "Permission is hereby granted, free of charge" in text
    packages = {row["source"].split(":")[0] for row in rows_of(CLIPS / "manifest.csv")}
    assert [package for package in packages if f"`{package}`" not in text] == []


def test_every_author_of_a_drum_stroke_is_named():
    text = (CLIPS / "LICENCES.md").read_text(encoding="utf-8").lower().replace("_", "-").replace(" ", "-")
    authors = {row["group"].removeprefix("freesound/") for row in rows_of(CLIPS / "drums/manifest.csv")}
    assert [author for author in authors if author not in text] == ["rumpf-kit-z01-h2"]
    assert "emanuel-rumpf" in text


def test_a_syllable_ships_in_all_four_tones():
    rows = rows_of(CLIPS / "tones/manifest.csv")
    assert set(Counter(row["group"] for row in rows).values()) == {4}
    for row in rows:
        speaker, syllable = row["group"].split("/")
        assert row["path"] == f"{row['label']}/{speaker}_{syllable}{row['label'][-1]}.flac"


def test_instruments_sound_at_the_pitch_that_they_are_filed_under():
    """The autocorrelation, interpolated eightfold, peaks at the period of the note, within five semitones."""
    for clip in shipped("instruments"):
        note = int(clip.group.removeprefix("midi"))
        period = 8 * SAMPLE_RATE / (440 * 2 ** ((note - 69) / 12))
        power = np.abs(np.fft.rfft(clip.waveform[1600:11200], 32768)) ** 2
        lags = np.arange(int(period * 2 ** (-5 / 12)), int(period * 2 ** (5 / 12)) + 1)
        best = lags[np.argmax(np.fft.irfft(power, 8 * 32768)[lags])]
        assert abs(12 * np.log2(best / period)) < 0.5, clip.name  # nearer to it than to any other note


# --- how they were made


def test_trimming_keeps_two_milliseconds_and_fades_only_what_it_cuts(makers):
    trimmed = makers["treatment"].trimmed
    sound = np.zeros(4000, dtype=np.float32)
    sound[1000:2000] = 0.5
    sound[2000:3000] = 0.0004  # 62 dB below the peak: silence
    assert len(trimmed(sound, 1.5)) == 32 + 1000
    np.testing.assert_array_equal(trimmed(sound, 1.5), sound[968:2000])
    cut = trimmed(sound, 0.05)
    assert len(cut) == 800
    np.testing.assert_array_equal(cut[:640], sound[968:1608])
    np.testing.assert_allclose(cut[640:], np.linspace(0.5, 0, 160), rtol=1e-6, atol=1e-9)
    assert len(trimmed(np.zeros(100, dtype=np.float32), 1.5)) == 0


def recording(treatment, waveform, label="a", split="train", name="x", group="g"):
    clip = Clip(np.asarray(waveform, dtype=np.float32), SAMPLE_RATE, name, label, group)
    return treatment.Recording(clip, split, name, "CC0-1.0")


def test_duplicates_are_found_through_gain_polarity_and_delay(makers):
    treatment = makers["treatment"]
    rng = np.random.default_rng(0)
    noise, other = rng.normal(size=(2, 4000)) * 0.1
    alike = [noise, 0.3 * noise, -noise, np.concatenate([np.zeros(500), noise]), noise + 0.05 * other]
    unlike = [other, noise[::-1], noise + 0.2 * other]  # the last correlates by 0.98
    recordings = [recording(treatment, sound, name=str(index)) for index, sound in enumerate([*alike, *unlike])]
    kept, dropped = treatment.drop_duplicates(recordings)
    assert [one.source for one in kept] == ["0", "5", "6", "7"]
    assert [(pair.dropped.source, pair.kept.source) for pair in dropped] == [(str(i), "0") for i in range(1, 5)]


def test_equal_sounds_with_two_labels_go_both(makers):
    treatment = makers["treatment"]
    noise = np.random.default_rng(0).normal(size=4000) * 0.1
    recordings = [recording(treatment, noise, "tone2"), recording(treatment, noise, "tone4")]
    kept, dropped = treatment.drop_duplicates(recordings)
    assert kept == []
    assert {pair.reason for pair in dropped} == {"same samples, labels differ"}


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("Snare Rimshot", "snare"),
        ("Rim Click (Pearl Free Floating Maple 14x3.5)", None),
        ("Stick", None),
        ("drum_cymbal_closed", "hihat"),
        ("drum_cymbal_hard", "cymbal"),
        ("Ride Bell (Custom, Zagrebin 22)", "cymbal"),
        ("Kenkeni1 Bell Hit", "bell"),
        ("Kenkeni1 Head Hit", "handdrum"),
        ("Kick (Tama Superstar 22)", "kick"),
        ("bassdrum01", "kick"),
        ("EE Kick Stomp", "kick"),
        ("Side OHH", "hihat"),
        ("Hand Clap", None),
        ("drum_roll", None),
        ("loop_tabla", None),
    ],
)
def test_label_from_words(words, label, makers):
    assert makers["drums"].label_of(words) == label


@pytest.mark.parametrize(
    ("zhuyin", "pinyin"),
    [
        ("ㄇㄚ", "ma"),
        ("ㄕ", "shi"),
        ("ㄒㄩㄢ", "xuan"),
        ("ㄌㄩ", "lv"),
        ("ㄉㄨㄥ", "dong"),
        ("ㄐㄩㄥ", "jiong"),
        ("ㄌㄧㄡ", "liu"),
        ("ㄧㄡ", "you"),
        ("ㄨㄥ", "weng"),
        ("ㄩㄣ", "yun"),
        ("ㄅ", None),
        ("ㄝ", None),
    ],
)
def test_zhuyin_in_pinyin(zhuyin, pinyin, makers):
    assert makers["tones"].pinyin(zhuyin) == pinyin


def test_a_syllable_that_ships_is_trained_on_by_nobody(makers, tmp_path):
    rng = np.random.default_rng(0)
    root = tmp_path / "gcin-voice/usr/share/gcin-voice/ogg"
    for zhuyin in ("ㄇㄚ", "ㄕ", "ㄌㄩ", "ㄧㄡ"):
        for tone in ("", "1", "2", "3", "4"):
            folder = root / f"{zhuyin}{tone}"
            folder.mkdir(parents=True)
            for speaker in ("3", "5") if tone != "1" or zhuyin == "ㄇㄚ" else ():
                soundfile.write(folder / f"{speaker}.ogg", rng.uniform(-0.5, 0.5, 4000), SAMPLE_RATE)
    (root / "ㄌㄩ4/5.ogg").unlink()  # so that this syllable cannot ship
    recordings = list(makers["tones"].recordings(tmp_path))
    sides = {(one.clip.group, one.split) for one in recordings}
    assert sides == {
        ("chulo/ma", "test"),
        ("chulo/shi", "test"),
        ("chulo/you", "test"),
        ("chulo/lv", "train"),
        ("liu/lv", "train"),
    }
    labels = Counter(one.clip.label for one in recordings if one.clip.group == "chulo/ma")
    assert labels == {"tone1": 1, "tone2": 1, "tone3": 1, "tone4": 1}  # and no neutral tone


def test_a_corpus_that_leaks_is_refused(makers):
    def of(**words):
        return recording(makers["treatment"], [1], **words)

    check_split = makers["make"].check_split
    fine = [of(name="x", group="g"), of(name="y", group="h", split="test")]
    check_split(fine)
    with pytest.raises(SystemExit, match=r"on two sides: \['g'\]; twice: \[\]"):
        check_split([*fine, of(name="z", group="g", split="test")])
    with pytest.raises(SystemExit, match=r"on two sides: \[\]; twice: \['a/x.flac'\]"):
        check_split([*fine, of(name="x", group="g")])
    with pytest.raises(SystemExit, match=r"do not ship: \{'b'\}"):
        check_split([*fine, of(name="z", label="b")])


def test_a_midi_file_says_when_each_note_begins(makers):
    instruments = makers["instruments"]
    data = instruments._midi_file(40, [60, 62])
    assert data[:14] == b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x03\xe8"
    assert int.from_bytes(data[18:22], "big") == len(data) - 22
    at, elapsed, begins = 22, 0, []
    while at < len(data):
        delay = 0
        while True:
            byte, at = data[at], at + 1
            delay = delay << 7 | byte & 0x7F
            if byte < 0x80:
                break
        elapsed += delay
        status = data[at]
        if status == 0x90:
            begins.append((elapsed, data[at + 1]))
        at += {0xFF: 3 + data[at + 2], 0xC0: 2}.get(status, 3)
    assert begins == [(0, 60), (instruments.SPACING_MS, 62)]
