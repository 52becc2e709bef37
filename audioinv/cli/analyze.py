"""``audioinv analyze``: shift clips, run models, write a results folder, print a summary."""

from __future__ import annotations

import shlex
import sys
import time as clock
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .clips import ClipFlags, read_allowance, say_nothing, skipped
from .command import ExitCode, command_line, note, note_failures, single_values
from .grids import GridFlags
from .options import LoadFlags, Manners, load_models
from .progress import progress
from .sliding import SlidingFlags, choose_sliding, slide_recordings
from .work import WorkFlags, report_share

if TYPE_CHECKING:
    from ..analysis import AnalysisOptions
    from ..corpus.entries import Corpus, CorpusEntry
    from ..journalled_run import JournalledRun
    from ..nets.model import Model
    from ..report.results import Results
    from ..sliding_analysis import SlidingOptions
    from ..work_order import ModelSource

__all__ = ["NOT_AGAIN", "analyze"]

_FROM_THE_START = ("--no-resume", "--no_resume")
NOT_AGAIN = {
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
"""What is typed and does not make the numbers, so that ``--config run.json`` does not say it again."""


@dataclass(frozen=True, eq=False)
class _Task:
    """What is to be done, all of it read."""

    inputs: tuple[str, ...]
    sources: tuple[ModelSource, ...]
    models: Sequence[Model]
    corpus: Corpus
    entries: Sequence[CorpusEntry]
    options: AnalysisOptions
    provenance: Mapping[str, Any]
    tolerated: Callable[[int], float]
    manners: Manners

    def code(self, n_failed: int) -> int:
        """Return the exit code of so many failures."""
        n_inputs = len(self.entries) + len(self.corpus.failures)
        return ExitCode.SOME_FAILED if n_failed > self.tolerated(n_inputs) else ExitCode.DONE


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
    grids: GridFlags = GridFlags(),
    edges: Annotated[
        str | None,
        typer.Option(metavar="zero|circular|context|noise", help="What enters at the border under a delay."),
    ] = None,
    long: SlidingFlags = SlidingFlags(),
    pitch_engine: Annotated[
        str, typer.Option(metavar="signalsmith|resample|world", help="What moves the pitch.")
    ] = "signalsmith",
    which: ClipFlags = ClipFlags(),
    flags: LoadFlags = LoadFlags(),
    work: WorkFlags = WorkFlags(),
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of noise, and of intervals.")] = 0,
    html: Annotated[bool, typer.Option("--html", help="Write report.html into the results folder.")] = False,
    format: Annotated[
        str | None, typer.Option("-f", "--format", metavar="csv,audacity", help="Further files in the results folder.")
    ] = None,
    allow_failures: Annotated[
        str, typer.Option(metavar="N|P%", help="How many inputs may fail before the exit code says so.")
    ] = "0",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a results folder.")] = False,
    no_resume: Annotated[bool, typer.Option("--no-resume", help="Do again what an interrupted run has done.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    manners: Manners = Manners(),
) -> int:
    """Shift clips in time, frequency and pitch, or change them otherwise, and say how the answers change."""
    typed, started = single_values(locals()), clock.perf_counter()
    tolerated = read_allowance(allow_failures)
    formats = _read_formats(format, html=html)
    share, out = work.choose_share(out)
    _check_folder(out, overwrite)
    if not dry_run:
        work.start_early()
    from ..report.results_folder import free_folder

    options = _read_options(grids, edges, pitch_engine, seed, work)
    (sources, models), corpus = _load(flags, model), which.read(inputs)
    if not corpus.entries:
        return say_nothing(inputs, corpus)
    entries = corpus.entries[: which.limit]
    beside = {"html": html, "format csv": "csv" in formats, "precision": work.precision != "float32"}
    sliding = choose_sliding(models, entries, options, flags=long, beside=beside)
    provenance = {"command": command_line(), "options": _again(typed), "ready_s": clock.perf_counter() - started}
    task = _Task(tuple(map(str, inputs)), sources, models, corpus, entries, options, provenance, tolerated, manners)
    place = out or Path("runs") / (inputs[0].resolve().stem or "run")
    if sliding:
        work.check_alone(share)
        target = out or free_folder(place, overwrite=overwrite)
        return _slide(task, sliding, target, overwrite=overwrite, dry_run=dry_run, tracks="audacity" in formats)
    if manners.talk or dry_run:
        _print_plan(task, detailed=manners.talk and (manners.verbose or dry_run))
    if dry_run:
        return ExitCode.DONE
    run = _journal(task, place, work, fixed=out is not None, resume=not no_resume, overwrite=overwrite)
    return _sweep(task, run, share, formats)


def _load(flags: LoadFlags, names: Sequence[str] | None) -> tuple[tuple[ModelSource, ...], list[Model]]:
    """Load models, and return them with where workers find them under the same names."""
    from ..nets.library import DEFAULT_MODEL

    sources = flags.sources(names or [DEFAULT_MODEL])
    models = load_models(sources)
    return tuple(replace(source, name=model.spec.name) for source, model in zip(sources, models, strict=True)), models


def _again(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed and makes the numbers, so that ``--config run.json`` does it again."""
    return {
        name: value
        for name, value in typed.items()
        if name not in NOT_AGAIN and isinstance(value, (str, int, float, list))
    }


def _read_formats(text: str | None, *, html: bool) -> frozenset[str]:
    """Return the further files that are wanted."""
    wanted = frozenset(text.split(",") if text else ())
    unknown = wanted - {"csv", "audacity"}
    if unknown:
        raise InputError(f"--format {', '.join(sorted(unknown))} is unknown; known: csv, audacity")
    return wanted | {"html"} if html else wanted


def _read_options(
    grids: GridFlags, edges: str | None, pitch_engine: str, seed: int, work: WorkFlags
) -> AnalysisOptions:
    from ..analysis import AnalysisOptions

    return AnalysisOptions(
        grids=asdict(grids),
        edges=edges,
        pitch_engine=pitch_engine,
        batch_size=work.n_windows,
        seed=seed,
        engine=work.engine,
        verify=work.verify,
        threads=work.use_threads(),
        precision=work.precision,
    )


def _check_folder(out: Path | None, overwrite: bool) -> None:
    """Refuse a folder that is taken before any work is done."""
    if out is not None:
        from ..report.results_folder import check_free
        from ..sound.whole_files import find_folder

        check_free(find_folder(out), overwrite=overwrite, resumable=True)


def _print_plan(task: _Task, *, detailed: bool) -> None:
    from ..report.summary_text import model_line, plan_lines

    for source, model in zip(task.sources, task.models, strict=True):
        note(model_line(model, source.device))
    for line in plan_lines(task.models, replace(task.corpus, entries=tuple(task.entries)), task.options):
        note(line)
    if detailed:
        _print_engines(task.models, len(task.entries), task.options)


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


def _slide(task: _Task, options: SlidingOptions, target: Path, *, overwrite: bool, dry_run: bool, tracks: bool) -> int:
    """Slide a window over recordings."""
    n_failed = slide_recordings(
        task.models,
        task.entries,
        options,
        target,
        provenance=task.provenance,
        overwrite=overwrite,
        dry_run=dry_run,
        tracks=tracks,
        manners=task.manners,
    )
    note_failures(skipped(task.corpus))
    return task.code(n_failed + len(task.corpus.failures))


def _journal(task: _Task, place: Path, work: WorkFlags, *, fixed: bool, resume: bool, overwrite: bool) -> JournalledRun:
    """Return a run that keeps what it has done in the results folder."""
    from ..journalled_run import JournalledRun

    return JournalledRun(
        place,
        fixed=fixed,
        sources=task.sources,
        jobs=work.jobs,
        cluster=work.cluster,
        gpus_per_worker=work.gpus_per_worker,
        resume=resume,
        overwrite=overwrite,
        inputs=task.inputs,
        options=task.provenance["options"],
        shards=tuple(work.shards or ()),
        tell=note,
    )


def _sweep(task: _Task, run: JournalledRun, share: tuple[int, int] | None, formats: frozenset[str]) -> int:
    """Shift the clips, or a share of them, and write the results folder."""
    from ..analysis import analyze_models, plan_model
    from ..sweep.units import share_size

    entries, options, manners = task.entries, task.options, task.manners
    n_clips = len(entries) if share is None else share_size(entries, share)
    with run, _resumable(run), progress(n_clips, "analysing", shown=manners.shown) as advance:
        if share:
            plans = [(model, plan_model(model, options)) for model in task.models]
            lost = run.sweep_share(plans, entries, share, on_clip=advance)
            return report_share(share, run.out, lost, task.tolerated(len(entries)))
        results = analyze_models(
            task.models, entries, options, on_clip=advance, provenance=task.provenance, sweep=run.sweep
        )
        results = replace(results, failures=skipped(task.corpus) + results.failures)
        run.finish(results)
    if formats:  # what draws pages takes its time to load
        from ..report.further_files import write_further

        write_further(results, run.out, formats)
    note_failures(results.failures)
    manners.tell(results.document, _lines(results, run.out))
    if not results.responses:
        note(f"error: no clip could be analysed; nothing was written to {run.out}")
        return ExitCode.SOME_FAILED
    return task.code(len(results.failures))


@contextmanager
def _resumable(run: JournalledRun) -> Iterator[None]:
    """Say how to go on when somebody interrupts a run."""
    try:
        yield
    except KeyboardInterrupt:
        if run.n_done:
            typed = [word for word in sys.argv[1:] if word not in _FROM_THE_START]
            again = [*typed, *(() if run.fixed else ("-o", str(run.out))), *_same_threads(run)]
            note(f"{run.n_done} of {run.n_units} pieces of the work are kept in {run.out}; go on with:")
            note(shlex.join(["audioinv", *again]))
        raise


def _same_threads(run: JournalledRun) -> tuple[str, ...]:
    """Return what asks for the threads that were chosen: another number would give other rounding."""
    import torch

    return ("--threads", str(torch.get_num_threads())) if run.options.get("threads") == "auto" else ()


def _lines(results: Results, target: Path) -> Iterator[str]:
    from ..report.summary_text import summary_lines
    from ..sound.whole_files import names_in

    if results.responses:
        yield from summary_lines(results)
        others = sorted(names_in(target) - {"results.parquet"})
        yield f"wrote {target}: results.parquet ({results.n_rows:,} rows), {', '.join(others)}"
        yield f"next: audioinv plot {target} curves"
