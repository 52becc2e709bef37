"""Writes the pages of the reference that must not drift from the code, before Sphinx reads any page.

The command line comes from typer, the public names from ``audioinv.__all__``, grouped by the floor they live on, the
results schema from the JSON Schema that ships, and a page for each shipped model from its card.
"""

import json
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import audioinv

GENERATED = Path(__file__).resolve().parents[1] / "reference" / "generated"
CARDS = Path(__file__).resolve().parents[2] / "models"
SCHEMA = Path(audioinv.__file__).parent / "measure" / "summary.schema.json"
FLOORS = {
    "": "Analyses",
    "sound": "Sound and its shifts",
    "corpus": "Data",
    "nets": "Models",
    "report": "Results",
    "errors": "Errors",
}


def api_page():
    """Return the page of the public names."""
    lines = ["Python", "======", "", "Everything that ``import audioinv`` offers, on one screen:", "", *groups(), ""]
    homes = sorted(audioinv.__all__, key=lambda name: (list(FLOORS).index(floor_of(name)), name.lower()))
    for floor, names in groupby(homes, key=floor_of):
        lines += [FLOORS[floor], "-" * len(FLOORS[floor]), "", ".. currentmodule:: audioinv", ""]
        lines += [
            ".. autosummary::",
            "   :toctree: api",
            "   :nosignatures:",
            "",
            *(f"   {name}" for name in names),
            "",
        ]
    return "\n".join(lines)


def groups():
    """Return the names in the groups that the package's own docstring tells them in, as links."""
    told = audioinv.__doc__[audioinv.__doc__.index("\nanalyses\n") + 1 :]
    return re.sub(r"`(\w+)`", r":py:obj:`~audioinv.\1`", told).splitlines()


def floor_of(name):
    """Return the floor that a public name lives on, empty for what stands beside the floors."""
    _, first, *rest = getattr(audioinv, name).__module__.split(".")
    return first if rest or first in FLOORS else ""


def command_page():
    """Return the page of the commands, as typer writes it."""
    command = [sys.executable, "-m", "typer", "audioinv.cli.app", "utils", "docs", "--name", "audioinv"]
    written = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return written.replace("# `audioinv`", "# Command line", 1)


def schema_page():
    """Return the page of the summary's schema: a table for each kind of object."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    lines = ["# Results schema", "", schema["description"], "", "In brackets: what need not be there.", ""]
    for name, kind in {"summary": schema, **schema["$defs"]}.items():
        if "properties" in kind:
            said = "" if kind is schema else kind.get("description", "")
            lines += [f"({_anchor(name)})=", "", f"## {name}", "", said, ""]
            lines += ["| key | holds | |", "|---|---|---|"]
            lines += [_row(key, value, kind.get("required", ())) for key, value in kind["properties"].items()]
            lines += ["", f"and all of [{_target(kind)}](#{_anchor(_target(kind))}).", ""] if "$ref" in kind else [""]
    return "\n".join(lines)


def _row(key, value, required):
    shown = f"`{key}`" if key in required else f"[`{key}`]"
    return f"| {shown} | {_holds(value)} | {value.get('description', '')} |"


def _target(value):
    return value["$ref"].removeprefix("#/$defs/")


def _anchor(name):
    return f"schema-{name.replace('_', '-')}"


def _holds(value):
    """Return in words what a value of the schema is."""
    if "$ref" in value:
        name = _target(value)
        return f"[{name}](#{_anchor(name)})" if name not in PLAIN else PLAIN[name]
    if "oneOf" in value:
        return " or ".join(_holds(one) for one in value["oneOf"])
    if "enum" in value:
        return ", ".join(f"`{json.dumps(one)}`" for one in value["enum"])
    if "const" in value:
        return f"`{json.dumps(value['const'])}`"
    if value.get("type") == "array":
        return f"list of {_holds(value['items'])}"
    if value.get("additionalProperties"):
        return f"by name: {_holds(value['additionalProperties'])}"
    return str(value.get("type", "anything"))


PLAIN = {
    "number": "number or null",
    "share": "number from 0 to 1, or null",
    "amount": "number from 0, or null",
    "curve": "list of numbers from 0 to 1, or null",
}


def write_pages(_app, _config):
    """Write the pages whose text has changed."""
    pages = {"api.rst": api_page(), "commands.md": command_page(), "schema.md": schema_page()}
    pages |= {f"models/{card.parent.name}.md": card.read_text(encoding="utf-8") for card in CARDS.glob("*/README.md")}
    for name, text in pages.items():
        path = GENERATED / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for page in (GENERATED / "api").glob("audioinv.*.rst"):  # of a name that is no longer public
        if page.stem.removeprefix("audioinv.") not in audioinv.__all__:
            page.unlink()


def lead_to_cards(_app, _document, content):
    """Let links to the cards of shipped models lead to their pages here."""
    content[0] = re.sub(r"\.\./models/([\w-]+)/README\.md", r"/reference/generated/models/\1.md", content[0])


def setup(app):
    """Write the pages before Sphinx looks which there are: autosummary reads names in those alone."""
    app.connect("config-inited", write_pages)
    app.connect("source-read", lead_to_cards)
    return {"parallel_read_safe": True}
