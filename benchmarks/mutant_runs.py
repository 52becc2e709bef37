"""Mutants against tests: which tests may notice a mutant, and what becomes of it when they run.

A mutant lies on disk, in a copy of the tree, and is imported by a process forked from one that has loaded PyTorch and
the like but nothing of ours: so it costs its tests, not 3 s of imports, and processes that tests start see it too.
"""

from __future__ import annotations

import compileall
import importlib
import json
import os
import py_compile
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest

from benchmarks.mutants import Mutant, difference, mutated

ROOT = Path(__file__).parent.parent
TESTS = (
    *("tests/sound", "tests/measure", "tests/corpus", "tests/test_identities.py", "tests/test_known_answers.py"),
    *("tests/test_budget_analysis.py", "tests/test_certification.py", "tests/test_frame_run.py"),
    *("tests/test_layer_analysis.py", "tests/test_order_analysis.py", "tests/test_pair_analysis.py"),
    *("tests/test_profile_analysis.py", "tests/test_reference_run.py", "tests/test_sliding_analysis.py"),
    "tests/test_values.py",
)
"""Of both floors, of the one that reads sound, and of the errands that use both; and the doctests of `PACKAGES`."""
PACKAGES = ("audioinv/sound", "audioinv/measure")
ELSEWHERE = {"audioinv/sound/decoder.py": "tests/sound/test_decoding.py"}
"""Modules that run in a process of their own, where nobody sees what a test enters, and the tests that have it run."""
MOST_SECONDS = 15.0
"""Of other modules' tests, in CPU time as they took without a mutant, that a mutant meets."""
PATIENCE_SECONDS = 60.0
"""Beyond ten times what its tests take without it, before a mutant is given up."""
MOST_BYTES = 8 << 30
_SAID = "said.txt"
_BROKEN = 70  # exit code of a child that did not get as far as pytest
_HEAVY = (
    *("torch", "scipy.fft", "scipy.ndimage", "scipy.optimize", "scipy.signal", "scipy.stats", "librosa.core"),
    *("librosa.feature", "librosa.filters", "soundfile", "soxr", "pandas", "pyarrow.parquet", "sklearn.linear_model"),
    *("statsmodels.api", "hypothesis.extra.numpy", "hypothesis.strategies"),
)


Place = tuple[str, int]
"""File and first line of a function."""


@dataclass(frozen=True)
class Observed:
    """A test: its seconds without a mutant, and the functions that it enters, each as ``path:first line``."""

    name: str
    seconds: float
    enters: frozenset[str]


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, and of the line where it is."""

    mutant: Mutant
    before: str
    after: str
    outcome: str
    n_tests: int


OUTCOMES = {
    "failed": "a test fails",
    "unread": "it cannot be imported",
    "died": "its process dies",
    "late": "it takes too long",
    "survived": "all tests pass",
}
"""How a mutant may end."""


@contextmanager
def copied_tree(root: Path = ROOT) -> Iterator[Path]:
    """Yield a folder with a copy of the package and its tests, and links to what lies beside them; then it is gone."""
    copied = ("audioinv", "tests")
    with tempfile.TemporaryDirectory(prefix="mutants-") as home:
        tree = Path(home).resolve()
        for name in copied:
            shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in root.iterdir():
            if path.name not in copied and not path.name.startswith("."):
                (tree / path.name).symlink_to(path)
        # By content, not by time: two mutants of one second and one size must be told apart.
        by_content = py_compile.PycInvalidationMode.CHECKED_HASH
        compileall.compile_dir(tree / "audioinv", quiet=2, invalidation_mode=by_content)
        yield tree


def load_heavy() -> None:
    """Load what tests import and no mutant touches, for all processes to come."""
    for name in _HEAVY:
        with suppress(ImportError):
            importlib.import_module(name)


def in_child(tree: Path, work: Callable[[], int], seconds: float) -> int | None:
    """Run a work in a process that sees the tree: its exit code, negative for a signal, None where it was too late.

    Whatever the work has started is ended with it.
    """
    child = os.fork()
    if not child:
        _leave(tree, work)
    deadline = time.monotonic() + seconds
    ended, status = os.waitpid(child, os.WNOHANG)
    while not ended and time.monotonic() < deadline:
        time.sleep(0.005)
        ended, status = os.waitpid(child, os.WNOHANG)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if not ended:
        os.waitpid(child, 0)
        return None
    code = os.waitstatus_to_exitcode(status)
    if code == _BROKEN:
        raise RuntimeError(f"no test was run:\n{said(tree)}")
    return code


def _leave(tree: Path, work: Callable[[], int]) -> NoReturn:
    code = _BROKEN
    try:
        _enter(tree)
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _enter(tree: Path) -> None:
    os.setsid()
    with (tree / _SAID).open("wb") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    os.environ.update(PYTHONPATH=str(tree), PYTHONDONTWRITEBYTECODE="1")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))


def said(tree: Path) -> str:
    """Return the end of what the last child printed."""
    return (tree / _SAID).read_text(encoding="utf-8", errors="replace")[-3000:]


def run_tests(paths: Sequence[str], plugin: object, *more: str) -> int:
    """Run pytest in this process and return its exit code."""
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutants",
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],  # what fails need not be made small
    )
    settings.load_profile("mutants")
    loaded = "ignore::pytest.PytestAssertRewriteWarning"  # of hypothesis, which has no assertions of ours
    options = ("-q", "-m", "not slow", "-p", "no:cacheprovider", "-W", loaded, "--tb=line", *more)
    return int(pytest.main([*options, *paths], plugins=[plugin]))


class _Observer:
    """Notes what each test takes and enters, as a plugin of pytest.

    What is entered while a file is collected or a fixture is made counts for all tests of the file: a fixture may
    serve several.
    """

    def __init__(self, tree: Path) -> None:
        self._home = f"{tree}/"
        self._shared: defaultdict[str, set[Place]] = defaultdict(set)
        self._own: defaultdict[str, set[Place]] = defaultdict(set)
        self._seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[Any]:
        with _noting(self._shared[collector.nodeid.partition("::")[0]]):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[Any]:
        with _noting(self._shared[item.nodeid.partition("::")[0]]):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[Any]:
        started = (
            time.process_time()
        )  # not the wall's: which tests a mutant meets must not hang on how busy a machine is
        with _noting(self._own[item.nodeid]):
            result = yield
        self._seconds[item.nodeid] = time.process_time() - started
        return result

    def observed(self) -> list[tuple[str, float, list[str]]]:
        """Return each test's name, seconds and functions."""
        return [
            (name, self._seconds.get(name, 0.0), sorted(self._places(own | self._shared[name.partition("::")[0]])))
            for name, own in self._own.items()
        ]

    def _places(self, entered: set[Place]) -> Iterator[str]:
        for file, line in entered:
            if file.startswith(f"{self._home}audioinv/"):
                yield f"{file.removeprefix(self._home)}:{line}"


@contextmanager
def _noting(entered: set[Place]) -> Iterator[None]:
    def note(frame: FrameType, _event: str, _: object) -> None:  # that it returns None leaves lines alone
        entered.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    threading.settrace(note)
    sys.settrace(note)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]


def observe(tree: Path, paths: Sequence[str] = (*TESTS, *PACKAGES)) -> list[Observed]:
    """Run the tests once without a mutant; they must pass."""
    kept = tree / "observed.json"

    def work() -> int:
        observer = _Observer(tree)
        code = run_tests([path for path in paths if (tree / path).exists()], observer)
        kept.write_text(json.dumps(observer.observed()), encoding="utf-8")
        return code

    if code := in_child(tree, work, 3600.0):
        raise SystemExit(f"the tests do not pass without a mutant (exit code {code}):\n{said(tree)}")
    found = json.loads(kept.read_text(encoding="utf-8"))
    return [Observed(name, seconds, frozenset(enters)) for name, seconds, enters in found]


class Suite:
    """All tests, and which of them a mutant meets."""

    def __init__(self, tests: Sequence[Observed]) -> None:
        self._all = tests
        self._by_place: defaultdict[str, set[Observed]] = defaultdict(set)
        for test in tests:
            for place in test.enters:
                self._by_place[place].add(test)
                self._by_place[place.partition(":")[0]].add(test)

    def own(self, mutant: Mutant) -> list[Observed]:
        """Return the tests of a mutant's module, the quickest first."""
        file = f"/test_{Path(mutant.module).stem}.py"
        found = [test for test in self._all if test.name.startswith(f"{mutant.module}::") or f"{file}::" in test.name]
        return sorted(found, key=lambda test: test.seconds)

    def others(self, mutant: Mutant) -> list[Observed]:
        """Return other tests that enter its function, the quickest first.

        Of what is in no function, those that enter its module, or ask about its classes without entering anything.
        """
        met = self._by_place[f"{mutant.module}:{mutant.start}" if mutant.function else mutant.module]
        if not mutant.function:
            within = mutant.module.removeprefix("audioinv/").removesuffix(".py").replace("/", ".")
            met = met | {test for test in self._all if f"[{within}." in test.name}
        if mutant.module in ELSEWHERE:
            met = {test for test in self._all if test.name.startswith(ELSEWHERE[mutant.module])}
        chosen, seconds = [], 0.0
        for test in sorted(met.difference(self.own(mutant)), key=lambda test: test.seconds):
            seconds += test.seconds
            if seconds > MOST_SECONDS:
                break
            chosen.append(test)
        return chosen


class _Chosen:
    """Has pytest run these tests in this order, of those it collects; a plugin of pytest."""

    def __init__(self, tests: Sequence[Observed]) -> None:
        self._places = {test.name: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        known = [item for item in items if item.nodeid in self._places]
        items[:] = sorted(known, key=lambda item: self._places[item.nodeid])


def judge(mutant: Mutant, tree: Path, suite: Suite) -> Verdict:
    """Put a mutant into the tree, have it meet its tests, and take it out again."""
    path = tree / mutant.module
    source = path.read_text(encoding="utf-8")
    changed = mutated(source, mutant)
    rounds = [tests for tests in (suite.own(mutant), suite.others(mutant)) if tests]
    path.write_text(changed, encoding="utf-8")
    try:
        outcomes = (meet(tree, tests) for tests in rounds)
        outcome = next((outcome for outcome in outcomes if outcome != "survived"), "survived")
    finally:
        path.write_text(source, encoding="utf-8")
    return Verdict(mutant, *difference(source, changed), outcome, sum(map(len, rounds)))


def meet(tree: Path, tests: Sequence[Observed]) -> str:
    """Run tests on the tree as it is, until one fails: one of `OUTCOMES`."""
    files = list(dict.fromkeys(test.name.partition("::")[0] for test in tests))

    def work() -> int:
        sys.dont_write_bytecode = True
        return run_tests(files, _Chosen(tests), "-x")

    code = in_child(tree, work, PATIENCE_SECONDS + 10 * sum(test.seconds for test in tests))
    if code is None:
        return "late"
    # 5: no test was left to run, as where they are made from what the mutant changes.
    return {0: "survived", 5: "survived", 1: "failed", 2: "unread", 4: "unread"}.get(code, "died")
