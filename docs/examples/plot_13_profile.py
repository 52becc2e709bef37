"""
Which changes does it stand?
============================

How far can level, noise and place change before an answer does, and should it? The second is for somebody to say.
"""

import audioinv
from audioinv.corpus.listener import Expectation, ListenerFile
from audioinv.nets.library import shipped_folder
from audioinv.report.profile_figure import profile_figure

# %%
# What a listener would say is declared, never measured: here in Python, else in a ``listener.toml`` beside the clips.

wishes = {
    "-20:20:10dB": ("gain", "invariant", "a louder drum is the same drum"),
    "10:40:10dB": ("noise", "invariant", "a drum can be heard through noise"),
    "-100:100:50ms": ("time", "invariant", "when it is struck does not matter"),
    "0:7:1cuts": ("order", "change", "a drum in pieces is no drum"),
}
listener = ListenerFile(
    "which drum?",
    tuple(Expectation(audioinv.parse_grid(axis, grid), wish, why) for grid, (axis, wish, why) in wishes.items()),
)
drums = audioinv.read_corpus(shipped_folder("clips") / "drums").entries[::8]
found = audioinv.profile(audioinv.load_model("drums-cnn2d"), drums, listener=listener, references=False)
found

# %%
# A bar reaches as far as 95 % of the clips keep their answer.

figure = profile_figure(found)
