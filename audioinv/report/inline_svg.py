"""Figures as part of a page: one SVG among others, in the page's own colours.

Conventions
-----------
Identifiers get a prefix, because those of two figures are the same. Metadata, style sheets and namespaces go, so that
nothing in a figure reaches beyond it. Ink and grey become the page's, light or dark; colours that mean something stay.

What is here: `inline_svg`; `foreign_svg`, for what another library drew.
"""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib.figure import Figure

from .figure_style import INK, QUIET, styling

__all__ = ["foreign_svg", "inline_svg"]

_RASTER_DPI = 144
_REFERENCE = re.compile(r"url\(#")
_DROPPED = ("metadata", "style")


def inline_svg(figure: Figure, key: str, *, label_id: str) -> Markup:
    """Turn a figure into an ``svg`` element for an HTML page.

    Parameters
    ----------
    figure : Figure
    key : str
        Prefix of its identifiers; letters and digits, another for each figure of a page.
    label_id : str
        Identifier of the element whose text says what the figure shows.

    Returns
    -------
    Markup
        To be put into the page as it is.
    """
    stream = io.BytesIO()
    with styling():
        figure.savefig(stream, format="svg", dpi=_RASTER_DPI, transparent=True, metadata={"Date": None})
    text = foreign_svg(stream.getvalue(), key, label_id=label_id)
    return Markup(text.replace(INK, "currentColor").replace(QUIET, "var(--quiet)"))


def foreign_svg(drawing: str | bytes, key: str, *, label_id: str) -> Markup:
    """Make an SVG file an ``svg`` element of an HTML page, without its colours becoming the page's.

    Parameters
    ----------
    drawing : str or bytes
        The file.
    key : str
        Prefix of its identifiers.
    label_id : str
        Identifier of the element whose text says what it shows.

    Returns
    -------
    Markup
    """
    root = ElementTree.fromstring(drawing)
    for element in list(root.iter()):
        _localise(element, key)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-labelledby": label_id, "class": "figure"}
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _localise(element: ElementTree.Element, key: str) -> None:
    """Strip namespaces and what reaches beyond the figure; prefix identifiers and the references to them."""
    for child in list(element):
        if _local(child.tag) in _DROPPED:
            element.remove(child)
    element.tag = _local(element.tag)
    attributes = {_local(name): _REFERENCE.sub(f"url(#{key}-", value) for name, value in element.attrib.items()}
    if "id" in attributes:
        attributes["id"] = f"{key}-{attributes['id']}"
    if attributes.get("href", "").startswith("#"):
        attributes["href"] = f"#{key}-{attributes['href'][1:]}"
    element.attrib.clear()
    element.attrib.update(attributes)


def _local(name: str) -> str:
    return name.rpartition("}")[2]
