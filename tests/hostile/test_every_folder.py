"""Folders of every kind with a bit flipped, cut short or without a file: the file is named, no number is half read."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from audioinv.errors import CheckpointError
from audioinv.nets.model import as_model
from audioinv.pair_analysis import profile_pairs
from audioinv.report.budget_results import load_budget
from audioinv.report.certificate_results import load_certificates
from audioinv.report.layer_results import load_layers
from audioinv.report.order_results import load_order
from audioinv.report.pair_results import load_pairs
from audioinv.report.profile_results import load_profile
from audioinv.report.results import load_results
from audioinv.report.seal import sealed, unsealed
from audioinv.report.shards import Shard, find_shard, write_shard
from audioinv.report.sliding_results import load_sliding
from audioinv.report.study_results import load_study
from audioinv.sliding_analysis import slide
from audioinv.sound.clip import Clip
from audioinv.sound.grid import parse_grid
from audioinv.study.run import save_study

from ..report.network import make_run
from ..seals import unseal
from .spoiling import spoilings, try_reading

STUDY = Path(__file__).parents[2] / "docs" / "questions" / "results" / "head.json"


def kept(found):
    """All that was read, as can be compared."""
    return found.document, found.table.to_pydict()


def kept_windows(found):
    return found.document, found.run, found.windows.to_pydict(), found.events.to_pydict(), found.failures


def analysis(name, load, *commands):
    return SimpleNamespace(files=(f"{name}.json", f"{name}.parquet"), load=load, kept=kept, commands=commands)


RUN, HERE = "RUN", "HERE"
KINDS = {
    "run": SimpleNamespace(
        files=("results.parquet", "run.json", "failures.csv", "summary.json"),
        load=load_results,
        kept=lambda found: (found.document, found.run, found.table.to_pydict(), found.failures),
        commands=(
            ("check", HERE, "--min", "time.consistency=0.01"),
            ("check", RUN, "--max-drop", "time.consistency=0.9", "--baseline", HERE),
            ("compare", RUN, HERE),
            ("report", HERE),
            ("plot", HERE, "curves"),
            ("cite", HERE),
        ),
    ),
    "slide": SimpleNamespace(
        files=("windows.parquet", "events.csv", "summary.json", "run.json", "failures.csv"),
        load=load_sliding,
        kept=kept_windows,
        commands=(("plot", HERE, "sliding"),),
    ),
    "layers": analysis("layers", load_layers, ("plot", HERE, "layers"), ("report", RUN, HERE)),
    "budget": analysis("budget", load_budget, ("plot", HERE, "budget"), ("report", RUN, HERE)),
    "certificates": analysis("certificates", load_certificates, ("report", RUN, HERE)),
    "order": analysis("order", load_order, ("report", RUN, HERE)),
    "profile": analysis("profile", load_profile, ("plot", HERE, "profile"), ("report", RUN, HERE)),
    "pairs": analysis("pairs", load_pairs, ("plot", HERE, "pairs")),
    "study": SimpleNamespace(
        files=("study.json",),
        load=load_study,
        kept=lambda found: found,
        commands=(("plot", HERE, "study"), ("plot", HERE, "scatter")),
    ),
    "share": SimpleNamespace(
        files=("shard.json",), load=find_shard, kept=lambda found: found, commands=(("merge", HERE, "-o", "whole"),)
    ),
}
FILES = [(kind, name) for kind, one in KINDS.items() for name in one.files]
COMMANDS = [(kind, words) for kind, one in KINDS.items() for words in one.commands]


def loudness(waveforms):
    level = np.tanh(30 * (waveforms**2).mean(-1))
    return np.stack([level, 1 - level], -1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder of each kind."""
    home = tmp_path_factory.mktemp("kinds")
    made = make_run(home)
    made.results.save(home / "run")
    model = as_model(loudness, sample_rate=8000, labels=["a", "b"], n_samples=800, name="loudness")
    sound = np.random.default_rng(0).standard_normal(8000).astype(np.float32) / 9
    slide(model, Clip(sound, 8000, "hall.wav"), every="50ms").save(home / "slide")
    grids = [(parse_grid("time", "0:10:5ms"), parse_grid("gain", "0:6:6dB"))]
    profile_pairs(made.model, made.clips, grids, edges="zero").save(home / "pairs")
    save_study(load_study(STUDY), home / "study")
    (home / "share").mkdir()
    write_shard(home / "share", Shard(1, 2, "recipe", ("clips",), {"time": "0:5:5ms"}, ("clips/0.wav",)))
    return home


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_a_bit_or_an_end_that_is_lost_is_named_or_changes_nothing(whole, tmp_path, rng, kind, name):
    one = KINDS[kind]
    folder = shutil.copytree(whole / kind, tmp_path / kind)
    expected, path = one.kept(one.load(folder)), folder / name
    content, n_read = path.read_bytes(), 0
    for spoilt in spoilings(content, rng, n_flips=25, n_cuts=5):
        path.write_bytes(spoilt)
        found, refusal = try_reading(one.load, folder)
        if found is None:
            assert str(folder) in refusal
            assert "changed since the run wrote it" in refusal or name in refusal
            assert "\n" not in refusal
            continue
        n_read += 1
        np.testing.assert_equal(one.kept(found), expected)
    assert n_read < 8  # of JSON, what lies between its words may change
    path.unlink()
    if kind == "share":  # which is then one that is not finished
        assert one.load(folder) is None
        return
    with pytest.raises(CheckpointError, match=name.replace(".", r"\.")):
        one.load(folder)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    """Change the last digit of a text, or a bit amid a table."""
    content = bytearray(path.read_bytes())
    digits = [at for at, byte in enumerate(content) if chr(byte).isdigit()]
    at = len(content) // 2 if path.suffix == ".parquet" else (digits or [len(content) // 2])[len(digits) // 2]
    content[at] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("spoil", [cut, flip, Path.unlink], ids=["cut", "flip", "removed"])
@pytest.mark.parametrize(("kind", "words"), COMMANDS, ids=[f"{kind}-{'-'.join(words)}" for kind, words in COMMANDS])
def test_every_command_names_the_file_and_ends_with_2(run, whole, tmp_path, monkeypatch, kind, words, spoil):
    monkeypatch.chdir(tmp_path)
    for name in KINDS[kind].files:
        folder = shutil.copytree(whole / kind, tmp_path / name / kind)
        spoil(folder / name)
        before = sorted(tmp_path.rglob("*"))
        done = run(*({RUN: whole / "run", HERE: folder}.get(word, word) for word in words))
        assert done.exit_code == 2, (name, done.stdout, done.stderr)
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert name in line
        assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("kind", "words"), COMMANDS, ids=[f"{kind}-{'-'.join(words)}" for kind, words in COMMANDS])
def test_whole_folders_are_read(run, whole, tmp_path, monkeypatch, kind, words):
    """The control; a share of two alone is none, but is read."""
    monkeypatch.chdir(tmp_path)
    folder = shutil.copytree(whole / kind, tmp_path / kind)
    done = run(*({RUN: whole / "run", HERE: folder}.get(word, word) for word in words), "-q")
    assert done.exit_code == (2 if kind == "share" else 0), done.stderr
    assert kind != "share" or "of 2 shards 2 missing" in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_of_an_older_version_holds_no_digests_and_is_believed(whole, tmp_path, kind):
    one = KINDS[kind]
    folder = shutil.copytree(whole / kind, tmp_path / kind)
    expected = one.kept(one.load(folder))
    documents = [path for path in folder.glob("*.json") if "files_sha256" in path.read_text()]
    assert len(documents) == 1
    unseal(documents[0])
    np.testing.assert_equal(one.kept(one.load(folder)), expected)


def test_an_analysis_half_replaced_is_no_analysis(whole, tmp_path):
    """Document and table of two runs of one kind, as a crash between two renames leaves them."""
    folder = shutil.copytree(whole / "layers", tmp_path / "layers")
    again = load_layers(folder)
    again.run["seconds"] = 12.5
    other = again.save(tmp_path / "other")
    shutil.copy(other / "layers.json", folder)
    assert load_layers(folder).run["seconds"] == 12.5  # of one and the same table, either document will do
    shutil.copy(whole / "budget" / "budget.parquet", folder / "layers.parquet")
    with pytest.raises(CheckpointError, match=r"layers\.parquet changed"):
        load_layers(folder)


@pytest.mark.parametrize("name", ["layers.json", "layers.parquet"])
def test_half_an_analysis_in_the_run_s_own_folder_is_named(run, whole, tmp_path, name):
    home = shutil.copytree(whole / "run", tmp_path / "run")
    for path in (whole / "layers").glob("layers.*"):
        shutil.copy(path, home)
    assert run("report", home, "-q").exit_code == 0
    (home / name).unlink()
    done = run("report", home)
    assert done.exit_code == 2
    assert f"holds no analysis of layers ({name} missing)" in done.stderr


def test_a_shard_that_sets_what_nobody_knows_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "share").mkdir()
    write_shard(tmp_path / "share", Shard(1, 1, "recipe", ("clips",), {"rm": 1, "time": "0:5:5ms"}))
    done = run("merge", "share", "-o", "whole")
    assert done.exit_code == 2
    assert done.stderr == "error: share: its shard.json sets rm, which analyze does not know\n"


@pytest.mark.parametrize(
    "digests",
    ['"x"', "[1]", "5", '{"a.csv": 5}', '{"a.csv": null}', '{"\\u0000": "x"}', '{"/etc/passwd": "x"}', "null"],
)
def test_digests_of_nonsense_are_damage(tmp_path, digests):
    with pytest.raises(CheckpointError, match="damaged"):
        unsealed(f'{{"a": 1, "files_sha256": {digests}}}'.encode(), tmp_path / "a.json")


GONE = object()
FIRST = "*"
OTHERS = (5, "x", [1], {}, None, 1e308, 1e30, -1, True, GONE)
"""What somebody may write by hand where something else belongs."""


def places(content, above=()):
    """Every place in a document: all of an object, and the first of a list."""
    inside = content.items() if isinstance(content, dict) else list(enumerate(content))[:1]
    for key, value in inside:
        yield (*above, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*above, key))


def spoil_by_hand(folder, name, place, value):
    """Write something else into a document, as somebody does who leaves the digests out."""
    of_digests = "run.json" if (folder / "run.json").exists() else name
    unseal(folder / of_digests)
    content = json.loads((folder / name).read_text())
    *above, last = place
    at = content
    for key in above:
        at = at[next(iter(at)) if key == FIRST else key]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    (folder / name).write_text(json.dumps(content))


DOCUMENTS = [(kind, name) for kind, name in FILES if name.endswith(".json")]


@pytest.mark.parametrize(("kind", "name"), DOCUMENTS)
def test_a_document_that_was_written_by_hand_is_refused_in_a_line_or_read(whole, tmp_path, rng, kind, name):
    content = json.loads((whole / kind / name).read_text())
    content.pop("files_sha256", None)
    every, n_refused = list(places(content)), 0
    for number in rng.choice(len(every), min(40, len(every)), replace=False):
        folder = shutil.copytree(whole / kind, tmp_path / str(number))
        spoil_by_hand(folder, name, every[number], OTHERS[rng.integers(len(OTHERS))])
        found, refusal = try_reading(KINDS[kind].load, folder)
        if found is None:
            n_refused += 1
            assert str(folder) in refusal
            assert "\n" not in refusal
    assert n_refused >= 4  # the control: most of what is read again is looked at


BY_HAND = [
    ("run", "run.json", ("versions",), 5, "run.json is damaged: versions=5 must be names with values; restore it"),
    ("run", "run.json", ("versions", "audioinv"), GONE, "run.json is damaged: versions.audioinv is missing; restore"),
    ("run", "run.json", ("versions", "audioinv"), [1], "versions.audioinv=[1] must be a text"),
    ("run", "run.json", ("options",), [1], "run.json is damaged: options=[1] must be names with values"),
    ("run", "run.json", ("plans", FIRST, "grids"), "x", ".grids='x' must be a list"),
    ("run", "run.json", ("plans", FIRST, "batch_size"), 1e30, ".batch_size=1e+30 must be a whole number"),
    ("run", "run.json", ("models", FIRST, "hop_samples"), "x", ".hop_samples='x' must be a whole number"),
    ("run", "run.json", ("models", FIRST, "spec", "sample_rate"), None, "0.sample_rate=None must be a whole number"),
    ("run", "run.json", ("models", FIRST, "spec", "name"), 5, "0.name=5 must be a text"),
    ("run", "run.json", ("timing", "sweep_s"), float("nan"), "run.json: damaged (NaN is no finite number)"),
    ("run", "summary.json", ("models",), [1], "summary.json is damaged: models: [1] is not of type 'object'"),
    ("run", "summary.json", ("models", FIRST, "axes", "time", "shifts"), "x", "axes.time.shifts: 'x' is not of type"),
    ("run", "summary.json", ("models", FIRST, "accuracy", "value"), 5, "accuracy.value: 5 is greater than the maximum"),
    ("run", "summary.json", ("schema_version",), GONE, "summary.json is damaged: schema_version is missing"),
    ("slide", "summary.json", ("models", FIRST, "sliding", "threshold"), "x", "threshold='x' must be a number"),
    ("slide", "run.json", ("models", FIRST, "spec", "labels"), 5, "spec.labels=5 must be a list"),
    ("layers", "layers.json", ("clips",), 5, "layers.json"),
    ("order", "order.json", ("model",), 5, "order.json is damaged: model=5 must be a text"),
    ("run", "run.json", ("device",), 1.5, "run.json is damaged: device=1.5 must be a list"),
    ("run", "run.json", ("data", "sha256"), {}, "run.json is damaged: data.sha256={} must be a text"),
    ("run", "summary.json", ("models", FIRST, "accuracy", "value"), 1e308, "summary.json: damaged (1e+308 is no"),
    (
        *("run", "summary.json", ("models", FIRST, "controls", "freq.there_and_back", "consistency", "low"), "x"),
        "controls.freq.there_and_back.consistency.low: 'x' is not of type 'number', 'null'",
    ),
    ("slide", "run.json", ("models",), {}, "models are not the same in summary.json and in run.json"),
    ("slide", "summary.json", ("models",), {}, "models are not the same in summary.json and in run.json"),
    (
        *("slide", "summary.json", ("models", FIRST, "sliding", "detection_rate_by_phase", "low"), []),
        "loudness has not one value a phase",
    ),
    ("slide", "summary.json", ("models", FIRST, "sliding", "delay_by_phase_s"), [], "loudness has not one value"),
    ("certificates", "certificates.json", ("clips",), {}, "a certificate is of a clip that is not among clips"),
    ("order", "order.json", ("joined",), {}, "joined holds 0 changes of order where there are 4 gaps_seconds"),
    ("order", "order.json", ("backwards", "name"), "x", "'x' stands where 'backwards' belongs"),
    ("profile", "profile.json", ("right", FIRST), 5, ".json is damaged: right."),
    ("profile", "profile.json", ("changes", 0, "models", FIRST, "standing"), True, "does not belong to the amounts"),
    ("profile", "profile.json", ("changes", 0, "models", FIRST, "stood"), {}, "does not belong to the amounts"),
    ("pairs", "pairs.json", ("pairs",), {}, "not every pair has every model"),
    ("pairs", "pairs.json", ("models",), [], "not every pair has every model"),
    ("pairs", "pairs.json", ("pairs", 0, "models", FIRST, "tried", 0), None, ".first=nan must be a list"),
    ("study", "study.json", ("expectations", 0, "difference", "high"), [1], "difference.high=[1] must be a number"),
    ("study", "study.json", ("expectations", 0, "verdict"), {}, "expectations.0.verdict={} must be a text"),
    ("study", "study.json", ("expectations", 0, "right_words"), GONE, "expectations.0.right_words is missing"),
    ("study", "study.json", ("rows", 0, "variant"), 5, "study.json is damaged: rows.0.variant=5 must be a text"),
    ("study", "study.json", ("rows", 0, "measures", "accuracy", "by_seed"), [1], "accuracy of flatten has not one"),
    ("study", "study.json", ("tasks",), [1], "study.json is damaged: tasks=[1] must be names with values"),
    ("share", "shard.json", ("n_shards",), 1e30, "shard.json is damaged: n_shards=1e+30 must be a whole number"),
    ("share", "shard.json", ("inputs",), [1], "shard.json is damaged: inputs.0=1 must be a text"),
    ("share", "shard.json", ("inputs",), 5, "shard.json is damaged ("),
    ("share", "shard.json", ("options",), 5, "shard.json is damaged: options=5 must be names with values"),
    ("share", "shard.json", ("given_up",), {"a": 1}, "of 2 shards 2 missing"),  # the names are texts
    ("share", "shard.json", ("recipe",), None, "shard.json is damaged: recipe=None must be a text"),
    ("share", "shard.json", ("more",), 1, "shard.json is damaged ("),
    ("share", "shard.json", ("number",), GONE, "shard.json is damaged ("),
]
"""Kind, file, place, what is written there, and what is said of it."""


@pytest.mark.parametrize(("kind", "name", "place", "value", "said"), BY_HAND)
def test_what_was_written_by_hand_is_named_by_file_key_and_rule(
    run, whole, tmp_path, monkeypatch, kind, name, place, value, said
):
    monkeypatch.chdir(tmp_path)
    folder = shutil.copytree(whole / kind, tmp_path / kind)
    spoil_by_hand(folder, name, place, value)
    before = sorted(tmp_path.rglob("*"))
    for words in KINDS[kind].commands:
        done = run(*({RUN: whole / "run", HERE: folder}.get(word, word) for word in words))
        assert done.exit_code == 2, (words, done.stderr)
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert said in line
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": "x"}, "share: its shard.json is damaged: Invalid value for '--seed'"),
        ({"limit": 0}, "share: its shard.json is damaged: Invalid value for '--limit'"),
        ({"html": "maybe"}, "share: its shard.json is damaged: Invalid value for '--html'"),
        ({"time": 5}, "time='5' has no unit"),
        ({"engine": [1]}, "engine='[1]' is not one of"),
        ({"trust_pickle": True}, "sets trust_pickle, which analyze does not know"),
        ({"overwrite": True, "out": "clips"}, "sets out, overwrite, which analyze does not know"),
    ],
)
def test_the_options_of_a_share_are_what_can_be_typed(run, place, options, words):
    (place / "share").mkdir()
    write_shard(place / "share", Shard(1, 1, "recipe", ("clips",), {"model": ["toy"], **options}))
    done = run("merge", "share", "-o", "whole")
    assert done.exit_code == 2, done.stderr
    assert words in done.stderr.splitlines()[-1]
    assert "internal error" not in done.stderr
    assert not (place / "whole").exists()


def test_a_document_under_another_name_is_the_same(tmp_path):
    (tmp_path / "a.csv").write_text("1")
    document = sealed({"a": 1}, tmp_path / "a.json", ["a.csv"])
    assert unsealed(document, tmp_path / "b.json") == {"a": 1}
    (tmp_path / "a.csv").write_text("2")
    with pytest.raises(CheckpointError, match=r"a\.csv changed"):
        unsealed(document, tmp_path / "b.json")
