"""How far apart windows open that slide over a recording: as a user writes it, or one hop.

Conventions
-----------
A distance is written as an amount on the time axis (`audioinv.sound.grid`): ``10ms``, ``160smp``, ``1frame``. In the
model's samples it is whole, because a window opens at a sample.

What is here: `read_spacing`, `default_spacing`.
"""

from __future__ import annotations

from ..errors import InputError
from ..nets.model import Model
from ..sound.grid import parse_grid

__all__ = ["default_spacing", "read_spacing"]

_USUAL_HOP_SECONDS = 0.010
_EXAMPLES = "write e.g. 10ms, 160smp or 1frame"


def read_spacing(model: Model, every: str) -> int:
    """Read how far apart windows open.

    Parameters
    ----------
    model : Model
    every : str

    Returns
    -------
    int
        Samples at the model's sample rate.

    Raises
    ------
    InputError
        If the text is no distance, or not a whole number of samples.
    """
    name, rate = model.spec.name, model.spec.sample_rate
    try:
        amounts = parse_grid("time", every).natural(rate, model.hop_samples)
    except InputError as error:
        raise InputError(f"every={every!r} (--slide) is no distance of windows for {name}; {_EXAMPLES}") from error
    spacing = float(amounts[-1])
    if len(amounts) != 2 or spacing <= 0:
        raise InputError(f"every={every!r} (--slide) is no single distance above 0; {_EXAMPLES}")
    if spacing != int(spacing):
        raise InputError(
            f"every={every!r} (--slide) is {spacing:g} samples at the {rate} Hz of {name}; windows open at whole "
            f"samples: write e.g. {round(spacing)}smp"
        )
    return int(spacing)


def default_spacing(model: Model) -> int:
    """Return how far apart windows open if nobody says so: one hop of the model's front end.

    A model on the waveform has none; its windows are the largest divisor of its stride apart that is no more than
    10 ms, or 10 ms where the stride is not known.

    Parameters
    ----------
    model : Model

    Returns
    -------
    int
        Samples at the model's sample rate.
    """
    if model.hop_samples:
        return min(model.hop_samples, model.spec.n_samples)
    usual = max(1, min(round(_USUAL_HOP_SECONDS * model.spec.sample_rate), model.spec.n_samples))
    stride = model.stride_samples
    return usual if not stride else max(divisor for divisor in range(1, usual + 1) if stride % divisor == 0)
