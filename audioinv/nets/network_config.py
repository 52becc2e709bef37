"""What a small convolutional network is made of, and what follows from it: sizes, strides, the receptive field.

Conventions
-----------
The last axis is time. A 1-D network takes ``(batch, in_channels, n_time)``: a waveform is one channel, a
spectrogram has its bins as channels and is convolved along time alone. A 2-D network takes
``(batch, in_channels, n_bins, n_time)`` and is convolved along both. Along either axis a network is a chain of sliding
windows.

What is here: `NetworkConfig`; `HEADS`, `PADDINGS`, `FREQUENCY_AWARENESS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

from ..errors import InputError
from .downsampling import AxisPooling, Downsampling, Sliding

__all__ = ["FREQUENCY_AWARENESS", "HEADS", "PADDINGS", "NetworkConfig"]

HEADS = ("flatten", "average", "max", "average+max", "frequency-average-time-max")
PADDINGS = ("zero", "circular", "none")
FREQUENCY_AWARENESS = ("none", "coordinate", "dynamic")


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that determines a network's shape.

    Parameters
    ----------
    input_shape : tuple of int
        One input without the batch: ``(in_channels, n_time)`` makes a 1-D network,
        ``(in_channels, n_bins, n_time)`` a 2-D one.
    n_classes : int
    channels : tuple of int
        Output channels of each stage.
    kernel_size : int, default 3
        Odd; the same along both axes.
    stem_kernel, stem_stride : int, default 0 and 1
        Kernel and stride of the first convolution where they differ, as on a waveform; 0 means `kernel_size`.
    downsampling : str, default "max"
        Along time, by the grammar of `audioinv.nets.downsampling`: "max", "average", "stride", "blur3", "maxblur3",
        "lowpass5", "polyphase", "blur3-polyphase", "none" and so on.
    frequency_downsampling : str, default ""
        Along frequency; as along time if empty. For 2-D only.
    factor : int, default 2
        How much each stage downsamples.
    frequency_factor : int, default 0
        The same along frequency; 0 means `factor`. For 2-D only.
    head : {"flatten", "average", "max", "average+max", "frequency-average-time-max"}, default "average"
        What the linear layer sees of the last map: all of it, its mean, its maximum, both side by side, or the
        maximum over time of the mean over frequency (2-D only).
    padding : {"zero", "circular", "none"}, default "zero"
        What a window sees beyond either end of time; "none" lets it see nothing and shortens the map.
    frequency_padding : {"zero", "circular", "none"}, default "zero"
        The same along frequency. For 2-D only.
    frequency_awareness : {"none", "coordinate", "dynamic"}, default "none"
        How a convolution knows at which frequency it is. "coordinate" gives each one a channel that rises from −1 in
        the lowest bin to 1 in the highest [1]_. "dynamic" mixes four kernels anew in every bin, by an attention that
        sees the mean over time around that bin, in every convolution but the first [2]_. For 2-D only.
    dropout : float, default 0
        Before the linear layer.

    Raises
    ------
    InputError
        If a value is not one of those listed, or the input does not fit the stages.

    References
    ----------
    .. [1] Koutini, Eghbal-zadeh & Widmer, Receptive-Field-Regularized CNN Variants for Acoustic Scene Classification,
       2019.
    .. [2] Nam, Kim, Ko & Park, Frequency Dynamic Convolution: Frequency-Adaptive Pattern Recognition for Sound Event
       Detection, 2022.
    """

    input_shape: tuple[int, ...]
    n_classes: int
    channels: tuple[int, ...] = (16, 32, 64, 64)
    kernel_size: int = 3
    stem_kernel: int = 0
    stem_stride: int = 1
    downsampling: str = "max"
    frequency_downsampling: str = ""
    factor: int = 2
    frequency_factor: int = 0
    head: str = "average"
    padding: str = "zero"
    frequency_padding: str = "zero"
    frequency_awareness: str = "none"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        choices = {
            "head": HEADS,
            "padding": PADDINGS,
            "frequency_padding": PADDINGS,
            "frequency_awareness": FREQUENCY_AWARENESS,
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise InputError(f"{name}={getattr(self, name)!r} is not one of {', '.join(allowed)}")
        object.__setattr__(self, "input_shape", tuple(self.input_shape))
        object.__setattr__(self, "channels", tuple(self.channels))
        if self.dimension not in (1, 2):
            raise InputError(f"input_shape={self.input_shape} must be (channels, time) or (channels, bins, time)")
        if self.kernel_size % 2 == 0:
            raise InputError(f"kernel_size={self.kernel_size} must be odd")
        if self.n_classes < 1 or not self.channels:
            raise InputError(f"n_classes={self.n_classes} and channels={self.channels} must each name one at least")
        if min(self.factor, self.frequency_factor + 1, self.stem_stride, self.stem_kernel + 1) < 1:
            raise InputError(
                f"factor={self.factor} and stem_stride={self.stem_stride} must be positive, "
                f"frequency_factor={self.frequency_factor} and stem_kernel={self.stem_kernel} 0 or more"
            )
        self._check_dimension()
        self._check_sizes()

    def _check_dimension(self) -> None:
        """Refuse, in a 1-D network, what is said of frequency."""
        for name, idle in _OF_FREQUENCY.items():
            if self.dimension == 1 and getattr(self, name) != idle:
                raise InputError(f"{name}={getattr(self, name)!r} is for 2-D networks only")
        if self.dimension == 1 and self.head == "frequency-average-time-max":
            raise InputError(f"head={self.head!r} is for 2-D networks only")

    def _check_sizes(self) -> None:
        """Refuse an input that some window does not fit, or that does not split into phases."""
        for axis, name in enumerate(self._axis_names):
            size = self.input_shape[1 + axis]
            problem = self._misfit(axis, size)
            if problem:
                sizes = (size + step for n in range(1, size) for step in (-n, n))
                other = next((n for n in sizes if n > 0 and not self._misfit(axis, n)), None)
                remedy = f"; {other} would do" if other else ""
                raise InputError(f"an input of shape {self.input_shape} {problem} along {name}{remedy}")

    def _misfit(self, axis: int, size: int) -> str:
        """Say what does not fit when an axis has this size; empty if all does."""
        for stage in range(len(self.channels)):
            *before, selection = self.windows(stage)[axis]
            for window in before:
                size = window.size(size)
            if size < 1:
                return f"is too small for {len(self.channels)} stages"
            if size % selection.stride:
                return f"leaves {size} values in stage {stage + 1}, which do not split into {selection.stride} phases"
            size = selection.size(size)
        return ""

    @property
    def dimension(self) -> int:
        """1 or 2: over how many axes the network is convolved."""
        return len(self.input_shape) - 1

    @property
    def _axis_names(self) -> tuple[str, ...]:
        return ("frequency", "time")[-self.dimension :]

    @cached_property
    def axes(self) -> tuple[AxisPooling, ...]:
        """How each axis is downsampled: ``(time,)`` or ``(frequency, time)``."""
        time = AxisPooling(Downsampling.parse(self.downsampling), self.factor, self.padding)
        frequency = AxisPooling(
            Downsampling.parse(self.frequency_downsampling or self.downsampling),
            self.frequency_factor or self.factor,
            self.frequency_padding,
        )
        return (frequency, time)[-self.dimension :]

    def convolution(self, stage: int) -> tuple[Sliding, ...]:
        """Return the window of a stage's convolution along each axis.

        Parameters
        ----------
        stage : int
            From 0.

        Returns
        -------
        tuple of Sliding
            An even kernel, as in a waveform stem, looks one sample further back than ahead.
        """
        kernel = (self.stem_kernel if stage == 0 else 0) or self.kernel_size
        found = []
        for axis in self.axes:
            stride = self.stem_stride if stage == 0 else 1
            stride *= axis.factor if axis.kind.select == "stride" else 1
            dilation = axis.factor**stage if axis.kind.select == "none" else 1
            seen = 0 if axis.padding == "none" else dilation
            border = "circular" if axis.padding == "circular" else "zero"
            found.append(Sliding(kernel, stride, dilation, kernel // 2 * seen, (kernel - 1) // 2 * seen, border))
        return tuple(found)

    def windows(self, stage: int) -> tuple[tuple[Sliding, ...], ...]:
        """Return, for each axis, what slides over it in a stage: convolution, pool, filter and choice of a phase.

        Parameters
        ----------
        stage : int
            From 0.

        Returns
        -------
        tuple of tuple of Sliding
        """
        pairs = zip(self.convolution(stage), self.axes, strict=True)
        return tuple((convolution, *axis.steps) for convolution, axis in pairs)

    def _chain(self, axis: int) -> list[Sliding]:
        return [window for stage in range(len(self.channels)) for window in self.windows(stage)[axis]]

    def map_shape(self, stage: int) -> tuple[int, ...]:
        """Return the size of the map that enters a stage.

        Parameters
        ----------
        stage : int
            From 0; the number of stages for the last map.

        Returns
        -------
        tuple of int
            ``(n_time,)`` or ``(n_bins, n_time)``.
        """
        sizes = self.input_shape[1:]
        for earlier in range(stage):
            for step in zip(*self.windows(earlier), strict=True):
                sizes = tuple(window.size(size) for window, size in zip(step, sizes, strict=True))
        return sizes

    @property
    def final_shape(self) -> tuple[int, ...]:
        """Size of the last map, ``(n_time,)`` or ``(n_bins, n_time)``."""
        return self.map_shape(len(self.channels))

    @property
    def time_stride(self) -> int:
        """Total downsampling along time, in input samples or frames."""
        return prod(window.stride for window in self._chain(-1))

    @property
    def receptive_field(self) -> tuple[int, ...]:
        """How many input values one value of the last map sees, along ``(time,)`` or ``(frequency, time)``.

        The choice of a phase and the attention of a dynamic convolution, which see everything, are not counted.
        """
        fields = []
        for axis in range(self.dimension):
            field, jump = 1, 1
            for window in self._chain(axis):
                field += window.reach * jump
                jump *= window.stride
            fields.append(field)
        return tuple(fields)


_OF_FREQUENCY = {
    "frequency_downsampling": "",
    "frequency_factor": 0,
    "frequency_padding": "zero",
    "frequency_awareness": "none",
}
"""What only a 2-D network has, and the value that says nothing."""
