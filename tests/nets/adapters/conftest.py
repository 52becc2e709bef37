"""What tests of adapters share: real clips, a small network with known answers, and other people's models."""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from audioinv.nets.library import shipped_folder
from audioinv.sound.audio import load_clip
from audioinv.sound.clip import open_window

EXAMPLES = Path(__file__).parents[3] / "docs" / "your-model"
BATCHES = (1, 7, 64)


def real_windows(n_windows, n_samples, sample_rate=16000):
    """Windows of shipped drums, one a clip, laid again from the start where there are not enough."""
    paths = sorted((shipped_folder("clips") / "drums").rglob("*.flac"))[:n_windows]
    clips = [load_clip(path, sample_rate=sample_rate) for path in paths]
    laid = np.stack([open_window(clip, n_samples, n_samples // 10).waveform for clip in clips])
    return torch.from_numpy(np.resize(laid, (n_windows, n_samples)))


class Bands(torch.nn.Module):
    """Logits for three classes: a strided convolution, a rectifier, a mean over time."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.convolution = torch.nn.Conv1d(1, 3, 64, stride=16)
        with torch.no_grad():
            self.convolution.weight.copy_(torch.randn(3, 1, 64, generator=generator))
            self.convolution.bias.copy_(torch.tensor([-0.4, 0.1, -0.2]))

    def forward(self, waveforms):
        return self.convolution(waveforms[:, None]).tanh().mean(-1) * 3


@pytest.fixture
def bands():
    return Bands().eval()


@pytest.fixture
def package():
    """Find a folder inside an installed package, or skip with the reason."""

    def find(name):
        found = find_spec(name)
        if found is None:
            pytest.skip(f"{name} is not installed; pip install --no-deps {name.replace('_', '-')}")
        return Path(found.origin).parent

    return find


@pytest.fixture
def examples(monkeypatch):
    """The folder of the files that docs/your-model.md shows, importable."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return EXAMPLES
