"""Windows over sound against a direct loop, and poolings against hand-made numbers."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.nets.model import CallableModel, ModelSpec
from audioinv.nets.windows import Windows


def cut(sound, windows):
    """The definition: window k starts k hops after `context` samples of silence."""
    found, start = [], -windows.context_samples
    while True:
        found.append([sound[t] if 0 <= t < len(sound) else 0.0 for t in range(start, start + windows.n_samples)])
        start += windows.hop_samples
        covered = start - windows.hop_samples + windows.n_samples
        if covered >= len(sound) or (windows.ending == "drop" and start + windows.n_samples > len(sound)):
            return np.array(found)


@given(
    length=st.integers(1, 40),
    n_samples=st.integers(1, 12),
    hop=st.integers(1, 12),
    context=st.integers(0, 11),
    ending=st.sampled_from(["pad", "drop"]),
)
def test_windows_are_those_of_a_direct_loop(length, n_samples, hop, context, ending):
    windows = Windows(n_samples, min(hop, n_samples), min(context, n_samples - 1), ending)
    sound = np.arange(1.0, length + 1)
    found = windows.lay(torch.tensor(np.stack([sound, -sound])))
    np.testing.assert_array_equal(found[0].numpy(), cut(sound, windows))
    assert torch.equal(found[1], -found[0])
    assert found.shape[1] == windows.count(length)


def test_poolings_by_hand():
    scores = torch.tensor([[[0.2, 0.8], [0.6, 0.4]]])
    heard = torch.tensor([[[1.0, 1.0], [2.0, 2.0]]])  # energies 2 and 8

    def pooled(how):
        return Windows(2, 2, pooling=how).pool(scores, heard)

    torch.testing.assert_close(pooled("mean"), torch.tensor([[0.4, 0.6]]))
    torch.testing.assert_close(pooled("max"), torch.tensor([[0.6, 0.8]]))
    torch.testing.assert_close(pooled("energy"), torch.tensor([[0.52, 0.48]]))
    torch.testing.assert_close(Windows(2, 2, pooling="energy").pool(scores, 0 * heard), pooled("mean"))


def test_what_cannot_be():
    for options, words in [
        ((4, 5), "hop_samples=5 must lie within"),
        ((4, 2, 4), "context_samples=4 must be less"),
        ((4, 2, 0, "cut"), "ending='cut' is not one of"),
        ((4, 2, 0, "pad", "median"), "pooling='median' is not one of"),
    ]:
        with pytest.raises(InputError, match=words):
            Windows(*options)
    with pytest.raises(InputError, match="windows of 9 samples are longer than the clip, 8"):
        ModelSpec("x", 8000, 8, ("a",), windows=Windows(9, 9))


def test_a_model_hears_every_window_and_pools_the_scores_not_the_logits(rng):
    def logits(waveforms):
        return np.stack([waveforms.sum(1), -waveforms.sum(1)], axis=1)

    spec = ModelSpec("x", 8000, 7, ("a", "b"), windows=Windows(3, 2, 1))
    model = CallableModel(logits, spec)
    sound = rng.standard_normal((2, 7)).astype(np.float32)
    expected = [
        np.mean([np.exp(s := logits(window[None])[0]) / np.exp(s).sum() for window in cut(x, spec.windows)], axis=0)
        for x in sound
    ]
    np.testing.assert_allclose(model.scores(torch.from_numpy(sound)), expected, rtol=1e-5)
    assert model.module is None


def test_frames_are_pooled_after_the_activation():
    raw = torch.tensor([[[0.0, 2.0], [4.0, -2.0], [0.0, 0.0]]])

    def scores(pooling):
        return CallableModel(lambda _: raw, ModelSpec("x", 8000, 3, ("a", "b"), 0, "sigmoid", frames=pooling)).scores(
            torch.zeros(1, 3)
        )

    torch.testing.assert_close(scores("mean"), raw.sigmoid().mean(1))
    torch.testing.assert_close(scores("max"), raw.sigmoid().amax(1))
