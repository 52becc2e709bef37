"""Runs that are interrupted, shared and joined at the command line."""

import itertools
import json

import pyarrow.parquet as pq
import pytest

from audioinv.report.journal import Journal
from audioinv.report.parts import PartFolder

COMMAND = ("analyze", "clips", "-m", "toy", "--time", "-10:10:10ms", "-q")


@pytest.fixture
def interrupt(monkeypatch):
    """Press Ctrl-C when so many units are written."""
    keep = PartFolder.keep

    def after(n_units):
        left = itertools.count()

        def keep_or_stop(self, name, found):
            if next(left) == n_units:
                raise KeyboardInterrupt
            keep(self, name, found)

        monkeypatch.setattr(PartFolder, "keep", keep_or_stop)

    return after


def rows(folder):
    return pq.read_table(folder / "results.parquet")


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(run, place, interrupt, monkeypatch):
    interrupt(4)
    monkeypatch.setattr("sys.argv", ["audioinv", *COMMAND])
    stopped = run(*COMMAND)
    assert stopped.exit_code == 130
    assert stopped.stderr.splitlines() == [
        "4 of 6 pieces of the work are kept in runs/clips; go on with:",
        f"audioinv {' '.join(COMMAND)} -o runs/clips",
        "interrupted",
    ]
    interrupt(-1)
    assert run(*COMMAND, "-o", "runs/clips").exit_code == 0
    assert json.loads((place / "runs" / "clips" / "run.json").read_text())["units"] == {"done": 6, "found": 4}


@pytest.mark.parametrize("typed", ["--no-resume", "--no_resume"])
def test_how_to_go_on_is_not_how_to_begin_again(run, place, interrupt, monkeypatch, typed):
    interrupt(4)
    monkeypatch.setattr("sys.argv", ["audioinv", *COMMAND, typed, "-o", "out"])
    hint = run(*COMMAND, typed, "-o", "out").stderr.splitlines()[1]
    assert hint == f"audioinv {' '.join(COMMAND)} -o out"
    interrupt(-1)
    assert run(*hint.split()[1:]).exit_code == 0
    assert json.loads((place / "out" / "run.json").read_text())["units"] == {"done": 6, "found": 4}


def test_the_same_command_goes_on_by_itself(run, place, interrupt):
    interrupt(2)
    assert run(*COMMAND).exit_code == 130
    interrupt(-1)
    assert run(*COMMAND).exit_code == 0
    assert run(*COMMAND, "-o", "whole", "--no-resume").exit_code == 0
    assert rows(place / "runs" / "clips").equals(rows(place / "whole"))
    assert [path.name for path in (place / "runs").iterdir()] == ["clips"]


def test_a_folder_that_another_writes_is_exit_2_in_one_line(run, place):
    with Journal(place / "out", "recipe", ()):
        refused = run(*COMMAND, "-o", "out")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: out is being written by process ")
    assert len(refused.stderr.splitlines()) == 1


@pytest.fixture
def shares(run, place):
    for number in (1, 2, 3):
        done = run(*COMMAND, "--shard", f"{number}/3", "-o", f"share{number}")
        assert done.exit_code == 0, done.stderr
    return ["share1", "share2", "share3"]


def test_three_shares_are_the_whole(run, place, shares):
    joined = run("merge", *shares[::-1], "-o", "joined", "-q")
    assert joined.exit_code == 0, joined.stderr
    run(*COMMAND, "-o", "whole")
    assert (place / "joined" / "results.parquet").read_bytes() == (place / "whole" / "results.parquet").read_bytes()
    assert (place / "joined" / "summary.json").read_bytes() == (place / "whole" / "summary.json").read_bytes()
    assert sorted(path.name for path in (place / "share1").iterdir()) == ["results", "shard.json"]


def test_a_share_holds_rows_that_anybody_can_read(run, place, shares):
    run(*COMMAND, "-o", "whole")
    assert pq.read_table(place / "share2" / "results").num_rows == len(rows(place / "whole")) / 3


def test_gaps_doubles_and_strangers_are_refused_by_name(run, place, shares):
    run(*COMMAND, "--time", "-20:20:10ms", "--shard", "3/3", "-o", "stranger")
    (place / "share1" / "shard.json").rename(place / "kept.json")
    for folders, words in (
        (("share2", "share3"), "of 3 shards 1 missing; give all of them"),
        (("share2", "share2", "share3"), "shard 2/3 stands twice, in share2 and share2; give one of them"),
        (("share2", "stranger"), "stranger (shard 3/3) and share2 (shard 2/3) are of different runs"),
        (("share1", "share2", "share3"), "share1 is a shard that is not finished; give its command again"),
        (("clips",), "clips is no shard"),
    ):
        refused = run("merge", *folders, "-o", "joined")
        assert refused.exit_code == 2
        assert words in refused.stderr
        assert not (place / "joined").exists()
    (place / "kept.json").rename(place / "share1" / "shard.json")
    next((place / "share2" / "results").iterdir()).unlink()
    refused = run("merge", *shares, "-o", "joined", "-q")
    assert refused.exit_code == 2
    assert "1 clip missing from the shards, or changed since: clips/" in refused.stderr


@pytest.mark.parametrize("share_left", [0, 0.5])
def test_a_damaged_part_of_a_share_is_named_and_done_again(run, place, shares, share_left):
    assert run("merge", *shares, "-o", "whole", "-q").exit_code == 0
    part = next((place / "share2" / "results").iterdir())
    part.write_bytes(part.read_bytes()[: int(share_left * part.stat().st_size)])
    done = run("merge", *shares, "-o", "joined", "-q")
    assert done.exit_code == 0, done.stderr
    assert part.name in done.stderr
    assert (place / "joined" / "results.parquet").read_bytes() == (place / "whole" / "results.parquet").read_bytes()


def test_a_share_that_was_interrupted_is_done_by_the_same_command(run, place, interrupt):
    interrupt(1)
    assert run(*COMMAND, "--shard", "1/2", "-o", "share1").exit_code == 130
    interrupt(-1)
    assert run(*COMMAND, "--shard", "1/2", "-o", "share1").exit_code == 0
    assert json.loads((place / "share1" / "shard.json").read_text())["number"] == 1


@pytest.mark.parametrize(("rank", "size"), [("RANK", "WORLD_SIZE"), ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS")])
def test_ranks_are_taken_from_the_environment(run, place, monkeypatch, rank, size):
    for number in range(2):
        monkeypatch.setenv(rank, str(number))
        monkeypatch.setenv(size, "2")
        done = run(*COMMAND, "-o", "ranks")
        assert done.exit_code == 0, done.stderr
        assert f"shard {number + 1}/2, as {rank} and {size} say" in done.stderr
    refused = run(*COMMAND)
    assert refused.exit_code == 2
    assert f"{size}=2 processes need one name for their results; give -o" in refused.stderr
    monkeypatch.setenv(size, "1")
    monkeypatch.setenv(rank, "0")
    assert run("merge", "ranks/shard-1-of-2", "ranks/shard-2-of-2", "-o", "joined", "-q").exit_code == 0
    run(*COMMAND, "-o", "whole")
    assert rows(place / "joined").equals(rows(place / "whole"))


@pytest.mark.parametrize(("rank", "size"), [("", ""), ("0", "many"), ("2", "2"), ("-1", "2")])
def test_ranks_that_make_no_sense_are_none(run, place, monkeypatch, rank, size):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", size)
    assert run(*COMMAND, "-o", "out").exit_code == 0
    assert (place / "out" / "summary.json").exists()


def test_progress_of_a_share_is_that_of_its_clips(run, place, monkeypatch):
    monkeypatch.setattr("audioinv.cli.progress._QUIET_SECONDS", 0)
    done = run(*COMMAND[:-1], "--shard", "1/2", "-o", "share")
    assert [line.split(",")[0] for line in done.stderr.splitlines() if line.startswith("analysing")] == [
        "analysing 1/3",
        "analysing 2/3",
    ]


def test_what_joins_shares_is_no_share_itself(run, place, monkeypatch):
    for number in (1, 2):
        run(*COMMAND, "--shard", f"{number}/2", "-o", f"share{number}")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert run("merge", "share1", "share2", "-o", "joined", "-q").exit_code == 0
    assert (place / "joined" / "results.parquet").exists()


def test_a_share_that_lost_a_clip_says_so(run, place):
    (place / "clips" / "low" / "0.wav").write_bytes(b"no sound at all")
    assert run(*COMMAND, "--shard", "1/1", "-o", "share").exit_code == 3
    assert run(*COMMAND, "--shard", "1/1", "-o", "again", "--allow-failures", "1").exit_code == 0


def test_where_no_clip_could_be_analysed_old_results_stay_and_are_not_passed_off_as_new(run, place):
    assert run(*COMMAND, "-o", "out", "-q").exit_code == 0
    before = (place / "out" / "summary.json").read_bytes()
    for path in place.joinpath("clips").rglob("*.wav"):
        path.write_bytes(b"no sound at all")
    done = run(*COMMAND, "-o", "out", "--overwrite", "--allow-failures", "100%")
    assert done.exit_code == 3
    assert "no clip could be analysed; nothing was written to out" in done.stderr
    assert (place / "out" / "summary.json").read_bytes() == before


@pytest.mark.parametrize("typed", ["0/3", "4/3", "1", "1/", "a/b"])
def test_a_share_that_makes_no_sense_is_refused(run, place, typed):
    refused = run(*COMMAND, "--shard", typed)
    assert refused.exit_code == 2
    assert f"--shard '{typed}' must be I/N with I from 1 to N" in refused.stderr
