"""What the layers of a network make of shifted clips: forward hooks on named modules.

Conventions
-----------
A layer is a module without modules of its own, unless others are asked for; what only a function does, such as a
flattening, shows in the layer that comes after. A module that is called again counts as another layer, ``NAME (2)``.
Layers stand in the order in which they were called. Maps are ``(n_inputs, ...)`` on the CPU; the last axis of a map
of three or more is time, the one before it frequency if there are four.

What is here: `named_layers`, `LayerMap`, `record_maps`, `hooked`, `LayerFeed`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError, ModelError
from ..nets.model import Model
from ..sound.clip import Clip
from ..sound.operators import FrequencyShift, TimeShift
from ..sound.shifts import bin_shift

__all__ = ["LayerFeed", "LayerMap", "hooked", "named_layers", "record_maps"]

_NOISE_LEVEL = 0.1
_N_BORDERS, _BORDER_LEVEL = 4, 3.0
_BORDER_SAMPLES = 16  # where the hop is not known; enough for a window of a spectrogram to weigh one of them


@dataclass(frozen=True, eq=False)
class LayerMap:
    """What came out of one layer, and what went into it where it only pools.

    Parameters
    ----------
    kind : str
        Class of the module.
    output : Tensor of shape (n_inputs, ...)
    pooled : Tensor, optional
        The input of a layer without weights that makes its map smaller and leaves the channels.
    """

    kind: str
    output: Tensor
    pooled: Tensor | None


def named_layers(model: Model, names: Sequence[str] = ()) -> dict[str, nn.Module]:
    """Return the layers of a model's network by name, and see to it that they are in evaluation mode.

    Parameters
    ----------
    model : Model
    names : sequence of str, optional
        Of modules; every module without modules of its own if not given.

    Returns
    -------
    dict of str to Module

    Raises
    ------
    ModelError
        If the model does not show its network.
    InputError
        If a name is none of its modules.
    """
    if model.module is None:
        raise ModelError(
            f"model {model.spec.name} is a function whose layers cannot be seen; give its torch.nn.Module to as_model, "
            "or the command line module:attr or a .pt2 file"
        )
    modules = dict(model.module.eval().named_modules())
    unknown = [name for name in names if name not in modules]
    if unknown:
        raise InputError(
            f"no layer {', '.join(unknown)} in model {model.spec.name}; there are {', '.join(filter(None, modules))}"
        )
    return {
        name or "model": module
        for name, module in modules.items()
        if (name in names if names else not any(module.children()))
    }


@contextmanager
def hooked(
    layers: Mapping[str, nn.Module], note: Callable[[str, nn.Module, Tensor, Tensor], Tensor | None]
) -> Iterator[None]:
    """Call `note` with name, module, input and output of every layer that answers with a tensor of numbers.

    Parameters
    ----------
    layers : mapping of str to Module
    note : callable
        What it returns stands for the output from there on, unless it is None.
    """
    calls: dict[str, int] = {}

    def hook(name: str) -> Callable[[nn.Module, tuple[Any, ...], Any], Tensor | None]:
        def noted(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Tensor | None:
            if not (isinstance(output, Tensor) and output.is_floating_point() and output.ndim >= 2):
                return None
            calls[name] = calls.get(name, 0) + 1
            called = name if calls[name] == 1 else f"{name} ({calls[name]})"
            return note(called, module, inputs[0] if inputs and isinstance(inputs[0], Tensor) else output, output)

        return noted

    handles = [module.register_forward_hook(hook(name)) for name, module in layers.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def record_maps(
    layers: Mapping[str, nn.Module], respond: Callable[[Tensor], Tensor], inputs: Tensor
) -> dict[str, LayerMap]:
    """Run a model and keep what its layers made of the inputs.

    Parameters
    ----------
    layers : mapping of str to Module
        From `named_layers`.
    respond : callable
        Runs the model.
    inputs : Tensor of shape (n_inputs, ...)

    Returns
    -------
    dict of str to LayerMap
        In the order of the calls.

    Examples
    --------
    >>> network = nn.Sequential(nn.Conv1d(1, 2, 3), nn.ReLU())
    >>> maps = record_maps(dict(network.named_children()), network, torch.zeros(4, 1, 8))
    >>> [(name, found.kind, tuple(found.output.shape)) for name, found in maps.items()]
    [('0', 'Conv1d', (4, 2, 6)), ('1', 'ReLU', (4, 2, 6))]
    """
    found: dict[str, LayerMap] = {}

    def note(name: str, module: nn.Module, given: Tensor, output: Tensor) -> None:
        # Copied at once: a layer that works in place would overwrite what came before it.
        pooled = given.to("cpu", copy=True) if _only_pools(module, given, output) else None
        found[name] = LayerMap(type(module).__name__, output.to("cpu", copy=True), pooled)

    with torch.inference_mode(), hooked(layers, note):
        respond(inputs)
    return found


def _only_pools(module: nn.Module, given: Tensor, output: Tensor) -> bool:
    return (
        next(module.parameters(), None) is None
        and given.ndim == output.ndim >= 3
        and given.shape[:2] == output.shape[:2]
        and given.numel() > output.numel()
    )


@dataclass(frozen=True)
class LayerFeed:
    """A model's input shifted along one axis, on its way into the layers.

    Parameters
    ----------
    model : Model
    axis : {"time", "freq", "bins"}
        Delays in samples and frequency shifts in hertz change the sound; bins move the model's own spectrogram.
    edges : {"zero", "circular", "context", "noise"}, default "circular"
        What enters under a delay.
    seed : int, default 0
        Of the noise that enters, and of the noise that the layers are surveyed with.

    Raises
    ------
    InputError
        If bins are asked of a model whose spectrogram we do not know.
    """

    model: Model
    axis: str
    edges: str = "circular"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.axis not in ("time", "freq", "bins"):
            raise InputError(f"axis={self.axis!r} is not one of time, freq, bins")
        if self.axis == "bins" and self.model.front_end is None:
            raise InputError(
                f"bins needs a model whose spectrogram is known; {self.model.spec.name} takes the waveform itself"
            )

    @property
    def place(self) -> int | None:
        """Which axis of a map moves along: -1 for time, -2 for bins; a shift in hertz moves none evenly."""
        return {"time": -1, "bins": -2}.get(self.axis)

    @property
    def n_steps(self) -> int:
        """Steps of the input along the axis: samples or bins."""
        front_end = self.model.front_end
        return self.model.spec.n_samples if self.axis != "bins" or front_end is None else front_end.config.n_bins

    def shifted(self, window: Clip, amounts: Any) -> Tensor:
        """Shift a window.

        Parameters
        ----------
        window : Clip
            As long as the model's window.
        amounts : array of shape (n_shifts,)
            In samples, hertz or bins.

        Returns
        -------
        Tensor of shape (n_shifts, n_samples) or (n_shifts, n_bins, n_frames)
        """
        front_end = self.model.front_end
        if self.axis == "time":
            return TimeShift(self.edges, self.seed).shift(window, amounts)
        if self.axis == "freq" or front_end is None:
            return FrequencyShift().shift(window, amounts)
        with torch.no_grad():
            spectrogram = front_end(torch.from_numpy(window.waveform).to(self.model.device))
        moved: Tensor = bin_shift(spectrogram, amounts, fill=front_end.floor_db)
        return moved

    def turned(self, window: Clip, amounts: Any) -> Tensor:
        """Shift a window in a circle, so that nothing enters or leaves and every map has an exact shift.

        Parameters
        ----------
        window : Clip
            As long as the model's window.
        amounts : array of shape (n_shifts,)
            In samples or bins; the top bin comes back at the bottom.

        Returns
        -------
        Tensor of shape (n_shifts, n_samples) or (n_shifts, n_bins, n_frames)
        """
        if self.axis == "time":
            return TimeShift("circular").shift(window, amounts)
        spectrogram = self.shifted(window, np.zeros(1))[0]
        return torch.stack([spectrogram.roll(round(float(amount)), -2) for amount in amounts])

    def respond(self, inputs: Tensor) -> Tensor:
        """Run the model on what `shifted` returned."""
        return self.model.respond_to_spectrogram(inputs) if self.axis == "bins" else self.model.respond(inputs)

    def maps(self, layers: Mapping[str, nn.Module], inputs: Tensor) -> dict[str, LayerMap]:
        """Run the model on what `shifted` returned and keep the maps; see `record_maps`."""
        return record_maps(layers, self.respond, inputs)

    def rates(self, layers: Mapping[str, nn.Module], inputs: Tensor, change: Tensor) -> dict[str, Tensor] | None:
        """Differentiate every layer along a direction of change of the input, by forward-mode derivatives.

        Parameters
        ----------
        layers : mapping of str to Module
        inputs, change : Tensor of shape (n_inputs, ...)

        Returns
        -------
        dict of str to Tensor, or None
            None where an operation of the model has no such derivative.
        """

        def outputs(given: Tensor) -> dict[str, Tensor]:
            found: dict[str, Tensor] = {}
            # A copy, or a layer that works in place would overwrite what came before it.
            with hooked(layers, lambda name, _module, _given, output: found.update({name: output.clone()})):
                self.respond(given)
            return found

        device = self.model.device
        try:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # torch's own, on loading its derivatives
                found: dict[str, Tensor] = torch.func.jvp(outputs, (inputs.to(device),), (change.to(device),))[1]
        except (NotImplementedError, RuntimeError):  # what torch raises for an operation without a derivative
            return None
        return {name: rate.detach().cpu() for name, rate in found.items()}

    def noise(self) -> Clip:
        """Return white noise as long as the model's window: a sound with structure at every place."""
        spec = self.model.spec
        samples = np.random.default_rng(self.seed).standard_normal(spec.n_samples)
        return Clip((_NOISE_LEVEL * samples).astype(np.float32), spec.sample_rate, name="noise")

    def other_borders(self, inputs: Tensor) -> Tensor:
        """Return inputs that differ from the given one in their first and last steps only, which are loud noise.

        Parameters
        ----------
        inputs : Tensor of shape (1, ...)

        Returns
        -------
        Tensor of shape (4, ...)
            Four, as a maximum or a rectifier may hide one. Steps are the samples of one hop, or the outermost bins.
        """
        place = self.place or -1
        n_border = 1 if self.axis == "bins" else min(self.model.hop_samples or _BORDER_SAMPLES, inputs.shape[-1] // 4)
        generator = torch.Generator().manual_seed(self.seed)
        changed = inputs.repeat(_N_BORDERS, *[1] * (inputs.ndim - 1))
        noise = inputs.mean().cpu() + _BORDER_LEVEL * inputs.std().cpu() * torch.randn(
            changed.shape, generator=generator
        )
        for start in (0, inputs.shape[place] - n_border):
            part = noise.narrow(place, start, n_border)
            changed.narrow(place, start, n_border).copy_(part)
        return changed
