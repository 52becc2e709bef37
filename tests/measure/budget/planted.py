"""Networks with one planted fault each, their clean twins, and what finds the stage at fault."""

import numpy as np
import torch
from torch import nn

from audioinv.measure.budget.attribution import summarize_budget
from audioinv.measure.budget.stages import StageSweep
from audioinv.measure.layerwise.axis_survey import survey_axis
from audioinv.nets.classifier import Classifier, ClassifierConfig, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.nets.network_config import NetworkConfig
from audioinv.sound.clip import Clip
from audioinv.sound.spectrogram_config import SpectrogramConfig
from audioinv.sweep.activations import LayerFeed, named_layers

N_SAMPLES, N_LONG, N_BINS = 256, 1024, 16
LABELS = ("a", "b", "c")


class Leaking(nn.Module):
    """Gives every step a channel that says where it is."""

    def forward(self, maps):
        return torch.cat([maps, torch.linspace(-1, 1, maps.shape[-1]).expand_as(maps[:, :1])], 1)


class Repeating(nn.Module):
    """As many channels, of which the last says nothing of the place."""

    def forward(self, maps):
        return torch.cat([maps, maps[:, :1]], 1)


class Biased(nn.Module):
    """Adds what belongs to a place and not to a sound."""

    def forward(self, maps):
        return maps + torch.sin(torch.arange(maps.shape[-1]) / 9.0)


class ByMaximum(nn.Module):
    """Normalises a window by its largest value, which may lie between two samples."""

    def forward(self, maps):
        return maps / maps.abs().amax((1, 2), keepdim=True)


class ByLevel(nn.Module):
    """Normalises a window by its root mean square, which a delay keeps."""

    def forward(self, maps):
        return maps / maps.square().mean((1, 2), keepdim=True).sqrt()


class LeftOn(nn.Module):
    """Dropout that evaluation mode does not reach."""

    def forward(self, maps):
        return nn.functional.dropout(maps, 0.3, training=True)


class Average(nn.Module):
    """Mean over every axis but the channels."""

    def forward(self, maps):
        return maps.flatten(2).mean(-1)


class Reflecting(nn.Module):
    """A magnitude spectrogram whose frames find the waveform mirrored beyond its ends, as librosa once had it."""

    def __init__(self, pad_mode):
        super().__init__()
        self.pad_mode = pad_mode

    def forward(self, waveforms):
        padded = nn.functional.pad(waveforms[:, None], (32, 16), mode=self.pad_mode)[:, 0]
        frames = padded.unfold(-1, 64, 16) * torch.hann_window(64)
        return torch.fft.rfft(frames).abs().transpose(-1, -2)


def convolution(n_in=8, n_out=8, stride=1, mode="circular"):
    return nn.Conv1d(n_in, n_out, 5, stride, padding=2, padding_mode=mode)


def of_sound(n_samples=N_SAMPLES, **parts):
    """Make a 1-D network on the waveform, of named parts in order."""
    network = nn.Sequential()
    for name, module in parts.items():
        network.add_module(name, module)
    return as_model(network, sample_rate=8000, labels=LABELS, n_samples=n_samples, activation="none")


def deep(first=None, middle=None, late=None, head=None):
    """Make a network of three convolutions with a stage to spoil at each depth."""
    return of_sound(
        channel=nn.Unflatten(-1, (1, N_SAMPLES)),
        first=first or convolution(1),
        relu1=nn.ReLU(),
        middle=middle or convolution(),
        relu2=nn.ReLU(),
        late=late or convolution(),
        relu3=nn.ReLU(),
        **(head or {"average": Average(), "linear": nn.Linear(8, 3)}),
    )


def with_part(part, n_channels=8):
    """Make a network of two convolutions with something between them."""
    return of_sound(
        channel=nn.Unflatten(-1, (1, N_SAMPLES)),
        first=convolution(1),
        part=part,
        middle=convolution(n_channels),
        relu=nn.ReLU(),
        average=Average(),
        linear=nn.Linear(8, 3),
    )


def linear_but_for(part):
    """Make a network of which every other part commutes with a delay by a fraction of a sample."""
    return of_sound(
        channel=nn.Unflatten(-1, (1, N_SAMPLES)),
        first=convolution(1),
        part=part,
        middle=convolution(),
        average=Average(),
        linear=nn.Linear(8, 3),
    )


def mirrored(pad_mode):
    """Make a foreign model with a front end of its own."""
    return of_sound(
        N_LONG,
        front_end=Reflecting(pad_mode),
        first=nn.Conv1d(33, 8, 3, padding=1, padding_mode="circular"),
        relu=nn.ReLU(),
        average=Average(),
        linear=nn.Linear(8, 3),
    )


def spectral(dimension=2, hop=16, edges="circular", padding="circular", spoiled=None, **network):
    """Make a classifier on a spectrogram; `spoiled` puts a module in the place of a stage, by its number."""
    front_end = SpectrogramConfig("linear", 8000, 64, hop, N_BINS, edges=edges)
    n_frames = front_end.n_frames(N_LONG)
    along_bins = {"frequency_padding": "circular", "frequency_downsampling": "none"} if dimension == 2 else {}
    config = NetworkConfig(
        input_shape=(1, N_BINS, n_frames) if dimension == 2 else (N_BINS, n_frames),
        n_classes=3,
        **{"channels": (6, 6), "padding": padding, "downsampling": "none", **along_bins, **network},
    )
    spec = ModelSpec("planted", 8000, N_LONG, LABELS, activation="none")
    classifier = Classifier(ClassifierConfig(spec, config, front_end, input_mean=-20.0, input_std=20.0))
    for place, module in (spoiled or {}).items():
        classifier.network.stages[place] = module
    return ClassifierModel(classifier)


def plane(mode="circular"):
    return nn.Conv2d(6, 6, 3, padding=1, padding_mode=mode)


def noises(n_clips=6):
    rng = np.random.default_rng(0)
    return [Clip(rng.standard_normal(N_SAMPLES).astype(np.float32), 8000, name=f"noise {i}") for i in range(n_clips)]


def clicks(n_clips=6):
    """A click each, on a sample, and a little noise."""
    rng = np.random.default_rng(1)
    waveforms = 0.02 * rng.standard_normal((n_clips, N_SAMPLES))
    for i, waveform in enumerate(waveforms):
        waveform[30 + 20 * i] = 1 + i / 4
    return [Clip(waveform.astype(np.float32), 8000, name=f"click {i}") for i, waveform in enumerate(waveforms)]


def bursts(n_clips=6):
    """A short note each, over noise."""
    rng = np.random.default_rng(2)
    waveforms = 0.003 * rng.standard_normal((n_clips, N_LONG))
    time = np.arange(100)
    for i, waveform in enumerate(waveforms):
        waveform[200 + 90 * i :][:100] += (0.3 + 0.1 * i) * np.exp(-time / 20) * np.sin(time * (0.3 + 0.2 * i))
    return [Clip(waveform.astype(np.float32), 8000, name=f"burst {i}") for i, waveform in enumerate(waveforms)]


def sweep_of(model, axis, grid):
    modules = named_layers(model)
    surveyed = survey_axis(LayerFeed(model, axis), grid, modules)
    return StageSweep(surveyed.feed, modules, surveyed.lies, surveyed.shifts)


def budget_of(model, clips, axis, grid):
    """Sum up the stages of a model under one kind of shift."""
    sweep = sweep_of(model, axis, grid)
    return summarize_budget(sweep.stages, [sweep.path(clip) for clip in clips], sweep.shifts)
