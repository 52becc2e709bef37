"""The certificates of a model: in memory, as rows and as two files of a results folder.

Conventions
-----------
``certificates.json`` holds what was derived, layer by layer, and what was measured; ``certificates.parquet`` one row
for each axis. Both may stand in the folder of an analysis.

What is here: `CertificateResults`, `CERTIFICATE_FILES`, `load_certificates`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from ..measure.certificates.certificate import Certificate, Confirmation, Pair
from ..measure.certificates.derivation import Derivation
from ..sweep.responses import Failure
from .analysis_files import AnalysisFiles, KeptAnalysis

__all__ = ["CERTIFICATE_FILES", "CertificateResults", "load_certificates"]

_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("axis", "verdict", "claim", "place", "precision")),
        *((name, pa.int64()) for name in ("modulus", "n_delays", "n_covered", "n_pairs")),
        *((name, pa.float64()) for name in ("worst", "between", "tolerance")),
    ]
)
CERTIFICATE_FILES = AnalysisFiles("certificates", "certification", "audioinv certify MODEL -o FOLDER", _SCHEMA)


@dataclass(frozen=True)
class CertificateResults(KeptAnalysis):
    """The certificates of a model.

    Parameters
    ----------
    model : str
    clips : tuple of str
        Names of the sounds on which they were confirmed.
    certificates : tuple of Certificate
        One an axis.
    weights_sha256 : str, optional
        Of the model, where it has any to be seen.
    failures : tuple of Failure
        Sounds that could not be used.

    Examples
    --------
    >>> import tempfile
    >>> import audioinv
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Unflatten(-1, (1, 400)), nn.AdaptiveMaxPool1d(1), nn.Flatten())
    >>> model = audioinv.as_model(network, sample_rate=8000, labels=["loud"], n_samples=400, name="peak")
    >>> found: CertificateResults = audioinv.certify(model)
    >>> found["time"].verdict
    'certified'
    >>> found.document["model"], found.table.num_rows, found.frame["axis"].tolist()
    ('peak', 1, ['time'])
    >>> any("certified" in line for line in found.lines)
    True
    >>> sorted(path.name for path in found.save(tempfile.mkdtemp()).iterdir())
    ['certificates.json', 'certificates.parquet']
    """

    model: str
    clips: tuple[str, ...]
    certificates: tuple[Certificate, ...]
    weights_sha256: str | None = None
    failures: tuple[Failure, ...] = ()
    FILES = CERTIFICATE_FILES

    def __getitem__(self, axis: str) -> Certificate:
        """Return the certificate of an axis."""
        return next(certificate for certificate in self.certificates if certificate.axis == axis)

    def _content(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "clips": self.clips,
            "certificates": [_document(certificate) for certificate in self.certificates],
            "failures": [asdict(failure) for failure in self.failures],
        }

    @cached_property
    def table(self) -> pa.Table:
        """One row for each axis."""
        return pa.Table.from_pylist([_row(certificate) for certificate in self.certificates], _SCHEMA)

    @property
    def lines(self) -> Iterator[str]:
        """The results in words; see `audioinv.report.certificate_text`."""
        from .certificate_text import certificate_lines

        return certificate_lines(self)


def _document(certificate: Certificate) -> dict[str, Any]:
    return {
        "verdict": certificate.verdict,
        "claim": certificate.derivation.claim,
        **asdict(certificate),
        "n_covered": certificate.confirmation.n_covered,
    }


def _row(certificate: Certificate) -> dict[str, Any]:
    found = certificate.confirmation
    return {
        "axis": certificate.axis,
        "verdict": certificate.verdict,
        "claim": certificate.derivation.claim,
        "place": certificate.place,
        "precision": found.precision,
        "modulus": certificate.derivation.modulus,
        "n_delays": found.n_delays,
        "n_covered": found.n_covered,
        "n_pairs": found.n_pairs,
        "worst": found.worst.deviation,
        "between": found.between.deviation,
        "tolerance": found.tolerance,
    }


def load_certificates(folder: str | os.PathLike[str]) -> CertificateResults:
    """Read the certificates of a model.

    Parameters
    ----------
    folder : str or path

    Returns
    -------
    CertificateResults

    Raises
    ------
    CheckpointError
        If a file is missing or damaged, or is of a newer version.

    Examples
    --------
    >>> import tempfile
    >>> import audioinv
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Unflatten(-1, (1, 400)), nn.AdaptiveMaxPool1d(1), nn.Flatten())
    >>> model = audioinv.as_model(network, sample_rate=8000, labels=["loud"], n_samples=400, name="peak")
    >>> folder = audioinv.certify(model).save(tempfile.mkdtemp())
    >>> load_certificates(folder)["time"].verdict
    'certified'
    """
    return CERTIFICATE_FILES.read(folder, lambda document, _: _read(document))


def _read(document: Mapping[str, Any]) -> CertificateResults:
    certificates = tuple(_read_certificate(stored) for stored in document["certificates"])
    failures = tuple(Failure(**failure) for failure in document.get("failures", ()))  # older documents hold none
    pairs = [pair for one in certificates for pair in (one.confirmation.worst, one.confirmation.between)]
    if not all(pair.clip in range(len(document["clips"])) for pair in pairs):
        raise ValueError("a certificate is of a clip that is not among clips")
    return CertificateResults(
        document["model"], tuple(document["clips"]), certificates, document["weights_sha256"], failures
    )


def _read_certificate(stored: Mapping[str, Any]) -> Certificate:
    derivation = {**stored["derivation"], "steps": tuple(stored["derivation"]["steps"])}
    pairs = {name: Pair(**stored["confirmation"][name]) for name in ("worst", "between")}
    confirmation = Confirmation(**{**stored["confirmation"], **pairs})
    return Certificate(stored["axis"], stored["place"], stored["seconds"], Derivation(**derivation), confirmation)
