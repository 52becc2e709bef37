"""The figure and the words of a slid recording: what is drawn is what was found."""

import numpy as np
import pytest

from audioinv.corpus.events import Event
from audioinv.errors import CheckpointError, InputError
from audioinv.nets.model import as_model
from audioinv.report.figures import draw
from audioinv.report.sliding_figure import sliding_figure
from audioinv.report.sliding_results import SlidingFolder, load_sliding
from audioinv.report.sliding_text import phase_line, sliding_lines
from audioinv.sliding_analysis import slide
from audioinv.sound.clip import Clip


def levels(waveforms):
    loud = np.abs(waveforms).max(-1)
    return np.stack([loud, 1 - loud], -1)


@pytest.fixture(scope="module")
def results():
    sound = np.zeros(8000 * 20, np.float32)
    sound[[40_000, 90_000]] = [1.0, 0.8]
    model = as_model(levels, sample_rate=8000, labels=["loud", "soft"], n_samples=800, name="levels")
    events = [Event("loud", 5.0, 5.0), Event("loud", 11.25, 11.25)]
    return slide(model, Clip(sound, 8000, "hall.wav"), every="10ms", events=events)


def test_scores_are_drawn_at_the_ends_of_windows(results):
    figure = results.plot()
    scores, rate, delay = figure.axes
    line = next(line for line in scores.lines if line.get_label() == "loud")
    times, drawn = line.get_data()
    frame = results.frame
    assert drawn.max() == 1.0
    peak = times[np.argmax(drawn)]
    assert 5.0 - 0.1 <= peak <= 5.1 + 0.1
    assert times[0] == frame["end_s"][0]
    assert scores.get_xlabel() == "end of window (s)"
    assert rate.lines[0].get_ydata().tolist() == [1.0]
    assert delay.lines[0].get_ydata()[0] == pytest.approx(1000 * results.summary["delay_by_phase_s"][0])
    assert "levels slid over hall.wav, every 10 ms" in figure.get_suptitle()


def test_the_envelope_keeps_a_peak_of_one_window(results):
    (_, band), *_ = [(axes, axes.collections[0]) for axes in sliding_figure(results).axes[:1]]
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.max() == 1.0
    assert heights.min() == 0.0


def test_names_that_are_not_there_are_refused(results):
    with pytest.raises(InputError, match="no model 'other' slid here; there are levels"):
        draw(results, "sliding", model="other")
    with pytest.raises(InputError, match=r"no recording 'attic\.wav' here; there are hall\.wav"):
        draw(results, "sliding", clip="attic.wav")


def test_words_hold_the_numbers(results):
    text = "\n".join(sliding_lines(results))
    assert "levels: 1 recording, 1,991 windows of 0.1 s, one every 10 ms; stride not known, 1 phase" in text
    assert "2 events, given; a score of 0.5 detects" in text
    assert "! the network's stride is not known" in text


def left_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


class NoRoom:
    """A writer onto a disk that is full."""

    def write_table(self, _):
        raise OSError("Error writing bytes to file. Detail: [errno 28] No space left on device")

    def close(self):
        raise OSError("Error writing bytes to file. Detail: [errno 28] No space left on device")


def test_an_error_leaves_nothing_beside_the_folder(tmp_path, results):
    def write_until_the_disk_is_full():
        with SlidingFolder(tmp_path / "run") as folder:
            assert left_in(tmp_path) == ["run.part", "run.part/windows.parquet"]
            folder._writer.close()
            folder._writer = NoRoom()
            folder.write(results.windows)

    with pytest.raises(InputError, match=r"cannot be written \(.*No space left.*\); make room, or give another"):
        write_until_the_disk_is_full()
    assert left_in(tmp_path) == []


def test_what_a_process_left_that_was_ended_is_cleared_away_by_the_next(tmp_path, results):
    (tmp_path / "run.part").mkdir()
    (tmp_path / "run.part" / "windows.parquet").write_bytes(b"PAR1 and no more")
    results.save(tmp_path / "run")
    assert not (tmp_path / "run.part").exists()
    assert load_sliding(tmp_path / "run").windows.equals(results.windows)


def test_what_is_not_ours_is_not_cleared_away(tmp_path, results):
    (tmp_path / "run.part").mkdir()
    (tmp_path / "run.part" / "thesis.txt").write_text("a year of work")
    with pytest.raises(InputError, match=r"thesis\.txt in it; move it away"):
        results.save(tmp_path / "run")
    assert left_in(tmp_path) == ["run.part", "run.part/thesis.txt"]


def test_phases_that_find_most_and_least_are_named():
    found = {"detection_rate_by_phase": {"value": [0.5, 1.0, 0.75]}, "phases_ms": [0, 10, 20]}
    assert phase_line(found) == "rate 0.50 at a phase of 0 ms, 1.00 at 10 ms"
    found["detection_rate_by_phase"]["value"] = [0.5, 0.5, 0.5]
    assert phase_line(found) == "every phase finds the same share, 0.50"
    assert phase_line({"detection_rate_by_phase": {"value": [1.0]}, "phases_ms": [0]}) == ""


def test_a_damaged_folder_is_named(results, tmp_path):
    results.save(tmp_path / "run")
    (tmp_path / "run" / "events.csv").write_text("nothing\n1\n")
    with pytest.raises(CheckpointError, match="damaged results folder"):
        load_sliding(tmp_path / "run")
    (tmp_path / "run" / "windows.parquet").unlink()
    with pytest.raises(CheckpointError, match=r"windows\.parquet missing"):
        load_sliding(tmp_path / "run")
