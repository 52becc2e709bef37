"""``audioinv compare``: two results folders or two profiles, or two models of one, on the same clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .command import ExitCode, note
from .options import Manners

if TYPE_CHECKING:
    from ..measure.matching import Compared
    from ..report.profile_comparison import Profiled
    from ..report.results import Results

__all__ = ["compare"]


def compare(
    runs: Annotated[list[Path], typer.Argument(help="One results folder or two.", metavar="A [B]")],
    model: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", metavar="NAME", help="Of the runs: one for both, or one each; two of one run."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of intervals and tests.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page, too.")] = None,
    manners: Manners = Manners(),
) -> int:
    """Compare two models on the same clips, paired: of analyses, or of profiles where the folders hold nothing else."""
    if len(runs) > 2:
        raise InputError(f"{len(runs)} results folders; one or two can be compared")
    from ..sound.whole_files import find_folder

    folders = (find_folder(runs[0]), find_folder(runs[-1]))
    names = _choose(model or [], len(runs))
    if not all(map(_is_profile, folders)):
        return _compare_analyses(folders, names, seed, html, manners)
    if html is not None:
        raise InputError("--html is of analyses; of two profiles there is a table only, or --json")
    return _compare_profiles(folders, names, seed, manners)


def _compare_analyses(
    folders: tuple[Path, Path],
    names: tuple[str | None, str | None],
    seed: int,
    html: Path | None,
    manners: Manners,
) -> int:
    from ..measure.comparison import compare_models
    from ..measure.summary import plain
    from ..report.comparison_text import comparison_lines
    from ..report.results import load_results

    loaded = {run: load_results(run) for run in dict.fromkeys(folders)}
    empty = [run for run, results in loaded.items() if not results.responses]
    if empty:
        note(f"error: {empty[0]} holds no analysed clip; nothing to compare")
        return ExitCode.NOTHING
    first, second = (_side(loaded[run], run, name) for run, name in zip(folders, names, strict=True))
    found = compare_models(first, second, seed=seed)
    if html is not None:
        from ..report.comparison_page import write_comparison

        write_comparison(found, first, second, html, seed=seed)
    written = [] if html is None else [f"wrote {html}"]
    manners.tell(plain(found), [*comparison_lines(found), *written])
    return ExitCode.DONE


def _is_profile(run: Path) -> bool:
    """Tell whether a folder holds a profile and no analysis."""
    return (run / "profile.json").is_file() and not (run / "summary.json").is_file()


def _compare_profiles(
    folders: tuple[Path, Path], names: tuple[str | None, str | None], seed: int, manners: Manners
) -> int:
    from ..measure.summary import plain
    from ..report.profile_comparison import compare_profiles, profile_comparison_lines

    first, second = (_profiled(run, name) for run, name in zip(folders, names, strict=True))
    found = compare_profiles(first, second, seed=seed)
    manners.tell(plain(found), profile_comparison_lines(found))
    return ExitCode.DONE


def _profiled(run: Path, name: str | None) -> Profiled:
    from ..report.profile_comparison import Profiled
    from ..report.profile_results import load_profile

    results = load_profile(run)
    names = [spec.name for spec in results.models]
    chosen = _pick(run, names if name else names[: len(names) - results.n_references], name)
    return Profiled(f"{chosen} ({run})", results, chosen)


def _pick(run: Path, known: Sequence[str], name: str | None) -> str:
    """Return the model that is meant."""
    if name is None and len(known) > 1:
        raise InputError(f"{run} holds {len(known)} models ({', '.join(known)}); choose by -m NAME")
    if name is not None and name not in known:
        raise InputError(f"{run} holds no model {name}; it holds {', '.join(known)}")
    return name or known[0]


def _choose(names: list[str], n_runs: int) -> tuple[str | None, str | None]:
    """Return which model of either side is meant; None for the only one."""
    if len(names) > 2 or (n_runs == 1 and len(names) != 2):
        raise InputError("within one results folder name two models, -m A -m B; of two folders at most one each")
    if len(names) == 2:
        return names[0], names[1]
    return (names[0], names[0]) if names else (None, None)


def _side(results: Results, run: Path, name: str | None) -> Compared:
    from ..measure.matching import Compared

    chosen = _pick(run, list(results.responses), name)
    floor = results.document["models"][chosen]["controls"].get("noise_floor") or 0.0
    return Compared(f"{chosen} ({run})", results.responses[chosen], noise_floor=floor)
