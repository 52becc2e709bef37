"""A network as a plain list of tensor operations, whatever its author wrote it with.

Conventions
-----------
A network is run once on tensors without content (`audioinv.sweep.hollow`), which leaves one spelling of each
operation: modules, functions and methods all become ``aten`` calls with shapes on them, and what depends on shapes
alone is decided. What depends on the content of a tensor cannot be, and is refused. The batch is fixed at tracing, so
the graph runs at this batch size only.

What is here: `trace_network`, `TracedNetwork`; `shape_of`, `arguments` and `call_node`, on its nodes.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch._ops import OpOverload

from ..errors import ModelError
from .hollow import record_operations, written_arguments

__all__ = ["REDUCTIONS", "TracedNetwork", "arguments", "call_node", "shape_of", "trace_network"]

aten = torch.ops.aten

REDUCTIONS = (aten.mean.dim, aten.amax.default, aten.sum.dim_IntList)
"""Those that give the same whether axes go at once or one after the other."""
_AVERAGE_TO_ONE = (aten.adaptive_avg_pool1d.default, aten.adaptive_avg_pool2d.default)
_CONVOLUTIONS = (aten.conv1d.default, aten.conv2d.default, aten.conv1d.padding, aten.conv2d.padding)
_MAXIMUM_TO_ONE = (aten.adaptive_max_pool1d.default, aten.adaptive_max_pool2d.default)
_MAY_ALIAS = {
    aten.dropout.default,
    aten.to.dtype,
    aten.reshape.default,
    aten.flatten.using_ints,
    aten.contiguous.default,
}


@dataclass(frozen=True, eq=False)
class TracedNetwork:
    """A network's operations in order, with what does not depend on its input computed.

    Parameters
    ----------
    graph : torch.fx.Graph
        One placeholder, ``aten`` calls, one output.
    constants : mapping of Node to Tensor
        Weights, and whatever is made of weights alone.
    names : mapping of Node to str
        What a node is called when it is spoken of: the layer whose weights it uses, or the operation.
    """

    graph: fx.Graph
    constants: dict[fx.Node, Any]
    names: dict[fx.Node, str]


def shape_of(node: fx.Node) -> tuple[int, ...]:
    """Return the shape that a node's result had at tracing; empty where it is no tensor.

    Parameters
    ----------
    node : torch.fx.Node

    Returns
    -------
    tuple of int
    """
    return tuple(getattr(node.meta.get("val"), "shape", ()))


def arguments(node: fx.Node) -> tuple[Any, ...]:
    """Return a node's positional arguments, of which `torch.fx` only says that they may be anything.

    Parameters
    ----------
    node : torch.fx.Node

    Returns
    -------
    tuple
    """
    return node.args


def trace_network(network: nn.Module, input_shape: tuple[int, ...]) -> TracedNetwork:
    """Trace a network.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode; takes one tensor and returns one.
    input_shape : tuple of int
        With the batch.

    Returns
    -------
    TracedNetwork

    Raises
    ------
    ModelError
        If the network's course depends on the content of its input, it is in training mode, or it writes where
        something else reads.

    Examples
    --------
    >>> traced = trace_network(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)).eval(), (4, 3, 4))
    >>> [str(node.target) for node in traced.graph.nodes if node.op == "call_function"]
    ['aten.flatten.using_ints', 'aten.linear.default']
    """
    if any(module.training for module in network.modules()):
        raise ModelError("is in training mode, in which its answers depend on the rest of the batch")
    weight = next(iter((*network.parameters(), *network.buffers())), torch.zeros(()))
    example = torch.empty(input_shape, dtype=weight.dtype, device="meta")
    try:
        graph, constants = record_operations(network, example, weight.device)
    except Exception as error:  # anybody's code may raise anything here; the batched path takes every network
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"cannot be traced: {lines[0]}") from error
    _unwrap_padding(graph)
    _merge_reductions(graph)
    _square_without_root(graph)
    _check_writes(graph, constants)
    names = _names_of(graph, constants, network)
    _fold_norms(graph, constants, names)
    return TracedNetwork(graph, constants, names)


def _merge_reductions(graph: fx.Graph) -> None:
    """Write a mean over merged axes as a mean over each, and a pool to one value as the mean or maximum it is."""
    for node in list(graph.nodes):
        if node.target in _AVERAGE_TO_ONE and set(arguments(node)[1]) == {1}:
            node.target, node.args = aten.mean.dim, (arguments(node)[0], _last_axes(node), True)
        elif node.target is operator.getitem and arguments(node)[1] == 0:
            pool = arguments(node)[0]
            if pool.target in _MAXIMUM_TO_ONE and set(arguments(pool)[1]) == {1}:
                node.target, node.args = aten.amax.default, (arguments(pool)[0], _last_axes(pool), True)
        elif node.target in REDUCTIONS:
            _reduce_unmerged(node)
    graph.eliminate_dead_code()


def _unwrap_padding(graph: fx.Graph) -> None:
    """Take away the axis that `torch.stft` puts before a batch of waveforms to pad them, and takes away after."""
    for pad in list(graph.nodes):
        before = arguments(pad)[0] if pad.target is aten.pad.default else None
        after = list(pad.users)
        if before is None or len(after) != 1 or {before.target, after[0].target} != {aten.view.default}:
            continue
        source = arguments(before)[0]
        if (1, *shape_of(source)) == shape_of(before) and (1, *shape_of(after[0])) == shape_of(pad):
            pad.replace_input_with(before, source)
            after[0].replace_all_uses_with(pad)
            pad.meta["val"] = after[0].meta["val"]
            graph.erase_node(after[0])


def _last_axes(pool: fx.Node) -> list[int]:
    return list(range(-len(arguments(pool)[1]), 0))


def _reduce_unmerged(node: fx.Node) -> None:
    source, axes, *kept = (*arguments(node), None)
    if source.target is not aten.flatten.using_ints or any(kept) or axes is None:
        return
    n_axes = len(shape_of(arguments(source)[0]))
    given = arguments(source)[1:]
    first, last = (axis % n_axes for axis in (*given, *(0, -1)[len(given) :]))
    if [axis % len(shape_of(source)) for axis in axes] == [first]:
        node.args = (arguments(source)[0], list(range(first, last + 1)))


def _square_without_root(graph: fx.Graph) -> None:
    """Write the square of a complex number's magnitude as one sum of two squares: without a root, and in one chain."""
    for power in list(graph.nodes):
        spectrum = _squared_magnitude_of(power)
        if spectrum is None or not spectrum.meta["val"].is_complex():
            continue
        with graph.inserting_before(power):
            parts = graph.call_function(aten.view_as_real.default, (spectrum,))
            squared = graph.call_function(aten.square.default, (parts,))
        for node in (parts, squared):
            node.meta["val"] = power.meta["val"].new_empty((*shape_of(spectrum), 2))
        power.target, power.args = aten.sum.dim_IntList, (squared, [-1])
    graph.eliminate_dead_code()


def _squared_magnitude_of(power: fx.Node) -> fx.Node | None:
    """Return the numbers whose squared magnitude a node is, as it is mostly written: by a root, or by two parts."""
    if power.target is aten.add.Tensor and len(power.args) == 2 and not power.kwargs:
        parts = [_squared(term) for term in arguments(power)]
        found = {part.target: arguments(part)[0] for part in parts if part is not None}
        real, imaginary = found.get(aten.real.default), found.get(aten.imag.default)
        return real if real is imaginary else None
    magnitude = _squared(power)
    return arguments(magnitude)[0] if magnitude is not None and magnitude.target is aten.abs.default else None


def _squared(square: Any) -> fx.Node | None:
    """Return what a node is the square of, if it is one."""
    if not isinstance(square, fx.Node) or not isinstance(square.target, OpOverload):
        return None
    base, *exponent = arguments(square)
    by_two = square.target is aten.pow.Tensor_Scalar and exponent[0] == 2
    return base if by_two or square.target is aten.square.default else None


def _check_writes(graph: fx.Graph, constants: Mapping[fx.Node, Any]) -> None:
    """Refuse what is written in place where another name may read it, or the next run would."""
    for node in graph.nodes:
        if node in constants:
            continue
        for first in written_arguments(node.target, arguments(node), node.kwargs):
            written = first
            while isinstance(written, fx.Node):
                if len(written.users) > 1 or written in constants:
                    raise ModelError(f"writes in place where it reads again ({node.target})")
                written = arguments(written)[0] if _may_alias(written) else None


def _may_alias(node: fx.Node) -> bool:
    schema = getattr(node.target, "_schema", None)
    aliases = schema is not None and any(result.alias_info is not None for result in schema.returns)
    return aliases or node.target in _MAY_ALIAS or node.target is operator.getitem


def call_node(node: fx.Node, values: Mapping[fx.Node, Any]) -> Any:
    """Run one operation of a graph.

    Parameters
    ----------
    node : torch.fx.Node
    values : mapping of Node to Any
        What its arguments stand for.

    Returns
    -------
    Any
    """
    args, kwargs = fx.node.map_arg((node.args, node.kwargs), values.__getitem__)
    return node.target(*args, **kwargs)  # type: ignore[operator]


def _fold_norms(graph: fx.Graph, constants: dict[fx.Node, Any], names: dict[fx.Node, str]) -> None:
    """Let a convolution do the work of the batch norm that follows it, by other weights."""
    for norm in list(graph.nodes):
        source = arguments(norm)[0] if norm.target is aten.batch_norm.default else None
        if source is None or source.target not in _CONVOLUTIONS or len(source.users) > 1 or arguments(norm)[5]:
            continue
        kernel, bias, *rest = (*arguments(source)[1:], None)[: max(2, len(source.args) - 1)]
        scale, offset, mean, variance = (constants.get(node) for node in arguments(norm)[1:5])
        if kernel not in constants or mean is None or variance is None or source.kwargs:
            continue
        factor = (1.0 if scale is None else scale.double()) / (variance.double() + arguments(norm)[7]).sqrt()
        weight = constants[kernel]
        shift = (0.0 if bias is None else constants[bias].double()) - mean.double()
        folded = weight.double() * factor.view(-1, *[1] * (weight.ndim - 1))
        moved = shift * factor + (0.0 if offset is None else offset.double())
        with graph.inserting_before(source):
            weights = [graph.create_node("get_attr", f"{norm.name}_{part}") for part in ("weight", "bias")]
        for node, tensor in zip(weights, (folded, moved), strict=True):
            constants[node] = node.meta["val"] = tensor.to(weight.dtype)
        names[source] = f"{names[source]}, {names[norm]}"
        source.args = (arguments(source)[0], *weights, *rest)
        norm.replace_all_uses_with(source)
        graph.erase_node(norm)


def _names_of(graph: fx.Graph, constants: dict[fx.Node, Any], network: nn.Module) -> dict[fx.Node, str]:
    """Call a node by the layer whose weights it uses, or by its operation."""
    owners = {id(tensor): name.rpartition(".")[0] for name, tensor in network.named_parameters()}
    names = {}
    for node in graph.nodes:
        operation = str(getattr(node.target, "overloadpacket", node.target)).removeprefix("aten.").rstrip("_")
        used = [owners.get(id(constants.get(source))) for source in node.all_input_nodes]
        owner = next((name for name in used if name), None)
        names[node] = f"{owner} ({operation})" if owner else operation
    return names
