"""``audioinv analyze``: shift clips, run models, write a results folder, print a summary."""

from __future__ import annotations

import shlex
import sys
import time as clock
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .options import Config, ExitCode, Json, NoProgress, Quiet, Verbose, Version, note, print_json, say
from .progress import progress

if TYPE_CHECKING:
    from ..analysis import AnalysisOptions
    from ..corpus.entries import Corpus
    from ..nets.model import Model
    from ..report.results import Results

__all__ = ["analyze"]


def analyze(
    inputs: Annotated[list[Path], typer.Argument(help="Sound files, folders, manifests.", metavar="INPUT…")],
    model: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", metavar="SPEC", help="A shipped model's name, a file or a folder; may repeat."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="RUN", help="Results folder [default: runs/INPUT].")
    ] = None,
    time: Annotated[str | None, typer.Option(metavar="A:B:STEP", help="Delays, e.g. -50:50:1ms.")] = None,
    freq: Annotated[
        str | None,
        typer.Option(metavar="A:B:STEP", help="Every component by the same hertz, e.g. -100:100:10Hz."),
    ] = None,
    pitch: Annotated[
        str | None, typer.Option(metavar="A:B:STEP", help="Every component multiplied, e.g. -2:2:0.5st.")
    ] = None,
    bins: Annotated[
        str | None, typer.Option(metavar="A:B:STEP", help="The model's spectrogram moved by bins, e.g. -4:4:1bins.")
    ] = None,
    edges: Annotated[
        str | None,
        typer.Option(metavar="zero|circular|context|noise", help="What enters at the border under a delay."),
    ] = None,
    pitch_engine: Annotated[str, typer.Option(metavar="signalsmith|resample")] = "signalsmith",
    device: Annotated[str, typer.Option("-d", "--device", metavar="auto|cpu|cuda|mps")] = "auto",
    batch_size: Annotated[int | None, typer.Option("-b", "--batch-size", min=1, help="[default: by device]")] = None,
    engine: Annotated[
        str, typer.Option(metavar="auto|batched|shared", help="How answers are computed; they are the same.")
    ] = "auto",
    verify: Annotated[
        int, typer.Option(metavar="N", min=0, help="Compute N shifts a clip and axis again, window by window.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    html: Annotated[bool, typer.Option("--html", help="Write report.html into the results folder.")] = False,
    format: Annotated[
        str | None, typer.Option("-f", "--format", metavar="csv", help="Further files in the results folder.")
    ] = None,
    allow_failures: Annotated[
        str, typer.Option(metavar="N|P%", help="How many inputs may fail before the exit code says so.")
    ] = "0",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a results folder.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Analyse the first N clips only.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Shift clips in time, frequency and pitch, run models, and say how the answers change."""
    started = clock.perf_counter()
    tolerated = _read_allowance(allow_failures)
    _check_formats(format)
    target = _choose_folder(out, inputs, overwrite)
    from ..analysis import AnalysisOptions, analyze_models
    from ..corpus.layouts import read_sources
    from ..nets.library import DEFAULT_MODEL, choose_device, load_model

    chosen = choose_device(device)
    models = [load_model(spec, device=chosen) for spec in model or [DEFAULT_MODEL]]
    options = AnalysisOptions(
        grids={"time": time, "freq": freq, "pitch": pitch, "bins": bins},
        edges=edges,
        pitch_engine=pitch_engine,
        batch_size=batch_size,
        seed=seed,
        engine=engine,
        verify=verify,
    )
    corpus = read_sources(inputs)
    entries = corpus.entries[:limit]
    if not (quiet or json) or dry_run:
        _print_plan(models, corpus, len(entries), options, chosen)
    if (verbose or dry_run) and not (quiet or json):
        _print_engines(models, len(entries), options)
    if dry_run:
        return ExitCode.DONE
    if not entries:
        return _nothing(inputs, corpus)
    ready = clock.perf_counter()
    with progress(len(entries), "analysing", shown=not (no_progress or quiet or json)) as advance:
        results = analyze_models(
            models, entries, options, on_clip=advance, provenance=_provenance(locals(), ready - started)
        )
    results = _with_skipped(results, corpus)
    if results.responses:
        _write(results, target, html=html, format=format, overwrite=overwrite)
    _report(results, target, quiet=quiet, json=json)
    failed = len(results.failures)
    return ExitCode.SOME_FAILED if failed > tolerated(len(entries) + len(corpus.failures)) else ExitCode.DONE


def _read_allowance(text: str) -> Any:
    """Return a function from the number of inputs to how many may fail."""
    number = text.removesuffix("%")
    if not number.replace(".", "", 1).isdigit():
        raise InputError(f"--allow-failures {text!r} is neither a number nor a percentage")
    amount = float(number)
    return (lambda n_inputs: n_inputs * amount / 100) if text.endswith("%") else (lambda _: amount)


def _check_formats(format: str | None) -> None:
    unknown = set((format or "csv").split(",")) - {"csv"}
    if unknown:
        raise InputError(f"--format {', '.join(sorted(unknown))} is unknown; known: csv")


def _choose_folder(out: Path | None, inputs: list[Path], overwrite: bool) -> Path:
    """Return the folder to write, checked before any work is done; a default one is never taken."""
    if out is not None:
        from ..report.results import check_free

        check_free(out, overwrite=overwrite)
        return out
    base = Path("runs") / (inputs[0].resolve().stem or "run")
    return next(
        path
        for path in (base, *(base.with_name(f"{base.name}-{n}") for n in range(2, 10_000)))
        if overwrite or not path.exists()
    )


def _print_plan(models: Sequence[Model], corpus: Corpus, n_clips: int, options: AnalysisOptions, device: str) -> None:
    from ..report.text import model_line, plan_lines

    for model in models:
        note(model_line(model, device))
    for line in plan_lines(models, corpus, n_clips, options):
        note(line)


def _print_engines(models: Sequence[Model], n_clips: int, options: AnalysisOptions) -> None:
    from ..analysis import plan_model
    from ..sweep.engines import choose_engines

    for model in models:
        for choice in choose_engines(model, plan_model(model, options), n_clips).values():
            note(f"engine  {choice.line}")


def _nothing(inputs: list[Path], corpus: Corpus) -> int:
    for failure in corpus.failures:
        note(f"! {failure.path}: {failure.reason}")
    if not all(failure.path.is_dir() for failure in corpus.failures):
        return ExitCode.SOME_FAILED
    note(f"error: no sound files in {', '.join(map(str, inputs))}; nothing to analyse")
    return ExitCode.NOTHING


def _provenance(arguments: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return what was typed, so that ``--config run.json`` does it again."""
    left_out = {"inputs", "out", "config", "version", "quiet", "verbose", "json", "no_progress", "dry_run", "overwrite"}
    typed = {
        name: value
        for name, value in arguments.items()
        if name not in left_out and isinstance(value, (str, int, float, list)) and name in analyze.__annotations__
    }
    return {"command": shlex.join(["audioinv", *sys.argv[1:]]), "options": typed, "ready_s": seconds}


def _with_skipped(results: Results, corpus: Corpus) -> Results:
    from dataclasses import replace

    from ..sweep.responses import Failure

    skipped = tuple(Failure(str(entry.path), "find", entry.reason) for entry in corpus.failures)
    return replace(results, failures=skipped + results.failures)


def _write(results: Results, target: Path, *, html: bool, format: str | None, overwrite: bool) -> None:
    results.save(target, overwrite=overwrite)
    if format:
        results.frame.drop(columns="probs").to_csv(target / "results.csv", index=False)
    if html:
        from ..report.page import write_page

        write_page(results, target / "report.html")


def _report(results: Results, target: Path, *, quiet: bool, json: bool) -> None:
    from ..report.text import summary_lines

    for failure in results.failures:
        note(f"! {failure.path}: {failure.reason}")
    if json:
        print_json(results.document)
    elif results.responses and not quiet:
        for line in summary_lines(results):
            say(line)
        others = sorted(path.name for path in target.iterdir() if path.name != "results.parquet")
        say(f"wrote {target}: results.parquet ({results.table.num_rows:,} rows), {', '.join(others)}")
        say(f"next: audioinv plot {target} curves")
