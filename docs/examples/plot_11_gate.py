"""
A gate
======

Rules on the numbers of a run, as a build would hold them against a new model.
"""

import audioinv

drums = audioinv.read_corpus(audioinv.shipped_folder("clips") / "drums").entries[::4]
before = audioinv.analyze(audioinv.load_model("drums-cnn2d"), drums, time="-100:100:20ms")
candidate = audioinv.analyze(audioinv.load_model("drums-cnn2d-flatten"), drums, time="-100:100:20ms")

# %%
# Nothing but the accuracy is looked at, and the candidate passes.

print(candidate.check({"accuracy": ">=0.5"}))

# %%
# With a rule on delays, and one against what was there before, it does not; the clips that break a rule are named.

rules = {"accuracy": ">=0.5", "time.consistency": [{"min": 0.85}, {"max_drop": 0.05}]}
print(candidate.check(rules, baseline=before))

# %%
# Which drums those are.

figure = candidate.plot("classes")
