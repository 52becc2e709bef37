"""``audioinv train``: a small 1-D or 2-D classifier from labelled clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ..errors import InputError
from ..sound.whole_files import refuse_url
from .clips import Layout, say_nothing, skipped
from .command import ExitCode, command_line, note, note_failures
from .options import Manners
from .quantities import read_quantity, read_rate

if TYPE_CHECKING:
    from ..corpus.entries import Corpus
    from ..nets.adapters.export import Exported
    from ..nets.training import Epoch
    from ..nets.training_config import TrainingConfig
    from ..sound.grid import ShiftGrid
    from ..sound.spectrogram_config import Edges
    from ..trained_model import ModelOptions, TrainedModel

__all__ = ["train"]

_N_COMPARED = 64


@dataclass(frozen=True)
class NetworkFlags:
    """What network to train, and what it hears at once."""

    arch: Annotated[
        str, typer.Option(metavar="cnn1d-wave|cnn1d-mel|cnn2d-mel", help="What it hears, and along which axes.")
    ] = "cnn2d-mel"
    downsampling: Annotated[
        str,
        typer.Option(metavar="KIND", help="stride, none, polyphase or [max|average][blurN|lowpassN][-polyphase]."),
    ] = "max"
    frequency_downsampling: Annotated[
        str, typer.Option(metavar="KIND", help="The same along frequency; as along time if not given.")
    ] = ""
    head: Annotated[
        str,
        typer.Option(
            metavar="flatten|average|max|average+max|frequency-average-time-max", help="What turns maps into an answer."
        ),
    ] = "average"
    padding: Annotated[str, typer.Option(metavar="zero|circular|none", help="Of all windows, along time.")] = "zero"
    frequency_awareness: Annotated[
        str, typer.Option(metavar="none|coordinate|dynamic", help="How a 2-D convolution knows its frequency.")
    ] = "none"
    front_end_edges: Annotated[
        str, typer.Option(metavar="zero|circular", help="What a frame finds beyond the window.")
    ] = "zero"
    sample_rate: Annotated[str, typer.Option(metavar="HZ", help="That the model hears at.")] = "16000"
    window: Annotated[
        str,
        typer.Option(
            metavar="SECONDS",
            help="Length of the model's window, at most ten times that of the longest clip, or 10 s; what a clip "
            "leaves free is silence.",
        ),
    ] = "1"
    lead: Annotated[str, typer.Option(metavar="SECONDS", help="How much sooner than the clip the window opens.")] = (
        "0.25"
    )

    def options(self, name: str, training: TrainingConfig) -> ModelOptions:
        """Return what model to make.

        Parameters
        ----------
        name : str
        training : TrainingConfig

        Returns
        -------
        ModelOptions
        """
        from ..trained_model import ModelOptions

        return ModelOptions(
            name=name,
            arch=self.arch,
            head=self.head,
            padding=self.padding,
            downsampling=self.downsampling,
            frequency_downsampling=self.frequency_downsampling,
            frequency_awareness=self.frequency_awareness,
            front_end_edges=cast("Edges", self.front_end_edges),  # the configuration checks it
            sample_rate=read_rate(self.sample_rate),
            window_seconds=read_quantity("--window", self.window, "s", "1"),
            lead_seconds=read_quantity("--lead", self.lead, "s", "0.25"),
            training=training,
        )


@dataclass(frozen=True)
class TrainingFlags:
    """How long to train, and how far the sound is moved in training."""

    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="Times through the clips at most.")] = 60
    batch_size: Annotated[int, typer.Option("-b", "--batch-size", min=2, metavar="N", help="Clips at once.")] = 32
    learning_rate: Annotated[float, typer.Option(metavar="RATE", help="Peak of the schedule.")] = 2e-3
    patience: Annotated[int, typer.Option(metavar="N", min=1, help="Epochs without improvement before stopping.")] = 20
    time_jitter: Annotated[str, typer.Option(metavar="MS", help="Largest delay in training.")] = "0"
    freq_jitter: Annotated[str, typer.Option(metavar="HZ", help="Largest frequency shift in training.")] = "0"
    bin_jitter: Annotated[
        int, typer.Option(metavar="N", min=0, help="Largest shift of the spectrogram in training, in bins.")
    ] = 0
    pitch_jitter: Annotated[str, typer.Option(metavar="SEMITONES", help="Largest interval in training.")] = "0"
    gain_jitter: Annotated[str, typer.Option(metavar="DB", help="Largest change of level in training.")] = "0"
    jitter: Annotated[
        list[str] | None,
        typer.Option(metavar="AXIS=GRID", help="Further changes, e.g. noise=10:60:10dB, reverb=0:1:0.1s; may repeat."),
    ] = None
    mixup: Annotated[float, typer.Option(metavar="ALPHA", help="Parameter of mixup; 0 mixes none.")] = 0.0

    def config(self, seed: int) -> TrainingConfig:
        """Return how to train.

        Parameters
        ----------
        seed : int

        Returns
        -------
        TrainingConfig
        """
        from ..nets.training_config import TrainingConfig

        return TrainingConfig(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            patience=self.patience,
            time_jitter_seconds=read_quantity("--time-jitter", self.time_jitter, "ms", "20") / 1000,
            frequency_jitter_hz=read_quantity("--freq-jitter", self.freq_jitter, "Hz", "50"),
            bin_jitter=self.bin_jitter,
            pitch_jitter_semitones=read_quantity("--pitch-jitter", self.pitch_jitter, "st", "2"),
            gain_jitter_db=read_quantity("--gain-jitter", self.gain_jitter, "dB", "6"),
            changes=tuple(map(_read_jitter, self.jitter or ())),
            mixup=self.mixup,
            seed=seed,
        )


def train(
    data: Annotated[Path, typer.Argument(help="Labelled sounds: a folder, a manifest, an archive.", metavar="DATA")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="MODEL", help="Folder of the model.")],
    network: NetworkFlags = NetworkFlags(),
    training: TrainingFlags = TrainingFlags(),
    layout: Layout = None,
    test_fold: Annotated[
        int | None, typer.Option(metavar="N", help="Fold to test on, where the corpus has folds [default: the last].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of the split, the weights and the jitter.")] = 0,
    export: Annotated[
        str, typer.Option(metavar="onnx,pt2", help="Write the model in these formats too, and check that they agree.")
    ] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model.")] = False,
    manners: Manners = Manners(),
) -> int:
    """Train a small classifier, test it on clips kept apart, and compare it with a simple baseline."""
    refuse_url(out)
    if (out / "model.safetensors").exists() and not overwrite:
        raise InputError(f"{out} holds a model already; give another -o, or --overwrite")
    formats = tuple(filter(None, export.split(",")))
    if formats:
        from ..nets.adapters.export import check_formats

        check_formats(formats)
    from ..corpus.census import take_census
    from ..corpus.layouts import read_corpus
    from ..model_training import prepare_corpus, train_model
    from ..nets.ranks import joined_ranks

    options = network.options(out.resolve().name, training.config(seed))
    found = read_corpus(data, layout=layout)
    if not found.entries:
        return say_nothing([data], found)
    corpus = prepare_corpus(found, seed=seed, test_fold=test_fold)
    with joined_ranks() as rank:
        for line in take_census(corpus).lines() if manners.talk and not rank else ():
            note(line)
        on_epoch = _print_epoch if manners.shown and not rank else None
        model = train_model(corpus, options, on_epoch=on_epoch, command=command_line())
    if rank:
        return ExitCode.DONE
    model.save(out)
    exported = _export(model, corpus, out, formats) if formats else ()
    exports = [{**asdict(one), "path": str(one.path)} for one in exported]
    note_failures(skipped(corpus))
    manners.tell({**model.facts(), **({"exports": exports} if exports else {})}, _lines(model, out, exported))
    return ExitCode.SOME_FAILED if corpus.failures else ExitCode.DONE


def _read_jitter(text: str) -> ShiftGrid:
    from ..sound.grid import parse_grid

    axis, found, grid = text.partition("=")
    if not found:
        raise InputError(f"--jitter {text!r} is not AXIS=GRID; write it as noise=10:60:10dB")
    return parse_grid(axis, grid)


def _print_epoch(epoch: Epoch) -> None:
    note(
        f"epoch {epoch.number:>3}  train {epoch.train_loss:.3f}  valid {epoch.valid_loss:.3f}  "
        f"accuracy {epoch.valid_accuracy:.3f}"
    )


def _export(model: TrainedModel, corpus: Corpus, out: Path, formats: tuple[str, ...]) -> tuple[Exported, ...]:
    """Write other formats and compare them on clips that the model never heard."""
    from ..nets.adapters.export import export_classifier
    from ..nets.training_windows import windows_of

    classifier = model.result.classifier
    spec = classifier.config.spec
    clips = [entry.load(spec.sample_rate) for entry in corpus.part("test").entries[:_N_COMPARED]]
    return export_classifier(classifier, out, formats, windows_of(clips, spec))


def _lines(model: TrainedModel, out: Path, exported: tuple[Exported, ...]) -> Iterator[str]:
    from ..measure.cautions import of_sample
    from ..measure.summary import plain
    from ..report.text import interval, wrapped

    yield f"held-out accuracy  {interval(plain(model.accuracy), 3)}  n = {model.accuracy.n}"
    yield f"baseline on MFCC   {interval(plain(model.baseline), 3)}"
    yield f"difference         {interval(plain(model.gain), 3)}"
    for caution in of_sample(model.accuracy.n, model.accuracy.n_groups):
        yield from wrapped(f"! held-out accuracy: {caution}")
    for found in exported:
        yield f"exported {found.line}"
    files = ["model.safetensors", *(found.path.name for found in exported)]
    yield f"wrote {out}: {', '.join(files)}, metrics.csv, train.json, README.md"
