"""Models after surgery: averages over delays, what a window costs, and models of every format."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.errors import InputError, ModelError
from audioinv.nets.library import load_model
from audioinv.nets.model import as_model
from audioinv.nets.surgery.models import AveragedModel, ReplacedModel, count_multiply_adds
from audioinv.nets.surgery.network import Operation, survey_network
from audioinv.nets.surgery.replacement import check_kind
from audioinv.nets.windows import Windows

N_SAMPLES = 12


def by_place(waveforms):
    """A NumPy function whose answers depend on where everything is."""
    weights = np.cos(np.arange(N_SAMPLES * 2).reshape(N_SAMPLES, 2) ** 2)
    return (np.tanh(waveforms) @ weights).astype(np.float32)


def opaque(**more):
    return as_model(by_place, sample_rate=8000, labels=["a", "b"], n_samples=N_SAMPLES, **more)


@pytest.fixture
def windows(rng):
    return torch.tensor(rng.standard_normal((5, N_SAMPLES)).astype(np.float32))


def largest_change(model, windows):
    scores = [model.scores(windows.roll(delay, -1)) for delay in range(N_SAMPLES)]
    return max(float((one - scores[0]).abs().max()) for one in scores)


@pytest.mark.parametrize("activation", ["none", "softmax", "sigmoid"])
def test_an_average_over_all_delays_of_a_circle_is_invariant(windows, activation):
    model = opaque(activation=activation)
    assert largest_change(AveragedModel(model, range(N_SAMPLES), "all"), windows) < 4 * np.finfo(np.float32).eps
    assert largest_change(model, windows) > 0.1


def test_control_an_average_over_some_is_not(windows):
    assert largest_change(AveragedModel(opaque(), range(3), "some"), windows) > 0.01
    assert largest_change(AveragedModel(opaque(), [0], "none"), windows) == largest_change(opaque(), windows)


def test_a_subgroup_makes_its_own_delays_alike_and_no_others(windows):
    model = AveragedModel(opaque(), range(0, N_SAMPLES, 4), "every fourth")
    scores = [model.scores(windows.roll(delay, -1)) for delay in range(N_SAMPLES)]
    for delay in range(N_SAMPLES):
        change = float((scores[delay] - scores[0]).abs().max())
        assert change < 4 * np.finfo(np.float32).eps if delay % 4 == 0 else change > 1e-3


def test_scores_are_averaged_and_not_raw_answers(windows):
    model = opaque(activation="softmax")
    found = AveragedModel(model, [-1, 0, 2], "three").scores(windows)
    expected = sum(model.scores(torch.tensor(np.roll(windows.numpy(), delay, -1))) for delay in (-1, 0, 2)) / 3
    torch.testing.assert_close(found, expected)
    raw = torch.stack([model.respond(windows.roll(delay, -1)) for delay in (-1, 0, 2)]).mean(0).softmax(-1)
    assert (found - raw).abs().max() > 1e-3


def test_windows_that_a_model_lays_are_averaged_with_it(rng):
    model = opaque()
    model.spec = model.spec.__class__(
        "windowed", 8000, 3 * N_SAMPLES, ("a", "b"), activation="none", windows=Windows(N_SAMPLES, N_SAMPLES)
    )
    sounds = torch.tensor(rng.standard_normal((2, 3 * N_SAMPLES)).astype(np.float32))
    found = AveragedModel(model, [0, 1], "two").scores(sounds)
    torch.testing.assert_close(found, (model.scores(sounds) + model.scores(sounds.roll(1, -1))) / 2)


def test_frames_are_moved_as_the_spectrogram_is(rng):
    model = load_model("drums-cnn2d")
    sounds = torch.tensor(0.1 * rng.standard_normal((2, model.spec.n_samples)).astype(np.float32))
    with torch.inference_mode():
        spectrograms = model.front_end(sounds)
        expected = sum(model.scores_of_spectrogram(spectrograms.roll(n, -1)) for n in (-2, 0, 2)) / 3
        found = AveragedModel(model, (-2, 0, 2), "frames", of_frames=True).scores(sounds)
        assert (found - AveragedModel(model, (-2, 0, 2), "samples").scores(sounds)).abs().max() > 1e-6
    torch.testing.assert_close(found, expected)


def test_what_cannot_be_averaged_is_refused(windows):
    with pytest.raises(InputError, match="needs at least one"):
        AveragedModel(opaque(), [], "none")
    with pytest.raises(InputError, match="its spectrogram is not known; give delays in ms"):
        AveragedModel(opaque(), [0, 1], "frames", of_frames=True)
    with pytest.raises(ModelError, match="has no raw answers"):
        AveragedModel(opaque(), [0], "one").respond(windows)


def test_multiply_adds_by_hand():
    layers = [nn.Unflatten(1, (1, -1)), nn.Conv1d(1, 3, 4, 2, bias=False), nn.AdaptiveAvgPool1d(1), nn.Flatten()]
    network = nn.Sequential(*layers, nn.Linear(3, 2, bias=False)).eval()
    model = as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=N_SAMPLES)
    assert count_multiply_adds(model) == 5 * 3 * 4 + 6
    assert count_multiply_adds(AveragedModel(model, range(4), "four")) == 4 * (5 * 3 * 4 + 6)
    survey = survey_network(model)
    costs = {
        kind: count_multiply_adds(ReplacedModel(model, Operation(check_kind(kind), survey), kind))
        for kind in ("polyphase", "blur3")
    }
    # Ten places in place of five; the filter takes three products for each of 3 × 5 values.
    assert costs == {"polyphase": 10 * 3 * 4 + 6, "blur3": 10 * 3 * 4 + 3 * 5 * 3 + 6}
    assert np.isnan(count_multiply_adds(opaque()))


def test_our_own_models_are_operated_on_and_their_weights_stay(rng):
    model = load_model("drums-cnn2d")
    weights = {name: tensor.clone() for name, tensor in model.module.state_dict().items()}
    survey = survey_network(model)
    assert [one.kind for one in survey.found] == ["maximum"] * 4
    assert all(one.stride == (2, 2) for one in survey.found)
    changed = ReplacedModel(model, Operation(check_kind("blur3"), survey), "blurred")
    sounds = torch.tensor(0.1 * rng.standard_normal((2, model.spec.n_samples)).astype(np.float32))
    with torch.inference_mode():
        assert (changed.scores(sounds) - model.scores(sounds)).abs().max() > 1e-4
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.module.state_dict().items())
    assert changed.fingerprint == model.fingerprint
    assert (changed.hop_samples, changed.stride_samples) == (model.hop_samples, model.stride_samples)
    assert changed.module is None


@pytest.mark.parametrize(("name", "steps"), [("ast", []), ("wav2vec2", [(5,)] + [(2,)] * 6)])
def test_encoders_of_transformers_are_met(tmp_path, monkeypatch, rng, name, steps):
    pytest.importorskip("transformers", reason="transformers is not installed")
    monkeypatch.syspath_prepend("docs/your-model")
    from transformers_folders import write

    write(tmp_path)
    sys.modules.pop("transformers_folders")
    (tmp_path / f"{name}.audioinv.toml").write_text("input_samples = 8000\n")
    model = load_model(tmp_path / name)
    survey = survey_network(model)
    assert [one.stride for one in survey.found if not one.obstacle] == steps
    if name == "ast":  # patches of 16 × 16 at steps of 10, each a token with a place of its own
        assert [one.obstacle for one in survey.found] == ["its step is larger than 8"]
        survey = survey_network(model, max_stride=10)
    sounds = torch.tensor(0.1 * rng.standard_normal((2, model.spec.n_samples)).astype(np.float32))
    for kind in ("blur3", "average", "polyphase"):
        changed = ReplacedModel(model, Operation(check_kind(kind), survey), kind)
        with torch.inference_mode():
            assert 1e-7 < (changed.scores(sounds) - model.scores(sounds)).abs().max() < 1
    assert "conv_layers.0.conv" in survey.found[0].name or name == "ast"
