"""Units of work: some clips of a corpus that are done together, and the name by which what came of them is known.

Conventions
-----------
A unit is one clip, or a block of neighbours in a large corpus, heard by all models: shifted sounds are made once for
all of them, and a clip that fails for one fails for all. How a corpus is cut depends on the corpus alone, so that it is
cut the same by any number of workers. A unit's name is a hash of the content of its sounds and of all that is said of
them; what is done to them has a name of its own, the recipe.

What is here: `Unit`, `cut_units`, `share_of`, `share_size`, `name_of`, `recipe_of`, `versions`.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..corpus.entries import CorpusEntry
from ..errors import InputError
from ..nets.model import Model
from ..sound.clip import Clip
from ..sound.places import at_hand
from .attempt import source_name
from .engines import EngineChoice
from .plan import SweepPlan

__all__ = ["Unit", "cut_units", "name_of", "recipe_of", "share_of", "share_size", "versions"]

MAX_UNITS = 2000
"""Parts of a results folder at most: what one folder and one reading at the end stand easily."""
TOGETHER, FEW = 4, 125
"""Clips in a unit that spread what a part costs, and how many units there are to be before clips are put together."""
_LIBRARIES = ("audioinv", "torch", "numpy", "scipy", "librosa", "soundfile", "soxr", "python-stretch", "pyarrow")
_EXTRAS = ("onnxruntime", "transformers", "ai-edge-litert", "pyworld", "pyworld-prebuilt")  # said only where they are
_NOT_OF_THE_ANSWERS = ("engine", "verify")  # of a plan: "auto" stands for what it chose, and checks change nothing


@dataclass(frozen=True, eq=False)
class Unit:
    """Some clips that are done together.

    Parameters
    ----------
    place : int
        In the order of the corpus, from 0.
    sources : tuple of Clip or CorpusEntry
    """

    place: int
    sources: tuple[Clip | CorpusEntry, ...]

    @property
    def clips(self) -> tuple[str, ...]:
        """What the clips are called."""
        return tuple(map(source_name, self.sources))


def cut_units(clips: Sequence[Clip | CorpusEntry], n_units: int = MAX_UNITS) -> list[Unit]:
    """Cut a corpus into units.

    Parameters
    ----------
    clips : sequence of Clip or CorpusEntry
    n_units : int, default 2000
        At most.

    Returns
    -------
    list of Unit
        In the order of the corpus.

    Examples
    --------
    >>> corpus = [CorpusEntry(Path(f"{i}.wav")) for i in range(5)]
    >>> [len(unit.sources) for unit in cut_units(corpus)], [len(unit.sources) for unit in cut_units(corpus, 3)]
    ([1, 1, 1, 1, 1], [2, 2, 1])
    """
    size = max(-(-len(clips) // n_units), min(TOGETHER, -(-len(clips) // FEW)))
    return [Unit(place, tuple(clips[at : at + size])) for place, at in enumerate(range(0, len(clips), size or 1))]


def share_of(units: Sequence[Unit], share: tuple[int, int]) -> Sequence[Unit]:
    """Return the units of a share.

    Parameters
    ----------
    units : sequence of Unit
        Of the whole corpus.
    share : (int, int)
        Which of how many, from 1.

    Returns
    -------
    sequence of Unit
        Every N-th, so that what is slow in a corpus, often neighbours, is dealt out.
    """
    number, n_shares = share
    return units[number - 1 :: n_shares]


def share_size(clips: Sequence[Clip | CorpusEntry], share: tuple[int, int]) -> int:
    """Count the clips of a share.

    Parameters
    ----------
    clips : sequence of Clip or CorpusEntry
        Of the whole corpus.
    share : (int, int)
        Which of how many, from 1.

    Returns
    -------
    int

    Examples
    --------
    >>> corpus = [CorpusEntry(Path(f"{i}.wav")) for i in range(500)]
    >>> [share_size(corpus, (number, 3)) for number in (1, 2, 3)]
    [168, 168, 164]
    """
    return sum(len(unit.sources) for unit in share_of(cut_units(clips), share))


def recipe_of(
    models: Sequence[tuple[Model, SweepPlan]],
    engines: Sequence[Mapping[str, EngineChoice]],
    versions: Mapping[str, str],
) -> str:
    """Return a hash of all that makes a clip's rows, except the clip.

    Batches and engines belong to it: they give the same answers up to rounding only, and a run that is taken up again
    has to give the same bytes.

    Parameters
    ----------
    models : sequence of (Model, SweepPlan)
        In the order of the results.
    engines : sequence of mapping of axis to EngineChoice
        As chosen, one for each model.
    versions : mapping of str to str
        Of audioinv and the libraries that make the numbers.

    Returns
    -------
    str
    """
    made = [
        [asdict(model.spec), model.fingerprint, model.device.type, _plan_facts(plan), _engine_facts(chosen)]
        for (model, plan), chosen in zip(models, engines, strict=True)
    ]
    return _digest([made, dict(versions)])


def versions() -> dict[str, str]:
    """Return the versions that a result depends on.

    Returns
    -------
    dict of str to str
        Of Python and the libraries that make the numbers.
    """
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    for name in _EXTRAS:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _plan_facts(plan: SweepPlan) -> list[Any]:
    facts = {name: value for name, value in asdict(plan).items() if name not in _NOT_OF_THE_ANSWERS}
    recordings = [_content(Path(grid.variant)) for grid in plan.grids if grid.variant and Path(grid.variant).is_file()]
    return [facts, recordings]


def _engine_facts(chosen: Mapping[str, EngineChoice]) -> list[Any]:
    return [[axis, choice.engine, len(choice.plans)] for axis, choice in chosen.items()]


def name_of(unit: Unit) -> str:
    """Return a hash of a unit's sounds and of what is said of them.

    Parameters
    ----------
    unit : Unit

    Returns
    -------
    str
        Another one as soon as a file's content, a stretch, a label or a group is another.

    Examples
    --------
    >>> import numpy as np
    >>> silent, loud = ((Clip(np.full(4, level, np.float32), 8000),) for level in (0, 1))
    >>> name_of(Unit(0, silent)) == name_of(Unit(7, silent)), name_of(Unit(0, silent)) == name_of(Unit(0, loud))
    (True, False)
    """
    return _digest([_source_facts(source) for source in unit.sources])


def _source_facts(source: Clip | CorpusEntry) -> list[Any]:
    if isinstance(source, CorpusEntry):
        stretch = [source.start_seconds, source.end_seconds]
        return [str(source.path), source.label, source.group, stretch, _content(source.path)]
    sounds = [hashlib.sha256(part.tobytes()).hexdigest() for part in (source.waveform, source.before, source.after)]
    return [source.name, source.label, source.group, source.start_seconds, source.sample_rate, sounds]


def _content(path: Path) -> str:
    """Return a hash of a file's bytes; of one that cannot be read, why, so that it is looked at again when it can."""
    try:
        file = at_hand(path)
        about = file.stat()
        return _hash_file(file, about.st_mtime_ns, about.st_size)
    except (OSError, InputError) as error:
        return f"unreadable: {getattr(error, 'strerror', None) or error}"


@lru_cache(maxsize=64)
def _hash_file(path: Path, _mtime_ns: int, _size: int) -> str:
    """Hash a file once for all stretches of it."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:16]
