"""
A first sweep
=============

Delay a few drums, move them in frequency, and ask the shipped classifier each time what it hears.
"""

import audioinv

# %%
# Every eighth of the shipped drums; none of them was trained on.

model = audioinv.load_model("drums-cnn2d")
drums = audioinv.read_corpus(audioinv.shipped_folder("clips") / "drums").entries[::8]

# %%
# A grid is written ``FIRST:LAST:STEPunit``. The results show themselves as a table, with the warnings below.

results = audioinv.analyze(model, drums, time="-200:200:20ms", freq="-100:100:50Hz")
results

# %%
# Shift by shift, with bands of 95 %. The ticks are the hop of the front end, the dotted lines the network's stride.

figure = results.plot("curves")

# %%
# Every number has its interval, and says how many clips and groups it rests on.

results.summary["axes"]["time"]["consistency"]
