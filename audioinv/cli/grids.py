"""The options that say along which axes a sound is moved or changed.

What is here: `GridFlags`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

__all__ = ["GridFlags"]


def _grid(help: str) -> Any:
    return typer.Option(metavar="A:B:STEP", help=help)


@dataclass(frozen=True)
class GridFlags:
    """Along which axes a sound is moved or changed, and how far."""

    time: Annotated[str | None, _grid("Delays, e.g. -50:50:1ms.")] = None
    freq: Annotated[str | None, _grid("Every component by the same hertz, e.g. -100:100:10Hz.")] = None
    pitch: Annotated[str | None, _grid("Every component multiplied, e.g. -2:2:0.5st.")] = None
    bins: Annotated[str | None, _grid("The model's spectrogram moved by bins, e.g. -4:4:1bins.")] = None
    stretch: Annotated[str | None, _grid("Duration without pitch, e.g. -30:30:10% longer.")] = None
    speed: Annotated[str | None, _grid("Duration and pitch, e.g. -20:20:5% faster.")] = None
    gain: Annotated[str | None, _grid("Level, e.g. -20:20:5dB; clip:0:20:5dB cuts off at full scale.")] = None
    noise: Annotated[
        str | None, _grid("Signal-to-noise ratio, e.g. 0:40:5dB; pink:… or FILE:… for other noise than white.")
    ] = None
    filter: Annotated[
        str | None, _grid("The rest turned down, e.g. telephone:0:60:10dB; low1000, high1000, band500-2000.")
    ] = None
    reverb: Annotated[str | None, _grid("Reverberation time, e.g. 0:1:0.2s.")] = None
    mask: Annotated[str | None, _grid("A stretch or a band hidden, e.g. 0:200:20ms or 0:4:1oct.")] = None
    reverse: Annotated[str | None, _grid("Stretches played backwards, e.g. 0:100:10ms.")] = None
    order: Annotated[str | None, _grid("Segments shuffled, by cuts, e.g. 0:7:1cuts.")] = None
    polarity: Annotated[str | None, _grid("Phase turned, e.g. 180deg.")] = None
    resolution: Annotated[
        str | None, _grid("Rate, bits or codec, e.g. 0:3:1oct, 0:12:2bit, vorbis:0:100:20%; mp3, opus.")
    ] = None
