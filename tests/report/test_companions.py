"""What belongs to a run joins it as it was written; what is of another model or other clips is refused in one line."""

import dataclasses
import shutil

import pytest

from audioinv.certification import certify
from audioinv.errors import CheckpointError, InputError
from audioinv.order_analysis import analyze_order
from audioinv.report.certificate_results import load_certificates
from audioinv.report.certificate_text import certificate_lines
from audioinv.report.companions import Companions, find_companions
from audioinv.report.order_results import load_order
from audioinv.report.order_text import order_lines
from audioinv.sound.clip import Clip

from .network import NASTY, make_clips, make_model, make_run, with_weights


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("companions"))


def test_all_that_was_kept_is_found(run):
    found = run.companions
    for read, written in ((found.layers, "layers"), (found.budgets, "budget"), (found.profiles, "profile")):
        assert [one.document for one in read] == [run.found[written].document]
    assert found.certificates == (run.found["certificates"],)
    assert found.orders == (run.found["order"],)


def test_certificates_and_order_are_read_as_they_were_written(run):
    certificates, order = (run.found[name] for name in ("certificates", "order"))
    assert load_certificates(run.folder / "certificates") == certificates
    assert list(certificates.lines) == list(certificate_lines(certificates))
    assert certificates["time"].verdict == "certified"
    assert load_order(run.folder / "order") == order
    assert list(order.lines) == list(order_lines(order))
    row = order.frame.query("change == 'permuted' and measure == 'sensitivity'").iloc[0]
    assert (row["value"], row["low"], row["high"]) == tuple(
        getattr(order.permuted.sensitivity, end) for end in ("value", "low", "high")
    )
    row = certificates.frame.set_index("axis").loc["time"]
    assert (row["verdict"], row["modulus"]) == ("certified", certificates["time"].derivation.modulus)


def test_an_order_without_a_number_is_read_without_a_number(tmp_path, run):
    unlabelled = [dataclasses.replace(clip, label=None) for clip in make_clips()]
    found = analyze_order(run.model, unlabelled)
    assert found.accuracy.value != found.accuracy.value
    found.save(tmp_path)
    assert load_order(tmp_path).accuracy.value != load_order(tmp_path).accuracy.value


def test_the_run_s_own_folder_may_hold_nothing_another_has_to(run, tmp_path):
    assert vars(find_companions(run.results, [], home=tmp_path)) == vars(Companions())
    home = shutil.copytree(run.folder / "order", tmp_path / "home")
    assert find_companions(run.results, [], home=home).orders == (run.found["order"],)
    with pytest.raises(InputError, match="holds nothing to add to the page"):
        find_companions(run.results, [tmp_path])


def test_two_of_a_kind_about_one_model_are_refused(run, tmp_path):
    copy = shutil.copytree(run.folder / "order", tmp_path / "again")
    with pytest.raises(InputError, match="both hold analysis of order of"):
        find_companions(run.results, [run.folder / "order", copy])


def test_another_model_and_other_clips_are_refused(run, tmp_path):
    certify(make_model("other"), make_clips()).save(tmp_path / "name")
    strange = [Clip(clip.waveform, clip.sample_rate, f"strange {clip.name}") for clip in make_clips()]
    analyze_order(run.model, strange).save(tmp_path / "clips")
    for folder, words in (("name", "is about other, the run about"), ("clips", "clips that the run does not have")):
        with pytest.raises(InputError, match=words):
            find_companions(run.results, [tmp_path / folder])


def test_other_weights_are_refused_where_both_are_known(run, tmp_path):
    dataclasses.replace(run.found["certificates"], weights_sha256="a" * 64).save(tmp_path)
    with pytest.raises(InputError, match=r"of other weights \(aaaaaaaaaaaa\) than the run \(bbbbbbbbbbbb\)"):
        find_companions(with_weights(run.results, "b" * 64), [tmp_path])
    for digest in ("a" * 64, None):
        assert find_companions(with_weights(run.results, digest), [tmp_path]).certificates


def test_another_window_is_refused(run):
    responses = run.results.responses[NASTY]
    spec = dataclasses.replace(responses.spec, sample_rate=16000)
    other = dataclasses.replace(run.results, responses={NASTY: dataclasses.replace(responses, spec=spec)})
    for name in ("layers", "budget", "profile"):
        with pytest.raises(InputError, match="of another window, rate or classes"):
            find_companions(other, [run.folder / name])


def test_what_is_damaged_is_said(run, tmp_path):
    copy = shutil.copytree(run.folder / "certificates", tmp_path / "damaged")
    (copy / "certificates.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"certificates\.json is damaged: schema_version is missing"):
        find_companions(run.results, [copy])
