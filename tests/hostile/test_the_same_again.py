"""The same seed gives the same folder, byte for byte but for times, in every command that has a model hear sounds."""

import json

import pyarrow.parquet as pq
import pytest

from ..cli.commands import HEARING, LISTENER
from .conftest import without_timings

SOUNDS = ("clips/low/0.wav", "clips/low/1.wav", "clips/high/0.wav", "clips/high/1.wav")
RANDOM = ("analyze", "profile", "pairs", "order")
"""Commands in which a seed is heard: noise that enters, segments that are shuffled."""
EVERY_AXIS = {
    "time": "0:5:5ms",
    "freq": "-50:50:50Hz",
    "pitch": "-1:1:1st",
    "bins": "-1:1:1bins",
    "stretch": "-10:10:10%",
    "speed": "-10:10:10%",
    "gain": "-6:6:6dB",
    "noise": "0:20:10dB",
    "filter": "telephone:0:20:20dB",
    "reverb": "0:0.2:0.2s",
    "mask": "0:50:50ms",
    "reverse": "0:50:50ms",
    "order": "0:2:1cuts",
    "polarity": "180deg",
    "resolution": "0:1:1oct",
}


def typed(command, seed, out):
    words = list(HEARING[command]("toy", SOUNDS))
    words[words.index("-o") + 1] = out
    if command == "analyze":
        at = words.index("--time")
        words[at : at + 2] = [word for axis, grid in EVERY_AXIS.items() for word in (f"--{axis}", grid)]
        words += ["--edges", "noise"]
    if command in ("profile", "pairs", "surgery"):
        words += ["--edges", "noise"]
    return [*words, "--seed", str(seed)]


def contents(folder):
    """What every file of a folder says, but for times and what hashes them; pictures and tables for people aside."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".json":
            found[path.name] = without_timings(json.loads(path.read_text(encoding="utf-8")))
        elif path.suffix in (".parquet", ".csv"):
            found[path.name] = path.read_bytes()
    return found


@pytest.mark.parametrize("command", HEARING)
def test_the_same_seed_gives_the_same_folder(run, place, command):
    (place / "heard.toml").write_text(LISTENER)
    for out, seed in (("one", 3), ("two", 3), *([("three", 4)] if command in RANDOM else [])):
        done = run(*typed(command, seed, out))
        assert done.exit_code in (0, 1), done.stderr
    one = contents(place / "one")
    assert any(name.endswith(".parquet") for name in one)
    assert one == contents(place / "two")
    if command in RANDOM:
        assert one != contents(place / "three")  # the control: another seed is another folder


@pytest.mark.slow
def test_jobs_change_no_axis(run, place):
    for out, jobs in (("one", 1), ("two", 2)):
        done = run(*typed("analyze", 3, out), "--jobs", jobs)
        assert done.exit_code == 0, done.stderr
    assert contents(place / "one") == contents(place / "two")
    assert set(pq.read_table(place / "one" / "results.parquet")["axis"].unique().to_pylist()) == set(EVERY_AXIS)
