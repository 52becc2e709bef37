"""What is installed: versions that are tested are versions that are promised."""

import re
import tomllib
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).parent.parent


def test_the_oldest_versions_that_are_tested_are_those_that_are_allowed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    promised = project["dependencies"] + project["optional-dependencies"]["docs"]
    allowed = dict(re.match(r"([\w.-]+)>=([\d.]+)", line).groups() for line in promised)
    lines = (ROOT / "constraints-min.txt").read_text(encoding="utf-8").splitlines()
    tested = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert {name: Version(number) for name, number in tested.items()} == {
        name: Version(number) for name, number in allowed.items() if name != "torch"
    }


def test_versions_agree_wherever_they_stand():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.M).group(1)
    assert cited == project["version"]


def test_what_tests_and_readers_need_is_in_the_source_archive():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    carried = set(build["sdist"]["include"])
    assert {"audioinv", "models", "clips", "tests", "docs", "benchmarks"} <= carried
    assert {"constraints-min.txt", "CITATION.cff"} <= carried
    assert all((ROOT / name).exists() for name in carried)
    assert (ROOT / "audioinv" / "py.typed").is_file()
