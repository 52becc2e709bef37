"""The house rules that a reader relies on: imports go down, heavy libraries stay on their floor, only cli/ prints."""

import ast
from pathlib import Path

import pytest

import audioinv

PACKAGE = Path(audioinv.__path__[0])
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
