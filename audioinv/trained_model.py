"""A model that was asked for, and what came of it: options, weights, accuracy on held-out clips, and a card.

Conventions
-----------
Accuracies come with a 95 % interval over the groups of the test clips. How they come about stands in
`audioinv.model_training`.

What is here: `ModelOptions`, `TrainedModel`.
"""

from __future__ import annotations

import csv
import json
import math
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .errors import InputError
from .measure.statistics import Estimate
from .measure.summary import plain
from .nets.architectures import architecture
from .nets.classifier import ClassifierConfig, ClassifierModel, save_classifier
from .nets.library import MODEL_FILE
from .nets.model import Model, ModelSpec
from .nets.training import Epoch, TrainingResult
from .nets.training_config import TrainingConfig
from .report.model_card import model_card
from .sound.spectrogram_config import Edges
from .sweep.units import versions

__all__ = ["ModelOptions", "TrainedModel"]

_ARCHITECTURE_WORDS = {
    "cnn1d-wave": "1-D CNN on the waveform",
    "cnn1d-mel": "1-D CNN over mel bands",
    "cnn2d-mel": "2-D CNN on log-mel",
}


@dataclass(frozen=True)
class ModelOptions:
    """What model to make.

    Parameters
    ----------
    name : str
    arch : {"cnn1d-wave", "cnn1d-mel", "cnn2d-mel"}, default "cnn2d-mel"
    head, padding, downsampling, frequency_downsampling, frequency_awareness : str
        As in `audioinv.nets.network_config.NetworkConfig`.
    front_end_edges : {"zero", "circular"}, default "zero"
        What a frame of the spectrogram finds beyond the window.
    sample_rate : int, default 16000
        In hertz.
    window_seconds : float, default 1.0
        What a clip leaves free of it is silence. Training refuses a window of more than ten times the longest clip, or
        more than 10 s if that is longer: it was given in another unit.
    lead_seconds : float, default 0.25
        How much sooner than a clip the window opens, so that a delay either way does not cut its start.
    training : TrainingConfig

    Raises
    ------
    InputError
        If an option is unknown, or does not fit the architecture or the window; if delays of training are longer than
        the window.

    Examples
    --------
    >>> options = ModelOptions("mine", "cnn1d-mel", window_seconds=0.5)
    >>> options.spec(("a", "b")).n_samples, options.configuration(("a", "b")).spec.name
    (8000, 'mine')
    """

    name: str
    arch: str = "cnn2d-mel"
    head: str = "average"
    padding: str = "zero"
    downsampling: str = "max"
    frequency_downsampling: str = ""
    frequency_awareness: str = "none"
    front_end_edges: Edges = "zero"
    sample_rate: int = 16000
    window_seconds: float = 1.0
    lead_seconds: float = 0.25
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        window, lead, jitter = self.window_seconds, self.lead_seconds, self.training.time_jitter_seconds
        if not 0 < window < math.inf:
            raise InputError(f"window={window:g} s must be a number of seconds above 0, e.g. 1")
        if not 0 <= lead < window:
            raise InputError(
                f"lead={lead:g} s must lie within the window of {window:g} s; give less, e.g. {window / 4:g}"
            )
        if jitter > window:
            raise InputError(
                f"a time jitter of {1000 * jitter:g} ms moves every sound out of the window of {1000 * window:g} ms; "
                "give less"
            )
        self.configuration(("any",))  # whatever the labels, this refuses what does not fit

    def spec(self, labels: tuple[str, ...]) -> ModelSpec:
        """Return the spec of a model for these labels.

        Parameters
        ----------
        labels : tuple of str

        Returns
        -------
        ModelSpec
        """
        words = _ARCHITECTURE_WORDS.get(self.arch, self.arch)
        jitter = self.training.time_jitter_seconds
        taught = f"jittered ±{1000 * jitter:g} ms" if jitter else "trained in one place"
        return ModelSpec(
            name=self.name,
            sample_rate=self.sample_rate,
            n_samples=round(self.window_seconds * self.sample_rate),
            labels=labels,
            lead_samples=round(self.lead_seconds * self.sample_rate),
            description=f"{words}, {self._downsampling_words()}{self.head} head, {taught}",
        )

    def _downsampling_words(self) -> str:
        """Name what downsamples, where it is not the plain maximum."""
        kinds = dict.fromkeys([self.frequency_downsampling or self.downsampling, self.downsampling])
        return "" if [*kinds] == ["max"] else f"{' and '.join(kinds)} downsampling, "

    def configuration(self, labels: tuple[str, ...]) -> ClassifierConfig:
        """Return what builds the model for these labels.

        Parameters
        ----------
        labels : tuple of str

        Returns
        -------
        ClassifierConfig
        """
        return architecture(
            self.arch,
            self.spec(labels),
            front_end_edges=self.front_end_edges,
            head=self.head,
            padding=self.padding,
            downsampling=self.downsampling,
            frequency_downsampling=self.frequency_downsampling,
            frequency_awareness=self.frequency_awareness,
        )


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model, how it was made and how it did on clips that it never heard.

    Parameters
    ----------
    options : ModelOptions
    result : TrainingResult
    corpus : str
        Name of the corpus.
    counts : mapping of str to int
        Clips on each side.
    groups : mapping of str to int
        Groups on each side; none is on two.
    n_dropped : int
        Clips left out before the split because their decoded sound stands in the corpus already.
    accuracy, baseline, gain : Estimate
        On the test clips: of the model, of the baseline, and their paired difference.
    confusion : mapping of str to Counter
        Answers by true label.
    command : str
        What was typed.

    Examples
    --------
    >>> import tempfile
    >>> from dataclasses import replace
    >>> import audioinv
    >>> tones = audioinv.read_corpus(audioinv.shipped_folder("clips") / "tones")
    >>> few = replace(tones, entries=tones.entries[::10])
    >>> options = ModelOptions("toys", "cnn1d-mel", window_seconds=0.5, training=TrainingConfig(epochs=2, batch_size=4))
    >>> trained: TrainedModel = audioinv.train(few, options)
    >>> trained.model.spec.labels, sum(trained.facts()["counts"].values())
    (('tone1', 'tone2', 'tone3', 'tone4'), 40)
    >>> audioinv.load_model(trained.save(Path(tempfile.mkdtemp()) / "toys")).spec.name
    'toys'
    """

    options: ModelOptions
    result: TrainingResult
    corpus: str
    counts: Mapping[str, int]
    groups: Mapping[str, int]
    n_dropped: int
    accuracy: Estimate
    baseline: Estimate
    gain: Estimate
    confusion: Mapping[str, Counter[str]]
    command: str = ""

    @property
    def model(self) -> Model:
        """The model itself, as `load_model` would load it from where it is saved."""
        return ClassifierModel(self.result.classifier)

    def facts(self) -> dict[str, Any]:
        """Return the content of ``train.json``.

        Returns
        -------
        dict
            Plain JSON data; ``None`` for what is undefined.
        """
        return {
            "options": asdict(self.options),
            "corpus": self.corpus,
            "counts": dict(self.counts),
            "groups": dict(self.groups),
            "n_dropped": self.n_dropped,
            "best_epoch": self.result.best_epoch,
            "accuracy": plain(self.accuracy),
            "baseline": plain(self.baseline),
            "gain": plain(self.gain),
            "command": self.command,
            "versions": versions(),
        }

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the weights, the history of training, what was found, and the card.

        Parameters
        ----------
        folder : str or path

        Returns
        -------
        Path
        """
        target = Path(folder)
        save_classifier(self.result.classifier, target / MODEL_FILE)
        _write_history(target / "metrics.csv", self.result.history)
        facts = json.dumps(self.facts(), indent=2, sort_keys=True)
        (target / "train.json").write_text(facts + "\n", encoding="utf-8")
        (target / "README.md").write_text(model_card(self), encoding="utf-8")
        return target


def _write_history(path: Path, history: tuple[Epoch, ...]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*asdict(history[0])])
        writer.writeheader()
        writer.writerows({name: _short(value) for name, value in asdict(epoch).items()} for epoch in history)


def _short(value: float) -> float | str:
    return f"{value:.6g}" if isinstance(value, float) else value
