"""The benchmark of adapters compares like with like: both answer alike, and other windows are answered otherwise."""

import pytest
import torch

from benchmarks.adapters import MODELS, deviation


@pytest.mark.parametrize("name", ["Python function (NumPy)", "Python network (torch)", "torch.export", "ONNX"])
def test_adapter_and_runtime_answer_alike(name, tmp_path, rng):
    if name == "ONNX":
        pytest.importorskip("onnxscript")
    model, run = MODELS[name](tmp_path)
    windows = torch.from_numpy(rng.standard_normal((5, model.spec.n_samples), dtype="float32"))
    with torch.inference_mode():
        assert deviation(model, run, windows.split(3)) < 1e-5
        assert deviation(model, lambda given: run(0.5 * given), windows.split(3)) > 1e-2
