"""The house rules that a reader relies on: imports go down, heavy libraries stay on their floor, only cli/ prints."""

import ast
import importlib
import re
from pathlib import Path

import pytest

import audioinv

PACKAGE = Path(audioinv.__path__[0])
ROOT = Path(__file__).parents[1]
FLOORS = ["errors", "sound", "corpus", "nets", "sweep", "measure", "report", "cli"]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "shipped" not in path.parts)


def floor(parts):
    return FLOORS.index(parts[0]) if parts and parts[0] in FLOORS else None


def imports(path):
    """Yield what a module imports, at any depth: (absolute parts, is it ours)."""
    home = list(path.relative_to(PACKAGE).with_suffix("").parts)
    package = home[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split("."), False
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            named = (node.module or "").split(".") if node.module else []
            if node.level and not named:
                for alias in node.names:
                    yield [*base, alias.name], True
            else:
                yield [*base, *named], bool(node.level)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_from_its_own_floor_or_below(path):
    here = floor(path.relative_to(PACKAGE).with_suffix("").parts)
    for parts, ours in imports(path):
        assert parts[0] != "audioinv" or path.name == "__main__.py", "import the sibling, not the package"
        there = floor(parts) if ours else None
        if here is not None and there is not None:
            assert there <= here, f"{path} climbs to {'.'.join(parts)}"


@pytest.mark.parametrize(
    ("library", "home"), [("matplotlib", "report"), ("jinja2", "report"), ("typer", "cli"), ("rich", "cli")]
)
def test_a_library_stays_on_its_floor(library, home):
    users = {path.relative_to(PACKAGE).parts[0] for path in MODULES if any(p[0] == library for p, _ in imports(path))}
    assert users == {home}


def test_only_the_command_line_prints_or_exits():
    for path in MODULES:
        if path.relative_to(PACKAGE).parts[0] == "cli":
            continue
        names = {
            n.func.id
            for n in ast.walk(ast.parse(path.read_text()))
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        assert not names & {"print", "exit", "breakpoint"}, path


def test_no_assert_in_the_package():
    for path in MODULES:
        assert not any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(path.read_text()))), path


def public_names(tree):
    """Yield the functions and classes of a module, with the methods of the latter."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name
            inner = node.body if isinstance(node, ast.ClassDef) else []
            yield from (one.name for one in inner if isinstance(one, ast.FunctionDef) and one.name[0] != "_")


def used_names(tree):
    """Return what a module names, by itself or in a string as `getattr` takes it; what it exports is not yet used."""
    exported = [node.value for node in tree.body if isinstance(node, ast.Assign) and "__all__" in ast.unparse(node)]
    listed = {part for value in exported for part in ast.walk(value)}
    nodes = [node for node in ast.walk(tree) if node not in listed]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names.union(
        (node.attr for node in nodes if isinstance(node, ast.Attribute)),
        (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)),
    )


def test_what_nothing_calls_is_told_to_people():
    callers = [*MODULES, *(ROOT / "benchmarks").rglob("*.py")]
    used = set().union(*(used_names(ast.parse(path.read_text(encoding="utf-8"))) for path in callers))
    public = {name for path in MODULES for name in public_names(ast.parse(path.read_text(encoding="utf-8")))}
    idle = public - used - set(audioinv.__all__)
    told = " ".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    assert "dominated" in idle, "nothing was looked at"
    assert not {name for name in idle if not re.search(rf"`[\w.]*\b{name}`", told)}


def test_functions_that_people_are_told_of_are_there():
    page = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
    names = re.findall(r"`([a-z_.]+)\.(\w+)`", page.partition("## As functions only")[2].partition("\n## ")[0])
    assert len(names) > 10
    for module, name in names:
        if f"{module}.{name}" != "audioinv.measure":
            assert callable(getattr(importlib.import_module(f"audioinv.measure.{module}"), name))
