"""The page's one script, and the policy that lets nothing else run.

Conventions
-----------
The script holds Vega, Vega-Lite and Vega-Embed as vl-convert bundles them, and after them `page.js`. The policy names
its hash, forbids every connection, and forbids evaluation of text: expressions are interpreted (``ast``). Data reach
the script as JSON in elements that do not run.

What is here: `page_script`, `policy`, `embedded_json`, `rounded`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

__all__ = ["embedded_json", "page_script", "policy", "rounded"]

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_DOOR = "window.vegaEmbed = vegaEmbed;"
_BASE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def page_script() -> Markup:
    """Return the text of the page's one script.

    Returns
    -------
    Markup
        To stand between script tags as it is.
    """
    import vl_convert

    ours = Path(__file__).with_name("templates").joinpath("page.js").read_text(encoding="utf-8")
    text = f"(() => {{\n{vl_convert.javascript_bundle(_DOOR)}\n}})();\n{ours}".replace("</script", "<\\/script")
    return Markup(text.replace("\r\n", "\n"))


def policy(script: str | None = None) -> str:
    """Return the page's Content-Security-Policy.

    Parameters
    ----------
    script : str, optional
        The one that may run; none if not given, and files beside the page may be played instead.

    Returns
    -------
    str
    """
    if script is None:
        return f"{_BASE}; media-src 'self'"
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"{_BASE}; script-src 'sha256-{digest}'"


def embedded_json(content: Any) -> Markup:
    r"""Write data for a script element that holds JSON, proof against text that would end it.

    Parameters
    ----------
    content : Any

    Returns
    -------
    Markup

    Examples
    --------
    >>> embedded_json("</script>")
    Markup('"\\u003c/script\\u003e"')
    """
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return Markup(text)


def rounded(value: float, digits: int = 4) -> float | None:
    """Return a number as data for the script hold it: short, and null where it is not finite.

    Parameters
    ----------
    value : float
    digits : int, default 4

    Returns
    -------
    float or None

    Examples
    --------
    >>> rounded(1 / 3), rounded(float("nan"))
    (0.3333, None)
    """
    return round(value, digits) if math.isfinite(value) else None
