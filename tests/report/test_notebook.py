"""Objects that show themselves in a notebook: names from outside come in as text, whatever they hold."""
# ruff: noqa: F401

import dataclasses
import json
from html.parser import HTMLParser

import numpy as np
import pytest

from audioinv.nets.model import as_model
from audioinv.report.page_content import headline_rows
from audioinv.sliding_analysis import slide
from audioinv.sound.clip import Clip

from .test_budget_results import found as budget
from .test_layer_results import found as layers
from .test_profile import results as profile
from .test_sliding import levels

HOSTILE = '"><script>alert(1)</script><b onload=x>'
SHOWN = ("clip", "results", "listening", "sliding")


class Tags(HTMLParser):
    """Gather elements, their attributes and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def shown(request, results):
    """One object of each kind whose every name is an attack."""
    clip = Clip(np.linspace(-0.5, 0.5, 2000, dtype=np.float32), 8000, HOSTILE, HOSTILE)
    document = {**results.document, "models": {HOSTILE: results.document["models"]["centroid"]}}
    if request.param == "clip":
        return clip
    if request.param == "results":
        responses = results.responses["centroid"]
        spec = dataclasses.replace(responses.spec, name=HOSTILE)
        named = {HOSTILE: dataclasses.replace(responses, spec=spec)}
        return dataclasses.replace(results, responses=named, document=document)
    if request.param == "listening":
        return results.listen(clip, model="centroid", freq="50Hz")
    if request.param == "sliding":
        model = as_model(levels, sample_rate=8000, labels=["a", "b"], n_samples=800, name=HOSTILE)
        return slide(model, dataclasses.replace(clip, waveform=np.ones(8000, np.float32)), every="100ms")
    raise ValueError(request.param)


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids=SHOWN)
def test_it_shows_itself_and_names_stay_text(shown):
    page = Tags(shown._repr_html_())
    assert not page.tags & {"script", "b", "iframe", "link"}
    assert not {name for name in page.attributes if name.startswith("on")}
    assert "alert(1)" in page.text


def test_results_show_their_warnings_and_no_worst_shift_where_none_changes_an_answer(results):
    document = json.loads(json.dumps(results.document))
    summary = document["models"]["centroid"]
    summary["warnings"] = [HOSTILE, "time.wobble: undefined"]
    steady = {"shift": -20.0, "consistency": 1.0}
    summary["axes"]["time"]["worst_shift"], summary["axes"]["freq"]["worst_shift"]["consistency"] = steady, 0.5
    shown = dataclasses.replace(results, document=document)
    page = Tags(shown._repr_html_())
    assert f"! {HOSTILE} (centroid)" in page.text
    assert "wobble" not in page.text
    assert not page.tags & {"script", "b"}
    worst = [row.worst_shift for row in headline_rows(shown) if row.model == "centroid"]
    assert worst[0] == "none"
    assert worst[1].endswith("Hz")


@pytest.mark.parametrize("name", ["layers", "budget", "profile"])
def test_what_shows_itself_as_lines_is_one_block_of_text(request, monkeypatch, name):
    found = request.getfixturevalue(name)
    assert found._repr_html_().startswith("<pre>")
    assert "clips" in Tags(found._repr_html_()).text
    monkeypatch.setattr(type(found), "lines", [HOSTILE, "a & b"])
    page = Tags(found._repr_html_())
    assert page.tags == {"pre"}
    assert page.text == f"{HOSTILE}\na & b"


def test_a_name_that_is_not_escaped_would_be_seen():
    page = Tags(f"<pre>{HOSTILE}</pre>")
    assert "script" in page.tags
    assert "onload" in page.attributes


def test_a_listened_pair_has_one_gain_and_two_players(results):
    loud = Clip((2 * np.sin(np.arange(2000) / 5)).astype(np.float32), 8000, "loud")
    html = results.listen(loud, model="centroid", time="10ms")._repr_html_()
    assert html.count("<audio") == 2
    assert "autoplay" not in html
