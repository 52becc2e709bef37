"""One self-contained page from results, to be mailed, archived, looked at and listened to without a network.

Conventions
-----------
The page asks for nothing: its own Content-Security-Policy forbids every connection, and every script but the one whose
hash it names. It computes no number; all come from the summary and the table. Every text is escaped by the template.
It keeps to a size, and says what it had no room for: sounds go first, tables name the first `MAX_ROWS`.

What is here: `write_page`; `write_folder`, the same without a script; `summary_table`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .chart_key import model_key
from .chart_spec import Chart, chart_svg
from .companions import Companions
from .explorer import Explorer, empty_explorer, explore
from .findings import method_lines, models_title
from .folder_sounds import write_sounds
from .page_charts import chart_rows
from .page_content import headline_rows, model_part, remarks
from .page_file import page_environment, write_text
from .page_script import embedded_json, page_script, policy
from .page_sections import sections
from .selection import swept_axes
from .summary_text import verdict
from .wording import axis_title

if TYPE_CHECKING:
    from .results import Results

__all__ = ["MAX_MEGABYTES", "MAX_ROWS", "summary_table", "write_folder", "write_page"]

MAX_MEGABYTES = 5.0
MAX_ROWS = 100


def write_page(
    results: Results,
    path: str | os.PathLike[str],
    *,
    companions: Companions | None = None,
    max_mb: float = MAX_MEGABYTES,
) -> Path:
    """Write results as one HTML file.

    Parameters
    ----------
    results : Results
    path : str or path
        Folders on the way are made.
    companions : Companions, optional
        What else was found about these models.
    max_mb : float, default 5
        How large the file may be, in megabytes of a million bytes; sounds are left out to keep to it.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If there is nothing to report, the page does not fit even without sound, or the file cannot be written.
    """
    content = _content(results, companions)
    content["chart_data"] = embedded_json({chart.key: chart.spec for chart in _charts(content)})
    content |= {"interactive": True, "script": page_script(), "policy": policy(page_script())}
    content |= {"listens": True, "sounds": {}}
    bare = len(_with_explorer(content, empty_explorer(results)).encode("utf-8", "backslashreplace"))
    room = int(max_mb * 1e6) - bare
    if room < 0:
        raise InputError(f"max_mb={max_mb:g} is less than the {bare / 1e6:.1f} MB that this page takes without sound")
    return write_text(Path(path), _with_explorer(content, explore(results, room)))


def write_folder(results: Results, folder: str | os.PathLike[str], *, companions: Companions | None = None) -> Path:
    """Write results as a page without any script, its sounds as files beside it.

    Parameters
    ----------
    results : Results
    folder : str or path
        Gets ``index.html`` and ``sounds/``; made where it does not exist.
    companions : Companions, optional
        What else was found about these models.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If there is nothing to report, or a file cannot be written.
    """
    from .inline_svg import foreign_svg

    content = _content(results, companions)
    drawings = {
        chart.key: foreign_svg(chart_svg(chart), chart.key, label_id=f"{chart.key}-caption")
        for chart in _charts(content)
    }
    sounds = write_sounds(results, Path(folder))
    content |= {"interactive": False, "policy": policy(), "explorer": None, "listens": bool(sounds)}
    return write_text(Path(folder) / "index.html", _render(content | {"drawings": drawings, "sounds": sounds}))


def summary_table(results: Results) -> str:
    """Write the headline numbers as a small HTML table, for a notebook.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str
        A fragment, escaped, with the contrast of time and frequency below, and the warnings.
    """
    template = page_environment().get_template("summary_table.html.jinja")
    names = list(results.document["models"])
    return template.render(
        rows=headline_rows(results),
        several=len(names) > 1,
        verdicts=[verdict(results, name) for name in names],
        cautions=[warning for warning in remarks(results) if not warning.is_reason],
    )


def _charts(content: Mapping[str, Any]) -> list[Chart]:
    """Return all charts of the page, from top to bottom."""
    return [*(chart for row in content["charts"] for chart in row.charts), *content["sections"].charts]


def _content(results: Results, companions: Companions | None) -> dict[str, Any]:
    """Gather what the page says, however it is written."""
    if not results.responses:
        raise InputError("these results hold no model, because no clip could be analysed; there is nothing to report")
    names = list(results.responses)
    warnings = remarks(results)
    return {
        "title": f"{models_title(names)} under shifts",
        "rows": headline_rows(results),
        "models": [model_part(results, name, f"model{index}") for index, name in enumerate(names)],
        "cautions": [warning for warning in warnings if not warning.is_reason],
        "reasons": [warning for warning in warnings if warning.is_reason],
        "charts": chart_rows(results),
        "sections": sections(results, companions or Companions()),
        "key": model_key(results),
        "moves": _moves(results),
        "n_clips": len(results.responses[names[0]].clips),
        "failures": results.failures[:MAX_ROWS],
        "n_failures": len(results.failures),
        "method": method_lines(results),
        "version": results.run["versions"]["audioinv"],
        "run": results.run,
        "run_id": results.document["run"]["id"],
    }


def _moves(results: Results) -> str:
    """Name in a clause what was done to the clips."""
    told = {"time": "delayed", "freq": "moved in frequency", "pitch": "transposed"}
    done = [told.get(axis, f"changed in {axis_title(axis)}") for axis in swept_axes(results.responses.values())]
    return " or ".join(filter(None, [", ".join(done[:-1]), done[-1]]))


def _with_explorer(content: Mapping[str, Any], explorer: Explorer) -> str:
    models = [{"name": entry.name, "colour": entry.colour, "dashes": entry.dashes} for entry in content["key"]]
    data = embedded_json({"models": models, "clips": explorer.clips, "first": explorer.first})
    return _render({**content, "explorer": explorer, "clip_data": data})


def _render(content: Mapping[str, Any]) -> str:
    return page_environment().get_template("page.html.jinja").render(content)
