"""What the page says beyond the answers: layers and error budget, certificates, order, every kind of change.

Conventions
-----------
A section is there if something was found for it; what is missing is said with the command that measures it. Parts hold
text as it came; escaping is the template's. No number is computed here.

What is here: `Sections`, `sections`, and the parts that it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..counts import count_text
from ..measure.certificates.certificate import Certificate
from ..sound.grid import AXES
from .budget_text import beside_lines
from .certificate_text import claim_text, confirmation_lines
from .change_charts import order_chart, profile_chart
from .chart_spec import Chart
from .layer_text import layer_cautions
from .network_charts import budget_charts, layer_charts
from .profile_text import noise_line
from .selection import swept_axes
from .wording import axis_title, shown_name

if TYPE_CHECKING:
    from .certificate_results import CertificateResults
    from .companions import Companions
    from .results import Results

__all__ = ["CertificateRow", "ChartPart", "Missing", "Sections", "sections"]


@dataclass(frozen=True)
class ChartPart:
    """Charts that belong together, with what to know beside them."""

    title: str
    facts: str
    charts: tuple[Chart, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class CertificateRow:
    """What is proven of one axis of a model, written out."""

    model: str
    axis: str
    verdict: str
    claim: str
    found: tuple[str, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Missing:
    """What was not measured, of which models, none where it is all; the section it belongs to, what it would add."""

    section: str
    what: str
    adds: str
    models: tuple[str, ...]
    command: str


@dataclass(frozen=True)
class Sections:
    """The parts of the page beyond the answers, in their order."""

    layers: tuple[ChartPart, ...]
    certificates: tuple[CertificateRow, ...]
    order: tuple[ChartPart, ...]
    profile: tuple[ChartPart, ...]
    missing: tuple[Missing, ...]

    @property
    def charts(self) -> list[Chart]:
        """All charts."""
        return [chart for parts in (self.layers, self.order, self.profile) for part in parts for chart in part.charts]


def sections(results: Results, found: Companions) -> Sections:
    """Gather what the page says beyond the answers.

    Parameters
    ----------
    results : Results
    found : Companions
        Of its models.

    Returns
    -------
    Sections
    """
    return Sections(
        layers=tuple(_layer_parts(results, found)),
        certificates=tuple(_certificate_rows(_in_run_order(results, found.certificates))),
        order=tuple(_order_parts(results, found)),
        profile=tuple(_profile_parts(results, found)),
        missing=tuple(_missing(results, found)),
    )


def _layer_parts(results: Results, found: Companions) -> Iterator[ChartPart]:
    for index, name in enumerate(results.responses):
        key = f"model{index}"
        layers = [one for one in found.layers if one.spec.name == name]
        budgets = [one for one in found.budgets if one.spec.name == name]
        charts = [chart for one in layers for chart in layer_charts(one, key)]
        charts += [chart for one in budgets for chart in budget_charts(one, key)]
        notes = [line for one in layers for line in layer_cautions(one)]
        notes += [line for one in budgets for line in beside_lines(one)]
        if charts:
            yield ChartPart(shown_name(name), _clips_told([*layers, *budgets]), tuple(charts), tuple(notes))


def _clips_told(analyses: Iterable[Any]) -> str:
    counts = sorted({len(one.clips) for one in analyses})
    return " and ".join(count_text(n, "clip") for n in counts)


def _in_run_order(results: Results, analyses: Iterable[Any]) -> list[Any]:
    """Sort analyses of one model each as the run sorts its models."""
    return sorted(analyses, key=lambda one: list(results.responses).index(one.model))


def _certificate_rows(found: Iterable[CertificateResults]) -> Iterator[CertificateRow]:
    for one in found:
        for certificate in one.certificates:
            yield CertificateRow(
                model=one.model,
                axis=_certified(certificate),
                verdict=certificate.verdict,
                claim=claim_text(certificate),
                found=tuple(confirmation_lines(certificate, one.clips)),
                steps=certificate.derivation.steps,
            )


def _certified(certificate: Certificate) -> str:
    told = {
        "time": "the waveform, delayed",
        "frames": "its spectrogram, delayed",
        "bins": "its spectrogram, along bins",
    }
    return told.get(certificate.axis, certificate.axis)


def _order_parts(results: Results, found: Companions) -> Iterator[ChartPart]:
    orders = _in_run_order(results, found.orders)
    if orders:
        notes = tuple(f"{shown_name(one.model)}: {caution}" for one in orders for caution in one.cautions)
        yield ChartPart("", _clips_told(orders), (order_chart(results, orders),), notes)


def _profile_parts(results: Results, found: Companions) -> Iterator[ChartPart]:
    for index, one in enumerate(found.profiles):
        names = [spec.name for spec in one.models if spec.name in results.responses]
        lines = ((name, noise_line(one, name)) for name in names)
        notes = tuple(f"{shown_name(name)}: {line}" for name, line in lines if line)
        if one.changes:
            chart = profile_chart(results, one, f"profile{index}")
            yield ChartPart("", count_text(one.n_clips, "clip"), (chart,), notes)


def _missing(results: Results, found: Companions) -> Iterator[Missing]:
    """Say which analyses of which models are not on the page."""
    cases: tuple[tuple[str, str, str, Iterable[Any], Callable[[Any], Iterable[str]]], ...] = (
        ("layers", "Layers", "layers MODEL CLIPS", found.layers, lambda one: [one.spec.name]),
        ("layers", "Error budget", "layers MODEL CLIPS --budget", found.budgets, lambda one: [one.spec.name]),
        ("certificates", "Certificates", "certify MODEL", found.certificates, lambda one: [one.model]),
        ("order", "Order", "order MODEL CLIPS", found.orders, lambda one: [one.model]),
        ("profile", "Profile", "profile MODEL CLIPS", found.profiles, _profiled),
    )
    for section, what, command, analyses, models in cases:
        there = {name for one in analyses for name in models(one)}
        lacking = tuple(name for name in results.responses if name not in there)
        if lacking:
            adds = _untried(results) if section == "profile" else ""
            yield Missing(section, what, adds, lacking if there else (), f"audioinv {command} -o FOLDER")


def _profiled(found: Any) -> list[str]:
    return [spec.name for spec in found.models]


def _untried(results: Results) -> str:
    """Name the kinds of change that the run did not try, and a profile would."""
    swept = swept_axes(results.responses.values())
    left = [axis_title(axis) for axis in AXES if axis not in swept]
    return f"which tries {', '.join(left)}" if left else ""
