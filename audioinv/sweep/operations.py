"""What one operation of a network does along the axis that slides: to each column alone, over several, or unknown.

Conventions
-----------
A map has the batch as its first axis and one axis that slides, `axis`. `Columns` makes each column of its result of
the same column of its sources. `Slide` makes it of a few neighbouring ones, the same way everywhere. Everything else
is an `Obstacle`: sharing ends there, with a reason. Only what is listed here is ever shared.

What is here: `Columns`, `Slide`, `Obstacle`, `Operation`, `chained`, `Call`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx

from .tracing import shape_of

__all__ = ["Call", "Columns", "Obstacle", "Operation", "Slide", "chained"]

aten = torch.ops.aten

Sliding = Callable[[Tensor, int, int], Tensor]


@dataclass(frozen=True, eq=False)
class Columns:
    """An operation on each column alone.

    Parameters
    ----------
    sources : tuple of Node
        The maps that it takes.
    apply : callable
        From one tensor a source to the result, for any number of columns.
    axis : int
        Of the result that slides.
    overwrite : callable, optional
        The same, written over the one tensor it takes, where that is possible.
    rectifies : bool
        Whether it sets to 0 what is below, and does nothing else.
    """

    sources: tuple[fx.Node, ...]
    apply: Callable[[Sequence[Tensor]], Tensor]
    axis: int
    overwrite: Callable[[Tensor], Tensor] | None = None
    rectifies: bool = False


@dataclass(frozen=True, eq=False)
class Slide:
    """An operation on neighbouring columns, the same at every place.

    Parameters
    ----------
    source : Node
    apply : callable
        ``apply(columns, stride, dilation)`` without padding along the axis.
    axis : int
        Of the result that slides.
    kernel, stride, dilation : int
    before, after : int
        Columns of padding; a negative number cuts columns off.
    fill : float or {"circular", "reflect", "replicate"}
        What the padding holds.
    fresh : bool
        Whether `apply` returns memory that nothing else refers to, so that what follows may overwrite it.
    rectified : callable, optional
        `apply` with what is below 0 set to it, where that is done best in one go.
    reduces : bool
        Whether it makes a single column of all that a window has.
    frames : bool
        Whether it reads every value many times over, for frames that overlap.
    """

    source: fx.Node
    apply: Sliding
    axis: int
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    fill: float | str = 0.0
    fresh: bool = False
    rectified: Sliding | None = None
    reduces: bool = False
    frames: bool = False

    @property
    def sources(self) -> tuple[fx.Node, ...]:
        """The one map that it takes."""
        return (self.source,)


@dataclass(frozen=True)
class Obstacle:
    """Why an operation cannot be shared between windows."""

    reason: str


Operation = Columns | Slide
"""What can be shared."""


def chained(first: Operation, then: Operation) -> Operation | None:
    """Return two operations in a row as one, where that is one of ours.

    Parameters
    ----------
    first, then : Columns or Slide
        `then` takes the result of `first` and nothing else.

    Returns
    -------
    Columns or Slide or None
        None if a whole map must stand between the two.
    """
    if isinstance(then, Slide):
        # Padding that comes after an operation is not what the operation makes of padding before it.
        if not isinstance(first, Slide) or first.kernel != 1 or first.stride != 1 or then.before or then.after:
            return None
        return replace(
            then,
            source=first.source,
            apply=_following(first, then.apply),
            rectified=then.rectified and _following(first, then.rectified),
            before=first.before,
            after=first.after,
            fill=first.fill,
        )
    if isinstance(first, Slide) and first.rectified and then.rectifies:
        return replace(first, apply=first.rectified, rectified=None)
    if isinstance(first, Slide):
        follow = then.overwrite if first.fresh and then.overwrite else lambda made: then.apply([made])
        return replace(
            first,
            apply=lambda columns, stride, dilation: follow(first.apply(columns, stride, dilation)),
            axis=then.axis,
            fresh=first.fresh and then.overwrite is not None,
            rectified=None,
        )
    return Columns(first.sources, lambda tensors: then.apply([first.apply(tensors)]), then.axis)


def _following(first: Slide, apply: Sliding) -> Sliding:
    """Return what slides over the columns that `first` makes of single ones."""
    return lambda columns, stride, dilation: apply(first.apply(columns, 1, 1), stride, dilation)


@dataclass(frozen=True, eq=False)
class Call:
    """One operation of a graph, with what is known of its sources.

    Parameters
    ----------
    node : Node
    axes : mapping of Node to int
        Which axis slides, for every map that can be shared.
    constants : mapping of Node to Any
    """

    node: fx.Node
    axes: Mapping[fx.Node, int]
    constants: Mapping[fx.Node, Any]

    @property
    def name(self) -> str:
        """What PyTorch calls the operation."""
        return _name(self.node.target)

    @property
    def sources(self) -> tuple[fx.Node, ...]:
        """The maps that the operation takes."""
        return tuple(node for node in self.node.all_input_nodes if node in self.axes)

    @property
    def axis(self) -> int:
        """The axis of the first source that slides."""
        return self.axes[self.sources[0]]

    @property
    def n_axes(self) -> int:
        """Number of axes of the first source."""
        return len(shape_of(self.sources[0]))

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        """Return an argument by place or name."""
        return self.node.args[place] if len(self.node.args) > place else self.node.kwargs.get(name, default)

    def axis_argument(self, place: int = 1, name: str = "dim", default: int = -1) -> int:
        """Return an argument that names one axis, counted from the front."""
        return int(self.argument(place, name, default)) % self.n_axes

    def again(self, axis: int, constants: Mapping[fx.Node, Any] | None = None) -> Columns:
        """Return the operation as one on columns: the same call on other tensors."""
        node, sources, fixed = self.node, self.sources, {**self.constants, **(constants or {})}
        target = _out_of_place(node.target)

        def apply(tensors: Sequence[Tensor]) -> Tensor:
            values = {**fixed, **dict(zip(sources, tensors, strict=True))}
            args, kwargs = fx.node.map_arg((node.args, node.kwargs), values.__getitem__)
            result: Tensor = target(*args, **kwargs)
            return result

        return Columns(sources, apply, axis, self._overwriting(), self.name == "relu")

    def _overwriting(self) -> Callable[[Tensor], Tensor] | None:
        """Return the operation written over its source, where it takes one tensor and makes one of its kind."""
        source, *rest = self.node.args
        made, kwargs = self.node.meta["val"], dict(self.node.kwargs)
        write = getattr(aten, f"{_name(self.node.target)}_", None)
        if write is None or not isinstance(source, fx.Node) or any(isinstance(given, fx.Node) for given in rest):
            return None
        taken = source.meta["val"]
        alike = (made.shape, made.dtype) == (taken.shape, taken.dtype)
        return (lambda tensor: write(tensor, *rest, **kwargs)) if alike else None


def _name(target: Any) -> str:
    return str(target._schema.name).partition("::")[2].removesuffix("_")


def _out_of_place(target: Any) -> Any:
    """Return the operation that makes a new tensor of what this one may write in place."""
    if not target._schema.is_mutable:
        return target
    packet = getattr(aten, _name(target), None)
    return getattr(packet, target._overloadname, None)
