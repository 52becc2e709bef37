"""Train the networks that ship, one command each; run from the top of a checkout.

``python clips/make.py --sounds sounds/`` fetches what they are trained on. Then ``python models/make.py [NAME…]``
trains all of them, or those named, and writes ``models/NAME/``: weights, history, card. Settings were compared by
validation loss and accuracy; the test figures were printed beside them, about five settings a mel network and nine for
the waveform, so the accuracies on the cards are a little kind. For the waveform network nothing helped: no setting beat
the baseline on the test side; the one that ships has the lowest validation loss of those with this architecture.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

SHIPPED = """
The test side is what ships in `clips/`: no other clip of its groups was trained on either. `clips/README.md` says how
recordings that are nearly equal were found and dropped.
"""
DRUMS = "sounds/drums --window 1.0 --lead 0.25 --mixup 0.4"
SHORT, LONG = "--epochs 60 --patience 60", "--epochs 150 --patience 150"
JITTERED = "--time-jitter 100"
MODELS = {
    "drums-cnn2d": f"{DRUMS} {SHORT} --arch cnn2d-mel {JITTERED}",
    "drums-cnn2d-jitter": f"{DRUMS} {SHORT} --arch cnn2d-mel {JITTERED} --bin-jitter 4",
    "drums-cnn1d-mel": f"{DRUMS} {SHORT} --arch cnn1d-mel {JITTERED} --freq-jitter 40 --gain-jitter 6",
    "drums-cnn1d-wave": f"{DRUMS} {LONG} --arch cnn1d-wave {JITTERED} --freq-jitter 40 --pitch-jitter 3",
    "drums-cnn2d-flatten": f"{DRUMS} {SHORT} --arch cnn2d-mel --head flatten",
    "tones-cnn2d": "sounds/tones --arch cnn2d-mel --window 0.6 --lead 0.15 --epochs 25 --time-jitter 20 --bin-jitter 2",
    "instruments-cnn2d": "sounds/instruments --arch cnn2d-mel --window 0.8 --lead 0.1 --epochs 40 --time-jitter 20",
}


def main() -> None:
    """Train the models named on the command line, or all of them."""
    for name in sys.argv[1:] or MODELS:
        command = ["audioinv", "train", *shlex.split(MODELS[name]), "-o", f"models/{name}", "--seed", "0"]
        print(f"$ {shlex.join(command)}", flush=True)
        subprocess.run([sys.executable, "-m", *command, "--overwrite", "--no-progress"], check=True)
        with Path("models", name, "README.md").open("a", encoding="utf-8") as card:
            card.write(SHIPPED)


if __name__ == "__main__":
    main()
