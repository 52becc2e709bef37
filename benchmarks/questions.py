"""Run the studies and put their figures, findings and tables into ``docs/questions``.

    python -m benchmarks.questions                  # runs what is missing of all studies, then writes
    python -m benchmarks.questions --write-only     # from ``docs/questions/results`` alone

The numbers of each study are kept in ``docs/questions/results/NAME.json``, from which the pages are written; a test
holds the pages to them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from audioinv.report.study_text import table_lines
from audioinv.study.questions import STUDIES

PAGES = Path(__file__).resolve().parent.parent / "docs" / "questions"
FIRST, LAST = "<!-- result -->", "<!-- /result -->"
_MINUTES = 60


def block(document: dict[str, Any]) -> str:
    """Return what stands between the marks of a page: figure, finding, table, verdicts and command."""
    name = document["study"]
    _, _, finding, *rest = table_lines(document)
    lines = [
        f"![{document['question']}](images/{name}.png)",
        "",
        finding,
        *rest,
        "",
        f"Made by `audioinv study {name}`.",
    ]
    return "\n".join(lines)


def with_block(page: str, document: dict[str, Any]) -> str:
    """Return a page with its block replaced."""
    before, _, rest = page.partition(FIRST)
    _, _, after = rest.partition(LAST)
    return f"{before}{FIRST}\n\n{block(document)}\n\n{LAST}{after}"


def collect(runs: Path) -> None:
    """Copy numbers and figures of the studies into the documentation."""
    for folder in ("results", "images"):
        (PAGES / folder).mkdir(exist_ok=True)
    for name in STUDIES:
        shutil.copy(runs / name / "study.json", PAGES / "results" / f"{name}.json")
        shutil.copy(runs / name / "figures" / f"{name}.png", PAGES / "images" / f"{name}.png")


def write_pages() -> None:
    """Write the blocks of all pages from the numbers kept beside them."""
    for name in STUDIES:
        page = PAGES / f"{name}.md"
        document = json.loads((PAGES / "results" / f"{name}.json").read_text(encoding="utf-8"))
        page.write_text(with_block(page.read_text(encoding="utf-8"), document), encoding="utf-8")
        print(f"{page.name}: {document['seconds'] / _MINUTES:.0f} min, {len(document['rows'])} rows")


def main() -> None:
    """Run, collect, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-only", action="store_true")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/study"))
    parser.add_argument("-j", "--jobs", default=str(os.cpu_count() or 1))
    options = parser.parse_args()
    if not options.write_only:
        command = [sys.executable, "-m", "audioinv", "study", "all", "-o", str(options.out), "-j", options.jobs]
        subprocess.run(command, check=True)
        collect(options.out)
    write_pages()


if __name__ == "__main__":
    main()
