"""A run into a store gives the rows of one into a folder, whatever interrupts it."""

import json
import os
import signal
import time
from pathlib import Path

import fsspec
import pytest
from upath import UPath

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.corpus.layouts import read_corpus
from audioinv.errors import AudioFileError, CheckpointError, InputError
from audioinv.journalled_run import JournalledRun
from audioinv.nets.library import load_model
from audioinv.report.parts import PartFolder
from audioinv.report.results import load_results
from audioinv.report.shards import read_shards
from audioinv.sound.whole_files import find_folder, names_in, read_whole, write_whole
from audioinv.sweep.plan import plan_sweep
from audioinv.work_order import ModelSource

from .test_journalled_run import save_toy, write_clips

FILES = {"results.parquet", "summary.json", "run.json", "failures.csv"}
GRIDS = {"time": "-10:10:10ms"}
URL = "memory://bucket/run"


@pytest.fixture
def place(tmp_path, rng, monkeypatch):
    """A working folder with six clips, one of which is no sound, and a model."""
    write_clips(tmp_path / "clips", 6, rng)
    (tmp_path / "clips" / "0005.wav").write_bytes(b"no sound at all")
    save_toy(tmp_path / "toy")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    store.store.clear()
    store.pseudo_dirs[:] = [""]
    yield store
    store.store.clear()


@pytest.fixture
def shared(tmp_path):
    """A run in a store that other processes see, too, and that puts files as it goes, not at once."""
    (tmp_path / "store").mkdir()
    return UPath(f"file://{tmp_path}/store/bucket/run")


def analyze(out, *, grids=GRIDS, on_clip=None, **how):
    run = JournalledRun(out, sources=(ModelSource("toy"),), **how)
    with run:
        options = AnalysisOptions(grids, references=False)
        entries = read_corpus("clips").entries
        run.finish(analyze_models([load_model("toy")], entries, options, on_clip=on_clip, sweep=run.sweep))
    return run


def units(folder):
    return json.loads(read_whole(find_folder(folder) / "run.json"))["units"]


def assert_same(one, other):
    one, other = load_results(one), load_results(other)
    assert one.table.equals(other.table)
    assert one.failures == other.failures
    assert one.document == other.document


def parts_of(folder):
    return sorted(names_in(find_folder(folder) / "results"))


@pytest.fixture
def begun(place, monkeypatch):
    """Begin a run and interrupt it after so many units."""
    keep = PartFolder.keep

    def begin(out, n_units, **how):
        left = iter(range(n_units))

        def keep_or_stop(self, name, found):
            if next(left, None) is None:
                raise KeyboardInterrupt
            keep(self, name, found)

        with monkeypatch.context() as patch:
            patch.setattr(PartFolder, "keep", keep_or_stop)
            with pytest.raises(KeyboardInterrupt):
                analyze(out, **how)

    return begin


def test_a_run_in_a_store_is_one_in_a_folder(place, memory):
    analyze(URL)
    analyze(place / "run")
    assert names_in(find_folder(URL)) == FILES
    assert_same(URL, place / "run")
    with pytest.raises(InputError, match=r"bucket/run exists already; give another folder \(-o\), or replace it"):
        analyze(URL)
    load_results(place / "run").save("memory://bucket/saved")
    assert_same("memory://bucket/saved", place / "run")
    with pytest.raises(InputError, match="exists already"):
        load_results(place / "run").save("memory://bucket/saved")


def test_an_interrupted_run_goes_on_where_it_stopped(place, memory, begun):
    begun(URL, 4)
    assert names_in(find_folder(URL)) == {"results"}
    with pytest.raises(
        CheckpointError, match=r"memory://bucket/run is no results folder \(results\.parquet, run\.json"
    ):
        load_results(URL)
    with pytest.raises(InputError, match=r"memory://bucket/run holds an unfinished run of other parameters"):
        analyze(URL, grids={"time": "-5:5:5ms"})
    torn = find_folder(URL) / "results" / parts_of(URL)[0]
    write_whole(torn, read_whole(torn)[:-100])
    said = []
    analyze(URL, tell=said.append)
    analyze(place / "run")
    assert_same(URL, place / "run")
    assert units(URL) == {"done": 6, "found": 3}
    assert [line.endswith("done again") and torn.name in line for line in said] == [True]


def test_a_finished_run_is_replaced_when_that_is_asked_for(place, memory, begun):
    analyze(URL)
    memory.pipe("/bucket/run/report.html", b"of the first")
    grids = {"time": "-5:5:5ms"}
    begun(URL, 3, grids=grids, overwrite=True)
    assert load_results(URL).n_rows == 5 * 3
    analyze(URL, grids=grids, overwrite=True)
    assert units(URL)["found"] == 3
    assert names_in(find_folder(URL)) == FILES


@pytest.mark.parametrize("stranger", ["thesis.txt", "figures/holiday.jpg"])
def test_overwrite_removes_nothing_else_from_a_store(place, memory, stranger):
    analyze(URL)
    memory.pipe(f"/bucket/run/{stranger}", b"years of work")
    for replace in (lambda: analyze(URL, overwrite=True), lambda: load_results(URL).save(URL, overwrite=True)):
        with pytest.raises(InputError, match=rf"memory://bucket/run holds {stranger}, which audioinv did not write"):
            replace()
    memory.pipe("/bucket/summary.json", b'{"schema_version": 1}')
    with pytest.raises(InputError, match="memory://bucket is no results folder, so --overwrite does not touch it"):
        analyze("memory://bucket", overwrite=True)
    assert memory.cat(f"/bucket/run/{stranger}") == b"years of work"
    memory.rm(f"/bucket/run/{stranger}")
    analyze(URL, overwrite=True)
    assert names_in(find_folder(URL)) == FILES


def test_a_store_that_lets_go_of_no_part_costs_a_finished_run_nothing(place, memory, monkeypatch):
    rm, said = type(memory).rm, []

    def refuse(self, path, recursive=False, maxdepth=None):
        if "results" in path:
            raise PermissionError("objects are kept for ever")
        rm(self, path, recursive, maxdepth)

    monkeypatch.setattr(type(memory), "rm", refuse)
    analyze(URL, tell=said.append)
    analyze(place / "run")
    assert_same(URL, place / "run")
    assert len(said) == 1
    assert "memory://bucket/run/results could not be removed" in said[0]


@pytest.mark.parametrize("n_puts", [0, 3])
def test_a_store_that_stops_taking_parts_is_one_line_and_nothing_is_lost(place, memory, monkeypatch, n_puts):
    put, left = type(memory).pipe_file, iter(range(n_puts + 1))  # the lock is one

    def put_or_refuse(self, name, content, **how):
        if next(left, None) is None:
            put(self, name, content[: len(content) // 2], **how)  # the worst that a store can do
            raise OSError("quota exceeded")
        put(self, name, content, **how)

    with monkeypatch.context() as patch:
        patch.setattr(type(memory), "pipe_file", put_or_refuse)
        with pytest.raises(InputError, match=r"^memory://bucket/run/results cannot be written \(quota exceeded\);"):
            analyze(URL)
    analyze(URL)
    analyze(place / "run")
    assert_same(URL, place / "run")
    assert units(URL)["found"] == n_puts


@pytest.mark.parametrize("n_puts", [0, 3])
def test_a_store_that_stops_taking_the_files_at_the_end_has_no_summary_and_is_finished(
    place, memory, monkeypatch, n_puts
):
    put, left = type(memory).put_file, iter(range(n_puts))

    def put_or_refuse(self, *how, **more):
        if next(left, None) is None:
            raise OSError("quota exceeded")
        put(self, *how, **more)

    with monkeypatch.context() as patch:
        patch.setattr(type(memory), "put_file", put_or_refuse)
        with pytest.raises(InputError, match=r"memory://bucket/run cannot be written \(quota exceeded\)"):
            analyze(URL)
    assert "summary.json" not in names_in(find_folder(URL))
    analyze(URL)
    analyze(place / "run")
    assert_same(URL, place / "run")
    assert units(URL)["found"] == 6


def test_a_store_that_does_not_answer_says_nothing_about_a_part(place, memory, begun, monkeypatch):
    begun(URL, 2)
    before = parts_of(URL)
    get = type(memory).cat_file

    def get_or_refuse(self, name, *how, **more):
        if "part-" in name:
            raise TimeoutError("no answer")
        return get(self, name, *how, **more)

    with monkeypatch.context() as patch:
        patch.setattr(type(memory), "cat_file", get_or_refuse)
        with pytest.raises(AudioFileError, match=r"memory://bucket/run/results/part-.*: cannot be read \(no answer\)"):
            analyze(URL)
    assert parts_of(URL) == before


def test_two_cannot_write_one_run(place, memory):
    lock = find_folder(URL) / ".lock"
    write_whole(lock, b"process 4711 on elsewhere since 2026-11-23 02:11 UTC, 3fa9\n")
    with pytest.raises(
        InputError, match=r"run is being written by process 4711 on elsewhere since .* remove memory://"
    ):
        analyze(URL)
    assert names_in(find_folder(URL)) == {".lock"}
    lock.unlink()

    def take_over(_):
        write_whole(lock, b"process 4711 on elsewhere since 2026-11-23 02:11 UTC, 3fa9\n")

    with pytest.raises(InputError, match="somebody took the run over"):
        analyze(URL, on_clip=take_over)
    assert names_in(find_folder(URL)) == {".lock", "results"}
    assert len(parts_of(URL)) == 6


def test_a_damaged_file_is_named_by_its_url(place, memory):
    analyze(URL)
    write_whole(find_folder(URL) / "failures.csv", b"path,stage,reason\n")
    damaged = r"^memory://bucket/run: damaged results folder: failures\.csv changed since"
    with pytest.raises(CheckpointError, match=damaged):
        load_results(URL)


def test_what_one_process_alone_sees_is_no_place_for_several(place, memory):
    with pytest.raises(InputError, match="memory://bucket/run is seen by this process alone: leave out -j"):
        analyze(URL, jobs=2)
    assert names_in(find_folder(URL)) == set()


def test_shares_in_a_store_are_joined(place, memory):
    shards = [f"memory://bucket/shard-{number}" for number in (1, 2)]
    for number, out in enumerate(shards, 1):
        with JournalledRun(out) as run:
            model = load_model("toy")
            run.sweep_share([(model, plan_sweep(model, GRIDS))], read_corpus("clips").entries, (number, 2))
    with pytest.raises(CheckpointError, match="memory://bucket/none does not exist; give a folder that audioinv"):
        read_shards([Path("memory://bucket/none")])  # as a command line gives it
    analyze(URL, shards=shards)
    analyze(place / "run")
    assert_same(URL, place / "run")


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_kill_9_of_a_run_with_two_jobs_costs_nothing_but_time(place, shared):
    child = os.fork()
    if child == 0:
        try:
            analyze(shared)
        finally:
            os._exit(0)
    parts = place / "store" / "bucket" / "run" / "results"
    while len(list(parts.glob("part-*.parquet"))) < 3:
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert ".lock" in names_in(shared)  # which nobody removed for it
    analyze(shared, jobs=2)
    analyze(place / "run")
    assert_same(shared, place / "run")
    assert 2 <= units(shared)["found"] < 6  # the last may be torn: this store puts files as it goes
    assert names_in(shared) == FILES


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_cluster_puts_parts_into_a_store(place, shared):
    ray = pytest.importorskip("ray", reason="ray is not installed")
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    try:
        analyze(shared, cluster="ray")
    finally:
        ray.shutdown()
    analyze(place / "run")
    assert_same(shared, place / "run")
    assert names_in(shared) == FILES
