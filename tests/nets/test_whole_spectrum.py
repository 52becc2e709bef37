"""The whole spectrum: the features of the definition, and no circular delay that changes them."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.model import ModelSpec
from audioinv.nets.references import random_model, spectrum_model
from audioinv.nets.whole_spectrum import SpectrumConfig, WholeSpectrum
from audioinv.sound.shifts import frequency_shift, time_shift

SPEC = ModelSpec("demo", 8000, 8000, ("a", "b", "c"))
DELAYS = (1, 7, 80, 1234, 4000, 7999)
# A DFT of n samples is right to about eps log2(n) of its largest bin, here 13 eps; a band is a mean of many bins, and
# the head a sum of 48 features of either sign. Seen: 4 eps in float32, 2 in float64.
TOLERANCE = {dtype: 50 * torch.finfo(dtype).eps for dtype in (torch.float32, torch.float64)}


@pytest.fixture
def burst(rng):
    """Noise that dies away: something at every frequency, in one place."""
    noise = rng.standard_normal(8000) * np.exp(-np.arange(8000) / 800)
    return torch.from_numpy(0.3 * noise)[None]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_circular_delay_by_samples_changes_an_answer(burst, dtype):
    reference = spectrum_model(SPEC).reference.to(dtype)
    sounds = time_shift(burst.to(dtype), np.array(DELAYS), edges="circular")
    with torch.inference_mode():
        change = (reference(sounds) - reference(burst.to(dtype))).abs().max()
    assert change < TOLERANCE[dtype]


def test_no_circular_delay_by_fractions_does_either(burst):
    reference = spectrum_model(SPEC).reference.double()
    sounds = time_shift(burst, np.array([0.5, 0.1, 17.25, -3.7]), edges="circular")
    with torch.inference_mode():
        assert (reference(sounds) - reference(burst)).abs().max() < TOLERANCE[torch.float64]
    # The bin that is left out is the one that would change.
    nyquist = torch.fft.rfft(torch.cat([burst, sounds[:1]]))[:, -1].abs()
    assert nyquist[1] < 1e-9 < nyquist[0]


def test_a_flattened_map_is_no_such_thing(burst):
    """The control: a network that nothing makes invariant answers the same delays."""
    model = random_model(SPEC, head="flatten")
    sounds = time_shift(burst.float(), np.array(DELAYS), edges="circular")
    with torch.inference_mode():
        change = (model.respond(sounds) - model.respond(burst.float())).abs().max()
        spread = model.respond(burst.float()).std()
    assert change > 0.1 * spread > 10 * TOLERANCE[torch.float32]


def test_a_frequency_shift_does_change_it(burst):
    reference = spectrum_model(SPEC).reference.double()
    with torch.inference_mode():
        change = (reference(frequency_shift(burst, 300.0, 8000)) - reference(burst)).abs().max()
    assert change > 0.01


@pytest.mark.parametrize("n_samples", [4000, 4001])
def test_features_are_levels_of_the_magnitude_spectrum(rng, n_samples):
    config = SpectrumConfig(ModelSpec("demo", 8000, n_samples, ("a", "b")), n_bands=20, fmin=100.0, floor_db=-60.0)
    sound = 0.1 * rng.standard_normal(n_samples)
    spectrum = np.abs(np.fft.fft(sound)) ** 2 / n_samples
    frequency = np.arange(n_samples) * 8000 / n_samples
    borders = 100.0 * 40.0 ** (np.arange(21) / 20)
    half_bin = 4000 / n_samples
    expected = []
    for low, high in pairwise(borders):
        last = 4000.0 - 1e-6 if high > 3999 else high - half_bin
        inside = (frequency >= low - half_bin) & (frequency < last)
        expected.append(10 * np.log10(spectrum[inside].mean() / 1e-6 + 1))
    found = WholeSpectrum(config).double().features(torch.from_numpy(sound)[None])[0]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)


def test_silence_is_zero_and_bands_without_a_bin_are_left_out():
    config = SpectrumConfig(ModelSpec("demo", 8000, 200, ("a", "b")))
    module = WholeSpectrum(config)
    assert np.diff(config.band_edges).min() >= 1
    assert config.band_edges[0] >= 1
    assert config.band_edges[-1] == 100
    features = module.features(torch.zeros(2, 200))
    assert features.shape == (2, len(config.band_edges) - 1)
    assert (features == 0).all()
    assert features.shape[1] < config.n_bands
    assert (module(torch.ones(1, 200)) == 0).all()  # the head holds nothing yet
    assert SpectrumConfig(config.spec, fmin=1.0).band_edges[0] == 1  # never the mean


def test_numbers_out_of_range_are_refused():
    with pytest.raises(InputError, match="fmin=5000"):
        SpectrumConfig(SPEC, fmin=5000.0)
    with pytest.raises(InputError, match="n_bands=0"):
        SpectrumConfig(SPEC, n_bands=0)
