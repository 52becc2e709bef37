"""Certificates in words: what was derived for circular delays, and what confirms or refutes it.

Conventions
-----------
What lies in time is delayed, in samples or frames and milliseconds; bins are rolled. Differences are shares of the
largest answer to a clip.

What is here: `certificate_lines`, `claim_text`, `confirmation_lines`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..counts import count_text
from ..measure.certificates.certificate import Certificate, Pair
from .certificate_results import CertificateResults

__all__ = ["certificate_lines", "claim_text", "confirmation_lines"]


def certificate_lines(found: CertificateResults, *, steps: bool = False) -> Iterator[str]:
    """Lay out the certificates of a model for a terminal.

    Parameters
    ----------
    found : CertificateResults
    steps : bool, default False
        Whether to name the layers at which something is lost or gained.

    Yields
    ------
    str
    """
    yield f"{found.model}: certificates for circular delays, confirmed on {count_text(len(found.clips), 'sound')}"
    for certificate in found.certificates:
        yield f"  {certificate.axis:<8}{certificate.verdict}: {claim_text(certificate)}"
        yield from (f"            {line}" for line in confirmation_lines(certificate, found.clips))
        if steps:
            yield from (f"            . {step}" for step in certificate.derivation.steps)


def claim_text(certificate: Certificate) -> str:
    """Say what was derived, in the places of the axis and in milliseconds.

    Parameters
    ----------
    certificate : Certificate

    Returns
    -------
    str
    """
    claim, modulus = certificate.derivation.claim, certificate.derivation.modulus
    claim = claim.replace("circular delay", f"circular {_moved(certificate)}")
    if modulus is None or modulus == 1:
        return claim
    return f"{claim.removesuffix(f' {modulus}')} {_amount(certificate, modulus)}"


def confirmation_lines(certificate: Certificate, clips: Sequence[str]) -> list[str]:
    """Say what was measured: how many delays, how far they differ, and what lies between those that must agree.

    Parameters
    ----------
    certificate : Certificate
    clips : sequence of str
        Names of the sounds.

    Returns
    -------
    list of str
    """
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
        f"largest difference over {count_text(measured.n_pairs, 'pair')} of them: {measured.worst.deviation:.1g} "
        f"({measured.precision}, rounding allows {measured.tolerance:.1g})",
    ]
    if measured.between.deviation > measured.tolerance:
        lines.append(f"between them: {_difference(certificate, measured.between, clips)}")
    return lines


def _difference(certificate: Certificate, pair: Pair, clips: Sequence[str]) -> str:
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
