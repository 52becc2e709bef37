"""A spec that is wrong is caught with one clear line: twenty mistakes planted in the same ONNX file."""

import pytest
import torch

from audioinv.errors import AudioinvError
from audioinv.nets.adapters.declaration import Declaration
from audioinv.nets.adapters.sidecar import read_sidecar
from audioinv.nets.library import load_model

from .conftest import Bands
from .test_formats import N, save_onnx

RIGHT = {"sample_rate": 16000, "labels": ["low", "mid", "high"], "activation": "softmax"}


class Softened(Bands):
    def forward(self, waveforms):
        return super().forward(waveforms).softmax(-1)


class Squashed(Bands):
    def forward(self, waveforms):
        return super().forward(waveforms).sigmoid()


class Framewise(Bands):
    def forward(self, waveforms):
        return self.convolution(waveforms[:, None]).transpose(1, 2)


class Single(Bands):
    def forward(self, waveforms):
        return super().forward(waveforms)[:, :1]


class Broken(Bands):
    def forward(self, waveforms):
        return super().forward(waveforms) / 0 * 0


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    made = tmp_path_factory.mktemp("planted")
    for kind in (Bands, Softened, Squashed, Framewise, Single, Broken):
        save_onnx(kind().eval(), made / f"{kind.__name__.lower()}.onnx")
    return made


REFUSED = {
    "no rate": ("bands", {"sample_rate": None}, "does not say its sample rate\n.*give --sample-rate HZ"),
    "no labels": ("bands", {"labels": None}, "does not say its labels\n.*give --labels FILE"),
    "no activation": ("bands", {"activation": None}, "does not say its activation\n.*--activation softmax"),
    "rate in kilohertz": ("bands", {"sample_rate": 16}, "sample_rate=16 is no sample rate in hertz"),
    "rate as text": ("bands", {"sample_rate": "16000"}, "sample_rate='16000' must be a whole number"),
    "wrong length": ("bands", {"input_samples": 8000}, "takes windows of 1600 samples, but input_samples=8000"),
    "too few labels": ("bands", {"labels": ["a", "b"]}, "answers with 3 numbers, but 2 labels"),
    "too many labels": ("bands", {"labels": list("abcd")}, "answers with 3 numbers, but 4 labels"),
    "a label twice": ("bands", {"labels": ["a", "a", "b"]}, "needs labels, each once"),
    "unknown activation": ("bands", {"activation": "relu"}, "activation='relu' is not one of softmax, sigmoid, none"),
    "softmax on probabilities": ("softened", {}, r"probabilities already \(they sum to 1\); say --activation none"),
    "softmax over one": ("single", {"labels": ["speech"]}, "a softmax over one is always 1"),
    "frames not declared": ("framewise", {}, 'if these are frames, say how to pool them: frames = "mean" or "max"'),
    "frames that are none": ("bands", {"frames": "mean"}, r"\(4, 3\); \(4, frames, 3\) is needed"),
    "no such output": ("bands", {"output": "logits"}, "none called logits; name one"),
    "a state that is none": ("bands", {"states": {"h": "hn"}}, r"has no input h; its inputs: sound \(any, 1600\)"),
    "hop beyond the window": ("bands", {"clip_samples": 8000, "hop_samples": 2000}, "hop_samples=2000 must lie within"),
    "lead beyond the window": ("bands", {"lead_samples": 1600}, "lead_samples=1600 must lie within the window"),
    "answers no numbers": ("broken", {}, "answered with NaN or infinity"),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_mistake_that_cannot_be_meant_is_refused(files, mistake):
    name, changed, words = REFUSED[mistake]
    with pytest.raises(AudioinvError, match=words) as caught:
        load_model(files / f"{name}.onnx", said=Declaration(**{**RIGHT, **changed}))
    assert len(str(caught.value).splitlines()) <= 2


DOUBTED = {
    "sigmoid on probabilities": ("squashed", {"activation": "sigmoid"}, "lie between 0 and 1 before the sigmoid"),
    "logits taken as scores": ("bands", {"activation": "none"}, "if they are logits, say --activation"),
}


@pytest.mark.parametrize("mistake", DOUBTED)
def test_a_mistake_that_might_be_meant_is_doubted_in_one_line(files, mistake):
    name, changed, words = DOUBTED[mistake]
    (caution,) = load_model(files / f"{name}.onnx", said=Declaration(**{**RIGHT, **changed})).provenance.cautions
    assert words in caution


def test_a_rate_that_contradicts_the_file_is_doubted_in_one_line(files, tmp_path):
    (tmp_path / "bands.onnx").write_bytes((files / "bands.onnx").read_bytes())
    (tmp_path / "bands.audioinv.toml").write_text("sample_rate = 16000\n")
    assert read_sidecar(tmp_path / "bands.audioinv.toml").sample_rate == 16000
    model = load_model(tmp_path / "bands.onnx", said=Declaration(**{**RIGHT, "sample_rate": 22050}))
    assert model.provenance.cautions == ("sample_rate 22050 (flag) replaces 16000 (sidecar bands.audioinv.toml)",)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("bands", {}),
        ("bands", {"activation": "sigmoid"}),
        ("softened", {"activation": "none"}),
        ("squashed", {"activation": "none", "multi_label": True}),
        ("framewise", {"frames": "max"}),
        ("single", {"labels": ["speech"], "activation": "sigmoid"}),
    ],
)
def test_what_is_right_raises_no_doubt(files, name, changed):
    model = load_model(files / f"{name}.onnx", said=Declaration(**{**RIGHT, **changed}))
    assert model.provenance.cautions == ()
    assert model.scores(torch.zeros(2, N)).shape == (2, len(model.spec.labels))


def test_what_their_code_raises_is_said_in_one_line():
    def broken(waveforms):
        raise KeyError("no such layer")

    from audioinv.errors import ModelError
    from audioinv.nets.adapters.opened import probe
    from audioinv.nets.model import as_model

    model = as_model(broken, sample_rate=8000, labels=["a", "b"], n_samples=10)
    with pytest.raises(ModelError, match=r"model broken fails on 4 windows of 10 samples: KeyError: 'no such layer'"):
        probe(model)
