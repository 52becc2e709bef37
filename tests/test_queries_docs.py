"""The recipes of the queries' page, run as they stand, against the summary and against plain loops over the rows."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.nets.model import as_model
from audioinv.report.results import load_results
from audioinv.sound.clip import Clip

PAGE = (Path(__file__).parent.parent / "docs" / "queries.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"```python\n# (.+?)\n(.*?)```", PAGE, re.S))


def loudest_third(threshold):
    """Answer by where a sound is loudest, the more readily the lower the threshold: not blind to delay."""

    def scores(waveforms):
        power = (waveforms**2).reshape(len(waveforms), 3, -1).mean(-1) + 1e-9
        power[:, 0] *= threshold
        return (power / power.sum(-1, keepdims=True)).astype(np.float32)

    return scores


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs on the same clips of noise with a hump."""
    rng = np.random.default_rng(1)
    place = np.linspace(0, 1, 900)
    clips = []
    for i in range(15):
        hump = 0.1 + np.exp(-(((place - (i + 0.5) / 15) / 0.2) ** 2))
        sound = (hump * rng.standard_normal(900)).astype(np.float32)
        clips.append(Clip(sound, 9000, f"noise/{i}.wav", ("early", "middle", "late")[i // 5]))
    made = tmp_path_factory.mktemp("queries")
    for run, threshold in (("old", 1.0), ("new", 1.6)):
        options = {"sample_rate": 9000, "labels": ["early", "middle", "late"], "n_samples": 900}
        model = as_model(loudest_third(threshold), name="third", **options)
        grids = AnalysisOptions({"time": "-30:30:10ms", "freq": "-1000:1000:500Hz"}, references=False)
        analyze_models([model], clips, grids).save(made / "runs" / run)
    return made


@pytest.fixture
def answer(folder, monkeypatch):
    """Run a recipe and return what it leaves behind."""

    def run(recipe):
        for library in ("pandas", "duckdb", "polars", "xarray"):
            if recipe.startswith(library):
                pytest.importorskip(library, reason=f"{library} is not installed; the recipe was not run")
        monkeypatch.chdir(folder)
        names = {}
        exec(compile(RECIPES[recipe], f"docs/queries.md, {recipe}", "exec"), names)
        return names

    return run


@pytest.fixture(scope="module")
def summary(folder):
    document = json.loads((folder / "runs" / "new" / "summary.json").read_text())
    return document["models"]["third"]


@pytest.fixture(scope="module")
def rows(folder):
    return load_results(folder / "runs" / "new").table.to_pylist()


def shares(rows, axis):
    """Share of kept answers of each clip, by a plain loop."""
    found = {}
    for row in rows:
        if row["axis"] == axis and row["shift"] != 0:
            found.setdefault(row["clip"], []).append(row["same_as_zero"])
    return {clip: sum(kept) / len(kept) for clip, kept in found.items()}


def test_every_recipe_has_a_test():
    told = Path(__file__).read_text(encoding="utf-8")
    assert len(RECIPES) == PAGE.count("```python") == 8
    assert [recipe for recipe in RECIPES if f'answer("{recipe}")' not in told] == []


def test_control_the_runs_differ_and_neither_is_constant(summary, rows):
    assert 0.3 < summary["axes"]["time"]["consistency"]["value"] < 0.95
    assert len({row["pred"] for row in rows}) == 3


def test_pandas_finds_the_least_steady_class(answer, rows):
    by_class = answer("pandas: by class")["by_class"]
    labels = {row["clip"]: row["label"] for row in rows}
    each = {label: [] for label in labels.values()}
    for clip, share in shares(rows, "time").items():
        each[labels[clip]].append(share)
    assert by_class.xs("third").to_dict() == pytest.approx({label: np.mean(kept) for label, kept in each.items()})
    assert by_class.is_monotonic_increasing


def test_pandas_finds_what_is_answered_instead(answer, summary, rows):
    found = answer("pandas: confusion")
    assert found["worst_shift"] == summary["axes"]["freq"]["worst_shift"]["shift"]
    preds = {(row["clip"], row["shift"]): row["pred"] for row in rows if row["axis"] == "freq"}
    pairs = Counter((preds[clip, 0.0], pred) for (clip, shift), pred in preds.items() if shift == found["worst_shift"])
    table = found["confusion"].stack()
    assert {pair: n for pair, n in table.items() if n} == dict(pairs)
    assert table.sum() == 15


def test_duckdb_draws_the_curves_of_the_summary(answer, summary):
    curves = answer("duckdb: curves")["curves"]
    for axis, found in summary["axes"].items():
        of_axis = curves[curves["axis"] == axis].sort_values("shift")
        assert of_axis["shift"].to_list() == found["shifts"]
        assert of_axis["consistency"].to_list() == pytest.approx(found["consistency_curve"])
        assert of_axis["accuracy"].to_list() == pytest.approx(found["accuracy_curve"])


def test_duckdb_sets_two_runs_side_by_side(answer, folder, rows):
    changed = answer("duckdb: runs")["changed"]
    before, now = shares(load_results(folder / "runs" / "old").table.to_pylist(), "time"), shares(rows, "time")
    expected = {clip: (before[clip], now[clip]) for clip in now if before[clip] != now[clip]}
    assert len(expected) > 0
    assert set(changed["clip"]) == set(expected)
    for row in changed.itertuples():
        assert (row.before, row.now) == pytest.approx(expected[row.clip])
    assert (changed["now"] - changed["before"]).is_monotonic_increasing


def test_polars_finds_the_first_flip(answer, rows):
    found = {row["clip"]: row["flips_at"] for row in answer("polars: first flip")["first_flip"].to_dicts()}
    for clip in {row["clip"] for row in rows}:
        flips = [abs(r["shift"]) for r in rows if r["clip"] == clip and r["axis"] == "time" and not r["same_as_zero"]]
        assert found[clip] == (min(flips) if flips else None)
    assert any(found.values())


def test_polars_weighs_what_was_cut(answer, rows):
    for row in answer("polars: energy")["energy"].to_dicts():
        kept = [
            r["energy_kept"]
            for r in rows
            if r["axis"] == "freq" and r["shift"] != 0 and r["same_as_zero"] == row["same_as_zero"]
        ]
        assert row["rows"] == len(kept)
        assert row["energy_kept"] == pytest.approx(np.mean(kept))


def test_xarray_holds_the_scores(answer, summary, folder):
    found = answer("xarray: cube")
    assert found["consistency"].item() == pytest.approx(summary["axes"]["time"]["consistency"]["value"])
    scores = load_results(folder / "runs" / "new").responses["third"].axes["time"].scores
    largest = np.abs(scores - scores[:, [3]]).max(axis=(1, 2))
    assert found["steadiest"] == f"noise/{largest.argmin()}.wav"
    assert found["scores"].sel(shift=10, answer="late").values == pytest.approx(scores[:, 4, 2])


def test_xarray_lays_out_a_column(answer, rows):
    found = answer("xarray: column")
    assert dict(found["level"].sizes) == {"clip": 15, "shift": 5}
    lowest = min(row["level_change_db"] for row in rows if row["axis"] == "freq" and row["shift"] == 1000)
    assert found["quietest"].sel(shift=1000).item() == pytest.approx(lowest)
