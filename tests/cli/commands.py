"""Every command that has a model hear sounds, as short as it can be typed."""

LISTENER = '[[change]]\naxis = "gain"\ngrid = "0:6:6dB"\nlistener = "invariant"\n'
"""The file ``heard.toml`` of the profiles."""
QUICK = ("--no-progress", "-o", "out")
HEARING = {
    "analyze": lambda model, sounds: ("analyze", *sounds, "-m", model, "--time", "0:5:5ms", *QUICK),
    "slide": lambda model, sounds: ("analyze", *sounds, "-m", model, "--slide", "100ms", *QUICK),
    "layers": lambda model, sounds: ("layers", model, *sounds, "--time", "0:160:160smp", *QUICK),
    "budget": lambda model, sounds: ("layers", model, *sounds, "--budget", "--time", "0:160:160smp", *QUICK),
    "profile": lambda model, sounds: ("profile", model, *sounds, "--listener", "heard.toml", *QUICK),
    "pairs": lambda model, sounds: ("profile", model, *sounds, "--pair", "time=0:5:5ms,gain=0:6:6dB", *QUICK),
    "order": lambda model, sounds: ("order", model, *sounds, "--orders", "2", "-o", "out"),
    "certify": lambda model, sounds: ("certify", model, *sounds, "--axis", "time", "--passes", "4", *QUICK),
    "surgery": lambda model, sounds: (
        *("study", "surgery", *sounds, "-m", model, "--time", "0:5:5ms"),
        *("--replace", "blur3", "--average-over", "none", *QUICK),
    ),
}
"""Commands that have a model hear sounds."""
