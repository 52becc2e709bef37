"""Draw the scores of all classes over a shift: what follows the sound shows as a diagonal."""

import sys

import matplotlib.pyplot as plt
import numpy as np

import audioinv

run, axis, target = sys.argv[1:]
results = audioinv.load_results(run)
((name, responses),) = results.responses.items()
swept = responses.axes[axis]
scores = np.asarray(swept.scores, dtype=float)
answers = scores.argmax(-1)
steps = np.diff(answers, axis=1) / np.diff(swept.shifts)  # a median, so that a jump by an octave is one step of many
print(f"classes a {swept.unit}: " + ", ".join(f"{step:.2f}" for step in np.median(steps, axis=1)))

figure, panels = plt.subplots(1, len(scores), figsize=(2.6 * len(scores), 3.4), sharey=True, layout="constrained")
for panel, found, clip in zip(np.atleast_1d(panels), scores, responses.clips, strict=True):
    seen = panel.pcolormesh(swept.shifts, np.arange(found.shape[1]), found.T, vmin=0, vmax=1, cmap="magma")
    panel.set(title=clip.name.rpartition("/")[2].rpartition(".")[0], xlabel=f"{axis} shift ({swept.unit})")
    panel.set_ylim(max(answers.min() - 25, 0), answers.max() + 25)
np.atleast_1d(panels)[0].set_ylabel(f"class of {name}")
figure.colorbar(seen, label="score", shrink=0.9)
figure.savefig(target, dpi=150)
