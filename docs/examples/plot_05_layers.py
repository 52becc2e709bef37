"""
Layer by layer
==============

Which layers of a network move along with a delay, and which one makes that stay? A small network in torch, which knows
nothing of audioinv, on clips of drums.
"""

import torch
from torch import nn

import audioinv

torch.manual_seed(0)
network = nn.Sequential(
    nn.Unflatten(1, (1, -1)),
    nn.Conv1d(1, 8, 64, stride=16, padding=24, padding_mode="circular"),
    nn.ReLU(),
    nn.MaxPool1d(4),
    nn.Conv1d(8, 8, 5, padding=2, padding_mode="circular"),
    nn.ReLU(),
    nn.AdaptiveAvgPool1d(1),
    nn.Flatten(),
    nn.Linear(8, 2),
)
model = audioinv.as_model(
    network, sample_rate=16000, labels=["a", "b"], n_samples=8192, activation="softmax", name="small network"
)
drums = audioinv.read_corpus(audioinv.shipped_folder("clips") / "drums").entries[::15]

# %%
# *Moves along* is equivariance, *stays* invariance. It is not trained: this is what the structure gives.

found = audioinv.layers(model, drums)
figure = found.plot()

# %%
# The same as text, as ``audioinv layers`` prints it. A stride of 64 samples is 16 × 4; between its multiples, aliasing.

found
