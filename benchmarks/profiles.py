"""Run what stands in ``docs/profile.md`` and put its figures and tables there.

    python -m benchmarks.profiles --runs runs/page    # runs what is missing there, some ten minutes, then writes
    python -m benchmarks.profiles --write-only        # from ``benchmarks/results/profiles.json`` alone

What the page shows is kept in ``benchmarks/results/profiles.json``; a test holds the page to it. The training needs
``sounds/drums``, which ``python clips/make.py --sounds sounds/ --only drums`` makes.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from audioinv.report.pair_results import PairResults, load_pairs
from audioinv.report.pair_text import pair_name
from audioinv.report.profile_comparison import ProfileComparison, Profiled, compare_profiles
from audioinv.report.profile_results import Change, ProfileResults, load_profile
from audioinv.report.profile_text import change_name, range_text, size_text
from audioinv.report.wording import share_text

TOP = Path(__file__).resolve().parent.parent
PAGE, IMAGES = TOP / "docs" / "profile.md", TOP / "docs" / "images"
RESULTS = TOP / "benchmarks" / "results" / "profiles.json"
PREFIX = "drums-"
MODELS = ("cnn2d", "cnn2d-flatten", "cnn1d-wave", "averaging", "constant")
LISTENERS = {"invariant": "should stay", "change": "should change", "unknown": "?"}
MARKS = {"invariant as wished": "✓", "changes as wished": "✓", "too sensitive": "!", "too invariant": "~"}
MORE = " ".join(f"-m {PREFIX}{model}" for model in MODELS[1:])
TAUGHT = "--gain-jitter 20 --jitter noise=10:40:5dB --jitter reverb=0:1:0.25s"
COMMANDS = {
    "profile": (f"audioinv profile {PREFIX}{MODELS[0]} clips/drums {MORE} --no-references -o runs/profile",),
    "pairs": (
        f"audioinv profile {PREFIX}{MODELS[0]} clips/drums -m {PREFIX}{MODELS[1]} --pair time,freq --pair time,noise "
        "-o runs/pairs",
    ),
    "training": (
        "audioinv train sounds/drums --epochs 30 --time-jitter 100 -o runs/before",
        f"audioinv train sounds/drums --epochs 30 --time-jitter 100 {TAUGHT} -o runs/after",
        "audioinv profile runs/before clips/drums --no-references -o runs/before-profile",
        "audioinv profile runs/after clips/drums --no-references -o runs/after-profile",
        "audioinv compare runs/after-profile runs/before-profile",
    ),
}
"""What is run for each part of the page."""


def share(found: Change, model: str) -> str:
    """Write what a model stands of a change, and whether it should."""
    one = found.models[model]
    mark = MARKS.get(one.verdict.kind, "")
    shown = mark if one.verdict.clear or not mark else f"({mark})"
    return f"{share_text(one.endurance.at_limit.value)} {shown}".strip()


def profile_rows(results: ProfileResults) -> list[list[str]]:
    """Return the table of a profile: change, range, size, wish, and a cell for each model."""
    names = [spec.name for spec in results.models]
    rows = [["change", "range", "as noise", "a listener", *(name.removeprefix(PREFIX) for name in names)]]
    rows.append(["*right, unchanged*", "", "", "", *(share_text(results.accuracies[name].value) for name in names)])
    for change in results.changes:
        grid = change.expectation.grid
        limit = change.models[names[0]].endurance.limit
        noise = change.sizes_at(limit)[1]
        size = f"{noise:.0f} dB" if noise == noise else "–"
        wish = LISTENERS[change.expectation.listener]
        cells = [share(change, name) for name in names]
        rows.append([change_name(grid), range_text(limit, grid), size, wish, *cells])
    return rows


def pair_rows(results: PairResults) -> list[list[str]]:
    """Return what each change costs at its largest, and both at once."""
    rows = [["pair", "model", "the first alone", "the second alone", "both", "if independent"]]
    for pair in results.pairs:
        for model, found in pair.models.items():
            sizes = size_text(float(found.first[-1]), pair.first), size_text(float(found.second[-1]), pair.second)
            alone, other = found.at(-1, 0).value, found.at(0, -1).value
            shares = (alone, other, found.at(-1, -1).value, alone * other)
            name = f"{pair_name(pair)}, to {sizes[0]} and {sizes[1]}"
            rows.append([name, model.removeprefix(PREFIX), *map(share_text, shares)])
    return rows


def points(difference: float) -> str:
    """Write a difference of shares in points of a hundred."""
    return f"{100 * difference:+.0f}".replace("-", "−").replace("+0", "0").replace("−0", "0")


def training_rows(found: ProfileComparison) -> list[list[str]]:
    """Return the comparison: share before and after, difference, p value, verdicts."""
    rows = [["change", "range", "before", "after", "points [95 %]", "p (Holm)", "before is", "after is"]]
    told = [("*right, unchanged*", "", found.accuracy, ("", ""))]
    for one in found.changes:
        told.append((change_name(one.grid), range_text(one.limit, one.grid), one.standing, one.verdicts))
    for name, limit, difference, verdicts in told:
        estimate = difference.difference
        between = f"[{points(estimate.low)}, {points(estimate.high)}]"
        p_value = "< 0.001" if difference.p_adjusted < 0.001 else f"{difference.p_adjusted:.3f}"
        shares = [share_text(difference.second), share_text(difference.first)]
        rows.append([name, limit, *shares, f"{points(estimate.value)} {between}", p_value, *reversed(verdicts)])
    return rows


def run_missing(runs: Path) -> None:
    """Run the commands whose folders are not there yet; the last of a training writes none."""
    for command in [command for part in COMMANDS.values() for command in part if " -o " in command]:
        words = [re.sub("^runs/", f"{runs}/", word) for word in shlex.split(command)]
        if not Path(words[words.index("-o") + 1]).exists():
            print(f"$ {shlex.join(words)}", flush=True)
            subprocess.run([sys.executable, "-m", *words, "--no-progress", "-q"], check=True, cwd=TOP)


def collect(runs: Path) -> dict[str, list[list[str]]]:
    """Return the tables of all parts, and put the figures where the page shows them."""
    shutil.copy(runs / "profile" / "figures" / "profile.png", IMAGES / "profile.png")
    shutil.copy(runs / "pairs" / "figures" / "pairs.png", IMAGES / "profile-pairs.png")
    sides = [Profiled(name, load_profile(runs / f"{name}-profile"), name) for name in ("after", "before")]
    return {
        "profile": profile_rows(load_profile(runs / "profile")),
        "pairs": pair_rows(load_pairs(runs / "pairs")),
        "training": training_rows(compare_profiles(*sides)),
    }


def block(part: str, rows: list[list[str]]) -> str:
    """Return what stands between the marks of a part: commands and table."""
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    lines = ["```", *COMMANDS[part], "```", "", head, "|---" * len(rows[0]) + "|", *body]
    return "\n".join(lines)


def filled(page: str, tables: dict[str, list[list[str]]]) -> str:
    """Return a page with the blocks of all parts put between their marks."""
    for part, rows in tables.items():
        first, last = f"<!-- {part} -->\n", f"\n<!-- /{part} -->"
        before, _, rest = page.partition(first)
        page = f"{before}{first}{block(part, rows)}{last}{rest.partition(last)[2]}"
    return page


def main() -> None:
    """Run, keep and write as the command line says."""
    parser = argparse.ArgumentParser(description="Make the figures and tables of docs/profile.md.")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/page"), help="folder of the runs; what is there is kept"
    )
    parser.add_argument("--write-only", action="store_true", help="write the page from what was kept")
    options = parser.parse_args()
    if not options.write_only:
        run_missing(options.runs.resolve())
        kept = json.dumps(collect(options.runs.resolve()), indent=1, ensure_ascii=False)
        RESULTS.write_text(f"{kept}\n", encoding="utf-8")
    tables = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), tables), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(TOP)}")


if __name__ == "__main__":
    main()
