"""The journal of a run: its parts, one for each unit of work that is done, in a folder that one process may write.

Conventions
-----------
That a part is there says that the unit is done (`audioinv.report.parts`). Who may write is told by
`audioinv.report.hold`. Of a folder in a store, what has to be on a disk is made on this machine's.

What is here: `Journal`, `recipes_in`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from ..errors import AudioFileError, AudioinvError, InputError
from ..nets.model import ModelSpec
from ..sound.carried_files import disk_near
from ..sound.places import on_this_disk
from ..sound.whole_files import cannot_write, names_in, read_whole, remove, write_whole
from .belongings import LOCK, PARTS, is_own, remove_own
from .hold import Hold, hold
from .parts import PartFolder
from .results import Results, write_results
from .results_folder import install_results

__all__ = ["Journal", "recipes_in"]


def recipes_in(folder: Path) -> set[str]:
    """Return the recipes of which there are parts.

    Parameters
    ----------
    folder : Path
        Of a run.

    Returns
    -------
    set of str
    """
    return {name.split("-")[1] for name in _parts_in(folder)}


def _parts_in(folder: Path) -> list[str]:
    return [name for name in names_in(folder / PARTS) if name.startswith("part-") and name.endswith(".parquet")]


class Journal:
    """A results folder in the making, held against other writers.

    Parameters
    ----------
    folder : Path
        Of the run.
    recipe : str
    specs : tuple of ModelSpec
    resume : bool, default True
        Whether parts that are there count.
    overwrite : bool, default False
        Whether those of another recipe may be thrown away.
    """

    def __init__(
        self,
        folder: Path,
        recipe: str,
        specs: Sequence[ModelSpec],
        *,
        resume: bool = True,
        overwrite: bool = False,
    ) -> None:
        self.folder = folder
        self.parts = PartFolder(folder / PARTS, recipe, tuple(specs))
        self._resume, self._overwrite = resume, overwrite
        self._hold: Hold | None = None

    def __enter__(self) -> Journal:
        try:
            if on_this_disk(self.folder):
                self.parts.folder.mkdir(parents=True, exist_ok=True)
            self._hold = hold(self.folder / LOCK)
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        with ExitStack() as undone:
            undone.callback(self._release)
            self._clear()
            undone.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _clear(self) -> None:
        """Throw away what may not be used, and refuse to throw away what somebody may want."""
        others = recipes_in(self.folder) - {self.parts.recipe}
        if others and not self._overwrite:
            raise InputError(
                f"{self.folder} holds an unfinished run of other parameters, models or versions; give another -o, or "
                "--overwrite to throw it away"
            )
        for name in names_in(self.parts.folder):
            kept = self._resume and name.startswith(f"part-{self.parts.recipe}-") and not name.endswith(".tmp")
            if not kept and (is_own(f"{PARTS}/{name}") or name.endswith(".tmp")):
                remove(self.parts.folder / name)

    def borrow(self, folders: Iterable[Path]) -> None:
        """Take over the parts of other folders, which keep them.

        Parameters
        ----------
        folders : iterable of Path
            Of runs or shards.

        Raises
        ------
        InputError
            If they cannot be read or written.
        """
        there = names_in(self.parts.folder)
        try:
            for part in (folder / PARTS / name for folder in folders for name in _parts_in(folder)):
                content = None if part.name in there else read_whole(part)
                if content is not None:
                    write_whole(self.parts.folder / part.name, content)
        except AudioFileError:  # of a store that was to be read
            raise
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def finish(self, results: Results) -> str:
        """Write the files of the results folder, and remove the parts and what of ours stood there before.

        Parameters
        ----------
        results : Results
            With no model, nothing is written: there is nothing to be read in them.

        Returns
        -------
        str
            A line for people if the parts could not be removed, which costs room and nothing else.

        Raises
        ------
        InputError
            If the folder cannot be written, or somebody took it over; the parts are kept.
        """
        near = disk_near(self.parts.folder)
        try:
            if results.responses:
                with tempfile.TemporaryDirectory(dir=near, suffix=".tmp", ignore_cleanup_errors=True) as finished:
                    write_results(results, Path(finished))
                    if self._hold is not None:
                        self._hold.make_sure()
                    install_results(Path(finished), self.folder)
        except AudioFileError:  # of a store
            raise
        except OSError as error:
            raise cannot_write(self.folder if on_this_disk(self.folder) else near, error) from error
        return self._drop_parts()

    def _drop_parts(self) -> str:
        """Remove the parts as far as that is possible: what is written is finished, whatever becomes of them.

        NFS keeps a file, and so its folder, for as long as somebody has it open, and the answers are such a file.
        """
        try:
            remove_own(self.folder, keep=names_in(self.folder) - {PARTS})
            left = ", ".join(sorted(names_in(self.parts.folder))[:1])
        except (OSError, AudioinvError) as error:
            left = getattr(error, "strerror", None) or str(error)
        return f"! {self.parts.folder} could not be removed ({left}); all is written, nothing needs it" if left else ""

    def _release(self) -> None:
        """Let go of the folder, and leave none behind in which nothing stands."""
        if self._hold is None:
            return
        self._hold.release()
        if not on_this_disk(self.folder):
            return
        for folder in (self.parts.folder, self.folder):
            with suppress(OSError):
                folder.rmdir()
