"""``audioinv report``: a page or a folder of a results folder, sizes, streams, exit codes."""

import json

import pytest

from .conftest import GRIDS


@pytest.fixture
def folder(run, place):
    done = run("analyze", "clips", "-m", "toy", *GRIDS, "-o", "out", "-q")
    assert done.exit_code == 0, done.stderr
    return place / "out"


def test_a_page_goes_into_the_results_folder(run, folder):
    done = run("report", folder)
    assert done.exit_code == 0, done.stderr
    size = (folder / "report.html").stat().st_size
    assert done.stdout == f"wrote {folder}/report.html ({size / 1e6:.1f} MB)\n"
    assert done.stderr == ""
    page = (folder / "report.html").read_text()
    clips = json.loads(page.split('id="clips">')[1].split("</script>")[0])["clips"]
    assert len(clips) == 6
    assert all(clip["axes"]["freq"]["sounds"] for clip in clips)


def test_a_folder_holds_a_page_and_its_sounds(run, folder, place):
    done = run("report", folder, "--folder", "-o", place / "shown", "--json")
    told = json.loads(done.stdout)
    assert told["file"] == str(place / "shown" / "index.html")
    assert told["bytes"] == (place / "shown" / "index.html").stat().st_size
    assert "<script" not in (place / "shown" / "index.html").read_text()
    assert not (folder / "report").exists()


def test_the_size_is_kept(run, folder):
    assert run("report", folder, "--max-mb", "1.4", "-q").stdout == ""
    assert (folder / "report.html").stat().st_size <= 1.4e6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--max-mb", "0.1"), "error: max_mb=0.1 is less than the 1."),
        (("--folder", "--max-mb", "3"), "error: --max-mb is about the single page"),
    ],
)
def test_what_is_wrong_is_one_line_and_writes_nothing(run, folder, arguments, message):
    before = sorted(path.name for path in folder.iterdir())
    done = run("report", folder, *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_folder_without_results_is_one_clear_line(run, place):
    done = run("report", place)
    assert done.exit_code == 2
    assert "is no results folder" in done.stderr
    assert done.stderr.endswith("missing): audioinv analyze -o FOLDER\n")
    for name in ("profile.json", "windows.parquet"):
        (place / name).touch()
    told = f"what it holds is drawn by audioinv plot {place} sliding and audioinv plot {place} profile\n"
    assert run("report", place).stderr.endswith(told)


def test_further_folders_join_the_page_and_those_of_another_model_do_not(run, folder, place):
    made = run("order", "toy", "clips", "-o", folder, "-q")
    assert made.exit_code == 0, made.stderr
    assert run("certify", "toy", "clips", "-o", "behind", "-q").exit_code in (0, 1)
    done = run("report", folder, "behind", "-q")
    assert done.exit_code == 0, done.stderr
    page = (folder / "report.html").read_text()
    assert 'id="order"' in page
    assert 'id="certificates"' in page
    assert "audioinv layers MODEL CLIPS" in page
    (place / "toy").rename(place / "other")
    run("order", "other", "clips", "-o", "strange", "-q")
    for more, words in (
        ("strange", "strange is about "),
        ("clips", "clips holds nothing to add to the page"),
        ("gone", "gone does not exist; give a folder that audioinv layers, certify, order or profile wrote"),
    ):
        refused = run("report", folder, more)
        assert refused.exit_code == 2
        assert refused.stderr.startswith(f"error: {words}")
        assert refused.stderr.count("\n") == 1
