"""Which of the samples in its window a pooling layer keeps: the maximum-sampling bias, #31.

What is here: `maximum_sampling_bias`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["maximum_sampling_bias"]

FloatArray = npt.NDArray[np.floating]


def maximum_sampling_bias(inputs: FloatArray, outputs: FloatArray, n_axes: int) -> float:
    """Share of pooling windows whose output is the value of greatest magnitude in the window.

    Parameters
    ----------
    inputs : ndarray of shape (..., n_steps) or (..., n_bins, n_steps)
        What the pooling layer was given.
    outputs : ndarray of the same axes
        What it made of it; each pooled axis smaller by a whole factor, a rest at the end set aside.
    n_axes : {1, 2}
        How many of the last axes are pooled.

    Returns
    -------
    float
        1 for a maximum of values that are not negative, about one by the size of the window for a plain stride.
        Windows whose values are all equal say nothing and do not count; ``nan`` if there are no others.

    References
    ----------
    .. [1] Saha & Gokhale, Improving Shift Invariance in Convolutional Neural Networks with Translation Invariant
       Polyphase Sampling, 2024.

    Examples
    --------
    >>> sound = np.array([1.0, 3.0, 5.0, 2.0])
    >>> maximum_sampling_bias(sound, np.array([3.0, 5.0]), 1), maximum_sampling_bias(sound, sound[::2], 1)
    (1.0, 0.5)
    """
    values = inputs
    for place in range(inputs.ndim - n_axes, inputs.ndim):
        n_windows, factor = outputs.shape[place], inputs.shape[place] // outputs.shape[place]
        kept = np.take(values, np.arange(n_windows * factor), axis=place)
        parted = kept.reshape(*kept.shape[:place], n_windows, factor, *kept.shape[place + 1 :])
        values = np.moveaxis(parted, place + 1, -1)
    windows = values.reshape(*outputs.shape, -1)
    strongest = np.take_along_axis(windows, np.abs(windows).argmax(-1)[..., None], -1)[..., 0]
    telling = np.ptp(windows, axis=-1) > 0
    return float((outputs == strongest)[telling].mean()) if telling.any() else float("nan")
