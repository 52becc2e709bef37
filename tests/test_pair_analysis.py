"""Pairs of changes: models whose answers to two are known, margins that are the profile itself, files, words."""

from html import unescape

import numpy as np
import pytest

from audioinv.corpus.listener import Expectation, ListenerFile
from audioinv.errors import CheckpointError, InputError
from audioinv.nets.model import as_model
from audioinv.pair_analysis import profile_pairs
from audioinv.profile_analysis import profile
from audioinv.report.figures import draw, find_kind
from audioinv.report.pair_results import load_pairs
from audioinv.report.pair_text import pair_lines
from audioinv.sound.clip import Clip
from audioinv.sound.grid import parse_grid

from .seals import unseal

SAMPLE_RATE, N_SAMPLES = 8000, 1600
GAIN, NOISE, TIME = parse_grid("gain", "0:9:3dB"), parse_grid("noise", "0:10:5dB"), parse_grid("time", "-40:40:20ms")


@pytest.fixture
def clips(rng):
    """Noise of 15 groups: level 1, and a part of it beyond."""
    found = []
    for i in range(30):
        sound = rng.standard_normal(N_SAMPLES) * 10 ** rng.uniform(0, 0.4)
        found.append(Clip((0.05 * sound).astype(np.float32), SAMPLE_RATE, f"{i}.wav", "high", f"g{i // 2}"))
    return found


def louder_than(threshold, name="power"):
    def respond(waveforms):
        high = (waveforms.astype(np.float64) ** 2).mean(-1) > threshold
        return np.stack([high, ~high], axis=-1).astype(np.float32)

    return as_model(respond, sample_rate=SAMPLE_RATE, labels=["high", "low"], n_samples=N_SAMPLES, name=name)


MODELS = [louder_than(0.0125), louder_than(0.03, "deafer")]


@pytest.fixture
def results(clips):
    return profile_pairs(MODELS, clips, [(NOISE, GAIN), (TIME, NOISE)], edges="zero")


def test_a_planted_sum_of_two_changes_is_found_where_neither_does_it_alone(results, clips):
    found = results.pairs[0].models["power"]
    power = np.array([(clip.waveform.astype(np.float64) ** 2).mean() for clip in clips])
    gains, snrs = 10 ** (np.arange(0, 10, 3) / 10), np.array([0, *10 ** (-np.array([10, 5, 0]) / 10)])
    total = power * gains[:, None, None] * (1 + snrs[:, None])
    expected = ((total > 0.0125) == (power > 0.0125)).mean(-1)
    np.testing.assert_allclose(found.standing.value, expected, atol=2 / 30)  # noise and sound correlate a little
    assert found.standing.value[1, 3] < min(found.standing.value[1, 0], found.standing.value[0, 3])
    assert (results.pairs[0].first.axis, results.pairs[0].second.axis) == ("gain", "noise")  # as the axes stand


def test_margins_are_the_profile_itself(results, clips):
    listener = ListenerFile("", tuple(Expectation(grid) for grid in (GAIN, NOISE, TIME)))
    alone = profile(MODELS, clips, listener=listener, references=False)
    curves = {change.expectation.grid.axis: change.models for change in alone.changes}
    for pair in results.pairs:
        for name, found in pair.models.items():
            for axis, margin in ((pair.first.axis, np.s_[:, 0]), (pair.second.axis, np.s_[0])):
                expected = curves[axis][name].endurance.standing
                for part in ("value", "low", "high"):
                    np.testing.assert_array_equal(getattr(found.standing, part)[margin], getattr(expected, part))
    assert not np.array_equal(  # control: a row off the margin is not the profile
        results.pairs[0].models["power"].standing.value[1], curves["noise"]["power"].endurance.standing.value
    )


def test_what_is_written_is_read_back(results, tmp_path):
    results.save(tmp_path)
    back = load_pairs(tmp_path)
    assert back.document == results.document
    assert back.table.equals(results.table)
    assert list(pair_lines(back)) == list(pair_lines(results))
    assert len(results.frame) == 2 * 4 * 4 + 2 * 3 * 4
    row = results.frame.query("model == 'power' and second_axis == 'noise' and first_axis == 'gain'").iloc[-1]
    assert (row.first_amount, row.second_amount) == (9, 100)
    assert row.standing == pytest.approx(results.pairs[0].models["power"].standing.value[-1, -1])
    assert row.standing_low <= row.standing <= row.standing_high
    with pytest.raises(InputError, match="holds a profile of pairs already"):
        results.save(tmp_path)
    text = unseal(tmp_path / "pairs.json")
    (tmp_path / "pairs.json").write_text(text.replace('"power": {', '"loud": {'))
    with pytest.raises(CheckpointError, match="rows of loud are missing"):
        load_pairs(tmp_path)


def test_the_table_and_its_sentence_say_what_was_found(results):
    lines = list(pair_lines(results))
    assert lines[0].startswith("30 clips")
    at = lines.index("power, gain × noise, white:")
    assert lines[at + 2].split("  ")[1:] != lines[at + 3].split("  ")[1:]
    assert [word.strip() for word in lines[at + 2].split("  ") if word] == [
        "none", "10 dB SNR", "5 dB SNR", "0 dB SNR", "95 % stand", "50 % stand"
    ]  # fmt: skip
    found = results.pairs[0].models["power"]
    both = f"{100 * found.at(3, 3).value:.0f} % both at once"
    assert both in " ".join(line.strip() for line in lines[at + 7 : at + 10])
    html = results._repr_html_()
    assert unescape(html[5:-6]).split("\n") == lines


def test_the_map_shows_the_shares_and_the_lines_go_around_them(results):
    figure = draw(results, "pairs")
    assert find_kind("pairs").load is load_pairs
    for row, pair in zip((figure.axes[:2], figure.axes[2:4]), results.pairs, strict=True):
        for ax, (name, found) in zip(row, pair.models.items(), strict=True):
            assert ax.get_title(loc="left") == name
            np.testing.assert_allclose(ax.collections[0].get_array(), found.standing.value.T)
            assert len(ax.lines) <= 2
    found, ax = results.pairs[0].models["power"], figure.axes[0]
    x, y = ax.lines[0].get_data()
    for i, n_inside in enumerate((found.standing.value >= 0.5).sum(axis=1)):
        drawn = {float(b) for a, b in zip(x, y, strict=True) if a == i + 0.5}
        assert not n_inside or n_inside - 0.5 in drawn
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["none", "10 dB SNR", "5 dB SNR", "0 dB SNR"]
    assert ax.get_ylabel() == "noise, white"


def test_a_clip_that_fails_is_named_and_two_grids_of_one_axis_are_refused(clips):
    silent = Clip(np.zeros(N_SAMPLES, np.float32), SAMPLE_RATE, "silent.wav")
    heard = []
    found = profile_pairs(MODELS[0], [*clips[:3], silent], [(TIME, GAIN)], on_clip=heard.append)
    assert (found.n_clips, [failure.path for failure in found.failures]) == (3, ["silent.wav"])
    assert heard == ["0.wav", "1.wav", "2.wav", "silent.wav"]
    nothing = profile_pairs(MODELS[0], [silent], [(TIME, GAIN)])
    assert (nothing.clips, nothing.pairs) == (None, ())
    with pytest.raises(InputError, match="a pair is of two axes; got gain twice"):
        profile_pairs(MODELS[0], clips, [(GAIN, GAIN)])
    with pytest.raises(InputError, match="different names; got power, power"):
        profile_pairs([MODELS[0]] * 2, clips, [(TIME, GAIN)])


def test_what_a_model_gives_and_takes_by_itself_is_no_change_of_answer(clips, rng):
    def restless(turn):
        def respond(waveforms):
            power = (waveforms.astype(np.float64) ** 2).mean(-1)
            first = 0.5 + 1e-3 * rng.choice([-0.5, 0.5], len(waveforms)) + turn * np.sign(power - 0.0125)
            return np.stack([first, np.full(len(waveforms), 0.5)], axis=-1).astype(np.float32)

        return as_model(respond, sample_rate=SAMPLE_RATE, labels=["high", "low"], n_samples=N_SAMPLES, name="restless")

    def standing(turn):
        return profile_pairs(restless(turn), clips, [(GAIN, NOISE)]).pairs[0].models["restless"].standing.value

    assert (standing(0.0) == 1).all()
    loud = standing(0.1)
    assert loud[-1, -1] < 0.5 < loud[0, 0] == 1  # control: a lead of more than that is a change
