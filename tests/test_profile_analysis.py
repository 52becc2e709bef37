"""Profiles: models whose invariances were built in get exactly the verdicts that follow from them."""

import json

import numpy as np
import pytest
from scipy import signal

import audioinv
from audioinv.corpus.listener import Expectation, ListenerFile
from audioinv.errors import InputError
from audioinv.nets.model import as_model
from audioinv.profile_analysis import ProfileOptions, profile, profile_models
from audioinv.sound.clip import Clip
from audioinv.sound.grid import parse_grid

SAMPLE_RATE, N_SAMPLES = 8000, 1600
CHANGES = [("gain", "-20:20:10dB"), ("polarity", "180deg"), ("order", "0:4:1cuts")]


@pytest.fixture
def clips(rng):
    """Noise whose distribution leans to one side, of many levels: loud ones lean up, soft ones down."""
    found = []
    for i in range(80):
        level, lean = 10 ** rng.uniform(-1.5, -0.5), rng.choice([-1, 1])
        sound = lean * (rng.exponential(1, N_SAMPLES) - 1) * np.repeat(10 ** rng.uniform(-0.5, 0.5, 8), 200)
        found.append(Clip((level * sound).astype(np.float32), SAMPLE_RATE, name=f"{i}.wav"))
    return found


def planted(name, feature, threshold=0.0):
    """Return a model that answers whether a number of the waveform exceeds a threshold."""

    def respond(waveforms):
        high = feature(waveforms.astype(np.float64)) > threshold
        return np.stack([high, ~high], axis=-1).astype(np.float32)

    return as_model(respond, sample_rate=SAMPLE_RATE, labels=["high", "low"], n_samples=N_SAMPLES, name=name)


def lean(waveforms):
    return (waveforms**3).sum(-1)


MODELS = {
    # A level does not change which half leans further; order and polarity do. Without a level, a threshold is one.
    "gain": planted("gain", lambda waves: lean(waves[:, :800]) - lean(waves[:, 800:])),
    "polarity": planted("polarity", lambda waves: (waves[:, :800] ** 2).sum(-1), 1.0),
    "order": planted("order", lambda waves: np.cbrt(lean(waves)), 0.7),
    "nothing": planted("nothing", lambda waves: np.cbrt(lean(waves[:, :800]) - lean(waves[:, 800:])), 0.5),
}


def wishing(wish):
    return ListenerFile("", tuple(Expectation(parse_grid(*change), wish) for change in CHANGES))


def verdicts(results, model):
    return {change.expectation.grid.axis: change.models[model].verdict for change in results.changes}


def test_planted_models_get_exactly_the_verdicts_that_were_planted(clips):
    results = profile(list(MODELS.values()), clips, listener=wishing("invariant"), references=False)
    for name in MODELS:
        expected = {axis: "invariant as wished" if axis == name else "too sensitive" for axis, _ in CHANGES}
        assert {axis: verdict.kind for axis, verdict in verdicts(results, name).items()} == expected, name
        for change in results.changes:
            stands = change.models[name].endurance.at_limit.value
            assert (stands == 1) == (change.expectation.grid.axis == name)


def test_where_change_is_wished_the_same_models_are_too_invariant(clips):
    results = profile([MODELS["gain"], MODELS["polarity"]], clips, listener=wishing("change"), references=False)
    for name in ("gain", "polarity"):
        assert verdicts(results, name)[name].kind == "too invariant"
        assert verdicts(results, name)[name].clear
    assert verdicts(results, "gain")["polarity"].kind == "changes as wished"
    unknown = profile(MODELS["gain"], clips[:4], listener=wishing("unknown"), references=False)
    assert {verdict.kind for verdict in verdicts(unknown, "gain").values()} == {"not judged"}


def loudest_half(waves):
    return (waves[:, :800] ** 2).sum(-1) - (waves[:, 800:] ** 2).sum(-1)


def centre_hz(waves):
    power = np.abs(np.fft.rfft(waves)) ** 2
    return (power * np.fft.rfftfreq(N_SAMPLES, 1 / SAMPLE_RATE)).sum(-1) / power.sum(-1)


def test_a_model_blind_to_order_or_to_frequency_is_too_invariant_and_one_that_hears_them_is_not(rng):
    """Bands of noise below 2 kHz, louder in one half: 1.2 kHz carry them across, and keep when they are loud."""
    place, clips = np.arange(N_SAMPLES), []
    for i in range(80):
        low = 1400 if i % 2 else 1800
        noise = signal.sosfilt(signal.butter(6, (low, low + 100), "band", fs=8000, output="sos"), rng.normal(size=3200))
        louder = np.where((place < 800) == (i % 4 < 2), 1.0, 0.3)
        clips.append(Clip((noise[1600:] * louder).astype(np.float32), SAMPLE_RATE, name=f"{i}.wav"))
    wishes = [Expectation(parse_grid(*one), "change") for one in (("order", "1cuts"), ("freq", "1200Hz"))]
    models = [planted("when", loudest_half), planted("where", centre_hz, 2000.0)]
    found = profile(models, clips, listener=ListenerFile("", tuple(wishes)), references=False)
    told = {name: {axis: str(verdict) for axis, verdict in verdicts(found, name).items()} for name in ("when", "where")}
    assert told == {
        "when": {"order": "changes as wished", "freq": "too invariant"},
        "where": {"order": "too invariant", "freq": "changes as wished"},
    }


def test_references_bracket_the_model(clips):
    results = profile(MODELS["gain"], clips[:30], listener=wishing("invariant"))
    names = [spec.name for spec in results.models]
    assert names == ["gain", "constant", "invariant", "not invariant", "untrained"]
    assert {verdict.kind for verdict in verdicts(results, "constant").values()} == {"invariant as wished"}
    assert verdicts(results, "not invariant")["order"].kind == "too sensitive"


def test_a_window_too_short_for_the_references_is_said(clips):
    short = as_model(lambda waves: waves[:, :2], sample_rate=8000, labels=["a", "b"], n_samples=400, name="short")
    results = profile(short, clips[:3], listener=wishing("unknown"))
    assert [spec.name for spec in results.models] == ["short"]
    assert "too small" in results.run["no_references"]


def test_an_axis_may_come_in_several_ranges_and_variants(clips):
    grids = [("gain", "10dB"), ("gain", "clip:30dB"), ("polarity", "180deg"), ("gain", "-10dB")]
    listener = ListenerFile("", tuple(Expectation(parse_grid(*change), "invariant") for change in grids))
    results = profile(MODELS["gain"], clips, listener=listener, references=False)
    found = [change.models["gain"].verdict.kind for change in results.changes]
    assert found == ["invariant as wished", "too sensitive", "too sensitive", "invariant as wished"]


def test_sizes_are_those_of_the_sound(clips):
    (change, *_) = profile(MODELS["gain"], clips, listener=wishing("unknown"), references=False).changes
    np.testing.assert_allclose(change.log_mel_db[[1, 3]], 10, atol=0.5)  # of ±10 dB, but for what the floor hides
    assert change.log_mel_db[2] == pytest.approx(0, abs=1e-9)
    assert np.isnan(change.snr_equivalent_db[2])
    assert change.sizes_at(10.0)[0] == max(change.log_mel_db[1], change.log_mel_db[3])
    assert np.isnan(change.sizes_at(3.0)).all()


def test_a_clip_that_fails_is_named_and_left_out_of_all(clips):
    silent = Clip(np.zeros(N_SAMPLES, np.float32), SAMPLE_RATE, name="silent.wav")
    results = profile(MODELS["gain"], [*clips[:5], silent], listener=wishing("unknown"), references=False)
    assert results.n_clips == 5
    assert [failure.path for failure in results.failures] == ["silent.wav"]
    with pytest.raises(InputError, match=r"no clip could be profiled \(silent.wav: silent"):
        profile(MODELS["gain"], [silent], listener=wishing("unknown"), references=False)
    with pytest.raises(InputError, match="different names; got gain, gain"):
        profile([MODELS["gain"]] * 2, clips, references=False)


def test_a_clip_that_fails_in_a_later_round_is_left_out_of_the_first_too(clips):
    # 100 segments of a clip need 100 samples: all clips have them; a codec refuses the rate for every clip alike.
    grids = [("resolution", "1oct"), ("resolution", "opus:50%")]
    listener = ListenerFile("", tuple(Expectation(parse_grid(*change)) for change in grids))
    odd = as_model(lambda waves: waves[:, :2], sample_rate=11025, labels=["a", "b"], n_samples=1000, name="odd")
    results = profile_models([odd], clips[:3], ProfileOptions(listener, references=False))
    assert not results.changes
    assert {failure.reason[:10] for failure in results.failures} == {"codec opus"}


def test_what_is_written_is_what_was_found(clips, tmp_path):
    results = profile(MODELS["order"], clips[:12], listener=wishing("invariant"), references=False)
    results.save(tmp_path / "out")
    document = json.loads((tmp_path / "out" / "profile.json").read_text())
    assert set(document.pop("files_sha256")) == {"profile.json", "profile.parquet"}
    assert document == results.document
    assert [change["axis"] for change in document["changes"]] == ["gain", "polarity", "order"]
    told = document["changes"][2]["models"]["order"]
    assert (told["verdict"], told["stood"]["0.95"]["amount"], told["stood"]["0.95"]["censored"]) == (
        "invariant as wished",
        4,
        True,
    )
    frame = results.frame
    assert len(frame) == 3 + 2 + 5
    assert frame[frame.axis == "order"].standing.tolist() == [1.0] * 5
    with pytest.raises(InputError, match="holds a profile already"):
        results.save(tmp_path / "out")


def test_it_stands_at_the_front_door():
    assert audioinv.profile is profile


def restless(feature, rng, name="restless"):
    """Return a model that gives and takes 0.001 by itself; beside it, a number of the waveform adds its own."""

    def respond(waveforms):
        first = 0.5 + feature(waveforms.astype(np.float64)) + 1e-3 * rng.choice([-0.5, 0.5], len(waveforms))
        return np.stack([first, np.full(len(waveforms), 0.5)], axis=-1).astype(np.float32)

    return as_model(respond, sample_rate=SAMPLE_RATE, labels=["high", "low"], n_samples=N_SAMPLES, name=name)


def test_what_a_model_gives_and_takes_by_itself_is_no_change_of_answer(clips, rng):
    calm = restless(lambda waves: 0 * waves[:, 0], rng)
    found = profile(calm, clips[:40], listener=wishing("invariant"), references=False)
    assert [change.models["restless"].endurance.at_limit.value for change in found.changes] == [1.0, 1.0, 1.0]
    leaning = restless(lambda waves: 0.1 * np.sign(lean(waves)), rng)  # control: a lead of more than that is one
    kinds = verdicts(profile(leaning, clips[:40], listener=wishing("invariant"), references=False), "restless")
    assert [kinds[axis].kind for axis in ("gain", "polarity")] == ["invariant as wished", "too sensitive"]
