"""Options that every command shares, and the door through which a command runs.

Conventions
-----------
A command parses, calls the library, prints and returns an exit code. Progress and log go to stderr, the summary to
stdout. What a user can put right is one line on stderr; a traceback comes with ``-v`` only.

What is here: the shared options, those that say what a model does not say itself, `load_models`, `command`, `say`,
`note`, `say_nothing`, exit codes.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import AudioinvError, InputError

if TYPE_CHECKING:
    from ..corpus.entries import Corpus
    from ..nets.adapters.declaration import Declaration
    from ..nets.model import Model

__all__ = [
    "Activation",
    "Config",
    "ExitCode",
    "InputSamples",
    "Json",
    "Labels",
    "Layout",
    "NoProgress",
    "Quiet",
    "SampleRate",
    "Split",
    "Timeout",
    "TrustPickle",
    "Verbose",
    "Version",
    "command",
    "load_models",
    "note",
    "print_json",
    "read_allowance",
    "read_inputs",
    "said_of_models",
    "say",
    "say_nothing",
]

_TYPED_ONLY = {"trust_pickle"}  # never taken from a file


class ExitCode:
    """The exit codes of the contract, and one of the shell."""

    DONE = 0
    RULE_FAILED = 1
    USAGE = 2
    SOME_FAILED = 3
    INTERNAL = 4
    NOTHING = 5
    INTERRUPTED = 130
    UNREAD = 141  # what a shell gives a program that writes to a pipe which nobody reads any more


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"audioinv {version('audioinv')}")
        raise typer.Exit


def _read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Make the options of a run.json or a TOML file the defaults of this command; flags win."""
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            found = json.loads(text).get("options", {})
        else:
            import tomllib

            found = tomllib.loads(text)
            found = found.get("tool", {}).get("audioinv", found)
            found = found.get(context.info_name, found)
        options = {str(name).replace("-", "_"): value for name, value in found.items()}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise typer.BadParameter(f"{path} cannot be read as a run.json or TOML file ({error})") from error
    known = {parameter.name for parameter in context.command.params} - _TYPED_ONLY
    defaults = {name: value for name, value in options.items() if not isinstance(value, dict)}
    unknown = sorted(set(defaults) - known)
    if unknown:
        raise typer.BadParameter(f"{path} sets {', '.join(unknown)}, which {context.info_name} does not know")
    context.default_map = {**(context.default_map or {}), **defaults}
    return path


Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more, and show tracebacks.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show no progress.")]
Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        callback=_read_config,
        is_eager=True,
        metavar="FILE",
        help="Take options from a run.json or a TOML file; flags win.",
    ),
]
SampleRate = Annotated[
    int | None, typer.Option("--sample-rate", metavar="HZ", help="Of a model that does not say its own; never guessed.")
]
Labels = Annotated[
    str | None,
    typer.Option("--labels", metavar="FILE", help="Of such a model: one a line, in the order of its outputs."),
]
Activation = Annotated[
    str | None,
    typer.Option("--activation", metavar="softmax|sigmoid|none", help="What makes scores of such a model's outputs."),
]
Layout = Annotated[
    str | None,
    typer.Option("--layout", metavar="NAME", help="How the sounds are laid out, e.g. esc-50 [default: seen]."),
]
Split = Annotated[
    str | None,
    typer.Option("--split", metavar="PART", help="Only train, valid or test, or fold1 …, as the corpus declares it."),
]
InputSamples = Annotated[
    int | None, typer.Option("--input-samples", metavar="N", help="What such a model takes at once, in samples.")
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.001,
        help="Give up when loading such a model, or one call of it, takes longer.",
    ),
]
TrustPickle = Annotated[
    bool,
    typer.Option(
        "--trust-pickle-i-know-it-runs-code", help="Load a pickled network, which can run any code on this machine."
    ),
]


def said_of_models(
    sample_rate: int | None, labels: str | None, activation: str | None, input_samples: int | None
) -> Declaration:
    """Return what flags say of models.

    Parameters
    ----------
    sample_rate, labels, activation, input_samples
        As typed.

    Returns
    -------
    Declaration
    """
    from ..nets.adapters.declaration import Declaration
    from ..nets.adapters.sidecar import read_labels

    return Declaration(
        sample_rate=sample_rate,
        labels=None if labels is None else read_labels(Path(labels)),
        activation=activation,
        input_samples=input_samples,
    )


def load_models(
    sources: Sequence[str], device: str, said: Declaration, *, trust_pickle: bool, timeout: float | None = None
) -> list[Model]:
    """Load models, and say on stderr what about them looks wrong.

    Parameters
    ----------
    sources : sequence of str
    device : str
    said : Declaration
        By flags; for all of those that audioinv did not write.
    trust_pickle : bool
    timeout : float, optional
        In seconds.

    Returns
    -------
    list of Model
    """
    from ..nets.library import load_model

    models = [
        load_model(source, device=device, said=said, trust_pickle=trust_pickle, timeout_seconds=timeout)
        for source in sources
    ]
    for model in models:
        for caution in model.provenance.cautions if model.provenance else ():
            note(f"! model {model.spec.name}: {caution}")
    return models


def read_inputs(inputs: Sequence[Path], layout: str | None, split: str | None) -> Corpus:
    """Read what was typed as one corpus, or a part of it.

    Parameters
    ----------
    inputs : sequence of Path
    layout, split : str, optional
        As typed.

    Returns
    -------
    Corpus

    Raises
    ------
    InputError
        If no entry is declared to belong to that part.
    """
    from ..corpus.layouts import read_sources

    corpus = read_sources(inputs, layout=layout)
    if split is None or not corpus.entries:
        return corpus
    part = corpus.part(split)
    if not part.entries:
        there = {str(entry.split) for entry in corpus.entries if entry.split}
        there |= {f"fold{entry.fold}" for entry in corpus.entries if entry.fold}
        raise InputError(
            f"--split {split}: {corpus.name} has no such part; it declares {', '.join(sorted(there)) or 'none'}"
        )
    return part


def say(text: str = "") -> None:
    """Print a line of the result on stdout.

    Parameters
    ----------
    text : str
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.UNREAD) from None


def note(text: str) -> None:
    """Print a line for people on stderr.

    Parameters
    ----------
    text : str
    """
    print(text, file=sys.stderr, flush=True)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long for the system
        return False


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
    for failure in corpus.failures:
        note(f"! {failure.path}: {failure.reason}")
    if not all(_is_folder(failure.path) for failure in corpus.failures):
        return ExitCode.SOME_FAILED
    note(f"error: no sound files in {', '.join(map(str, inputs))}; nothing to analyse")
    return ExitCode.NOTHING


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


def print_json(content: Any) -> None:
    """Print one JSON document on stdout.

    Parameters
    ----------
    content : JSON data
    """
    say(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))


def command(function: Callable[..., int]) -> Callable[..., None]:
    """Turn a function that returns an exit code into a command that ends with it, whatever happens.

    Parameters
    ----------
    function : callable
        Returns one of `ExitCode`. Reads `verbose` from its arguments.

    Returns
    -------
    callable
    """

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            code = function(*args, **kwargs)
        except AudioinvError as error:
            _explain(error, f"error: {error}", kwargs)
            code = ExitCode.USAGE
        except KeyboardInterrupt:
            note("interrupted")
            code = ExitCode.INTERRUPTED
        except typer.Exit:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.filename is not None:  # the system refuses a file or a name
                _explain(error, f"error: {error.filename}: {error.strerror}", kwargs)
                raise typer.Exit(ExitCode.USAGE) from error
            _explain(
                error, f"internal error: {type(error).__name__}: {error} (-v shows where; please report it)", kwargs
            )
            code = ExitCode.INTERNAL
        raise typer.Exit(code)

    return run


def _explain(error: BaseException, line: str, arguments: dict[str, Any]) -> None:
    if arguments.get("verbose"):
        traceback.print_exception(error)
    note(line)
