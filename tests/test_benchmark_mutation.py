"""What the share of killed mutants rests on: where mutants are made, which tests they meet, how they are counted."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cosmic_ray", reason="cosmic-ray is not installed")

from benchmarks import mutation
from benchmarks.mutant_runs import Observed, Suite
from benchmarks.mutants import Mutant, difference, find_mutants, mutated

SOURCE = '''"""Twice 2."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    LIMIT = -1

BOUND: tuple[int, 2] = 3


class Counter:

    # how many
    @staticmethod
    def within(x: int | 4 = 0) -> "int | 5":
        """Add 6."""

        def inner():
            return x < BOUND

        if inner():
            return -x
        if found := inner():
            return found
        raise ValueError(f"{x + 7}")
'''


def test_mutants_are_made_where_something_runs():
    mutants = find_mutants("m.py", SOURCE)
    changes = [(mutant.line, *difference(SOURCE, mutated(SOURCE, mutant))) for mutant in mutants]
    found = {(line, after) for line, _, after in changes}
    assert all(before == SOURCE.splitlines()[line - 1].strip() for line, before, _ in changes)
    assert found == {
        (8, "BOUND: tuple[int, 2] = 4"),
        (8, "BOUND: tuple[int, 2] = 2"),
        (14, ""),
        (15, 'def within(x: int | 4 = 1) -> "int | 5":'),
        (15, 'def within(x: int | 4 = -1) -> "int | 5":'),
        (19, "return x <= BOUND"),
        (19, "return x >= BOUND"),
        (21, "if not inner():"),
        (22, "return x"),
    }


def test_a_place_belongs_to_the_outermost_function_around_it():
    homes = {mutant.line: (mutant.function, mutant.start) for mutant in find_mutants("m.py", SOURCE)}
    assert homes == {8: ("", 0), 14: ("", 0), 15: ("", 0), **dict.fromkeys((19, 21, 22), ("Counter.within", 14))}


def test_a_mutant_meets_the_tests_that_enter_its_function():
    tests = [
        Observed("tests/sound/test_m.py::slow", 3.0, frozenset()),
        Observed("tests/sound/test_m.py::quick", 1.0, frozenset({"audioinv/sound/m.py:12"})),
        Observed("tests/sound/test_other.py::f", 14.0, frozenset({"audioinv/sound/m.py:12"})),
        Observed("tests/sound/test_other.py::g", 2.0, frozenset({"audioinv/sound/m.py:30"})),
        Observed("tests/sound/test_other.py::h", 14.5, frozenset({"audioinv/sound/m.py:12"})),
    ]

    def met(function, start):
        mutant = Mutant("audioinv/sound/m.py", 20, function, start, "AddNot", 0)
        return [[test.name[-1] for test in found] for found in (Suite(tests).own(mutant), Suite(tests).others(mutant))]

    assert met("Counter.within", 12) == [["k", "w"], ["f"]]  # not h: 15 s of others are enough
    assert met("", 0) == [["k", "w"], ["g"]]
    assert met("elsewhere", 50) == [["k", "w"], []]


@pytest.mark.parametrize("n", [1, 7, 50, None, 1000])
def test_each_module_has_its_share_of_a_sample(n):
    sizes = {"a": 30, "b": 60, "c": 10}
    mutants = [Mutant(name, line, "", 0, "AddNot", line) for name, size in sizes.items() for line in range(size)]
    drawn = mutation.draw(mutants, n, 0)
    assert len(drawn) == len(set(drawn)) == min(n or 100, 100)
    counts = Counter(mutant.module for mutant in drawn)
    assert all(abs(counts[name] - len(drawn) * size / 100) < 1 for name, size in sizes.items())
    assert mutation.draw(mutants, n, 0) == drawn
    if n in (7, 50):
        assert mutation.draw(mutants, n, 1) != drawn


def test_every_mutant_is_drawn_as_often():
    mutants = [Mutant(name, line, "", 0, "AddNot", line) for name in "ab" for line in range(5)]
    counts = Counter(mutant for seed in range(2000) for mutant in mutation.draw(mutants, 3, seed))
    # 600 each; a binomial count is seldom 5 standard deviations away
    assert np.abs(np.array([counts[mutant] for mutant in mutants]) - 600).max() < 5 * np.sqrt(2000 * 0.3 * 0.7)


FILES = {
    "pyproject.toml": "[tool.pytest.ini_options]\n",
    "audioinv/__init__.py": "",
    "audioinv/sound/__init__.py": "",
    "audioinv/sound/m.py": """
def bounded(x):
    return x < 3

def unseen(x):
    return x < 3

def count():
    n = 0
    while n < 3:
        n = n + 1
    return n
""",
    "tests/sound/test_m.py": """
from audioinv.sound.m import bounded, count, unseen

def test_bound():
    assert [bounded(x) for x in (2, 3)] == [True, False]

def test_count():
    assert count() == 3

def test_nothing():
    unseen(0)
""",
}
"""A package whose first bound is tested, whose second is not, and whose loop a mutant makes endless."""

SCRIPT = """
import json, os, signal, sys, time
from pathlib import Path
from benchmarks import mutant_runs as runs
from benchmarks.mutants import find_mutants

runs.PATIENCE_SECONDS = 5.0
outcomes = []
with runs.copied_tree(Path(sys.argv[1])) as tree:
    suite = runs.Suite(runs.observe(tree, ["tests"]))
    module = tree / "audioinv/sound/m.py"
    source = module.read_text()
    for mutant in find_mutants("audioinv/sound/m.py", source):
        if mutant.operator in ("ReplaceComparisonOperator_Lt_LtE", "ReplaceBinaryOperator_Add_Sub"):
            outcomes.append((mutant.function, mutant.operator[-6:], runs.judge(mutant, tree, suite).outcome))
    same = module.read_text() == source
    ends = [
        runs.in_child(tree, lambda: 7, 5.0),
        runs.in_child(tree, lambda: os.kill(os.getpid(), signal.SIGKILL), 5.0),
        runs.in_child(tree, lambda: time.sleep(30), 0.1),
    ]
    try:
        runs.in_child(tree, lambda: 1 // 0, 5.0)
    except RuntimeError as error:
        ends.append("ZeroDivisionError" in str(error))
print(json.dumps([outcomes, same, tree.exists(), ends]))
"""


def test_a_mutant_survives_tests_that_do_not_look_at_it(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    # A process of its own: this one has imported the true package, and a forked one would see that.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=mutation.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    outcomes, same, left, ends = json.loads(done.stdout.splitlines()[-1])
    assert outcomes == [
        ["bounded", "Lt_LtE", "failed"],
        ["unseen", "Lt_LtE", "survived"],
        ["count", "Lt_LtE", "failed"],
        ["count", "dd_Sub", "late"],
    ]
    assert same
    assert not left
    assert ends == [7, -signal.SIGKILL, None, True]


@pytest.mark.parametrize("n_trees", [1, 2])
def test_mutants_are_judged_side_by_side_and_told_in_their_order(monkeypatch, n_trees):
    mutants = [Mutant("audioinv/sound/m.py", line, "f", 1, "AddNot", 0) for line in range(5)]
    trees = [Path("first"), Path("second")][:n_trees]

    def judge(mutant, tree, suite):
        return mutation.Verdict(mutant, suite, f"{tree} {os.getpid()}", "survived", 1)

    monkeypatch.setattr(mutation, "judge", judge)
    verdicts = list(mutation.judged(mutants, trees, "suite"))
    assert [verdict.mutant for verdict in verdicts] == mutants
    assert [verdict.after.split()[0] for verdict in verdicts] == [str(trees[i % n_trees]) for i in range(5)]
    places = {verdict.after for verdict in verdicts}
    assert len(places) == n_trees
    assert not any(place.endswith(f" {os.getpid()}") for place in places)


def test_what_survived_is_counted_and_keeps_its_reason():
    record = {"seed": 0, "mutants": 90, "judged": 0, "modules": {}, "survivors": []}
    reasons = {("f", "x < 3", "x <= 3"): "Same: x is never 3"}
    outcomes = [("sound", "failed"), ("sound", "late"), ("sound", "survived"), ("measure", "survived")]
    for line, (floor, outcome) in enumerate(outcomes):
        mutant = Mutant(f"audioinv/{floor}/m.py", line, "f", 1, "AddNot", 0)
        line_pair = ("x < 3", "x <= 3") if floor == "sound" else ("a | b", "a & b")
        mutation.add(record, mutation.Verdict(mutant, *line_pair, outcome, 5), reasons)
    shares = mutation.shares(record)
    assert [share for _, (share, _, _) in shares.values()] == pytest.approx([2 / 3, 0, 1 / 2])
    assert [survivor["reason"] for survivor in record["survivors"]] == ["Same: x is never 3", ""]
    page = mutation.page(record)
    assert "## Same (1)" in page
    assert "- `sound/m.py`, `f`: `` x < 3 `` became `` x <= 3 ``: x is never 3.\n" in page
    assert "## Not looked at (1)\n\n- `measure/m.py`, `f`: `` a | b `` became `` a & b ``.\n" in page
    record["survivors"][1]["killed_since"] = True
    assert "a & b" not in mutation.page(record)
    killed, since = mutation.summary(record).splitlines()[-2:]
    assert killed.endswith("| 50.0 % (15.0 % to 85.0 %) |")
    assert since == "| with tests written since | 66.7 % | 100.0 % | 75.0 % |"


def test_lines_are_cut_down_to_what_differs():
    assert mutation.around("abc", "abd") == ("abc", "abd")
    assert mutation.around("x" * 9 + "1" + "y" * 9, "x" * 9 + "22" + "y" * 9, margin=2) == ("…xx1yy…", "…xx22yy…")
    assert mutation.around("aa", "a", margin=1) == ("aa", "a")
    assert mutation.around("@cache", "") == ("@cache", "")
