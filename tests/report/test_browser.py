"""The page in a real browser, without a network: it runs, it can be used by hand, eye, ear and keyboard."""

import copy
import dataclasses
import json
import re

import numpy as np
import pytest

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.corpus.layouts import read_corpus
from audioinv.measure.cliptable import ClipTable
from audioinv.measure.summary import plain, summarize_model
from audioinv.report.page import write_folder, write_page
from audioinv.report.page_charts import chart_rows
from audioinv.report.replay import open_clip
from audioinv.report.results import Results
from audioinv.sound.audio import write_audio
from audioinv.sound.synthetic import harmonic_tone
from audioinv.sweep.plan import operator_of
from audioinv.sweep.responses import ModelResponses

from .browser import Visit, browser

SAMPLE_RATE = 8000
NASTY = "<img src=x onerror=alert(1)>"
CLIP = 0


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def heard(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    for i in range(10):
        note = 0.2 * harmonic_tone(120 + 30 * i, 5, duration_seconds=0.2, sample_rate=SAMPLE_RATE)
        (folder / ("low", "high")[i % 2]).mkdir(exist_ok=True)
        write_audio(folder / ("low", "high")[i % 2] / f"{i} {NASTY.replace('/', '')}.wav", note, SAMPLE_RATE)
    models = [copy.copy(model) for model in models]
    for model in models:
        model.spec = dataclasses.replace(model.spec, description=NASTY)
    options = AnalysisOptions({"time": "-40:80:20ms", "freq": "-200:200:50Hz", "pitch": "-2:2:1st"}, edges="zero")
    return analyze_models(models, read_corpus(folder).entries, options)


@pytest.fixture(scope="module")
def file(heard, tmp_path_factory):
    return write_page(heard, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture
def visit(chromium, file):
    with Visit(chromium, file) as opened:
        yield opened


def test_nothing_is_asked_for_and_nothing_complains(visit, file, heard):
    assert visit.requests == [file.as_uri()]
    assert visit.complaints == []
    n_charts = sum(len(row.charts) for row in chart_rows(heard))
    assert n_charts >= 12
    assert visit.page.evaluate("document.body.dataset.charts") == str(n_charts)
    assert visit.page.locator(".chart svg").count() == n_charts


def test_the_policy_is_in_force(visit):
    blocked = visit.page.evaluate("""() => new Promise((done) => {
        document.addEventListener("securitypolicyviolation", (event) => done(event.violatedDirective));
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
    })""")
    assert blocked.startswith("script-src")
    assert visit.page.evaluate("window.ran") is None
    assert visit.page.evaluate("fetch('https://example.org').then(() => 'sent', () => 'refused')") == "refused"
    refused = visit.page.evaluate("""() => new Promise((done) => setTimeout(() => {
        try { done(new Function("return 1")()); } catch (error) { done(error.name); }
    }, 1))""")
    assert refused == "EvalError"


def test_names_that_are_markup_are_text_and_run_nothing(visit):
    assert visit.page.locator("img").count() == 0
    assert NASTY in visit.shown("header + main")
    assert "<b>half</b>" in visit.shown("#answers")
    assert "onerror" in visit.shown("#clip option:first-child")


def test_the_slider_moves_by_keyboard_and_changes_picture_and_numbers(visit, heard):
    page = visit.page
    visit.settle(CLIP, "time", 2)
    before = visit.picture()
    assert visit.shown("#amount") == "0 ms"
    page.focus("#shift")
    page.keyboard.press("ArrowRight")
    visit.settle(CLIP, "time", 3)
    assert visit.shown("#amount") == "+20 ms"
    assert page.get_attribute("#shift", "aria-valuetext") == "+20 ms"
    assert visit.picture() != before
    page.keyboard.press("End")
    visit.settle(CLIP, "time", 6)
    assert visit.shown("#amount") == "+80 ms"
    page.keyboard.press("Home")
    visit.settle(CLIP, "time", 0)
    assert visit.shown("#amount") == "−40 ms"


def scores_shown(visit, model):
    rows = visit.page.locator(f'#answers table[data-model="{model}"] tbody tr').all()
    return {row.locator("th").inner_text(): row.locator("td").nth(1).inner_text() for row in rows}


@pytest.mark.parametrize(("axis", "key"), [("time", "End"), ("freq", "End"), ("pitch", "Home")])
def test_the_answers_shown_are_those_of_the_table(visit, heard, axis, key):
    page = visit.page
    page.check(f'#axes input[value="{axis}"]')
    page.focus("#shift")
    page.keyboard.press(key)
    place = {"End": -1, "Home": 0}[key]
    shifts = heard.responses["centroid"].axes[axis].shifts
    visit.settle(CLIP, axis, place % len(shifts))
    name = page.evaluate("JSON.parse(document.getElementById('clips').textContent).clips[0].name")
    for index, (model, responses) in enumerate(heard.responses.items()):
        frame = heard.frame
        row = frame[
            (frame["model"] == model)
            & (frame["clip"] == name)
            & (frame["axis"] == axis)
            & (frame["shift"] == shifts[place])
        ].iloc[0]
        expected = dict(zip(responses.spec.labels, row["probs"], strict=True))
        shown = scores_shown(visit, index)
        assert set(shown) == set(expected)
        for label, score in expected.items():
            assert float(shown[label]) == pytest.approx(score, abs=0.0051)
        caption = visit.shown(f'#answers table[data-model="{index}"] caption')
        assert f" {row['pred']}, " in caption
        assert ("same answer as unshifted" in caption) == row["same_as_zero"]


@pytest.mark.parametrize("axis", ["time", "freq", "pitch"])
def test_the_sound_is_the_one_that_the_model_heard(visit, heard, axis):
    page = visit.page
    page.check(f'#axes input[value="{axis}"]')
    page.focus("#shift")
    page.keyboard.press("End")
    name = page.evaluate("JSON.parse(document.getElementById('clips').textContent).clips[0].name")
    window = open_clip(heard, name, model="centroid")
    (grid,) = [grid for grid in window.plan.grids if grid.axis == axis]
    last = grid.natural(SAMPLE_RATE)[-1:]
    expected = operator_of(axis, window.plan, window.spec).shift(window.clip, last)[0].numpy()
    visit.settle(CLIP, axis, len(grid.amounts) - 1)
    told = re.search(r"([\d.]+) s at (\d+) Hz, peak ([\d.]+)", visit.shown("#heard"))
    assert visit.shown("#heard").startswith("What the model heard: ")
    assert float(told[1]) == pytest.approx(window.spec.window_seconds, abs=0.0051)
    assert int(told[2]) == SAMPLE_RATE
    assert float(told[3]) == pytest.approx(np.abs(expected).max(), abs=6e-4)


def test_nothing_plays_until_it_is_asked_to(visit, heard):
    page = visit.page
    assert page.get_attribute("#explorer", "data-played") is None
    page.focus("#play")
    page.keyboard.press("Enter")
    page.wait_for_selector("#explorer[data-played]")
    assert page.get_attribute("#explorer", "data-played") == "0.25 s"
    assert page.locator("audio[autoplay], video").count() == 0


def test_partials_keep_their_ratios_in_pitch_and_not_in_frequency(visit):
    page = visit.page

    def ratios(column):
        rows = page.locator("#partials tbody tr").all()[:4]
        return [row.locator("td").nth(column).inner_text() for row in rows]

    for axis, kept in (("pitch", True), ("freq", False)):
        page.check(f'#axes input[value="{axis}"]')
        page.focus("#shift")
        page.keyboard.press("End")
        assert "1.00" in ratios(3)
        assert (ratios(2) == ratios(3)) == kept
    page.check('#axes input[value="time"]')
    assert page.is_hidden("#partials")


def test_a_worst_clip_leads_to_its_flip_in_the_explorer(visit):
    page = visit.page
    visit.open_all()
    button = page.locator("button.goto").first
    axis, clip, model = (button.get_attribute(f"data-{name}") for name in ("axis", "clip", "model"))
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"document.getElementById('clip').value === '{clip}'")
    assert page.is_checked(f'#axes input[value="{axis}"]')
    assert "unshifted:" in visit.shown(f'#answers table[data-model="{model}"] caption')
    assert page.evaluate("document.activeElement.id") == "shift"


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 400, "height": 800}}])
def test_no_accessibility_violation_and_nothing_wider_than_the_screen(chromium, file, options):
    with Visit(chromium, file, **options) as visit:
        visit.open_all()
        assert visit.violations() == []
        assert visit.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_nothing_is_wider_than_a_screen_between_narrow_and_wide(chromium, file):
    with Visit(chromium, file) as visit:
        for width in (700, 772, 850, 958, 962):
            visit.page.set_viewport_size({"width": width, "height": 800})
            assert visit.page.evaluate("document.documentElement.scrollWidth") == width


def test_axe_would_have_found_a_violation(visit):
    visit.page.evaluate("document.getElementById('shift').labels[0].remove()")
    assert any("label" in line for line in visit.violations())


def test_keyboard_reaches_every_control(visit):
    reached = set()
    for _ in range(60):
        visit.page.keyboard.press("Tab")
        reached.add(
            visit.page.evaluate(
                "document.activeElement.id || document.activeElement.name || document.activeElement.tagName"
            )
        )
    assert {"clip", "axis", "shift", "play", "play-clean", "SUMMARY"} <= reached


def test_without_script_the_folder_says_shows_and_plays_everything(chromium, heard, tmp_path):
    page = write_folder(heard, tmp_path / "folder")
    with Visit(chromium, page, script=False) as visit:
        assert visit.complaints == []
        assert visit.requests == [page.as_uri()]
        assert visit.page.locator("figure svg").count() == sum(len(row.charts) for row in chart_rows(heard)) + 6
        assert visit.page.locator("figure svg").first.bounding_box()["width"] > 200
        assert visit.page.locator("audio").count() > 0
    with Visit(chromium, page, ready=None) as visit:
        visit.open_all()
        seconds = visit.page.evaluate("""() => new Promise((done) => {
            const sound = document.querySelector("audio");
            sound.onloadedmetadata = () => done(sound.duration);
            sound.onerror = () => done(`error ${sound.error.code}`);
            sound.load();
        })""")
        assert seconds == pytest.approx(0.25, abs=1e-3)
        assert visit.complaints == []
        assert visit.violations() == []


@pytest.mark.parametrize("n_clips", [10, 100, pytest.param(2000, marks=pytest.mark.slow)])
def test_the_size_stays_within_the_budget_whatever_the_number_of_clips(heard, tmp_path, n_clips):
    page = write_page(repeated(heard, n_clips), tmp_path / "a.html")
    assert page.stat().st_size <= 5e6
    assert json.loads(re.search(r'id="clips">(.*?)</script>', page.read_text(encoding="utf-8"))[1])["clips"]


def repeated(results, n_clips):
    """Return results of many clips: those at hand, over and over."""
    models = {}
    for name, responses in results.responses.items():
        which = np.arange(n_clips) % len(responses.clips)
        clips = tuple(
            dataclasses.replace(responses.clips[place], start_seconds=float(number // len(responses.clips)))
            for number, place in enumerate(which)
        )
        axes = {
            axis: dataclasses.replace(
                swept,
                **{
                    field.name: getattr(swept, field.name)[which]
                    for field in dataclasses.fields(swept)
                    if isinstance(getattr(swept, field.name), np.ndarray) and field.name != "shifts"
                },
            )
            for axis, swept in responses.axes.items()
        }
        models[name] = ModelResponses(responses.spec, clips, axes)
    summaries = {}
    for name, model in models.items():
        told = results.document["models"][name]
        table = ClipTable.of(model.clips, model.spec.labels)
        found = summarize_model(model.axes, table, controls=told["controls"], rng_seed=0)
        summaries[name] = {**told, **plain(found)}
    return Results(models, {**results.document, "models": summaries}, results.run)
