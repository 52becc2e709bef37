"""Whether the tests of sound and measure notice a wrong line: a random sample of mutants, each against its tests.

Run with ``python -m benchmarks.mutation --n 1200 --seed 0``; ``--n all`` takes every mutant, which takes hours. The
mutants are cosmic-ray's (`benchmarks.mutants`; the extra ``test``), what they meet is in `benchmarks.mutant_runs`.

The sample is spread over the modules in proportion to their mutants and taken in random order, so that the share that
is killed is that of all mutants, within Wilson's interval, and a run that is stopped early has a sample too. A mutant
meets all tests of its own module and, the quickest first, 15 s of others that enter its function.

What survives stands in ``benchmarks/results/mutation.json`` and in ``docs/mutants.md``, with its ``reason``. That is
written into the JSON by hand, and found again in the next run by function and line. ``--again`` has only the survivors
meet their tests once more, after tests were added: what is killed then is counted apart, for those tests were written
for it; a fresh seed tells what they are worth. ``--pages`` only writes the pages anew.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import sys
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from benchmarks.measuring import RESULTS, table, write_block
from benchmarks.mutant_runs import OUTCOMES, PACKAGES, ROOT, Suite, Verdict, copied_tree, judge, load_heavy, observe
from benchmarks.mutants import Mutant, difference, find_mutants, mutated

KEPT = RESULTS / "mutation.json"
PAGE = ROOT / "docs" / "mutants.md"
SUMMARY = ROOT / "docs" / "robustness.md"
Record = dict[str, Any]


def all_mutants(tree: Path) -> list[Mutant]:
    """Return the mutants of both floors, module by module."""
    paths = [path for package in PACKAGES for path in sorted((tree / package).rglob("*.py"))]
    return [
        mutant
        for path in paths
        for mutant in find_mutants(path.relative_to(tree).as_posix(), path.read_text(encoding="utf-8"))
    ]


def draw(mutants: Sequence[Mutant], n: int | None, seed: int) -> list[Mutant]:
    """Return so many in random order, of each module its share to the next whole; all if `n` is None.

    Every so-many-th is taken, from a random first one, of a list in which each module's mutants are shuffled.
    """
    rng = np.random.default_rng(seed)
    modules: defaultdict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        modules[mutant.module].append(mutant)
    shuffled = [found[place] for found in modules.values() for place in rng.permutation(len(found))]
    n = len(shuffled) if n is None else min(n, len(shuffled))
    places = ((np.arange(n) + rng.random()) * len(shuffled) / n).astype(int)
    return [shuffled[place] for place in rng.permutation(places)]


def run(n: int | None, seed: int, jobs: int) -> Record:
    """Judge a sample and return what came of it; what was judged is kept as it goes."""
    reasons = {_line(survivor): survivor["reason"] for survivor in kept()["survivors"]} if KEPT.exists() else {}
    with _trees(jobs) as trees:
        suite, mutants = Suite(observe(trees[0])), all_mutants(trees[0])
        record: Record = {"seed": seed, "cosmic-ray": version("cosmic-ray"), "mutants": len(mutants)}
        record |= {"judged": 0, "modules": {}, "survivors": []}
        for verdict in judged(draw(mutants, n, seed), trees, suite):
            add(record, verdict, reasons)
            keep(record)
    return record


@contextmanager
def _trees(jobs: int) -> Iterator[list[Path]]:
    """Yield a copy of the tree for each process that judges; what tests import is loaded for all of them."""
    load_heavy()
    with ExitStack() as stack:
        yield [stack.enter_context(copied_tree()) for _ in range(jobs)]


def judged(mutants: Sequence[Mutant], trees: Sequence[Path], suite: Suite) -> Iterator[Verdict]:
    """Judge mutants, one at a time in each tree, and say how far it is; in their order."""
    survived = 0
    with ExitStack() as stack:
        parts = [(mutants[at :: len(trees)], tree) for at, tree in enumerate(trees)]
        streams = [stack.enter_context(_judge_apart(some, tree, suite)) for some, tree in parts]
        for place in range(len(mutants)):
            verdict = pickle.load(streams[place % len(trees)])
            survived += verdict.outcome == "survived"
            print(f"\r{place + 1} of {len(mutants)}, {survived} survived", end="", file=sys.stderr, flush=True)
            yield verdict
    print(file=sys.stderr)


def _judge_apart(mutants: Sequence[Mutant], tree: Path, suite: Suite) -> BinaryIO:
    """Judge mutants in a process that is forked from this one, and return what its verdicts are read from."""
    reader, writer = os.pipe()
    if not os.fork():
        try:
            with os.fdopen(writer, "wb", buffering=0) as stream:
                for mutant in mutants:
                    stream.write(pickle.dumps(judge(mutant, tree, suite)))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)
    return os.fdopen(reader, "rb")


def add(record: Record, verdict: Verdict, reasons: Mapping[tuple[str, str, str], str]) -> None:
    """Count a verdict, and list it if the mutant survived."""
    counts = record["modules"].setdefault(verdict.mutant.module, {})
    counts[verdict.outcome] = counts.get(verdict.outcome, 0) + 1
    record["judged"] += 1
    if verdict.outcome == "survived":
        lines = {"before": verdict.before, "after": verdict.after, "n_tests": verdict.n_tests}
        survivor = {**asdict(verdict.mutant), **lines, "killed_since": False}
        record["survivors"].append({**survivor, "reason": reasons.get(_line(survivor), "")})


def run_again(record: Record, jobs: int) -> None:
    """Have survivors without a reason meet their tests once more; note where they are and which are killed now."""
    left = [survivor for survivor in record["survivors"] if not survivor["killed_since"] and not survivor["reason"]]
    with _trees(jobs) as trees:
        suite, mutants = Suite(observe(trees[0])), all_mutants(trees[0])
        found = [(survivor, mutant) for survivor in left if (mutant := _find(survivor, mutants, trees[0]))]
        verdicts = judged([mutant for _, mutant in found], trees, suite)
        for (survivor, mutant), verdict in zip(found, verdicts, strict=True):
            survivor.update(asdict(mutant), killed_since=verdict.outcome != "survived", n_tests=verdict.n_tests)
            keep(record)


def _find(survivor: Mapping[str, Any], mutants: Sequence[Mutant], tree: Path) -> Mutant | None:
    """Return a survivor as it is in the tree now, where its line, or its function, may have moved."""
    same = [each for each in mutants if (each.operator, each.function) == (survivor["operator"], survivor["function"])]
    for mutant in sorted(same, key=lambda each: (each.module != survivor["module"], abs(each.line - survivor["line"]))):
        source = (tree / mutant.module).read_text(encoding="utf-8")
        if difference(source, mutated(source, mutant)) == (survivor["before"], survivor["after"]):
            return mutant
    return None


def _line(survivor: Mapping[str, Any]) -> tuple[str, str, str]:
    return survivor["function"], survivor["before"], survivor["after"]


def kept() -> Record:
    """Return what the last run found."""
    return dict(json.loads(KEPT.read_text(encoding="utf-8")))


def keep(record: Mapping[str, Any]) -> None:
    """Keep what a run found."""
    KEPT.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def shares(record: Mapping[str, Any]) -> dict[str, tuple[Counter[str], tuple[float, float, float]]]:
    """Return, of each floor and of both, how mutants ended, and the share killed with its interval."""
    from audioinv.measure.intervals import wilson_interval

    found = {}
    for floor in ("sound", "measure", ""):
        ended: Counter[str] = Counter()
        for module, counts in record["modules"].items():
            ended.update(counts if f"audioinv/{floor}" in module else {})
        share = 1 - ended["survived"] / max(ended.total(), 1)
        low, high = wilson_interval(share, ended.total())
        found[floor or "both"] = ended, (share, float(low), float(high))
    return found


def summary(record: Mapping[str, Any]) -> str:
    """Return how mutants ended on each floor, and the share killed, as Markdown."""
    since = Counter(survivor["module"].split("/")[1] for survivor in record["survivors"] if survivor["killed_since"])
    since["both"] = since.total()
    columns = []
    for floor, (ended, (share, low, high)) in shares(record).items():
        after = (ended.total() - ended["survived"] + since[floor]) / max(ended.total(), 1)
        counts = [str(ended[outcome]) for outcome in OUTCOMES]
        killed, least, most, since_then = (f"{100 * one:.1f} %" for one in (share, low, high, after))
        columns.append([str(ended.total()), *counts, f"{killed} ({least} to {most})", since_then])
    names = ["mutants", *OUTCOMES.values(), "**killed** (95 %)", "with tests written since"]
    return table(["", "`sound/`", "`measure/`", "both"], list(zip(names, *columns, strict=True)))


def page(record: Mapping[str, Any]) -> str:
    """Return the page of survivors, by what their reason begins with."""
    groups: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for survivor in record["survivors"]:
        if not survivor["killed_since"]:
            groups[survivor["reason"].partition(": ")[0] or "Not looked at"].append(survivor)
    parts = [_HEAD.format(**record, summary=summary(record))]
    for kind, survivors in sorted(groups.items(), key=lambda group: -len(group[1])):
        items = [_item(each) for each in sorted(survivors, key=lambda each: (each["module"], each["line"]))]
        parts.append("\n".join([f"## {kind} ({len(items)})\n", *items, ""]))
    return "\n".join(parts)


_HEAD = """# Mutants that survive

{judged:,} of the {mutants:,} mutants of `audioinv/sound/` and `audioinv/measure/`, drawn at random (seed {seed}), met
their tests; [Robustness](robustness.md) says how. This is what survived, with the reason; what tests written since kill
is left out. The page is written by `python -m benchmarks.mutation`.

{summary}
"""


def _item(survivor: Mapping[str, Any]) -> str:
    before, after = around(survivor["before"], survivor["after"])
    place = survivor["module"].removeprefix("audioinv/")
    where = f"`{place}`, `{survivor['function']}`" if survivor["function"] else f"`{place}`"
    why = survivor["reason"].partition(": ")[2]
    change = f"{_code(before)} became {_code(after)}" if after else f"without {_code(before)}"
    return f"- {where}: {change}{': ' * bool(why)}{why}."


def around(before: str, after: str, *, margin: int = 24) -> tuple[str, str]:
    """Return two lines cut down to what differs and a little beside it."""
    first = _n_shared(before, after)
    n_last = min(_n_shared(before[::-1], after[::-1]), len(before) - first, len(after) - first)
    return _cut(before, first - margin, len(before) - n_last + margin), _cut(
        after, first - margin, len(after) - n_last + margin
    )


def _n_shared(one: str, other: str) -> int:
    """Return how many first letters are the same."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _cut(line: str, first: int, last: int) -> str:
    return f"{'…' * (first > 0)}{line[max(first, 0) : last]}{'…' * (last < len(line))}"


def _code(text: str) -> str:
    return f"`` {text} ``"


def write_pages(record: Mapping[str, Any]) -> None:
    """Write the page of survivors and the table in the page on robustness."""
    PAGE.write_text(page(record), encoding="utf-8")
    write_block("mutation", summary(record), SUMMARY)


def main() -> int:
    """Run what the command line asks for, and write its pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", default="1200", help="how many mutants, or all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many are judged at a time")
    parser.add_argument("--again", action="store_true", help="only the survivors of the last run that have no reason")
    parser.add_argument("--pages", action="store_true", help="run nothing, write the pages of the last run")
    options = parser.parse_args()
    n = None if options.n == "all" else int(options.n)
    record = kept() if options.again or options.pages else run(n, options.seed, options.jobs)
    if options.again:
        run_again(record, options.jobs)
    write_pages(record)
    print(summary(record))
    return 0


if __name__ == "__main__":
    sys.exit(main())
