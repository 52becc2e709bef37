"""Results: what is written is what is read, and every number in the table follows from the scores."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from audioinv.errors import CheckpointError, InputError
from audioinv.report.results import load_results
from audioinv.report.table import SCHEMA, table_parts
from audioinv.sweep.responses import SOUND_COLUMNS

from ..seals import unseal


def unsealed(folder):
    """The folder as older versions left it: without the hashes of its files."""
    unseal(folder / "run.json")
    return folder


def test_a_folder_from_before_a_column_was_told_is_still_read(results, tmp_path):
    folder = unsealed(results.save(tmp_path / "run"))
    table = pq.read_table(folder / "results.parquet")
    pq.write_table(table.drop_columns(["bandwidth_lost", "engine_error"]), folder / "results.parquet")
    axis = load_results(folder).responses["centroid"].axes["pitch"]
    assert np.isnan(axis.bandwidth_lost).all()
    np.testing.assert_array_equal(axis.energy_kept, results.responses["centroid"].axes["pitch"].energy_kept)


def test_a_saved_folder_reads_back_the_same(results, tmp_path):
    results.save(tmp_path / "run")
    loaded = load_results(tmp_path / "run")
    assert loaded.document == json.loads(json.dumps(results.document))
    assert loaded.failures == results.failures
    assert loaded.table.equals(results.table)
    for name, responses in results.responses.items():
        again = loaded.responses[name]
        assert again.spec == responses.spec
        assert again.clips == responses.clips
        assert list(again.axes) == list(responses.axes)
        for axis, found in responses.axes.items():
            np.testing.assert_array_equal(again.axes[axis].scores, found.scores)
            for column in ("shifts", *SOUND_COLUMNS):
                np.testing.assert_array_equal(getattr(again.axes[axis], column), getattr(found, column))
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "failures.csv",
        "results.parquet",
        "run.json",
        "summary.json",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


@pytest.mark.parametrize("cut", ["at clips", "amid clips"])
def test_a_folder_is_read_by_row_groups_wherever_they_end(results, tmp_path, cut):
    path = unsealed(results.save(tmp_path / "run")) / "results.parquet"
    metadata = pq.read_schema(path)
    if cut == "amid clips":
        pq.write_table(pq.read_table(path), path, row_group_size=10)
    else:
        with pq.ParquetWriter(path, metadata) as writer:
            for rows in table_parts(results.responses.values(), n_rows=40):
                writer.write_table(rows.cast(metadata))
    assert pq.ParquetFile(path).num_row_groups > 2 * 3
    loaded = load_results(tmp_path / "run")
    assert loaded.table.equals(results.table)
    assert [found.clips for found in loaded.responses.values()] == [f.clips for f in results.responses.values()]


def test_rows_out_of_order_are_refused_in_row_groups_too(results, tmp_path):
    path = unsealed(results.save(tmp_path / "run")) / "results.parquet"
    schema, parts = pq.read_schema(path), list(table_parts(results.responses.values(), n_rows=40))
    with pq.ParquetWriter(path, schema) as writer:
        for rows in [*parts[1:], parts[0]]:
            writer.write_table(rows.cast(schema))
    with pytest.raises(CheckpointError, match="out of order: one model stands in two places"):
        load_results(tmp_path / "run")


def test_a_row_for_each_model_clip_axis_and_shift(results):
    frame = results.frame
    assert list(frame.columns) == SCHEMA.names
    assert len(frame) == 2 * 24 * (7 + 5 + 3)
    counts = frame[frame["shift"] == 0].groupby(["model", "clip", "axis"], observed=True).size()
    assert len(counts) == 2 * 24 * 3
    assert (counts == 1).all()


def test_columns_follow_from_the_scores(results):
    frame = results.frame
    labels = ["low", "high"]
    probs = np.stack(frame["probs"])
    best = probs.argmax(1)
    assert (frame["pred"] == np.array(labels)[best]).all()
    np.testing.assert_allclose(frame["p_pred"], probs.max(1))
    target = frame["label"].map({"low": 0, "high": 1}).astype(int).to_numpy()
    np.testing.assert_allclose(frame["p_label"], probs[np.arange(len(frame)), target])
    np.testing.assert_allclose(frame["margin"], np.abs(probs[:, 0] - probs[:, 1]), atol=1e-6)
    clean = frame[frame["shift"] == 0].set_index(["model", "clip", "axis"])["pred"]
    keys = pd.MultiIndex.from_frame(frame[["model", "clip", "axis"]])
    same = frame["pred"].astype(str).to_numpy() == clean.astype(str).reindex(keys).to_numpy()
    np.testing.assert_array_equal(frame["same_as_zero"], same)


def test_the_parquet_file_opens_elsewhere_and_knows_its_version(results, tmp_path):
    results.save(tmp_path / "run")
    table = pq.read_table(tmp_path / "run" / "results.parquet")
    assert table.schema.metadata[b"schema_version"] == b"1"
    by_shift = pd.read_parquet(tmp_path / "run" / "results.parquet").groupby(["model", "axis"], observed=True)
    consistency = by_shift.apply(lambda rows: rows.loc[rows["shift"] != 0, "same_as_zero"].mean())
    for name, summary in results.document["models"].items():
        for axis, found in summary["axes"].items():
            assert consistency[name, axis] == pytest.approx(found["consistency"]["value"])


def test_planted_models_come_out_as_planted(results):
    centroid = results.document["models"]["centroid"]
    half = results.document["models"]["<b>half</b>"]
    assert centroid["axes"]["time"]["consistency"]["value"] == 1
    assert centroid["contrast"]["difference"]["low"] > 0
    assert half["axes"]["freq"]["consistency"]["value"] == 1
    assert half["contrast"]["difference"]["high"] < 0


def test_nothing_is_overwritten_unasked(results, tmp_path):
    results.save(tmp_path / "run")
    with pytest.raises(InputError, match="exists already"):
        results.save(tmp_path / "run")
    results.save(tmp_path / "run", overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="no results folder"):
        results.save(tmp_path / "mine", overwrite=True)
    with pytest.raises(InputError, match="is a file"):
        results.save(tmp_path / "mine" / "thesis.txt", overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


OF_NOBODY = {"models": {}, "plans": {}, "versions": {"audioinv": "0"}, "device": ["cpu"], "data": {"sha256": "0"}}


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("summary.json", lambda path: path.unlink(), "is no results folder \\(summary.json missing\\)"),
        ("summary.json", lambda path: path.write_text("{"), "damaged"),
        ("summary.json", lambda path: path.write_text('{"schema_version": 99}'), "summary.json changed"),
        ("summary.json", lambda path: unsealed(path.parent) and path.write_text('{"schema_version": 99}'), "newer"),
        ("run.json", lambda path: path.write_text('{"models": {"centroid": {}}}'), "damaged"),
        ("run.json", lambda path: path.write_text('{"models": {}}'), "data is missing"),
        ("run.json", lambda path: path.write_text(json.dumps(OF_NOBODY)), "knows nothing"),
        ("results.parquet", lambda path: path.write_bytes(path.read_bytes()[:-50]), "damaged"),
    ],
)
def test_a_damaged_folder_is_named_not_half_read(results, tmp_path, name, spoil, words):
    results.save(tmp_path / "run")
    spoil(tmp_path / "run" / name)
    with pytest.raises(CheckpointError, match=words):
        load_results(tmp_path / "run")


def test_missing_rows_are_noticed(results, tmp_path):
    path = unsealed(results.save(tmp_path / "run")) / "results.parquet"
    pq.write_table(pq.read_table(path).slice(0, 100), path)
    with pytest.raises(CheckpointError, match="rows are missing"):
        load_results(tmp_path / "run")


def test_one_model_at_a_time_has_a_summary(results):
    with pytest.raises(InputError, match="hold 2 models"):
        _ = results.summary
    with pytest.raises(InputError, match="hold 2 models"):
        _ = results.scores
