"""
Hear the shifts
===============

What a frequency shift and a pitch shift do to a flute, to the ear and to its spectrogram.
"""

import audioinv

# %%
# A clip shows itself as a player.

sound = audioinv.load_clip(audioinv.shipped_folder("clips") / "instruments" / "flute" / "flute_midi60.flac")
flute = audioinv.Clip(sound.waveform, sound.sample_rate, name="flute", label="flute")
flute

# %%
# Every component 60 Hz higher: the partials are no longer multiples of a ground tone.

model = audioinv.load_model("instruments-cnn2d")
results = audioinv.analyze(model, [flute], freq="-60:60:20Hz", pitch="-4:4:1st")
results.listen(flute, freq="60Hz")

# %%
# Every component multiplied: another note, of the same instrument.

results.listen(flute, pitch="4st")

# %%
# Triangles are the partials. Before and after the frequency shift:

moved = results.plot("spectrogram", clip=flute, freq="60Hz")

# %%
# Before and after the pitch shift:

transposed = results.plot("spectrogram", clip=flute, pitch="4st")
