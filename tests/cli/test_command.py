"""Groups of options: whoever types sees single options, in the group's place, and a command gets the group."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from audioinv.cli.app import app
from audioinv.cli.command import ExitCode, command, single_values, with_single_options
from audioinv.errors import AudioFileError, InputError


@dataclass(frozen=True)
class Size:
    width: Annotated[int, typer.Option("-w", "--width")] = 1
    height: Annotated[int, typer.Option()] = 1


def area(scale: int, size: Size = Size(), unit: str = "px") -> int:
    typer.echo(f"{scale * size.width * size.height} {unit} {single_values(locals())}")
    return ExitCode.DONE


def call(function, *words):
    program = typer.Typer()
    program.command()(command(function))
    return CliRunner().invoke(program, [str(word) for word in words])


def test_what_is_typed_reaches_the_group_and_comes_back_option_by_option():
    done = call(area, 2, "-w", 3, "--unit", "cm")
    assert done.exit_code == 0, done.output
    assert done.stdout == "6 cm {'scale': 2, 'width': 3, 'height': 1, 'unit': 'cm'}\n"


def test_the_options_stand_where_the_group_does():
    assert [*inspect.signature(with_single_options(area)).parameters] == ["scale", "width", "height", "unit"]


def test_a_group_has_no_other_option():
    assert call(area, 2, "--depth", 3).exit_code == ExitCode.USAGE
    with pytest.raises(TypeError, match="depth"):
        with_single_options(area)(scale=2, depth=3)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("no"), ExitCode.USAGE, "error: no"),
        (AudioFileError("no"), ExitCode.SOME_FAILED, "error: no"),
        (FileNotFoundError(2, "No such file", "a.toml"), ExitCode.USAGE, "error: a.toml: No such file"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "interrupted"),
        (ZeroDivisionError("x"), ExitCode.INTERNAL, "internal error: ZeroDivisionError: x"),
    ],
)
def test_every_error_has_its_code_and_one_line(error, code, line):
    def fails() -> int:
        raise error

    done = call(fails)
    assert done.exit_code == code
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1


def test_every_command_has_the_manners_of_all():
    for name, one in typer.main.get_command(app).commands.items():
        options = {word for parameter in one.params for word in parameter.opts}
        assert {"-q", "-v", "--json", "--no-progress", "--config", "--version"} <= options, name
