"""What an error budget leaves behind: files, table, words and the figure."""

import json
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
import torch

from audioinv.budget_analysis import budget
from audioinv.errors import CheckpointError, InputError
from audioinv.report.budget_figure import budget_figure, plot_budget
from audioinv.report.budget_results import load_budget
from audioinv.report.budget_text import budget_lines, verdict_line
from audioinv.report.figures import draw
from audioinv.sound.clip import Clip
from tests.measure.budget.planted import N_LONG, LeftOn, bursts, clicks, spectral, with_part


@pytest.fixture(scope="module")
def found():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = spectral(edges="zero", padding="zero", downsampling="max")
    silence = Clip(np.zeros(N_LONG, np.float32), 8000, name="silence")
    return budget(model, [*bursts(4), silence], time="0:160:40smp", bins="0:2:1bins", pitch="0:1:1st")


def same(first, second):
    return json.dumps(first.document) == json.dumps(second.document) and first.table.equals(second.table)


def test_what_is_written_is_read_back(found, tmp_path):
    folder = found.save(tmp_path / "a" / "b")
    assert sorted(path.name for path in folder.iterdir()) == ["budget.json", "budget.parquet"]
    back = load_budget(folder)
    assert same(back, found)
    assert back.axes["time"].summary.stages[3].stage == found.axes["time"].summary.stages[3].stage
    assert back.border == found.border
    assert back.probes == found.probes
    assert back.phases.delays_samples == found.phases.delays_samples
    np.testing.assert_array_equal(back.axes["pitch"].own_errors, found.axes["pitch"].own_errors)
    np.testing.assert_array_equal(back.axes["bins"].changes.flips, found.axes["bins"].changes.flips)


def test_a_row_for_each_axis_stage_clip_and_shift(found):
    frame = found.table.to_pandas()
    n_rows = {name: len(axis.summary.stages) * 4 * len(axis.shifts) for name, axis in found.axes.items()}
    assert frame.groupby("axis").size().to_dict() == n_rows
    axis = found.axes["time"]
    row = frame.query(
        "axis == 'time' and stage == 'network.stages.4.convolution' and clip == 'burst 2' and shift == 80"
    )
    place = [stage.stage.name for stage in axis.summary.stages].index("network.stages.4.convolution")
    assert row.change.item() == axis.changes.change[2, axis.shifts.index(80), place]
    assert row.own_error.item() == axis.own_errors[2, axis.shifts.index(80), place]


def test_undefined_is_null_never_nan(found):
    text = json.dumps(found.document, allow_nan=False)
    pitch = json.loads(text)["axes"]["pitch"]["stages"][0]
    assert pitch["own_error"] is None
    assert found.table["own_error"].null_count > 0


def test_nothing_is_overwritten_and_what_is_missing_or_damaged_is_said(found, tmp_path):
    found.save(tmp_path)
    with pytest.raises(InputError, match="holds an error budget already"):
        found.save(tmp_path)
    found.save(tmp_path, overwrite=True)
    (tmp_path / "budget.json").write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"budget\.json: damaged"):
        load_budget(tmp_path)
    (tmp_path / "budget.json").unlink()
    with pytest.raises(CheckpointError, match=r"no error budget \(budget.json missing\): audioinv layers --budget"):
        load_budget(tmp_path)


def test_the_words_give_the_numbers_and_name_the_stage(found):
    lines = list(budget_lines(found))
    assert lines[0] == "error budget, time: 4 shifts, 40 … 160 smp, edges circular; strides in samples; 4 clips"
    whole = next(line for line in lines if line.startswith("whole change"))
    assert f"{found.axes['time'].summary.total.value:.3f}" in whole
    assert sum(line.startswith("→") for line in lines) == 3
    assert lines[-1].startswith("position, read from network.stages.7: right in ")
    assert any(line.startswith("frame phase: within a hop of 16 samples") for line in lines)
    assert sum(line.startswith("border, ") for line in lines) == 3


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        (1, "10 % [4, 18] fewer than in a circle; the score changes by 0.043 [+0.010, +0.080] more"),
        (-1, "10 % [4, 18] more than in a circle; the score changes by 0.043 [+0.010, +0.080] less"),
    ],
)
def test_a_border_s_effect_has_a_direction_and_no_sign(found, sign, words):
    effect = next(effect for effect in found.border if effect.edges == "zero")
    lost, added = (
        replace(old, value=sign * value, low=min(sign * low, sign * high), high=max(sign * low, sign * high))
        for old, (value, low, high) in zip(
            (effect.consistency_lost, effect.change_added), ((0.1, 0.04, 0.18), (0.043, 0.01, 0.08)), strict=True
        )
    )
    known = replace(found, border=(replace(effect, consistency_lost=lost, change_added=added),))
    (line,) = (line for line in budget_lines(known) if line.startswith("border, "))
    assert line.partition(" stay, ")[2] == words


def test_a_random_stage_and_an_unmoved_model_are_called_so():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        random, steady = with_part(LeftOn()), with_part(torch.nn.Identity())
    summary = budget(random, clicks(), time="0:128:32smp").axes["time"].summary
    assert verdict_line(summary).startswith("part answers the same input differently: its 100 %")
    summary = budget(steady, clicks(), time="0:128:32smp").axes["time"].summary
    assert verdict_line(summary).startswith("no change that counts: ")


def test_bars_are_the_numbers(found):
    axis = found.axes["time"]
    ax = plot_budget(found, "time")
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == [stage.change.value for stage in axis.summary.stages]
    dark = [bar.get_alpha() == 1.0 for bar in ax.patches]
    assert dark == [stage.stage.name == axis.summary.culprit for stage in axis.summary.stages]
    assert any(dark)
    assert len(budget_figure(found).axes) == 3
    assert len(draw(found, "budget").axes) == 3


def test_what_is_no_budget_is_refused(found):
    with pytest.raises(InputError, match="there is no budget of axis 'freq'; there are time, bins, pitch"):
        plot_budget(found, "freq")
    with pytest.raises(InputError, match="is drawn from what audioinv layers --budget found"):
        budget_figure(None)


def test_a_notebook_shows_the_same_lines_as_text(found):
    html = found._repr_html_()
    assert html.startswith("<pre>")
    assert html.count("<") == 2
    assert unescape(html[5:-6]).split("\n") == list(budget_lines(found))
