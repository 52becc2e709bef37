"""Certificates of whole models: the waveform, the frames and the bins, each by its own layers and on real sound."""

import numpy as np
import pytest
import torch
from torch import nn

import audioinv
from audioinv.certification import certify
from audioinv.errors import InputError
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.sound.clip import Clip

from .measure.certificates.exhaustive import true_modulus

HOP = 160


def classifier(n_frames=32, **options):
    spec = ModelSpec("toy", 16000, n_frames * HOP, ("a", "b", "c"))
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return ClassifierModel(Classifier(architecture("cnn2d-mel", spec, channels=(4, 4), **options)))


def clips(n=2, n_samples=32 * HOP):
    rng = np.random.default_rng(0)
    return [Clip(0.1 * rng.standard_normal(n_samples).astype(np.float32), 16000, name=f"noise {i}") for i in range(n)]


def module_model(module, n_samples=64):
    return as_model(module, sample_rate=8000, labels=["a", "b"], n_samples=n_samples, name="module")


def network(*, head=None):
    ring = nn.Conv1d(1, 2, 5, stride=4, padding=2, padding_mode="circular")
    return nn.Sequential(nn.Unflatten(1, (1, -1)), ring, head or nn.AdaptiveMaxPool1d(1), nn.Flatten())


def short_clip(scale=1.0):
    rng = np.random.default_rng(1)
    return Clip(scale * rng.standard_normal(400).astype(np.float32), 8000, name="burst")


def test_circular_frames_turn_whole_hops_into_frame_rolls():
    model = classifier(padding="circular", front_end_edges="circular")
    found = certify(model, clips(), passes=64)
    frames, time = found["frames"], found["time"]
    assert [certificate.verdict for certificate in (frames, time)] == ["certified", "certified"]
    assert time.derivation.modulus == HOP * frames.derivation.modulus
    assert time.confirmation.precision == "float64"
    assert time.confirmation.n_covered == 64 * 32 * HOP // time.derivation.modulus
    assert frames.confirmation.n_covered == frames.confirmation.n_delays == 32
    assert found["bins"].verdict == "refuted"
    assert (time.seconds, frames.seconds, found["bins"].seconds) == (1 / 16000, 0.01, None)


def test_silence_around_the_window_leaves_a_statement_on_frames_alone():
    model = classifier(n_frames=31, padding="circular")  # one more frame fits on the window's end
    found = certify(model, clips(), passes=8)
    assert found["time"].verdict == "refuted"
    assert "front_end (Spectrogram): pad: it pads (constant)" in found["time"].derivation.reason
    assert (found["frames"].verdict, found["frames"].confirmation.n_delays) == ("certified", 32)


def test_polyphase_network_is_certified_at_every_frame_and_no_half_frame():
    model = classifier(padding="circular", downsampling="polyphase", front_end_edges="circular")
    found = certify(model, clips(), passes=16)
    assert found["frames"].derivation.modulus == 1
    assert found["time"].derivation.modulus == HOP
    assert found["time"].confirmation.between.deviation > 1e-3


def test_bins_of_a_circular_frequency_axis():
    model = classifier(padding="circular", frequency_padding="circular", frequency_downsampling="none")
    certificate = certify(model, clips(), axes=["bins"])["bins"]
    assert (certificate.verdict, certificate.derivation.modulus) == ("certified", 1)


def test_a_derived_certificate_agrees_with_all_delays_of_the_waveform():
    model = module_model(network())
    certificate = certify(model, [short_clip()])["time"]
    sound = torch.randn(4, 64)
    assert certificate.derivation.modulus == true_modulus(lambda x: model.respond(x).double(), sound, tolerance=1e-6)


def test_a_function_of_foreign_make_is_measured_only_if_nothing_changes():
    def level(waveforms):
        return np.stack([(waveforms**2).mean(-1), np.abs(waveforms).max(-1)], -1)

    certificate = certify(as_model(level, sample_rate=8000, labels=["a", "b"], n_samples=64), [short_clip()])["time"]
    assert certificate.verdict == "measured only"
    assert certificate.derivation.reason == "numpy: values are read where they cannot be followed"
    assert certificate.confirmation.precision == "float32"


def test_a_function_of_foreign_make_is_refuted_with_clip_and_delay():
    def first_half(waveforms):
        return np.stack([(waveforms[:, :32] ** 2).mean(-1), (waveforms[:, 32:] ** 2).mean(-1)], -1)

    model = as_model(first_half, sample_rate=8000, labels=["a", "b"], n_samples=64)
    certificate = certify(model, [short_clip()])["time"]
    worst = certificate.confirmation.worst
    window = torch.from_numpy(short_clip().waveform[:64])[None]
    first, second = (model.respond(window.roll(delay, -1)) for delay in (worst.first, worst.second))
    assert certificate.verdict == "refuted"
    assert (worst.clip, worst.first) == (0, 0)
    assert (second - first).abs().max() > 0.01


class Sly(nn.Module):
    """Hides from whoever follows it that it leaks the position of loud sounds."""

    def forward(self, x):
        with torch._C.DisableTorchFunctionSubclass():
            leak = (x.abs().amax() > 20) * torch.arange(x.shape[-1], device=x.device)
        return x + leak


def test_a_derivation_that_a_number_contradicts_is_refuted():
    model = module_model(nn.Sequential(Sly(), network()))
    quiet, loud = (certify(model, [short_clip(scale)])["time"] for scale in (1.0, 30.0))
    assert quiet.derivation.modulus == loud.derivation.modulus == 4
    assert [quiet.verdict, loud.verdict] == ["certified", "refuted"]
    assert loud.confirmation.worst.second % 4 == loud.confirmation.worst.first % 4


class OnlyFloat32(nn.Module):
    def forward(self, x):
        return x @ torch.ones(x.shape[-1], 2)


@pytest.mark.parametrize(("module", "precision"), [(network(), "float64"), (OnlyFloat32(), "float32")])
def test_what_does_not_run_in_float64_is_confirmed_in_float32(module, precision):
    certificate = certify(module_model(module), [short_clip()])["time"]
    assert certificate.confirmation.precision == precision
    assert certificate.confirmation.holds


def test_the_model_itself_is_left_in_float32():
    module = network()
    certify(module_model(module), [short_clip()])
    assert module[1].weight.dtype == torch.float32


def test_without_clips_noise_and_one_shipped_clip_of_each_kind():
    found = certify(module_model(network(), 8000))
    assert found.clips[0] == "noise"
    assert sorted(name.split("/")[0] for name in found.clips[1:]) == ["digits", "drums", "instruments", "tones"]
    assert found["time"].verdict == "certified"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"axes": ["pitch"]}, "axis 'pitch' is not one of time, frames, bins"),
        ({"axes": ["bins"]}, "model module shows no spectrogram; bins cannot be certified"),
        ({"clips": [Clip(np.zeros(800, np.float32), 8000, name="hush")]}, "hush: silent"),
    ],
)
def test_errors(options, words):
    with pytest.raises(InputError, match=words):
        certify(module_model(network()), **options)


def test_it_is_public():
    assert audioinv.certify is certify
