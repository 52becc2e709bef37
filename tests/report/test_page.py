"""The page: complete, self-contained, silent towards the network, and proof against names that are HTML."""

import base64
import dataclasses
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.errors import InputError
from audioinv.nets.model import as_model
from audioinv.report.page import MAX_ROWS, summary_table, write_folder, write_page
from audioinv.report.page_charts import chart_rows
from audioinv.report.summary_text import verdict
from audioinv.report.text import amount, interval
from audioinv.sound.clip import Clip
from audioinv.sweep.responses import Failure

NASTY = "<img src=x onerror=alert(1)>"
VOID = {"meta", "img", "br", "link", "input", "hr"}
SCRIPTED = {"script", "noscript", "canvas", "button", "select", "input", "label", "fieldset", "output"}
OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "h1", "h2", "h3", "p", "ul", "li"),
    *("a", "span", "div", "figure", "figcaption", "code", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("em", "details", "summary", "audio", "line"),
}
DRAWN = {"svg", "g", "path", "defs", "clippath", "use", "text", "tspan", "rect", "image"}


class Page(HTMLParser):
    """What a browser would find: elements with attributes, and the text outside of style."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text, self.style, self.scripts = [], [], "", "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if "style" in self.open:
            self.style += data
        elif "script" in self.open:
            self.scripts.append(data)
        else:
            self.text += data

    def found(self, tag):
        return [attributes for name, attributes, _ in self.elements if name == tag]

    def values(self, name):
        return [attributes[name] for _, attributes, _ in self.elements if name in attributes]


def read(text):
    page = Page(text)
    page.text = " ".join(page.text.replace("\N{NO-BREAK SPACE}", " ").split())
    return page


def first_half(waveforms):
    early, late = (waveforms**2).reshape(len(waveforms), 2, -1).mean(-1).T + 1e-9
    return np.stack([early, late], axis=-1).astype(np.float32) / (early + late)[:, None]


@pytest.fixture(scope="module")
def source(results, tmp_path_factory):
    return write_page(results, tmp_path_factory.mktemp("page") / "new" / "report.html")


@pytest.fixture(scope="module")
def page(source):
    return read(source.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder_page(results, tmp_path_factory):
    return read(write_folder(results, tmp_path_factory.mktemp("folder")).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def nasty_results():
    """Every name that a stranger can choose is markup."""
    rng = np.random.default_rng(0)
    clips = [
        Clip(
            np.roll(np.pad(rng.standard_normal(200), (0, 1800)), 90 * i).astype(np.float32),
            8000,
            f"{NASTY}{i}.wav",
            f"<i>{i % 2}</i>",
            f"<u>{i}</u>",
        )
        for i in range(12)
    ]
    clips.append(Clip(np.zeros(2000, np.float32), 8000, f"</td>{NASTY}"))
    model = as_model(
        first_half, sample_rate=8000, labels=["<i>0</i>", "<i>1</i>"], n_samples=2000, name=f"</title>{NASTY}\ud800"
    )
    model.spec = dataclasses.replace(model.spec, description=f"</style>{NASTY}")
    options = AnalysisOptions({"time": "-50:100:25ms", "freq": "-50:50:50Hz"})
    return analyze_models([model], clips, options, provenance={"command": f"audioinv analyze '{NASTY}'"})


def test_the_first_screen_holds_the_verdicts_and_a_sentence_for_each_axis(results, page):
    verdicts = [verdict(results, name) for name in results.responses]
    first = page.text[: page.text.index("Numbers")]
    for text in verdicts:
        assert text in first
    for model in results.document["models"].values():
        for axis in model["axes"].values():
            share = 100 * axis["consistency"]["value"]
            assert re.search(rf"{share:.{1 if 99 < share < 100 else 0}f} % .*?of answers stay, n = 24 clips", first)


def test_headline_numbers_stand_with_intervals_and_counts(results, page):
    for model in results.document["models"].values():
        for axis in model["axes"].values():
            for text in (interval(axis["consistency"]), interval(axis["worst_accuracy"])):
                assert text in page.text
            assert amount(axis["worst_shift"]["shift"], axis["unit"]) in page.text
    assert page.text.count("24 in 12 groups") == 6


def test_cautions_reasons_controls_failures_method_and_versions_are_there(results, page):
    warnings = {warning for model in results.document["models"].values() for warning in model["warnings"]}
    assert warnings
    for warning in warnings:
        assert page.text.count(warning) == 1
    assert "Pitch: through the signalsmith engine without a shift" in page.text
    control = results.document["models"]["centroid"]["controls"]["pitch.there_and_back"]
    assert f"{control['largest_score_change']:.2g}" in page.text
    assert results.failures[0].reason in page.text
    assert "Signalsmith Stretch" in page.text
    assert "single-sideband" in page.text
    assert f"torch {results.run['versions']['torch']}" in page.text
    assert results.run["data"]["sha256"][:12] in page.text
    assert f"run {results.document['run']['id']} ·" in page.text


def test_worst_clips_are_named_with_what_they_become(results, page):
    worst = results.document["models"]["<b>half</b>"]["axes"]["time"]["worst_clips"][0]
    rows = results.frame.query("model == '<b>half</b>' and axis == 'time'")
    row = rows[rows["clip"] == worst["name"]]
    clean = row[row["shift"] == 0]["pred"].astype(str).item()
    (other,) = {"low", "high"} - {clean}
    assert re.search(rf"{worst['name']} ?{row['label'].iloc[0]} ?{clean} ?{other}", page.text)


def test_every_axis_has_a_curve_and_every_model_its_heat_maps(results, page):
    keys = [label for label in page.values("aria-labelledby") if label.endswith("-caption")]
    kinds = ("contrast", "curve", "classes", "flips", "standing")
    assert keys == [
        *(f"{kind}-{axis}-caption" for kind in kinds for axis in ("time-ms", "freq-Hz", "pitch-st")),
        *(f"model{i}-{axis}-caption" for i in (0, 1) for axis in ("time", "freq", "pitch")),
    ]
    told = results.document["models"]["<b>half</b>"]["axes"]["time"]
    mean, least = interval(told["consistency"]), told["worst_shift"]["consistency"]
    assert f"<b>half</b> mean {mean}, least {least:.2f} at" in page.text


def rules_of(page):
    (policy,) = [m["content"] for m in page.found("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    return dict(rule.strip().split(" ", 1) for rule in policy.split(";"))


def test_the_policy_forbids_the_network_and_every_script_but_the_page_s_own(page):
    rules = rules_of(page)
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == "'unsafe-inline'"
    assert rules["img-src"] == "data:"
    assert not {"connect-src", "font-src", "media-src"} & set(rules)
    (script,) = page.scripts[2:]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert rules["script-src"] == f"'sha256-{digest}'"


def test_a_folder_s_page_has_no_script_at_all(folder_page):
    assert not folder_page.scripts
    assert "script-src" not in rules_of(folder_page)
    assert rules_of(folder_page)["default-src"] == "'none'"


@pytest.mark.parametrize("which", ["results", "nasty_results"])
@pytest.mark.parametrize("write", [write_page, write_folder])
def test_nothing_outside_is_asked_for_and_nothing_hides_in_attributes(which, write, request, tmp_path):
    page = read(write(request.getfixturevalue(which), tmp_path / "a").read_text(encoding="utf-8"))
    assert {tag for tag, _, _ in page.elements} <= OURS | DRAWN | (SCRIPTED if write is write_page else set())
    assert not any(name.startswith("on") for _, attributes, _ in page.elements for name in attributes)
    for name in ("src", "href", "xlink:href", "action", "poster", "srcset"):
        assert all(value.startswith(("#", "data:image/png;base64,")) for value in page.values(name))
    values = [str(value) for _, attributes, _ in page.elements for value in attributes.values()]
    assert all(value.startswith("#") for value in re.findall(r"url\((.*?)\)", " ".join([page.style, *values])))
    assert "@import" not in page.style


@pytest.mark.parametrize("which", ["results", "nasty_results"])
def test_identifiers_are_unique_and_references_lead_somewhere(which, request, tmp_path):
    text = write_page(request.getfixturevalue(which), tmp_path / "a.html").read_text(encoding="utf-8")
    page = read(text)
    identifiers = page.values("id")
    assert len(identifiers) == len(set(identifiers))
    wanted = set(page.values("aria-labelledby")) | {value[1:] for value in page.values("href") if value[0] == "#"}
    wanted |= set(re.findall(r"url\(#(.*?)\)", re.sub("<script>.*?</script>", "", text, flags=re.S)))
    assert wanted
    assert wanted <= set(identifiers)


def test_figures_bring_no_style_sheet_of_their_own(page):
    assert [above for tag, _, above in page.elements if tag == "style"] == [("html", "head")]
    assert [above[-1] for tag, _, above in page.elements if tag == "svg"] == ["li"] * 2 + ["figure"] * 6


def test_ink_follows_the_page_and_data_keep_their_colours(source):
    drawings = re.findall(r"<svg.*?</svg>", source.read_text(encoding="utf-8"), re.S)
    assert all("#262626" not in drawing for drawing in drawings)
    assert "#0072b2" in drawings[0]
    assert "#d55e00" in drawings[1]


def test_names_that_are_markup_are_text(nasty_results, tmp_path):
    text = write_page(nasty_results, tmp_path / "a.html").read_text(encoding="utf-8")
    page = read(text)
    assert not page.found("img")
    assert not page.found("i")
    assert all("<" not in script for script in page.scripts[:2])
    assert json.loads(page.scripts[1])["clips"][0]["name"].startswith(NASTY)
    for expected in (NASTY, "<i>0</i>", f"</style>{NASTY}", f"</td>{NASTY}", f"audioinv analyze '{NASTY}'"):
        assert expected in page.text
    assert "\\ud800" in text


def test_a_reader_with_a_small_or_dark_screen_or_paper_is_thought_of(page):
    (html,) = page.found("html")
    assert html["lang"] == "en"
    assert {"width=device-width, initial-scale=1"} <= {meta.get("content") for meta in page.found("meta")}
    for query in ("prefers-color-scheme: dark", "max-width: 48rem", "@media print"):
        assert query in page.style
    assert "centroid and <b>half</b> under shifts 24 clips analysed" in page.text
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_page_keeps_to_its_size_or_says_that_it_cannot(results, source, tmp_path):
    size = source.stat().st_size
    assert size < 5e6
    bare = write_page(results, tmp_path / "small.html", max_mb=1.5)
    assert bare.stat().st_size <= 1.5e6
    with pytest.raises(InputError, match=r"max_mb=0.5 is less than the 1\.\d MB that this page takes without sound"):
        write_page(results, tmp_path / "never.html", max_mb=0.5)
    assert not (tmp_path / "never.html").exists()


def test_charts_hold_the_numbers_of_the_summary(results, page):
    specs = json.loads(page.scripts[0])
    for name, model in results.document["models"].items():
        for axis, unit in (("time", "ms"), ("freq", "Hz"), ("pitch", "st")):
            summary = model["axes"][axis]
            rows = [row for row in values_of(specs[f"curve-{axis}-{unit}"]) if row["model"] == name]
            assert [row["shift"] for row in rows] == summary["shifts"]
            assert [row["value"] for row in rows] == summary["consistency_curve"]
            assert [row["low"] for row in rows] == summary["consistency_curve_low"]
            assert [row["accuracy"] for row in rows] == summary["accuracy_curve"]
            (mean,) = [row for row in values_of(specs[f"contrast-{axis}-{unit}"]) if row["model"] == name]
            assert mean["value"] == summary["consistency"]["value"]
            classes = [row for row in values_of(specs[f"classes-{axis}-{unit}"]) if row["model"] == name]
            assert {row["class"]: row["value"] for row in classes} == {
                one["name"]: one["value"] for one in summary["by_class"]
            }


def values_of(spec):
    return spec["data"]["values"] if "values" in spec["data"] else spec["datasets"][spec["data"]["name"]]


def test_every_chart_has_its_data_as_a_table(results, page):
    for row in chart_rows(results):
        for chart in row.charts:
            assert len(chart.rows) > 1
            assert all(len(cells) == len(chart.header) for cells in chart.rows)
            assert chart.caption in page.text


def test_long_lists_of_failures_are_cut_and_say_so(results, tmp_path):
    failures = tuple(Failure(f"{i}.wav", "read", "broken") for i in range(MAX_ROWS + 5))
    page = read(write_page(dataclasses.replace(results, failures=failures), tmp_path / "a.html").read_text())
    assert f"{MAX_ROWS + 5} inputs could not be analysed; the first {MAX_ROWS} are shown" in page.text
    assert f"{MAX_ROWS - 1}.wav" in page.text
    assert f"{MAX_ROWS}.wav" not in page.text


def test_models_swept_in_different_units_get_panels_of_their_own(results):
    models = {name: {**model, "axes": dict(model["axes"])} for name, model in results.document["models"].items()}
    models["centroid"]["axes"]["time"] = {**models["centroid"]["axes"]["time"], "unit": "s"}
    mixed = dataclasses.replace(results, document={**results.document, "models": models})
    keys = [chart.key for row in chart_rows(mixed) for chart in row.charts if row.title == "Shift by shift"]
    assert keys == ["curve-time-s", "curve-time-ms", "curve-freq-Hz", "curve-pitch-st"]


def test_nothing_to_report_and_nowhere_to_write_are_clear_lines(results, tmp_path):
    with pytest.raises(InputError, match="nothing to report"):
        write_page(dataclasses.replace(results, responses={}), tmp_path / "a.html")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_page(results, tmp_path / "file" / "a.html")


def test_a_notebook_shows_a_small_escaped_table(results):
    html = results._repr_html_()
    assert html == summary_table(results)
    table = read(html)
    assert {tag for tag, _, _ in table.elements} <= {"table", "thead", "tbody", "tr", "th", "td", "p"}
    assert "<b>half</b>" in table.text
    assert interval(results.document["models"]["centroid"]["axes"]["freq"]["consistency"]) in table.text
    assert verdict(results, "centroid") in table.text


def test_charts_of_delay_carry_hop_and_stride_and_no_other_chart_does(results):
    grids = {"hop_samples": 160, "stride_samples": 320}  # 20 and 40 ms at 8 kHz
    models = {name: {**about, **grids} for name, about in results.run["models"].items()}
    charts = {
        chart.key: chart
        for row in chart_rows(dataclasses.replace(results, run={**results.run, "models": models}))
        for chart in row.charts
    }

    def places(key):
        rules = [layer for layer in charts[key].spec["layer"] if "datum" in layer["encoding"].get("x", {})]
        ticks = [layer["encoding"]["x"]["datum"] for layer in rules if "y" in layer["encoding"]]
        lines = [layer["encoding"]["x"]["datum"] for layer in rules if "y" not in layer["encoding"]]
        return sorted(ticks), sorted(lines)

    assert places("curve-time-ms") == ([-80, -60, -40, -20, 20, 40, 60, 80], [-80, -40, 0, 40, 80])
    assert places("flips-time-ms") == ([20, 40, 60, 80], [40, 80])
    assert places("curve-freq-Hz") == ([], [0])
    assert "hop 20 ms" in charts["curve-time-ms"].caption
    assert "network stride 40 ms" in charts["curve-time-ms"].caption
