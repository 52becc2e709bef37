"""The command line: one file a command, nothing heavy imported before it is needed.

What is here: `app`, `main`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperGroup

from .analyze import analyze
from .certify import certify
from .check import check
from .cite import cite
from .command import command
from .compare import compare
from .doctor import doctor
from .info import info
from .layers import layers
from .merge import merge
from .options import Version
from .order import order
from .plot import plot
from .profile import profile
from .report import report
from .shift import shift
from .study import study
from .surgery import surgery
from .train import train

__all__ = ["app", "main"]

_EPILOG = (
    "Example: audioinv analyze CLIPS -m MODEL -o runs/mine, then audioinv report runs/mine. Each command has its own "
    "--help.\n\nExit codes: 0 done, 1 a rule failed, 2 wrong usage or configuration, 3 finished but some input failed, "
    "4 internal error, 5 nothing to analyse, 130 interrupted."
)


class _Commands(TyperGroup):
    """Finds a command of two words, such as ``study surgery``, before that of the first."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        two = " ".join(args[:2])
        return super().resolve_command(ctx, [two, *args[2:]] if two in self.commands else args)


app = typer.Typer(
    name="audioinv",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=_EPILOG,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "token_normalize_func": lambda name: name.replace("_", "-"),
    },
)


@app.callback()
def audioinv(version: Version = False) -> None:
    """Measure how a sound classifier's answers change when the sound comes later, or moves in frequency."""


_COMMANDS: dict[Callable[..., int], tuple[str, str]] = {
    analyze: ("Shift clips, run models, say how the answers change.", "CLIPS -m MODEL --time -50:50:5ms --html"),
    profile: ("Say which changes of sound a model stands, and should.", "MODEL CLIPS --listener listener.toml"),
    layers: ("Say where a network gains and loses invariance.", "MODEL CLIPS --budget --limit 20"),
    order: ("Say whether a model hears the order of sounds.", "MODEL CLIPS -o runs/order"),
    certify: ("Derive which delays cannot change an answer, and confirm it.", "MODEL --axis time"),
    check: ("Gate a results folder: exit 1 when a rule fails.", "RUN --min time.consistency=0.95"),
    compare: ("Compare two models on the same clips, paired.", "runs/before runs/after --html comparison.html"),
    report: ("Make a page to look at and listen to.", "RUN runs/layers -o report.html"),
    plot: ("Draw curves, heat map, spectrogram, harmonics or layers.", "RUN spectrogram --time 50ms"),
    merge: ("Join the shards of a run that were done apart.", "runs/part1 runs/part2 -o runs/whole"),
    train: ("Train a small 1-D or 2-D classifier from labelled clips.", "sounds/drums -o models/mine --time-jitter 20"),
    study: ("Answer a question about invariance by experiment.", "pooling --quick"),
    surgery: ("Put other downsampling into a trained model.", "CLIPS -m MODEL --replace blur3,polyphase"),
    shift: ("Write the shifted sound itself.", "clip.wav --pitch 2st -o higher.wav"),
    info: ("Say what a clip, model, data set or run is.", "model.onnx clips/ runs/mine"),
    doctor: ("Print versions, devices and what ships.", "--json"),
    cite: ("Print a methods paragraph and BibTeX.", "RUN"),
}
"""In the order of the help: what measures, what uses that, what makes models, and the rest; each with an example."""
for _function, (_text, _example) in _COMMANDS.items():
    _name = "study surgery" if _function is surgery else _function.__name__
    app.command(_name, short_help=_text, epilog=f"Example: audioinv {_name} {_example}")(command(_function))


def main() -> None:
    """Run the command line and exit with its code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # the name of a file need not be text
    app()
