"""``audioinv analyze``: shift clips, run models, write a results folder, print a summary."""

from __future__ import annotations

import os
import shlex
import sys
import time as clock
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from ..sweep.spawning import start_server
from .options import (
    Activation,
    Config,
    ExitCode,
    InputSamples,
    Json,
    Labels,
    Layout,
    NoProgress,
    Quiet,
    SampleRate,
    Split,
    Timeout,
    TrustPickle,
    Verbose,
    Version,
    load_models,
    note,
    print_json,
    read_allowance,
    read_inputs,
    said_of_models,
    say,
    say_nothing,
)
from .progress import progress
from .sliding import choose_sliding, slide_recordings
from .threads import set_threads

if TYPE_CHECKING:
    from ..analysis import AnalysisOptions
    from ..corpus.entries import Corpus
    from ..journalled_run import JournalledRun
    from ..nets.model import Model
    from ..report.results import Results
    from ..sweep.responses import Failure

__all__ = ["analyze"]


_LONG = "For long recordings"
_TEXTS = ("model", "clip", "label", "group", "pred")  # columns of the table that hold what others wrote
_RANKS = (("RANK", "WORLD_SIZE"), ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"))  # of torchrun; of srun, not of its script


def _grid(help: str) -> Any:
    return typer.Option(metavar="A:B:STEP", help=help)


def analyze(
    inputs: Annotated[
        list[Path], typer.Argument(help="Sound files, folders, manifests, archives, URLs.", metavar="INPUT…")
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "-m", "--model", metavar="SPEC", help="A shipped model's name, a file, a folder or module:attr; may repeat."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="RUN", help="Results folder, or the URL of one [default: runs/INPUT]."),
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
    stretch: Annotated[str | None, _grid("Duration without pitch, e.g. -30:30:10% longer.")] = None,
    speed: Annotated[str | None, _grid("Duration and pitch, e.g. -20:20:5% faster.")] = None,
    gain: Annotated[str | None, _grid("Level, e.g. -20:20:5dB; clip:0:20:5dB cuts off at full scale.")] = None,
    noise: Annotated[
        str | None, _grid("Signal-to-noise ratio, e.g. 0:40:5dB; pink:… or FILE:… for other noise than white.")
    ] = None,
    filter: Annotated[
        str | None, _grid("The rest turned down, e.g. telephone:0:60:10dB; low1000, high1000, band500-2000.")
    ] = None,
    reverb: Annotated[str | None, _grid("Reverberation time, e.g. 0:1:0.2s.")] = None,
    mask: Annotated[str | None, _grid("A stretch or a band hidden, e.g. 0:200:20ms or 0:4:1oct.")] = None,
    reverse: Annotated[str | None, _grid("Stretches played backwards, e.g. 0:100:10ms.")] = None,
    order: Annotated[str | None, _grid("Segments shuffled, by cuts, e.g. 0:7:1cuts.")] = None,
    polarity: Annotated[str | None, _grid("Phase turned, e.g. 180deg.")] = None,
    resolution: Annotated[
        str | None, _grid("Rate, bits or codec, e.g. 0:3:1oct, 0:12:2bit, vorbis:0:100:20%; mp3, opus.")
    ] = None,
    edges: Annotated[
        str | None,
        typer.Option(metavar="zero|circular|context|noise", help="What enters at the border under a delay."),
    ] = None,
    slide: Annotated[
        str | None,
        typer.Option(
            metavar="EVERY", help="Slide the window over a recording, e.g. 10ms, 1frame.", rich_help_panel=_LONG
        ),
    ] = None,
    events: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What sounds in it: Audacity labels or a CSV.", rich_help_panel=_LONG),
    ] = None,
    threshold: Annotated[
        float, typer.Option(metavar="SCORE", help="From which score on a window detects.", rich_help_panel=_LONG)
    ] = 0.5,
    pitch_engine: Annotated[str, typer.Option(metavar="signalsmith|resample|world")] = "signalsmith",
    layout: Layout = None,
    split: Split = None,
    sample_rate: SampleRate = None,
    labels: Labels = None,
    activation: Activation = None,
    input_samples: InputSamples = None,
    trust_pickle: TrustPickle = False,
    timeout: Timeout = None,
    device: Annotated[str, typer.Option("-d", "--device", metavar="auto|cpu|cuda|mps")] = "auto",
    batch_size: Annotated[
        str, typer.Option("-b", "--batch-size", metavar="N|auto", help="Windows at once; auto: by the largest map.")
    ] = "auto",
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", metavar="N", min=1, help="Workers at once [default: 1; all of a cluster]."),
    ] = None,
    threads: Annotated[
        str, typer.Option(metavar="N|auto", help="Threads a worker computes with; auto: by the cores that are idle.")
    ] = "1",
    cluster: Annotated[str, typer.Option(metavar="local|ray", help="Where the workers are.")] = "local",
    gpus_per_worker: Annotated[
        float, typer.Option(metavar="N", min=0, help="GPUs that a worker on a cluster has for itself, e.g. 0.5.")
    ] = 0.0,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Do the I-th of N shares only; `merge` joins them.")
    ] = None,
    shards: Annotated[list[Path] | None, typer.Option(hidden=True)] = None,  # what `merge` joins
    engine: Annotated[
        str, typer.Option(metavar="auto|batched|shared", help="How answers are computed; they are the same.")
    ] = "auto",
    precision: Annotated[
        str,
        typer.Option(metavar="float32|bfloat16", help="Of networks; bfloat16 is faster where made for it, not exact."),
    ] = "float32",
    verify: Annotated[
        int, typer.Option(metavar="N", min=0, help="Compute N shifts a clip and axis again, window by window.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    html: Annotated[bool, typer.Option("--html", help="Write report.html into the results folder.")] = False,
    format: Annotated[
        str | None, typer.Option("-f", "--format", metavar="csv,audacity", help="Further files in the results folder.")
    ] = None,
    allow_failures: Annotated[
        str, typer.Option(metavar="N|P%", help="How many inputs may fail before the exit code says so.")
    ] = "0",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a results folder.")] = False,
    no_resume: Annotated[bool, typer.Option("--no-resume", help="Do again what an interrupted run has done.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Analyse the first N clips only.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Shift clips in time, frequency and pitch, or change them otherwise, and say how the answers change."""
    started = clock.perf_counter()
    tolerated = read_allowance(allow_failures)
    formats = _read_formats(format)
    share, out = _choose_share(shard, out, joining=bool(shards))
    _check_folder(out, overwrite)
    if (jobs or 1) > 1 and cluster == "local" and not dry_run:
        start_server()
    from ..analysis import AnalysisOptions, analyze_models, plan_model
    from ..nets.library import DEFAULT_MODEL, choose_device
    from ..sound.grid import AXES

    n_threads = set_threads(threads, jobs or 1, cluster)
    chosen = choose_device(device)
    said = said_of_models(sample_rate, labels, activation, input_samples)
    models = load_models(model or [DEFAULT_MODEL], chosen, said, trust_pickle=trust_pickle, timeout=timeout)
    options = AnalysisOptions(
        grids={name: grid for name, grid in locals().items() if name in AXES},
        edges=edges,
        pitch_engine=pitch_engine,
        batch_size=_read_batch_size(batch_size),
        seed=seed,
        engine=engine,
        verify=verify,
        threads=n_threads,
        precision=precision,
    )
    corpus = read_inputs(inputs, layout, split)
    entries = corpus.entries[:limit]
    beside = {"html": html, "format csv": "csv" in formats, "precision": precision != "float32"}
    sliding = choose_sliding(models, entries, options, slide=slide, events=events, threshold=threshold, beside=beside)
    if sliding and entries:
        from ..report.results import free_folder

        _check_alone(jobs, share)
        failed = slide_recordings(
            models,
            entries,
            sliding,
            out or free_folder(_default_folder(inputs), overwrite=overwrite),
            provenance=_provenance(locals(), clock.perf_counter() - started),
            overwrite=overwrite,
            dry_run=dry_run,
            loud=not quiet,
            shown=not (no_progress or quiet or json),
            json=json,
            tracks="audacity" in formats,
        )
        for failure in corpus.failures:
            note(f"! {failure.path}: {failure.reason}")
        failed += len(corpus.failures)
        return ExitCode.SOME_FAILED if failed > tolerated(len(entries) + len(corpus.failures)) else ExitCode.DONE
    loud = not (quiet or json)
    if loud or dry_run:
        _print_plan(models, corpus, len(entries), options, chosen, detailed=loud and (verbose or dry_run))
    if dry_run:
        return ExitCode.DONE
    if not entries:
        return say_nothing(inputs, corpus)
    from ..journalled_run import JournalledRun
    from ..work_order import ModelSource

    provenance = _provenance(locals(), clock.perf_counter() - started)
    sources = tuple(ModelSource(spec, chosen, said, trust_pickle, timeout) for spec in model or [DEFAULT_MODEL])
    run = JournalledRun(
        out or _default_folder(inputs),
        fixed=out is not None,
        sources=sources,
        jobs=jobs,
        cluster=cluster,
        gpus_per_worker=gpus_per_worker,
        resume=not no_resume,
        overwrite=overwrite,
        inputs=tuple(map(str, inputs)),
        options=provenance["options"],
        shards=tuple(shards or ()),
        tell=note,
    )
    with run, _resumable(run), progress(len(entries), "analysing", shown=not (no_progress or quiet or json)) as advance:
        if share:
            plans = [(each, plan_model(each, options)) for each in models]
            lost = run.sweep_share(plans, entries, share, on_clip=advance)
            return _report_share(share, run.out, lost, tolerated(len(entries)))
        results = analyze_models(models, entries, options, on_clip=advance, provenance=provenance, sweep=run.sweep)
        results = _with_skipped(results, corpus)
        run.finish(results)
    _write_beside(results, run.out, html=html, formats=formats)
    _report(results, run.out, quiet=quiet, json=json)
    return _exit_code(results, run.out, tolerated(len(entries) + len(corpus.failures)))


def _exit_code(results: Results, target: Path, tolerated: float) -> int:
    if not results.responses:
        note(f"error: no clip could be analysed; nothing was written to {target}")
        return ExitCode.SOME_FAILED
    return ExitCode.SOME_FAILED if len(results.failures) > tolerated else ExitCode.DONE


def _check_alone(jobs: int | None, share: tuple[int, int] | None) -> None:
    if (jobs or 1) > 1 or share:
        raise InputError("a window that slides is one job: leave out --jobs and --shard")


def _read_batch_size(text: str) -> int | None:
    """Return how many windows at once; None where it is to be chosen."""
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"--batch-size {text!r} is neither a number of windows, 1 or more, nor auto")
    return int(text)


def _read_formats(text: str | None) -> frozenset[str]:
    """Return the further files that are wanted."""
    wanted = frozenset(text.split(",") if text else ())
    unknown = wanted - {"csv", "audacity"}
    if unknown:
        raise InputError(f"--format {', '.join(sorted(unknown))} is unknown; known: csv, audacity")
    return wanted


def _check_folder(out: Path | None, overwrite: bool) -> None:
    """Refuse a folder that is taken before any work is done."""
    if out is not None:
        from ..report.results import check_free
        from ..sound.whole_files import find_folder

        check_free(find_folder(out), overwrite=overwrite, resumable=True)


def _choose_share(typed: str | None, out: Path | None, *, joining: bool) -> tuple[tuple[int, int] | None, Path | None]:
    """Return which share of how many this is, if it is one, and the folder of it.

    Ranks that torchrun or SLURM started are given the same command, so each writes a folder below the one that was
    named.
    """
    if typed is not None:
        number, _, of = typed.partition("/")
        if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise InputError(f"--shard {typed!r} must be I/N with I from 1 to N, e.g. 1/3")
        return (int(number), int(of)), out
    for rank, size in () if joining else _RANKS:
        if int(os.environ.get(size, "1")) > 1 and rank in os.environ:
            share = int(os.environ[rank]) + 1, int(os.environ[size])
            if out is None:
                raise InputError(f"{size}={share[1]} processes need one name for their results; give -o")
            note(f"shard {share[0]}/{share[1]}, as {rank} and {size} say")
            return share, out / f"shard-{share[0]}-of-{share[1]}"
    return None, out


def _report_share(share: tuple[int, int], target: Path, failures: Sequence[Failure], tolerated: float) -> int:
    for failure in failures:
        note(f"! {failure.path}: {failure.reason}")
    note(f"shard {share[0]}/{share[1]} is in {target}; when all are done: audioinv merge SHARD… -o RUN")
    return ExitCode.SOME_FAILED if len(failures) > tolerated else ExitCode.DONE


def _default_folder(inputs: list[Path]) -> Path:
    return Path("runs") / (inputs[0].resolve().stem or "run")


@contextmanager
def _resumable(run: JournalledRun) -> Iterator[None]:
    """Say how to go on when somebody interrupts a run."""
    try:
        yield
    except KeyboardInterrupt:
        if run.n_done:
            again = [*sys.argv[1:], *(() if run.fixed else ("-o", str(run.out))), *_same_threads(run)]
            note(f"{run.n_done} of {run.n_units} units are kept in {run.out}; go on with:")
            note(shlex.join(["audioinv", *again]))
        raise


def _same_threads(run: JournalledRun) -> tuple[str, ...]:
    """Return what asks for the threads that were chosen: another number would give other rounding."""
    import torch

    return ("--threads", str(torch.get_num_threads())) if run.options.get("threads") == "auto" else ()


def _print_plan(
    models: Sequence[Model], corpus: Corpus, n_clips: int, options: AnalysisOptions, device: str, *, detailed: bool
) -> None:
    from ..report.text import model_line, plan_lines

    for model in models:
        note(model_line(model, device))
    for line in plan_lines(models, corpus, n_clips, options):
        note(line)
    if detailed:
        _print_engines(models, n_clips, options)


def _print_engines(models: Sequence[Model], n_clips: int, options: AnalysisOptions) -> None:
    from ..analysis import plan_model
    from ..sweep.engines import choose_engines
    from ..sweep.estimate import estimate_axis
    from ..sweep.probing import seconds_of_pass

    note(f"threads {options.threads}")
    for model in models:
        plan = plan_model(model, options)
        choices, rate = choose_engines(model, plan, n_clips), seconds_of_pass(model, plan.batch_size)
        for grid in plan.grids:
            estimate = estimate_axis(model, plan, grid, choices[grid.axis], seconds_of_pass=rate)
            note(f"engine  {choices[grid.axis].line} · {estimate.text}")


def _provenance(arguments: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return what was typed, so that ``--config run.json`` does it again."""
    left_out = {
        "inputs",
        "out",
        "config",
        "version",
        "quiet",
        "verbose",
        "json",
        "no_progress",
        "dry_run",
        "overwrite",
        "jobs",
        "cluster",
        "gpus_per_worker",
        "no_resume",
        "shard",
        "shards",
        "timeout",
        "trust_pickle",
    }
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


def _write_beside(results: Results, target: Path, *, html: bool, formats: frozenset[str]) -> None:
    """Write further files into the results folder."""
    from ..sound.carried_files import outgoing

    if results.responses and (html or formats):
        with outgoing(target) as folder:
            folder.mkdir(exist_ok=True)
            _write_files(results, folder, html=html, formats=formats)


def _write_files(results: Results, target: Path, *, html: bool, formats: frozenset[str]) -> None:
    if "csv" in formats:
        from ..corpus.cells import safe_cell

        rows = results.frame.drop(columns="probs")
        told = {name: rows[name].map(safe_cell, na_action="ignore") for name in _TEXTS if name in rows}
        rows.assign(**told).to_csv(target / "results.csv", index=False)
    if "audacity" in formats:
        from ..report.label_tracks import clip_tracks, write_tracks

        write_tracks(clip_tracks(results), target / "labels")
    if html:
        from ..report.page import write_page

        write_page(results, target / "report.html")


def _report(results: Results, target: Path, *, quiet: bool, json: bool) -> None:
    from ..report.text import summary_lines
    from ..sound.whole_files import names_in

    for failure in results.failures:
        note(f"! {failure.path}: {failure.reason}")
    if json:
        print_json(results.document)
    elif results.responses and not quiet:
        for line in summary_lines(results):
            say(line)
        others = sorted(names_in(target) - {"results.parquet"})
        say(f"wrote {target}: results.parquet ({results.n_rows:,} rows), {', '.join(others)}")
        say(f"next: audioinv plot {target} curves")
