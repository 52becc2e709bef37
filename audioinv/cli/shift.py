"""``audioinv shift``: write the shifted sound itself, to listen or to debug."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .command import ExitCode
from .options import Manners

if TYPE_CHECKING:
    from ..sound.clip import Clip
    from ..sound.operators import Operator

__all__ = ["shift"]


def shift(
    clip: Annotated[Path, typer.Argument(help="A sound file.", metavar="CLIP")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="[default: CLIP_SHIFT.flac here]")
    ] = None,
    time: Annotated[str | None, typer.Option(metavar="AMOUNT", help="A delay, e.g. 3.5ms.")] = None,
    freq: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Hertz added to every component, e.g. 50Hz.")
    ] = None,
    pitch: Annotated[str | None, typer.Option(metavar="AMOUNT", help="An interval, e.g. 2st or 50ct.")] = None,
    edges: Annotated[str, typer.Option(metavar="zero|circular|noise", help="What enters under a delay.")] = "zero",
    pitch_engine: Annotated[
        str, typer.Option(metavar="signalsmith|resample|world", help="What moves the pitch.")
    ] = "signalsmith",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the noise that enters.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
    manners: Manners = Manners(),
) -> int:
    """Write one clip shifted by one amount, and say what the shift did to it beside shifting it."""
    given = {axis: text for axis, text in (("time", time), ("freq", freq), ("pitch", pitch)) if text is not None}
    if len(given) != 1:
        raise InputError("give one of --time, --freq and --pitch")
    axis, text = next(iter(given.items()))
    from ..sound.audio import load_clip, write_audio
    from ..sound.grid import parse_grid
    from ..sound.operators import FrequencyShift, PitchShift, TimeShift

    sound = load_clip(clip)
    grid = parse_grid(axis, text)
    if len(grid.amounts) > 2 or grid.unit == "frame":
        raise InputError(f"--{axis} {text!r}: audioinv shift takes one amount in ms, s, smp, Hz, kHz, st or ct")
    amount = grid.natural(sound.sample_rate)[[0 if grid.amounts[0] else -1]]
    operators: dict[str, Operator] = {
        "time": TimeShift(edges, seed),
        "freq": FrequencyShift(),
        "pitch": PitchShift(pitch_engine),
    }
    target = out or Path(f"{clip.stem}_{axis}{text.replace(':', '_')}.flac")
    if target.exists() and not overwrite:
        raise InputError(f"{target} exists already; give another -o, or --overwrite")
    facts, waveform = _shift(operators[axis], sound, amount)
    write_audio(target, waveform, sound.sample_rate)
    document = {"clip": str(clip), "out": str(target), "axis": axis, "amount": text, **facts}
    manners.tell(document, [*_lines(facts), f"wrote {target}"])
    return ExitCode.DONE


def _shift(operator: Operator, sound: Clip, amount: Any) -> tuple[dict[str, Any], Any]:
    """Return what is to be said of a shift, and the shifted waveform, scaled down where it would clip."""
    import numpy as np

    from ..sound.fundamental import find_pitch
    from ..sound.harmonics import harmonic_places, measure_partials

    shifted = operator.shift(sound, amount)
    fidelity = operator.fidelity(sound, amount, shifted)
    waveform = shifted[0].numpy()
    peak = float(np.abs(waveform).max(initial=0.0))
    scale = min(1.0, 1.0 / peak) if peak else 1.0
    facts = {
        name: _number(getattr(fidelity, name)[0])
        for name in ("energy_kept", "level_change_db", "window_filled", "bandwidth_lost", "round_trip_error")
    }
    facts["scaled_by"] = scale
    pitch = find_pitch(sound.waveform, sound.sample_rate)
    if not pitch.stable:
        return {**facts, "pitch": pitch.reason}, waveform * scale
    before = measure_partials(
        sound.waveform, sound.sample_rate, harmonic_places(pitch.fundamental_hz, sound.sample_rate)
    )
    landing = operator.landing_hz(before.frequencies_hz, amount, sound)[0]
    after = measure_partials(waveform, sound.sample_rate, landing)
    partials = {
        "fundamental_hz": _number(pitch.fundamental_hz),
        "partials_hz": [_number(value) for value in after.frequencies_hz],
        "ratios": [_number(value) for value in after.ratios],
        "harmonicity_error_before": _number(before.harmonicity_error),
        "harmonicity_error": _number(after.harmonicity_error),
    }
    return {**facts, **partials}, waveform * scale


def _number(value: Any) -> float | None:
    number = float(value)
    return number if number == number and abs(number) != float("inf") else None


def _lines(facts: dict[str, Any]) -> list[str]:
    def shown(name: str, digits: int, unit: str = "") -> str:
        return "–" if facts[name] is None else f"{facts[name]:.{digits}f}{unit}"

    lines = [
        f"energy kept {shown('energy_kept', 3)} · level {shown('level_change_db', 2, ' dB')} · padding "
        f"{shown('window_filled', 3)} of the window · band lost {shown('bandwidth_lost', 3)} · round-trip error "
        f"{shown('round_trip_error', 4)}"
    ]
    if facts["scaled_by"] < 1:
        lines.append(f"scaled by {facts['scaled_by']:.3f} to stay below full scale")
    if "pitch" in facts:
        return [*lines, f"partials: {facts['pitch']}"]
    hertz = " ".join("–" if value is None else f"{value:.0f}" for value in facts["partials_hz"])
    ratios = " ".join("–" if value is None else f"{value:.3f}" for value in facts["ratios"])
    error = f"{shown('harmonicity_error_before', 4)} → {shown('harmonicity_error', 4)}"
    return [*lines, f"partials {hertz} Hz", f"ratios   {ratios}", f"harmonicity error {error}"]
