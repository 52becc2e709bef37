"""
Prove it
========

A sweep measures some delays of some clips. A certificate holds for every sound: it is derived from the layers, and then
confirmed by number.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import audioinv

# %%
# Two networks that differ in the last pair alone: a maximum of two before a global maximum, or before a global average.


def network(head):
    torch.manual_seed(0)
    convolution = nn.Conv1d(1, 4, 9, padding=4, padding_mode="circular")
    return nn.Sequential(nn.Unflatten(1, (1, -1)), convolution, nn.ReLU(), nn.MaxPool1d(2), head, nn.Flatten())


pairs = {"maximum, then maximum": nn.AdaptiveMaxPool1d(1), "maximum, then average": nn.AdaptiveAvgPool1d(1)}
models = {
    name: audioinv.as_model(network(head), sample_rate=8000, labels=list("abcd"), n_samples=256, name=name)
    for name, head in pairs.items()
}

# %%
# The right pair: between them the two maxima see every value, and no delay changes an answer.

right, wrong = models.values()
audioinv.certify(right)

# %%
# The wrong pair: which values are averaged depends on whether the delay is even.

audioinv.certify(wrong)

# %%
# And what the answers do, to a noise that is delayed sample by sample.

sound = torch.randn(256, generator=torch.Generator().manual_seed(0))
delays = np.arange(17)
fig, ax = plt.subplots(figsize=(8.5, 3.2), layout="constrained")
for name, model in models.items():
    scores = model.scores(audioinv.time_shift(sound, delays, edges="circular"))
    ax.plot(delays, (scores - scores[0]).abs().amax(dim=1), marker="o", label=name)
ax.set(xlabel="delay, samples", ylabel="largest change of a score", xticks=delays[::2])
fig.legend(loc="outside right upper")
fig
