"""Classifiers on disk: what was saved is what is loaded, and nothing else is."""

import json
import pickle

import pytest
import torch
from safetensors.torch import save_file

from audioinv.errors import CheckpointError, InputError, ModelError
from audioinv.nets.architectures import ARCHITECTURES, architecture
from audioinv.nets.classifier import Classifier, ClassifierModel, load_classifier, save_classifier
from audioinv.nets.library import choose_device, load_model, shipped_models
from audioinv.nets.model import ModelSpec, as_model

SPEC = ModelSpec("demo", 16000, 8000, ("a", "b", "c"), lead_samples=800, description="for tests")


def make(arch="cnn2d-mel", **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Classifier(architecture(arch, SPEC, **options)).eval()


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("head", ["flatten", "average", "max"])
def test_a_loaded_classifier_is_the_saved_one(tmp_path, arch, head):
    saved = make(arch, head=head, padding="circular")
    save_classifier(saved, tmp_path / "m.safetensors")
    loaded = load_classifier(tmp_path / "m.safetensors")
    assert loaded.config == saved.config
    sounds = torch.randn(3, 8000)
    with torch.inference_mode():
        assert torch.equal(loaded(sounds), saved(sounds))
    assert ClassifierModel(loaded).fingerprint == ClassifierModel(saved).fingerprint
    assert list(tmp_path.iterdir()) == [tmp_path / "m.safetensors"]


def test_the_spectrogram_path_is_the_same_network():
    model = ClassifierModel(make())
    sounds = torch.randn(2, 8000)
    with torch.inference_mode():
        torch.testing.assert_close(model.scores_of_spectrogram(model.front_end(sounds)), model.scores(sounds))
    assert model.hop_samples == 160
    assert model.stride_samples == 160 * 16
    with pytest.raises(ModelError, match="does not show its spectrogram"):
        ClassifierModel(make("cnn1d-wave")).scores_of_spectrogram(torch.zeros(1, 64, 10))


def test_scores_are_probabilities():
    scores = ClassifierModel(make()).scores(torch.randn(4, 8000))
    torch.testing.assert_close(scores.sum(-1), torch.ones(4))
    assert (scores >= 0).all()


def spoil(path, how):
    classifier = make()
    save_classifier(classifier, path)
    tensors = classifier.state_dict()
    config = json.loads(json.dumps({"format": 1, "config": {"spec": {}}}))
    if how == "bytes":
        path.write_bytes(path.read_bytes()[:-100])
    elif how == "text":
        path.write_text("not a model")
    elif how == "pickle":
        path.write_bytes(pickle.dumps({"weights": 1}))
    elif how == "bare":
        save_file(tensors, path)
    elif how == "config":
        save_file(tensors, path, metadata={"audioinv": json.dumps(config)})
    elif how == "newer":
        save_file(tensors, path, metadata={"audioinv": json.dumps({**config, "format": 99})})
    else:
        from safetensors import safe_open

        with safe_open(path, "pt") as stored:
            metadata = stored.metadata()
        del tensors["network.head.linear.bias"]
        save_file(tensors, path, metadata=metadata)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("bytes", "damaged"),
        ("text", "damaged"),
        ("pickle", "damaged"),
        ("bare", "holds no audioinv configuration"),
        ("config", "do not fit"),
        ("newer", "format 99 is newer"),
        ("missing tensor", "damaged: it changed"),
    ],
)
def test_a_file_that_is_not_ours_or_damaged_is_refused(tmp_path, how, words):
    path = tmp_path / "m.safetensors"
    spoil(path, how)
    with pytest.raises(CheckpointError, match=words):
        load_classifier(path)


def test_models_are_found_by_name_folder_and_file(tmp_path):
    save_classifier(make(), tmp_path / "mine" / "model.safetensors")
    assert load_model(tmp_path / "mine").spec.name == "mine"
    assert load_model(tmp_path / "mine" / "model.safetensors").spec.name == "mine"
    with pytest.raises(ModelError, match=r"no model 'nobody'.*shipped models"):
        load_model("nobody")
    (tmp_path / "net.h5").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"no model that audioinv reads, which are \.safetensors"):
        load_model(tmp_path / "net.h5")
    with pytest.raises(ModelError, match="device 'tpu' is not there; available: cpu"):
        choose_device("tpu")


@pytest.mark.parametrize("name", shipped_models())
def test_shipped_models_load_and_answer(name):
    model = load_model(name)
    scores = model.scores(torch.zeros(2, model.spec.n_samples))
    assert scores.shape == (2, len(model.spec.labels))


def test_a_callable_must_answer_as_declared():
    def scores(waveforms):
        return [[0.25, 0.75]] * len(waveforms)

    model = as_model(scores, sample_rate=8000, labels=["a", "b"], n_samples=10)
    assert model.scores(torch.zeros(3, 10)).tolist() == [[0.25, 0.75]] * 3
    soft = as_model(scores, sample_rate=8000, labels=["a", "b"], n_samples=10, activation="softmax")
    torch.testing.assert_close(soft.scores(torch.zeros(1, 10)), torch.tensor([[0.25, 0.75]]).softmax(-1))
    with pytest.raises(ModelError, match=r"answered in shape \(3, 2\); \(3, 3\) is needed"):
        as_model(scores, sample_rate=8000, labels=["a", "b", "c"], n_samples=10).scores(torch.zeros(3, 10))
    with pytest.raises(ModelError, match="NaN"):
        as_model(lambda x: x[:, :1] * float("nan"), sample_rate=8000, labels=["a"], n_samples=10).scores(
            torch.ones(1, 10)
        )
    with pytest.raises(InputError, match="each once"):
        as_model(scores, sample_rate=8000, labels=["a", "a"], n_samples=10)


def test_configurations_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="architecture 'rnn' is not one of"):
        architecture("rnn", SPEC)
    with pytest.raises(InputError, match="lead_samples=9000 must lie within"):
        ModelSpec("demo", 16000, 8000, ("a",), lead_samples=9000)
