"""How many threads a command computes with: a setting of the whole process, made before any model is loaded.

What is here: `set_threads`.
"""

from __future__ import annotations

from ..errors import InputError

__all__ = ["set_threads"]


def set_threads(text: str, n_workers: int, cluster: str) -> int:
    """Read ``--threads``, and have this process compute with so many.

    Parameters
    ----------
    text : str
        A number, or ``"auto"``.
    n_workers : int
        On this machine.
    cluster : {"local", "ray"}

    Returns
    -------
    int

    Raises
    ------
    InputError
        If it is neither, or more than one on a cluster, where a worker has one CPU for itself.
    """
    import torch

    from ..nets.threads import choose_threads

    if text != "auto" and (not text.isdecimal() or int(text) < 1):
        raise InputError(f"--threads {text!r} is neither a number, 1 or more, nor auto")
    if cluster != "local" and text != "1":
        raise InputError(f"--threads {text}: a worker of --cluster {cluster} has one CPU for itself; leave it out")
    n_threads = choose_threads(n_workers) if text == "auto" else int(text)
    torch.set_num_threads(n_threads)
    return n_threads
