"""What filters before subsampling, and training with delays, do for the invariance to delays; and its price.

What is here: `ANTIALIAS`, `AUGMENTATION`, `ORDER`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from .design import Expectation, Study, Variant
from .experiments import ALPHABET_TASKS
from .letters import ORDER_VARIANTS
from .probes import FAR, HALF_HOPS, HOPS, MIDDLE, NEAR, OVER_FREQUENCY, REACH, SAMPLES, WITHIN_HOP, jittered

__all__ = ["ANTIALIAS", "AUGMENTATION", "ORDER"]

_TAPS = (2, 3, 4, 5, 7)
_FILTERED = [f"maxblur{n}" for n in _TAPS]
_KINDS = ("stride", "max", "average", "blur3", *_FILTERED, "lowpass3", "polyphase", "blur3-polyphase")
_PADDED = ("stride", "max", "maxblur3", "polyphase")


def _family(kind: str) -> str:
    return next((f for f in ("polyphase", "maxblur", "blur") if f in kind), kind)


def _ascending(kinds: Sequence[str]) -> list[Expectation]:
    return [
        Expectation(f"{right} is steadier than {left}", right, left, "whole hops.consistency")
        for left, right in itertools.pairwise(kinds)
    ]


ANTIALIAS = Study(
    name="antialias",
    question="Does blurring before subsampling help, and does a “100 % consistent” network keep its word?",
    tasks=("events", "tones"),
    variants=(
        *(Variant(kind, {**OVER_FREQUENCY, "downsampling": kind}, family=_family(kind)) for kind in _KINDS),
        *(
            Variant(
                f"{kind}, zero-padded",
                {**OVER_FREQUENCY, "downsampling": kind, "padding": "zero"},
                family=_family(kind),
            )
            for kind in _PADDED
        ),
    ),
    reference="stride",
    probes=(HOPS, HALF_HOPS, WITHIN_HOP, SAMPLES),
    shown=(
        "whole hops.worst_accuracy",
        "half hops.consistency",
        "within a hop.mac_neighbours",
        "single samples.mac_neighbours",
        "whole hops.consistency",
        "accuracy",
    ),
    across="whole hops.consistency",
    expectations=(
        Expectation(
            "polyphase sampling never changes its answer on whole hops",
            "polyphase",
            1.0,
            "whole hops.consistency",
            "exactly",
        ),
        Expectation(
            "within a hop, polyphase sampling moves as much as a bare stride",
            "polyphase",
            "stride",
            "within a hop.mac_neighbours",
            "equal",
            0.002,
        ),
        Expectation(
            "within a hop, polyphase sampling moves more than max pools",
            "polyphase",
            "max",
            "within a hop.mac_neighbours",
        ),
        Expectation(
            "zeros at the border make polyphase sampling less steady",
            "polyphase",
            "polyphase, zero-padded",
            "whole hops.consistency",
        ),
        Expectation("max pools are steadier than strides", "max", "stride", "whole hops.consistency"),
        *_ascending(["stride", "average", "blur3"]),
        *_ascending(["max", *(f"maxblur{n}" for n in _TAPS)]),
        Expectation("blurring after the maximum costs accuracy", "max", "maxblur3", "accuracy"),
        Expectation(
            "a trained low-pass is steadier than a bare stride", "lowpass3", "stride", "whole hops.consistency"
        ),
    ),
    note="Only time differs; frequency is pooled by maximum in all. Delays in a circle.",
)


def _taught(jitter: int, pool: str, head: str) -> Variant:
    network = {**OVER_FREQUENCY, "downsampling": pool, "head": head}
    return Variant(f"{pool}, {head}, ±{jitter} ms", network, jittered(jitter), family=f"{pool}, {head}")


AUGMENTATION = Study(
    name="augmentation",
    question="Does training with shifted sounds do the same?",
    tasks=("events", "tones"),
    variants=tuple(
        _taught(jitter, pool, head)
        for head in ("flatten", "average")
        for pool in ("max", "maxblur3")
        for jitter in (0, 64, 128)
    ),
    reference="max, flatten, ±0 ms",
    probes=(NEAR, MIDDLE, FAR, REACH),
    shown=(
        "up to 64 ms.mean_accuracy",
        "64 to 128 ms.mean_accuracy",
        "128 to 256 ms.mean_accuracy",
        "up to 256 ms.consistency",
        "accuracy",
    ),
    across="up to 256 ms.consistency",
    curves=("up to 256 ms",),
    expectations=(
        Expectation(
            "jitter helps flatten inside its range",
            "max, flatten, ±64 ms",
            "max, flatten, ±0 ms",
            "up to 64 ms.mean_accuracy",
        ),
        Expectation(
            "flatten taught with ±64 ms is right more often inside that range than beyond it",
            "max, flatten, ±64 ms",
            "max, flatten, ±64 ms",
            "up to 64 ms.mean_accuracy",
            right_measure="128 to 256 ms.mean_accuracy",
        ),
        Expectation(
            "a global average without jitter goes further than flatten with it",
            "max, average, ±0 ms",
            "max, flatten, ±128 ms",
            "128 to 256 ms.mean_accuracy",
        ),
        Expectation(
            "jitter adds nothing to a global average",
            "max, average, ±128 ms",
            "max, average, ±0 ms",
            "up to 64 ms.mean_accuracy",
            "equal",
            0.03,
        ),
        Expectation(
            "blurring helps flatten without jitter",
            "maxblur3, flatten, ±0 ms",
            "max, flatten, ±0 ms",
            "up to 64 ms.mean_accuracy",
        ),
    ),
    note="Jitter is a delay drawn anew for every clip and epoch. Training lasts equally long with and without.",
)

ORDER = Study(
    name="order",
    question="When is a network so invariant that STRESSED and DESSERTS are one word?",
    tasks=tuple(ALPHABET_TASKS),
    variants=tuple(Variant(name) for name in ORDER_VARIANTS),
    reference="whole word",
    probes=(),
    shown=("four words", "told apart", "delay consistency", "accuracy"),
    across="delay consistency",
    expectations=(
        Expectation(
            "two letters at a time tell STRESSED from DESSERTS, one does not", "2 letters", "1 letter", "accuracy"
        ),
        Expectation("one letter at a time is no better than guessing", "1 letter", 0.5, "accuracy", "equal", 0.1),
        Expectation(
            "two letters at a time still guess among four words", "2 letters", 0.25, "four words", "equal", 0.1
        ),
        Expectation(
            "three letters at a time tell the four words apart, two do not", "3 letters", "2 letters", "four words"
        ),
        Expectation(
            "a global average never changes its answer under delays by letters",
            "3 letters",
            1.0,
            "delay consistency",
            "exactly",
        ),
        Expectation("read by place, a word that comes later is lost", "3 letters", "by place", "delay consistency"),
    ),
    note="The four words have the same pairs of letters: STRESSED, SESSTRED, SSESTRED, SSTRESED. Each seed draws its "
    "own clips, so that the interval over seeds is one over clips as well.",
    experiment="letters",
    words={
        "accuracy": "right: STRESSED or DESSERTS (guessing: 0.5)",
        "four words": "right: one of four words (guessing: 0.25)",
        "told apart": "share of ten pairs of words told apart",
        "delay consistency": "keeps its answer (delays by letters)",
    },
)
