"""``audioinv train``: a small 1-D or 2-D classifier from labelled clips."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ..errors import InputError
from ..sound.whole_files import refuse_url
from .options import Config, ExitCode, Json, Layout, NoProgress, Quiet, Verbose, Version, note, print_json, say

if TYPE_CHECKING:
    from ..corpus.entries import Corpus
    from ..nets.adapters.export import Exported
    from ..nets.training import Epoch
    from ..sound.grid import ShiftGrid
    from ..sound.spectrogram import Edges
    from ..trained_model import TrainedModel

__all__ = ["train"]

_N_COMPARED = 64


def train(
    data: Annotated[Path, typer.Argument(help="Labelled sounds: a folder, a manifest, an archive.", metavar="DATA")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="MODEL", help="Folder of the model.")],
    arch: Annotated[str, typer.Option(metavar="cnn1d-wave|cnn1d-mel|cnn2d-mel")] = "cnn2d-mel",
    downsampling: Annotated[
        str,
        typer.Option(metavar="KIND", help="stride, none, polyphase or [max|average][blurN|lowpassN][-polyphase]."),
    ] = "max",
    frequency_downsampling: Annotated[
        str, typer.Option(metavar="KIND", help="The same along frequency; as along time if not given.")
    ] = "",
    head: Annotated[
        str,
        typer.Option(
            metavar="flatten|average|max|average+max|frequency-average-time-max", help="What turns maps into an answer."
        ),
    ] = "average",
    padding: Annotated[str, typer.Option(metavar="zero|circular|none", help="Of all windows, along time.")] = "zero",
    frequency_awareness: Annotated[
        str, typer.Option(metavar="none|coordinate|dynamic", help="How a 2-D convolution knows its frequency.")
    ] = "none",
    front_end_edges: Annotated[
        str, typer.Option(metavar="zero|circular", help="What a frame finds beyond the window.")
    ] = "zero",
    sample_rate: Annotated[int, typer.Option(min=1000, help="In hertz.")] = 16000,
    window: Annotated[float, typer.Option(help="Length of the model's window in seconds.")] = 1.0,
    lead: Annotated[float, typer.Option(help="How much sooner than the clip the window opens, in seconds.")] = 0.25,
    epochs: Annotated[int, typer.Option(min=1)] = 60,
    batch_size: Annotated[int, typer.Option("-b", "--batch-size", min=2)] = 32,
    learning_rate: Annotated[float, typer.Option()] = 2e-3,
    patience: Annotated[int, typer.Option(min=1, help="Epochs without improvement before stopping.")] = 20,
    time_jitter: Annotated[float, typer.Option(help="Largest delay in training, in milliseconds.")] = 0.0,
    freq_jitter: Annotated[float, typer.Option(help="Largest frequency shift in training, in hertz.")] = 0.0,
    bin_jitter: Annotated[int, typer.Option(min=0, help="Largest shift of the spectrogram in training, in bins.")] = 0,
    pitch_jitter: Annotated[float, typer.Option(help="Largest interval in training, in semitones.")] = 0.0,
    gain_jitter: Annotated[float, typer.Option(help="Largest change of level in training, in decibels.")] = 0.0,
    jitter: Annotated[
        list[str] | None,
        typer.Option(metavar="AXIS=GRID", help="Further changes, e.g. noise=10:60:10dB, reverb=0:1:0.1s; may repeat."),
    ] = None,
    mixup: Annotated[float, typer.Option(help="Parameter of mixup; 0 mixes none.")] = 0.0,
    layout: Layout = None,
    test_fold: Annotated[
        int | None, typer.Option(metavar="N", help="Fold to test on, where the corpus has folds [default: the last].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    export: Annotated[
        str, typer.Option(metavar="onnx,pt2", help="Write the model in these formats too, and check that they agree.")
    ] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
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
    from ..nets.ranks import joined_ranks
    from ..nets.training import TrainingConfig
    from ..trained_model import ModelOptions, prepare_corpus, train_model

    options = ModelOptions(
        name=out.resolve().name,
        arch=arch,
        head=head,
        padding=padding,
        downsampling=downsampling,
        frequency_downsampling=frequency_downsampling,
        frequency_awareness=frequency_awareness,
        front_end_edges=cast("Edges", front_end_edges),  # the configuration checks it
        sample_rate=sample_rate,
        window_seconds=window,
        lead_seconds=lead,
        training=TrainingConfig(
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            patience=patience,
            time_jitter_seconds=time_jitter / 1000,
            frequency_jitter_hz=freq_jitter,
            bin_jitter=bin_jitter,
            pitch_jitter_semitones=pitch_jitter,
            gain_jitter_db=gain_jitter,
            changes=tuple(map(_read_jitter, jitter or ())),
            mixup=mixup,
            seed=seed,
        ),
    )
    found = read_corpus(data, layout=layout)
    if not found.entries:
        reasons = "; ".join(f"{failure.path}: {failure.reason}" for failure in found.failures[:3])
        note(f"error: no sound to train on in {data}{f' ({reasons})' if reasons else ''}")
        return ExitCode.NOTHING
    corpus = prepare_corpus(found, seed=seed, test_fold=test_fold)
    with joined_ranks() as rank:
        loud = not (quiet or json or rank)
        for line in take_census(corpus).lines() if loud else ():
            note(line)
        shown = loud and not no_progress
        command = shlex.join(["audioinv", *sys.argv[1:]])
        model = train_model(corpus, options, on_epoch=_print_epoch if shown else None, command=command)
    if rank:
        return ExitCode.DONE
    model.save(out)
    exported = _export(model, corpus, out, formats) if formats else ()
    _report(model, out, exported, quiet=quiet, json=json)
    return ExitCode.DONE


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
    from ..nets.training import windows_of

    classifier = model.result.classifier
    spec = classifier.config.spec
    clips = [entry.load(spec.sample_rate) for entry in corpus.part("test").entries[:_N_COMPARED]]
    return export_classifier(classifier, out, formats, windows_of(clips, spec))


def _report(model: TrainedModel, out: Path, exported: tuple[Exported, ...], *, quiet: bool, json: bool) -> None:
    if json:
        exports = [{**asdict(found), "path": str(found.path)} for found in exported]
        print_json({**model.facts(), **({"exports": exports} if exports else {})})
    elif not quiet:
        from ..report.text import interval

        say(f"held-out accuracy  {interval(asdict(model.accuracy), 3)}  n = {model.accuracy.n}")
        say(f"baseline on MFCC   {interval(asdict(model.baseline), 3)}")
        say(f"difference         {interval(asdict(model.gain), 3)}")
        for found in exported:
            say(f"exported {found.line}")
        files = ["model.safetensors", *(found.path.name for found in exported)]
        say(f"wrote {out}: {', '.join(files)}, metrics.csv, train.json, README.md")
