"""Who answers, and how: batches, workers, threads, engines, and shares of a run that are done apart.

Conventions
-----------
Threads are a setting of the whole process, made before any model is loaded. A share of a run is named by ``--shard``,
or by the rank that torchrun or SLURM gave this process.

What is here: `WorkFlags`, `report_share`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .command import ExitCode, note, note_failures

if TYPE_CHECKING:
    from ..sweep.responses import Failure

__all__ = ["WorkFlags", "report_share"]

_RANKS = (("RANK", "WORLD_SIZE"), ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"))  # of torchrun; of srun, not of its script


@dataclass(frozen=True)
class WorkFlags:
    """Who answers, and how."""

    batch_size: Annotated[
        str, typer.Option("-b", "--batch-size", metavar="N|auto", help="Windows at once; auto: by the largest map.")
    ] = "auto"
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", metavar="N", min=1, help="Workers at once [default: 1; all of a cluster]."),
    ] = None
    threads: Annotated[
        str, typer.Option(metavar="N|auto", help="Threads a worker computes with; auto: by the cores that are idle.")
    ] = "1"
    cluster: Annotated[str, typer.Option(metavar="local|ray", help="Where the workers are.")] = "local"
    gpus_per_worker: Annotated[
        float, typer.Option(metavar="N", min=0, help="GPUs that a worker on a cluster has for itself, e.g. 0.5.")
    ] = 0.0
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Do the I-th of N shards only; `merge` joins them.")
    ] = None
    shards: Annotated[list[Path] | None, typer.Option(hidden=True)] = None  # what `merge` joins
    engine: Annotated[
        str, typer.Option(metavar="auto|batched|shared", help="How answers are computed; they are the same.")
    ] = "auto"
    precision: Annotated[
        str,
        typer.Option(metavar="float32|bfloat16", help="Of networks; bfloat16 is faster where made for it, not exact."),
    ] = "float32"
    verify: Annotated[
        int, typer.Option(metavar="N", min=0, help="Compute N shifts a clip and axis again, window by window.")
    ] = 0

    @property
    def n_windows(self) -> int | None:
        """How many windows at once; None where it is to be chosen."""
        if self.batch_size == "auto":
            return None
        if not self.batch_size.isdecimal() or int(self.batch_size) < 1:
            raise InputError(f"--batch-size {self.batch_size!r} is neither a number of windows, 1 or more, nor auto")
        return int(self.batch_size)

    def start_early(self) -> None:
        """Have workers beside this process begin to load while it does."""
        if (self.jobs or 1) > 1 and self.cluster == "local":
            from ..sweep.spawning import start_server

            start_server()

    def use_threads(self) -> int:
        """Have this process compute with the threads that were asked for.

        Returns
        -------
        int
            How many these are.

        Raises
        ------
        InputError
            If that is no number, or more than one on a cluster, where a worker has one CPU for itself.
        """
        import torch

        from ..nets.threads import choose_threads

        text = self.threads
        if text != "auto" and (not text.isdecimal() or int(text) < 1):
            raise InputError(f"--threads {text!r} is neither a number, 1 or more, nor auto")
        if self.cluster != "local" and text != "1":
            raise InputError(
                f"--threads {text}: a worker of --cluster {self.cluster} has one CPU for itself; leave it out"
            )
        n_threads = choose_threads(self.jobs or 1) if text == "auto" else int(text)
        torch.set_num_threads(n_threads)
        return n_threads

    def choose_share(self, out: Path | None) -> tuple[tuple[int, int] | None, Path | None]:
        """Return which share of how many this is, if it is one, and the folder of it.

        Ranks that torchrun or SLURM started are given the same command, so each writes a folder below the one that was
        named.

        Parameters
        ----------
        out : Path, optional
            As typed.

        Returns
        -------
        share : (int, int) or None
            Which of how many, from 1.
        out : Path or None

        Raises
        ------
        InputError
            If there is no such share, or ranks are not told where to write.
        """
        if self.shard is not None:
            number, _, of = self.shard.partition("/")
            if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
                raise InputError(f"--shard {self.shard!r} must be I/N with I from 1 to N, e.g. 1/3")
            return (int(number), int(of)), out
        for rank, size in () if self.shards else _RANKS:
            place, n_places = os.environ.get(rank, ""), os.environ.get(size, "")
            if place.isdecimal() and n_places.isdecimal() and int(place) < int(n_places) > 1:
                share = int(place) + 1, int(n_places)
                if out is None:
                    raise InputError(f"{size}={share[1]} processes need one name for their results; give -o")
                note(f"shard {share[0]}/{share[1]}, as {rank} and {size} say")
                return share, out / f"shard-{share[0]}-of-{share[1]}"
        return None, out

    def check_alone(self, share: tuple[int, int] | None) -> None:
        """Refuse several workers, or shares, where a window slides.

        Parameters
        ----------
        share : (int, int), optional
            From `choose_share`.

        Raises
        ------
        InputError
            If there are any.
        """
        if (self.jobs or 1) > 1 or share:
            raise InputError("a window that slides is one job: leave out --jobs and --shard")


def report_share(share: tuple[int, int], target: Path, failures: Sequence[Failure], tolerated: float) -> int:
    """Say where a share is, and what becomes of it.

    Parameters
    ----------
    share : (int, int)
        Which of how many, from 1.
    target : Path
        Its folder.
    failures : sequence of Failure
    tolerated : float
        How many inputs may fail.

    Returns
    -------
    int
        Exit code.
    """
    note_failures(failures)
    note(f"shard {share[0]}/{share[1]} is in {target}; when all are done: audioinv merge SHARD… -o RUN")
    return ExitCode.SOME_FAILED if len(failures) > tolerated else ExitCode.DONE
