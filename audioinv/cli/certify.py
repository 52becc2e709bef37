"""``audioinv certify``: which circular delays a network is provably invariant to, derived and then confirmed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import (
    Activation,
    Config,
    ExitCode,
    InputSamples,
    Json,
    Labels,
    NoProgress,
    Quiet,
    SampleRate,
    TrustPickle,
    Verbose,
    Version,
    load_models,
    print_json,
    said_of_models,
    say,
    say_nothing,
)

if TYPE_CHECKING:
    from ..certification import Certification
    from ..measure.certificates.certificate import Certificate, Pair

__all__ = ["certify"]


def certify(
    model: Annotated[
        str, typer.Argument(help="A shipped model's name, a file, a folder or module:attr.", metavar="MODEL")
    ],
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(help="Sound to confirm on [default: noise and shipped clips].", metavar="[CLIPS…]"),
    ] = None,
    axis: Annotated[
        list[str] | None,
        typer.Option(metavar="time|frames|bins", help="What is delayed; may repeat [default: all the model has]."),
    ] = None,
    passes: Annotated[int, typer.Option(min=1, metavar="N", help="Phases measured for each clip at most.")] = 256,
    sample_rate: SampleRate = None,
    labels: Labels = None,
    activation: Activation = None,
    input_samples: InputSamples = None,
    trust_pickle: TrustPickle = False,
    device: Annotated[str, typer.Option("-d", "--device", metavar="auto|cpu|cuda|mps")] = "auto",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Use the first N clips only.")] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Derive which circular delays cannot change a model's answers, then confirm it by number.

    Ends with 1 if a certificate is refuted.
    """
    from ..certification import certify as certify_model
    from ..corpus.layouts import read_sources
    from ..nets.library import choose_device

    said = said_of_models(sample_rate, labels, activation, input_samples)
    (loaded,) = load_models([model], choose_device(device), said, trust_pickle=trust_pickle)
    entries: tuple[Any, ...] = ()
    if inputs:
        corpus = read_sources(inputs)
        entries = tuple(corpus.entries[:limit])
        if not entries:
            return say_nothing(inputs, corpus)
    found = certify_model(loaded, entries, axes=axis or (), max_phases=passes, seed=seed)
    if json:
        print_json(_document(found))
    elif not quiet:
        for line in _lines(found, steps=verbose):
            say(line)
    refuted = any(certificate.verdict == "refuted" for certificate in found.certificates)
    return ExitCode.RULE_FAILED if refuted else ExitCode.DONE


def _document(found: Certification) -> dict[str, Any]:
    certificates = [
        {
            "verdict": certificate.verdict,
            "claim": certificate.derivation.claim,
            **asdict(certificate),
            "n_covered": certificate.confirmation.n_covered,
        }
        for certificate in found.certificates
    ]
    return {"model": found.model, "clips": list(found.clips), "certificates": certificates}


def _lines(found: Certification, *, steps: bool) -> list[str]:
    lines = [f"{found.model}: certificates for circular delays, confirmed on {len(found.clips)} sounds"]
    for certificate in found.certificates:
        lines.append(f"  {certificate.axis:<8}{certificate.verdict}: {_claim(certificate)}")
        lines += [f"            {line}" for line in _findings(certificate, found.clips)]
        if steps:
            lines += [f"            . {step}" for step in certificate.derivation.steps]
    return lines


def _claim(certificate: Certificate) -> str:
    claim, modulus = certificate.derivation.claim, certificate.derivation.modulus
    claim = claim.replace("circular delay", f"circular {_moved(certificate)}")
    if modulus is None or modulus == 1:
        return claim
    return f"{claim.removesuffix(f' {modulus}')} {_amount(certificate, modulus)}"


def _findings(certificate: Certificate, clips: tuple[str, ...]) -> list[str]:
    measured, moved = certificate.confirmation, _moved(certificate)
    if certificate.derivation.modulus is None:
        tried = f"{measured.n_pairs} {moved}s over all sounds"
        if measured.holds:
            return [f"{tried} changed no answer by more than {measured.worst.deviation:.1g}; that is no proof"]
        return [f"{tried}; {_difference(certificate, measured.worst, clips)}"]
    if not measured.holds:
        return [f"but {_difference(certificate, measured.worst, clips)}, and should not"]
    passes = f"{measured.n_phases} pass{'es' if measured.n_phases > 1 else ''}"
    lines = [
        f"{measured.n_covered} of {measured.n_delays} {moved}s of each sound covered by {passes}",
        f"{measured.n_pairs} pairs of them differ by {measured.worst.deviation:.1g} at most "
        f"({measured.precision}, rounding allows {measured.tolerance:.1g})",
    ]
    if measured.between.deviation > measured.tolerance:
        lines.append(f"between them: {_difference(certificate, measured.between, clips)}")
    return lines


def _difference(certificate: Certificate, pair: Pair, clips: tuple[str, ...]) -> str:
    by = _amount(certificate, pair.second)
    if pair.first:
        by = f"{by} rather than {_amount(certificate, pair.first)}"
    change = f"{_percent(pair.deviation)} % of their size"
    return f"a {_moved(certificate)} by {by} changes the answers to {clips[pair.clip]} by {change}"


def _moved(certificate: Certificate) -> str:
    """Only what lies in time can come later."""
    return "roll" if certificate.seconds is None else "delay"


def _amount(certificate: Certificate, n: int) -> str:
    name = certificate.place.removesuffix("s") if n == 1 else certificate.place
    if certificate.seconds is None:
        return f"{n} {name}"
    return f"{n} {name} ({1000 * n * certificate.seconds:.4g} ms)"


def _percent(share: float) -> str:
    """Write a share in per cent with two digits, however large or small, and never in powers of ten above one."""
    return f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"
