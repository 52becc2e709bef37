"""What the studies shift sounds by, and what several of them change.

Conventions
-----------
Time is probed in a circle, so that nothing enters or leaves, unless a probe says otherwise; a hop is 16 ms. Every
network downsamples frequency as it does time unless a study is about one of the two.

What is here: the probes; `AVERAGE`, `FLATTEN`, `OVER_FREQUENCY`, `jittered`.
"""

from __future__ import annotations

from .design import Probe, beyond, steps

HOPS = Probe("whole hops", "delays by whole hops of 16 ms, up to 192 ms either way", steps("time", 192, 16, "ms"))
HALF_HOPS = Probe("half hops", "delays by odd numbers of half hops, up to 184 ms", steps("time", 184, 32, "ms"))
WITHIN_HOP = Probe("within a hop", "delays of 2 to 16 ms", steps("time", 16, 2, "ms", first=0))
SAMPLES = Probe("single samples", "delays of 1 to 8 samples, 1 ms", steps("time", 8, 1, "smp", first=0))
SILENCE = Probe("into silence", "delays up to 192 ms, silence enters", steps("time", 192, 32, "ms"), edges="zero")
HERTZ = Probe("hertz", "all components up or down by the same 25 to 100 Hz", steps("freq", 100, 25, "Hz"))
SEMITONES = Probe("semitones", "transposed by up to 2 semitones", steps("pitch", 2, 0.5, "st"))
BINS = Probe("bins", "spectrogram moved by up to 4 bins", steps("bins", 4, 1, "bins"))

NEAR = Probe("up to 64 ms", "delays up to 64 ms", steps("time", 64, 16, "ms"))
MIDDLE = Probe("64 to 128 ms", "delays of 80 to 128 ms", beyond("time", 80, 128, 16, "ms"))
FAR = Probe("128 to 256 ms", "delays of 144 to 256 ms", beyond("time", 144, 256, 16, "ms"))
REACH = Probe("up to 256 ms", "delays up to 256 ms", steps("time", 256, 32, "ms"))

AVERAGE, FLATTEN = {"head": "average"}, {"head": "flatten"}
OVER_FREQUENCY = {"frequency_downsampling": "max"}
"""For studies of time: frequency is pooled by maximum whatever happens along time."""


def jittered(milliseconds: float) -> dict[str, float]:
    """Return the change of a training that delays its sounds.

    Parameters
    ----------
    milliseconds : float
        Largest delay, either way; 0 for none.

    Returns
    -------
    dict of str to float
    """
    return {"time_jitter_seconds": milliseconds / 1000}
