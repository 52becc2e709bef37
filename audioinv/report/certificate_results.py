"""The certificates of a model: in memory, as rows and as two files of a results folder.

Conventions
-----------
``certificates.json`` holds what was derived, layer by layer, and what was measured; ``certificates.parquet`` one row
for each axis. Both may stand in the folder of an analysis.

What is here: `Certification`, `CERTIFICATE_FILES`, `load_certificates`.
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
from .analysis_files import AnalysisFiles, KeptAnalysis, with_null

__all__ = ["CERTIFICATE_FILES", "Certification", "load_certificates"]

_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("axis", "verdict", "claim", "place", "precision")),
        *((name, pa.int64()) for name in ("modulus", "n_delays", "n_covered", "n_pairs")),
        *((name, pa.float64()) for name in ("worst", "between", "tolerance")),
    ]
)
CERTIFICATE_FILES = AnalysisFiles("certificates", "certification", "audioinv certify MODEL -o FOLDER", _SCHEMA)


@dataclass(frozen=True)
class Certification(KeptAnalysis):
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
    """

    model: str
    clips: tuple[str, ...]
    certificates: tuple[Certificate, ...]
    weights_sha256: str | None = None
    FILES = CERTIFICATE_FILES

    def __getitem__(self, axis: str) -> Certificate:
        """Return the certificate of an axis."""
        return next(certificate for certificate in self.certificates if certificate.axis == axis)

    @property
    def document(self) -> dict[str, Any]:
        """The content of ``certificates.json``."""
        content = {
            "schema_version": CERTIFICATE_FILES.version,
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "clips": self.clips,
            "certificates": [_document(certificate) for certificate in self.certificates],
        }
        document: dict[str, Any] = with_null(content)
        return document

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


def load_certificates(folder: str | os.PathLike[str]) -> Certification:
    """Read the certificates of a model.

    Parameters
    ----------
    folder : str or path

    Returns
    -------
    Certification

    Raises
    ------
    CheckpointError
        If a file is missing or damaged, or is of a newer version.
    """
    return CERTIFICATE_FILES.read(folder, lambda document, _: _read(document))


def _read(document: Mapping[str, Any]) -> Certification:
    certificates = tuple(_read_certificate(stored) for stored in document["certificates"])
    return Certification(document["model"], tuple(document["clips"]), certificates, document["weights_sha256"])


def _read_certificate(stored: Mapping[str, Any]) -> Certificate:
    derivation = {**stored["derivation"], "steps": tuple(stored["derivation"]["steps"])}
    pairs = {name: Pair(**stored["confirmation"][name]) for name in ("worst", "between")}
    confirmation = Confirmation(**{**stored["confirmation"], **pairs})
    return Certificate(stored["axis"], stored["place"], stored["seconds"], Derivation(**derivation), confirmation)
