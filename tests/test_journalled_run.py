"""A run with a journal gives the rows of one without, whatever interrupts it; and nothing stale is ever picked up."""

import errno
import fcntl
import hashlib
import json
import os
import pickle
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.corpus.entries import CorpusEntry
from audioinv.corpus.layouts import read_corpus
from audioinv.errors import CheckpointError, DecoderError, InputError, ModelError
from audioinv.journalled_run import JournalledRun
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, save_classifier
from audioinv.nets.library import load_model
from audioinv.nets.model import ModelSpec, as_model
from audioinv.report.parts import PartFolder
from audioinv.report.results import load_results
from audioinv.report.shards import find_shard
from audioinv.sound.audio import write_audio
from audioinv.sound.clip import Clip
from audioinv.sweep.crews import Processes, _sendable
from audioinv.sweep.plan import plan_sweep
from audioinv.sweep.responses import Failure
from audioinv.sweep.run import sweep_clips
from audioinv.sweep.units import Unit, cut_units, name_of, versions
from audioinv.sweep.workers import Done, Lost, hand_out
from audioinv.work_order import ModelSource

GRIDS = {"time": "-10:10:5ms", "pitch": "-1:1:1st"}
RATE = 8000


def write_clips(folder, n_clips, rng):
    folder.mkdir(parents=True)
    for i in range(n_clips):
        note = 0.3 * np.sin(2 * np.pi * (200 + 20 * i) * np.arange(RATE // 10) / RATE)
        write_audio(folder / f"{i:04}.wav", note + 0.01 * rng.standard_normal(len(note)), RATE)


def save_toy(folder, seed=1):
    spec = ModelSpec("toy", RATE, RATE // 5, ("high", "low"), lead_samples=RATE // 50)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        save_classifier(Classifier(architecture("cnn2d-mel", spec)).eval(), folder / "model.safetensors")


@pytest.fixture
def place(tmp_path, rng, monkeypatch):
    """A working folder with twelve clips, one of which is no sound, and a model."""
    write_clips(tmp_path / "clips", 12, rng)
    (tmp_path / "clips" / "0005.wav").write_bytes(b"no sound at all")
    save_toy(tmp_path / "toy")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def analyze(out, *, grids=GRIDS, sources=("toy",), **how):
    """Run an analysis with a journal into a folder, and return the run."""
    models = [load_model(source) for source in sources]
    run = JournalledRun(out, sources=tuple(map(ModelSource, sources)), **how)
    with run:
        options = AnalysisOptions(grids, references=False)
        run.finish(analyze_models(models, read_corpus("clips").entries, options, sweep=run.sweep))
    return run


def rows(folder):
    return pq.read_table(folder / "results.parquet").replace_schema_metadata(None)


def units(folder):
    return json.loads((folder / "run.json").read_text())["units"]


@pytest.fixture
def begun(place, monkeypatch):
    """Begin a run into a folder and interrupt it after so many units."""
    keep = PartFolder.keep

    def begin(out, n_units, **how):
        left = iter(range(n_units))

        def keep_or_stop(self, name, found):
            if next(left, None) is None:
                raise KeyboardInterrupt
            keep(self, name, found)

        monkeypatch.setattr(PartFolder, "keep", keep_or_stop)
        with pytest.raises(KeyboardInterrupt):
            analyze(out, **how)
        monkeypatch.setattr(PartFolder, "keep", keep)
        return out

    return begin


def test_a_run_with_a_journal_is_a_run_without(place):
    analyze(place / "with")
    models, entries = [load_model("toy")], read_corpus("clips").entries
    plain = analyze_models(models, list(entries), AnalysisOptions(GRIDS, references=False))
    kept = load_results(place / "with")
    assert kept.table.equals(plain.table)
    assert kept.failures == plain.failures
    assert len(kept.failures) == 1
    assert {**kept.document, "run": None} == {**plain.document, "run": None}  # with the controls, which no row holds
    assert sorted(path.name for path in (place / "with").iterdir()) == [
        "failures.csv",
        "results.parquet",
        "run.json",
        "summary.json",
    ]


@pytest.mark.parametrize("n_units", [0, 1, 7])
def test_an_interrupted_run_goes_on_where_it_stopped(place, begun, n_units):
    begun(place / "run", n_units)
    analyze(place / "run")
    analyze(place / "whole")
    assert rows(place / "run").equals(rows(place / "whole"))
    assert units(place / "run") == {"done": 12, "found": n_units}
    assert units(place / "whole") == {"done": 12, "found": 0}


def test_no_resume_throws_away_no_run_of_other_parameters(place, begun):
    begun(place / "run", 5)
    before = sorted(path.name for path in (place / "run" / "results").iterdir())
    with pytest.raises(InputError, match="unfinished run of other parameters"):
        analyze(place / "run", resume=False, grids={"time": "-10:10:10ms"})
    assert sorted(path.name for path in (place / "run" / "results").iterdir()) == before


def test_no_resume_does_everything_again(place, begun):
    begun(place / "run", 5)
    analyze(place / "run", resume=False)
    assert units(place / "run") == {"done": 12, "found": 0}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to end a process from outside")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("n_parts", [1, 4, 9])
def test_kill_9_costs_nothing_but_time(place, n_parts):
    child = os.fork()
    if child == 0:
        try:
            analyze(place / "run")
        finally:
            os._exit(0)
    while len(list((place / "run" / "results").glob("part-*.parquet"))) < n_parts:
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert not (place / "run" / "summary.json").exists()
    analyze(place / "run")
    analyze(place / "whole")
    assert rows(place / "run").equals(rows(place / "whole"))
    assert n_parts <= units(place / "run")["found"] < 12


def test_a_killed_finish_is_finished(place, begun, monkeypatch):
    moves = iter(range(2))
    real = os.fsync

    def stop(descriptor):
        if next(moves, None) is None:
            raise KeyboardInterrupt
        real(descriptor)

    begun(place / "run", 12 - 1)
    options = AnalysisOptions(GRIDS, references=False)
    with JournalledRun(place / "run") as run:
        found = analyze_models([load_model("toy")], read_corpus("clips").entries, options, sweep=run.sweep)
        monkeypatch.setattr(os, "fsync", stop)
        with pytest.raises(KeyboardInterrupt):
            run.finish(found)
    monkeypatch.setattr(os, "fsync", real)
    assert not (place / "run" / "summary.json").exists()
    analyze(place / "run")
    analyze(place / "whole")
    assert rows(place / "run").equals(rows(place / "whole"))
    assert units(place / "run")["found"] == 12


def test_a_changed_file_is_heard_again_and_nothing_else(place, begun):
    begun(place / "run", 8)
    shutil.copy(place / "clips" / "0011.wav", place / "clips" / "0002.wav")
    analyze(place / "run")
    analyze(place / "whole")
    assert rows(place / "run").equals(rows(place / "whole"))
    assert units(place / "run") == {"done": 12, "found": 7}


def test_a_part_is_named_for_what_was_heard_even_of_a_file_that_is_being_written(place, begun, monkeypatch):
    load = CorpusEntry.load
    real = (place / "clips" / "0002.wav").read_bytes()
    (place / "clips" / "0002.wav").write_bytes(real[: len(real) // 2])

    def load_late(entry, *args, **options):
        if entry.path.name == "0002.wav":
            (place / "clips" / "0002.wav").write_bytes(real)  # which was named while it was half as long
        return load(entry, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(CorpusEntry, "load", load_late)
        begun(place / "run", 8)
    (place / "clips" / "0002.wav").write_bytes(real[: len(real) // 2])
    analyze(place / "run")
    analyze(place / "whole")
    assert rows(place / "run").equals(rows(place / "whole"))


def test_a_file_that_could_not_be_read_is_read_when_it_can(place, begun):
    begun(place / "run", 8)
    shutil.copy(place / "clips" / "0011.wav", place / "clips" / "0005.wav")
    analyze(place / "run")
    assert load_results(place / "run").failures == ()
    assert len(rows(place / "run")) == 12 * (5 + 3)


def test_a_clip_at_which_the_decoder_was_lost_is_tried_again(place, begun, monkeypatch):
    load = CorpusEntry.load

    def lose(entry, *args, **options):
        if entry.path.name == "0003.wav":
            raise DecoderError(f"{entry.path}: to decode it took longer than 8 s")
        return load(entry, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(CorpusEntry, "load", lose)
        begun(place / "run", 8)
        analyze(place / "lost")
    assert [failure.stage for failure in load_results(place / "lost").failures] == ["decoder", "read"]
    analyze(place / "run")
    analyze(place / "whole")
    assert rows(place / "run").equals(rows(place / "whole"))
    assert units(place / "run") == {"done": 12, "found": 7}  # the file that is no sound stays one
    assert [failure.path for failure in load_results(place / "run").failures] == ["clips/0005.wav"]


def test_a_library_that_reads_models_is_part_of_the_recipe_where_it_is_installed(monkeypatch):
    def found(name):
        if name == "transformers":
            raise PackageNotFoundError
        return hashlib.sha256(name.encode()).hexdigest()

    monkeypatch.setattr("audioinv.sweep.units.version", found)
    assert versions()["onnxruntime"] == found("onnxruntime")
    assert "transformers" not in versions()


@pytest.mark.parametrize("change", ["grid", "model"])
def test_parts_of_another_run_are_never_picked_up_and_never_thrown_away_unasked(place, begun, change):
    begun(place / "run", 6)
    before = sorted(path.name for path in (place / "run" / "results").iterdir())
    how = {"grids": {**GRIDS, "time": "-20:20:5ms"}} if change == "grid" else {}
    if change == "model":
        save_toy(place / "toy", seed=2)
    with pytest.raises(InputError, match=r"unfinished run of other parameters.*--overwrite"):
        analyze(place / "run", **how)
    assert sorted(path.name for path in (place / "run" / "results").iterdir()) == before
    analyze(place / "run", overwrite=True, **how)
    analyze(place / "whole", **how)
    assert rows(place / "run").equals(rows(place / "whole"))
    assert units(place / "run")["found"] == 0


def test_without_a_folder_of_its_own_a_run_takes_up_its_like_and_leaves_others_alone(place, begun):
    begun(place / "runs" / "clips", 6)
    other = analyze(place / "runs" / "clips", fixed=False, grids={"time": "-5:5:5ms"})
    assert other.out == place / "runs" / "clips-2"
    same = analyze(place / "runs" / "clips", fixed=False)
    assert same.out == place / "runs" / "clips"
    assert units(same.out) == {"done": 12, "found": 6}
    assert analyze(place / "runs" / "clips", fixed=False).out == place / "runs" / "clips-3"


def test_a_finished_run_stands_until_another_is(place, begun):
    analyze(place / "run")
    (place / "run" / "report.html").write_text("of the first")
    first = rows(place / "run")
    with pytest.raises(InputError, match="exists already"):
        analyze(place / "run")
    grids = {"time": "-5:5:5ms"}
    begun(place / "run", 3, grids=grids, overwrite=True)
    assert load_results(place / "run").table.num_rows == len(first)
    analyze(place / "run", grids=grids, overwrite=True)
    assert units(place / "run")["found"] == 3
    assert sorted(path.name for path in (place / "run").iterdir()) == [
        "failures.csv",
        "results.parquet",
        "run.json",
        "summary.json",
    ]


@pytest.mark.parametrize("stranger", ["thesis.txt", "figures/holiday.jpg", "results/data.csv", "data/a.wav"])
def test_overwrite_removes_what_is_ours_and_refuses_a_folder_with_anything_else(place, stranger):
    analyze(place / "run")
    first = rows(place / "run")
    mine = place / "run" / stranger
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("years of work")
    named = stranger.removesuffix("/a.wav")
    with pytest.raises(InputError, match=rf"run holds {named}, which audioinv did not write, so --overwrite does not"):
        analyze(place / "run", overwrite=True)
    assert mine.read_text() == "years of work"
    assert rows(place / "run").equals(first)


@pytest.mark.parametrize("fixed", [True, False])
def test_overwrite_takes_no_folder_for_a_run_that_has_a_summary_of_something_else(place, fixed):
    mine = place / "runs" / "clips"
    mine.mkdir(parents=True)
    (mine / "summary.json").write_text('{"accuracy": 1}')
    (mine / "report.html").write_text("of mine")
    with pytest.raises(InputError, match="clips is no results folder, so --overwrite does not touch it"):
        analyze(mine, overwrite=True, fixed=fixed)
    assert sorted(path.name for path in mine.iterdir()) == ["report.html", "summary.json"]


def test_what_came_into_the_folder_meanwhile_stays(place):
    options = AnalysisOptions(GRIDS, references=False)
    with JournalledRun(place / "run") as run:
        found = analyze_models([load_model("toy")], read_corpus("clips").entries, options, sweep=run.sweep)
        (place / "run" / "notes.txt").write_text("of mine")
        (place / "run" / "report.html").write_text("of an earlier run")
        run.finish(found)
    assert (place / "run" / "notes.txt").read_text() == "of mine"
    assert not (place / "run" / "report.html").exists()
    assert load_results(place / "run").n_rows == 11 * 8


@pytest.fixture
def nfs(monkeypatch):
    """A disk that keeps a file without a name under one of its own, as long as somebody has it open."""
    unlink, open_file = os.unlink, tempfile.TemporaryFile

    def keep(path, *how, **more):
        if Path(path).name.startswith(".nfs"):
            raise OSError(errno.EBUSY, "Device or resource busy")
        unlink(path, *how, **more)

    def open_kept(dir):
        (dir / ".nfs0001").touch()
        return open_file(dir=dir)

    monkeypatch.setattr(os, "unlink", keep)
    monkeypatch.setattr(tempfile, "TemporaryFile", open_kept)


def test_a_folder_of_parts_that_stays_costs_a_finished_run_nothing(place, begun, nfs):
    said = []
    begun(place / "run", 4)
    (place / "run" / "results" / ".nfs0000").touch()  # of a machine that went down
    analyze(place / "run", tell=said.append)
    assert said == [f"! {place}/run/results could not be removed (.nfs0000); all is written, nothing needs it"]
    assert sorted(path.name for path in (place / "run" / "results").iterdir()) == [".nfs0000", ".nfs0001"]
    assert units(place / "run") == {"done": 12, "found": 4}
    first = rows(place / "run")
    analyze(place / "run", overwrite=True)
    assert rows(place / "run").equals(first)


def test_two_cannot_write_one_folder(place):
    (place / "run").mkdir()
    with (place / "run" / ".lock").open("w") as held:
        held.write("process 4711 on elsewhere\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InputError, match=r"run is being written by process 4711 on elsewhere; wait"):
            analyze(place / "run")
    analyze(place / "run")  # the lock of a process that is gone holds nobody up


@pytest.mark.parametrize("kilobytes", [1, 16])
def test_a_full_disk_is_one_line_and_nothing_is_lost(place, kilobytes):
    """A limit of the system on the size of files: 1 kB stops the first part, 16 kB the table at the end."""
    if kilobytes == 16:
        write_clips(place / "clips" / "more", 60, np.random.default_rng(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, limits[1]))
    try:
        with pytest.raises(InputError, match=r"^\S+ cannot be written \(.*\); what is done is kept: make room"):
            analyze(place / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    analyze(place / "run")
    analyze(place / "whole")
    assert rows(place / "run").equals(rows(place / "whole"))
    assert units(place / "run")["found"] == (0 if kilobytes == 1 else 72)


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], capture_output=True).returncode:
        pytest.skip("may not mount a small disk here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_disk_that_is_really_full_is_one_line_and_nothing_is_lost(place, small_disk):
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\); what is done is kept"):
        analyze(small_disk / "run")
    n_parts = len(list((small_disk / "run" / "results").glob("part-*.parquet")))
    assert n_parts
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    analyze(small_disk / "run")
    analyze(place / "whole")
    assert rows(small_disk / "run").equals(rows(place / "whole"))
    assert units(small_disk / "run")["found"] == n_parts


def test_a_place_that_cannot_be_written_is_named(place):
    with pytest.raises(InputError, match=r"run cannot be written \(Not a directory\)"):
        analyze(place / "clips" / "0001.wav" / "run")


@pytest.mark.parametrize("spoil", ["cut", "swap", "flip", "foreign", "forge"])
def test_a_damaged_part_is_named_and_done_again(place, begun, spoil):
    begun(place / "run", 6)
    first, second = sorted((place / "run" / "results").iterdir())[:2]
    content = first.read_bytes()
    if spoil == "cut":
        first.write_bytes(content[:-100])
    elif spoil == "flip":
        at = len(content) // 4
        first.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    elif spoil == "forge":
        table = pq.read_table(first)
        column = table.column_names.index("energy_kept")
        pq.write_table(table.set_column(column, "energy_kept", table["level_change_db"]), first)
    elif spoil == "swap":
        shutil.copy(second, first)
    else:
        first.write_bytes(b"PAR1 but no more")
    said = []
    analyze(place / "run", tell=said.append)
    analyze(place / "whole")
    assert rows(place / "run").equals(rows(place / "whole"))
    assert units(place / "run")["found"] == 5
    assert len(said) == 1
    assert first.name in said[0]
    assert said[0].endswith("done again")


def test_a_part_gives_back_what_was_put_in(tmp_path, rng):
    model = as_model(
        lambda x: np.stack([x.mean(-1), x.std(-1)], -1), sample_rate=RATE, labels=["a", "b"], n_samples=800
    )
    clips = [Clip(rng.standard_normal(800).astype(np.float32), RATE, f"clip {i}", "a", None, 0.1 * i) for i in range(3)]
    plan = plan_sweep(model, {"time": "-5:5:1ms", "pitch": "-1:1:0.5st"}, edges="zero")
    found = sweep_clips([(model, plan)], clips)
    found = replace(found, failures=(Failure("x", "read", "because"),), engines=())
    parts = PartFolder(tmp_path, "recipe", (model.spec,))
    assert parts.find("unit") is None
    parts.keep("unit", found)
    again = parts.find("unit")
    assert again.failures == found.failures
    (was,), (now,) = found.responses, again.responses
    assert now.clips == was.clips
    assert now.spec == was.spec
    for axis in was.axes.values():
        for name, values in vars(axis).items():
            np.testing.assert_array_equal(getattr(now.axes[axis.axis], name), values)
    for before, after in zip(was.controls, now.controls, strict=True):
        for name, values in vars(before).items():
            np.testing.assert_array_equal(getattr(after, name), values)
    assert len(was.controls) == len(now.controls) > 2
    shutil.copy(parts.path("unit"), parts.path("other"))
    with pytest.raises(CheckpointError, match="does not hold what its name says"):
        parts.find("other")


def test_a_unit_is_known_by_its_sounds_and_what_is_said_of_them(place):
    entry = read_corpus("clips").entries[0]
    same = name_of(Unit(0, (entry,)))
    assert name_of(Unit(3, (entry,))) == same
    for other in (
        replace(entry, label="x"),
        replace(entry, group="x"),
        replace(entry, start_seconds=0.01),
        replace(entry, path=entry.path.with_name("0001.wav")),
    ):
        assert name_of(Unit(0, (other,))) != same
    shutil.copy(place / "clips" / "0001.wav", entry.path)
    assert name_of(Unit(0, (entry,))) != same


@pytest.mark.parametrize(
    ("n_clips", "size"), [(0, 0), (1, 1), (125, 1), (126, 2), (500, 4), (8000, 4), (8001, 5), (100_000, 50)]
)
def test_how_a_corpus_is_cut_depends_on_the_corpus_alone(n_clips, size):
    clip = Clip(np.zeros(1, np.float32), RATE)
    cut = cut_units([clip] * n_clips)
    assert sum(len(unit.sources) for unit in cut) == n_clips
    assert [unit.place for unit in cut] == list(range(len(cut)))
    assert {len(unit.sources) for unit in cut[:-1]} <= {size}
    assert len(cut) <= 2000


class Clumsy:
    """A crew of two that does the last unit given first, and loses some."""

    def __init__(self, lost):
        self.lost, self.given, self.dismissed = list(lost), [], False

    @property
    def has_room(self):
        return len(self.given) < 2

    def give(self, unit):
        self.given.append(unit)

    def take(self):
        unit = self.given.pop()
        if unit.place in self.lost:
            self.lost.remove(unit.place)
            return unit, Lost("of clumsiness")
        return unit, Done(unit, f"part {unit.place}")

    def dismiss(self):
        self.dismissed = True


def test_a_lost_unit_is_tried_once_more_and_then_named():
    clip = Clip(np.zeros(1, np.float32), RATE)
    work = [Unit(place, (replace(clip, name=f"clip {place}"),)) for place in range(5)]
    crew = Clumsy(lost=[1, 3, 3])
    done = sorted(hand_out(work, crew), key=lambda done: done.unit.place)
    assert [receipt.name for receipt in done] == ["part 0", "part 1", "part 2", "", "part 4"]
    assert [failure for receipt in done for failure in receipt.failures] == [
        Failure("clip 3", "worker", "2 workers ended at it: of clumsiness")
    ]
    assert crew.dismissed


def test_where_the_first_units_all_end_their_workers_it_is_not_the_units():
    crew = Clumsy(lost=[1, 1, 2, 2, 3, 3])
    with pytest.raises(ModelError, match="at the first 3 pieces of work, 2 times each: of clumsiness; none was done"):
        list(hand_out([Unit(place, ()) for place in range(500)], crew))
    assert crew.dismissed
    few = Clumsy(lost=[1, 1, 2, 2, 4, 4])  # the third is done, which tells that it is
    assert [done.unit.place for done in hand_out([Unit(place, ()) for place in range(5)], few)] == [1, 2, 3, 4, 0]


@dataclass(frozen=True)
class Ends:
    """An order at which a process ends with an exit code, as the watch over a model that hangs has it."""

    code: int

    def open(self):
        if self.code < 0:
            os.kill(os.getpid(), -self.code)
        os._exit(self.code)


@dataclass(frozen=True)
class Leaves:
    """An order at which a process ends and leaves one behind that it started, which holds on to what it held."""

    gone: Path

    def open(self):
        if os.fork() == 0:
            time.sleep(15)
            self.gone.touch()
        os._exit(3)


@dataclass(frozen=True)
class Stays:
    """An order at which a process does not let itself be ended, as code of others may have it."""

    def open(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return self

    def do(self, unit):
        if unit.place == 2:
            time.sleep(60)
        return Done(unit, str(os.getpid()))


class NeedsTwo(Exception):
    """Is sent, but cannot be made again at the other end: what it is made of is not what it says."""

    def __init__(self, code, text):
        super().__init__(f"{text} ({code})")


class HoldsAFunction(Exception):
    """Cannot be sent."""

    def __init__(self, text):
        super().__init__(text)
        self.function = lambda: None


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (NeedsTwo(7, "gone"), RuntimeError, "NeedsTwo: gone (7)"),
        (HoldsAFunction("gone"), RuntimeError, "HoldsAFunction: gone"),
        (ModelError("gone"), ModelError, "gone"),
        (KeyError("gone"), KeyError, "'gone'"),
    ],
)
def test_every_error_can_be_sent(error, kind, text):
    sent = pickle.loads(pickle.dumps(_sendable(error)))
    assert (type(sent), str(sent)) == (kind, text)


@dataclass(frozen=True)
class Raises:
    """An order at which something is raised that cannot be made again."""

    def open(self):
        raise NeedsTwo(7, "gone")


def test_what_a_process_raises_is_said_at_the_other_end():
    crew = Processes(Raises(), 1)
    crew.give(Unit(0, ()))
    try:
        with pytest.raises(RuntimeError, match=r"^NeedsTwo: gone \(7\)$"):
            crew.take()
    finally:
        crew.dismiss()


@pytest.mark.parametrize(
    ("order", "how"),
    [
        (Ends(2), "a model did not answer in time"),
        (Ends(3), "exit code 3, a crash of a library"),
        (Ends(-9), "killed (SIGKILL), as the system does when memory is out"),
    ],
)
def test_a_process_that_ends_at_a_unit_is_lost_and_how_is_said(order, how):
    crew, unit = Processes(order, 1), Unit(0, ())
    crew.give(unit)
    try:
        assert crew.take() == (unit, Lost(how))
        assert crew.has_room
    finally:
        crew.dismiss()


def test_a_process_is_lost_when_it_ended_whatever_it_leaves_behind(tmp_path):
    crew, unit = Processes(Leaves(tmp_path / "gone"), 1), Unit(0, ())
    crew.give(unit)
    try:
        assert crew.take() == (unit, Lost("exit code 3, a crash of a library"))
        assert not (tmp_path / "gone").exists()  # it was not waited for
    finally:
        crew.dismiss()


def test_a_process_that_does_not_let_itself_be_ended_is_ended(monkeypatch):
    monkeypatch.setattr("audioinv.sweep.crews._FAREWELL_SECONDS", 0.2)
    crew = Processes(Stays(), 1)
    crew.give(Unit(0, ()))
    _, done = crew.take()
    crew.give(Unit(2, ()))
    crew.dismiss()
    for _ in range(100):
        if not Path(f"/proc/{done.name}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{done.name}").exists()


def test_a_process_that_ended_while_it_had_nothing_to_do_costs_no_unit_a_try():
    crew = Processes(Stays(), 1)
    try:
        crew.give(Unit(0, ()))
        _, done = crew.take()
        os.kill(int(done.name), signal.SIGKILL)
        while Path(f"/proc/{done.name}").exists():
            time.sleep(0.01)
        crew.give(Unit(1, ()))
        unit, again = crew.take()
        assert (unit.place, again.found, bool(again.name)) == (1, False, True)
        assert again.name != done.name
    finally:
        crew.dismiss()


def share(out, number, n_shares=2, **how):
    model = load_model("toy")
    with JournalledRun(out, **how) as run:
        run.sweep_share([(model, plan_sweep(model, GRIDS))], read_corpus("clips").entries, (number, n_shares))


@pytest.mark.parametrize("how", [{}, {"resume": False}])
def test_a_share_leaves_the_receipt_of_another_alone(place, how):
    share(place / "run", 1)
    before = sorted(path.name for path in (place / "run").rglob("*"))
    for number, n_shares in ((2, 2), (1, 3)):
        with pytest.raises(InputError, match=rf"run holds shard 1/2; give shard {number}/{n_shares} another -o"):
            share(place / "run", number, n_shares, **how)
    assert sorted(path.name for path in (place / "run").rglob("*")) == before
    share(place / "run", 1, **how)
    share(place / "run", 2, overwrite=True)
    assert find_shard(place / "run").number == 2
    (place / "run" / "shard.json").write_text("{")
    share(place / "run", 1)  # of one that is damaged nobody knows which it was
    assert find_shard(place / "run").number == 1


def test_whoever_stops_listening_sends_the_crew_home():
    crew = Clumsy(lost=[])
    receipts = hand_out([Unit(place, ()) for place in range(5)], crew)
    next(receipts)
    receipts.close()
    assert crew.dismissed


def test_two_jobs_need_models_that_others_can_load(place):
    model = load_model("toy")
    with (
        JournalledRun(place / "run", jobs=2) as run,
        pytest.raises(InputError, match="models that every worker can load"),
    ):
        analyze_models([model], read_corpus("clips").entries, AnalysisOptions(GRIDS), sweep=run.sweep)
    assert not (place / "run").exists()


def test_a_model_without_a_fingerprint_is_said_to_start_again(place):
    model = as_model(lambda x: np.ones((len(x), 2)), sample_rate=RATE, labels=["a", "b"], n_samples=800)
    said = []
    with JournalledRun(place / "run", tell=said.append) as run:
        options = AnalysisOptions(GRIDS, references=False)
        run.finish(analyze_models([model], read_corpus("clips").entries, options, sweep=run.sweep))
    assert said == ["! model <lambda> has no fingerprint: if interrupted, this run starts again"]
    assert load_results(place / "run").table.num_rows == 11 * 8


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_kill_9_at_twenty_random_moments_of_five_hundred_units(place, rng, monkeypatch):
    monkeypatch.setattr("audioinv.sweep.units.FEW", 1000)  # so that every clip is a unit of its own
    write_clips(place / "clips" / "more", 500, rng)
    grids = {"time": "-5:5:5ms"}
    analyze(place / "whole", grids=grids)
    killed_at = []
    for n_parts in np.sort(rng.integers(0, 500, size=20)):  # by progress and not by the clock, which other work moves
        child = os.fork()
        if child == 0:
            try:
                analyze(place / "run", grids=grids)
            finally:
                os._exit(0)
        while len(list((place / "run").glob("results/part-*.parquet"))) < n_parts:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert not (place / "run" / "summary.json").exists()
        killed_at.append(len(list((place / "run").glob("results/part-*.parquet"))))
    analyze(place / "run", grids=grids)
    assert rows(place / "run").equals(rows(place / "whole"))
    assert units(place / "run") | {"found": 0} == units(place / "whole")
    assert units(place / "run")["found"] >= killed_at[-1] - 1  # the last may not have been receipted
    assert len(set(killed_at)) > 10


def test_two_jobs_find_what_one_finds(place):
    analyze(place / "one")
    analyze(place / "two", jobs=2)
    assert rows(place / "two").equals(rows(place / "one"))
    assert (place / "two" / "failures.csv").read_text() == (place / "one" / "failures.csv").read_text()
    summaries = [json.loads((place / name / "summary.json").read_text()) for name in ("one", "two")]
    assert summaries[0] == summaries[1]


@pytest.mark.slow
def test_four_jobs_go_on_with_what_one_began(place, begun):
    begun(place / "run", 5)
    analyze(place / "run", jobs=4)
    analyze(place / "one")
    assert rows(place / "run").equals(rows(place / "one"))
    assert units(place / "run")["found"] == 5


LETHAL = """
import os, signal, time
import numpy as np

def kill(waveforms):
    return answer(waveforms, lambda: os.kill(os.getpid(), signal.SIGKILL))

def hang(waveforms):
    return answer(waveforms, lambda: time.sleep(600))

def answer(waveforms, end):
    if np.abs(waveforms.mean(-1)).max() > 0.2:
        end()
    return np.stack([np.abs(waveforms).mean(-1), waveforms.std(-1)], -1)
"""


@pytest.fixture
def lethal(place, monkeypatch):
    """Clips at one of which whoever hears it ends."""
    (place / "lethal.py").write_text(LETHAL)
    (place / "lethal.audioinv.toml").write_text(
        'sample_rate = 8000\ninput_samples = 800\nlabels = ["a", "b"]\nactivation = "none"\n'
    )
    monkeypatch.syspath_prepend(place)
    write_audio(place / "clips" / "0003.wav", np.full(800, 0.5, np.float32), RATE)
    return place


@pytest.fixture
def ray_here():
    ray = pytest.importorskip("ray", reason="ray is not installed")
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


def assert_one_was_given_up(folder, how):
    first, second = load_results(folder).failures
    assert (first.path, first.stage, second.path, second.stage) == (
        "clips/0003.wav",
        "worker",
        "clips/0005.wav",
        "read",
    )
    assert first.reason.startswith(f"2 workers ended at it: {how}")
    assert len(rows(folder)) == 10 * 3


def analyze_lethal(out, how, **where):
    source = ModelSource(f"lethal:{how}", timeout_seconds=2)
    with JournalledRun(out, sources=(source,), **where) as run:
        options = AnalysisOptions({"time": "-5:5:5ms"}, references=False)
        run.finish(analyze_models([source.load()], read_corpus("clips").entries, options, sweep=run.sweep))


@pytest.mark.slow
@pytest.mark.parametrize(("how", "said"), [("kill", "killed (SIGKILL)"), ("hang", "a model did not answer in time")])
def test_a_clip_that_ends_whoever_hears_it_is_named_and_the_others_are_done(lethal, how, said):
    analyze_lethal(lethal / "run", how, jobs=2)
    assert_one_was_given_up(lethal / "run", said)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
@pytest.mark.parametrize("how", ["kill", "hang"])
def test_it_is_the_same_on_a_cluster(lethal, ray_here, how):
    analyze_lethal(lethal / "run", how, cluster="ray")
    assert_one_was_given_up(lethal / "run", "out of memory, a crash of a library, a model that did not answer in time")


def test_a_cluster_that_nobody_knows_is_refused(place):
    with pytest.raises(InputError, match="cluster='dask' is not one of local, ray"):
        JournalledRun(place / "run", cluster="dask")


@pytest.fixture
def nodes():
    """A Ray cluster of three nodes on this machine."""
    ray = pytest.importorskip("ray", reason="ray is not installed")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    others = [cluster.add_node(num_cpus=1) for _ in range(2)]
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    yield cluster, others
    ray.shutdown()
    cluster.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
@pytest.mark.parametrize("killed", [False, True])
def test_a_cluster_finds_what_one_process_finds(place, rng, nodes, killed):
    write_clips(place / "clips" / "more", 40, rng)
    cluster, others = nodes
    seen = []

    def lose_a_node(_):
        seen.append(1)
        if killed and len(seen) == 10:
            cluster.remove_node(others[0], allow_graceful=False)

    run = JournalledRun(place / "ray", sources=(ModelSource("toy"),), cluster="ray")
    with run:
        options = AnalysisOptions(GRIDS, references=False)
        entries = read_corpus("clips").entries
        run.finish(analyze_models([load_model("toy")], entries, options, on_clip=lose_a_node, sweep=run.sweep))
    analyze(place / "one")
    assert rows(place / "ray").equals(rows(place / "one"))
    assert (place / "ray" / "failures.csv").read_text() == (place / "one" / "failures.csv").read_text()
    assert len(seen) == 52
