"""``audioinv plot``: figures of a results folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .command import ExitCode
from .options import Manners

__all__ = ["plot"]

_SOUND = "For a figure of one clip"


def plot(
    run: Annotated[Path, typer.Argument(help="A results folder, or that of a study.", metavar="RUN")],
    kind: Annotated[
        str,
        typer.Argument(
            help="Of an analysis: curves, classes, heatmap, spectrogram, harmonics, animation. Of others, by their "
            "names: layers, budget, profile, pairs, sliding, study; scatter, of a study.",
            metavar="FIGURE",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help=".png, .svg or .pdf; an animation .gif or .mp4 [default: into RUN/figures].",
        ),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("-m", "--model", metavar="NAME", help="Of the run; may repeat for curves.")
    ] = None,
    axis: Annotated[
        str | None, typer.Option(metavar="time|freq|pitch|bins", help="Show this axis [default: all, or the first].")
    ] = None,
    score: Annotated[
        str | None, typer.Option(metavar="clean|label", help="Whose probability a heatmap shows [default: clean].")
    ] = None,
    clip: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of the run; the end of its path will do [default: the worst].", rich_help_panel=_SOUND
        ),
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Delay, e.g. 50ms.", rich_help_panel=_SOUND)
    ] = None,
    freq: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Frequency shift, e.g. 50Hz.", rich_help_panel=_SOUND)
    ] = None,
    pitch: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Pitch shift, e.g. 2st.", rich_help_panel=_SOUND)
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(metavar="linear|mel|log", help="Frequency axis [default: by the shift].", rich_help_panel=_SOUND),
    ] = None,
    manners: Manners = Manners(),
) -> int:
    """Draw a figure of a results folder."""
    from ..report.figures import check_suffix, draw, find_kind, save_figure
    from ..sound.carried_files import outgoing
    from ..sound.whole_files import find_folder

    run = find_folder(run)
    chosen = find_kind(kind)
    target = find_folder(out) if out else run / "figures" / f"{kind}{chosen.suffixes[0]}"
    check_suffix(target, chosen.suffixes)
    options = {
        "model": model,
        "axis": axis,
        "score": score,
        "clip": clip,
        "time": time,
        "freq": freq,
        "pitch": pitch,
        "scale": scale,
    }
    given = {name: value for name, value in options.items() if value is not None}
    with outgoing(target) as file:
        save_figure(draw(chosen.load(run), kind, **given), file)
    document = {"run": str(run), "kind": kind, "options": given, "file": str(target)}
    manners.tell(document, [f"wrote {target}"])
    return ExitCode.DONE
