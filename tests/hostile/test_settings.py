"""Options, grids and configuration files of nonsense: each is one error with exit code 2, before any work is done."""

import numpy as np
import pytest

from audioinv.analysis import AnalysisOptions, analyze
from audioinv.errors import InputError
from audioinv.nets.model import ModelSpec, as_model
from audioinv.sound.clip import Clip
from audioinv.sound.grid import ShiftGrid, parse_grid
from audioinv.sweep.plan import plan_sweep

GRIDS = {
    ("time", "-0.5:0.5:0.000000001s"): "asks for 1,000,000,001 shifts; at most 100000",
    ("time", "0:" + "9" * 5000 + ":1ms"): "asks for more than 10¹⁵ shifts",
    ("time", "9" * 400 + "s"): "finite",
    ("time", "99999999999999999999s"): "out of range; at most 1e+08",
    ("time", "0:1:0ms"): "step must be positive",
    ("time", "1:0:1ms"): "FIRST not above LAST",
    ("time", "nanms"): "is not a grid",
    ("time", "0:inf:1ms"): "is not a grid",
    ("time", "1e3ms"): "is not a grid",
    ("time", "5furlong"): "the unit furlong does not fit",
    ("time", "5"): "has no unit",
    ("time", "5dB"): "the unit dB does not fit",
    ("time", ""): "is not a grid",
    ("time", "=cmd()"): "is not a grid",
    ("time", "<b>1</b>ms"): "is not a grid",
    ("time", "1:2:3:4ms"): "is not a grid",
    ("freq", "99999999999999kHz"): "out of range",
    ("noise", "-9000:0:3000dB"): "signal-to-noise ratio of -9000 dB",
    ("noise", "100000000000000%"): "out of range",
    ("noise", "-5%"): "below 0",
    ("noise", "beige:5%"): "no variant 'beige'",
    ("gain", "9999dB"): "out of range; at most 200",
    ("filter", "99999dB"): "out of range; at most 200",
    ("filter", "low$id:20dB"): "filter has no variant",
    ("reverb", "-1s"): "below 0",
    ("order", "0.5cuts"): "whole numbers",
    ("bins", "0:1:0.1bins"): "whole numbers",
}


@pytest.mark.parametrize(("axis", "text"), GRIDS)
def test_grids_of_nonsense(axis, text):
    with pytest.raises(InputError, match=GRIDS[axis, text].replace("+", r"\+")) as raised:
        parse_grid(axis, text)
    assert len(str(raised.value)) < 1000 + len(text) * (len(text) < 500)


@pytest.mark.parametrize("amounts", [(float("nan"),), (float("inf"),), (-1e300, 1.0), tuple(range(200_000))])
def test_amounts_of_nonsense(amounts):
    with pytest.raises(InputError):
        ShiftGrid("time", amounts, "ms")


@pytest.mark.parametrize("amount", ["-200dB", "200dB"])
def test_the_greatest_amount_that_passes_makes_finite_sound(amount, rng):
    clip = Clip(rng.uniform(-1, 1, 800).astype(np.float32), 8000)
    model = as_model(
        lambda x: np.stack([abs(x).max(-1), 0 * x[:, 0]], -1), sample_rate=8000, labels="ab", n_samples=800
    )
    assert np.isfinite(analyze(model, [clip], gain=amount).scores["gain"]).all()


OPTIONS = {
    ("--time", "-0.5:0.5:0.000000001s"): "asks for 1,000,000,001 shifts",
    ("--seed", "-1"): "--seed",
    ("--seed", "1.5"): "--seed",
    ("--batch-size", "0"): "--batch-size '0'",
    ("--batch-size", "²"): "--batch-size '²'",
    ("--jobs", "0"): "--jobs",
    ("--jobs", "many"): "--jobs",
    ("--shard", "0/3"): "--shard '0/3'",
    ("--shard", "4/3"): "--shard '4/3'",
    ("--shard", "²/3"): "--shard '²/3'",
    ("--shard", "1/"): "--shard '1/'",
    ("--allow-failures", "²%"): "neither a number nor a percentage",
    ("--allow-failures", "-1"): "neither a number nor a percentage",
    ("--allow-failures", "nan"): "neither a number nor a percentage",
    ("--limit", "0"): "--limit",
    ("--verify", "-1"): "--verify",
    ("--timeout", "-1"): "--timeout",
    ("--timeout", "nan"): "--timeout",
    ("--edges", "<b>"): "edges='<b>'",
    ("--engine", "=cmd()"): "engine='=cmd()'",
    ("--pitch-engine", "rm -rf"): "pitch engine 'rm -rf'",
    ("--device", "cpu:0:0"): "is not there",
    ("--format", "csv,exe"): "--format exe",
    ("--split", "../../x"): "has no such part",
    ("--layout", "../x"): "layout",
    ("--slide", "0ms"): "every='0ms' (--slide)",
    ("--slide", "nan"): "every='nan' (--slide)",
    ("--labels", "toy/model.safetensors"): "labels",
    ("--no-such-option", "1"): "--no-such-option",
    ("--out", "clips/low/0.wav"): "is a file",
    ("--out", "clips"): "exists already",
}


@pytest.mark.parametrize(("option", "value"), OPTIONS)
def test_options_of_nonsense(run, place, option, value):
    before = sorted(place.rglob("*"))
    done = run("analyze", "clips", "-m", "toy", option, value, "--no-progress")
    assert done.exit_code == 2, done.stderr
    assert OPTIONS[option, value] in done.stderr
    assert "internal error" not in done.stderr
    assert sorted(place.rglob("*")) == before


def test_overwrite_spares_what_is_no_results_folder(run, place):
    done = run("analyze", "clips", "-m", "toy", "-o", "clips", "--overwrite", "--time", "0:5:5ms")
    assert done.exit_code == 2
    assert "is no results folder" in done.stderr
    assert len(list(place.glob("clips/*/*.wav"))) == 6


CONFIGS = {
    "a number for a grid": ("c.toml", "time = 5", "has no unit"),
    "a date for a grid": ("c.toml", "time = 2020-01-01", "is not a grid"),
    "a list for a grid": ("c.toml", 'time = ["a"]', "c.toml sets time to ['a']"),
    "a word for a number": ("c.toml", 'jobs = "many"', "c.toml sets jobs to 'many': "),
    "a list for a number": ("c.toml", "batch_size = [1, 2]", "c.toml sets batch_size to [1, 2]"),
    "a seed below 0": ("c.toml", "seed = -1", "c.toml sets seed to -1: "),
    "a word for yes or no": ("c.toml", 'html = "maybe"', "c.toml sets html to 'maybe': "),
    "a number for the command's table": ("c.toml", "analyze = 5", "cannot be read"),
    "a number for the tools' table": ("c.toml", "tool = 5", "cannot be read"),
    "unknown keys": ("c.toml", "rm = 1\n'=cmd()' = 2", "sets =cmd(), rm, which analyze does not know"),
    "trust in pickles": ("c.toml", "trust_pickle = true", "does not know"),
    "TOML too deep": ("c.toml", "a = " + "[" * 5000, "cannot be read"),
    "no TOML": ("c.toml", "= = =", "cannot be read"),
    "no text": ("c.toml", b"\xff\xfe\x00", "cannot be read"),
    "JSON too deep": ("c.json", "[" * 100_000, "cannot be read"),
    "a JSON list": ("c.json", "[1]", "cannot be read"),
    "options that are a number": ("c.json", '{"options": 5}', "cannot be read"),
    "a number of another kind": ("c.json", '{"options": {"seed": 1.5}}', "c.json sets seed to 1.5: "),
    "no finite number": ("c.json", '{"options": {"limit": NaN}}', "cannot be read"),
    "a number without end": ("c.toml", "threshold = nan", "c.toml sets threshold to nan"),
    "infinity for seconds": ("c.toml", "timeout = inf", "c.toml sets timeout to inf"),
    "one word for several": ("c.toml", "model = 'toy'", "c.toml sets model to 'toy': a list is wanted"),
    "a huge number": ("c.json", '{"options": {"jobs": 1' + "0" * 400 + "}}", "cannot be read"),
    "a list for a text": ("c.json", '{"options": {"engine": [1]}}', "c.json sets engine to [1]"),
    "a folder": ("clips", None, "cannot be read"),
    "nothing": ("nowhere.toml", None, "cannot be read"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_configurations_of_nonsense(run, place, name):
    path, content, words = CONFIGS[name]
    if content is not None:
        (place / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("analyze", "clips", "-m", "toy", "--config", path, "-o", "out")
    assert done.exit_code == 2, done.stderr
    assert words in done.stderr
    assert "internal error" not in done.stderr
    assert not (place / "out").exists()


SIDECARS = {
    "sample_rate = -1": "sample_rate",
    "sample_rate = 1e400": "sample_rate",
    "sample_rate = true": "sample_rate",
    "input_samples = 0": "input_samples",
    "labels = [1, 2]": "labels",
    "labels = '../../nowhere/labels.txt'": "cannot be read",
    "labels = ['a', 'a']\nsample_rate = 8000\ninput_samples = 800\nactivation = 'none'": "each once",
    "activation = 'relu'\nlabels = ['a', 'b']\nsample_rate = 8000\ninput_samples = 800": "activation",
    "rm = 1": "sets rm, which no spec has",
    "states = 5": "states",
    "= = =": "cannot be read as TOML",
    "a = " + "[" * 5000: "cannot be read as TOML",
}


@pytest.mark.parametrize("text", SIDECARS, ids=[text[:30] for text in SIDECARS])
def test_sidecars_of_nonsense(run, place, monkeypatch, text):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    (place / "net.py").write_text("def model(waveforms):\n    return waveforms[:, :2]\n")
    (place / "net.audioinv.toml").write_text(text)
    done = run("analyze", "clips", "-m", "net.py:model", "-o", "out")
    assert done.exit_code == 2, done.stderr
    assert SIDECARS[text] in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize(
    "values",
    [
        {"sample_rate": float("nan")},
        {"sample_rate": 8000.5},
        {"n_samples": float("inf")},
        {"n_samples": -1},
        {"labels": ("a", 2)},
        {"labels": ("a", "a")},
        {"labels": ()},
        {"lead_samples": 800},
        {"activation": "=cmd()"},
        {"frames": "median"},
    ],
)
def test_specs_of_nonsense(values):
    with pytest.raises(InputError):
        ModelSpec(**{"name": "net", "sample_rate": 8000, "n_samples": 800, "labels": ("a", "b"), **values})


@pytest.mark.parametrize("how", [{"seed": -1}, {"batch_size": -1}, {"edges": "<b>"}, {"pitch_engine": ""}])
def test_plans_of_nonsense(how):
    model = as_model(lambda x: x[:, :2], sample_rate=8000, labels="ab", n_samples=800)
    with pytest.raises(InputError):
        plan_sweep(model, {"time": "0:1:1ms"}, **how)
    assert AnalysisOptions().seed == 0
