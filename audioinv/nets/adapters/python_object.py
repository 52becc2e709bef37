"""Models as Python objects: ``module:attr``.

Conventions
-----------
The object is a `torch.nn.Module`, a function of one argument from ``(batch, n_samples)`` to scores, a class or function
without arguments that makes either, or a `Model`. What it says of itself is its attribute ``audioinv``, a dict with the
fields of `Declaration`. Its module is imported, and so run: name no module that you do not trust.

What is here: `open_object`, `import_object`, `open_callable`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from ...errors import ModelError
from ..model import CallableModel, Model, ModelSpec
from .declaration import EMBEDDED_KEY, Declaration, sidecar_of
from .opened import Opened

__all__ = ["import_object", "open_callable", "open_object"]


def import_object(place: str) -> Any:
    """Import what ``module:attr`` names; the working directory counts as a place for modules.

    Parameters
    ----------
    place : str

    Returns
    -------
    object

    Raises
    ------
    ModelError
        If there is no such module or attribute.
    """
    module_name, _, attributes = place.partition(":")
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        found: Any = import_module(module_name)
    except ImportError as error:
        raise ModelError(f"{place}: module {module_name} cannot be imported ({error})") from error
    finally:
        if added:
            sys.path.remove(here)
    for name in attributes.split("."):
        if not hasattr(found, name):
            raise ModelError(f"{place}: {getattr(found, '__name__', found)} has no attribute {name!r}")
        found = getattr(found, name)
    return found


def open_object(found: Any, place: str, device: str) -> Opened | Model:
    """Open an object that may be a model, a network, a function or what makes one of them.

    Parameters
    ----------
    found : object
    place : str
        What it was called by.
    device : str

    Returns
    -------
    Opened or Model
        A `Model` is complete as it is.

    Raises
    ------
    ModelError
        If it is none of these.
    """
    said = getattr(found, EMBEDDED_KEY, None)
    made = found() if _is_factory(found) else found
    if isinstance(made, Model):
        return made
    if not callable(made):
        raise ModelError(f"{place} is a {type(made).__name__}; a network, a function or what makes one is needed")
    said = getattr(made, EMBEDDED_KEY, said)
    module, _, attributes = place.partition(":")
    home = getattr(sys.modules.get(module), "__file__", None)
    return open_callable(
        made,
        device,
        format="Python, a network" if isinstance(made, torch.nn.Module) else "Python, a function",
        name=attributes or place,
        sidecar=sidecar_of(Path(home or f"{module}.py")),
        embedded=Declaration() if said is None else Declaration.from_mapping(said, f"{place}.{EMBEDDED_KEY}"),
    )


def _is_factory(found: Any) -> bool:
    """Tell what makes a model, a class or a function that needs no argument, from what is one."""
    if isinstance(found, (torch.nn.Module, Model)) or not callable(found):
        return False
    if inspect.isclass(found):
        return True
    try:
        needed = inspect.signature(found).parameters.values()
    except ValueError:  # of some functions written in C nothing is known
        return False
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return not any(entry.default is entry.empty and entry.kind not in variadic for entry in needed)


def open_callable(function: Callable[[Any], Any], device: str, **facts: Any) -> Opened:
    """Open a function or network that runs in this process.

    Parameters
    ----------
    function : callable
    device : str
    **facts
        The fields of `Opened`, but how to build.

    Returns
    -------
    Opened
    """
    return Opened(build=partial(_build, function, device), **facts)


def _build(function: Any, device: str, _: Declaration, spec: ModelSpec) -> Model:
    if isinstance(function, torch.nn.Module):
        return CallableModel(function.to(device).eval(), spec, device)
    return CallableModel(function, spec)
