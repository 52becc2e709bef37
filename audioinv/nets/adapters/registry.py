"""Models that other packages offer by name.

Conventions
-----------
A package offers a model under the entry-point group ``audioinv.models``; the entry's name is the model's, and what it
points to is as in `audioinv.nets.adapters.python_object`.

What is here: `ENTRY_POINTS`, `registered_models`.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

__all__ = ["ENTRY_POINTS", "registered_models"]

ENTRY_POINTS = "audioinv.models"


def registered_models() -> dict[str, EntryPoint]:
    """Return the models that installed packages offer, by name.

    Returns
    -------
    dict of str to EntryPoint
    """
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
