"""Options that several commands share, in groups: see `audioinv.cli.command`.

What is here: `Manners`, which every command has; `ModelFlags` and `LoadFlags` of those that open models, and
`load_models`, `tell_apart`; `ModelName`, `Timeout`, `TrustPickle` and `Version`, which are options alone. Those of
clips are in `audioinv.cli.clips`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .command import note, print_json, say

if TYPE_CHECKING:
    from ..nets.adapters.declaration import Declaration
    from ..nets.model import Model
    from ..work_order import ModelSource

__all__ = [
    "LoadFlags",
    "Manners",
    "ModelFlags",
    "ModelName",
    "Timeout",
    "TrustPickle",
    "Version",
    "load_models",
    "tell_apart",
]

_TYPED_ONLY = {"trust_pickle"}  # never taken from a file


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"audioinv {version('audioinv')}")
        raise typer.Exit


def _read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Make the options of a run.json or a TOML file the defaults of this command; flags win."""
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            from ..report.declared import read_plain

            found = read_plain(text).get("options", {})
        else:
            import tomllib

            found = tomllib.loads(text)
            found = found.get("tool", {}).get("audioinv", found)
            found = found.get(context.info_name, found)
        options = {str(name).replace("-", "_"): value for name, value in found.items()}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise typer.BadParameter(f"{path} cannot be read as a run.json or TOML file ({error})") from error
    known = {parameter.name for parameter in context.command.params} - _TYPED_ONLY
    defaults = {name: value for name, value in options.items() if not isinstance(value, dict)}
    unknown = sorted(set(defaults) - known)
    if unknown:
        raise typer.BadParameter(f"{path} sets {', '.join(unknown)}, which {context.info_name} does not know")
    for parameter in context.command.params:
        _check_value(context, parameter, defaults, path)
    context.default_map = {**(context.default_map or {}), **defaults}
    return path


def _check_value(context: typer.Context, parameter: Any, settings: Mapping[str, Any], path: Path) -> None:
    """Refuse a value of a file that could not be typed, and name the file."""
    if parameter.name not in settings or parameter.callback is not None:
        return
    value, several = settings[parameter.name], getattr(parameter, "multiple", False) or parameter.nargs != 1
    try:
        if value is not None and isinstance(value, list) != several:
            raise typer.BadParameter("a list is wanted" if several else "one value is wanted, not a list")
        if isinstance(value, float) and not math.isfinite(value):
            raise typer.BadParameter("a finite number is wanted")
        parameter.process_value(context, value)
    except typer.BadParameter as error:
        raise typer.BadParameter(f"{path} sets {parameter.name} to {value!r:.40}: {error.message}") from error


ModelName = Annotated[
    str, typer.Argument(help="A shipped model's name, a file, a folder or module:attr.", metavar="MODEL")
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.001,
        help="Give up when loading such a model, or one call of it, takes longer.",
    ),
]
TrustPickle = Annotated[
    bool,
    typer.Option(
        "--trust-pickle-i-know-it-runs-code", help="Load a pickled network, which can run any code on this machine."
    ),
]
Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
]


@dataclass(frozen=True)
class Manners:
    """What a command prints, and how; every command has these options."""

    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more, and show tracebacks.")] = False
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress.")] = False
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            callback=_read_config,
            is_eager=True,
            metavar="FILE",
            help="Take options from a run.json or a TOML file; flags win.",
        ),
    ] = None
    version: Version = False

    @property
    def talk(self) -> bool:
        """Whether lines for people are printed."""
        return not (self.quiet or self.json)

    @property
    def shown(self) -> bool:
        """Whether progress is."""
        return self.talk and not self.no_progress

    def tell(self, document: Any, lines: Iterable[str]) -> None:
        """Print what was found, as JSON or in words.

        Parameters
        ----------
        document : JSON data
        lines : iterable of str
            Best a generator: it is not asked for more than is printed.
        """
        if self.json:
            print_json(document)
        elif not self.quiet:
            for line in lines:
                say(line)


@dataclass(frozen=True)
class ModelFlags:
    """What is to be known of models that do not say it themselves, and how they are loaded."""

    sample_rate: Annotated[
        int | None,
        typer.Option("--sample-rate", metavar="HZ", help="Of a model that does not say its own; never guessed."),
    ] = None
    labels: Annotated[
        str | None,
        typer.Option("--labels", metavar="FILE", help="Of such a model: one a line, in the order of its outputs."),
    ] = None
    activation: Annotated[
        str | None,
        typer.Option(
            "--activation", metavar="softmax|sigmoid|none", help="What makes scores of such a model's outputs."
        ),
    ] = None
    input_samples: Annotated[
        int | None, typer.Option("--input-samples", metavar="N", help="What such a model takes at once, in samples.")
    ] = None
    trust_pickle: TrustPickle = False
    timeout: Timeout = None

    @property
    def said(self) -> Declaration:
        """What they say of models."""
        from ..nets.adapters.declaration import Declaration
        from ..nets.adapters.sidecar import read_labels

        return Declaration(
            sample_rate=self.sample_rate,
            labels=None if self.labels is None else read_labels(Path(self.labels)),
            activation=self.activation,
            input_samples=self.input_samples,
        )


@dataclass(frozen=True)
class LoadFlags(ModelFlags):
    """The same, and where the models compute."""

    device: Annotated[str, typer.Option("-d", "--device", metavar="auto|cpu|cuda[:N]|mps", help="What computes.")] = (
        "auto"
    )

    def sources(self, specs: Sequence[str]) -> tuple[ModelSource, ...]:
        """Return where models are to be had.

        Parameters
        ----------
        specs : sequence of str
            As typed.

        Returns
        -------
        tuple of ModelSource
        """
        from ..nets.library import choose_device
        from ..work_order import ModelSource

        device, said = choose_device(self.device), self.said
        return tuple(ModelSource(spec, device, said, self.trust_pickle, self.timeout) for spec in specs)


def tell_apart(names: Sequence[str], sources: Sequence[str]) -> list[str]:
    """Call models by their files where several have one name, as an export and its original have, with one sidecar.

    Parameters
    ----------
    names : sequence of str
        What the models call themselves.
    sources : sequence of str
        As typed, in the same order.

    Returns
    -------
    list of str
        As they were where the files have one name, too.

    Examples
    --------
    >>> tell_apart(["bell", "bell", "bell, large"], ["nets/bell.onnx", "nets/bell.pt2", "large.onnx"])
    ['bell.onnx', 'bell.pt2', 'bell, large']
    """
    files = [Path(source).name if names.count(name) > 1 else name for name, source in zip(names, sources, strict=True)]
    return files if len(set(files)) == len(files) else list(names)


def load_models(sources: Sequence[ModelSource]) -> list[Model]:
    """Load models, tell those of one name apart by their files, and say on stderr what about them looks wrong.

    Parameters
    ----------
    sources : sequence of ModelSource

    Returns
    -------
    list of Model
    """
    models = [source.load() for source in sources]
    names = tell_apart([model.spec.name for model in models], [source.source for source in sources])
    for model, name in zip(models, names, strict=True):
        model.spec = replace(model.spec, name=name)
        for caution in model.provenance.cautions if model.provenance else ():
            note(f"! model {model.spec.name}: {caution}")
    return models
