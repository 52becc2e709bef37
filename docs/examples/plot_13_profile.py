"""
Which changes does it stand?
============================

How far can level, noise and place change before an answer does, and should it? The second is for somebody to say.
"""

import audioinv

# %%
# What a listener would say is declared, never measured: here in Python, else in a ``listener.toml`` beside the clips.

wishes = (
    ("gain", "-20:20:10dB", "invariant", "a louder drum is the same drum"),
    ("noise", "10:40:10dB", "invariant", "a drum can be heard through noise"),
    ("time", "-100:100:50ms", "invariant", "when it is struck does not matter"),
    ("order", "0:7:1cuts", "change", "a drum in pieces is no drum"),
)
expected = [audioinv.Expectation(audioinv.parse_grid(axis, grid), wish, why) for axis, grid, wish, why in wishes]
listener = audioinv.ListenerFile("which drum?", tuple(expected))
drums = audioinv.read_corpus(audioinv.shipped_folder("clips") / "drums").entries[::8]
found = audioinv.profile(audioinv.load_model("drums-cnn2d"), drums, listener=listener, references=False)
found

# %%
# A bar reaches as far as 95 % of the clips keep their answer.

figure = found.plot()
