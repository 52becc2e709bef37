"""Models whose runtime takes and gives arrays by name: which input is the sound, which output the answer.

Conventions
-----------
The first axis of the sound is the batch, of any size or fixed; one other is as long as the window, and the rest are 1.
A graph whose sound has no batch axis hears one window at a time. A fixed batch is filled up with silence, whose
answers are dropped. States are zeros at the start of every sound and are carried from window to window.

What is here: `Port`, `Session`, `Wiring`, `wire`, `infer`, `GraphModel`; `samples_axis`, `taken_shape`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...errors import InputError, ModelError
from ..model import Model, ModelSpec
from .declaration import Declaration

__all__ = ["GraphModel", "Port", "Session", "Wiring", "infer", "samples_axis", "taken_shape", "wire"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Port:
    """An input or output of a graph.

    Parameters
    ----------
    name : str
    shape : tuple of int or None
        None where any length will do.
    dtype : str
        As NumPy calls it.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{self.name} ({', '.join('any' if size is None else str(size) for size in self.shape)})"


class Session(Protocol):
    """A graph that can be run."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def run(self, feeds: Mapping[str, Array], wanted: Sequence[str]) -> list[Array]:
        """Return the wanted outputs, in order."""
        ...


@dataclass(frozen=True, eq=False)
class Wiring:
    """How a graph is used as a classifier.

    Parameters
    ----------
    sound : Port
    answer : Port
    states : mapping of Port to str
        Inputs that are carried, each with the output that replaces it.
    constants : mapping of str to array
    """

    sound: Port
    answer: Port
    states: Mapping[Port, str]
    constants: Mapping[str, Array]

    @cached_property
    def batch(self) -> int | None:
        """How many windows the graph takes at once; None for any number."""
        if len(self.sound.shape) == 1:
            return 1
        fixed = [self.sound.shape[0], *(1 for port in self.states if _batch_axis(port) is None)]
        return next((size for size in fixed if size is not None), None)

    def shaped(self, windows: Array) -> Array:
        """Return windows of shape (batch, n_samples) as the graph takes them."""
        return windows.reshape(taken_shape(self.sound.shape, len(windows))).astype(self.sound.dtype, copy=False)


def taken_shape(shape: tuple[int | None, ...], n_windows: int) -> list[int]:
    """Return the shape in which windows go into an input.

    Parameters
    ----------
    shape : tuple of int or None
        Of the input.
    n_windows : int

    Returns
    -------
    list of int
        With -1 for the samples.

    Examples
    --------
    >>> taken_shape((None, 1, 16000), 7), taken_shape((16000,), 1)
    ([7, 1, -1], [-1])
    """
    if len(shape) == 1:
        return [-1]
    axis = samples_axis(shape)
    return [n_windows if i == 0 else -1 if i == axis else 1 for i in range(len(shape))]


def _batch_axis(port: Port) -> int | None:
    """Return which axis of a state is the batch: the one that can be of any length."""
    return next((i for i, size in enumerate(port.shape) if size is None), None)


def samples_axis(shape: tuple[int | None, ...]) -> int:
    """Return which axis of an input is time.

    Parameters
    ----------
    shape : tuple of int or None

    Returns
    -------
    int

    Raises
    ------
    InputError
        If it cannot be told.
    """
    long = [0] if len(shape) == 1 else [i for i, size in enumerate(shape) if i > 0 and size != 1]
    if len(long) != 1:
        raise InputError(f"{shape} is no shape of waveforms (batch, samples) with axes of 1 beside")
    return long[0]


def _find_sound(inputs: Sequence[Port], said: Declaration, source: str) -> Port:
    given = {*(said.states or {}), *(said.constants or {})}
    unknown = sorted(given - {port.name for port in inputs})
    if unknown:
        raise ModelError(f"{source} has no input {', '.join(unknown)}; its inputs: {', '.join(map(str, inputs))}")
    left = [port for port in inputs if port.name not in given]
    if len(left) != 1:
        raise ModelError(
            f"{source} has {len(left)} inputs that could be the sound: {', '.join(map(str, left)) or 'none'}; declare "
            "the others in the sidecar as [states] (name = output that replaces it) or [constants] (name = value)"
        )
    (sound,) = left
    if not sound.dtype.startswith("float"):
        raise ModelError(
            f"{source} takes {sound.dtype} as {sound}; sound is float32, from −1 to 1: export it with such an input, "
            "or wrap it in a Python function that converts, and give module:attr"
        )
    try:
        samples_axis(sound.shape)
    except InputError:
        raise ModelError(
            f"{source} takes {sound}, which is not waveforms (batch, samples) with axes of 1 beside; a front end must "
            "be in the graph: wrap both in a Python function and give module:attr"
        ) from None
    return sound


def _find_answer(outputs: Sequence[Port], said: Declaration, source: str) -> Port:
    replaced = {*(said.states or {}).values()}
    unknown = sorted(replaced - {port.name for port in outputs})
    if unknown:
        raise ModelError(f"{source} has no output {', '.join(unknown)}; its outputs: {', '.join(map(str, outputs))}")
    left = [port for port in outputs if port.name not in replaced]
    if said.output is not None:
        left = [port for port in outputs if port.name == said.output]
    if len(left) != 1:
        raise ModelError(
            f"{source} has the outputs {', '.join(map(str, outputs))}"
            f"{f', none called {said.output}' if said.output else ''}; name one in the sidecar: "
            f'output = "{outputs[0].name}"'
        )
    return left[0]


def wire(session: Session, said: Declaration, spec: ModelSpec, source: str) -> Wiring:
    """Find sound and answer among a graph's inputs and outputs, and check them against the spec.

    Parameters
    ----------
    session : Session
    said : Declaration
    spec : ModelSpec
    source : str
        For the texts of errors.

    Returns
    -------
    Wiring

    Raises
    ------
    ModelError
        If inputs or outputs cannot be told apart, or contradict the spec.
    """
    sound, answer = _find_sound(session.inputs, said, source), _find_answer(session.outputs, said, source)
    length = sound.shape[samples_axis(sound.shape)]
    if length is not None and length != spec.input_samples:
        raise ModelError(f"{source} takes windows of {length} samples, but input_samples={spec.input_samples}")
    n_answers = answer.shape[-1] if len(answer.shape) > 1 or len(sound.shape) == 1 else None
    if n_answers is not None and n_answers != len(spec.labels):
        raise ModelError(
            f"{source} answers with {n_answers} numbers, but {len(spec.labels)} labels are given; give one for each, "
            "in the order of the outputs"
        )
    by_name = {port.name: port for port in session.inputs}
    states = {by_name[name]: output for name, output in (said.states or {}).items()}
    for port in states:
        if sum(size is None for size in port.shape) > 1:
            raise ModelError(f"{source}: state {port} has several axes of any length; export it with one, the batch")
    constants = {  # each is one number, whatever the rank of its input
        name: np.full([1] * len(by_name[name].shape), value, by_name[name].dtype)
        for name, value in (said.constants or {}).items()
    }
    return Wiring(sound, answer, states, constants)


def infer(session: Session, said: Declaration, source: str) -> Declaration:
    """Return what a graph shows of its spec: the length of its window.

    Parameters
    ----------
    session : Session
    said : Declaration
        By flags, sidecar and file, which may tell the inputs apart.
    source : str
        For the texts of errors.

    Returns
    -------
    Declaration

    Raises
    ------
    ModelError
        If it cannot be told which input is the sound.
    """
    sound = _find_sound(session.inputs, said, source)
    return Declaration(input_samples=sound.shape[samples_axis(sound.shape)])


class GraphModel(Model):
    """A classifier in a runtime of its own.

    Parameters
    ----------
    session : Session
    wiring : Wiring
    spec : ModelSpec
    """

    def __init__(self, session: Session, wiring: Wiring, spec: ModelSpec) -> None:
        super().__init__(spec)
        self._session = session
        self._wiring = wiring

    def respond(self, waveforms: Tensor) -> Tensor:
        """Return raw answers of shape (batch, n_classes), from fresh states."""
        return self.respond_in_turn(waveforms[:, None])

    def respond_in_turn(self, windows: Tensor) -> Tensor:
        """Return raw answers to windows that follow each other, with states carried where there are any."""
        batch = len(windows)
        if not self._wiring.states:
            flat = windows.flatten(0, 1).split(self._wiring.batch or batch)
            return torch.cat([self._answer(part.numpy(), {})[0] for part in flat])
        parts = [self._follow(part.numpy()) for part in windows.split(self._wiring.batch or batch)]
        return torch.cat(parts).flatten(0, 1)

    def _follow(self, windows: Array) -> Tensor:
        """Return answers of shape (batch, n_windows, …) to windows of shape (batch, n_windows, n_samples)."""
        n_batch = self._wiring.batch or len(windows)
        states = {
            port.name: np.zeros([n_batch if size is None else size for size in port.shape], port.dtype)
            for port in self._wiring.states
        }
        answers = []
        for window in windows.swapaxes(0, 1):
            answer, states = self._answer(window, states)
            answers.append(answer)
        return torch.stack(answers, dim=1)

    def _answer(self, windows: Array, states: Mapping[str, Array]) -> tuple[Tensor, dict[str, Array]]:
        """Run the graph once, on no more windows than it takes."""
        wiring, n_windows = self._wiring, len(windows)
        if wiring.batch is not None and n_windows < wiring.batch:
            windows = np.concatenate([windows, np.zeros((wiring.batch - n_windows, windows.shape[1]), windows.dtype)])
        feeds = {wiring.sound.name: wiring.shaped(windows), **states, **wiring.constants}
        with self.foreign_call(windows):
            found, *carried = self._session.run(feeds, [wiring.answer.name, *wiring.states.values()])
        if len(wiring.sound.shape) == 1 and found.ndim < 2 + bool(self.spec.frames):
            found = found[None]
        return torch.from_numpy(found[:n_windows]), dict(zip(states, carried, strict=True))
