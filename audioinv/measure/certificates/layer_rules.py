"""What the rules for torch's operations share: whose motion an operation is about, and what may stand beside it.

Conventions
-----------
A *rule* says what an operation does to the motion of a map (`motion`). It is called as the operation
was, with the result put first, and returns the motion of the result; where the result is several tensors, that of the
first, or a tuple of all. It sees tensors with a `motion`, none of which is `Lost` and not all of which are `Still`, and
plain tensors, which are constants. It raises `CannotFollow` where nothing is known. Rules are found by the name of the
operation, which is the same for a function and a method (``torch.mean``, ``Tensor.mean``); they are written down in
`place_rules`, `window_rules` and `axis_rules`. Axes are counted from the last.

What is here: `Rule`, `Rules`, `rule`, `moving_of`, `joined`, `axis_from_last`, `axes_from_last`, `check_constant`,
`refuse_channels`, `refuse_flattened`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor

from .motion import CannotFollow, Motion, Moving, Still

__all__ = [
    "Rule",
    "Rules",
    "axes_from_last",
    "axis_from_last",
    "check_constant",
    "joined",
    "moving_of",
    "refuse_channels",
    "refuse_flattened",
    "rule",
]

Rule: TypeAlias = Callable[..., Motion | tuple[Motion, ...]]
Rules: TypeAlias = dict[str, Rule]
AnyRule = TypeVar("AnyRule", bound=Rule)


def rule(rules: Rules, names: str) -> Callable[[AnyRule], AnyRule]:
    """Write a rule down under the names of the operations that it is for.

    Parameters
    ----------
    rules : dict of str to callable
        Where to.
    names : str
        Separated by spaces.

    Returns
    -------
    callable
        A decorator.
    """

    def register(one: AnyRule) -> AnyRule:
        rules.update(dict.fromkeys(names.split(), one))
        return one

    return register


def moving_of(tensor: Any) -> Moving:
    """Return the motion of the tensor that an operation is about.

    Parameters
    ----------
    tensor : Tensor or anything else

    Returns
    -------
    Moving

    Raises
    ------
    CannotFollow
        If it does not move: then the map that does is some other argument.
    """
    motion = getattr(tensor, "motion", None)
    if not isinstance(motion, Moving):
        raise CannotFollow("the map is not its main argument")
    return motion


def joined(result: Tensor, tensors: Iterable[Any]) -> Moving:
    """Return the motion of a function of tensors and numbers that is the same at every place.

    Parameters
    ----------
    result : Tensor
    tensors : iterable of Tensor or numbers
        Joined by broadcasting.

    Returns
    -------
    Moving
        With `mean` as after a sum.

    Raises
    ------
    CannotFollow
        If their places do not match, or one that does not move differs from place to place.
    """
    found = [tensor for tensor in tensors if isinstance(tensor, Tensor)]
    motions = [getattr(tensor, "motion", None) for tensor in found]
    moving = [motion for motion in motions if isinstance(motion, Moving)]
    after = Moving.together(moving, [motion for motion in motions if isinstance(motion, Still)])
    sizes = set()
    for tensor, motion in zip(found, motions, strict=True):
        if isinstance(motion, Moving):
            sizes.add(tensor.shape[after.dim])
        else:
            check_constant(tensor, after)
    if result.ndim < -after.dim or sizes != {result.shape[after.dim]}:
        raise CannotFollow("it changes the length of the map")
    return after


def check_constant(tensor: Tensor, moving: Moving) -> None:
    """Check that a tensor which joins a moving map by broadcasting has one value for all places.

    Parameters
    ----------
    tensor : Tensor
        That does not move.
    moving : Moving

    Raises
    ------
    CannotFollow
        If it differs from place to place. Of a computed tensor only its layout proves that it does not.
    """
    motion = getattr(tensor, "motion", None)
    if not (motion is None or isinstance(motion, Still)):
        raise CannotFollow("it joins the map with the spectrum of a map")
    if tensor.ndim < -moving.dim or tensor.shape[moving.dim] == 1:
        return
    if motion is not None:
        if tensor.stride(moving.dim) != 0:
            raise CannotFollow("it joins the map with something computed for each place that does not move along")
    elif not torch.equal(tensor, tensor.narrow(moving.dim, 0, 1).expand_as(tensor)):
        raise CannotFollow("it joins the map with a constant that differs from place to place")


def axis_from_last(dim: int, ndim: int) -> int:
    """Count an axis from the last.

    Parameters
    ----------
    dim, ndim : int

    Returns
    -------
    int
        Negative.

    Examples
    --------
    >>> axis_from_last(1, 3), axis_from_last(-1, 3)
    (-2, -1)
    """
    return dim - ndim if dim >= 0 else dim


def axes_from_last(dim: Any, ndim: int) -> set[int]:
    """Count axes from the last; none named means all.

    Parameters
    ----------
    dim : int, sequence of int, or None
        As torch's reductions take it.
    ndim : int

    Returns
    -------
    set of int

    Examples
    --------
    >>> sorted(axes_from_last((0, 2), 3)), sorted(axes_from_last(None, 2))
    ([-3, -1], [-2, -1])
    """
    if dim is None or isinstance(dim, bool) or (isinstance(dim, Sequence) and not dim):
        return set(range(-ndim, 0))
    return {axis_from_last(int(one), ndim) for one in (dim if isinstance(dim, Sequence) else (dim,))}


def refuse_channels(moving: Moving, x: Tensor) -> None:
    """Refuse a map whose channels are the places, for a layer that treats each channel by itself.

    Parameters
    ----------
    moving : Moving
    x : Tensor

    Raises
    ------
    CannotFollow
    """
    if moving.dim == 1 - x.ndim:
        raise CannotFollow("its channels are the places, and each has weights of its own")


def refuse_flattened(moving: Moving, x: Tensor) -> None:
    """Refuse a map whose axis holds more than the places, for a layer to which neighbours matter.

    Parameters
    ----------
    moving : Moving
    x : Tensor

    Raises
    ------
    CannotFollow
    """
    if x.shape[moving.dim] != moving.n_seen:
        raise CannotFollow("the places share their axis with something else")
