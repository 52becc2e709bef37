"""Run folders that are damaged or were written by somebody who means harm, manifests that climb, and names that act."""

import csv
import io
import json
import re
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.corpus.cells import plain_cell, safe_cell
from audioinv.corpus.events import read_events
from audioinv.errors import CheckpointError, InputError
from audioinv.nets.model import as_model
from audioinv.report.belongings import FILES
from audioinv.report.label_tracks import LabelledStretch, write_tracks
from audioinv.report.page import write_page
from audioinv.report.parts import PartFolder
from audioinv.report.results import load_results
from audioinv.report.run_files import read_failures, write_failures
from audioinv.sound.clip import Clip
from audioinv.sweep.plan import plan_sweep
from audioinv.sweep.responses import SOUND_COLUMNS, Failure
from audioinv.sweep.run import sweep_clips

from ..seals import unseal
from .spoiling import spoilings, try_reading

RATE, LENGTH = 8000, 800
FORMULA = "=cmd|' /C calc'!A0"
MARKUP = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def loudness(waveforms):
    level = np.tanh(30 * (waveforms**2).mean(-1))
    return np.stack([level, 1 - level], -1)


@pytest.fixture(scope="module")
def results():
    rng = np.random.default_rng(0)
    clips = [
        Clip((0.05 + i / 30) * rng.standard_normal(LENGTH).astype(np.float32), RATE, f"{FORMULA}{i}", MARKUP, "@group")
        for i in range(5)
    ]
    clips.append(Clip(np.zeros(LENGTH, np.float32), RATE, f"-{MARKUP}", MARKUP))
    model = as_model(loudness, sample_rate=RATE, labels=[MARKUP, FORMULA], n_samples=LENGTH, name=f"+{MARKUP}")
    return analyze_models([model], clips, AnalysisOptions({"time": "-10:10:10ms"}, references=False))


@pytest.fixture
def folder(results, tmp_path):
    return results.save(tmp_path / "run")


def same(found, expected):
    run = {name: found.run.get(name) for name in expected.run}  # a digest under a spoilt name is one more
    return (
        found.table.equals(expected.table)
        and found.document == expected.document
        and run == expected.run
        and found.failures == expected.failures
    )


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_or_a_cut_is_detected_and_named_or_changes_nothing(folder, rng, name):
    expected, path = load_results(folder), folder / name
    whole, n_read = path.read_bytes(), 0
    for spoilt in spoilings(whole, rng, n_flips=50, n_cuts=13):
        path.write_bytes(spoilt)
        found, refusal = try_reading(load_results, folder)
        if found is None:
            assert str(folder) in refusal
            continue
        n_read += 1
        assert same(found, expected)
    assert n_read < 10
    path.write_bytes(whole)
    assert same(load_results(folder), expected)


def test_the_folder_of_an_older_version_has_no_digests_and_is_believed(folder, results):
    run = json.loads((folder / "run.json").read_text())
    assert set(run.pop("files_sha256")) == set(FILES)
    (folder / "run.json").write_text(json.dumps(run))
    summary = (folder / "summary.json").read_text()
    (folder / "summary.json").write_text(summary.replace('"n_clips": 5', '"n_clips": 6'))
    assert load_results(folder).document["run"]["n_clips"] == 6  # what digests are for


def test_the_file_that_changed_is_named_at_the_command_line(run, folder):
    text = (folder / "summary.json").read_text()
    (folder / "summary.json").write_text(text.replace('"n_clips": 5', '"n_clips": 6'))
    for command in (["check", folder, "--min", "time.consistency=0.1"], ["report", folder], ["info", folder]):
        done = run(*command)
        assert done.exit_code == 2, (command, done.stderr)
    assert "summary.json changed since the run wrote it" in done.stderr


def test_results_that_were_loaded_are_saved_as_they_were(folder, results, tmp_path):
    again = load_results(load_results(folder).save(tmp_path / "again"))
    assert same(again, load_results(folder))
    assert again.run.keys() == results.run.keys()


def unsealed(folder, name, text):
    unseal(folder / "run.json")
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


CRAFTED = {
    "a list for a summary": ("summary.json", "[1]"),
    "a summary too deep": ("summary.json", "[" * 100_000),
    "a version that is a word": ("summary.json", '{"schema_version": "x"}'),
    "no version": ("summary.json", "{}"),
    "a run that is a list": ("run.json", "[]"),
    "models that are a list": ("run.json", '{"models": []}'),
    "a spec that is a word": ("run.json", '{"models": {"x": {"spec": "x"}}}'),
    "digests that are a word": ("run.json", '{"files_sha256": "x", "models": {}}'),
    "digests of files elsewhere": ("run.json", '{"files_sha256": {"/etc/passwd": "x"}, "models": {}}'),
    "failures without columns": ("failures.csv", "a,b\n1,2\n"),
    "failures that are no text": ("failures.csv", b"path,stage,reason\n\xff\xfe,a,b\n"),
    "failures with a row too long": ("failures.csv", "path,stage,reason\na,b,c,d\n"),
    "failures with a row too short": ("failures.csv", "path,stage,reason\na\n"),
    "failures with an endless cell": ("failures.csv", f"path,stage,reason\n{'x' * 200_000},b,c\n"),
    "a pickle for a table": ("results.parquet", b"cos\nsystem\n(S'touch sprung'\ntR."),
    "an empty table": ("results.parquet", b""),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_folder_that_was_written_by_hand_is_named_not_half_read(folder, name):
    unsealed(folder, *CRAFTED[name])
    with pytest.raises(CheckpointError, match=re.escape(str(folder))):
        load_results(folder)


@pytest.mark.parametrize("change", ["other types", "nan shifts", "other probs", "no rows"])
def test_a_table_that_was_written_by_hand_is_refused(folder, change):
    table = pq.read_table(folder / "results.parquet")
    place = table.column_names.index
    if change == "other types":
        table = table.set_column(place("shift"), "shift", table["shift"].cast(pa.string()))
    elif change == "nan shifts":
        table = table.set_column(place("shift"), "shift", pa.array([np.nan] * len(table)))
    elif change == "other probs":
        table = table.set_column(place("probs"), "probs", pa.array([[0.5]] * len(table), pa.list_(pa.float32())))
    else:
        table = table.slice(0, 7)
    unseal(folder / "run.json")
    pq.write_table(table, folder / "results.parquet")
    with pytest.raises(CheckpointError):
        load_results(folder)


def test_a_part_of_the_journal_is_whole_or_named(tmp_path, rng):
    model = as_model(loudness, sample_rate=RATE, labels=["a", "b"], n_samples=LENGTH)
    clips = [Clip(rng.standard_normal(LENGTH).astype(np.float32), RATE, f"{i}") for i in range(3)]
    swept = sweep_clips([(model, plan_sweep(model, {"time": "-10:10:10ms"}))], clips)
    parts = PartFolder(tmp_path, "recipe", (model.spec,))
    parts.keep("unit", swept)
    path, n_read = parts.path("unit"), 0
    for spoilt in spoilings(path.read_bytes(), rng, n_flips=400, n_cuts=30):
        path.write_bytes(spoilt)
        found, refusal = try_reading(parts.find, "unit")
        if found is None:
            assert str(path) in refusal
            continue
        n_read += 1
        for name in ("shifts", "scores", *SOUND_COLUMNS):
            np.testing.assert_array_equal(*(getattr(each.responses[0].axes["time"], name) for each in (found, swept)))
        assert found.responses[0].clips == swept.responses[0].clips
    assert n_read < 300


# --- names that act ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [FORMULA, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1", "'tis", "a=b", ""])
def test_no_cell_begins_as_a_formula_and_every_text_comes_back(text):
    assert safe_cell(text)[:1] not in {"=", "+", "-", "@", "\t", "\r"}
    assert plain_cell(safe_cell(text)) == text


def cells(text):
    return [cell for row in csv.reader(io.StringIO(text)) for cell in row]


def acts(cell):
    """Whether a spreadsheet would run a cell; a number is none."""
    return cell[:1] in set("=+-@\t\r") and not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)


def test_failures_with_formulas_come_back_and_do_not_act(tmp_path):
    failures = (Failure(FORMULA, "read", "+1+cmd"), Failure("-rf", "check", "a\nb"), Failure("'=x", "read", "@x"))
    write_failures(tmp_path / "failures.csv", failures)
    assert read_failures(tmp_path / "failures.csv") == failures
    assert not any(map(acts, cells((tmp_path / "failures.csv").read_text())))
    assert acts(FORMULA)


def test_results_in_csv_hold_no_formula(run, place):
    shutil.copytree("clips/low", "named/=1+1")
    shutil.move("named/=1+1/0.wav", "named/=1+1/@SUM(A1).wav")
    (place / "manifest.csv").write_text("path,label,group\nnamed/=1+1/@SUM(A1).wav,=1+1,+1\nclips/low/1.wav,-x,@y\n")
    done = run("analyze", "manifest.csv", "-m", "toy", "--time", "-5:5:5ms", "-o", "out", "-f", "csv,audacity")
    assert done.exit_code == 0, done.stderr
    text = (place / "out" / "results.csv").read_text()
    assert "'=1+1" in text
    assert not any(map(acts, cells(text)))
    for track in (place / "out" / "labels").iterdir():
        assert not acts(track.read_text().split("\t")[2])


def test_label_tracks_are_read_back_as_they_were(tmp_path):
    write_tracks({("net", "a.wav"): [LabelledStretch(0.0, 1.0, FORMULA)]}, tmp_path / "labels")
    (path,) = (tmp_path / "labels").iterdir()
    assert path.read_text().split("\t")[2].startswith("'=")
    assert read_events(path)[0].label == FORMULA


def test_a_track_named_to_climb_stays_in_its_folder(tmp_path):
    (tmp_path / "in").mkdir()
    write_tracks({("../../m", "../../../etc/x.wav"): [LabelledStretch(0.0, 1.0, "a")]}, tmp_path / "in" / "labels")
    assert [path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*.txt")] == [("in", "labels")]


def test_a_page_runs_no_name(results, tmp_path):
    write_page(results, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "alert(1)" in text  # the names are there
    assert "<script>alert(1)" not in text
    assert "<img src=x" not in text


# --- manifests --------------------------------------------------------------------------------------------------------

MANIFESTS = {
    "a path that climbs to nothing": ("path\n../../../../etc/passwd.wav\n", 3, "no such file"),
    "an absolute path of no sound": ("path\n/etc/passwd\n", 3, "/etc/passwd"),
    "a URL": ("path\nhttp://localhost:1/x.wav\n", 3, "a URL is not followed"),
    "a file URL": ("path\nfile:///etc/passwd\n", 3, ""),
    "a formula": ("path\n=cmd()\n", 3, "no such file"),
    "markup": (f'path\n"{MARKUP}"\n', 3, "no such file"),
    "a name with NUL": ("path\na\0b.wav\n", 3, ""),
    "a name too long": (f"path\n{'a' * 5000}.wav\n", 3, ""),
    "a folder": ("path\nclips\n", 5, "no such file"),
    "no column of paths": ("name,label\na,b\n", 3, "no column"),
    "nothing": ("", 3, "empty"),
    "only a header": ("path,label\n", 3, "names no file"),
    "times that are NaN": ("path,start,end\nclips/low/0.wav,nan,inf\n", 3, ""),
    "times that run backwards": ("path,start,end\nclips/low/0.wav,0.1,0.05\n", 3, ""),
    "a start of 1e300 s": ("path,start\nclips/low/0.wav,1e300\n", 3, ""),
    "a start below 0": ("path,start\nclips/low/0.wav,-1\n", 3, ""),
    "no text": (b"\xff\xfe\x00path\n", 3, ""),
    "an endless cell": (f"path\n{'x' * 200_000}\n", 3, ""),
    "quotes that never close": ('path\n"clips/low/0.wav\nclips/low/1.wav\n', 3, "no such file"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_that_mean_harm(run, place, name):
    content, code, words = MANIFESTS[name]
    path = place / "manifest.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("analyze", path, "-m", "toy", "--time", "0:5:5ms", "-o", "out", "--no-progress")
    assert done.exit_code == code, done.stderr
    assert words in done.stderr
    assert "internal error" not in done.stderr
    assert not (place / "out" / "summary.json").exists()


def test_events_that_mean_harm(tmp_path):
    for text in ("0\t1\t\n", "nan\t1\ta\n", "1\t0\ta\n", "0\tinf\ta\n", "x\ty\tz\n", "onset,label\n=1+1,a\n", ""):
        (tmp_path / "events.txt").write_text(text)
        with pytest.raises(InputError, match=re.escape("events.txt")):
            read_events(tmp_path / "events.txt")
