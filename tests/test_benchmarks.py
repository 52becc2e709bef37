"""What the benchmarks of speed rest on: that all ways compute the same, and that fits and verdicts are right."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from audioinv.sound.audio import write_audio
from benchmarks import measuring
from benchmarks.audit import Audit, _AuditRun
from benchmarks.measuring import Setting, by_machine, machine, ratio, write_block
from benchmarks.networks import Listener, as_kernels_like, fused, melody, realistic, vgg
from benchmarks.row import Row, agreement
from benchmarks.scaling import Load, fit_line


def test_norms_folded_into_convolutions_change_nothing_but_rounding():
    maps = torch.randn(4, 1, 32, 40)
    network = realistic(vgg("0.06 M").double(), maps.double())
    expected = network(maps.double())
    assert torch.allclose(fused(network)(as_kernels_like(maps.double())), expected, atol=1e-12)
    assert not any("BatchNorm" in type(module).__name__ for module in fused(network).modules())
    bare = torch.nn.Sequential(*[m for m in network.stages if "BatchNorm" not in type(m).__name__])
    assert not torch.allclose(bare(maps.double()), network.stages(maps.double()))


def test_the_best_class_changes_between_windows():
    windows = torch.from_numpy(melody(4)).unfold(0, 16000, 1600)
    network = vgg("0.06 M")
    listener = Listener(network)
    realistic(network, listener.maps(windows))
    assert len(listener(windows).argmax(1).unique()) > 1


def test_naive_loop_and_plain_batches_compute_what_the_sweep_does(tmp_path):
    path = tmp_path / "melody.wav"
    write_audio(path, melody(1), 16000)
    run = _AuditRun(Audit("shared", "0.06 M", 1, 33, 1), Setting(), path)
    scores = run.found.responses[0].axes["time"].scores[0]
    index = np.searchsorted(run.delays, run.chosen(8))
    assert np.abs(run.naive() - scores[index]).max() < 1e-3
    index = np.searchsorted(run.delays, run.chosen(32))
    assert np.abs(run.plain().numpy() - scores[index]).max() < 2e-5
    assert np.abs(run.plain().numpy() - scores[index[::-1]]).max() > 1e-2
    assert run.agreement["deviation"] < 5e-6
    assert run.agreement["top1_equal"] == 1


def test_agreement_leaves_out_ties_only():
    expected = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.500001]])
    found = np.array([[0.0, 1.0], [0.0, 1.0], [0.6, 0.5]])
    assert agreement(found, expected) == {"deviation": 1.0, "top1_equal": 0.5, "n_sure": 2, "n_answers": 2}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({}, "met"), ({"ours": 1.1}, "not met"), ({"deviation": 6e-6}, "not exact"), ({"top1_equal": 0.99}, "not exact")],
)
def test_a_row_is_met_if_it_is_fast_and_exact(changes, verdict):
    row = Row("case", "overhead", 1.0, 0.9, deviation=1e-6, deviation_float64=1e-13, top1_equal=1.0, n_sure=9)
    assert replace(row, **changes).verdict == verdict
    assert replace(row, **changes).cells()[8] == verdict
    assert bool(replace(row, **changes).shortfall) == (verdict != "met")


def test_a_line_is_fitted_as_by_linear_regression(rng):
    x = np.arange(6.0)
    y = 3 + 2 * x + rng.standard_normal(6)
    found, expected = fit_line(x, y, np.ones(6)), stats.linregress(x, y)
    assert found.slope == pytest.approx(expected.slope)
    assert found.intercept == pytest.approx(expected.intercept)
    assert found.half_width == pytest.approx(expected.stderr * stats.t.ppf(0.975, 4))


def test_weights_count_as_in_a_weighted_polynomial(rng):
    x, y, weights = np.arange(6.0), rng.standard_normal(6), rng.uniform(0.1, 2, 6)
    found = fit_line(x, y, weights)
    assert [found.slope, found.intercept] == pytest.approx(np.polyfit(x, y, 1, w=weights))
    assert found.slope != pytest.approx(fit_line(x, y, np.ones(6)).slope)


def test_a_ratio_is_taken_within_rounds():
    assert ratio({"a": [2.0, 20.0, 3.0], "b": [1.0, 10.0, 1.0]}, "a", "b") == 2


def test_results_of_two_machines_stay_apart():
    here, there = machine(), {**machine(), "cores": 99}
    records = [{"case": c, "machine": m, "found": f} for c, m, f in (("x", here, 1), ("x", there, 2), ("y", here, 3))]
    assert [found for _, found in by_machine(records)] == [{"x": 1, "y": 3}, {"x": 2}]


def test_a_block_is_replaced_and_the_rest_of_the_page_stays(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->old<!-- /a -->\nafter\n")
    monkeypatch.setattr(measuring, "PAGE", page)
    write_block("a", "new")
    write_block("a", "newer")
    assert page.read_text() == "before\n<!-- a -->\n\nnewer\n\n<!-- /a -->\nafter\n"
    with pytest.raises(SystemExit, match="has no <!-- b -->"):
        write_block("b", "new")


def test_parameters_are_counted_in_millions():
    assert Load().channels == (16, 32, 64, 64)
    assert sum(weight.numel() for weight in vgg("0.06 M").parameters()) == pytest.approx(0.06e6, rel=0.03)
    assert sum(weight.numel() for weight in vgg("4.7 M").parameters()) == pytest.approx(4.7e6, rel=0.03)


def test_delays_are_ten_milliseconds_apart_or_fill_a_span():
    assert Load(n_shifts=21).grid == "-100:100:10ms"
    assert Load(n_shifts=6401, span_ms=6400).grid == "-3200:3200:1ms"
