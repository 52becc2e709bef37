"""Networks in bfloat16: what it changes is counted, against networks of which it is known what it must change."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.errors import InputError
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.sound.clip import Clip
from audioinv.sound.grid import ShiftGrid
from audioinv.sweep.batched import respond_to_clip
from audioinv.sweep.engines import choose_engines
from audioinv.sweep.plan import SweepPlan, plan_sweep
from audioinv.sweep.precision import in_precision, sampled_rows
from audioinv.sweep.units import recipe_of

RATE, LENGTH = 8000, 800
GRID = "-20:20:2ms"


def planted(apart):
    """Two labels whose scores are sums over the window by weights that differ by so much of themselves."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Linear(LENGTH, 2, bias=False)
        first, other = torch.randn(2, LENGTH)
        network.weight.data = torch.stack([first, first + apart * other])
    return as_model(network, sample_rate=RATE, labels=["a", "b"], n_samples=LENGTH, name="planted")


@pytest.fixture
def clips(rng):
    return [Clip(rng.standard_normal(LENGTH).astype(np.float32), RATE, f"{i}") for i in range(12)]


def analyzed(model, clips, precision="bfloat16", **more):
    options = AnalysisOptions({"time": GRID}, edges="circular", precision=precision, references=False, **more)
    return analyze_models([model], clips, options).summary


def test_what_is_closer_than_the_noise_flips_and_what_is_far_does_not(clips):
    # Weights in bfloat16 are off by up to 2⁻⁹ of themselves: labels 2⁻¹² apart change places, opposite ones do not.
    close, far = analyzed(planted(2**-12), clips), analyzed(planted(-2.0), clips)
    found = close["controls"]["precision"]
    assert found["cells"] == 12 * 8
    assert 0 < found["flips"] < found["cells"]
    assert found["share"]["value"] == pytest.approx(found["flips"] / found["cells"])
    assert found["share"]["low"] < found["share"]["value"] < found["share"]["high"]
    assert far["controls"]["precision"]["flips"] < found["flips"] / 3
    assert any(
        line.startswith(f"computed in bfloat16: {found['flips']} of 96 answers differ") for line in close["warnings"]
    )


def test_a_wide_margin_never_flips(clips):
    class Loud(nn.Module):
        def forward(self, waveforms):
            louder = nn.functional.linear(waveforms.abs(), torch.ones(1, LENGTH))
            return torch.cat([louder, -louder], 1)

    model = as_model(Loud(), sample_rate=RATE, labels=["loud", "soft"], n_samples=LENGTH)
    summary = analyzed(model, clips)
    assert summary["controls"]["precision"]["flips"] == 0
    assert summary["controls"]["precision"]["largest_score_change"] > 0  # it did compute otherwise
    assert any("0 of 96 answers" in line for line in summary["warnings"])


def test_nobody_hears_of_it_unasked(clips):
    summary = analyzed(planted(2**-12), clips, "float32")
    assert "precision" not in summary["controls"]
    assert not any("bfloat16" in line for line in summary["warnings"])


def test_flips_are_those_between_the_sweep_and_a_plain_loop(clips):
    model = planted(2**-12)
    plan = dataclasses.replace(plan_sweep(model, {"time": GRID}, edges="circular"), precision="bfloat16")
    rows = sampled_rows(plan.grids[0], plan.seed)
    flips = 0
    for clip in clips:
        low = respond_to_clip(model, clip, plan).axes["time"].scores[0]
        for row in rows:
            moved = np.roll(clip.waveform, round(plan.grids[0].amounts[row] * RATE / 1000))
            exact = model.scores(torch.from_numpy(moved)[None]).numpy()[0]
            flips += exact.argmax() != low[row].argmax() and low[row].max() != low[row][exact.argmax()]
    assert analyzed(model, clips)["controls"]["precision"]["flips"] == flips


def test_a_front_end_that_is_known_stays_in_single_precision(rng):
    spec = ModelSpec("demo", 16000, 4000, ("a", "b"))
    model = ClassifierModel(Classifier(architecture("cnn2d-mel", spec)))
    seen = []
    model.classifier.front_end.register_forward_hook(lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    model.classifier.network.register_forward_hook(lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    windows = torch.from_numpy(rng.standard_normal((2, 4000)).astype(np.float32))
    with torch.inference_mode():
        low, exact = in_precision(model, "bfloat16").scores(windows), model.scores(windows)
    assert seen == [False, True, False, False]
    assert low.dtype == exact.dtype == torch.float32
    assert 0 < (low - exact).abs().max() < 0.05
    assert in_precision(model, "float32") is model


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"precision": "float16"}, "precision='float16' is not one of float32, bfloat16"),
        ({"precision": "bfloat16", "engine": "shared"}, "not exact, as engine=shared promises"),
        ({"threads": 0}, "threads=0 must be at least 1"),
    ],
)
def test_what_does_not_go_together_is_refused(wrong, match):
    with pytest.raises(InputError, match=match):
        SweepPlan((ShiftGrid("time", (0.0,), "ms"),), **wrong)


def test_the_shared_engine_leaves_bfloat16_alone():
    spec = ModelSpec("demo", 16000, 16000, ("a", "b"))
    model = ClassifierModel(Classifier(architecture("cnn2d-mel", spec)))
    plan = plan_sweep(model, {"time": "-500:500:10ms"})
    low = dataclasses.replace(plan, precision="bfloat16")
    chosen = [choose_engines(model, each, n_clips=10_000)["time"].engine for each in (plan, low)]
    assert chosen == ["shared", "batched"]


def test_a_model_without_a_network_is_refused(clips):
    model = as_model(
        lambda waveforms: waveforms[:, :2], sample_rate=RATE, labels=["a", "b"], n_samples=LENGTH, name="f"
    )
    with pytest.raises(InputError, match="model f: precision=bfloat16 needs a network in torch"):
        analyzed(model, clips)


def test_a_journal_tells_threads_and_precisions_apart():
    model = planted(1.0)
    plan = plan_sweep(model, {"time": GRID})
    plans = [plan, *(dataclasses.replace(plan, **other) for other in ({"threads": 2}, {"precision": "bfloat16"}))]
    assert len({recipe_of([(model, each)], [{}], {}) for each in plans}) == 3
