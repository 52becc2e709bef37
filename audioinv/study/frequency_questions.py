"""How frequency differs from time, and when its invariance is wanted.

What is here: `DIMENSION`, `FREQUENCY`, `INVARIANCE_WANTED`.
"""

from __future__ import annotations

from typing import Any

from .design import Expectation, Study, Variant
from .probes import AVERAGE, BINS, FLATTEN, HERTZ, HOPS, SEMITONES

__all__ = ["DIMENSION", "FREQUENCY", "INVARIANCE_WANTED"]

DIMENSION = Study(
    name="dimension",
    question="One dimension or two: why is time not like frequency?",
    tasks=("events", "tones"),
    variants=(
        Variant("waveform, 1-D", input="waveform", family="waveform"),
        Variant("spectrogram, 1-D", input="1-D", family="1-D"),
        Variant("spectrogram, 2-D", AVERAGE, family="2-D"),
        Variant("spectrogram, 1-D, flatten", FLATTEN, input="1-D", family="1-D"),
        Variant("spectrogram, 2-D, flatten", FLATTEN, family="2-D"),
    ),
    reference="spectrogram, 2-D",
    probes=(HOPS, HERTZ, SEMITONES, BINS),
    shown=("whole hops.consistency", "bins.consistency", "hertz.consistency", "semitones.consistency", "accuracy"),
    across="bins.consistency",
    expectations=(
        Expectation(
            "a 2-D network is steadier in frequency than a 1-D one",
            "spectrogram, 2-D",
            "spectrogram, 1-D",
            "bins.consistency",
        ),
        *(
            Expectation(
                f"{name} is steadier in time than in frequency",
                name,
                name,
                "whole hops.consistency",
                right_measure="bins.consistency",
            )
            for name in ("spectrogram, 1-D", "spectrogram, 2-D")
        ),
        Expectation(
            "on the waveform, too, time is steadier than frequency",
            "waveform, 1-D",
            "waveform, 1-D",
            "whole hops.consistency",
            right_measure="hertz.consistency",
        ),
        Expectation(
            "in time, one dimension or two makes no difference",
            "spectrogram, 2-D",
            "spectrogram, 1-D",
            "whole hops.consistency",
            "equal",
            0.03,
        ),
    ),
    note="About as many weights each. A waveform has no bins to move. Four bins are not as much as 192 ms by any "
    "common measure: the contrast is between what a network was built for and what not.",
)

_SAME_BINS = {"n_bins": 48}
_LOG_AXIS: dict[str, Any] = {"kind": "log", "fmin": 62.5, "bins_per_octave": 8, "n_bins": 48, "n_fft": 1024}
FREQUENCY = Study(
    name="frequency",
    question="Hertz, semitones, bins: which kind of frequency shift does which network tolerate?",
    tasks=("instruments", "tones", "events"),
    variants=(
        Variant("1-D, mel", front_end=_SAME_BINS, input="1-D", family="1-D"),
        Variant("2-D, mel", front_end=_SAME_BINS, family="2-D"),
        Variant("2-D, log", front_end=_LOG_AXIS, family="2-D, log"),
        Variant("2-D, coordinate", {"frequency_awareness": "coordinate"}, front_end=_SAME_BINS, family="aware"),
        Variant("2-D, dynamic", {"frequency_awareness": "dynamic"}, front_end=_SAME_BINS, family="aware"),
        Variant("2-D, bins jittered ±4", training={"bin_jitter": 4}, front_end=_SAME_BINS, family="jittered"),
    ),
    reference="2-D, mel",
    probes=(HERTZ, SEMITONES, BINS),
    shown=(
        "hertz.consistency",
        "semitones.consistency",
        "bins.consistency",
        "hertz.harmonicity_error",
        "semitones.harmonicity_error",
        "accuracy",
    ),
    across="bins.consistency",
    expectations=(
        Expectation("a 2-D network is steadier in bins than a 1-D one", "2-D, mel", "1-D, mel", "bins.consistency"),
        Expectation(
            "on a logarithmic axis, a transposition is tolerated better",
            "2-D, log",
            "2-D, mel",
            "semitones.consistency",
        ),
        Expectation(
            "knowing the frequency makes a 2-D network less steady", "2-D, mel", "2-D, coordinate", "bins.consistency"
        ),
        Expectation(
            "kernels that depend on frequency make a 2-D network less steady",
            "2-D, mel",
            "2-D, dynamic",
            "bins.consistency",
        ),
        Expectation(
            "jitter in bins makes a 2-D network steadier", "2-D, bins jittered ±4", "2-D, mel", "bins.consistency"
        ),
        Expectation(
            "a frequency shift spoils the harmony, a transposition does not",
            "2-D, mel",
            "2-D, mel",
            "hertz.harmonicity_error",
            right_measure="semitones.harmonicity_error",
            tasks=("instruments", "tones"),
        ),
    ),
    note="Amounts in hertz, semitones and bins do not compare with each other; networks within one column do. The "
    "harmonicity error is of the shifted sounds, the same for all networks.",
)

_SEMITONE_AXIS: dict[str, Any] = {"kind": "log", "fmin": 65.41, "bins_per_octave": 12, "n_bins": 64, "n_fft": 1024}


def _bin_jittered(reach: int) -> Variant:
    name = f"flatten, ±{reach} semitones" if reach else "flatten, no jitter"
    return Variant(name, FLATTEN, {"bin_jitter": reach}, _SEMITONE_AXIS, family="flatten")


INVARIANCE_WANTED = Study(
    name="invariance-wanted",
    question="When is invariance wrong?",
    tasks=("notes", "instruments", "tones"),
    variants=(
        *(_bin_jittered(reach) for reach in (0, 1, 2, 4, 8)),
        Variant("average, no jitter", AVERAGE, front_end=_SEMITONE_AXIS, family="average"),
    ),
    reference="flatten, no jitter",
    probes=(BINS,),
    shown=("accuracy", "bins.consistency", "bins.mean_accuracy"),
    across="bins.consistency",
    expectations=(
        Expectation(
            "learning to ignore four semitones costs accuracy where the label is the note",
            "flatten, no jitter",
            "flatten, ±4 semitones",
            "accuracy",
            tasks=("notes",),
        ),
        Expectation(
            "learning to ignore four semitones costs nothing where the label is the instrument",
            "flatten, ±4 semitones",
            "flatten, no jitter",
            "accuracy",
            "equal",
            0.1,
            tasks=("instruments",),
        ),
        Expectation(
            "learning to ignore four semitones costs nothing where the label is how the pitch moves",
            "flatten, ±4 semitones",
            "flatten, no jitter",
            "accuracy",
            "equal",
            0.05,
            tasks=("tones",),
        ),
        Expectation(
            "jitter in semitones makes the answers steadier",
            "flatten, ±4 semitones",
            "flatten, no jitter",
            "bins.consistency",
        ),
    ),
    note="One bin is one semitone, and the notes are four semitones apart. Whether a change of the answer is a fault "
    "is for the task to say, not for the number.",
)
