"""Figures of a sound: the window a model heard, shifted as the run shifts it, with partials where theory puts them."""

import itertools
import re
import shutil

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.errors import InputError
from audioinv.nets.model import as_model
from audioinv.report.figures import draw
from audioinv.report.harmonic_figures import harmonics_figure, plot_ladder
from audioinv.report.replay import answers_text, open_clip, shift_clip
from audioinv.report.results import load_results
from audioinv.report.selection import choose_clip
from audioinv.report.shift_amount import ShiftAmount, choose_shift, read_amount
from audioinv.report.spectrogram_figures import display_config, plot_spectrogram, spectrogram_figure
from audioinv.sound.audio import load_clip, write_audio
from audioinv.sound.clip import Clip, open_window
from audioinv.sound.operators import PitchShift, TimeShift
from audioinv.sound.spectrogram import Spectrogram
from audioinv.sound.synthetic import harmonic_tone

SAMPLE_RATE, N_SAMPLES, FUNDAMENTAL_HZ = 8000, 4000, 220.0


def early(waveforms):
    """Answer by where the sound is: what a delay changes."""
    first, second = (waveforms**2).reshape(len(waveforms), 2, -1).mean(-1).T + 1e-9
    return np.stack([first, second], axis=-1).astype(np.float32) / (first + second)[:, None]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A results folder of a harmonic tone that the window cuts out of a longer file, and of noise."""
    place = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(5)
    write_audio(place / "tone.wav", harmonic_tone(FUNDAMENTAL_HZ, 5, duration_seconds=0.8, sample_rate=16000), 16000)
    write_audio(place / "noise.wav", 0.1 * rng.uniform(-1, 1, 12800), 16000)
    clips = [
        load_clip(place / "noise.wav", label="second"),
        load_clip(place / "tone.wav", start_seconds=0.2, end_seconds=0.5, label="first"),
    ]
    model = as_model(early, sample_rate=SAMPLE_RATE, labels=["first", "second"], n_samples=N_SAMPLES, name="early")
    grids = {"time": "-100:200:50ms", "freq": "-50:50:50Hz", "pitch": "-2:2:2st"}
    analyze_models([model], clips, AnalysisOptions(grids, seed=3)).save(place / "run")
    return place


@pytest.fixture(scope="module")
def results(run):
    return load_results(run / "run")


@pytest.fixture(scope="module")
def tone(results):
    return open_clip(results, "tone")


def partials_drawn(panel):
    (marks,) = (line for line in panel.lines if line.get_label() == "partials")
    return np.asarray(marks.get_ydata())


def test_the_window_is_the_one_that_the_model_heard(run, tone):
    clip = load_clip(run / "tone.wav", start_seconds=0.2, end_seconds=0.5).resampled(SAMPLE_RATE)
    heard = open_window(clip, N_SAMPLES)
    np.testing.assert_allclose(tone.clip.waveform, heard.waveform, atol=1e-6)
    np.testing.assert_allclose(tone.clip.before, heard.before, atol=1e-6)
    assert tone.clip.start_seconds == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("shift", "operator", "natural"),
    [
        (ShiftAmount("time", -50, "ms"), TimeShift("context", 3), -400),
        (ShiftAmount("pitch", 150, "ct"), PitchShift("signalsmith"), 1.5),
    ],
)
def test_a_clip_is_shifted_as_the_run_shifted_it(tone, shift, operator, natural):
    expected = operator.shift(tone.clip, np.array([natural]))[0].numpy()
    np.testing.assert_array_equal(shift_clip(tone, shift).waveform, expected)


def test_both_spectrograms_are_drawn_on_one_scale_in_seconds_and_hertz(results, tone):
    figure = spectrogram_figure(results, clip="tone", freq="50Hz", scale="linear")
    config = display_config("linear", SAMPLE_RATE)
    sounds = [tone.clip.waveform, shift_clip(tone, ShiftAmount("freq", 50, "Hz")).waveform]
    levels = [Spectrogram(config)(torch.from_numpy(sound)).numpy() for sound in sounds]
    for panel, level in zip(figure.axes[:2], levels, strict=True):
        mesh = panel.collections[0]
        np.testing.assert_allclose(mesh.get_array(), level - levels[0].max(), atol=1e-4)
        assert mesh.get_clim() == (-80, 0)
        assert panel.get_xlabel() == "time (s)"
        assert panel.get_xlim() == (0, N_SAMPLES / SAMPLE_RATE)
    corners = figure.axes[0].collections[0].get_coordinates()
    hop_seconds, bin_hz = config.hop_length / SAMPLE_RATE, SAMPLE_RATE / config.n_fft
    np.testing.assert_allclose(np.diff(corners[0, :, 0]), hop_seconds)
    np.testing.assert_allclose(corners[1:3, 0, 1], [bin_hz / 2, 3 * bin_hz / 2])
    assert figure.axes[0].get_ylabel() == "frequency (Hz)"
    assert figure.axes[2].get_ylabel() == "level (dB below the loudest)"


@pytest.mark.parametrize("scale", ["mel", "log"])
def test_bins_are_equally_tall_on_a_bent_axis(tone, scale):
    config = display_config(scale, SAMPLE_RATE)
    panel = plot_spectrogram(tone.clip.waveform, config, ax=Figure().subplots())
    edges_hz = panel.collections[0].get_coordinates()[:, 0, 1]
    heights = np.diff(panel.transData.transform(np.column_stack([np.zeros(len(edges_hz)), edges_hz]))[:, 1])
    np.testing.assert_allclose(heights, heights[0], rtol=1e-6)
    assert ((edges_hz[:-1] < config.bin_hz) & (config.bin_hz < edges_hz[1:])).all()
    assert {200, 1000} <= {int(float(label.get_text())) for label in panel.get_yticklabels()}


def test_partials_are_marked_where_they_were_and_where_they_land(results):
    orders = np.arange(1, 6)
    for options, expected in (
        ({"freq": "50Hz"}, FUNDAMENTAL_HZ * orders + 50),
        ({"pitch": "-2st"}, FUNDAMENTAL_HZ * orders * 2 ** (-2 / 12)),
        ({"time": "20ms"}, FUNDAMENTAL_HZ * orders),
    ):
        before, after = spectrogram_figure(results, clip="tone", **options).axes[:2]
        np.testing.assert_allclose(partials_drawn(before), FUNDAMENTAL_HZ * orders, rtol=2e-3)
        np.testing.assert_allclose(partials_drawn(after), expected, rtol=5e-3)


def test_a_sound_without_pitch_has_no_marks_and_says_why(results):
    figure = spectrogram_figure(results, clip="noise.wav", freq="50Hz")
    assert not len(partials_drawn(figure.axes[0]))
    assert "No partials are marked (no stable pitch: " in figure.get_suptitle()
    ladder = harmonics_figure(results, clip="noise.wav")
    assert "no stable pitch" in ladder.axes[0].texts[0].get_text().replace("\n", " ")
    assert not ladder.axes[0].collections


def test_the_heading_tells_the_answers_of_the_run(results, tone):
    scores = results.responses["early"].axes["time"].scores[1]
    text = answers_text(results, "early", tone, ShiftAmount("time", 200, "ms"))
    before, after = scores[2], scores[-1]
    assert before.argmax() == 0
    assert after.argmax() == 1
    assert text == f"+200 ms: early answers first ({before[0]:.2f}), then second ({after[1]:.2f})"
    assert "does not hold" in answers_text(results, "early", tone, ShiftAmount("time", 0.2, "s"))


def test_by_default_the_worst_shift_of_the_run_and_its_worst_clip(results):
    worst = results.document["models"]["early"]["axes"]["time"]
    shift = choose_shift(results, "early", axis="time", given={})
    assert shift == ShiftAmount("time", worst["worst_shift"]["shift"], "ms")
    heading = spectrogram_figure(results, axis="time").get_suptitle()
    assert heading.startswith(f"{'/'.join(worst['worst_clips'][0]['name'].split('/')[-2:])}, {shift}: early answers")
    assert choose_shift(results, "early", given={}).axis == "freq"


def test_a_ladder_shows_frequencies_ratios_and_the_error(results):
    figure = harmonics_figure(results, clip="tone", freq="50Hz", pitch="12st")
    orders = np.arange(1, 6)
    moved, transposed = (panel for panel in figure.axes)
    for panel, expected in ((moved, FUNDAMENTAL_HZ * orders + 50), (transposed, 2 * FUNDAMENTAL_HZ * orders)):
        before, after = ([ends[0, 1] for ends in rungs.get_segments() if len(ends)] for rungs in panel.collections)
        np.testing.assert_allclose(before, FUNDAMENTAL_HZ * orders, rtol=2e-3)
        np.testing.assert_allclose(after, expected, rtol=5e-3)
    written = {text.get_text() for text in moved.texts}
    assert {"220 Hz · 1.00", "440 Hz · 2.00", "270 Hz · 1.00", "490 Hz · 1.81", "710 Hz · 2.63"} <= written
    feet = [[re.search(r"[\d.]+$", label.get_text()).group() for label in p.get_xticklabels()] for p in figure.axes]
    per_order = (FUNDAMENTAL_HZ * orders + 50) / orders
    fundamental = (per_order**2).sum() / per_order.sum()
    assert feet[0] == ["0.000", f"{np.sqrt(np.mean((per_order / fundamental - 1) ** 2)):.3f}"]
    assert float(feet[1][1]) < 0.01
    assert moved.get_ylabel() == "frequency (Hz)"


def test_a_single_shift_is_drawn_alone(results):
    assert len(harmonics_figure(results, clip="tone", pitch="1st").axes) == 1
    assert len(harmonics_figure(results, clip="tone").axes) == 2


def test_labels_of_a_ladder_do_not_touch_and_stay_inside(results):
    low = Clip(harmonic_tone(80, 8, duration_seconds=0.5, sample_rate=8000).astype(np.float32), 8000, "low")
    for options in ({"clip": "tone", "freq": "-215Hz"}, {"clip": "tone"}, {"clip": low, "freq": "3kHz"}):
        figure = harmonics_figure(results, **options)
        for panel in figure.axes:
            columns = {}
            for text in panel.texts:
                columns.setdefault(text.get_horizontalalignment(), []).append(text.get_window_extent())
            for found in columns.values():
                spans = sorted((box.y0, box.y1) for box in found)
                assert all(upper[0] > lower[1] for lower, upper in itertools.pairwise(spans))
                assert min(box.x0 for box in found) > panel.bbox.x0
                assert max(box.x1 for box in found) < panel.bbox.x1 + 5
        box = figure.get_tightbbox()
        assert min(box.x0, box.y0) > -0.01
        assert box.x1 < figure.get_figwidth() + 0.01


def test_without_a_name_a_ladder_takes_a_clip_that_has_a_pitch(results):
    assert "tone.wav" in harmonics_figure(results).get_suptitle()


def test_axes_handed_in_are_used_and_returned(tone):
    mine = Figure().subplots(1, 2)
    assert plot_spectrogram(tone.clip.waveform, display_config("mel", SAMPLE_RATE), ax=mine[0]) is mine[0]
    assert plot_ladder(shift_clip(tone, ShiftAmount("freq", 50, "Hz")), ax=mine[1]) is mine[1]
    assert mine[0].collections
    assert mine[1].collections


def test_a_sound_that_was_never_a_file_can_be_handed_in(results):
    sound = harmonic_tone(300, 3, duration_seconds=0.5, sample_rate=16000).astype(np.float32)
    mine = Clip(sound, 16000, "mine")
    assert open_clip(results, mine).clip.sample_rate == SAMPLE_RATE
    figure = draw(results, "harmonics", clip=mine, freq="10Hz")
    assert figure.get_suptitle().startswith("mine: partials of 300.0 Hz")


def test_a_file_that_has_moved_is_one_clear_line(run, tmp_path):
    shutil.copytree(run / "run", tmp_path / "run")
    results = load_results(tmp_path / "run")
    (run / "tone.wav").rename(run / "elsewhere.wav")
    try:
        with pytest.raises(InputError, match=r"tone\.wav: no such file; drawing a clip needs its sound: [^\n]*$"):
            spectrogram_figure(results, clip="tone", freq="50Hz")
    finally:
        (run / "elsewhere.wav").rename(run / "tone.wav")


def test_a_clip_is_named_by_the_end_of_its_path(run, results):
    responses = results.responses["early"]
    for name in (str(run / "noise.wav"), "noise.wav", "noise", f"{run.name}/noise"):
        assert choose_clip(responses, name) == 0
    with pytest.raises(InputError, match=r"no clip 'oise.wav' in these results; there are .*noise\.wav, .*tone\.wav"):
        choose_clip(responses, "oise.wav")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "bark"}, "scale='bark' is not one of linear, mel, log"),
        ({"freq": "50Hz", "pitch": "2st"}, "one shift, not shifts in freq and pitch"),
        ({"freq": "50Hz", "axis": "time"}, "one shift, not shifts in freq and time"),
        ({"freq": "1:9:1Hz"}, "freq='1:9:1Hz' is a range; a figure of a sound shows one shift, such as 9Hz"),
        ({"freq": "50ms"}, "the unit ms does not fit"),
        ({"axis": "bins"}, "was not swept along axis 'bins'"),
        ({"bins": "1bins"}, "has no use for bins"),
    ],
)
def test_a_wrong_wish_is_answered_by_the_rule(results, options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        draw(results, "spectrogram", clip="tone", **options)


def test_amounts_are_read_with_their_unit():
    assert read_amount("freq", "-0.5kHz") == ShiftAmount("freq", -0.5, "kHz")
    assert read_amount("freq", "-0.5kHz").natural(16000) == -500
    assert read_amount("time", "0ms").value == 0
    assert ShiftAmount("time", 2, "frame").natural(16000, 160) == 320
    with pytest.raises(InputError, match="axis 'bins' shifts no sound"):
        ShiftAmount("bins", 1, "bins")
