"""Many clips: what is kept of them is joined on the way, and comes out as if it had been joined once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from audioinv.measure.cliptable import ClipTable
from audioinv.nets.model import as_model
from audioinv.sound.clip import Clip
from audioinv.sweep import run
from audioinv.sweep.batched import respond_to_clip
from audioinv.sweep.plan import plan_sweep
from audioinv.sweep.responses import join_models, stack_clips
from audioinv.sweep.run import sweep_clips


@pytest.mark.parametrize("n_clips", [1, 2, 3, 7, 9, 28])
def test_clips_are_joined_in_their_order(monkeypatch, rng, n_clips):
    monkeypatch.setattr(run, "_TOGETHER", 3)
    model = as_model(lambda x: x[:, [10, 20]], sample_rate=8000, labels="ab", n_samples=400)
    plan = replace(plan_sweep(model, {"time": "-1:1:1ms"}), engine="batched")
    clips = [Clip(rng.standard_normal(400).astype(np.float32), 8000, f"clip {i}") for i in range(n_clips)]
    (found,) = sweep_clips([(model, plan)], clips).responses
    expected = stack_clips([respond_to_clip(model, clip, plan) for clip in clips])
    assert [clip.name for clip in found.clips] == [clip.name for clip in clips]
    np.testing.assert_array_equal(found.axes["time"].scores, expected.axes["time"].scores)
    np.testing.assert_array_equal(found.controls[0].scores, expected.controls[0].scores)


def test_every_model_has_windows_of_its_own(rng):
    """They begin where the model opens them and last as long as it hears, whichever model stands first."""
    models = [
        as_model(lambda x: x[:, :1], sample_rate=8000, labels="a", n_samples=n_samples, lead_samples=lead)
        for n_samples, lead in ((400, 0), (1600, 800))
    ]
    clips = [Clip(rng.standard_normal(4000).astype(np.float32), 8000, "take", start_seconds=at) for at in (1.0, 2.5)]
    plans = [(model, replace(plan_sweep(model, {"time": "0ms"}), engine="batched")) for model in models]
    for order in (plans, plans[::-1]):
        parts = [[respond_to_clip(model, clip, plan) for model, plan in order] for clip in clips]
        several = zip(order, sweep_clips(order, clips).responses, join_models(parts, len(clips)), strict=True)
        for (model, _), found, joined in several:
            assert joined.clips == found.clips
            lead, length = model.spec.lead_samples / 8000, model.spec.n_samples / 8000
            times = [(clip.start_seconds, clip.end_seconds) for clip in found.clips]
            np.testing.assert_allclose(times, [(at - lead, at - lead + length) for at in (1.0, 2.5)])
            assert ClipTable.of_responses(found).names == ("take at 1 s", "take at 2.5 s")


def test_parts_are_few(rng):
    parts = []
    model = as_model(lambda x: x[:, :1], sample_rate=8000, labels="a", n_samples=400)
    plan = replace(plan_sweep(model, {"time": "0ms"}), engine="batched")
    one = respond_to_clip(model, Clip(rng.standard_normal(400).astype(np.float32), 8000), plan)
    for n_clips in range(1, 1100):
        parts.append(one)
        run._join_last(parts)
        assert sum(len(part.clips) for part in parts) == n_clips
    assert len(parts) == 1 + (1099 - 1024) // 32 + (1099 - 1024) % 32


def test_a_model_computes_with_the_threads_of_its_plan(rng):
    def answer(windows):
        used.append(torch.get_num_threads())
        return windows[:, :1]

    used, clip = [], Clip(rng.standard_normal(400).astype(np.float32), 8000)
    model = as_model(answer, sample_rate=8000, labels="a", n_samples=400)
    plan = replace(plan_sweep(model, {"time": "0ms"}), engine="batched")
    before = torch.get_num_threads()
    for n_threads in (before + 1, before + 2, None):
        used.clear()
        sweep_clips([(model, replace(plan, threads=n_threads))], [clip])
        assert set(used) == {n_threads or before}
    assert torch.get_num_threads() == before
