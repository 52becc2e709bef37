"""What an analysis of layers leaves behind: files, table, words and the figure."""

import json
from html import unescape

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.errors import CheckpointError, InputError
from audioinv.layer_analysis import layers
from audioinv.nets.model import as_model
from audioinv.report.figures import draw
from audioinv.report.layer_figures import layers_figure, plot_layers
from audioinv.report.layer_results import load_layers
from audioinv.report.layer_text import layer_cautions, layer_lines
from audioinv.sound.clip import Clip

from ..seals import unseal


class Constant(nn.Module):
    def forward(self, maps):
        return torch.full_like(maps, 0.1)


@pytest.fixture(scope="module")
def found():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        convolution = nn.Conv1d(1, 3, 5, 2, padding=2, padding_mode="circular")
    network = nn.Sequential(nn.Unflatten(-1, (1, 400)), convolution, nn.AdaptiveAvgPool1d(1), Constant())
    model = as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=400, name="<b>toy</b>")
    rng = np.random.default_rng(0)
    sounds = [Clip(rng.standard_normal(400).astype(np.float32), 8000, name=f"noise {i}") for i in range(3)]
    return layers(model, [*sounds, Clip(np.zeros(400, np.float32), 8000, name="silence")])


def same(first, second):
    return json.dumps(first.document) == json.dumps(second.document) and first.table.equals(second.table)


def test_what_is_written_is_read_back(found, tmp_path):
    folder = found.save(tmp_path / "a" / "b")
    assert sorted(path.name for path in folder.iterdir()) == ["layers.json", "layers.parquet"]
    back = load_layers(folder)
    assert same(back, found)
    assert back.axes["time"].layers[0].lies == found.axes["time"].layers[0].lies
    assert back.axes["time"].layers[0].verdict == found.axes["time"].layers[0].verdict
    assert back.failures == found.failures
    document = json.loads((folder / "layers.json").read_text())
    texts = [layer["text"] for layer in document["axes"]["time"]["layers"]]
    assert texts == [str(layer.verdict) for layer in found.axes["time"].layers]


def test_a_row_for_each_axis_layer_clip_and_shift(found):
    n_rows = {name: 4 * 3 * len(axis.shifts) for name, axis in found.axes.items()}
    assert found.frame.groupby("axis").size().to_dict() == n_rows
    row = found.frame.query("axis == 'time' and layer == '1' and clip == 'noise 2' and shift == 2").iloc[0]
    errors = found.axes["time"].errors["1"][2][found.axes["time"].shifts.index(2)]
    assert row.invariance_error == errors.invariance_error
    assert row.expected_lag == 1
    undefined = found.frame.query("layer == '2'").equivariance_error
    assert undefined.isna().all()


def test_nothing_is_overwritten_unasked_and_other_files_stay(found, tmp_path):
    (tmp_path / "summary.json").write_text("{}")
    found.save(tmp_path)
    with pytest.raises(InputError, match="holds an analysis of layers already"):
        found.save(tmp_path)
    found.save(tmp_path, overwrite=True)
    assert (tmp_path / "summary.json").read_text() == "{}"
    with pytest.raises(InputError, match=r"is a file; give a folder \(-o\)"):
        found.save(tmp_path / "summary.json")


def test_damage_is_said(found, tmp_path):
    with pytest.raises(CheckpointError, match=r"holds no analysis of layers \(layers.json, layers.parquet missing\)"):
        load_layers(tmp_path)
    found.save(tmp_path)
    text = unseal(tmp_path / "layers.json")
    for broken, message in (
        (text.replace('"schema_version": 1', '"schema_version": 2'), "newer audioinv"),
        (text[:-9], "damaged"),
        (text.replace('"noise 2"', '"noise 2", "noise 3"'), "rows are missing"),
    ):
        (tmp_path / "layers.json").write_text(broken)
        with pytest.raises(CheckpointError, match=message):
            load_layers(tmp_path)


def test_the_table_says_each_layer_and_its_verdict(found):
    lines = list(layer_lines(found))
    assert lines[0] == "time: 5 shifts, 0.25 … 4 smp, edges circular; 3 clips; strides in samples"
    headings = "layer map stride invar. error equiv. error between best lag NV verdict"
    assert " ".join(lines[1].split()) == headings
    by_layer = {line.split()[0]: line for line in lines[2:6]}
    assert by_layer["1"].endswith("equivariant, stride 2, exactly")
    assert by_layer["2"].endswith("invariant to multiples of 2, exactly")
    assert by_layer["3"].endswith("dead")
    assert by_layer["2"].split()[3] == "–"
    assert all(line.startswith("! ") for line in lines[-len(layer_cautions(found)) :])


def test_cautions_name_the_layers(found):
    assert "time: 3: no unit that was followed tells two clips apart" in layer_cautions(found)
    assert not any("lag does not confirm" in caution for caution in layer_cautions(found))


def test_the_figure_shows_the_numbers_and_the_verdicts(found):
    ax = plot_layers(found, "time")
    summaries = found.axes["time"].layers
    drawn = [line.get_xdata() for line in ax.get_lines()[:3]]
    np.testing.assert_array_equal(drawn[0], [layer.invariance_error for layer in summaries])
    np.testing.assert_array_equal(drawn[1], [layer.equivariance_error for layer in summaries])
    np.testing.assert_array_equal(drawn[2], [layer.equivariance_error_between for layer in summaries])
    texts = [(text.get_text(), text.get_weight()) for text in ax.texts]
    assert texts[1:] == [("equivariant, 2", "bold"), ("invariant at ×2", "bold"), ("dead", "normal")]
    assert [label.get_text() for label in ax.get_yticklabels()][1:3] == ["1 Conv1d", "2 AdaptiveAvgPool1d"]
    assert ax.yaxis_inverted()


def test_time_and_frequency_stand_side_by_side_on_one_scale(found):
    figure = draw(found, "layers")
    time, frequency = figure.axes
    assert time.get_title(loc="left").startswith("time: 0.25 … 4 smp; strides in samples")
    assert frequency.get_title(loc="left") == "frequency: 25 … 100 Hz"
    assert time.get_xlim() == frequency.get_xlim()
    assert "<b>toy</b>" in figure.get_suptitle()


def test_the_figure_refuses_what_is_no_analysis_of_layers(found, results):
    with pytest.raises(InputError, match="drawn from what audioinv layers found"):
        layers_figure(results)
    with pytest.raises(InputError, match="not shifted along axis 'bins'; there are time, freq"):
        plot_layers(found, "bins")


def test_a_notebook_shows_the_same_lines_as_text(found):
    html = found._repr_html_()
    assert html.startswith("<pre>")
    assert html.count("<") == 2
    assert unescape(html[5:-6]).split("\n") == list(layer_lines(found))
