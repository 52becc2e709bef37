"""Meeting a network's downsampling while it runs: which there is, and something else in its place.

Conventions
-----------
A network is not taken apart. While it runs, the calls of torch that are downsampling are met on their way
(`torch.overrides.TorchFunctionMode`) and answered otherwise, so that modules, functions and exported graphs are all
alike, and no weight is copied or written. What runs outside torch's Python shows no calls: ONNX, TensorFlow Lite,
TorchScript.

What is here: `survey_network`, `Survey`, `Found`, `Operation`, `operating`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from ..downsampling import Downsampling
from ..model import Model
from .calls import SlidingCall, left_alone, operation_of, read_call, zero_padded_axes
from .replacement import Layout, Phases, replaced, replaces

__all__ = ["Found", "Operation", "Survey", "operating", "survey_network"]

_RECURRENT = re.compile(r"(lstm|gru|rnn)(_.*)?")
_LAYERS = re.compile(r"(conv|linear|matmul|mm|bmm|addmm|einsum|embedding|lstm|gru|rnn|max_pool|avg_pool).*")
_LEVEL, _SEED = 0.1, 20261123

_Padding = Counter[tuple[int, bool]]  # values put around a map, by axis and whether they wrap around


@dataclass(frozen=True)
class Found:
    """One downsampling of a network.

    Parameters
    ----------
    name : str
        Of the module that does it, with what it does where that is a part of its work.
    kind : str
        ``"convolution"``, ``"maximum"``, ``"mean"``, or torch's name for another.
    width, stride : tuple of int
        Of the window along each axis of the maps; empty where it has none.
    size, size_after : tuple of int
        Of the map that goes in and of what comes out.
    padded : tuple of int, default ()
        How many values of the map that goes in were put around it just before, along each axis.
    obstacle : str, default ""
        Why it is left as it is.
    """

    name: str
    kind: str
    width: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    size: tuple[int, ...] = ()
    size_after: tuple[int, ...] = ()
    padded: tuple[int, ...] = ()
    obstacle: str = ""


@dataclass(frozen=True)
class Survey:
    """What downsampling a network does in one pass.

    Parameters
    ----------
    found : tuple of Found
        In the order of the calls.
    layout : Layout
        The axes that are operated on, and those along which all convolutions that are padded wrap around.
    max_stride : int
        Larger steps are left as they are.
    visible : bool
        Whether any layer showed itself.
    recurrent : bool
    """

    found: tuple[Found, ...]
    layout: Layout
    max_stride: int
    visible: bool
    recurrent: bool

    def replaced_by(self, kind: Downsampling) -> tuple[Found, ...]:
        """Return those in whose place something else is put.

        Parameters
        ----------
        kind : Downsampling

        Returns
        -------
        tuple of Found
        """
        return tuple(one for one in self.found if not one.obstacle and replaces(kind, one.kind))


@dataclass(frozen=True)
class Operation:
    """What is put in the place of a network's downsampling.

    Parameters
    ----------
    kind : Downsampling
    survey : Survey
        Of this network.
    """

    kind: Downsampling
    survey: Survey


def survey_network(model: Model, *, max_stride: int = 8, axes: frozenset[int] = frozenset({-1, -2})) -> Survey:
    """Find the downsampling of a network by running it on a window of noise.

    Parameters
    ----------
    model : Model
    max_stride : int, default 8
        Larger steps, such as the hop of a spectrogram, are left as they are: the window at every place would cost as
        many times more.
    axes : frozenset of int, default {-1, -2}
        Of maps, counted from the last: along which steps are replaced.

    Returns
    -------
    Survey

    Examples
    --------
    >>> from ..model import as_model
    >>> network = nn.Sequential(nn.Unflatten(1, (1, -1)), nn.Conv1d(1, 2, 3, 2), nn.AdaptiveMaxPool1d(1), nn.Flatten())
    >>> model = as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=80)
    >>> [(one.name, one.stride, one.size, one.size_after) for one in survey_network(model).found]
    [('1', (2,), (80,), (39,))]
    """
    generator = torch.Generator().manual_seed(_SEED)
    window = _LEVEL * torch.randn(1, model.spec.input_samples, generator=generator)
    with torch.inference_mode(), _Names() as names, _Watch(names, max_stride, axes) as watch:
        model.respond(window)
    layout = Layout(axes, frozenset(watch.wrapped - watch.straight))
    return Survey(tuple(watch.found), layout, max_stride, watch.visible, watch.recurrent)


@contextmanager
def operating(operation: Operation) -> Iterator[None]:
    """Let networks run with something else in the place of their downsampling.

    Parameters
    ----------
    operation : Operation
    """
    with _Surgeon(operation):
        yield


class _Surgeon(TorchFunctionMode):
    """Answers the calls that are downsampling."""

    def __init__(self, operation: Operation) -> None:
        super().__init__()
        self._operation = operation
        self._in_a_pass = len([one for one in operation.survey.found if not one.obstacle])
        self._met = 0
        self._phases = Phases()

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        survey, kind = self._operation.survey, self._operation.kind
        call = read_call(func, args, kwargs or {})
        if call is None or _obstacle(call, survey.max_stride, survey.layout.axes):
            return func(*args, **(kwargs or {}))
        if self._met % self._in_a_pass == 0:  # a model may run its network several times, on other sounds
            self._phases = Phases()
        self._met += 1
        if not replaces(kind, call.kind):
            return func(*args, **(kwargs or {}))
        return replaced(call, kind, survey.layout, self._phases)


class _Watch(TorchFunctionMode):
    """Notes the calls that are downsampling, and lets them be."""

    def __init__(self, names: _Names, max_stride: int, axes: frozenset[int]) -> None:
        super().__init__()
        self._names, self._max_stride, self._axes = names, max_stride, axes
        self._paddings: dict[int, tuple[Tensor, _Padding]] = {}
        self.found: list[Found] = []
        self.wrapped: set[int] = set()
        self.straight: set[int] = set()
        self.visible = self.recurrent = False

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        given, operation = kwargs or {}, operation_of(func)
        self.visible |= _LAYERS.fullmatch(operation) is not None
        self.recurrent |= _RECURRENT.fullmatch(operation) is not None
        answer = func(*args, **given)
        if operation == "pad":
            self._note_padding(answer, args, given)
        elif operation.startswith("conv") and args:
            for (axis, wraps), n in self._padding_of(args[0]).items():
                (self.wrapped if wraps else self.straight).update({axis} if n else ())
            self.straight |= zero_padded_axes(func, args, given)
        call, obstacle = read_call(func, args, given), left_alone(func, args, given)
        if call is not None:
            name = self._names.name_of(call.kind, operation)
            obstacle, padding = _obstacle(call, self._max_stride, self._axes), self._padding_of(call.maps)
            self.found.append(_describe(name, call, obstacle, padding))
        elif obstacle:
            self.found.append(Found(self._names.name_of("", operation), operation, obstacle=obstacle))
        return answer

    def _note_padding(self, answer: Tensor, args: Sequence[Any], given: Mapping[str, Any]) -> None:
        """Keep in mind what was put around a map that may go into a convolution."""
        told = dict(zip(("input", "pad", "mode"), args, strict=False)) | dict(given)
        padding = Counter(self._padding_of(told["input"]))
        for place, n in enumerate(told["pad"]):
            padding[-1 - place // 2, told.get("mode") == "circular"] += n
        self._paddings[id(answer)] = answer, padding

    def _padding_of(self, maps: Tensor) -> _Padding:
        return self._paddings[id(maps)][1] if id(maps) in self._paddings else Counter()


def _obstacle(call: SlidingCall, max_stride: int, axes: frozenset[int]) -> str:
    strides = [call.stride_along[axis] for axis in call.stepping if axis in axes]
    if call.obstacle or not strides:
        return call.obstacle or "it steps along the other axis alone"
    return f"its step is larger than {max_stride}" if max(strides) > max_stride else ""


def _describe(name: str, call: SlidingCall, obstacle: str, padding: _Padding) -> Found:
    return Found(
        name,
        call.kind,
        width=tuple(window.width for window in call.windows),
        stride=call.strides,
        size=tuple(call.maps.shape[-len(call.windows) :]),
        size_after=call.sizes,
        padded=tuple(padding[axis, True] + padding[axis, False] for axis in call.stride_along),
        obstacle=obstacle,
    )


@dataclass(eq=False)
class _Names:
    """Knows which module is running, by hooks that torch calls for every module."""

    running: list[nn.Module] = field(default_factory=list)
    names: dict[nn.Module, str] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> _Names:
        self._handles = [
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _enter(self, module: nn.Module, _: Any) -> None:
        if not self.running:
            self.names |= {inner: name for name, inner in module.named_modules()}
        self.running.append(module)

    def _leave(self, *_: Any) -> None:
        self.running.pop()

    def name_of(self, kind: str, operation: str) -> str:
        """Name a call by the module that makes it; the second of the same name is ``NAME (2)``."""
        module = self.running[-1] if self.running else None
        place = "" if module is None else self.names.get(module, "")
        alone = place and module is not None and not any(module.children())
        name = place if alone and kind else ".".join(filter(None, (place, operation)))
        self.given[name] = self.given.get(name, 0) + 1
        return name if self.given[name] == 1 else f"{name} ({self.given[name]})"
