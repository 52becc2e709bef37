"""Lay the shipped clips out as published data sets are, small: ``python trees.py CLIPS DATA``.

Every function makes one layout below a folder, file names, columns and lists as the data set has them.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np

import audioinv
from audioinv.sound.audio import write_audio

INSTRUMENTS = ("cello", "flute", "harp", "piano")


def clips_of(clips, kind):
    """Return the entries of a set of shipped clips, as their manifest lists them."""
    return audioinv.read_corpus(clips / kind).entries


def strokes_of(clips):
    """Return twelve kicks and twelve snares in turns."""
    drums = clips_of(clips, "drums")
    kicks, snares = ([entry for entry in drums if entry.label == label] for label in ("kick", "snare"))
    return [entry for pair in zip(kicks, snares, strict=False) for entry in pair]


def copy(entry, path, speed=1.0):
    """Write a clip as WAV; faster means another voice."""
    clip = entry.load()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_audio(path, clip.waveform, round(clip.sample_rate * speed))


def write_table(path, rows):
    """Write rows as CSV, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)
    return path


def esc50(root, clips):
    """Four instruments at ten pitches in five folds; a pitch is a source file, two of them a fold."""
    entries = [entry for entry in clips_of(clips, "instruments") if entry.label in INSTRUMENTS]
    pitches = sorted({entry.group for entry in entries})
    rows = []
    for entry in entries:
        source, target = pitches.index(entry.group), INSTRUMENTS.index(entry.label)
        name = f"{source // 2 + 1}-{100000 + source}-A-{target}.wav"
        copy(entry, root / "audio" / name)
        row = {"filename": name, "fold": source // 2 + 1, "target": target, "category": entry.label}
        rows.append({**row, "esc10": target < 2, "src_file": 100000 + source, "take": "A"})
    write_table(root / "meta" / "esc50.csv", rows)


def urbansound8k(root, clips):
    """Twenty drum strokes in ten folds; start and end are times in the recording that a slice was cut from."""
    rows = []
    for place, entry in enumerate(strokes_of(clips)[:20]):
        class_id = ("kick", "snare").index(entry.label)
        source, fold = 1000 + place // 2, place // 2 + 1
        name = f"{source}-{class_id}-0-{place % 2}.wav"
        copy(entry, root / "audio" / f"fold{fold}" / name)
        row = {"slice_file_name": name, "fsID": source, "start": 40.0 + place, "end": 44.0 + place, "salience": 1}
        rows.append({**row, "fold": fold, "classID": class_id, "class": entry.label})
    write_table(root / "metadata" / "UrbanSound8K.csv", rows)


def speech_commands(root, clips):
    """Digits as words, by eight voices made of one; two are for validation, one for testing."""
    words = ("zero", "one", "two", "three")
    lists = {"validation_list.txt": [], "testing_list.txt": []}
    listed = {5: "validation_list.txt", 6: "validation_list.txt", 7: "testing_list.txt"}
    for entry in clips_of(clips, "digits")[: len(words)]:
        for voice in range(8):
            name = f"{words[int(entry.label)]}/{0xA0B0C0D0 + voice:08x}_nohash_0.wav"
            copy(entry, root / name, speed=0.85 + 0.05 * voice)
            if voice in listed:
                lists[listed[voice]].append(name)
    for name, lines in lists.items():
        (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    hiss = np.random.default_rng(0).uniform(-0.1, 0.1, 16000)
    (root / "_background_noise_").mkdir()
    write_audio(root / "_background_noise_" / "white_noise.wav", hiss, 16000)


def audiomnist(root, clips):
    """Ten digits by two voices made of one."""
    meta = {}
    for voice, speed in (("01", 1.0), ("02", 0.9)):
        meta[voice] = {"accent": "American", "age": "30", "gender": "female", "native speaker": "yes"}
        for entry in clips_of(clips, "digits"):
            copy(entry, root / "data" / voice / f"{entry.label}_{voice}_0.wav", speed)
    (root / "data" / "audioMNIST_meta.txt").write_text(json.dumps(meta, indent=4), encoding="utf-8")


def audiofolder(root, clips):
    """Drum strokes in folders of splits, as Hugging Face has them, a metadata.csv in each."""
    strokes = strokes_of(clips)
    for split, entries in {"train": strokes[:16], "validation": strokes[16:20], "test": strokes[20:]}.items():
        for place, entry in enumerate(entries):
            copy(entry, root / split / f"{place:02}.wav")
        rows = [{"file_name": f"{place:02}.wav", "label": entry.label} for place, entry in enumerate(entries)]
        write_table(root / split / "metadata.csv", rows)


def annotated(root, clips):
    """One recording of six strokes half a second apart, told of as Audacity and as Raven do."""
    recording = np.zeros(6 * 8000, np.float32)
    tracks, rows = [], []
    for place, entry in enumerate(strokes_of(clips)[:6]):
        sound = entry.load(16000).waveform[:4800]
        recording[place * 8000 + 1600 :][: len(sound)] = sound
        start, end = place * 0.5 + 0.1, place * 0.5 + 0.4
        tracks += [f"{start:.6f}\t{end:.6f}\t{entry.label}", "\\\t100.000000\t4000.000000"]
        rows.append(f"{place + 1}\tSpectrogram 1\t1\t{start:.6f}\t{end:.6f}\t100.0\t4000.0\t{entry.label}")
    for folder in ("audacity", "raven"):
        (root / folder).mkdir(parents=True)
        write_audio(root / folder / "session.wav", recording, 16000)
    (root / "audacity" / "session.txt").write_text("\n".join(tracks) + "\n", encoding="utf-8")
    header = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tSpecies"
    table = root / "raven" / "session.Table.1.selections.txt"
    table.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


LAYOUTS = {
    "ESC-50": esc50,
    "UrbanSound8K": urbansound8k,
    "speech_commands": speech_commands,
    "AudioMNIST": audiomnist,
    "audiofolder": audiofolder,
    "annotated": annotated,
}

if __name__ == "__main__":
    shipped, data = Path(sys.argv[1]), Path(sys.argv[2])
    for folder, make in LAYOUTS.items():
        make(data / folder, shipped)
