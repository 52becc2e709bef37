"""Which model, axis and clip of a run a name means.

Conventions
-----------
A name that means nothing, or several things, is an `InputError` that lists what there is. A clip may be named by the
end of its path, with or without suffix, where that is unambiguous.

What is here: `choose_models`, `choose_model`, `choose_axis`, `choose_clip`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from ..errors import InputError
from ..measure.cliptable import ClipTable
from ..sound.grid import AXES
from .wording import shown_name

if TYPE_CHECKING:
    from ..sweep.responses import ModelResponses
    from .results import Results

__all__ = ["choose_axis", "choose_clip", "choose_model", "choose_models", "swept_axes"]

_MAX_LISTED = 6


def choose_models(results: Results, names: str | Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the names of the models that are meant.

    Parameters
    ----------
    results : Results
    names : str or sequence of str, optional
        All models if not given.

    Returns
    -------
    tuple of str

    Raises
    ------
    InputError
        If a model is not among the results, or there is none.
    """
    if not results.responses:
        raise InputError("these results hold no model, because no clip could be analysed")
    asked = (names,) if isinstance(names, str) else tuple(names or results.responses)
    for name in asked:
        if name not in results.responses:
            raise InputError(f"no model {name!r} in these results; there {_list(results.responses)}")
    return asked


def choose_model(results: Results, name: str | Sequence[str] | None = None) -> str:
    """Return the name of the one model that is meant.

    Parameters
    ----------
    results : Results
    name : str or sequence of str, optional
        May be left out where there is a single model.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If it is not among the results, or there are several to choose from.
    """
    names = choose_models(results, name)
    if len(names) > 1:
        raise InputError(
            f"this figure shows one model, and there {_list(names)}; choose by -m NAME, or model= in Python"
        )
    return names[0]


def swept_axes(models: Iterable[ModelResponses]) -> tuple[str, ...]:
    """Return the axes along which any of the models was swept, time first.

    Parameters
    ----------
    models : iterable of ModelResponses

    Returns
    -------
    tuple of str
    """
    found = dict.fromkeys(axis for model in models for axis in model.axes)
    known = tuple(axis for axis in AXES if axis in found)
    return known + tuple(axis for axis in found if axis not in AXES)


def choose_axis(responses: ModelResponses, axis: str | None = None) -> str:
    """Return the axis that is meant.

    Parameters
    ----------
    responses : ModelResponses
    axis : str, optional
        The first of `swept_axes` if not given.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If the model was not swept along it.
    """
    swept = swept_axes([responses])
    if axis is None and swept:
        return swept[0]
    if axis not in swept:
        raise InputError(f"model {responses.spec.name} was not swept along axis {axis!r}; there {_list(swept)}")
    return axis


def choose_clip(responses: ModelResponses, name: str) -> int:
    """Return the place of the clip that is meant.

    Parameters
    ----------
    responses : ModelResponses
    name : str
        As reports call it, or the end of its path.

    Returns
    -------
    int
        Index into ``responses.clips``.

    Raises
    ------
    InputError
        If there is no such clip, or more than one.
    """
    names = ClipTable.of_responses(responses).names
    fitting = [place for place, known in enumerate(names) if known == name]
    fitting = fitting or [place for place, known in enumerate(names) if _ends_with(known, name)]
    if not fitting:
        raise InputError(f"no clip {name!r} in these results; there {_list(names)}")
    if len(fitting) > 1:
        raise InputError(f"{len(fitting)} clips are called {name!r}: {_list([names[i] for i in fitting], bare=True)}")
    return fitting[0]


def _ends_with(known: str, name: str) -> bool:
    """Tell whether the last parts of a path are those of a name, with or without suffix."""
    parts = PurePath(name).parts
    path = PurePath(known)
    return bool(parts) and parts in (path.parts[-len(parts) :], path.with_suffix("").parts[-len(parts) :])


def _list(names: Iterable[str], *, bare: bool = False) -> str:
    listed = list(names)
    shown = [shown_name(name) for name in listed[:_MAX_LISTED]]
    text = ", ".join(f"'{name}'" if " " in name else name for name in shown)
    more = f" and {len(listed) - _MAX_LISTED} more" if len(listed) > _MAX_LISTED else ""
    verb = "" if bare else "are " if len(listed) != 1 else "is "
    return f"{verb}{text or 'none'}{more}"
