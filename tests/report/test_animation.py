"""A sweep as a moving picture: what a frame shows is what the results hold at its shift."""
# ruff: noqa: F401, F811

import itertools
import re

import numpy as np
import pytest
from PIL import Image

from audioinv.errors import InputError
from audioinv.measure.outcome import top1
from audioinv.report import animation
from audioinv.report.animation import sweep_animation
from audioinv.report.figures import draw, save_figure
from audioinv.report.replay import open_clip
from audioinv.report.spectrogram_figures import display_config, display_levels
from audioinv.sound.operators import TimeShift

from .test_sound_figures import results as sounds
from .test_sound_figures import run


@pytest.fixture
def moving(sounds):
    return sweep_animation(sounds, clip="tone", axis="time")


def swept(sounds, axis="time"):
    responses = sounds.responses["early"].axes[axis]
    return responses, responses.scores[1]


def test_every_shift_is_a_frame(sounds, moving):
    assert moving.n_frames == len(swept(sounds)[0].shifts) == 7
    titles = []
    for frame in range(7):
        moving.show(frame)
        titles.append(moving.figure.axes[0].get_title(loc="left"))
    assert titles == ["delay −100 ms", "delay −50 ms", "delay 0 ms", *(f"delay +{i} ms" for i in (50, 100, 150, 200))]


def test_a_frame_shows_the_scores_of_its_shift(sounds, moving):
    responses, scores = swept(sounds)
    _, bars, curve = moving.figure.axes
    answers = top1(scores[None], responses.zero)[0]
    clean = answers[responses.zero]
    for frame in (0, 3, 6, 1):  # and back again
        moving.show(frame)
        assert [bar.get_width() for bar in bars.patches] == pytest.approx(scores[frame].tolist())
        assert bars.get_title(loc="left") == f"answers {('first', 'second')[answers[frame]]}"
        line, others, now = curve.lines[1:]
        np.testing.assert_array_equal(line.get_xdata(), responses.shifts[: frame + 1])
        np.testing.assert_array_equal(line.get_ydata(), scores[: frame + 1, clean])
        passed = [place for place in range(frame + 1) if answers[place] != clean]
        np.testing.assert_array_equal(others.get_xdata(), responses.shifts[passed])
        assert (now.get_xdata()[0], now.get_ydata()[0]) == (responses.shifts[frame], scores[frame, clean])
    assert (answers != clean).any()


def test_a_frame_shows_the_sound_at_its_shift(sounds, moving):
    window = open_clip(sounds, "tone")
    config = display_config("log", 8000)
    loudest = display_levels(window.clip.waveform, config).decibels.max()
    mesh = moving.figure.axes[0].collections[0]
    drawn = []
    for frame, delay in ((0, -800.0), (2, 0.0), (6, 1600.0)):
        moving.show(frame)
        shifted = TimeShift(window.plan.edges, window.plan.seed).shift(window.clip, np.array([delay]))[0].numpy()
        drawn.append(mesh.get_array().copy())
        np.testing.assert_allclose(drawn[-1], display_levels(shifted, config).decibels - loudest, atol=1e-3)
    assert not np.allclose(drawn[0], drawn[2], atol=1)


def test_axes_carry_units_and_all_scores_their_whole_range(moving):
    sound, bars, curve = moving.figure.axes
    assert (sound.get_xlabel(), sound.get_ylabel()) == ("time (s)", "frequency (Hz)")
    assert (curve.get_xlabel(), curve.get_ylabel()) == ("delay (ms)", "score of first")
    assert bars.get_xlim() == (0, 1)
    assert [round(axes.get_position().width, 1) for axes in (sound, bars, curve)] == [0.4, 0.4, 0.4]
    assert curve.get_ylim()[0] < 0 < 1 < curve.get_ylim()[1]


def test_a_long_sweep_is_thinned_and_keeps_its_ends_and_zero(sounds, monkeypatch):
    monkeypatch.setattr(animation, "_MOST_FRAMES", 3)
    moving = sweep_animation(sounds, clip="tone", axis="time")
    titles = set()
    for frame in range(moving.n_frames):
        moving.show(frame)
        titles.add(moving.figure.axes[0].get_title(loc="left"))
    assert titles == {"delay −100 ms", "delay 0 ms", "delay +50 ms", "delay +200 ms"}


def test_a_gif_holds_the_frames_and_stays_small(sounds, moving, tmp_path):
    path = save_figure(moving, tmp_path / "new" / "a.gif")
    with Image.open(path) as image:
        assert image.n_frames == 7
        pictures = []
        for frame in range(7):
            image.seek(frame)
            pictures.append(np.asarray(image.convert("RGB")))
    assert path.stat().st_size < 2e6
    assert all((first != second).any() for first, second in itertools.pairwise(pictures))
    assert (pictures[0][0, 0] == 255).all()


def test_a_notebook_plays_it_and_names_are_text(moving):
    html = animation.Animation(moving.figure, 2, moving.show, 'a "<b>clip</b>"')._repr_html_()
    assert html.startswith('<img alt="a &quot;&lt;b&gt;clip&lt;/b&gt;&quot;" src="data:image/gif;base64,R0lGOD')


def test_mp4_without_ffmpeg_is_one_clear_line(moving, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"a\.mp4: writing MP4 needs the program ffmpeg.*install it, or name a \.gif$"):
        save_figure(moving, tmp_path / "a.mp4")
    assert not (tmp_path / "a.mp4").exists()


def test_mp4_where_ffmpeg_is(moving, tmp_path, monkeypatch):
    program = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    (tmp_path / "ffmpeg").symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path))
    content = save_figure(moving, tmp_path / "a.mp4").read_bytes()
    assert content[4:8] == b"ftyp"
    assert len(content) < 2e6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"axis": "bins"}, "was not swept along axis 'bins'"),
        ({"clip": "x"}, "no clip 'x' in these results"),
        ({"score": "label"}, "the figure animation has no use for score"),
    ],
)
def test_a_wrong_wish_is_answered_by_the_rule(sounds, options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        draw(sounds, "animation", **options)


def test_a_still_format_is_refused(moving, tmp_path):
    with pytest.raises(InputError, match=r"animations are written as \.gif, \.mp4"):
        save_figure(moving, tmp_path / "a.png")
