"""The site: what the tutorial shows is what its commands print, and the generated reference is whole."""

import pkgutil
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import audioinv
from tests.typed import run_typed

ROOT = Path(__file__).parents[1]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[+−]?\d+(?:[.,]\d+)*")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def steps():
    """Yield what a reader does, in the order of the page: (file, content) to write, (command, output) to run."""
    for language, block in re.findall(r"^```(toml|python|console)\n(.*?)^```", TUTORIAL, re.S | re.M):
        if language != "console":
            yield "write", re.match(r"# (\S+)\n", block).group(1), block
            continue
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield "run", command, output


def comparable(text):
    """Leave out which clip of equals comes first, and how wide a column is."""
    text = re.sub(r"worst: .*?(?=\n\S|\Z)", "", text, flags=re.S)
    return " ".join(text.split())


@pytest.mark.slow
def test_the_tutorial_shows_what_its_commands_print(tmp_path):
    pytest.importorskip("onnxscript")
    (tmp_path / "clips").symlink_to(ROOT / "clips")
    code = None
    for kind, step, shown in steps():
        if kind == "write":
            (tmp_path / step).write_text(shown, encoding="utf-8")
            continue
        if step == "echo $?":
            assert shown.strip() == str(code)
            continue
        code, _, said = run_typed(step, tmp_path)
        if "python " in step:  # whose exporter talks as its version likes
            assert code == 0, said
            continue
        printed, expected = comparable(said), comparable(shown)
        assert NUMBER.sub("#", printed) == NUMBER.sub("#", expected), step
        # Another processor may flip an answer that hangs by a hair, and so the last digit.
        for value, close in zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True):
            first, second = (float(number.replace("−", "-").replace(",", "")) for number in (value, close))
            assert first == pytest.approx(second, rel=0.1, abs=0.06), step
    for step in re.findall(r"- run: (audioinv .*)", TUTORIAL):
        code, _, said = run_typed(step, tmp_path)
        assert code == 0, said
    assert (tmp_path / "junit.xml").is_file()


def test_the_control_a_changed_number_is_seen():
    shown = next(shown for _, step, shown in steps() if step.startswith("audioinv check runs/mine"))
    assert comparable(shown) != comparable(shown.replace("FAIL", "PASS"))
    assert "0.749" in comparable(shown)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["order", "certificates"])
def test_a_page_shows_what_its_command_prints(page, tmp_path):
    (tmp_path / "clips").symlink_to(ROOT / "clips")
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    ((command, shown),) = re.findall(r"^```console\n\$ ([^\n]*)\n(.*?)^```", text, re.S | re.M)
    said = (run_typed(command, tmp_path)[2], shown)
    # What rounding amounts to is another processor's affair.
    printed, expected = (comparable(re.sub(r"differ by \S+", "differ", one)) for one in said)
    assert NUMBER.sub("#", printed) == NUMBER.sub("#", expected)
    for value, close in zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True):
        first, second = (float(number.replace("−", "-").replace(",", "")) for number in (value, close))
        assert first == pytest.approx(second, rel=0.1, abs=0.06)


def commands_on(page):
    """Yield the words of every audioinv command that a page shows, in a block or within a line."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    shown = re.findall(r"`(audioinv [^`]+)`", text)
    for _, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.S | re.M):
        shown += re.findall(r"^(?:\$ |- run: )?(?:[A-Z_]+=\S+ )*(?:.*&& )?(audioinv [^\n|;&]+)", block, re.M)
    for one in shown:
        yield re.sub(r"\s#.*", "", one).split()[1:]


def problems_of(words):
    """Return what the command line does not know of a command."""
    from typer.main import get_command

    from audioinv.cli.app import app

    known = get_command(app).commands
    name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
    if name.startswith("-"):
        return []
    if name not in known:
        return [name]
    options = {option for entry in known[name].params for option in (*entry.opts, *entry.secondary_opts)}
    asked = [re.split(r"[=\].,:…]", word.strip("[]()"))[0] for word in words if re.match(r"\[?--?[a-z]", word)]
    return [option for option in asked if option not in {*options, "-h", "--help"}]


@pytest.mark.parametrize("page", [page for page in PAGES if "generated" not in page.parts], ids=lambda page: page.stem)
def test_every_command_on_a_page_exists_with_its_options(page):
    found = {" ".join(words): problems_of(words) for words in commands_on(page)}
    assert {command: wrong for command, wrong in found.items() if wrong} == {}


def test_the_control_a_command_that_is_not_there_is_seen():
    assert problems_of(["analyse", "clips"]) == ["analyse"]
    assert problems_of(["analyze", "clips", "--tiem=5ms", "-o", "x"]) == ["--tiem"]
    assert problems_of(["study", "surgery", "-m", "x"]) == []
    assert sum(1 for page in PAGES for _ in commands_on(page)) > 100


def test_the_page_of_shifts_has_every_axis_and_unit_and_edge():
    from audioinv.sound.edges import EDGES
    from audioinv.sound.grid import _UNITS, AXES, parse_grid

    page = (ROOT / "docs" / "shifts.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|\n]+) (?:\|[^|\n]+){3}\|$", page, re.M))
    assert set(rows) == set(AXES)
    for axis, units in _UNITS.items():
        for unit in set(units.values()):
            assert re.search(rf"(?<!\w){re.escape(unit)}", rows[axis]), (axis, unit)
    assert set(re.findall(r"^\| `(\w+)`(?: \(default\))? \| [^|\n]+ \|$", page, re.M)) == set(EDGES)
    assert parse_grid("noise", "pink:0:40:10dB").variant == "pink"


ERRORS = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")


@pytest.fixture
def mistakes(tmp_path, monkeypatch):
    """A folder with what the page of errors has mistaken: a model that says nothing, a run, a broken sound."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    weights = onnx.numpy_helper.from_array(np.zeros((16000, 7), np.float32), "weights")
    sound, logits = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", size])
        for name, size in (("sound", 16000), ("logits", 7))
    )
    node = onnx.helper.make_node("MatMul", ["sound", "weights"], ["logits"])
    graph = onnx.helper.make_graph([node], "bare", [sound], [logits], [weights])
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "bare.onnx")
    (tmp_path / "two.txt").write_text("bell\nkick\n", encoding="utf-8")
    (tmp_path / "broken.wav").write_bytes(b"RIFF....")
    (tmp_path / "clips").symlink_to(ROOT / "clips")
    monkeypatch.chdir(tmp_path)
    model, clips = audioinv.load_model("drums-constant"), audioinv.read_corpus("clips/drums/tom").entries
    audioinv.analyze(model, clips, time="-20:20:20ms").save("runs/tom")


@pytest.mark.usefixtures("mistakes")
def test_each_error_on_its_page_is_what_the_command_says():
    from typer.testing import CliRunner

    from audioinv.cli.app import app

    shown = re.findall(r"^\$ audioinv ([^\n]+)\n((?:(?!\$ |```).*\n)+)", ERRORS, re.M)
    assert len(shown) > 6
    for command, output in shown:
        done = CliRunner().invoke(app, command.split())
        assert done.exit_code == (3 if "broken.wav" in command else 2), command
        assert done.output.split() == output.split(), command


def test_the_page_of_errors_has_every_public_error_and_exit_code():
    from audioinv.cli.app import app

    public = {name for name in audioinv.__all__ if name.endswith("Error")}
    assert public - {"AudioinvError"} == set(re.findall(r"^\| `(\w+)` \| `\w+` \|", ERRORS, re.M))
    promised = set(re.findall(r"(\d+) [a-z]", app.info.epilog))
    assert promised == set(re.findall(r"^\| (\d+) \|", ERRORS, re.M))


@pytest.mark.parametrize("page", [page for page in PAGES if "generated" not in page.parts], ids=lambda page: page.stem)
def test_every_name_of_the_package_on_a_page_exists(page):
    missing = []
    for name in set(re.findall(r"(?<![\w./-])audioinv((?:\.[A-Za-z]\w*)+)", page.read_text(encoding="utf-8"))):
        if name not in (".models", ".toml", ".json", ".check", ".cli"):
            try:
                pkgutil.resolve_name(f"audioinv{name}")
            except (AttributeError, ImportError):
                missing.append(f"audioinv{name}")
    assert missing == []


def test_the_additions_that_contributing_shows_fit_the_code():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    diffs = re.findall(r"^```diff\n(.*?)^```", page, re.S | re.M)
    parts = [part for diff in diffs for part in re.findall(r"^--- (\S+)\n(.*?)(?=^--- |\Z)", diff, re.S | re.M)]
    assert len(parts) > 8
    for path, lines in parts:
        code = (ROOT / path).read_text(encoding="utf-8")
        assert all(f"\n{line}\n" in code for line in re.findall(r"^-(.+)$", lines, re.M)), path
    for block in re.findall(r"^```python\n(.*?)^```", page, re.S | re.M):
        compile(block, "CONTRIBUTING.md", "exec")


def test_every_axis_has_its_words_as_an_added_one_must():
    from audioinv.report.summary_text import _AXIS_WORDS
    from audioinv.sound.grid import AXES

    assert set(_AXIS_WORDS) == set(AXES)


@pytest.mark.parametrize("page", ["howto/notebook.md", "reference/errors.md"])
def test_the_python_on_a_page_runs_and_names_what_is_wrong(page, tmp_path, monkeypatch, capsys):
    (tmp_path / "clips").symlink_to(ROOT / "clips")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.S | re.M)
    said = {}
    exec(compile(block, page, "exec"), said)
    if "results" in said:
        assert said["results"].summary["axes"].keys() == {"time", "freq"}
    else:
        assert "no model 'drums-cnn3d'" in capsys.readouterr().out


def test_both_ways_to_read_the_rows_say_the_same(tmp_path, monkeypatch, capsys):
    duckdb = pytest.importorskip("duckdb")
    (tmp_path / "clips").symlink_to(ROOT / "clips")
    monkeypatch.chdir(tmp_path)
    model, clips = audioinv.load_model("drums-cnn2d-flatten"), audioinv.read_corpus("clips/drums/tom").entries
    results = audioinv.analyze(model, clips, time="-200:200:100ms")
    results.save("runs/drums")
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    exec(compile(re.search(r"^```python\n(.*?)^```", page, re.S | re.M).group(1), "results.md", "exec"), {})
    kept = float(re.search(r"tom\s+([\d.]+)", capsys.readouterr().out).group(1))
    table = duckdb.sql(re.search(r"^```sql\n(.*?)^```", page, re.S | re.M).group(1)).fetchall()
    by_hand = np.mean([consistency for axis, shift, consistency, _ in table if axis == "time" and shift != 0])
    assert 0 < kept < 1
    assert kept == pytest.approx(by_hand, abs=1e-6)
    assert kept == pytest.approx(results.summary["axes"]["time"]["consistency"]["value"], abs=1e-6)


@pytest.fixture
def generated(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "extensions"))
    import generated_reference

    yield generated_reference
    del sys.modules["generated_reference"]


def test_the_reference_has_every_public_name_once(generated):
    listed = re.findall(r"^   (\w+)$", generated.api_page(), re.M)
    assert sorted(listed) == sorted(audioinv.__all__)


def test_the_reference_has_every_command(generated):
    from audioinv.cli.app import app

    page = generated.command_page()
    for command in app.registered_commands:
        assert f"## `audioinv {command.name}`" in page


def test_the_reference_has_every_key_of_the_summary(generated):
    page = generated.schema_page()
    for key in ("schema_version", "consistency", "minimal_flip_shift", "contrast", "censored"):
        assert f"`{key}`" in page
    targets = set(re.findall(r"\]\(#([\w-]+)\)", page))
    assert targets
    assert targets <= set(re.findall(r"^\(([\w-]+)\)=$", page, re.M))


def test_there_are_ten_examples_or_more_each_with_title_and_text():
    examples = sorted((ROOT / "docs" / "examples").glob("plot_*.py"))
    assert len(examples) >= 10
    for path in examples:
        title, underline, *_ = path.read_text(encoding="utf-8").removeprefix('"""\n').splitlines()
        assert set(underline) == {"="}
        assert len(underline) == len(title), path.name
