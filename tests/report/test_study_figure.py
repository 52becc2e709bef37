"""The figure and the words of a study: what is drawn is what was found, and can be read."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from audioinv.report.study_figure import study_figure
from audioinv.report.study_text import finding, headline, summary_lines, table_lines

NAMES = ("flatten", "average", "frequency average, time max", "always the same answer")


def measure(value, by_seed, width=0.05):
    if value is None:
        return {"value": None, "low": None, "high": None, "by_seed": by_seed}
    return {"value": value, "low": value - width, "high": min(1, value + width), "by_seed": by_seed}


@pytest.fixture
def document():
    values = {"flatten": (0.98, 0.55), "average": (0.95, 0.97), NAMES[2]: (0.9, 0.9), NAMES[3]: (0.25, 1.0)}
    rows = []
    for task, (variant, (right, steady)) in itertools.product(("tones", "notes"), values.items()):
        measures = {
            "accuracy": measure(right, [right - 0.01, right + 0.01]),
            "hops.consistency": measure(steady, [steady, steady]),
            "hops.worst_accuracy": measure(None if variant == "average" else right / 2, [None, 0.5]),
        }
        measures["silence.worst_accuracy"] = measure(right / 3, [0.2, 0.3])
        if variant == "flatten":
            measures["hops.worst_accuracy"]["difference"] = {"value": -0.4, "low": -0.5, "high": -0.3}
        facts = {"n_parameters": 5026}
        rows.append({"task": task, "variant": variant, "n_seeds": 2, "measures": measures, "facts": facts})
    expectation = {
        "claim": "an average is steadier than flatten",
        "left": "average",
        "right": "flatten",
        "relation": "above",
        "task": "tones",
        "words": "keeps its answer (hops)",
        "right_words": "keeps its answer (hops)",
        "left_value": 0.97,
        "right_value": 0.55,
        "difference": {"value": 0.42, "low": 0.3, "high": 0.5},
        "verdict": "reproduced",
    }
    curve = {"shifts": [-1, 0, 1], "axis": "time", "unit": "ms", "probe": "hops", "variant": "flatten"}
    shares = {"value": [0.2, 1, 0.3], "low": [0.1, 0.9, 0.2], "high": [0.3, 1, None]}
    made = {
        "study": "head",
        "question": "Flatten or pool?",
        "note": "In a circle.",
        "tasks": {"tones": "four tones", "notes": "ten notes"},
        "reference": "average",
        "variants": [{"name": name, "family": name} for name in NAMES[:3]],
        "shown": [
            {"measure": "hops.worst_accuracy", "words": "right at every shift (hops)"},
            {"measure": "silence.worst_accuracy", "words": "right at every shift (into silence)"},
            {"measure": "hops.consistency", "words": "keeps its answer (hops)"},
            {"measure": "accuracy", "words": "right"},
        ],
        "across": {"measure": "hops.consistency", "words": "keeps its answer (hops)"},
        "seeds": [0, 1],
        "rows": rows,
        "curves": [{**curve, "task": task, "accuracy": shares, "consistency": shares} for task in ("tones", "notes")],
        "expectations": [expectation, {**expectation, "task": "notes", "verdict": "refuted"}],
        "warnings": ["2 seeds"],
    }
    return {**made, "finding": finding(made)}


def scatters(figure):
    return [ax for ax in figure.axes if ax.get_ylabel() == "share right, unshifted"]


def test_every_variant_stands_at_its_accuracy_and_its_steadiness(document):
    panels = scatters(study_figure(document))
    assert len(panels) == 2
    points = {
        tuple(np.round([line.get_xdata()[0], line.get_ydata()[0]], 6))
        for line in panels[0].lines
        if len(line.get_xdata()) == 1
    }
    assert points == {(0.55, 0.98), (0.97, 0.95), (0.9, 0.9), (1.0, 0.25)}


def test_a_variant_without_the_measure_is_listed_and_not_placed(document):
    for row in document["rows"]:
        if row["variant"] == "average":
            del row["measures"]["hops.consistency"]
    figure = study_figure(document)
    ax = scatters(figure)[0]
    assert 0.95 not in {line.get_ydata()[0] for line in ax.lines if len(line.get_xdata()) == 1}
    assert "average" in {label.get_text() for ax in figure.axes for label in ax.get_yticklabels()}


def test_the_constant_answer_has_the_mark_that_its_name_has(document):
    figure = study_figure(document)
    for ax in scatters(figure):
        (mark,) = [line for line in ax.lines if line.get_marker() == "x"]
        assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (1.0, 0.25)
    named = [ax for ax in figure.axes if "always the same answer" in [t.get_text() for t in ax.get_yticklabels()]]
    assert all(NAMES[3] in [t.get_text() for t in ax.get_yticklabels()] for ax in named)
    places = {line.get_ydata()[0] for ax in named for line in ax.lines if line.get_marker() == "x"}
    assert places == {3}


def test_both_panels_show_all_of_zero_to_one(document):
    for ax in scatters(study_figure(document)):
        assert ax.get_xlim()[0] < 0 < 1 < ax.get_xlim()[1]
        assert ax.get_ylim()[0] < 0 < 1 < ax.get_ylim()[1]


def test_no_text_lies_on_another(document):
    figure = study_figure(document)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    texts = [text for ax in figure.findobj(lambda artist: hasattr(artist, "get_xticklabels")) for text in _texts(ax)]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text().strip()]
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        overlap = first.x0 < second.x1 and second.x0 < first.x1 and first.y0 < second.y1 and second.y0 < first.y1
        assert not overlap, f"{one!r} lies on {other!r}"
    for text, box in boxes:
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width, text


def _texts(ax):
    limits = sorted(ax.get_xlim()), sorted(ax.get_ylim())
    ticks = [
        label
        for place, axis in enumerate((ax.xaxis, ax.yaxis))
        for label in axis.get_ticklabels()
        if limits[place][0] <= label.get_position()[place] <= limits[place][1]
    ]
    return [*ticks, ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.texts]


def test_the_title_is_the_finding_with_its_numbers(document):
    figure = study_figure(document)
    title = " ".join(figure.get_suptitle().split())
    assert title == headline(document)
    assert "An average is steadier than flatten" in title
    assert "+0.42 [+0.30, +0.50]" in title
    document["expectations"][0]["verdict"] = "refuted"
    assert headline(document).startswith("Refuted: an average")


def test_one_measure_has_one_scale_whatever_the_control_does(document):
    for row in document["rows"]:
        small = 0.5 if row["variant"] == "always the same answer" else 0.01
        row["measures"]["silence.worst_accuracy"] = measure(
            small, [small], width=0.005 if row["task"] == "tones" else 0
        )
    lists = [ax for ax in study_figure(document).axes if "silence" in ax.get_title(loc="left")]
    assert len({ax.get_xlim() for ax in lists}) == 1
    assert lists[0].get_xlim()[1] < 0.02


def test_curves_are_drawn_over_the_shift(document):
    (one, other) = [ax for ax in study_figure(document).axes if ax.get_xlabel() == "delay (ms)"]
    for ax in (one, other):
        assert list(ax.lines[0].get_ydata()) == [0.2, 1, 0.3]
        assert ax.get_title(loc="left").endswith("hops")


def test_without_an_accuracy_the_numbers_are_written_beside_the_marks(document):
    figure = study_figure({**document, "across": None, "curves": []})
    assert not scatters(figure)
    assert "0.49" in {text.get_text() for ax in figure.axes for text in ax.texts}


def test_variants_of_one_family_share_a_colour_and_never_a_mark(document):
    document["variants"] = [{"name": name, "family": "pool" if "average" in name else "flat"} for name in NAMES[:3]]
    ax = scatters(study_figure(document))[0]
    marks = [(line.get_color(), line.get_marker()) for line in ax.lines if len(line.get_xdata()) == 1]
    assert len(set(marks)) == 4
    assert marks[1][0] == marks[2][0] != marks[0][0]


def test_the_table_has_every_row_and_every_verdict(document):
    lines = table_lines(document)
    rows = [line for line in lines if line.startswith("| tones") or line.startswith("| notes")]
    assert len(rows) == 8
    assert "0.55 [0.50, 0.60]" in rows[0]
    assert "−0.40 [−0.50, −0.30]" in rows[0]
    assert "5,026" in rows[0]
    assert "–" in rows[1]  # undefined
    assert any(line.startswith("- reproduced on tones: an average is steadier") for line in lines)
    assert any(line.startswith("- refuted on notes") for line in lines)
    assert "- ! 2 seeds" in lines


def test_the_finding_names_best_and_worst_and_counts_the_verdicts(document):
    text = finding(document)
    assert "lowest with flatten" not in text  # worst accuracy: half of what is right
    assert "lowest with frequency average, time max, 0.45" in text
    assert "Of 2 expectations: 1 reproduced, 1 refuted. Refuted: an average is steadier than flatten." in text
    assert "always the same answer" not in text


def test_a_terminal_gets_columns_that_are_aligned_and_accuracy_first(document):
    lines = summary_lines(document)
    assert max(map(len, lines)) <= 120
    header = next(line for line in lines if line.split()[:1] == ["right"])
    row = next(line for line in lines if line.startswith("flatten"))
    assert row.index("0.98 [0.93, 1.00]") == header.index("right")
    assert row.index("0.55 [0.50, 0.60]") == header.index("keeps its answer")
