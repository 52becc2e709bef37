"""The public face: every name is there, shown by an example that runs, and importing it costs nothing heavy."""

import doctest
import functools
import inspect
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer.main

import audioinv
from audioinv.cli.app import app

ROOT = Path(__file__).parent.parent
KINDS = {
    "Results": "load_results",
    "LayerResults": "load_layers",
    "BudgetResults": "load_budget",
    "OrderResults": "load_order",
    "CertificateResults": "load_certificates",
    "ProfileResults": "load_profile",
    "PairResults": "load_pairs",
    "SlidingResults": "load_sliding",
}
ELSEWHERE = {
    "check": "Results.check",
    "compare": "measure.comparison.compare_models",
    "report": "Results.report",
    "plot": "Results.plot",
    "shift": "time_shift",
    "study": "study.run.run_study",
    "study surgery": "study.surgery.study_surgery",
}
"""Commands that are called something else in Python, or belong to no first screen."""
ONLY_TYPED = {"merge", "info", "doctor", "cite"}
NOT_TYPED = {"budget": "layers", "profile_pairs": "profile", "slide": "analyze"}
"""Analyses that are an option of another command."""

HEAVY = {"torch", "librosa", "matplotlib", "numpy", "scipy", "pandas", "pyarrow", "sklearn"}


def loaded_by(code):
    probe = f"import sys\n{code}\nsys.stderr.write(' '.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def examples_of(thing):
    """The examples in what a docstring has below Examples, as doctest finds them."""
    text = inspect.getdoc(thing) or ""
    shown = text.partition("Examples\n--------\n")[2]
    return [example.source for example in doctest.DocTestParser().get_examples(shown)]


def members_of(name):
    """What a public class offers beside its fields, whether its own or inherited."""
    kind = getattr(audioinv, name)
    if not inspect.isclass(kind):
        return {}
    ours = [one for one in kind.__mro__ if one.__module__.startswith("audioinv")]
    found = {member: value for one in reversed(ours) for member, value in vars(one).items() if member[0] != "_"}
    kinds = (property, functools.cached_property, classmethod, staticmethod)
    return {member: value for member, value in found.items() if inspect.isfunction(value) or isinstance(value, kinds)}


MEMBERS = [(name, member) for name in audioinv.__all__ for member in members_of(name)]


@pytest.mark.parametrize("name", audioinv.__all__)
def test_every_public_name_has_an_example_that_runs(name):
    thing = getattr(audioinv, name)
    assert name in dir(audioinv)
    examples = examples_of(thing)
    assert any(name in source for source in examples), "the example does not show what it is an example of"
    assert not any("SKIP" in source for source in examples)
    home = Path(inspect.getfile(thing))
    found = doctest.DocTestFinder(recurse=False).find(thing, name)
    assert home.is_relative_to(ROOT / "audioinv") or "shipped" in str(home)
    assert [example.source for example in found[0].examples] == examples


def test_examples_of_the_package_are_run():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert "--doctest-modules" in settings["addopts"].split()
    assert "audioinv" in settings["testpaths"]


@pytest.mark.parametrize(("name", "member"), MEMBERS, ids=[".".join(pair) for pair in MEMBERS])
def test_every_member_of_a_public_class_is_told_and_shown(name, member):
    thing = members_of(name)[member]
    thing = getattr(thing, "fget", None) or getattr(thing, "func", None) or getattr(thing, "__func__", thing)
    assert inspect.getdoc(thing)
    shown = [*examples_of(getattr(audioinv, name)), *examples_of(thing)]
    assert any(re.search(rf"\.{member}\b", source) for source in shown)


def test_the_package_tells_its_names_in_groups():
    told = re.findall(r"(?<!`)`(\w+)`", audioinv.__doc__)
    assert sorted(told) == audioinv.__all__


@pytest.mark.parametrize("name", KINDS)
def test_all_results_have_the_same_doors(name):
    kind = getattr(audioinv, name)
    fields = set(kind.__dataclass_fields__)
    for door in ("document", "frame", "lines", "save", "_repr_html_"):
        assert door in fields or hasattr(kind, door), f"{name} has no {door}"
    reader = inspect.signature(getattr(audioinv, KINDS[name]))
    assert (list(reader.parameters), reader.return_annotation) == (["folder"], name)


def test_kinds_of_results_are_all_that_there_are():
    assert set(KINDS) == {name for name in audioinv.__all__ if name.endswith("Results")}


def look_up(path):
    first, *rest = path.split(".")
    if first in audioinv.__all__:
        return functools.reduce(getattr, rest, getattr(audioinv, first))
    *modules, last = path.split(".")
    return getattr(__import__(f"audioinv.{'.'.join(modules)}", fromlist=[last]), last)


def test_commands_and_functions_have_the_same_names():
    commands = {command.name for command in app.registered_commands}
    named = {name for name in commands if name in audioinv.__all__}
    assert named | set(ELSEWHERE) | ONLY_TYPED == commands
    assert all(callable(look_up(path)) for path in ELSEWHERE.values())
    assert set(NOT_TYPED) <= set(audioinv.__all__)
    assert set(NOT_TYPED.values()) <= named


ANALYSES = ["analyze", "budget", "certify", "layers", "order", "profile", "profile_pairs"]


@pytest.mark.parametrize("name", ANALYSES)
def test_analyses_take_a_model_and_clips_and_the_rest_by_name(name):
    first, second, *rest = inspect.signature(getattr(audioinv, name)).parameters.values()
    assert (first.name, second.name) == ("model", "clips")
    assert [one.name for one in rest if one.kind is one.POSITIONAL_OR_KEYWORD] in ([], ["pairs"])
    assert "seed" in {one.name for one in rest}


def test_all_is_sorted_and_whole():
    assert sorted(audioinv.__all__) == audioinv.__all__
    assert sorted(audioinv._HOME_OF) == audioinv.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        _ = audioinv.no_such_name


@pytest.mark.parametrize(
    "code",
    [
        "import audioinv",
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    sys.argv = ['audioinv', '--help']\n    from audioinv.cli.app import main\n    main()",
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    sys.argv = ['audioinv', 'analyze', '-h']\n    from audioinv.cli.app import main\n    main()",
    ],
    ids=["import", "--help", "analyze -h"],
)
def test_help_and_import_load_nothing_heavy(code):
    assert not loaded_by(code) & HEAVY


def test_control_the_probe_sees_what_is_loaded():
    assert {"torch", "numpy"} <= loaded_by("import audioinv\naudioinv.time_shift")


def test_every_option_says_what_it_is_and_what_it_takes():
    group = typer.main.get_command(app)
    assert len(group.commands) == len(app.registered_commands) > 10
    for name, command in group.commands.items():
        for one in command.params:
            if getattr(one, "hidden", False):
                continue
            assert one.help, f"{name} {one.opts[0]} says nothing"
            flag = getattr(one, "is_flag", False) or getattr(one, "count", False)
            assert flag or one.metavar, f"{name} {one.opts[0]} does not say what it takes"


def test_every_command_has_what_all_commands_have():
    """The contract's last line of options; help comes from the group."""
    common = {"--quiet", "--verbose", "--json", "--config", "--no-progress", "--version"}
    for name, command in typer.main.get_command(app).commands.items():
        assert common <= {word for one in command.params for word in one.opts}, name


def test_every_command_shows_an_example_that_parses():
    for name, command in typer.main.get_command(app).commands.items():
        typed = command.epilog.removeprefix(f"Example: audioinv {name} ")
        assert typed != command.epilog
        command.make_context(name, shlex.split(typed))


def test_control_an_example_with_a_slip_does_not_parse():
    layers = typer.main.get_command(app).commands["layers"]
    with pytest.raises(Exception, match="No such option: --bugdet"):
        layers.make_context("layers", ["MODEL", "CLIPS", "--bugdet"])
