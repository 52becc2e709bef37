"""The sounds that a study trains and tests on: drawn by seed, or from the clips that ship.

Conventions
-----------
Every sound is at 8 kHz in a window of 8192 samples (1.024 s), with its event in the middle. The front end wraps around
the window's ends and has a hop of 128 samples, so that there are 64 frames, which halve evenly, and a circular delay by
a whole hop is an exact roll of frames. Clips that share a group are on one side; which side is fixed by the task and
not by a seed, so that all variants and seeds of a study answer to the same test clips.

What is here: `TASKS`, `Task`, `open_task`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from ..corpus.layouts import read_corpus
from ..errors import InputError
from ..nets.library import shipped_folder
from ..nets.model import ModelSpec
from ..nets.training_config import TrainingConfig
from ..sound.clip import Clip
from ..sound.spectrogram_config import SpectrogramConfig
from ..sound.synthetic import chirp, click, harmonic_tone, noise, tone

__all__ = ["HOP_SAMPLES", "SAMPLE_RATE", "TASKS", "Task", "open_task"]

FloatArray = npt.NDArray[np.float64]

SAMPLE_RATE, N_SAMPLES, HOP_SAMPLES = 8000, 8192, 128
_AROUND_SAMPLES = 2048  # of the recording, on either side: as far as jitter reaches
_FRONT_END = SpectrogramConfig("mel", SAMPLE_RATE, 256, HOP_SAMPLES, 32, fmin=50.0, edges="circular")
_MUSIC = replace(_FRONT_END, n_fft=512, n_bins=48)
_SIDES = ("train", "valid", "test")
_BACKGROUND_RMS = 1e-3
_FADE_SECONDS = 0.01


@dataclass(frozen=True, eq=False)
class Task:
    """Something to tell apart.

    Parameters
    ----------
    name : str
    spec : ModelSpec
        Window and labels, the same for every network of the task.
    front_end : SpectrogramConfig
    training : TrainingConfig
        What suits the task, before a variant changes it.
    train, valid, test : tuple of Clip
        At the spec's sample rate; no group is on two sides.
    """

    name: str
    spec: ModelSpec
    front_end: SpectrogramConfig
    training: TrainingConfig
    train: tuple[Clip, ...]
    valid: tuple[Clip, ...]
    test: tuple[Clip, ...]

    @cached_property
    def fingerprint(self) -> str:
        """Hash of every sound, its label and its side."""
        found = hashlib.sha256()
        for side in _SIDES:
            for clip in getattr(self, side):
                found.update(repr((side, clip.name, clip.label, clip.group)).encode())
                for part in (clip.before, clip.waveform, clip.after):
                    found.update(part.tobytes())
        return found.hexdigest()


@lru_cache(maxsize=8)
def open_task(name: str, *, quick: bool = False) -> Task:
    """Make or read the sounds of a task.

    Parameters
    ----------
    name : str
        One of `TASKS`.
    quick : bool, default False
        Fewer clips, for a first look.

    Returns
    -------
    Task
        The same clips in every process.

    Raises
    ------
    InputError
        If the task is unknown, or clips that should ship are not there.

    Examples
    --------
    >>> task = open_task("events", quick=True)
    >>> len(task.spec.labels), len(task.train), len(task.test)
    (10, 320, 80)
    """
    if name not in _MAKERS:
        raise InputError(f"task {name!r} is not one of {', '.join(_MAKERS)}")
    return _MAKERS[name](quick)


# --- drawn sounds ---------------------------------------------------------------------------------------------


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a frequency or a duration: evenly on a logarithmic scale."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _complex(rng: np.random.Generator, seconds: float, inharmonicity: float) -> FloatArray:
    return harmonic_tone(_between(rng, 180, 420), 8, seconds, SAMPLE_RATE, inharmonicity=inharmonicity)


def _glide(rng: np.random.Generator, seconds: float, direction: int) -> FloatArray:
    low = _between(rng, 400, 900)
    ends = (low, low * _between(rng, 1.8, 3.0))[::direction]
    return chirp(ends[0], ends[1], seconds, SAMPLE_RATE)


def _flutter(rng: np.random.Generator, seconds: float, rate_hz: float) -> FloatArray:
    carrier = tone(_between(rng, 500, 2000), seconds, SAMPLE_RATE)
    times = np.arange(len(carrier)) / SAMPLE_RATE
    return carrier * (0.5 - 0.5 * np.cos(2 * np.pi * rate_hz * times + rng.uniform(0, 2 * np.pi)))


def _clicks(rng: np.random.Generator, seconds: float) -> FloatArray:
    places = rng.uniform(0, 0.99 * seconds, rng.integers(5, 9))
    sound: FloatArray = np.stack([click(seconds, SAMPLE_RATE, at_seconds=place) for place in places]).sum(axis=0)
    return sound


def _steps(rng: np.random.Generator, seconds: float, direction: int) -> FloatArray:
    low = _between(rng, 400, 900)
    pitches = (low, low * _between(rng, 1.5, 2.5))[::direction]
    return np.concatenate([_faded(tone(pitch, seconds / 2, SAMPLE_RATE)) for pitch in pitches])


_EVENTS: dict[str, Callable[[np.random.Generator, float], FloatArray]] = {
    "harmonic": lambda rng, seconds: _complex(rng, seconds, 0.0),
    "stretched": lambda rng, seconds: _complex(rng, seconds, 0.02),
    "rising": lambda rng, seconds: _glide(rng, seconds, 1),
    "falling": lambda rng, seconds: _glide(rng, seconds, -1),
    "slow flutter": lambda rng, seconds: _flutter(rng, seconds, 8.0),
    "fast flutter": lambda rng, seconds: _flutter(rng, seconds, 20.0),
    "noise": lambda rng, seconds: noise(rng, seconds, SAMPLE_RATE),
    "clicks": _clicks,
    "low-high": lambda rng, seconds: _steps(rng, seconds, 1),
    "high-low": lambda rng, seconds: _steps(rng, seconds, -1),
}


def _faded(sound: FloatArray) -> FloatArray:
    ramp = np.sin(np.linspace(0, np.pi / 2, round(_FADE_SECONDS * SAMPLE_RATE))) ** 2
    faded = sound.copy()
    faded[: len(ramp)] *= ramp
    faded[-len(ramp) :] *= ramp[::-1]
    return faded


def _draw_event(label: str, rng: np.random.Generator, name: str) -> Clip:
    """Draw one event in the middle of a window, in a faint noise that goes on outside the window."""
    event = _faded(_EVENTS[label](rng, rng.uniform(0.35, 0.5)))
    level = 10 ** (rng.uniform(-12, 0) / 20)
    recording = _BACKGROUND_RMS * rng.standard_normal(N_SAMPLES + 2 * _AROUND_SAMPLES)
    first = (len(recording) - len(event)) // 2
    recording[first : first + len(event)] += level * event
    before, waveform, after = np.split(recording.astype(np.float32), [_AROUND_SAMPLES, _AROUND_SAMPLES + N_SAMPLES])
    return Clip(waveform, SAMPLE_RATE, name, label, name, before=before, after=after)


def _training(*, epochs: int, batch_size: int) -> TrainingConfig:
    """Train to the end: how early a network stops would be one more difference between variants."""
    return TrainingConfig(epochs=epochs, batch_size=batch_size, learning_rate=0.01, patience=epochs)


def _make_events(quick: bool) -> Task:
    labels = tuple(_EVENTS)
    sides = {}
    for place, (side, n_clips) in enumerate(zip(_SIDES, (320, 40, 80) if quick else (400, 80, 120), strict=True)):
        rng = np.random.default_rng([20261122, place])
        chosen = [labels[i % len(labels)] for i in range(n_clips)]
        sides[side] = tuple(_draw_event(label, rng, f"{side} {i}") for i, label in enumerate(chosen))
    spec = ModelSpec("events", SAMPLE_RATE, N_SAMPLES, labels)
    return Task("events", spec, _FRONT_END, _training(epochs=12, batch_size=16), **sides)


# --- recorded sounds ------------------------------------------------------------------------------------------


def _read_clips(kind: str) -> list[Clip]:
    """Read the clips that ship, by names that do not depend on where the package lies: cells are known by them."""
    folder = shipped_folder("clips") / kind
    corpus = read_corpus(folder)
    if not corpus.entries:
        raise InputError(f"the clips of {kind} are not there; install audioinv with its clips, or use a checkout")
    return [
        replace(entry.load(SAMPLE_RATE), name=entry.path.relative_to(folder).as_posix()) for entry in corpus.entries
    ]


def _divide(clips: Sequence[Clip], n_groups: Sequence[int]) -> dict[str, tuple[Clip, ...]]:
    """Deal whole groups to the three sides, as many as asked for, in an order that is fixed."""
    groups = sorted({str(clip.group) for clip in clips})
    order = np.random.default_rng(20261122).permutation(len(groups))
    parts = np.split(order, np.cumsum(n_groups))
    chosen = [{groups[i] for i in part} for part in parts[: len(_SIDES)]]
    return {
        side: tuple(clip for clip in clips if clip.group in kept) for side, kept in zip(_SIDES, chosen, strict=True)
    }


def _spec_of(name: str, sides: Mapping[str, tuple[Clip, ...]], lead_samples: int) -> ModelSpec:
    labels = tuple(sorted({str(clip.label) for clip in sides["train"]}))
    return ModelSpec(name, SAMPLE_RATE, N_SAMPLES, labels, lead_samples)


def _make_tones(quick: bool) -> Task:
    """Four tones of Mandarin; nobody's syllable is on two sides. Syllables last about 0.3 s."""
    sides = _divide(_read_clips("tones"), (30, 6, 16) if quick else (60, 10, 30))
    front_end = replace(_FRONT_END, n_fft=512)
    return Task("tones", _spec_of("tones", sides, 2880), front_end, _training(epochs=12, batch_size=16), **sides)


def _make_instruments(_: bool) -> Task:
    """Twelve instruments; a pitch that is tested was not trained on. There are too few clips to take fewer."""
    sides = _divide(_read_clips("instruments"), (6, 1, 3))
    spec = _spec_of("instruments", sides, 1024)
    return Task("instruments", spec, _MUSIC, _training(epochs=40, batch_size=8), **sides)


def _make_notes(_: bool) -> Task:
    """Ten pitches, four semitones apart; an instrument that is tested was not trained on."""
    clips = [replace(clip, label=str(clip.group), group=str(clip.label)) for clip in _read_clips("instruments")]
    sides = _divide(clips, (7, 1, 4))
    return Task("notes", _spec_of("notes", sides, 1024), _MUSIC, _training(epochs=25, batch_size=8), **sides)


_MAKERS: dict[str, Callable[[bool], Task]] = {
    "events": _make_events,
    "tones": _make_tones,
    "instruments": _make_instruments,
    "notes": _make_notes,
}

TASKS: dict[str, str] = {
    "events": "ten kinds of synthetic event",
    "tones": "four tones of Mandarin, 100 syllables of one speaker",
    "instruments": "twelve instruments, at pitches not trained on",
    "notes": "which of ten notes, on instruments not trained on",
    "words in notes": "letters are notes",
    "words in digits": "letters are spoken digits",
}
"""What there is to tell apart, by name, in words."""
