"""Make the models that ship, the trained ones by one command each; run from the top of a checkout.

``python clips/make.py --sounds sounds/`` fetches what they are trained on. Then ``python models/make.py [NAME…]``
makes all of them, or those named, and writes ``models/NAME/``: weights, history, card. Settings were compared by
validation loss and accuracy; the test figures were printed beside them, about five settings a mel network and nine for
the waveform, so the accuracies on the cards are a little kind. For the waveform network nothing helped: no setting beat
the baseline on the test side; the one that ships has the lowest validation loss of those with this architecture.

The references have no history: they are fitted by `audioinv.nets.references` on the train side of the drums. Of them
the strength of the penalty and the number of templates were compared, by validation accuracy alone.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import torch

from audioinv.corpus.layouts import read_corpus
from audioinv.measure.cliptable import ClipTable
from audioinv.measure.statistics import estimate_mean
from audioinv.model_training import prepare_corpus
from audioinv.nets.classifier import ClassifierModel, save_classifier
from audioinv.nets.model import ModelSpec
from audioinv.nets.reference_model import ReferenceModel, save_reference
from audioinv.nets.references import fit_averaging, fit_constant, fit_matched_filter, fit_spectrum, random_model
from audioinv.nets.training_windows import targets_of, windows_of
from audioinv.sound.clip import Clip

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
REFERENCES = {
    "drums-constant": (
        fit_constant,
        "No shift of any kind changes a score, so every consistency is 1, and `audioinv analyze` warns that this says "
        "nothing.",
    ),
    "drums-random": (
        lambda _, spec: random_model(spec, seed=0),
        "Nothing: it is the architecture of `drums-cnn2d` before training (seed 0), and shows how much consistency a "
        "network has that knows nothing. Its scores hardly depend on the sound, so that very little turns its answer.",
    ),
    "drums-spectrum": (
        fit_spectrum,
        "No circular delay, of whole samples or of fractions, changes a score by more than rounding: "
        "`--edges circular` gives a consistency of 1 in time. A delay into silence keeps that only while no sound "
        "leaves the window.",
    ),
    "drums-averaging": (
        fit_averaging,
        "A circular delay by s, in whole hops of 10 ms, changes no feature by more than 2 s / T of the largest "
        "level, with T = 250 ms. So the smaller s / T is, the less the answer can change.",
    ),
    "drums-matched": (
        fit_matched_filter,
        "A circular delay by whole hops of 10 ms changes no score by more than rounding, and moves the place of the "
        "largest response (`best_lag`) by as many frames. Scores are correlations between -1 and 1.",
    ),
}


def main() -> None:
    """Make the models named on the command line, or all of them."""
    for name in sys.argv[1:] or [*MODELS, *REFERENCES]:
        if name in REFERENCES:
            make_reference(name)
        else:
            train(name)


def train(name: str) -> None:
    """Train a network by its command."""
    command = ["audioinv", "train", *shlex.split(MODELS[name]), "-o", f"models/{name}", "--seed", "0"]
    print(f"$ {shlex.join(command)}", flush=True)
    subprocess.run([sys.executable, "-m", *command, "--overwrite", "--no-progress"], check=True)
    with Path("models", name, "README.md").open("a", encoding="utf-8") as card:
        card.write(SHIPPED)


@cache
def drums(side: str) -> list[Clip]:
    """Read one side of the drums."""
    corpus = prepare_corpus(read_corpus(Path("sounds/drums")))
    return [entry.load(16000) for entry in corpus.part(side).entries]


def make_reference(name: str) -> None:
    """Fit a reference on the train side, test it and write its card."""
    torch.set_num_threads(1)
    labels = tuple(sorted({str(clip.label) for clip in drums("train")}))
    fit, promise = REFERENCES[name]
    model = fit(drums("train"), ModelSpec(name, 16000, 16000, labels, lead_samples=4000))
    folder = Path("models", name)
    if isinstance(model, ReferenceModel):
        save_reference(model, folder / "model.safetensors")
    else:
        save_classifier(model.classifier, folder / "model.safetensors")
    (folder / "README.md").write_text(card(model, promise), encoding="utf-8")
    print(f"wrote {folder}")


def card(model: ReferenceModel | ClassifierModel, promise: str) -> str:
    """Write the card of a reference in Markdown."""
    spec, clips = model.spec, drums("test")
    with torch.inference_mode():
        right = model.scores(windows_of(clips, spec)).argmax(-1) == targets_of(clips, spec.labels)
    codes = ClipTable.of(clips, spec.labels).group_codes
    found = estimate_mean(right.numpy(), codes, rng=np.random.default_rng(0))
    lines = [
        f"# {spec.name}",
        "",
        f"A reference with a known answer: {spec.description}. {len(spec.labels)} classes: {', '.join(spec.labels)}.",
        "",
        f"- **What must hold**: {promise}",
        f"- **Input**: {spec.sample_rate / 1000:g} kHz mono, a window of {spec.window_seconds:g} s that opens "
        f"{spec.lead_samples / spec.sample_rate:g} s before the clip. Nothing is normalised by the data.",
        f"- **Fitted on**: {'nothing' if isinstance(model, ClassifierModel) else of_train()}.",
        f"- **Held-out accuracy**: {found.value:.3f} [{found.low:.3f}, {found.high:.3f}], n = {found.n} clips from "
        f"{found.n_groups} groups (95 % bootstrap interval over {found.unit}s).",
        *template_lines(model),
        f"- **Command**: `python models/make.py {spec.name}`",
    ]
    return "\n".join(lines) + "\n" + SHIPPED


def of_train() -> str:
    """Say what the train side holds."""
    return f"drums; train {len(drums('train'))} clips, {len({clip.group for clip in drums('train')})} groups"


def template_lines(model: ReferenceModel | ClassifierModel) -> list[str]:
    """Say what the templates of a matched filter are."""
    if not isinstance(model, ReferenceModel) or model.reference.kind != "matched filter":
        return []
    return [
        f"- **Templates**: {len(model.reference.templates)} log-mel maps, 32 bands by 100 frames, each the average of "
        "the training clips of one class that are most alike, moved onto each other.",
    ]


if __name__ == "__main__":
    main()
