"""A run of a small network whose every name is markup, and all that can be found beside its answers."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.budget_analysis import budget
from audioinv.certification import certify
from audioinv.corpus.listener import Expectation, ListenerFile
from audioinv.layer_analysis import layers
from audioinv.nets.model import as_model
from audioinv.order_analysis import analyze_order
from audioinv.profile_analysis import profile
from audioinv.report.companions import find_companions
from audioinv.sound.clip import Clip
from audioinv.sound.grid import parse_grid
from audioinv.sound.synthetic import harmonic_tone

SAMPLE_RATE, N_SAMPLES = 8000, 800
NASTY = "<img src=x onerror=alert(1)>"


class Net(nn.Module):
    """Convolution, stride and global mean: known to move along, then to stay."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv1d(1, 4, 9, padding=4, padding_mode="circular")
        self.pool = nn.MaxPool1d(4)
        self.mean = nn.AdaptiveAvgPool1d(1)
        self.linear = nn.Linear(4, 2)

    def forward(self, waveforms):
        mean = self.mean(self.pool(self.convolution(waveforms[:, None]).relu()))[..., 0]
        return self.linear(mean)


def make_model(name=NASTY, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Net().eval()
    return as_model(network, sample_rate=SAMPLE_RATE, labels=["<i>a</i>", "b"], n_samples=N_SAMPLES, name=name)


def make_clips(n_clips=6):
    rng = np.random.default_rng(1)
    clips = []
    for i in range(n_clips):
        note = 0.2 * harmonic_tone(150 + 60 * i, 4, duration_seconds=0.1, sample_rate=SAMPLE_RATE)
        sound = (note + 1e-3 * rng.standard_normal(len(note))).astype(np.float32)
        clips.append(Clip(sound, SAMPLE_RATE, f"{NASTY}{i}.wav", ("<i>a</i>", "b")[i % 2], f"{i}"))
    return clips


def make_run(folder: Path):
    """Analyse, keep everything in folders, and read it again."""
    model, clips = make_model(), make_clips()
    options = AnalysisOptions({"time": "-4:4:2ms", "freq": "-50:50:50Hz"}, edges="circular", references=False)
    results = analyze_models([model], clips, options)
    wishes = (
        Expectation(parse_grid("gain", "-20:20:20dB"), "invariant"),
        Expectation(parse_grid("polarity", "180deg")),
    )
    found = {
        "layers": layers(model, clips, time="0:4:1smp"),
        "budget": budget(model, clips, time="0:4:2smp"),
        "certificates": certify(model, clips),
        "order": analyze_order(model, clips),
        "profile": profile(model, clips, listener=ListenerFile(NASTY, wishes, NASTY), references=False),
    }
    for name, one in found.items():
        one.save(folder / name)
    companions = find_companions(results, [folder / name for name in found])
    return SimpleNamespace(results=results, model=model, clips=clips, found=found, folder=folder, companions=companions)


def with_weights(results, digest):
    """The same results of a model whose weights have a hash, or none."""
    models = {name: {**about, "weights_sha256": digest} for name, about in results.run["models"].items()}
    return dataclasses.replace(results, run={**results.run, "models": models})
