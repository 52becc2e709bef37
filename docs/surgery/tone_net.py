"""A network of somebody who never heard of audioinv: the four tones of Mandarin, from the waveform."""

import csv
import sys
from pathlib import Path

import soundfile
import torch
from torch import nn

LABELS = ["tone1", "tone2", "tone3", "tone4"]
N_SAMPLES = 6400  # 0.4 s at 16 kHz
WEIGHTS = Path(__file__).with_name("tone_net.pt")


class ToneNet(nn.Module):
    """Convolutions over the waveform in steps, a residual block, a maximum, and a linear layer that knows the time."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(1, 16, 64, stride=8, padding=28)
        self.pool = nn.MaxPool1d(4)
        self.first = nn.Conv1d(16, 32, 5, stride=4, padding=2)
        self.second = nn.Conv1d(32, 32, 3, padding=1)
        self.shortcut = nn.Conv1d(16, 32, 1, stride=4)
        self.last = nn.Conv1d(32, 32, 3, stride=2, padding=1)
        self.head = nn.Linear(32 * 25, len(LABELS))

    def forward(self, waveforms):
        """Return logits of shape (batch, 4) for waveforms of shape (batch, 6400)."""
        maps = self.pool(torch.relu(self.stem(waveforms[:, None])))
        maps = torch.relu(self.second(torch.relu(self.first(maps))) + self.shortcut(maps))
        return self.head(torch.relu(self.last(maps)).flatten(1))


def build():
    """Build the network with its weights, as ``module:attr`` asks for it."""
    network = ToneNet()
    network.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    network.audioinv = {
        "sample_rate": 16000,
        "input_samples": N_SAMPLES,
        "labels": LABELS,
        "activation": "softmax",
        "name": "tone-net",
    }
    return network.eval()


def read(folder, rows):
    """Return windows and labels of the clips in some rows of a manifest."""
    windows = torch.zeros(len(rows), N_SAMPLES)
    for window, row in zip(windows, rows, strict=True):
        sound = torch.from_numpy(soundfile.read(folder / row["path"], dtype="float32")[0])[:N_SAMPLES]
        window[: len(sound)] = sound
    return windows, torch.tensor([LABELS.index(row["label"]) for row in rows])


def train(folder):
    """Train on every other syllable, and write a manifest of those that were not heard."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    groups = sorted({row["group"] for row in rows})
    heard = [row for row in rows if groups.index(row["group"]) % 2]
    unheard = [row for row in rows if not groups.index(row["group"]) % 2]
    windows, labels = read(folder, heard)
    torch.manual_seed(0)
    network = ToneNet()
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(40):
        for part in torch.randperm(len(windows)).split(20):
            loss = nn.functional.cross_entropy(network(windows[part]), labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    torch.save(network.state_dict(), WEIGHTS)
    with Path("unheard.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "label", "group"))
        writer.writerows((folder / row["path"], row["label"], row["group"]) for row in unheard)
    windows, labels = read(folder, unheard)
    right = (network.eval()(windows).argmax(-1) == labels).float().mean()
    print(f"trained on {len(heard)} clips; right on {len(unheard)} others: {right:.2f}")


if __name__ == "__main__":
    train(Path(sys.argv[1]))
