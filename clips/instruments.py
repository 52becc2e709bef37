"""Twelve instruments at known pitches, rendered from a free soundfont.

Conventions
-----------
Pitches are MIDI notes (60 is middle C, 261.6 Hz). A note begins where its clip does and is released after 0.8 s.
The renderer's reverb and chorus are off. Neighbouring notes are often one recording at two speeds, as in every
soundfont: a network that knows the training pitches has met the recordings, though not the pitches, that it is
tested on. One velocity only: in this soundfont nearly all others are the same recording at another gain.

What is here: `recordings`.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from treatment import SAMPLE_RATE, Recording, slug, trimmed

from audioinv.sound.audio import load_clip
from audioinv.sound.clip import Clip

PACKAGES = ("fluid-soundfont-gm",)
LONGEST_SECONDS = 1.0
HELD_MS = 800
SPACING_MS = 2500  # from one note to the next; the one before is silenced just before
SOUNDFONT = "fluid-soundfont-gm/usr/share/sounds/sf2/FluidR3_GM.sf2"

PROGRAMS = {  # General MIDI, counted from 0
    "piano": 0,
    "harpsichord": 6,
    "marimba": 12,
    "organ": 19,
    "guitar": 24,
    "violin": 40,
    "cello": 42,
    "harp": 46,
    "trumpet": 56,
    "saxophone": 65,
    "clarinet": 71,
    "flute": 73,
}
VELOCITY = 100
SHIPPED_NOTES = range(48, 85, 4)
OTHER_NOTES = [note for note in range(47, 86) if note not in SHIPPED_NOTES]
VALID_NOTES = OTHER_NOTES[4::5]


def recordings(packages: Path) -> Iterator[Recording]:
    """Yield all notes of all instruments, what ships first.

    Parameters
    ----------
    packages : Path
        Folder that holds the unpacked packages, one folder each.

    Yields
    ------
    Recording
    """
    notes = [*SHIPPED_NOTES, *OTHER_NOTES]
    rendered = {label: _render(packages / SOUNDFONT, program, notes) for label, program in PROGRAMS.items()}
    for index, note in enumerate(notes):
        split = "test" if note in SHIPPED_NOTES else "valid" if note in VALID_NOTES else "train"
        first = index * SPACING_MS * SAMPLE_RATE // 1000
        for label, sound in rendered.items():
            waveform = trimmed(sound.waveform[first : first + 2 * SAMPLE_RATE], LONGEST_SECONDS)
            if len(waveform) == 0:  # beyond what the soundfont has for this instrument
                continue
            clip = Clip(waveform, SAMPLE_RATE, slug(label, f"midi{note}"), label, f"midi{note}")
            source = f"fluid-soundfont-gm: {Path(SOUNDFONT).name} program {PROGRAMS[label]} note {note}"
            yield Recording(clip, split, source, "MIT")


def _render(soundfont: Path, program: int, notes: list[int]) -> Clip:
    """Play notes one after the other, one every `SPACING_MS`."""
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "notes.mid", Path(folder) / "notes.wav"
        score.write_bytes(_midi_file(program, notes))
        command = ["fluidsynth", "-n", "-i", "-q", "-R", "0", "-C", "0", "-g", "2.0", "-r", "48000"]
        subprocess.run([*command, "-T", "wav", "-O", "float", "-F", sound, soundfont, score], check=True)
        return load_clip(sound, sample_rate=SAMPLE_RATE)


def _midi_file(program: int, notes: list[int]) -> bytes:
    """Write a MIDI file of one track whose ticks are milliseconds (1000 a quarter, a quarter a second)."""
    track = bytearray(b"\x00\xff\x51\x03" + (1_000_000).to_bytes(3, "big") + bytes([0, 0xC0, program]))
    for note in notes:
        track += bytes([0, 0x90, note, VELOCITY])
        track += _delay(HELD_MS) + bytes([0x80, note, 0])
        track += _delay(SPACING_MS - HELD_MS - 100) + bytes([0xB0, 120, 0])  # all sound off
        track += _delay(100) + bytes([0xB0, 123, 0])
    track += b"\x00\xff\x2f\x00"
    header = b"MThd" + (6).to_bytes(4, "big") + bytes([0, 0, 0, 1]) + (1000).to_bytes(2, "big")
    return header + b"MTrk" + len(track).to_bytes(4, "big") + bytes(track)


def _delay(milliseconds: int) -> bytes:
    """Encode a delta time: seven bits a byte, the last byte without its top bit."""
    return bytes([0x80 | milliseconds >> 7, milliseconds & 0x7F])
