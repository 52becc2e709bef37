"""Models as Python objects: ``module:attr`` or ``folder/file.py:attr``.

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
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch

from ...errors import AudioinvError, ModelError
from ..model import CallableModel, Model, ModelSpec
from .declaration import EMBEDDED_KEY, Declaration
from .opened import Opened
from .sidecar import sidecar_of

__all__ = ["import_object", "open_callable", "open_object"]


def import_object(place: str) -> Any:
    """Import what ``module:attr`` or ``folder/file.py:attr`` names.

    Parameters
    ----------
    place : str
        The working directory counts as a place for modules; the folder of a file does as well.

    Returns
    -------
    object

    Raises
    ------
    ModelError
        If there is no such module or attribute, or importing the module fails.
    """
    module_name, _, attributes = place.rpartition(":")
    folders = [str(folder) for folder in _folders_of(module_name) if str(folder) not in sys.path]
    sys.path[:0] = folders
    try:
        found: Any = _import_file(Path(module_name)) if _is_file(module_name) else import_module(module_name)
    except Exception as error:  # a module runs code when it is imported, and that can raise anything
        raise ModelError(f"{place}: {module_name} cannot be imported ({type(error).__name__}: {error})") from error
    finally:
        for folder in folders:
            sys.path.remove(folder)
    for name in attributes.split("."):
        if not hasattr(found, name):
            raise ModelError(f"{place}: {getattr(found, '__name__', found)} has no attribute {name!r}")
        found = getattr(found, name)
    return found


def _is_file(module_name: str) -> bool:
    return module_name.endswith(".py")


def _folders_of(module_name: str) -> list[Path]:
    """Return where modules are looked for beside the usual places."""
    return [Path.cwd(), Path(module_name).resolve().parent] if _is_file(module_name) else [Path.cwd()]


def _import_file(path: Path) -> Any:
    """Import a file by its path, under its own name."""
    description = spec_from_file_location(path.stem, path)
    if description is None or description.loader is None or not path.is_file():
        raise FileNotFoundError(f"no such file; the working directory is {Path.cwd()}")
    module = sys.modules[path.stem] = module_from_spec(description)
    with ExitStack() as undone:
        undone.callback(sys.modules.pop, path.stem, None)  # as the import system does with what failed half way
        description.loader.exec_module(module)
        undone.pop_all()
    return module


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
        If it is none of these, needs arguments, or fails.
    """
    said = getattr(found, EMBEDDED_KEY, None)
    made = _make(found, place) if _is_factory(found, place) else found
    if isinstance(made, Model):
        return made
    if not callable(made):
        raise ModelError(f"{place} is a {type(made).__name__}; a network, a function or what makes one is needed")
    said = getattr(made, EMBEDDED_KEY, said)
    module, _, attributes = place.rpartition(":")
    home = module if _is_file(module) else getattr(sys.modules.get(module), "__file__", None)
    return open_callable(
        made,
        device,
        format="Python, a network" if isinstance(made, torch.nn.Module) else "Python, a function",
        name=attributes or place,
        sidecar=sidecar_of(Path(home or f"{module}.py")),
        embedded=Declaration() if said is None else Declaration.from_mapping(said, f"{place}.{EMBEDDED_KEY}"),
    )


def _make(factory: Callable[[], Any], place: str) -> Any:
    try:
        return factory()
    except AudioinvError:
        raise
    except Exception as error:  # what somebody else's code raises cannot be known beforehand
        raise ModelError(f"{place}() fails: {type(error).__name__}: {error}") from error


def _is_factory(found: Any, place: str) -> bool:
    """Tell what makes a model, a class or a function that needs no argument, from what is one."""
    if isinstance(found, (torch.nn.Module, Model)) or not callable(found):
        return False
    try:
        parameters = inspect.signature(found).parameters.values()
    except ValueError:  # of some functions written in C nothing is known
        return inspect.isclass(found)
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [entry.name for entry in parameters if entry.default is entry.empty and entry.kind not in variadic]
    if len(needed) > (0 if inspect.isclass(found) else 1):
        raise ModelError(
            f"{place} needs {', '.join(needed)}; give a function of waveforms alone, or one without arguments that "
            "makes the model"
        )
    return not needed


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


def _build(function: Any, device: str, said: Declaration, spec: ModelSpec) -> Model:
    if isinstance(function, torch.nn.Module):
        return CallableModel(function.to(device).eval(), spec, device, said.output)
    return CallableModel(function, spec, output=said.output)
