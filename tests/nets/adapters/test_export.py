"""Our classifiers in other formats: the same scores, and what differs is refused."""

import pytest
import torch

from audioinv.errors import InputError, ModelError
from audioinv.nets.adapters import export as module
from audioinv.nets.adapters.export import export_classifier
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.library import load_model
from audioinv.nets.model import ModelSpec

from .conftest import BATCHES, real_windows

SPEC = ModelSpec("net", 16000, 4800, ("a", "b", "c"), lead_samples=480, description="words")


@pytest.fixture
def classifier():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Classifier(architecture("cnn2d-mel", SPEC)).eval()


@pytest.mark.parametrize("format", ["onnx", "pt2"])
def test_the_exported_file_carries_the_spec_and_gives_the_scores(classifier, tmp_path, format):
    if format == "onnx":
        pytest.importorskip("onnxscript")
    windows = real_windows(64, 4800)
    (found,) = export_classifier(classifier, tmp_path, [format], windows)
    assert found.path == tmp_path / f"model.{format}"
    assert found.max_difference < 1e-5
    assert (found.same_answers, found.n_windows) == (64, 64)
    assert "top-1 the same for 64 of 64 windows" in found.line
    model = load_model(found.path)
    assert model.spec == SPEC
    wanted = ClassifierModel(classifier).scores(windows)
    for batch in BATCHES:
        scores = torch.cat([model.scores(part) for part in windows.split(batch)])
        torch.testing.assert_close(scores, wanted, rtol=0, atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == [found.path.name]


def test_an_export_that_differs_is_refused(classifier, tmp_path, monkeypatch):
    write = module._write

    def spoilt(original, path):
        other = Classifier(original.config)
        other.load_state_dict({name: tensor + 0.01 for name, tensor in original.state_dict().items()})
        write(other, path)

    monkeypatch.setattr(module, "_write", spoilt)
    with pytest.raises(ModelError, match=r"export of net as pt2 failed: model.pt2: scores differ by"):
        export_classifier(classifier, tmp_path, ["pt2"], real_windows(4, 4800))


def test_an_unknown_format_is_refused(classifier, tmp_path):
    with pytest.raises(InputError, match="export format keras is not one of onnx, pt2"):
        export_classifier(classifier, tmp_path, ["keras"], real_windows(1, 4800))
