"""The explorer's data: scores as the table has them, sounds as the run made them, within the room there is."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.corpus.layouts import read_corpus
from audioinv.report.explorer import MAX_CLIPS, empty_explorer, explore
from audioinv.report.page_script import embedded_json
from audioinv.report.replay import open_clip
from audioinv.sound.audio import write_audio
from audioinv.sound.synthetic import harmonic_tone
from audioinv.sweep.plan import operator_of

SAMPLE_RATE = 8000


def write_notes(folder, n_clips):
    for i in range(n_clips):
        note = 0.2 * harmonic_tone(120 + 30 * i, 5, duration_seconds=0.2, sample_rate=SAMPLE_RATE)
        (folder / ("low", "high")[i % 2]).mkdir(parents=True, exist_ok=True)
        write_audio(folder / ("low", "high")[i % 2] / f"{i}.wav", note, SAMPLE_RATE)


def analyse(models, folder, edges="zero"):
    options = AnalysisOptions(
        {"time": "-40:80:20ms", "freq": "-200:200:50Hz", "pitch": "-2:2:1st"}, edges=edges, references=False
    )
    return analyze_models(models, read_corpus(folder).entries, options)


@pytest.fixture(scope="module")
def heard(models, tmp_path_factory):
    """Results whose clips lie on disk."""
    folder = tmp_path_factory.mktemp("notes")
    write_notes(folder, 6)
    return analyse(models, folder)


def decoded(text):
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(text)), dtype="float32")
    assert rate == SAMPLE_RATE
    return samples


def test_scores_are_those_of_the_table(heard):
    frame = heard.frame
    for clip in explore(heard, 10**7).clips:
        for axis, content in clip["axes"].items():
            for found in content["answers"]:
                model = list(heard.responses)[found["model"]]
                these = (frame["model"] == model) & (frame["clip"] == clip["name"]) & (frame["axis"] == axis)
                rows = frame[these].sort_values("shift")
                assert content["shifts"] == rows["shift"].tolist()
                labels = heard.responses[model].spec.labels
                probabilities = np.stack(rows["probs"])[:, [labels.index(name) for name in found["classes"]]]
                np.testing.assert_allclose(found["scores"], probabilities, atol=0.5e-4 + 1e-7)
                assert [found["classes"][top] for top in found["top"]] == rows["pred"].tolist()


@pytest.mark.parametrize("edges", ["zero", "circular"])
def test_sounds_are_those_that_the_model_heard(models, tmp_path, edges):
    write_notes(tmp_path, 2)
    results = analyse(models, tmp_path, edges)
    for clip in explore(results, 10**7).clips:
        window = open_clip(results, clip["name"], model="centroid")
        for grid in window.plan.grids:
            content = clip["axes"][grid.axis]
            operator = operator_of(grid.axis, window.plan, window.spec)
            expected = operator.shift(window.clip, grid.natural(SAMPLE_RATE)).numpy()
            for place, waveform in enumerate(expected):
                if "tape" in content["sounds"]:
                    cut = content["cuts"][place]
                    stored = decoded(content["sounds"]["tape"])[cut : cut + clip["samples"]]
                else:
                    stored = decoded(content["sounds"][str(place)])
                np.testing.assert_allclose(stored, waveform, atol=1 / 2**15, err_msg=f"{grid.axis} {place}")


def test_whose_window_is_heard_is_said_where_windows_differ(heard):
    assert {clip["hearer"] for clip in explore(heard, 10**6).clips} == {"the model"}
    first, *others = heard.responses.items()
    name, second = others[0]
    longer = replace(second, spec=replace(second.spec, lead_samples=second.spec.lead_samples + 80))
    mixed = replace(heard, responses=dict([first, (name, longer), *others[1:]]))
    assert {clip["hearer"] for clip in explore(mixed, 10**6).clips} == {first[0]}


def test_sounds_keep_one_gain_even_where_one_is_too_loud(models, tmp_path):
    for i, level in enumerate((1.6, 0.1)):
        write_audio(
            tmp_path / f"{i}.wav",
            level * harmonic_tone(300, 1, duration_seconds=0.2, sample_rate=SAMPLE_RATE),
            SAMPLE_RATE,
        )
    loud, quiet = (
        np.abs(decoded(clip["axes"]["freq"]["sounds"]["4"])).max()
        for clip in sorted(explore(analyse(models, tmp_path), 10**7).clips, key=lambda clip: clip["name"])
    )
    window = [open_clip(analyse(models, tmp_path), f"{i}", model="centroid").clip.waveform for i in range(2)]
    assert loud / quiet == pytest.approx(np.abs(window[0]).max() / np.abs(window[1]).max(), rel=1e-3)
    assert loud < 1


def test_partials_keep_their_ratios_under_a_pitch_shift_and_not_under_a_frequency_shift(heard):
    (clip,) = [clip for clip in explore(heard, 10**7).clips if clip["name"].endswith("4.wav")]
    for axis, kept in (("pitch", True), ("freq", False)):
        partials = clip["axes"][axis]["partials"]
        before, after = (np.array(partials[str(place)][:4]) for place in (clip["axes"][axis]["zero"], 3))
        same = np.allclose(after / after[0], before / before[0], atol=0.02)
        assert same == kept


@pytest.mark.parametrize("room", [4_000, 60_000, 200_000])
def test_room_is_kept_to_and_what_is_left_out_is_said(heard, room):
    found = explore(heard, room)
    assert len(embedded_json(found.clips)) <= room + 2
    assert len(explore(heard, 10**7).clips) == 6
    if len(found.clips) < 6:
        assert f"{len(found.clips)} of 6 clips are here" in found.left_out
    else:
        assert "sounds at shifts in between were left out" in found.left_out


def test_the_first_flips_are_heard_before_what_changes_nothing(heard):
    everything, little = explore(heard, 10**7), explore(heard, 150_000)
    assert everything.left_out == ""
    for clip in little.clips:
        content = clip["axes"]["freq"]
        assert {"0", "4", "8"} <= set(content["sounds"])
        for found in content["answers"]:
            clean = found["top"][4]
            first = next((str(place) for place in range(5, 9) if found["top"][place] != clean), None)
            assert first is None or first in content["sounds"]


def test_the_worst_clips_come_first(heard):
    worst = {
        model["axes"]["freq"]["worst_clips"][0]["name"]
        for model in heard.document["models"].values()
        if model["axes"]["freq"]["worst_clips"]
    }
    assert worst <= {clip["name"] for clip in explore(heard, 10**7).clips[:4]}


def test_clips_whose_files_are_gone_keep_their_answers_and_say_why_they_are_silent(results):
    found = explore(results, 10**7)
    assert len(found.clips) == MAX_CLIPS == 24
    for clip in found.clips:
        assert "no such file" in clip["silent"]
        assert all(not content["sounds"] and content["answers"] for content in clip["axes"].values())


def test_an_empty_explorer_knows_every_clip(results):
    assert len(empty_explorer(results).places) == 24
    assert not empty_explorer(results).clips


def test_a_clip_with_partials_is_shown_first_and_one_without_says_so(models, tmp_path, rng):
    write_notes(tmp_path, 2)
    write_audio(tmp_path / "low" / "noise.wav", 0.1 * rng.standard_normal(1600), SAMPLE_RATE)
    found = explore(analyse(models, tmp_path), 10**7)
    (noise,) = [clip for clip in found.clips if clip["name"].endswith("noise.wav")]
    assert noise["pitchless"].startswith("no stable pitch")
    assert not any("partials" in content for content in noise["axes"].values())
    first = found.clips[found.first]
    assert first["pitchless"] == ""
    assert sum(place is not None for place in first["axes"]["freq"]["partials"]["4"]) >= 3
