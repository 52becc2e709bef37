"""How far apart windows open: as written, and where nothing is."""

import pytest

from audioinv.errors import InputError
from audioinv.nets.library import load_model
from audioinv.nets.model import as_model
from audioinv.sweep.spacing import default_spacing, read_spacing


def loud(waveforms):
    return waveforms.max(-1, keepdims=True)


@pytest.fixture
def opaque():
    return as_model(loud, sample_rate=22050, labels=["loud"], n_samples=22050)


@pytest.mark.parametrize(("every", "spacing"), [("20ms", 441), ("100smp", 100), ("0.5s", 11025)])
def test_distances_are_whole_samples(opaque, every, spacing):
    assert read_spacing(opaque, every) == spacing


@pytest.mark.parametrize(
    ("every", "why"),
    [
        ("10ms", "220.5 samples at the 22050 Hz of loud.*e.g. 220smp"),
        ("10", "no distance of windows"),
        ("1frame", "no distance of windows"),
        ("0ms", "no single distance above 0"),
        ("-10ms", "no single distance above 0"),
        ("0:20:10ms", "no single distance above 0"),
        ("10Hz", "no distance of windows"),
    ],
)
def test_what_is_no_distance_is_refused(opaque, every, why):
    with pytest.raises(InputError, match=why):
        read_spacing(opaque, every)


def test_frames_are_hops():
    model = load_model("drums-cnn2d")
    assert read_spacing(model, "2frame") == 2 * model.hop_samples


def test_without_a_distance_it_is_one_hop_or_divides_the_stride(opaque):
    spectral, wave = load_model("drums-cnn2d"), load_model("drums-cnn1d-wave")
    assert default_spacing(spectral) == spectral.hop_samples
    assert default_spacing(wave) == 128  # of a stride of 1024; 10 ms would be 160
    assert default_spacing(opaque) == round(0.010 * 22050)
