"""Follow a running network: what each of its operations does to what is known of its maps.

Conventions
-----------
A network is run on noise that is a tensor of its own kind. Torch tells such a tensor of every operation on it, and the
operation's rule (`layer_rules`) gives the motion of the result. So what is read is what is computed,
whoever wrote the module and whether or not a layer has a class of its own.

Nothing is believed in doubt. An operation without a rule, a value read into Python (``if x.sum() > 0``, NumPy), a
constant written to, a random number drawn: each loses the map, with the layer and the reason. Layers are named by their
path from the outermost module, as ``stages.3 (MaxPool1d)``.

What is here: `follow`, `Run`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import lcm
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, MethodWrapperType, WrapperDescriptorType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from .axis_rules import AXIS_RULES
from .layer_rules import Rules
from .motion import CannotFollow, Lost, Motion, Moving, Still, Turning
from .place_rules import PLACE_RULES
from .window_rules import WINDOW_RULES

__all__ = ["Run", "follow"]

_RULES: Rules = {**PLACE_RULES, **WINDOW_RULES, **AXIS_RULES}
_OBSERVATIONS = frozenset(
    {f"get:{name}" for name in ("shape", "ndim", "dtype", "device", "layout", "names", "requires_grad", "itemsize")}
    | {f"get:is_{name}" for name in ("cuda", "cpu", "mps", "sparse", "nested", "quantized", "mkldnn", "meta", "leaf")}
    | {f"is_{name}" for name in ("contiguous", "floating_point", "complex", "signed", "same_size", "inference")}
    | {"size", "dim", "ndimension", "nelement", "numel", "stride", "element_size", "get_device", "has_names"}
    | {"__len__", "__hash__"}
)
"""Questions to a tensor whose answers do not depend on its values."""


def follow(respond: Callable[[Tensor], Any], input_shape: Sequence[int], dim: int, seed: int) -> Run:
    """Run a network once on noise, and follow what a roll of the noise would do.

    Parameters
    ----------
    respond : callable
        Takes a batch of inputs.
    input_shape : sequence of int
        One input, without the batch.
    dim : int
        The axis of the roll, counted from the last.
    seed : int
        Of the noise.

    Returns
    -------
    Run
    """
    run = Run()
    noise = torch.randn(2, *input_shape, generator=torch.Generator().manual_seed(seed))
    sound = noise.as_subclass(_Followed)
    sound.motion, sound.run = Moving.of(int(input_shape[dim]), dim), run
    run.followed.append(sound)
    random = _random_states()
    answer = None
    with torch.no_grad(), run.running():
        try:
            answer = respond(sound)
        except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
            run.spoil("", f"it does not run on a tensor that is followed ({error})")
    if isinstance(answer, _Followed):
        run.answer = answer.motion
    if not (isinstance(run.answer, Lost) or all(map(torch.equal, random, _random_states()))):
        run.spoil("", "it draws random numbers")
    if run.spoilt:
        run.answer = Lost(run.spoilt)
    return run


@dataclass(eq=False)
class Run:
    """One run of a network: where it is, what it called, what spoilt it.

    Attributes
    ----------
    layers : list of (Module, str)
        The modules at work, outermost first, with their paths.
    followed : list of Tensor
        All tensors whose motion is known.
    log : list of (str, list)
        Each operation, with what it took beside followed tensors.
    steps : list of str
        Where something was lost or gained.
    spoilt : str
        Why nothing can be derived, whatever the answer.
    answer : Motion or None
        Of what the network answered; None if that is no followed tensor.
    """

    layers: list[tuple[nn.Module, str]] = field(default_factory=list)
    followed: list[_Followed] = field(default_factory=list)
    log: list[tuple[str, list[Any]]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    spoilt: str = ""
    answer: Motion | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Know at every time which module is at work."""
        handles = (
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),
        )
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: nn.Module, _: Any) -> None:
        parent, path = self.layers[-1] if self.layers else (module, "")
        name = next((name for name, part in parent.named_modules() if part is module), "")
        self.layers.append((module, ".".join(part for part in (path, name) if part)))

    def _leave(self, *_: Any) -> None:
        self.layers.pop()

    def at(self, name: str, text: str) -> str:
        """Say where something happened: layer, operation, what."""
        module, path = self.layers[-1] if self.layers else (None, "")
        layer = "" if module is None else type(module).__name__
        return ": ".join(part for part in (f"{path} ({layer})" if path else layer, name, text) if part)

    def spoil(self, name: str, reason: str) -> None:
        """Note that nothing can be derived whatever comes."""
        self.spoilt = self.spoilt or self.at(name, reason)

    def tell(self, name: str, before: Motion, after: Motion) -> None:
        """Note what an operation made of what is known, if that is new."""
        if isinstance(after, Still) and isinstance(before, (Moving, Turning)):
            self.steps.append(self.at(name, f"still at {_multiples(after.modulus)}"))
        elif isinstance(after, Lost) and not isinstance(before, Lost):
            self.steps.append(after.reason)
        elif isinstance(after, Moving) and isinstance(before, Moving) and _moduli(after) != _moduli(before):
            some = f", and by some places at {_multiples(after.any_roll)}" if after.any_roll < after.exact else ""
            self.steps.append(self.at(name, f"rolls by whole places at {_multiples(after.exact)}{some}"))


def _moduli(motion: Moving) -> tuple[int, int]:
    return motion.exact, motion.any_roll


def _multiples(modulus: int) -> str:
    return "every delay" if modulus == 1 else f"multiples of {modulus}"


class _Followed(Tensor):
    """A tensor whose motion is known, and that asks the rules whenever something is done with it."""

    motion: Motion
    run: Run

    @classmethod
    def __torch_function__(cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            call = _Call(operation, args, kwargs or {})
        result = super().__torch_function__(operation, types, args, kwargs or {})  # type: ignore[no-untyped-call]
        with torch._C.DisableTorchFunctionSubclass():
            call.record(result)
        return result


class _Call:
    """One operation on at least one followed tensor, from before it is done until after."""

    def __init__(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.operation, self.args, self.kwargs = operation, args, kwargs
        self.name = _name_of(operation)
        self.leaves = list(_leaves([*args, *kwargs.values()]))
        self.tensors = [leaf for leaf in self.leaves if isinstance(leaf, Tensor)]
        self.versions = [_version(tensor) for tensor in self.tensors]
        self.motions = [leaf.motion for leaf in self.leaves if isinstance(leaf, _Followed)]
        self.run = next(leaf.run for leaf in self.leaves if isinstance(leaf, _Followed))

    def record(self, result: Any) -> None:
        """Give the result its motion, and correct that of what was written to in place."""
        outputs = [leaf for leaf in _leaves([result]) if isinstance(leaf, _Followed)]
        if any(output.is_inference() for output in outputs):
            self.run.spoil(self.name, "it runs in inference mode, where nobody notices what is written to")
        written = [
            tensor for tensor, version in zip(self.tensors, self.versions, strict=True) if _version(tensor) != version
        ]
        if any(not isinstance(tensor, _Followed) for tensor in written):
            self.run.spoil(self.name, "it writes into a tensor that should be constant")
        if not outputs and self.name not in _OBSERVATIONS:
            what = "it writes into a part of the map" if written else "values are read where they cannot be followed"
            self.run.spoil(self.name, what)
        if not outputs:
            return
        self.run.log.append((self.name, [leaf for leaf in self.leaves if not isinstance(leaf, _Followed)]))
        motions = self._follow(result, outputs)
        self.run.tell(self.name, _first_known(self.motions), motions[0])
        self._lose_aliases(written, outputs[0])
        for output, motion in zip(outputs, motions, strict=True):
            output.motion, output.run = motion, self.run
            self.run.followed.append(output)

    def _follow(self, result: Any, outputs: list[_Followed]) -> list[Motion]:
        lost = next((motion for motion in self.motions if isinstance(motion, Lost)), None)
        still = [motion.modulus for motion in self.motions if isinstance(motion, Still)]
        if lost is not None:
            return [lost] * len(outputs)
        if len(still) == len(self.motions):  # any function of what does not change does not change
            return [Still(lcm(*still))] * len(outputs)
        try:
            found = self._apply_rule(result)
            found = found if isinstance(found, tuple) else (found, *[Lost(self._why("not followed"))] * len(outputs))
            return [self._checked(motion, output) for motion, output in zip(found, outputs, strict=False)]
        except CannotFollow as reason:
            return [Lost(self._why(str(reason)))] * len(outputs)
        except (TypeError, ValueError, IndexError, KeyError):
            return [Lost(self._why("called in a way that is not read"))] * len(outputs)

    def _apply_rule(self, result: Any) -> Any:
        rule = _RULES.get(self.name) if _is_torchs(self.operation) else None
        if rule is None:
            raise CannotFollow("there is no rule for this operation")
        return rule(result, *self.args, **self.kwargs)

    def _checked(self, motion: Motion, output: Tensor) -> Motion:
        """Return the motion if the tensor has the places that it speaks of; a single one cannot move."""
        seen = motion.n_seen * motion.inner if isinstance(motion, Moving) else 1
        if seen < 1 or (isinstance(motion, Moving) and output.shape[motion.dim] % seen):
            raise CannotFollow("the size of its result is not the expected one")
        if isinstance(motion, Moving) and motion.n_places == motion.n_seen == 1:
            return Still(motion.exact)
        return motion

    def _lose_aliases(self, written: list[Tensor], output: Tensor) -> None:
        """Tensors that lie where the written ones do have changed with them."""
        places = {tensor.untyped_storage().data_ptr() for tensor in written}
        for other in self.run.followed if written else ():
            if other is not output and other.untyped_storage().data_ptr() in places:
                other.motion = Lost(self._why("it writes into a tensor that is shared"))

    def _why(self, reason: str) -> str:
        return self.run.at(self.name, reason)


def _first_known(motions: Sequence[Motion]) -> Motion:
    """Return the motion of the map that an operation is about: the first that moves, if any does."""
    lost = next((motion for motion in motions if isinstance(motion, Lost)), None)
    return lost or next((motion for motion in motions if not isinstance(motion, Still)), motions[0])


def _random_states() -> list[Tensor]:
    return [torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else ())]


def _name_of(operation: Any) -> str:
    """Name an operation; ``get:shape`` reads an attribute, and ``relu_`` is called like ``relu``."""
    name = str(getattr(operation, "__name__", operation))
    if name in ("__get__", "__set__"):
        return f"{name.strip('_')}:{getattr(operation.__self__, '__name__', 'attribute')}"
    return name if name.endswith("__") else name.removesuffix("_")


def _is_torchs(operation: Any) -> bool:
    """Tell whether an operation is torch's own, or ours, and not one that happens to have the name."""
    if isinstance(operation, FunctionType):
        return operation.__module__.split(".")[0] in ("torch", __name__.split(".")[0])
    return isinstance(operation, (BuiltinFunctionType, MethodDescriptorType, MethodWrapperType, WrapperDescriptorType))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _version(tensor: Tensor) -> int:
    """Count how often a tensor was written to; -1 in inference mode, where nobody counts."""
    return -1 if tensor.is_inference() else tensor._version
