"""
Which stage makes the answer change
===================================

The layers of a model are fed exactly shifted maps in place of the real ones, one stage after the other. What becomes of
the answer says which stage to look at first.
"""

import audioinv

model = audioinv.load_model("drums-cnn2d-flatten")
drums = audioinv.read_corpus(audioinv.shipped_folder("clips") / "drums").entries[::22]
found = audioinv.budget(model, drums)

# %%
# What each stage makes of the answer; the shares add up to the whole change, and the whiskers say how little four clips
# are. The flattening counts to the layer after it, the head's dropout: under a delay, that is where to look first.

figure = found.plot()

# %%
# The same as text.

found
