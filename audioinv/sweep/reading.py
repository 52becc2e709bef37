"""Read a network along one axis: which of its operations windows can share, and what stands in the way of the rest.

Conventions
-----------
The network takes ``(batch, …)`` and one axis of its input slides: time in samples, or frames, or frequency bins.
An operation is shared if all its inputs are shared or weights, and a rule knows it. What follows an operation that
is not shared runs on whole windows, in batches of the size the network was traced at.

What is here: `Reading`, `read_network`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import fx, nn
from torch._ops import OpOverload

from .columns import COLUMN_RULES
from .operations import Call, Obstacle, Operation
from .operations import chained as chained_operation
from .reductions import REDUCTION_RULES
from .sliding import SLIDING_RULES
from .tracing import REDUCTIONS, TracedNetwork, arguments, shape_of, trace_network

__all__ = ["Reading", "read_network"]

_RULES = {**COLUMN_RULES, **REDUCTION_RULES, **SLIDING_RULES}


@dataclass(frozen=True, eq=False)
class Reading:
    """A network read along one axis.

    Parameters
    ----------
    traced : TracedNetwork
    axis : int
        Of the input that slides.
    operations : mapping of Node to Columns or Slide
        What can be shared, in order; the input itself is not among them.
    chains : mapping of Node to Node
        Operations that are no longer by themselves, each with the one that now does its work.
    obstacles : mapping of Node to str
        Where sharing ends for good, and why.
    """

    traced: TracedNetwork
    axis: int
    operations: Mapping[fx.Node, Operation]
    chains: Mapping[fx.Node, fx.Node]
    obstacles: Mapping[fx.Node, str]

    @property
    def input(self) -> fx.Node:
        """The node that stands for the network's input."""
        placeholder: fx.Node = next(iter(self.traced.graph.nodes))
        return placeholder

    @property
    def output(self) -> fx.Node:
        """The node whose value the network returns."""
        returned: fx.Node = self.traced.graph.output_node().all_input_nodes[0]
        return returned

    @property
    def batch_size(self) -> int:
        """The batch at which the network was traced, and what is not shared runs."""
        return shape_of(self.input)[0]

    def axis_of(self, node: fx.Node) -> int:
        """Return the axis of a shared map that slides."""
        return self.axis if node is self.input else self.operations[node].axis

    def done_by(self, node: fx.Node) -> fx.Node:
        """Return the operation that does a node's work: itself, or the last of its chain."""
        while node in self.chains:
            node = self.chains[node]
        return node

    def n_columns(self, node: fx.Node) -> int:
        """Return how many columns a window of a shared map has."""
        return shape_of(node)[self.axis_of(node)]


def read_network(network: nn.Module, input_shape: tuple[int, ...], *, axis: int = -1) -> Reading:
    """Read a network along one axis of its input.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode.
    input_shape : tuple of int
        One input with the batch, which is the size of batch for what is not shared.
    axis : int, default -1
        The axis that slides.

    Returns
    -------
    Reading

    Raises
    ------
    ModelError
        If the network cannot be traced.

    Examples
    --------
    >>> network = nn.Sequential(nn.Conv1d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2)).eval()
    >>> reading = read_network(network, (16, 1, 8))
    >>> [reading.traced.names[node] for node in reading.operations]
    ['0 (conv1d), relu']
    >>> [f"{reading.traced.names[node]} {why}" for node, why in reading.obstacles.items()]
    ['flatten merges the axis that slides with another']
    """
    traced = trace_network(network, input_shape)
    axis %= len(input_shape)
    axes: dict[fx.Node, int] = {}
    operations: dict[fx.Node, Operation] = {}
    obstacles: dict[fx.Node, str] = {}
    for node in list(traced.graph.nodes):
        if node.op == "placeholder":
            axes[node] = axis
        elif node.op == "call_function" and node not in traced.constants:
            _read(node, axes, traced, operations, obstacles)
    return Reading(traced, axis, operations, _chain(operations, traced), obstacles)


def _chain(operations: dict[fx.Node, Operation], traced: TracedNetwork) -> dict[fx.Node, fx.Node]:
    """Make one operation of those in a row, so that no map between them is kept."""
    chains = {}
    for node in list(operations):
        source = operations[node].sources[0]
        if len(operations[node].sources) > 1 or source not in operations or len(source.users) > 1:
            continue
        chained = chained_operation(operations[source], operations[node])
        if chained is not None:
            operations[node] = chained
            chains[source] = node
            del operations[source]
            traced.names[node] = f"{traced.names[source]}, {traced.names[node]}"
    return chains


def _read(
    node: fx.Node,
    axes: dict[fx.Node, int],
    traced: TracedNetwork,
    operations: dict[fx.Node, Operation],
    obstacles: dict[fx.Node, str],
) -> None:
    """Judge one node and remember the judgement."""
    shared = [source for source in node.all_input_nodes if source in axes]
    if not shared:
        return
    if any(source not in axes and source not in traced.constants for source in node.all_input_nodes):
        obstacles[node] = "joins a map with what each window has of its own"
        return
    for part in _taken_apart(node, axes[shared[0]]):
        operation = _understand(Call(part, axes, traced.constants))
        if isinstance(operation, Obstacle):
            obstacles[part] = operation.reason
        else:
            operations[part], axes[part] = operation, operation.axis
            traced.names.setdefault(part, traced.names[node])


def _understand(call: Call) -> Operation | Obstacle:
    target = call.node.target
    if not isinstance(target, OpOverload):
        return Obstacle("is not known")
    name = target._schema.name.partition("::")[2]
    rule = _RULES.get(name.removesuffix("_") if target._schema.is_mutable else name)
    if rule is None:
        return Obstacle("is not known")
    judged = rule(call)
    moved = shape_of(call.node)[:1] != shape_of(call.sources[0])[:1]
    return Obstacle("moves the batch") if moved and not isinstance(judged, Obstacle) else judged


def _taken_apart(node: fx.Node, axis: int) -> list[fx.Node]:
    """Split a reduction over several axes: first all but the one that slides, then that one, then both are dropped."""
    if node.target not in REDUCTIONS or len(node.args) < 2 or "dtype" in node.kwargs:
        return [node]
    source, places, *rest = arguments(node)
    shape = list(shape_of(source))
    wanted = {place % len(shape) for place in places}
    if axis not in wanted or 0 in wanted or (len(wanted) == 1 and any(rest)):
        return [node]
    parts = []
    for group in filter(None, (sorted(wanted - {axis}), [axis])):
        with node.graph.inserting_before(node):
            parts.append(node.graph.call_function(node.target, (source, group, True)))
        for place in group:
            shape[place] = 1
        source = parts[-1]
        source.meta["val"] = node.meta["val"].new_empty(shape)
    node.args = (source, places, *rest)
    return [*parts, node]
