"""What strangers hand in as sound ends as analysed or as one row with its reason, and never as a crash of the run."""

import csv
import json
import os
import struct
import subprocess
import sys
import time

import pytest

from audioinv.corpus.entries import printable
from audioinv.report.results import load_results

from .strange_sounds import SAID, TONE, floats, make_files, wav

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no FIFOs, no such names")


@pytest.fixture(scope="module")
def strange(tmp_path_factory, run, _made):
    """All the strange files in one folder, analysed in one run with a page."""
    home = tmp_path_factory.mktemp("strange")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        (home / "s").mkdir()
        make_files(home / "s")
        done = run("analyze", "s", "-m", _made / "toy", "--time", "-10:10:10ms", "-o", "out", "--html")
    with (home / "out" / "failures.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return home, done, rows


def test_the_run_is_done_and_says_that_some_failed(strange):
    _, done, rows = strange
    assert done.exit_code == 3, done.output
    assert "Traceback" not in done.stderr
    assert len({row["path"] for row in rows}) == len(rows) == sum(said is not None for said in SAID.values()) - 1
    assert all(row["stage"] and row["reason"] for row in rows)
    assert all("\n" not in row["reason"] for row in rows)


@pytest.mark.parametrize(
    "name", [name for name, said in SAID.items() if said is not None and name != "again"], ids=ascii
)
def test_what_cannot_be_heard_is_one_row_with_its_reason(strange, name):
    _, _, rows = strange
    found = [row for row in rows if row["path"].lstrip("'") == printable(f"s/{name}")]
    assert len(found) == 1
    assert SAID[name] in found[0]["reason"]


@pytest.mark.parametrize("name", [name for name, said in SAID.items() if said is None], ids=ascii)
def test_what_can_be_heard_is_in_the_results_under_its_own_name(strange, name):
    home, _, rows = strange
    assert f"s/{name}" in {clip.name for clip in load_results(home / "out").responses["toy"].clips}
    assert name not in {row["path"].removeprefix("s/") for row in rows}


def test_a_name_is_no_markup_and_no_end_of_a_script(strange):
    home, _, _ = strange
    page = (home / "out" / "report.html").read_text(encoding="utf-8")
    assert "quote" in page
    assert "& <b>.wav" not in page
    for file in ("summary.json", "run.json"):
        json.loads((home / "out" / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (wav(n_bytes=2**32 - 1), 3, "truncated"),
        (wav(n_channels=0), 3, "cannot be read as sound"),
        (wav(sample_rate=10_000_000), 3, "10000000 Hz; it must be 100 Hz to 1000000 Hz"),
        (floats(float("nan")), 3, "NaN or infinite"),
        (wav(struct.pack("<h", 9000) * 4800), 0, ""),
    ],
    ids=["4 GB", "no channel", "10 MHz", "nan", "control"],
)
def test_alone_it_leaves_nothing_to_analyse(place, run, content, code, words):
    (place / "one.wav").write_bytes(content)
    done = run("analyze", "one.wav", "-m", "toy", "--time", "-10:10:10ms", "-o", "out")
    assert done.exit_code == code, done.stderr
    assert words in done.stderr


@pytest.mark.parametrize("command", ["info", "shift"])
@pytest.mark.parametrize("name", [b"\xff\xfe.wav", b"new\nline.wav"], ids=ascii)
def test_any_command_takes_any_name(tmp_path, command, name):
    (tmp_path / os.fsdecode(name)).write_bytes(wav((TONE * 32767).astype("<i2").tobytes()))
    more = ["--time", "5ms", "-o", "shifted.wav"] if command == "shift" else []
    program = [sys.executable, "-m", "audioinv", command, name, *more]
    strict = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}  # as in most terminals
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, check=False, env=strict)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert done.stdout or done.stderr or command == "shift"


def test_a_pipe_or_a_device_that_is_named_is_not_opened(place, run):
    os.mkfifo("pipe.wav")
    started = time.monotonic()
    for name in ("pipe.wav", "/dev/zero"):
        done = run("analyze", name, "-m", "toy", "-o", "out")
        assert done.exit_code == 3
        assert f"{name}: not a regular file" in done.stderr
        assert run("info", name).exit_code == 2
    assert time.monotonic() - started < 60  # none waits for somebody at the other end


def test_a_name_longer_than_the_system_takes(place, run):
    name = "n" * 300 + ".wav"
    done = run("analyze", name, "-m", "toy", "-o", "out")
    assert done.exit_code == 3
    assert f"! {name}: " in done.stderr
    assert "internal" not in done.stderr
    done = run("info", name)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {name}")
    assert done.stderr.endswith(": File name too long\n")
