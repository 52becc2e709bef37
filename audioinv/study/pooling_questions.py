"""What convolution, pooling and the head do for the invariance to delays.

What is here: `EQUIVARIANCE`, `POOLING`, `HEAD`, `NO_POOLING`.
"""

from __future__ import annotations

from typing import Any

from .design import Expectation, Study, Variant
from .mechanisms import MECHANISMS
from .probes import AVERAGE, FLATTEN, HOPS, OVER_FREQUENCY, SILENCE, jittered

__all__ = ["EQUIVARIANCE", "HEAD", "NO_POOLING", "POOLING"]

_WHOLE, _PARTS = "convolution, whole frames", "convolution, parts of a frame"
EQUIVARIANCE = Study(
    name="equivariance",
    question="What does convolution itself give?",
    tasks=("tones", "instruments"),
    variants=tuple(Variant(name) for name in MECHANISMS),
    reference=_WHOLE,
    probes=(),
    shown=("moves_along_error", "change"),
    expectations=(
        Expectation("a convolution moves along with the sound", _WHOLE, 0.0, "moves_along_error", "equal", 1e-9),
        Expectation("what a convolution makes does not stay the same", _WHOLE, 0.0, "change"),
        Expectation(
            "after a ReLU it still moves along with whole frames",
            "convolution + ReLU, whole frames",
            0.0,
            "moves_along_error",
            "equal",
            1e-9,
        ),
        Expectation(
            "a ReLU spoils that for parts of a frame",
            "convolution + ReLU, parts of a frame",
            _PARTS,
            "moves_along_error",
        ),
        Expectation(
            "every second column moves along with even delays",
            "every second column, even delays",
            0.0,
            "moves_along_error",
            "equal",
            1e-9,
        ),
        Expectation(
            "every second column does not move along with odd delays",
            "every second column, odd delays",
            "every second column, even delays",
            "moves_along_error",
        ),
        Expectation("a global average stays as it is", "global average after stride 1", 0.0, "change", "equal", 1e-9),
        Expectation(
            "a global average cannot repair what a stride broke",
            "global average after every second column",
            "global average after stride 1",
            "change",
        ),
    ),
    note="Untrained, with random weights, delayed in a circle. Parts of a frame are interpolated between the columns "
    "of the spectrogram; a sound delayed by part of a hop is another matter, see antialias.",
    experiment="mechanism",
    words={
        "moves_along_error": "error of “moves along”: distance from the moved map",
        "change": "change: distance from the unmoved map",
    },
)

_BETWEEN: dict[str, dict[str, Any]] = {
    "none": {"downsampling": "none"},
    "stride": {"downsampling": "stride"},
    "average": {"downsampling": "average"},
    "max": {"downsampling": "max"},
}
POOLING = Study(
    name="pooling",
    question="What does pooling in between add, if a global pool comes at the end anyway?",
    tasks=("events", "tones"),
    variants=(
        *(Variant(name, {**OVER_FREQUENCY, **found}, family=name) for name, found in _BETWEEN.items()),
        Variant("max by 4", {**OVER_FREQUENCY, "factor": 4, "frequency_factor": 2}, family="max by 4"),
        *(
            Variant(f"{name}, flatten", {**OVER_FREQUENCY, **FLATTEN, **_BETWEEN[name]}, family=name)
            for name in ("none", "stride", "max")
        ),
    ),
    reference="max",
    probes=(HOPS,),
    shown=("whole hops.worst_accuracy", "whole hops.top1_change", "whole hops.consistency", "accuracy"),
    across="whole hops.consistency",
    curves=("whole hops",),
    expectations=(
        Expectation("max pools in between are steadier than strides", "max", "stride", "whole hops.consistency"),
        Expectation(
            "a global pool alone, with nothing in between, never changes its answer",
            "none",
            1.0,
            "whole hops.consistency",
            "exactly",
        ),
        Expectation(
            "average pools suit an average at the end better than max pools",
            "average",
            "max",
            "whole hops.consistency",
        ),
        Expectation(
            "before flatten, max pools are steadier than strides",
            "max, flatten",
            "stride, flatten",
            "whole hops.consistency",
        ),
        Expectation(
            "max pools before flatten do not do what they do before a global average",
            "max",
            "max, flatten",
            "whole hops.consistency",
        ),
        Expectation("pools in between make no difference to accuracy", "max", "none", "accuracy", "equal", 0.03),
    ),
    note="All networks pool frequency by maximum; what differs is time. “None” spaces the taps of its kernels further "
    "apart instead, so that it sees as far with as many weights.",
)

_HEADS: dict[str, dict[str, Any]] = {
    "flatten": FLATTEN,
    "average": AVERAGE,
    "max": {"head": "max"},
    "average + max": {"head": "average+max"},
    "frequency average, time max": {"head": "frequency-average-time-max"},
}
HEAD = Study(
    name="head",
    question="Flatten or pool at the end: can perfect accuracy hide a useless classifier?",
    tasks=("events", "tones"),
    variants=(
        *(Variant(name, network, family=name) for name, network in _HEADS.items()),
        Variant("flatten, jittered", FLATTEN, jittered(128), family="flatten"),
        Variant("average, jittered", AVERAGE, jittered(128), family="average"),
    ),
    reference="average",
    probes=(HOPS, SILENCE),
    shown=("whole hops.worst_accuracy", "into silence.worst_accuracy", "whole hops.consistency", "accuracy"),
    across="whole hops.consistency",
    expectations=(
        Expectation(
            "an average at the end is right at every delay more often than flatten",
            "average",
            "flatten",
            "whole hops.worst_accuracy",
        ),
        Expectation(
            "where nothing moves, flatten is right as often as an average",
            "flatten",
            "average",
            "accuracy",
            "equal",
            0.03,
        ),
        Expectation("jitter in training repairs flatten", "flatten, jittered", "flatten", "whole hops.worst_accuracy"),
        Expectation(
            "a global average without jitter is steadier than flatten with it",
            "average",
            "flatten, jittered",
            "whole hops.worst_accuracy",
        ),
    ),
    note="Sounds in the middle of a second, delayed by up to 192 ms; jitter in training was up to 128 ms.",
)

_FULLY: dict[str, Any] = {"downsampling": "none", "frequency_downsampling": "stride"}
_STRIDED: dict[str, Any] = {"downsampling": "stride"}
NO_POOLING = Study(
    name="no-pooling",
    question="Without any pooling in between, what provides the invariance?",
    tasks=("events", "tones"),
    variants=(
        Variant("dilated, average", {**_FULLY, **AVERAGE}, family="dilated"),
        Variant("dilated, max", {**_FULLY, "head": "max"}, family="dilated"),
        Variant("dilated, flatten", {**_FULLY, **FLATTEN}, family="dilated"),
        Variant("short-sighted, average", {**_FULLY, "factor": 1, "frequency_factor": 2}, family="short-sighted"),
        Variant("strided, average", {**_STRIDED, **AVERAGE}, family="strided"),
        Variant("strided, flatten", {**_STRIDED, **FLATTEN}, family="strided"),
        Variant("max pools, average", AVERAGE, family="max pools"),
    ),
    reference="dilated, average",
    probes=(HOPS, SILENCE),
    shown=("whole hops.worst_accuracy", "into silence.worst_accuracy", "whole hops.consistency", "accuracy"),
    across="whole hops.consistency",
    expectations=(
        Expectation(
            "without strides, a global average never changes its answer",
            "dilated, average",
            1.0,
            "whole hops.consistency",
            "exactly",
        ),
        Expectation(
            "without strides, a global maximum never changes its answer either",
            "dilated, max",
            1.0,
            "whole hops.consistency",
            "exactly",
        ),
        Expectation(
            "strides make a global average less steady",
            "dilated, average",
            "strided, average",
            "whole hops.consistency",
        ),
        Expectation(
            "convolutions alone, read by place, are not steady",
            "dilated, average",
            "dilated, flatten",
            "whole hops.consistency",
        ),
        Expectation(
            "networks that see further are right more often", "dilated, average", "short-sighted, average", "accuracy"
        ),
    ),
    note="Nothing is pooled before the end but in the last variant; frequency is strided in all others.",
)
