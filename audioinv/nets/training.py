"""One training loop, from labelled clips to a classifier, repeatable by its seed.

Conventions
-----------
Clips are at the model's sample rate. Jitter is applied anew in every epoch, that of bins to the spectrograms here, all
else to the windows (`audioinv.nets.training_windows`). Validation and the unjittered input always stand in one place.
The weights kept are those of the epoch with the lowest validation loss.

What is here: `Epoch`, `TrainingResult`, `train_classifier`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..sound.clip import Clip
from ..sound.shifts import bin_shift
from ..sound.spectrogram import Spectrogram
from .classifier import Classifier, ClassifierConfig
from .ranks import Ranks
from .threads import use_threads
from .training_config import TrainingConfig
from .training_windows import JitteredWindows, targets_of, windows_of

__all__ = ["Epoch", "TrainingResult", "train_classifier"]


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to: its number from 1, learning rate, losses and validation accuracy."""

    number: int
    learning_rate: float
    train_loss: float
    valid_loss: float
    valid_accuracy: float


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained classifier and how it came about.

    Parameters
    ----------
    classifier : Classifier
        In evaluation mode, with the weights of the best epoch.
    config : TrainingConfig
    history : tuple of Epoch
    best_epoch : int
        Number of the epoch whose weights were kept.
    seconds : float
        Wall time.
    """

    classifier: Classifier
    config: TrainingConfig
    history: tuple[Epoch, ...]
    best_epoch: int
    seconds: float


def train_classifier(
    train_clips: Sequence[Clip],
    valid_clips: Sequence[Clip],
    classifier_config: ClassifierConfig,
    config: TrainingConfig,
    *,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> TrainingResult:
    """Train a classifier; same clips, configuration and seed give the same weights on the same machine.

    Parameters
    ----------
    train_clips, valid_clips : sequence of Clip
        Labelled, at the model's sample rate; no group on both sides.
    classifier_config : ClassifierConfig
        Its `input_mean` and `input_std` are measured on the training clips.
    config : TrainingConfig
    on_epoch : callable, optional
        Called with each `Epoch`, for progress.

    Returns
    -------
    TrainingResult

    Raises
    ------
    InputError
        If there are no clips on one side, or a label is not the model's.
    """
    if not train_clips or not valid_clips:
        raise InputError(f"clips to train on: {len(train_clips)}, to validate on: {len(valid_clips)}; both are needed")
    started = time.perf_counter()
    with use_threads(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        scaled = _measure_scaling(classifier_config, windows_of(train_clips, classifier_config.spec))
        run = _Run(Classifier(scaled), train_clips, valid_clips, config)
        history, best = run.fit(on_epoch)
    return TrainingResult(run.classifier.eval(), config, history, best, time.perf_counter() - started)


def _measure_scaling(config: ClassifierConfig, windows: Tensor) -> ClassifierConfig:
    """Return the configuration with the mean and deviation of what the network will see."""
    front_end = Classifier(config).front_end
    seen = windows if front_end is None else torch.cat([front_end(part) for part in windows.split(64)])
    return replace(config, input_mean=float(seen.mean()), input_std=max(float(seen.std()), 1e-6))


class _OnSpectrograms(nn.Module):
    """A classifier from its spectrograms on, where jitter of bins comes in between."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, spectrograms: Tensor) -> Tensor:
        return self.classifier.classify_spectrograms(spectrograms)


class _Run:
    """The state of one training run."""

    def __init__(
        self, classifier: Classifier, train_clips: Sequence[Clip], valid_clips: Sequence[Clip], config: TrainingConfig
    ) -> None:
        spec = classifier.config.spec
        self.classifier, self.config = classifier, config
        self.source = JitteredWindows(train_clips, spec, config)
        self.targets = targets_of(train_clips, spec.labels)
        self.valid_windows, self.valid_targets = windows_of(valid_clips, spec), targets_of(valid_clips, spec.labels)
        self.class_weights = _class_weights(self.targets, len(spec.labels))
        self.loss = nn.CrossEntropyLoss(weight=self.class_weights)
        self.rng = np.random.default_rng(config.seed)
        self.optimizer = torch.optim.AdamW(
            classifier.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.ranks = Ranks.here()
        self.classify = self.ranks.together(_OnSpectrograms(classifier))
        self.ranks.draw_apart(config.seed)
        n_batches = math.ceil(len(self.targets) / (config.batch_size * self.ranks.size))
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, max_lr=config.learning_rate, total_steps=config.epochs * n_batches, pct_start=0.2
        )

    def fit(self, on_epoch: Callable[[Epoch], None] | None) -> tuple[tuple[Epoch, ...], int]:
        history: list[Epoch] = []
        best, kept = math.inf, {}
        best_epoch = 0
        for number in range(1, self.config.epochs + 1):
            with self.ranks.shared_norms(self.classifier):
                train_loss = self._train_once()
            valid_loss, accuracy = self._validate()
            epoch = Epoch(number, float(self.schedule.get_last_lr()[0]), train_loss, valid_loss, accuracy)
            history.append(epoch)
            if on_epoch is not None:
                on_epoch(epoch)
            if valid_loss < best:
                best, best_epoch = valid_loss, number
                kept = {name: tensor.clone() for name, tensor in self.classifier.state_dict().items()}
            elif number - best_epoch >= self.config.patience:
                break
        if not kept:
            raise InputError("training diverged: the validation loss was never a number; lower the learning rate")
        self.classifier.load_state_dict(kept)
        return tuple(history), best_epoch

    def _train_once(self) -> float:
        self.classifier.train()
        order = torch.from_numpy(self.rng.permutation(len(self.targets)))
        total = 0.0
        for chosen in order.split(self.config.batch_size * self.ranks.size):
            if len(chosen) < max(2, self.ranks.size) and len(order) > 1:
                continue  # batch norm needs two, and every rank one
            loss = self._jittered_loss(chosen)
            self.optimizer.zero_grad()
            (self.ranks.size * loss).backward()  # of which the mean over the ranks is taken
            self.optimizer.step()
            self.schedule.step()
            total += self.ranks.add(loss.detach()) * len(chosen)
        return total / len(order)

    def _jittered_loss(self, chosen: Tensor) -> Tensor:
        """Return this rank's part of the loss; every rank draws the whole batch, so that all draw the same."""
        windows, targets = self.source.draw(chosen, self.rng), self.targets[chosen]
        if not self.config.mixup:
            return self._loss(self._logits(windows), targets)
        share = float(self.rng.beta(self.config.mixup, self.config.mixup))
        partner = torch.from_numpy(self.rng.permutation(len(chosen)))
        logits = self._logits(share * windows + (1 - share) * windows[partner])
        return share * self._loss(logits, targets) + (1 - share) * self._loss(logits, targets[partner])

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        mine = self.ranks.mine(targets)
        loss: Tensor = self.loss(logits, mine)
        if self.ranks.size == 1:
            return loss
        weights = self.class_weights
        return loss * weights[mine].sum() / weights[targets].sum()

    def _logits(self, windows: Tensor) -> Tensor:
        front_end = self.classifier.front_end
        if front_end is None:
            spectrograms = self.ranks.mine(windows)[:, None]
        else:
            spectrograms = self._spectrograms(front_end, windows)
        logits: Tensor = self.classify(spectrograms)
        return logits

    @torch.no_grad()
    def _spectrograms(self, front_end: Spectrogram, windows: Tensor) -> Tensor:
        spectrograms: Tensor = front_end(self.ranks.mine(windows))
        if self.config.bin_jitter:
            bins = self.rng.integers(-self.config.bin_jitter, self.config.bin_jitter + 1, len(windows))
            spectrograms = bin_shift(spectrograms, self.ranks.mine(bins), fill=front_end.floor_db)
        return spectrograms

    def _validate(self) -> tuple[float, float]:
        self.classifier.eval()
        with torch.inference_mode():
            logits = torch.cat([self.classifier(part) for part in self.valid_windows.split(64)])
            loss = float(self.loss(logits, self.valid_targets))
        correct = (logits.argmax(-1) == self.valid_targets).float()
        return loss, float(correct.mean())


def _class_weights(targets: Tensor, n_classes: int) -> Tensor:
    """Return weights inverse to how often a class occurs; 0 for one that never does."""
    counts = torch.bincount(targets, minlength=n_classes).to(torch.float32)
    return torch.where(counts > 0, len(targets) / ((counts > 0).sum() * counts.clamp(min=1)), 0.0)
