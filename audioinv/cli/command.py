"""The door through which a command runs: what it may print where, and which code it ends with.

Conventions
-----------
A command parses, calls the library, prints and returns an exit code. Progress and log go to stderr, the summary to
stdout. What a user can put right is one line on stderr; a traceback comes with ``-v`` only.

Options that several commands share stand together in a *group*: a frozen dataclass, each field of which is an option.
A command takes the group as one parameter; whoever types sees the options one by one, in its place.

What is here: `ExitCode`, `command`, `with_single_options`, `single_values`, `say`, `note`, `note_failures`,
`print_json`, `command_line`.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import typer

from ..errors import AudioFileError, AudioinvError, TooFewClips
from ..sweep.allocation import keep_memory

if TYPE_CHECKING:
    from ..corpus.entries import Skipped
    from ..sweep.responses import Failure

__all__ = [
    "ExitCode",
    "command",
    "command_line",
    "note",
    "note_failures",
    "print_json",
    "say",
    "single_values",
    "with_single_options",
]


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


def note_failures(failures: Iterable[Failure | Skipped]) -> None:
    """Print on stderr what could not be used, a line each.

    Parameters
    ----------
    failures : iterable of Failure or Skipped
    """
    for failure in failures:
        note(f"! {failure.path}: {failure.reason}")


def command_line() -> str:
    """Return what was typed, as a shell would take it."""
    return shlex.join(["audioinv", *sys.argv[1:]])


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
        Returns one of `ExitCode`. Its parameters are options, or groups of them.

    Returns
    -------
    callable
    """
    typed = with_single_options(function)

    @functools.wraps(typed)
    def run(**options: Any) -> None:
        keep_memory()
        os.environ.setdefault(
            "OMP_NUM_THREADS", "1"
        )  # read when torch is loaded; sums of several threads round otherwise
        try:
            code = typed(**options)
        except AudioinvError as error:
            _explain(error, f"error: {error}", options)
            sounds_failed = isinstance(error, AudioFileError) or (isinstance(error, TooFewClips) and error.failures)
            code = ExitCode.SOME_FAILED if sounds_failed else ExitCode.USAGE
        except KeyboardInterrupt:
            note("interrupted")
            code = ExitCode.INTERRUPTED
        except typer.Exit:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.filename is not None:  # the system refuses a file or a name
                _explain(error, f"error: {error.filename}: {error.strerror}", options)
                raise typer.Exit(ExitCode.USAGE) from error
            _explain(
                error, f"internal error: {type(error).__name__}: {error} (-v shows where; please report it)", options
            )
            code = ExitCode.INTERNAL
        raise typer.Exit(code)

    return run


def _explain(error: BaseException, line: str, options: dict[str, Any]) -> None:
    if options.get("verbose"):
        traceback.print_exception(error)
    note(line)


def with_single_options(function: Callable[..., int]) -> Callable[..., int]:
    """Take the groups among a command's parameters apart.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        Takes every option by its name; has the signature that typer reads.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Size:
    ...     width: int = 1
    ...     height: int = 1
    >>> def area(scale: int, size: Size = Size()) -> int:
    ...     return scale * size.width * size.height
    >>> single = with_single_options(area)
    >>> single(scale=2, width=3), str(inspect.signature(single))
    (6, '(scale: int, width: int = 1, height: int = 1) -> int')
    """
    signature = inspect.signature(function, eval_str=True)
    groups = {name: one.annotation for name, one in signature.parameters.items() if _is_group(one)}

    @functools.wraps(function)
    def run(**options: Any) -> int:
        for name, group in groups.items():
            own = {field.name for field in fields(group)} & options.keys()
            options[name] = group(**{option: options.pop(option) for option in own})
        return function(**options)

    run.__signature__ = signature.replace(parameters=list(_singles(signature)))  # type: ignore[attr-defined]
    return run


def _singles(signature: inspect.Signature) -> Iterator[inspect.Parameter]:
    for parameter in signature.parameters.values():
        if _is_group(parameter):
            yield from inspect.signature(parameter.annotation, eval_str=True).parameters.values()
        else:
            yield parameter


def _is_group(parameter: inspect.Parameter) -> bool:
    return is_dataclass(parameter.annotation)


def single_values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed, option by option.

    Parameters
    ----------
    arguments : mapping
        Of a command, groups among them.

    Returns
    -------
    dict
    """
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        if is_dataclass(value) and not isinstance(value, type):
            found |= {field.name: getattr(value, field.name) for field in fields(value)}
        else:
            found[name] = value
    return found
