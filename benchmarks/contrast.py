"""Time invariance against frequency distortion: three architectures and a flatten head on the shipped drums.

Run with ``python -m benchmarks.contrast``. Every number is on `clips/drums`, which no model was trained on, with its
95 % interval over the authors of the sounds. A delay leaves a drum the same drum; the other three move its
spectrum. The last column compares, clip by clip, what survives a delay with what survives a frequency shift.
"""

from __future__ import annotations

import sys

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.corpus.layouts import read_corpus
from audioinv.nets.library import load_model, shipped_folder
from audioinv.report.results import Results
from audioinv.report.text import interval

MODELS = ("drums-cnn1d-wave", "drums-cnn1d-mel", "drums-cnn2d", "drums-cnn2d-jitter", "drums-cnn2d-flatten")
GRIDS = {"time": "-200:200:10ms", "freq": "-100:100:10Hz", "pitch": "-4:4:1st"}
BINS = "-4:4:1bins"
HEADINGS = ("model", "accuracy", "±200 ms", "worst case", "±100 Hz", "±4 semitones", "±4 mel bins", "time − frequency")


def measure() -> Results:
    """Analyse the shipped drums with every model; bins only where the model has a spectrogram."""
    clips = read_corpus(shipped_folder("clips") / "drums").entries
    models = [load_model(name) for name in MODELS]
    with_bins = [model for model in models if model.front_end is not None]
    without = [model for model in models if model.front_end is None]
    plain = analyze_models(without, clips, AnalysisOptions(GRIDS, references=False))
    rich = analyze_models(with_bins, clips, AnalysisOptions({**GRIDS, "bins": BINS}, references=False))
    both = {**plain.document["models"], **rich.document["models"]}
    document = {**rich.document, "models": {name: both[name] for name in MODELS}}
    return Results({**plain.responses, **rich.responses}, document, rich.run)


def row(name: str, results: Results) -> list[str]:
    """Return one model's cells."""
    summary = results.document["models"][name]
    axes = summary["axes"]
    kept = [interval(axes[axis]["consistency"]) if axis in axes else "–" for axis in ("time", "freq", "pitch", "bins")]
    worst = interval(axes["time"]["worst_accuracy"])
    difference = interval(summary["contrast"]["difference"]).replace("-", "−")
    return [name, interval(summary["accuracy"]), kept[0], worst, *kept[1:], difference]


def main() -> None:
    """Print the table."""
    results = measure()
    n_clips = len(results.responses[MODELS[0]].clips)
    print("| " + " | ".join(HEADINGS) + " |")
    print("|---" * len(HEADINGS) + "|")
    for name in MODELS:
        print("| " + " | ".join(row(name, results)) + " |", flush=True)
    estimate = results.document["models"][MODELS[0]]["axes"]["time"]["consistency"]
    groups, unit = estimate["n_groups"], estimate["unit"]
    print(f"\n{n_clips} clips of {groups} authors; intervals resample {unit}s.", file=sys.stderr)


if __name__ == "__main__":
    main()
