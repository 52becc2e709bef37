"""The networks that the benchmarks of speed run, with weights and a sound under which answers differ between delays."""

from __future__ import annotations

import copy
import statistics
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from audioinv.nets.architectures import mel_front_end
from audioinv.nets.model import Model, ModelSpec
from audioinv.sound.spectrogram import Spectrogram
from audioinv.sound.synthetic import decaying_tone

from .measuring import Setting, Work, interleaved

SAMPLE_RATE = 16000
LABELS = tuple("abcdefghij")
_LONG_ENOUGH = 0.1  # seconds; what is shorter is called a few times, for the clock's sake
CHANNELS = {"0.06 M": (16, 32, 64, 64), "0.3 M": (16, 32, 64, 128), "4.7 M": (64, 128, 256, 512)}


class Vgg(nn.Module):
    """Stages of 3 × 3 convolutions and a pool, an average over everything, a linear layer."""

    def __init__(self, channels: tuple[int, ...], padding: str = "zeros", *, depth: int = 2) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        n_in = 1
        mode, reach = ("zeros", (1, 0)) if padding == "none" else (padding, (1, 1))
        for n_out in channels:
            for _ in range(depth):
                stages.append(nn.Conv2d(n_in, n_out, 3, padding=reach, padding_mode=mode, bias=False))
                stages += [nn.BatchNorm2d(n_out), nn.ReLU()]
                n_in = n_out
            stages.append(nn.MaxPool2d(2))
        self.stages, self.head = nn.Sequential(*stages), nn.Linear(n_in, len(LABELS))

    def forward(self, maps: Tensor) -> Tensor:
        """Return logits for maps of shape (batch, 1, n_bins, n_frames)."""
        return self.head(self.stages(maps).mean((2, 3)))


class WaveNetwork(nn.Module):
    """Four stages on the waveform, by 4 each, as M5 of Dai et al. (2017)."""

    def __init__(self, padding: str) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        for n_in, n_out in ((1, 128), (128, 128), (128, 256), (256, 512)):
            kernel, stride = (80, 4) if n_in == 1 else (3, 1)
            reach = 0 if padding == "none" else (38 if n_in == 1 else 1)
            stages += [nn.Conv1d(n_in, n_out, kernel, stride, reach), nn.BatchNorm1d(n_out), nn.ReLU(), nn.MaxPool1d(4)]
        self.stages, self.head = nn.Sequential(*stages), nn.Linear(512, len(LABELS))

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return logits for waveforms of shape (batch, 1, n_samples)."""
        return self.head(self.stages(waveforms).mean(-1))


def vgg(size: str, padding: str = "zeros") -> Vgg:
    """Return a network by its number of parameters."""
    return Vgg(CHANNELS[size], padding, depth=1 if size == "0.06 M" else 2)


def realistic(network: nn.Module, example: Tensor) -> nn.Module:
    """Give a network weights under which no map dies or explodes, and answers that no class wins everywhere.

    The last layer's bias takes the mean answer to the example away: what is left is what differs between windows,
    so that the best class changes with the delay and top-1 has something to disagree about.
    """
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Linear)):
            module.weight.data.normal_(0, (2 / module.weight[0].numel()) ** 0.5, generator=generator)
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_var.uniform_(0.7, 1.3, generator=generator)
    network.eval().requires_grad_(False)
    network.head.bias.data -= network(example).mean(0)
    return network


def fused(network: nn.Module) -> nn.Module:
    """Return a copy whose convolutions do the work of the norms behind them, laid out as kernels like it best."""
    copied = copy.deepcopy(network)
    layers = list(copied.stages)
    norms = (nn.BatchNorm1d, nn.BatchNorm2d)
    copied.stages = nn.Sequential(
        *(
            fuse_conv_bn_eval(layer, after) if isinstance(after, norms) else layer
            for layer, after in zip(layers, [*layers[1:], None], strict=True)
            if not isinstance(layer, norms)
        )
    )
    return copied.to(memory_format=torch.channels_last) if isinstance(network, Vgg) else copied


def as_kernels_like(maps: Tensor) -> Tensor:
    """Return maps channels last also where there is one channel, where PyTorch takes either layout for both."""
    return torch.empty(maps.shape, dtype=maps.dtype, device=maps.device, memory_format=torch.channels_last).copy_(maps)


class Listener(nn.Module):
    """A log-mel front end before a network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.front_end, self.network = Spectrogram(mel_front_end(SAMPLE_RATE)), network

    def maps(self, waveforms: Tensor) -> Tensor:
        """Return what the network sees of waveforms of shape (batch, n_samples)."""
        return scaled(self.front_end(waveforms))[:, None]

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return logits for waveforms of shape (batch, n_samples)."""
        return self.network(self.maps(waveforms).clone(memory_format=torch.channels_last))


def scaled(decibels: Tensor) -> Tensor:
    """Return a spectrogram as the networks want it."""
    return (decibels + 20) / 30


class ReadableModel(Model):
    """A module that the sweep can read, on a device."""

    def __init__(self, listener: Listener, n_samples: int, device: str) -> None:
        super().__init__(ModelSpec("readable", SAMPLE_RATE, n_samples, LABELS, activation="none"))
        self._module, self._device = listener.eval().to(device), torch.device(device)

    def respond(self, waveforms: Tensor) -> Tensor:
        """Return logits for waveforms of shape (batch, n_samples)."""
        return self._module(waveforms.to(self._device))

    @property
    def module(self) -> nn.Module:
        """The network with its front end."""
        return self._module

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._device


def opaque(listener: Listener, device: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return a plain function, of which nothing is known but what it answers."""
    placed = listener.eval().to(device)

    def respond(waveforms: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return placed(torch.from_numpy(waveforms).to(device)).cpu().numpy()

    return respond


def best_pass(passes: Callable[[int], Work], setting: Setting) -> tuple[Work, int]:
    """Return the pass at the batch where a window is cheapest, and its windows; short ones are called repeatedly."""
    works = {size: passes(size) for size in setting.batches}
    times = interleaved(works, 3, setting.device)
    best = min(works, key=lambda size: statistics.median(times[size]) / size)
    repeats = max(1, round(_LONG_ENOUGH / statistics.median(times[best])))
    return lambda: [works[best]() for _ in range(repeats)], repeats * best


def bare_passes(network: nn.Module, inputs: Tensor) -> Callable[[int], Work]:
    """Return the bare network at its fastest on the first of some inputs."""
    fast = fused(network)
    if inputs.ndim == 4:
        inputs = as_kernels_like(inputs)
    return lambda size: torch.inference_mode()(lambda: fast(inputs[:size]))


def melody(duration_seconds: float) -> np.ndarray:
    """Return notes of many pitches at irregular times over soft noise: each window hears others."""
    rng = np.random.default_rng(0)
    sound = 0.01 * rng.standard_normal(round(duration_seconds * SAMPLE_RATE))
    for start in np.sort(rng.integers(0, len(sound), size=max(4, round(4 * duration_seconds)))):
        note = 0.3 * decaying_tone(rng.uniform(100, 1500), 4, 0.6, SAMPLE_RATE, decay_seconds=0.2)
        sound[start : start + len(note)] += note[: len(sound) - start]
    return sound.clip(-1, 1).astype(np.float32)
