"""Surgery as a study: what is tried, what comes of it against the paired measures themselves, and what is refused."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.analysis import AnalysisOptions
from audioinv.errors import InputError, ModelError
from audioinv.measure.comparison import compare_models
from audioinv.measure.matching import Compared
from audioinv.measure.multiplicity import holm
from audioinv.nets.model import as_model
from audioinv.nets.surgery.network import survey_network
from audioinv.report.results import load_results
from audioinv.report.surgery_figure import surgery_figure
from audioinv.report.surgery_text import surgery_headline, surgery_lines, table_lines
from audioinv.sound.clip import Clip
from audioinv.study import surgery_cost
from audioinv.study.surgery import save_surgery, study_surgery
from audioinv.study.surgery_cost import median_interval
from audioinv.study.surgery_variants import ALONG, SurgeryOptions, make_variants

RATE, N_SAMPLES = 8000, 512
CIRCULAR = {"padding": 1, "padding_mode": "circular"}
LABELS = ("low", "high")


@pytest.fixture(scope="module", autouse=True)
def in_a_hurry():
    """Time a few short turns: what they say of a clock is no matter here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surgery_cost, "_TURN_SECONDS", 1e-4)
        patch.setattr(surgery_cost, "_N_ROUNDS", 6)
        yield


class Sharp(nn.Module):
    """Answers by which of two pitches is louder at every fourth place, in a circle: blind to no delay."""

    def __init__(self, circular=True):
        super().__init__()
        self.stem = nn.Conv1d(1, 8, 3, **(CIRCULAR if circular else {"padding": 1}))
        self.pools = nn.Sequential(nn.MaxPool1d(2), nn.Conv1d(8, 8, 3, 2, **CIRCULAR), nn.AvgPool1d(2))
        self.head = nn.Linear(8, 2)

    def forward(self, waveforms):
        maps = self.pools(torch.relu(self.stem(waveforms[:, None])))
        return self.head(maps.mean(-1))


def sharp(name="sharp"):
    torch.manual_seed(3)
    network = Sharp()
    with torch.no_grad():
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.7)
        centre = network(torch.stack([torch.from_numpy(clip.waveform) for clip in noises()])).mean(0)
        network.head.bias -= centre  # so that noise lies on the border between the classes
    return as_model(network, sample_rate=RATE, labels=LABELS, n_samples=N_SAMPLES, activation="softmax", name=name)


def noises(n=24, labelled=True):
    rng = np.random.default_rng(7)
    return [
        Clip(
            (0.3 * rng.standard_normal(N_SAMPLES)).astype(np.float32),
            RATE,
            f"{i}.wav",
            LABELS[i % 2] if labelled else None,
            f"group {i // 2}",
        )
        for i in range(n)
    ]


def options(**more):
    grids = {"time": "-3:3:1smp", "freq": "-600:600:600Hz"}
    return SurgeryOptions(analysis=AnalysisOptions(grids, "circular"), **{"averages": ("0:3:1smp",), **more})


@pytest.fixture(scope="module")
def answer():
    return study_surgery(sharp(), noises(), options(replacements=("blur3", "polyphase")))


def variant(answer, name):
    return next(one for one in answer.document["variants"] if one["name"] == name)


def difference(found, axis):
    return next(one for one in found["differences"] if one["axis"] == axis)


def test_polyphase_in_a_circle_keeps_every_answer_under_delays_and_the_model_does_not(answer):
    found = difference(variant(answer, "polyphase"), "time")
    assert found["after"] == 1.0
    assert found["before"] < 0.99
    assert difference(variant(answer, "polyphase"), "freq")["after"] < 1.0  # no promise is made of frequency


def test_differences_are_those_of_comparing_the_two_in_the_results(answer):
    """By `compare_models`, which knows nothing of surgery, and by a loop over the scores."""
    responses = answer.results.responses
    for name in ("blur3", "polyphase", "4 delays, 0 to 3 smp"):
        sides = [responses[f"sharp, {name}"], responses["sharp"]]
        floors = [answer.results.document["models"][s.spec.name]["controls"]["noise_floor"] for s in sides]
        whole = compare_models(*(Compared(s.spec.name, s, f) for s, f in zip(sides, floors, strict=True)))
        for row in whole.differences:
            if row.measure not in ("consistency", "accuracy_at_zero"):
                continue
            found = difference(variant(answer, name), row.axis)
            assert (found["after"], found["before"]) == pytest.approx((row.first, row.second), abs=1e-6)
            assert found["difference"]["low"] == pytest.approx(row.difference.low, abs=1e-6)
            assert found["p_value"] == pytest.approx(row.p_value, abs=1e-6)
        kept = []
        for side in sides:
            answers = side.axes["time"].scores.argmax(-1)
            kept.append(np.delete(answers == answers[:, [3]], 3, axis=1).mean())
        found = difference(variant(answer, name), "time")
        assert (found["after"], found["before"]) == pytest.approx(kept, abs=0.02)


def test_all_p_values_are_adjusted_together(answer):
    rows = [one for found in answer.document["variants"] for one in found["differences"]]
    assert len(rows) == 3 * 3
    assert [one["p_adjusted"] for one in rows] == pytest.approx(holm([one["p_value"] for one in rows]), abs=1e-6)


def test_layers_and_costs_are_told(answer):
    assert [layer["name"] for layer in answer.document["layers"]] == ["pools.0", "pools.1", "pools.2"]
    assert variant(answer, "blur3")["layers"] == ["pools.0", "pools.1", "pools.2"]
    assert variant(answer, "4 delays, 0 to 3 smp")["layers"] == []
    assert variant(answer, "4 delays, 0 to 3 smp")["multiply_adds_ratio"] == pytest.approx(4)
    stem, pool, head = 512 * 8 * 3, 8 * 8 * 3, 16
    assert answer.document["original"]["multiply_adds"] == stem + 128 * pool + head
    assert variant(answer, "polyphase")["multiply_adds_ratio"] == pytest.approx(
        (stem + 256 * pool + head) / (stem + 128 * pool + head)
    )
    for found in answer.document["variants"]:
        ratio = found["time_ratio"]
        assert 0 < ratio["low"] <= ratio["value"] <= ratio["high"]
        assert ratio["n"] >= 6


def test_the_weights_stay_as_they_are():
    model = sharp()
    before = {name: tensor.clone() for name, tensor in model.module.state_dict().items()}
    study_surgery(model, noises(4), options(replacements=("blur3", "average", "polyphase")))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.module.state_dict().items())


def test_without_labels_accuracy_is_undefined_and_answers_are_still_compared():
    found = study_surgery(sharp(), noises(12, labelled=False), options(replacements=("blur5",)))
    blurred = variant(found, "blur5")
    assert difference(blurred, "")["after"] is None
    assert difference(blurred, "")["p_adjusted"] is None
    assert 0 < blurred["same_as_original"]["value"] <= 1
    responses = found.results.responses
    both = [responses[name].axes["time"].scores[:, 3].argmax(-1) for name in ("sharp", "sharp, blur5")]
    assert blurred["same_as_original"]["value"] == pytest.approx((both[0] == both[1]).mean(), abs=1e-6)
    figure = surgery_figure(found.document)
    assert figure.axes[0].get_ylabel() == "change of answers, unshifted"
    assert any("no labels" in line for line in surgery_lines(found.document))


def test_an_average_over_the_complete_group_keeps_every_answer():
    """Over all delays of a short circle; some of them do not."""
    rng = np.random.default_rng(5)
    weights = rng.standard_normal((256, 2)).astype(np.float32)
    model = as_model(lambda x: np.tanh(3 * x) @ weights, sample_rate=RATE, labels=LABELS, n_samples=256, name="opaque")
    clips = [Clip(rng.standard_normal(256).astype(np.float32), RATE, f"{i}.wav") for i in range(12)]
    asked = SurgeryOptions((), ("0:255:1smp", "0:3:1smp"), analysis=AnalysisOptions({"time": "0:7:1smp"}, "circular"))
    found = study_surgery(model, clips, asked)
    whole, some = found.document["variants"]
    assert difference(whole, "time")["after"] == 1.0
    assert difference(some, "time")["after"] < 1.0
    assert whole["multiply_adds_ratio"] is None  # a function of NumPy cannot be counted
    assert "–" in "".join(surgery_lines(found.document))


def test_frames_are_asked_for_in_frames():
    with pytest.raises(InputError, match="need a model whose hop is known"):
        study_surgery(sharp(), noises(4), options(averages=("-1:1:1frame",)))


def test_what_has_nothing_to_replace_is_refused_and_can_be_averaged():
    dense = nn.Sequential(nn.Unflatten(1, (1, -1)), nn.Conv1d(1, 2, 3), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    model = as_model(dense, sample_rate=RATE, labels=LABELS, n_samples=N_SAMPLES, name="dense")
    with pytest.raises(ModelError, match="dense has nothing to replace: no pool and no convolution takes steps"):
        study_surgery(model, noises(4), options())
    assert len(study_surgery(model, noises(4), options(replacements=())).document["variants"]) == 1


def test_what_cannot_be_seen_is_refused_with_a_remedy():
    model = as_model(lambda x: x[:, :2], sample_rate=RATE, labels=LABELS, n_samples=N_SAMPLES, name="function")
    with pytest.raises(ModelError, match=r"shows no layer: .* give the network itself as module:attr, or average"):
        study_surgery(model, noises(4), options())


def test_large_steps_are_left_and_told():
    class Hopping(Sharp):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv1d(1, 8, 16, stride=16)

    torch.manual_seed(0)
    model = as_model(Hopping(), sample_rate=RATE, labels=LABELS, n_samples=N_SAMPLES, name="hopping")
    found = study_surgery(model, noises(4), options(replacements=("blur3",)))
    assert variant(found, "blur3")["layers"] == ["pools.0", "pools.1", "pools.2"]
    assert "stem is left as it is: its step is larger than 8" in found.document["warnings"]
    with pytest.raises(ModelError, match="it steps along the other axis alone"):
        study_surgery(model, noises(4), options(along="rows"))


def test_why_polyphase_is_not_exact_is_told():
    def warnings_of(network, n_samples=N_SAMPLES):
        model = as_model(network, sample_rate=RATE, labels=LABELS, n_samples=n_samples, name="net")
        found = study_surgery(model, noises(4), options(replacements=("polyphase",), averages=()))
        return [text for text in found.document["warnings"] if text.startswith("polyphase")]

    straight = Sharp(circular=False)
    straight.pools[1] = nn.Conv1d(8, 8, 3, 2, padding=1)
    assert "do not wrap around" in warnings_of(straight)[0]
    assert "do not wrap around" in warnings_of(Sharp(circular=False))[0]  # one that does not is enough
    assert "the steps of pools.1 do not go around its map evenly" in warnings_of(Sharp(), 510)[0]
    assert warnings_of(Sharp()) == []


@pytest.mark.parametrize(
    ("strided", "exact"),
    [
        (nn.Conv1d(8, 8, 3, 4, dilation=2, padding=2, padding_mode="circular"), True),
        (nn.Conv1d(8, 8, 2, 2), True),
        (nn.Conv1d(8, 8, 3, 2), False),  # one step short, for want of padding
        (nn.Conv1d(8, 8, 4, 2), False),
        (nn.Conv1d(8, 8, 4, 2, padding=2, padding_mode="circular"), False),  # one too many
    ],
)
def test_polyphase_is_exact_where_the_steps_go_once_around_and_else_it_is_said(strided, exact):
    torch.manual_seed(3)
    network = Sharp()
    network.pools = nn.Sequential(nn.MaxPool1d(2), strided)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.7)
    model = as_model(network, sample_rate=RATE, labels=LABELS, n_samples=N_SAMPLES, name="net")
    (made,), notes = make_variants(model, survey_network(model), options(replacements=("polyphase",), averages=()))
    assert notes == (
        [] if exact else ["polyphase is not exact here: the steps of pools.1 do not go around its map evenly"]
    )
    window = torch.from_numpy(noises(1)[0].waveform)
    delayed = torch.stack([window.roll(delay) for delay in range(16)])
    with torch.inference_mode():
        scores, own = made.model.respond(delayed), model.respond(delayed)
    assert ((scores - scores[0]).abs().max() < 1e-4 * scores.abs().max()) == exact
    assert (own - own[0]).abs().max() > 1e-3 * own.abs().max()


def test_only_the_axes_that_are_operated_on_must_be_whole_numbers_of_steps():
    network = nn.Sequential(
        nn.Unflatten(1, (1, 7, 16)),
        nn.Conv2d(1, 2, 3, **CIRCULAR),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    model = as_model(network, sample_rate=RATE, labels=LABELS, n_samples=7 * 16, name="net")
    for along, uneven in (("columns", False), ("rows", True), ("both", True)):
        asked = options(replacements=("polyphase",), averages=(), along=along)
        _, notes = make_variants(model, survey_network(model, axes=ALONG[along]), asked)
        assert any("do not go around its map evenly" in note for note in notes) == uneven


def test_an_average_of_means_alone_changes_nothing():
    layers = nn.Sequential(nn.Unflatten(1, (1, -1)), nn.Conv1d(1, 2, 3), nn.AvgPool1d(2), nn.AdaptiveAvgPool1d(1))
    model = as_model(
        nn.Sequential(layers, nn.Flatten()), sample_rate=RATE, labels=LABELS, n_samples=N_SAMPLES, name="means"
    )
    found = study_surgery(model, noises(4), options(replacements=("average",)))
    assert "average changes nothing: all downsampling is by means already" in found.document["warnings"]
    with pytest.raises(ModelError, match="nothing is left to try: average changes nothing"):
        study_surgery(model, noises(4), options(replacements=("average",), averages=()))


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"replacements": (), "averages": ()}, "surgery needs something to try, each once; got nothing"),
        ({"replacements": ("blur3", "blur3")}, "each once; got blur3, blur3"),
        ({"replacements": ("blur9",)}, "replacement 'blur9' is not average, polyphase"),
        ({"averages": ("ten",)}, "ten"),
        ({"max_stride": 1}, "max_stride=1 must be at least 2"),
        ({"along": "time"}, "along='time' is not one of both, columns, rows"),
    ],
)
def test_wrong_options(wrong, complaint):
    with pytest.raises(InputError, match=complaint):
        SurgeryOptions(**wrong)


def test_the_folder_holds_answers_numbers_table_and_figure(answer, tmp_path):
    folder = save_surgery(answer, tmp_path / "run")
    assert json.loads((folder / "surgery.json").read_text()) == answer.document
    assert (folder / "figures" / "surgery.png").stat().st_size > 10_000
    table = (folder / "table.md").read_text()
    assert all(f"| {found['name']} |" in table for found in answer.document["variants"])
    again = load_results(folder)
    assert list(again.responses) == ["sharp", "sharp, blur3", "sharp, polyphase", "sharp, 4 delays, 0 to 3 smp"]
    with pytest.raises(InputError, match="overwrite"):
        save_surgery(answer, folder)
    save_surgery(answer, folder, overwrite=True)


def test_words_and_figure_show_the_numbers_of_the_document(answer):
    lines = "\n".join(surgery_lines(answer.document))
    found = difference(variant(answer, "polyphase"), "time")
    assert f"{found['before']:.2f}    1.00   {found['difference']['value']:+.2f} [" in lines
    assert "pools.1  convolution  window 3  step 2  258 → 128" in lines
    shown = [one for v in answer.document["variants"] for one in v["differences"] if one["p_adjusted"] < 0.05]
    assert ("no difference is shown" in surgery_headline(answer.document)) == (not shown)
    assert surgery_headline(answer.document) in table_lines(answer.document)
    ax = surgery_figure(answer.document).axes[0]
    marks = [line.get_xydata()[0] for line in ax.lines if line.get_marker() not in ("None", "")]
    expected = [
        [difference(one, axis)["difference"]["value"] for axis in ("time", "")] for one in answer.document["variants"]
    ]
    assert np.array(marks) == pytest.approx(np.array(expected))


def test_a_median_lies_between_its_order_statistics():
    """In at least 95 of 100 samples, for every size; a rank further in would not do."""
    rng = np.random.default_rng(0)
    for n in (6, 9, 15, 40):
        samples = rng.exponential(size=(4000, n))
        low, high = np.array([median_interval(sample) for sample in samples]).T
        inside = ((low <= np.log(2)) & (np.log(2) <= high)).mean()
        assert inside > 0.945
        ordered = np.sort(samples, axis=1)
        rank = int(np.flatnonzero(ordered[0] == low[0])[0]) + 1
        narrower = (ordered[:, rank] <= np.log(2)) & (np.log(2) <= ordered[:, n - rank - 1])
        assert narrower.mean() < 0.95
    assert np.isnan(median_interval([1.0] * 5)).all()


def test_replaced_models_are_what_is_compared(answer):
    """The variant in the results is the model in whose place something stands, and not the model again."""
    plain, blurred = (answer.results.responses[name].axes["time"].scores for name in ("sharp", "sharp, blur3"))
    assert np.abs(plain - blurred).max() > 1e-4
