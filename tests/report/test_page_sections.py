"""The sections beyond the answers: their numbers are those of the analyses, their names are text, gaps are said."""

import dataclasses
import json

import pytest

from audioinv.measure.statistics import Estimate
from audioinv.report.companions import Companions
from audioinv.report.order_text import change_title
from audioinv.report.page import write_folder, write_page
from audioinv.report.page_sections import sections

from .browser import Visit, browser
from .network import NASTY, make_run
from .test_page import DRAWN, OURS, SCRIPTED, read, values_of


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("sections"))


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    return write_page(run.results, tmp_path_factory.mktemp("page") / "a.html", companions=run.companions)


@pytest.fixture(scope="module")
def page(file):
    return read(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def specs(page):
    return json.loads(page.scripts[0])


def known(value):
    return None if value != value else value


def bounds(estimate: Estimate):
    return [known(getattr(estimate, end)) for end in ("value", "low", "high")]


def test_layers_are_drawn_as_they_were_measured(run, specs):
    layers = run.found["layers"].axes["time"].layers
    values = values_of(specs["model0-layers-time"])
    for told, kind in (("unshifted", "invariance_error"), ("moved along", "equivariance_error")):
        drawn = [value["value"] for value in values if told in value["error"]]
        assert drawn == [known(getattr(layer, kind)) for layer in layers]
    assert [value["verdict"] for value in values[::2]] == [str(layer.verdict) for layer in layers]


def test_the_budget_is_drawn_as_it_was_measured(run, specs):
    summary = run.found["budget"].axes["time"].summary
    values = values_of(specs["model0-budget-time"])
    assert [[value[end] for end in ("value", "low", "high")] for value in values] == [
        bounds(stage.change) for stage in summary.stages
    ]
    assert [value["most"] for value in values] == [stage.stage.name == summary.culprit for stage in summary.stages]


def test_order_is_drawn_as_it_was_measured(run, specs):
    order = run.found["order"]
    drawn = {value["change"]: [value[end] for end in ("value", "low", "high")] for value in values_of(specs["order"])}
    assert drawn == {change_title(change, gap): bounds(change.sensitivity) for gap, change in order.changes}


def test_the_profile_is_drawn_as_it_was_measured(run, specs):
    drawn = [[value[end] for end in ("value", "low", "high")] for value in values_of(specs["profile0"])]
    assert drawn == [bounds(change.models[NASTY].endurance.at_limit) for change in run.companions.profiles[0].changes]


def test_certificates_stand_with_claim_and_measurement(run, page):
    certificate = run.found["certificates"]["time"]
    assert "invariant to every circular delay that is a multiple of 4 samples" in page.text
    assert f"{certificate.confirmation.n_covered} of {certificate.confirmation.n_delays} delays" in page.text
    for step in certificate.derivation.steps:
        assert " ".join(step.split()) in page.text


def test_the_sections_stand_in_their_order(page):
    titles = ("Clip by clip", "Move a sound yourself", "Layers and error budget", "Certificates", "Order:")
    titles = (*titles, "Every kind of change", "Clips that seldom keep", "Controls", "What was not measured", "Method")
    places = [page.text.index(title) for title in titles]
    assert places == sorted(places)


def test_what_is_missing_is_said_with_its_command(run, page, tmp_path):
    bare = read(write_page(run.results, tmp_path / "bare.html").read_text(encoding="utf-8"))
    commands = ("layers MODEL CLIPS -o", "layers MODEL CLIPS --budget", "certify MODEL", "order MODEL", "profile MODEL")
    for command in commands:
        assert f"audioinv {command}" in bare.text
        assert f"audioinv {command}" not in page.text
    assert "Profile (which tries pitch, spectrogram bins, stretch" in bare.text
    assert "Not measured:" not in bare.text + page.text
    assert "Layers and error budget" not in bare.text


def test_what_is_missing_of_some_models_names_them(run, results):
    models = {**results.responses, NASTY: run.results.responses[NASTY]}
    both = dataclasses.replace(run.results, responses=models)
    missing = {one.what: one.models for one in sections(both, Companions(orders=run.companions.orders)).missing}
    assert missing["Order"] == ("centroid", "<b>half</b>")
    assert missing["Layers"] == ()


def test_a_section_names_the_models_that_it_lacks(run, tmp_path):
    def twice(by_model):
        return dict.fromkeys((NASTY, "twin"), by_model[NASTY])

    told = {**run.results.document, "models": twice(run.results.document["models"])}
    ran = {**run.results.run, **{part: twice(run.results.run[part]) for part in ("models", "plans")}}
    both = dataclasses.replace(run.results, responses=twice(run.results.responses), document=told, run=ran)
    text = read(write_folder(both, tmp_path / "a", companions=run.companions).read_text(encoding="utf-8")).text
    for what, until in (
        ("layers", "Certificates"),
        ("error budget", "Certificates"),
        ("certificates", "Order:"),
        ("order", "Every kind of change"),
        ("profile", "Clips that seldom keep"),
    ):
        said = text.index(f"Not measured: {what} of twin.")
        assert said < text.index(until, text.index("Layers and error budget") + 20)
    assert "Profile (which tries" in text
    assert "of twin: audioinv profile MODEL CLIPS -o FOLDER" in text


@pytest.mark.parametrize("write", [write_page, write_folder])
def test_names_that_are_markup_are_text(run, tmp_path, write):
    text = write(run.results, tmp_path / "a", companions=run.companions).read_text(encoding="utf-8")
    page = read(text)
    assert not page.found("img")
    assert {tag for tag, _, _ in page.elements} <= OURS | DRAWN | (SCRIPTED if write is write_page else set())
    assert f"wishes by {NASTY}" in page.text
    assert all("<" not in script for script in page.scripts[:2])


def test_heat_maps_have_their_data_as_a_table(run, page):
    frame = run.results.frame.query("axis == 'time' and shift != 0")
    kept = frame.groupby("clip", observed=True)["same_as_zero"].mean()
    clip = kept.idxmin()
    shifts = frame[(frame["clip"] == clip) & ~frame["same_as_zero"]]["shift"]
    row = page.text[page.text.index("another answer at") :]
    row = row[row.index(clip) :][: len(clip) + 120]
    assert f"{100 * kept[clip]:.0f} %" in row
    assert ("nowhere" in row) == shifts.empty


def test_it_runs_in_a_browser_light_dark_and_narrow(file, run):
    n_charts = str(len(sections(run.results, run.companions).charts))
    with browser() as chromium:
        for options in ({}, {"color_scheme": "dark"}, {"viewport": {"width": 400, "height": 800}}):
            with Visit(chromium, file, **options) as visit:
                visit.open_all()
                assert visit.complaints == []
                assert visit.requests == [file.as_uri()]
                assert visit.violations() == []
                page = visit.page
                assert int(page.evaluate("document.body.dataset.charts")) > int(n_charts) > 3
                assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
                assert page.locator("#model0-layers-time-chart svg").bounding_box()["width"] > 200
