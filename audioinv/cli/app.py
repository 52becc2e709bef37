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
from .compare import compare
from .doctor import doctor
from .info import info
from .layers import layers
from .merge import merge
from .options import Version, command
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
    "Exit codes: 0 done, 1 a rule failed, 2 wrong usage or configuration, 3 finished but some input failed, "
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
        "token_normalize_func": lambda name: name.replace("_", "-"),
    },
)


@app.callback()
def audioinv(version: Version = False) -> None:
    """Measure how a sound classifier's answers change when the sound comes later, or moves in frequency."""


_SHORT: dict[Callable[..., int], str] = {
    analyze: "Shift clips, run models, say how the answers change.",
    train: "Train a small 1-D or 2-D classifier from labelled clips.",
    study: "Answer a question about invariance by experiment.",
    profile: "Say which changes of sound a model stands, and should.",
    layers: "Say where a network gains and loses invariance.",
    order: "Say whether a model hears the order of sounds.",
    certify: "Derive which delays cannot change an answer, and confirm it.",
    check: "Gate a results folder: exit 1 when a rule fails.",
    merge: "Join the shares of a run that were done apart.",
    compare: "Compare two models on the same clips, paired.",
    report: "Make a page to look at and listen to.",
    plot: "Draw curves, heat map, spectrogram, harmonics or layers.",
    shift: "Write the shifted sound itself.",
    info: "Say what a clip, model, data set or run is.",
    doctor: "Print versions, devices and what ships.",
    cite: "Print a methods paragraph and BibTeX.",
}
for _function, _text in _SHORT.items():
    app.command(_function.__name__, short_help=_text)(command(_function))
app.command("study surgery", short_help="Put other downsampling into a trained model.")(command(surgery))


def main() -> None:
    """Run the command line and exit with its code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # the name of a file need not be text
    app()
