"""TorchScript archives, which torch deprecates, and pickles, which are refused.

Conventions
-----------
An archive of TorchScript is told from a pickle by what the zip file holds, whatever its suffix. It is code, run by
torch's own interpreter: it cannot reach Python, but it can read and write files. A pickle runs whatever it likes when
it is loaded, so it is loaded only for someone who says in full that they know.

What is here: `TRUST_PICKLE`, `open_torchscript`, `open_pickle`, `is_torchscript`.
"""

from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path

import torch

from ...errors import ModelError
from .declaration import Declaration
from .opened import Opened, file_sha256
from .python_object import open_callable
from .sidecar import sidecar_of
from .torch_export import EXTRA_FILE

__all__ = ["TRUST_PICKLE", "is_torchscript", "open_pickle", "open_torchscript"]

TRUST_PICKLE = "--trust-pickle-i-know-it-runs-code"

_DEPRECATED = "TorchScript is deprecated by torch; export the network with torch.export to a .pt2 file when you can"


def is_torchscript(path: Path) -> bool:
    """Tell an archive of TorchScript from everything else.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
    """
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        inside = [name.partition("/")[2] for name in archive.namelist()]
    return "constants.pkl" in inside and any(name.startswith("code/") for name in inside)


def open_torchscript(path: Path, device: str) -> Opened:
    """Open an archive of TorchScript.

    Parameters
    ----------
    path : Path
    device : str

    Returns
    -------
    Opened

    Raises
    ------
    ModelError
        If torch cannot load it.
    """
    extra = {EXTRA_FILE: b""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # said in our own words below
        try:
            module = torch.jit.load(path, map_location=device, _extra_files=extra)
        except RuntimeError as error:
            raise ModelError(f"{path}: torch cannot load it ({str(error).strip().splitlines()[0]})") from error
    text = extra[EXTRA_FILE]
    return open_callable(
        module,
        device,
        format="TorchScript",
        name=path.stem,
        sidecar=sidecar_of(path),
        embedded=Declaration.from_json((text.decode() if isinstance(text, bytes) else text) or "{}", str(path)),
        embedded_in="embedded in an extra file",
        cautions=(_DEPRECATED,),
        sha256=file_sha256(path),
    )


def open_pickle(path: Path, device: str, *, trusted: bool) -> Opened:
    """Refuse a pickle, or open a network from it for someone who trusts it.

    Parameters
    ----------
    path : Path
    device : str
    trusted : bool

    Returns
    -------
    Opened

    Raises
    ------
    ModelError
        If it is not trusted, damaged, or holds something else than a network.
    """
    if not trusted:
        raise ModelError(
            f"{path} is a pickle, which can run any code when it is loaded; it is refused\n"
            "       export the network with torch.export to .pt2, or give module:attr with a function that builds it "
            f"and loads weights only ({TRUST_PICKLE} loads it all the same)"
        )
    try:
        found = torch.load(path, map_location=device, weights_only=False)
    except (pickle.UnpicklingError, RuntimeError, EOFError, AttributeError, ImportError) as error:
        raise ModelError(f"{path}: cannot be unpickled ({error})") from error
    if not isinstance(found, torch.nn.Module):
        raise ModelError(
            f"{path} holds a {type(found).__name__}, no network; weights alone need the code around them: give "
            "module:attr with a function that builds the network and loads them"
        )
    return open_callable(
        found,
        device,
        format="a pickle, trusted as asked",
        name=path.stem,
        sidecar=sidecar_of(path),
        embedded=Declaration(),
        sha256=file_sha256(path),
    )
