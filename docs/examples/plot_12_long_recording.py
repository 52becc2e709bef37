"""
A long recording
================

A window of a second slides over drums in a row. Is each one found, wherever the network's grid falls?
"""

import numpy as np

import audioinv

# %%
# Ten drums, with silence between, and when each begins.

GAP_SECONDS = 0.6
entries = audioinv.read_corpus(audioinv.shipped_folder("clips") / "drums").entries[::9]
sounds, events, at = [], [], GAP_SECONDS
for entry in entries:
    clip = audioinv.load_clip(entry.path)
    events.append(audioinv.Event(entry.label, at, at + clip.duration_seconds))
    sounds += [np.zeros(round(GAP_SECONDS * clip.sample_rate), np.float32), clip.waveform]
    at += GAP_SECONDS + clip.duration_seconds
recording = audioinv.Clip(np.concatenate([*sounds, sounds[0]]), clip.sample_rate, name="drums in a row")
recording

# %%
# A window every 10 ms. Detected is what scores 0.5 or more.

found = audioinv.slide(audioinv.load_model("drums-cnn2d"), recording, every="10ms", events=events)
found

# %%
# Above, the scores over time, with a tick at each event; below, what is found, and how late, by where the grid falls.

figure = found.plot()
