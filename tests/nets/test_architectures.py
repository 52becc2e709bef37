"""Named architectures: what an option changes, that a file keeps it, and what a circular model answers alike."""

import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.architectures import ARCHITECTURES, architecture
from audioinv.nets.classifier import Classifier, load_classifier, save_classifier
from audioinv.nets.model import ModelSpec

SPEC = ModelSpec("demo", 16000, 10240, ("a", "b", "c"))  # 64 hops of 160 samples
CIRCULAR = {"padding": "circular", "front_end_edges": "circular"}


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(5)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_options_replace_only_what_they_name(arch):
    plain = architecture(arch, SPEC).network
    changed = architecture(arch, SPEC, downsampling="maxblur3", head="average+max", dropout=0.0).network
    assert (changed.downsampling, changed.head, changed.dropout) == ("maxblur3", "average+max", 0.0)
    assert (changed.channels, changed.factor, changed.stem_kernel) == (plain.channels, plain.factor, plain.stem_kernel)


@pytest.mark.parametrize(
    "options",
    [
        {"downsampling": "lowpass5", "frequency_downsampling": "average"},
        {"downsampling": "polyphase", **CIRCULAR},
        {"downsampling": "none", "frequency_awareness": "coordinate"},
        {"frequency_awareness": "dynamic", "head": "frequency-average-time-max", "frequency_padding": "none"},
    ],
)
def test_a_file_keeps_every_option(tmp_path, options):
    saved = Classifier(architecture("cnn2d-mel", SPEC, channels=(4, 4, 4), **options)).eval()
    save_classifier(saved, tmp_path / "m.safetensors")
    loaded = load_classifier(tmp_path / "m.safetensors")
    assert loaded.config == saved.config
    sounds = torch.randn(2, SPEC.n_samples)
    with torch.inference_mode():
        assert torch.equal(loaded(sounds), saved(sounds))


@pytest.mark.parametrize("arch", ["cnn1d-mel", "cnn2d-mel"])
def test_a_circular_polyphase_model_answers_whole_hops_alike(arch):
    changes = {}
    for kind, options in {"polyphase": CIRCULAR, "stride": CIRCULAR, "zero edges": {"padding": "circular"}}.items():
        spec = SPEC if options is CIRCULAR else ModelSpec("demo", 16000, 10080, ("a", "b", "c"))  # 64 frames too
        config = architecture(arch, spec, downsampling="polyphase" if kind == "zero edges" else kind, **options)
        model = Classifier(config).double().eval()
        sound = torch.randn(1, spec.n_samples, dtype=torch.float64)
        with torch.inference_mode():
            changes[kind] = [
                float((model(sound.roll(160 * n, -1)) - model(sound)).abs().max()) for n in range(1, 32, 2)
            ]
            changes[f"{kind}, half a hop"] = [float((model(sound.roll(80, -1)) - model(sound)).abs().max())]
    assert max(changes.pop("polyphase")) <= 1e-12  # rounding of decibels near 40, through four convolutions
    assert min(min(found) for found in changes.values()) > 1e-4


@pytest.mark.parametrize(
    ("arch", "options", "words"),
    [
        ("cnn1d-wave", {"front_end_edges": "circular"}, "front_end_edges='circular' is for a spectrogram; cnn1d-wave"),
        ("cnn1d-mel", {"frequency_awareness": "dynamic"}, "is for 2-D networks only"),
        ("cnn2d-mel", {"downsampling": "polyphase"}, "leaves 65 values in stage 1, .* along time; 64 would do"),
        ("cnn2d-mel", {"front_end_edges": "noise"}, "edges='noise' must be one of zero, circular"),
    ],
)
def test_what_does_not_fit_is_refused(arch, options, words):
    with pytest.raises(InputError, match=words):
        architecture(arch, SPEC, **options)


def test_a_circular_front_end_needs_whole_hops():
    with pytest.raises(InputError, match="n_samples=10000 is no multiple of hop_length=160; 9920 would be"):
        architecture("cnn2d-mel", ModelSpec("demo", 16000, 10000, ("a",)), front_end_edges="circular")
