"""References beside an analysis: what must come out does, and a run in which nothing moves says so."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from audioinv import analysis, reference_run
from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.errors import InputError
from audioinv.measure import summary as summary_module
from audioinv.nets.model import as_model
from audioinv.nets.references import spectrum_model
from audioinv.reference_run import PassingSample, run_references
from audioinv.report.summary_text import summary_lines
from audioinv.sound.clip import Clip

SCHEMA = json.loads(Path(summary_module.__file__).with_name("summary.schema.json").read_text(encoding="utf-8"))
RATE, N_SAMPLES = 8000, 2000
GRIDS = {"time": "-20:20:10ms"}


def first_half(waveforms):
    early, late = (waveforms**2).reshape(len(waveforms), 2, -1).mean(-1).T + 1e-9
    return np.stack([early, late], axis=-1).astype(np.float32) / (early + late)[:, None]


def make_model(function=first_half, labels=("first", "second"), n_samples=N_SAMPLES):
    return as_model(function, sample_rate=RATE, labels=labels, n_samples=n_samples, name="half")


def clicks(rng, n=6):
    """One burst of noise a clip, at a place of its own."""
    clips = []
    for i in range(n):
        sound = 1e-3 * rng.standard_normal(N_SAMPLES)
        sound[200 + 250 * i : 400 + 250 * i] += 0.3 * rng.standard_normal(200)
        clips.append(Clip(sound.astype(np.float32), RATE, f"{i}.wav", ("first", "second")[i > 2], f"kit {i}"))
    return clips


def test_each_reference_comes_out_as_it_must(rng):
    found = run_references(make_model(), clicks(rng))
    models = found["models"]
    assert found["separated"] is True
    assert models["constant"]["largest_change"] == 0
    assert models["invariant"]["largest_change"] < 1e-4
    assert models["invariant"]["consistency"]["value"] == models["constant"]["consistency"]["value"] == 1
    assert models["not_invariant"]["consistency"]["value"] < 0.9
    assert models["this_model"]["consistency"]["value"] < 1
    flips = models["this_model"]["top1_change"] / models["not_invariant"]["top1_change"]
    assert found["relative_flips"] == pytest.approx(flips, rel=1e-5)
    assert (len(found["shifts"]), found["edges"]) == (9, "circular")
    assert max(found["shifts"]) == pytest.approx(N_SAMPLES / 4 / RATE * 1000, rel=0.02)


def test_a_model_that_is_invariant_itself_stands_with_the_invariant_one(rng):
    model = spectrum_model(replace(make_model().spec, activation="softmax"), seed=5)
    assert run_references(model, clicks(rng))["models"]["this_model"]["largest_change"] < 1e-4


def test_references_that_see_no_delay_do_not_separate(rng, monkeypatch):
    """Break the tool: delays that move nothing leave the flatten head as steady as the spectrum."""
    still = reference_run.ShiftGrid("time", tuple(1e-9 * k for k in range(-4, 5)), "smp")
    monkeypatch.setattr(reference_run, "ShiftGrid", lambda *_: still)
    found = run_references(make_model(), clicks(rng))
    assert found["separated"] is False
    assert "the reference that is not invariant keeps 100 % of its answers" in reference_run.reference_caution(found)


def test_an_invariant_reference_that_moves_does_not_separate(rng, monkeypatch):
    monkeypatch.setattr(reference_run, "spectrum_model", lambda *_, **__: make_model())
    found = run_references(make_model(), clicks(rng))
    assert found["separated"] is False
    assert "the invariant reference moves by up to" in reference_run.reference_caution(found)


def test_the_analysis_says_so_in_its_first_line(rng, monkeypatch):
    clips = clicks(rng)
    good = analyze_models([make_model()], clips, AnalysisOptions(GRIDS))
    monkeypatch.setattr(reference_run, "spectrum_model", lambda *_, **__: make_model())
    bad = analyze_models([make_model()], clips, AnalysisOptions(GRIDS))
    for results in (good, bad):
        jsonschema.validate(results.document, SCHEMA)
    lines = summary_lines(bad)
    assert lines[0].startswith("! the references do not separate")
    assert sum("do not separate" in line for line in lines) == 1
    assert not any("do not separate" in line for line in summary_lines(good))
    told = " ".join(" ".join(summary_lines(good)).split())
    steady = good.summary["references"]["models"]["this_model"]["consistency"]["value"]
    assert "references (6 clips, circular delays of ±" in told
    assert "constant 1.00 · invariant 1.00 · not invariant 0." in told
    assert f"this model {steady:.2f}" in told


def test_references_can_be_left_out(rng):
    results = analyze_models([make_model()], clicks(rng), AnalysisOptions(GRIDS, references=False))
    assert results.summary["references"] is None
    assert "references.models: were not asked for" in results.summary["warnings"]
    assert not any("references" in line for line in summary_lines(results))


@pytest.mark.parametrize(
    ("model", "n_clips", "message"),
    [
        (make_model(lambda w: np.ones((len(w), 1), np.float32), labels=("all",)), 6, "single class"),
        (make_model(), 1, "clips left to run references on: 1;"),
        (make_model(n_samples=100), 6, "too small"),
    ],
)
def test_where_they_cannot_run_the_analysis_does_and_says_why(rng, model, n_clips, message):
    clips = clicks(rng)[:n_clips]
    with pytest.raises(InputError, match=message):
        run_references(model, clips)
    results = analysis.analyze_models([model], clips, AnalysisOptions({"time": "-2:2:1ms"}))
    assert results.summary["references"] is None
    assert any(line.startswith("references.models: ") and message in line for line in results.summary["warnings"])


def test_clips_that_hold_nothing_are_left_out(rng):
    clips = [*clicks(rng), Clip(np.zeros(N_SAMPLES, np.float32), RATE, "silence")]
    assert run_references(make_model(), clips)["n_clips"] == 6


@pytest.mark.parametrize("n", [0, 1, 3, 7, 8, 15, 100])
def test_a_passing_sample_is_spread_and_small_and_passes_everything(n):
    sample = PassingSample()
    assert list(sample.watch(range(n))) == list(range(n))
    assert len(sample.clips) <= 7
    assert len(sample.clips) == n or len(sample.clips) >= 4
    assert len(set(np.diff(sample.clips))) <= 1
    assert not sample.clips or n - sample.clips[-1] <= (sample.clips[1:] or [1])[0]
