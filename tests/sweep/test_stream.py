"""A window slid over a recording: the answers of every window by itself, wherever tiles and blocks end."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from audioinv.errors import InputError, ModelError
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.sweep import stream
from audioinv.sweep.plan import plan_sweep
from audioinv.sweep.stream import cut_tapes, plan_sliding, slide_scores

RATE, HOP = 16000, 160
SPEC = ModelSpec("demo", RATE, 4000, ("a", "b", "c"))
PROMISED = 5e-6  # of a score, in single precision


def make_model(arch="cnn2d-mel", **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        classifier = Classifier(architecture(arch, SPEC, **options)).eval().requires_grad_(False)
        classifier.network.head.linear.weight.data *= 10  # untrained networks answer alike
        return ClassifierModel(classifier)


def settings_of(model, engine="auto", **choices):
    settings = plan_sweep(model, {"time": "0smp"}, **choices)
    return replace(settings, engine=engine)


def plan(model, n_samples, spacing=HOP, engine="auto", **choices):
    n_windows = (n_samples - model.spec.n_samples) // spacing + 1
    return plan_sliding(model, spacing, [n_windows], settings_of(model, engine, **choices))


def each_by_itself(model, sound, spacing):
    """The definition: a loop over windows."""
    starts = range(0, len(sound) - model.spec.n_samples + 1, spacing)
    with torch.inference_mode():
        return torch.cat([model.respond(sound[None, start : start + model.spec.n_samples]) for start in starts])


@pytest.fixture
def sound(rng):
    return (0.1 * rng.standard_normal(14_111)).astype(np.float32)


@pytest.fixture
def small_tiles(monkeypatch):
    monkeypatch.setattr(stream, "TILE", 24)


@pytest.mark.parametrize("spacing", [HOP, 3 * HOP, 40, 97])
@pytest.mark.parametrize(
    ("arch", "options"), [("cnn2d-mel", {}), ("cnn1d-wave", {}), ("cnn1d-mel", {"padding": "none"})]
)
def test_twelve_digits_across_tiles_in_double_precision(small_tiles, rng, arch, options, spacing):
    model = make_model(arch, **options)
    model.classifier.double()
    sound = 0.1 * rng.standard_normal(4000 + 60 * spacing + 11)  # 61 windows: two tiles and an end
    sliding = plan(model, len(sound), spacing, "shared")
    assert sliding.choice.engine == "shared"
    tapes = list(cut_tapes(np.array_split(sound, 7), sliding))
    assert len(tapes) == 3
    found = torch.cat([sliding.answers(model, torch.from_numpy(tape)) for tape in tapes])
    expected = each_by_itself(model, torch.from_numpy(sound), spacing)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12 * float(expected.abs().max()))
    assert float(expected.std(0).max()) > 1e-3 * float(expected.abs().max())  # windows do differ


@pytest.mark.parametrize("engine", ["shared", "batched", "auto"])
@pytest.mark.parametrize("n_blocks", [1, 5, 300])
def test_scores_are_those_of_every_window(small_tiles, sound, engine, n_blocks):
    model = make_model()
    sliding = plan(model, len(sound), engine=engine)
    found = np.concatenate(list(slide_scores(model, sliding, np.array_split(sound, n_blocks), "noise")))
    expected = model.scores_of(raw := each_by_itself(model, torch.from_numpy(sound), HOP), len(raw)).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=PROMISED)
    top = np.sort(expected)[:, -1] - np.sort(expected)[:, -2] > 1e-5
    assert (found.argmax(1) == expected.argmax(1))[top].all()
    assert np.ptp(expected, axis=0).max() > 100 * PROMISED


def test_control_a_halo_too_short_is_seen(small_tiles, sound):
    model = make_model()
    sliding = plan(model, len(sound), engine="shared")
    tapes = list(cut_tapes([sound], sliding))
    moved = torch.from_numpy(np.roll(tapes[1], -1))
    right, wrong = (sliding.answers(model, tape) for tape in (torch.from_numpy(tapes[1]), moved))
    assert float((right - wrong).abs().max()) > 100 * PROMISED


def test_a_foreign_function_is_batched(small_tiles, sound):
    sizes = []

    def levels(waveforms):
        sizes.append(len(waveforms))
        return np.stack([np.abs(waveforms).mean(-1), waveforms.max(-1)], -1)

    model = as_model(levels, sample_rate=RATE, labels="ab", n_samples=1000)
    sliding = plan(model, len(sound), 50, batch_size=10)
    found = np.concatenate(list(slide_scores(model, sliding, [sound], "noise")))
    windows = np.lib.stride_tricks.sliding_window_view(sound, 1000)[::50]
    np.testing.assert_array_equal(found, levels(windows))
    assert max(sizes[:-1]) == 10
    assert sliding.stride_samples is None


class Downsampled(nn.Module):
    """Somebody's network: strides of 4 · 2 · 3, then everything pooled."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(1, 4, 9, stride=4, padding=4), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 4, 3, stride=3)
        )
        self.head = nn.Linear(4, 2)

    def forward(self, waveforms):
        return self.head(self.layers(waveforms[:, None]).mean(-1))


@pytest.mark.parametrize("engine", ["auto", "shared", "batched"])
def test_the_stride_of_a_foreign_network_is_read_whatever_the_engine(sound, engine):
    torch.manual_seed(0)
    model = as_model(Downsampled(), sample_rate=RATE, labels="ab", n_samples=1200)
    assert plan(model, len(sound), 60, engine).stride_samples == 24


def test_a_pool_over_the_whole_window_is_no_stride(sound):
    pooled = nn.Sequential(nn.Unflatten(1, (1, -1)), nn.Conv1d(1, 2, 4, stride=4), nn.AvgPool1d(300), nn.Flatten())
    model = as_model(pooled, sample_rate=RATE, labels="ab", n_samples=1200)
    assert plan(model, len(sound), 60).stride_samples == 4


def test_what_is_not_confirmed_is_batched_or_refused(small_tiles, sound):
    model = make_model()
    sliding = plan(model, len(sound), engine="auto")
    shared = plan(model, len(sound), engine="shared")
    broken = replace(shared.choice, offsets=shared.choice.offsets[::-1].copy())
    wrong = replace(sliding, choice=broken)
    with pytest.warns(UserWarning, match="differs from the model itself"):
        found = np.concatenate(list(slide_scores(model, wrong, [sound], "noise")))
    expected = model.scores_of(raw := each_by_itself(model, torch.from_numpy(sound), HOP), len(raw)).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=PROMISED)
    with pytest.raises(ModelError, match="differs from the model itself"):
        list(slide_scores(model, replace(shared, choice=broken), [sound], "noise"))


@given(
    n_samples=st.integers(0, 400),
    cuts=st.lists(st.integers(0, 400), max_size=6),
    window=st.integers(1, 40),
    data=st.data(),
)
def test_tapes_hold_every_window_once(n_samples, cuts, window, data):
    spacing = data.draw(st.integers(1, window))
    n_tile = data.draw(st.integers(1, 9))
    silent = as_model(lambda x: x[:, :1], sample_rate=RATE, labels="a", n_samples=window)
    sliding = plan_sliding(silent, spacing, [n_tile], settings_of(silent))
    sound = np.arange(n_samples, dtype=np.float32)
    blocks = np.split(sound, sorted(min(cut, n_samples) for cut in cuts))
    found = []
    for tape in cut_tapes(blocks, sliding):
        rest = (len(tape) - window) % spacing
        assert rest == 0
        assert len(tape) <= sliding.n_tape
        found += [tape[at : at + window].tolist() for at in range(0, len(tape) - window + 1, spacing)]
    assert found == [sound[at : at + window].tolist() for at in range(0, n_samples - window + 1, spacing)]


@pytest.mark.parametrize("spacing", [0, 4001])
def test_no_sound_may_lie_between_windows(spacing):
    model = make_model()
    with pytest.raises(InputError, match="or sound between two windows would not be heard"):
        plan_sliding(model, spacing, [5], settings_of(model))
