"""What else was found about the models of a run: layers, error budget, certificates, order, profile.

Conventions
-----------
Each is an analysis of its own that was kept in a folder: that of the run, or another. It belongs to the run if it is of
the same model, by name, by what the model says of itself and by the hash of its weights as far as both are known, and
of clips that are the run's. What does not belong is refused, never left out silently. Certificates hold for every
sound, so that those on which they were confirmed may be others.

What is here: `Companions`, `find_companions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..measure.cliptable import ClipTable
from .analysis_files import AnalysisFiles
from .budget_results import BUDGET_FILES, BudgetResults, load_budget
from .certificate_results import CERTIFICATE_FILES, CertificateResults, load_certificates
from .layer_results import LAYER_FILES, LayerResults, load_layers
from .order_results import ORDER_FILES, OrderResults, load_order
from .profile_results import PROFILE_FILES, ProfileResults, load_profile
from .results_folder import check_there

if TYPE_CHECKING:
    from ..nets.model import ModelSpec
    from .results import Results

__all__ = ["Companions", "find_companions"]

_SHOWN = 12


@dataclass(frozen=True, eq=False)
class Companions:
    """Analyses of the models of a run, beside their answers; at most one of a kind for each model.

    Parameters
    ----------
    layers : tuple of LayerResults
    budgets : tuple of BudgetResults
    certificates : tuple of CertificateResults
    orders : tuple of OrderResults
    profiles : tuple of ProfileResults
    """

    layers: tuple[LayerResults, ...] = ()
    budgets: tuple[BudgetResults, ...] = ()
    certificates: tuple[CertificateResults, ...] = ()
    orders: tuple[OrderResults, ...] = ()
    profiles: tuple[ProfileResults, ...] = ()


@dataclass(frozen=True)
class _Subject:
    """What one analysis is about, as far as it says."""

    model: str
    spec: ModelSpec | None
    weights_sha256: str | None
    clips: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Kind:
    """A kind of analysis: its files, what reads them, and what it is about."""

    files: AnalysisFiles
    load: Callable[[Path], Any]
    subjects: Callable[[Any], Iterator[_Subject]]


def _of_network(found: LayerResults | BudgetResults) -> Iterator[_Subject]:
    yield _Subject(found.spec.name, found.spec, found.run.get("weights_sha256"), found.clips)


def _of_certificates(found: CertificateResults) -> Iterator[_Subject]:
    yield _Subject(found.model, None, found.weights_sha256, ())


def _of_order(found: OrderResults) -> Iterator[_Subject]:
    yield _Subject(found.model, None, found.weights_sha256, found.clips)


def _of_profile(found: ProfileResults) -> Iterator[_Subject]:
    clips = () if found.clips is None else found.clips.names
    for spec in found.models[: len(found.models) - found.n_references]:
        yield _Subject(spec.name, spec, None, clips)


_KINDS = {
    "layers": _Kind(LAYER_FILES, load_layers, _of_network),
    "budgets": _Kind(BUDGET_FILES, load_budget, _of_network),
    "certificates": _Kind(CERTIFICATE_FILES, load_certificates, _of_certificates),
    "orders": _Kind(ORDER_FILES, load_order, _of_order),
    "profiles": _Kind(PROFILE_FILES, load_profile, _of_profile),
}


def find_companions(results: Results, folders: Iterable[Path], *, home: Path | None = None) -> Companions:
    """Read what else was found about the models of a run.

    Parameters
    ----------
    results : Results
    folders : iterable of Path
        Each of which has to hold something.
    home : Path, optional
        The run's own folder, which may hold something.

    Returns
    -------
    Companions

    Raises
    ------
    InputError
        If a folder holds nothing of the kind, what it holds is of another model or other clips, or two analyses of one
        kind are about one model.
    CheckpointError
        If a folder does not exist, or a file is damaged.
    """
    found: dict[str, list[Any]] = {name: [] for name in _KINDS}
    owners: dict[tuple[str, str], Path] = {}
    for folder in [*([] if home is None else [home]), *folders]:
        held = [name for name, kind in _KINDS.items() if any((folder / path).exists() for path in kind.files.paths)]
        if not held and folder != home:
            check_there(folder, "audioinv layers, certify, order or profile")
            files = ", ".join(kind.files.paths[0] for kind in _KINDS.values())
            raise InputError(
                f"{folder} holds nothing to add to the page ({files}): audioinv layers, certify, order or profile "
                "writes it with -o"
            )
        for name in held:
            analysis = _KINDS[name].load(folder)
            for subject in _KINDS[name].subjects(analysis):
                _check_same(results, folder, subject)
                _check_single(owners, name, subject.model, folder)
            found[name].append(analysis)
    return Companions(**{name: tuple(analyses) for name, analyses in found.items()})


def _check_single(owners: dict[tuple[str, str], Path], name: str, model: str, folder: Path) -> None:
    first = owners.setdefault((name, model), folder)
    if first != folder:
        what = _KINDS[name].files.what
        raise InputError(f"{first} and {folder} both hold {what} of {model}; give one of them")


def _check_same(results: Results, folder: Path, subject: _Subject) -> None:
    """Refuse an analysis of another model, or of clips that the run does not have."""
    name = subject.model
    if name not in results.responses:
        raise InputError(f"{folder} is about {name}, the run about {', '.join(results.responses)}; leave it out")
    weights = results.run["models"][name].get("weights_sha256")
    if subject.weights_sha256 and weights and subject.weights_sha256 != weights:
        shown = [digest[:_SHOWN] for digest in (subject.weights_sha256, weights)]
        raise InputError(f"{folder} is about a {name} of other weights ({shown[0]}) than the run ({shown[1]}); redo it")
    if subject.spec is not None and _heard(subject.spec) != _heard(results.responses[name].spec):
        raise InputError(f"{folder} is about a {name} of another window, rate or classes than the run's; redo it")
    responses = results.responses[name]
    known = {*(record.name for record in responses.clips), *ClipTable.of_responses(responses).names}
    strange = next((clip for clip in subject.clips if clip not in known), None)
    if strange is not None:
        raise InputError(f"{folder} is about clips that the run does not have ({strange}); take the same ones")


def _heard(spec: ModelSpec) -> tuple[Any, ...]:
    return spec.sample_rate, spec.n_samples, tuple(spec.labels)
