"""
Two heads, one accuracy
=======================

A network that ends with a flattened map and one that ends with a global average can be about as accurate, and not
equally useful. The heat map shows every clip at every delay: how sure the model is of its first answer. A white dash
is another answer.
"""

import audioinv

drums = audioinv.read_corpus(audioinv.shipped_folder("clips") / "drums").entries
flattened = audioinv.analyze(audioinv.load_model("drums-cnn2d-flatten"), drums, time="-200:200:50ms")
averaged = audioinv.analyze(audioinv.load_model("drums-cnn2d"), drums, time="-200:200:50ms")

# %%
# The flattened map has a weight for every place.

first = flattened.plot("heatmap", axis="time")

# %%
# The average asks what there is, and not where; and it was trained with delays.

second = averaged.plot("heatmap", axis="time")

# %%
# In numbers: the share of clips that are right unshifted, and of those that are right at every delay.

for name, results in (("flatten", flattened), ("average", averaged)):
    time = results.summary["axes"]["time"]
    right, always = time["accuracy_at_zero"]["value"], time["worst_accuracy"]["value"]
    print(f"{name}: {right:.2f} unshifted, {always:.2f} everywhere")
