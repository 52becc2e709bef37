"""The sounds that a command is to hear: which of those that were typed, and what is said where there are none.

What is here: `ClipPaths`, `ClipFlags` and `Layout`, `skipped`, `say_nothing`, `read_allowance`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .command import ExitCode, note, note_failures

if TYPE_CHECKING:
    from ..corpus.entries import Corpus
    from ..sweep.responses import Failure

__all__ = ["ClipFlags", "ClipPaths", "Layout", "read_allowance", "say_nothing", "skipped"]

ClipPaths = Annotated[list[Path], typer.Argument(help="Sound files, folders, manifests.", metavar="CLIPS…")]
Layout = Annotated[
    str | None,
    typer.Option("--layout", metavar="NAME", help="How the sounds are laid out, e.g. esc-50 [default: seen]."),
]


@dataclass(frozen=True)
class ClipFlags:
    """Which of the sounds that are there."""

    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Use the first N clips only.")] = None
    layout: Layout = None
    split: Annotated[
        str | None,
        typer.Option(
            "--split", metavar="PART", help="Only train, valid or test, or fold1 …, as the corpus declares it."
        ),
    ] = None

    def read(self, inputs: Sequence[Path]) -> Corpus:
        """Read what was typed as one corpus, or a part of it.

        Parameters
        ----------
        inputs : sequence of Path

        Returns
        -------
        Corpus

        Raises
        ------
        InputError
            If no entry is declared to belong to that part.
        """
        from ..corpus.layouts import read_corpus

        corpus = read_corpus(*inputs, layout=self.layout)
        if self.split is None or not corpus.entries:
            return corpus
        part = corpus.part(self.split)
        if not part.entries:
            there = {str(entry.split) for entry in corpus.entries if entry.split}
            there |= {f"fold{entry.fold}" for entry in corpus.entries if entry.fold}
            raise InputError(
                f"--split {self.split}: {corpus.name} has no such part; it declares "
                f"{', '.join(sorted(there)) or 'none'}"
            )
        return part


def skipped(corpus: Corpus) -> tuple[Failure, ...]:
    """Return what was asked for and is no sound, as failures of an analysis.

    Parameters
    ----------
    corpus : Corpus

    Returns
    -------
    tuple of Failure
    """
    from ..sweep.responses import Failure

    return tuple(Failure(str(entry.path), "find", entry.told) for entry in corpus.failures)


def say_nothing(inputs: Sequence[Path], corpus: Corpus) -> int:
    """Say why there is nothing to analyse.

    Parameters
    ----------
    inputs : sequence of Path
        As typed.
    corpus : Corpus
        Without a sound among its entries.

    Returns
    -------
    int
        Exit code.
    """
    note_failures(skipped(corpus))
    if not all(_is_folder(failure.path) for failure in corpus.failures):
        note("error: none of the inputs could be read; nothing to analyse")
        return ExitCode.SOME_FAILED
    note(f"error: no sound files in {', '.join(map(str, inputs))}; nothing to analyse")
    return ExitCode.NOTHING


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long for the system
        return False


def read_allowance(text: str) -> Callable[[int], float]:
    """Read how many inputs may fail.

    Parameters
    ----------
    text : str
        A number, or a percentage of the inputs.

    Returns
    -------
    callable
        From the number of inputs to how many may fail.

    Raises
    ------
    InputError
        If it is neither.
    """
    number = text.removesuffix("%")
    if not number.replace(".", "", 1).isdecimal():
        raise InputError(f"--allow-failures {text!r} is neither a number nor a percentage")
    amount = float(number)
    return (lambda n_inputs: n_inputs * amount / 100) if text.endswith("%") else (lambda _: amount)
