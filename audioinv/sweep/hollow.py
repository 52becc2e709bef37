"""Tensors without content, which note what is done to them: how a network becomes a list of operations.

Conventions
-----------
A hollow tensor has a shape, a type and a device, and no values. In inference mode PyTorch hands every operation on
one to `Hollow.__torch_dispatch__` before it is taken apart, as one spelling whatever it was written with. There its
shape is computed, on the device ``meta`` that holds no values either, and a node of the graph is written. What is
computed of weights alone is computed for good, and stands in the graph as another weight.

`torch.fx` can note all this by itself, but loads a compiler to do so, which takes longer than a clip's whole sweep.

What is here: `record_operations`; `named_arguments` and `written_arguments`, of an operation.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_aggregate

from ..errors import ModelError

__all__ = ["named_arguments", "record_operations", "written_arguments"]

aten = torch.ops.aten


def record_operations(
    network: nn.Module, example: Tensor, device: torch.device
) -> tuple[fx.Graph, dict[fx.Node, Tensor]]:
    """Run a network on a hollow tensor and return what it did.

    Parameters
    ----------
    network : torch.nn.Module
        Takes one tensor and returns one.
    example : Tensor
        Of the shape and the type of the input, on the device ``meta``.
    device : torch.device
        Where the input says that it is.

    Returns
    -------
    graph : torch.fx.Graph
        One placeholder, ``get_attr`` for every weight, ``aten`` calls, one output.
    constants : dict of Node to Tensor
        What the weights are.

    Raises
    ------
    ModelError
        If the network's course depends on the content of its input, or it draws random numbers.
    """
    record = _Record()
    state = torch.get_rng_state()
    with torch.inference_mode():
        entered = record.enter(example, device)
        left = network(entered)
    if not isinstance(left, Hollow):
        raise ModelError(f"returns {type(left).__name__}, and not one tensor made of its input")
    if not torch.equal(state, torch.get_rng_state()):
        torch.set_rng_state(state)
        raise ModelError("draws random numbers")
    record.graph.output(left.node)
    return record.graph, record.constants


class Hollow(Tensor):
    """A tensor without content.

    Parameters
    ----------
    meta : Tensor
        Of the same shape, on the device ``meta``.
    device : torch.device
        Where it says that it is.
    record : _Record
    """

    meta: Tensor
    record: _Record
    node: fx.Node
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls: type[Hollow], meta: Tensor, device: torch.device, record: _Record) -> Hollow:
        hollow: Hollow = Tensor._make_wrapper_subclass(
            cls, meta.shape, strides=meta.stride(), dtype=meta.dtype, device=device
        )
        hollow.meta, hollow.record = meta, record
        return hollow

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        """Note an operation."""
        found: list[Hollow] = []
        map_aggregate((args, kwargs), lambda leaf: found.append(leaf) if isinstance(leaf, cls) else None)
        return found[0].record.note(func, args, kwargs or {}, found[0].device)


class _Record:
    """The graph in the making."""

    def __init__(self) -> None:
        self.graph = fx.Graph()
        self.constants: dict[fx.Node, Tensor] = {}
        self._weights: dict[int, fx.Node] = {}

    def enter(self, example: Tensor, device: torch.device) -> Hollow:
        """Make the input."""
        return self._make(example, device, self.graph.placeholder("input"))

    def note(self, func: Any, args: Any, kwargs: Any, device: torch.device) -> Any:
        """Write one operation down, and return what it makes, hollow."""
        if torch.Tag.data_dependent_output in func.tags or func is aten.is_nonzero.default:
            raise ModelError("its course depends on the content of its input")
        overwritten = written_arguments(func, args, kwargs)
        written = {id(leaf.meta): leaf for leaf in overwritten if isinstance(leaf, Hollow)}
        places = [device]
        given = map_aggregate((args, kwargs), lambda leaf: self._given(leaf, places))
        made = _run(func, *given)
        if not any(isinstance(part, Tensor) for part in (made if isinstance(made, (tuple, list)) else (made,))):
            return made
        node = self.graph.call_function(func, *map_aggregate((args, kwargs), self._noted))
        if isinstance(made, Tensor):
            return self._kept(made, places[-1], node, written)
        nodes = [self.graph.call_function(operator.getitem, (node, place)) for place in range(len(made))]
        return [self._kept(part, places[-1], one, written) for part, one in zip(made, nodes, strict=True)]

    def _kept(self, made: Tensor, device: torch.device, node: fx.Node, written: dict[int, Hollow]) -> Hollow:
        if id(made) not in written:
            return self._make(made, device, node)
        hollow = written[id(made)]
        if hollow.shape != made.shape:
            raise ModelError(f"reshapes a tensor in place ({node.target})")
        node.meta["val"], hollow.node = made, node
        return hollow

    def _make(self, meta: Tensor, device: torch.device, node: fx.Node) -> Hollow:
        hollow = Hollow(meta, device, self)
        node.meta["val"], hollow.node = meta, node
        return hollow

    def _given(self, leaf: Any, places: list[torch.device]) -> Any:
        """Return an argument as the operation takes it where nothing has values."""
        if isinstance(leaf, torch.device):
            places.append(leaf)
            return torch.device("meta")
        if isinstance(leaf, Hollow):
            return leaf.meta
        return leaf.to("meta") if isinstance(leaf, Tensor) else leaf

    def _noted(self, leaf: Any) -> Any:
        """Return an argument as it stands in the graph."""
        if isinstance(leaf, Hollow):
            return leaf.node
        if not isinstance(leaf, Tensor):
            return leaf
        if id(leaf) not in self._weights:
            node = self.graph.create_node("get_attr", f"weight_{len(self._weights)}")
            self._weights[id(leaf)], self.constants[node], node.meta["val"] = node, leaf, leaf
        return self._weights[id(leaf)]


def named_arguments(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of an operation by name, with their defaults where they are not given.

    Parameters
    ----------
    func : torch._ops.OpOverload
    args : sequence
    kwargs : mapping

    Returns
    -------
    dict
    """
    named = {entry.name: entry.default_value for entry in func._schema.arguments}
    return named | dict(zip(named, args, strict=False)) | dict(kwargs)


def written_arguments(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """Return the arguments that an operation writes in place.

    Parameters
    ----------
    func : callable
        An operation of PyTorch; nothing else is known to write.
    args : sequence
    kwargs : mapping

    Returns
    -------
    list
    """
    schema = getattr(func, "_schema", None)
    if schema is None or not schema.is_mutable:
        return []
    given = named_arguments(func, args, kwargs)
    return [given[entry.name] for entry in schema.arguments if entry.alias_info and entry.alias_info.is_write]


def _run(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Run an operation on tensors without values; the commonest by hand, for which PyTorch would load its compiler."""
    if func in _BY_HAND:
        return _BY_HAND[func](*args, **kwargs)
    if torch.Tag.pointwise in func.tags and torch.Tag.nondeterministic_seeded not in func.tags:
        return _elementwise(func, args, kwargs)
    return func(*args, **kwargs)


def _elementwise(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Tensor:
    """Find the type of the result by single values, its shape as that of all together, and keep the layout."""
    written = written_arguments(func, args, kwargs)
    if written:
        return written[0]  # type: ignore[no-any-return]
    tensors = [leaf for leaf in args if isinstance(leaf, Tensor)]
    single = (torch.ones([1] * leaf.ndim, dtype=leaf.dtype) if isinstance(leaf, Tensor) else leaf for leaf in args)
    shape = torch.broadcast_shapes(*(tensor.shape for tensor in tensors))
    like = next((tensor for tensor in tensors if tensor.shape == shape), tensors[0].new_empty(shape))
    return torch.empty_like(like, dtype=func(*single, **kwargs).dtype)


def _spectra(values: Tensor, n: int | None = None, dim: int = -1, _norm: str | None = None) -> Tensor:
    shape = list(values.shape)
    shape[dim] = (n or shape[dim]) // 2 + 1
    return values.new_empty(shape, dtype=values.dtype.to_complex())


def _short_time_spectra(*args: Any, **kwargs: Any) -> Any:
    given = named_arguments(aten.stft.default, args, kwargs)
    values, n_fft = given["self"], given["n_fft"]
    if values.is_complex() or given["onesided"] is False or not given["return_complex"]:
        return aten.stft.default(*args, **kwargs)
    return _spectra(values.unfold(-1, n_fft, given["hop_length"] or n_fft // 4)).transpose(-1, -2)


_BY_HAND: dict[Any, Callable[..., Any]] = {
    aten.batch_norm.default: lambda maps, *_: torch.empty_like(maps),
    aten.fft_rfft.default: _spectra,
    aten.linear.default: lambda maps, weight, *_: maps.new_empty((*maps.shape[:-1], len(weight))),
    aten.mean.dim: aten.sum.dim_IntList,
    aten.stft.default: _short_time_spectra,
}
