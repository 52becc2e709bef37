"""What is handed to a worker in another process or on another machine, so that it can do what this one would.

Conventions
-----------
It is small, can be sent, and loads nothing before it is opened. This module is the first that a worker imports, so it
needs no more than a worker does: no measures, no figures.

What is here: `ModelSource`, `WorkOrder`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .errors import ModelError
from .nets.adapters.declaration import Declaration
from .nets.library import load_model
from .nets.model import Model
from .nets.threads import use_threads
from .report.parts import PartFolder
from .sweep.engines import choose_engines
from .sweep.plan import SweepPlan
from .sweep.units import recipe_of, versions
from .sweep.workers import Worker

__all__ = ["ModelSource", "WorkOrder"]


@dataclass(frozen=True)
class ModelSource:
    """Where a model is to be had by whoever works on it; see `audioinv.nets.library.load_model`.

    Parameters
    ----------
    source : str
    device : str, default "cpu"
    said : Declaration, optional
    trust_pickle : bool, default False
    timeout_seconds : float, optional
    name : str, optional
        What the model is called here, if not what it calls itself.
    """

    source: str
    device: str = "cpu"
    said: Declaration | None = None
    trust_pickle: bool = False
    timeout_seconds: float | None = None
    name: str | None = None

    def load(self) -> Model:
        """Load the model."""
        model = load_model(
            self.source,
            device=self.device,
            said=self.said,
            trust_pickle=self.trust_pickle,
            timeout_seconds=self.timeout_seconds,
        )
        model.spec = replace(model.spec, name=self.name or model.spec.name)
        return model


@dataclass(frozen=True)
class WorkOrder:
    """What makes a worker in another process or on another machine.

    Parameters
    ----------
    models : tuple of ModelSource
    plans : tuple of SweepPlan
        One for each model.
    n_clips : int
        Of the whole corpus.
    parts : PartFolder
    """

    models: tuple[ModelSource, ...]
    plans: tuple[SweepPlan, ...]
    n_clips: int
    parts: PartFolder

    def open(self) -> Worker:
        """Load the models, and make sure that they are those that are meant.

        Returns
        -------
        Worker

        Raises
        ------
        ModelError
            If a model, a choice or a library is another than where the work is handed out.
        """
        with use_threads(self.plans[0].threads):  # what computes outside of torch takes their number when it is loaded
            models = [(source.load(), plan) for source, plan in zip(self.models, self.plans, strict=True)]
        engines = [choose_engines(model, plan, self.n_clips) for model, plan in models]
        if not self.parts.recipe.startswith(recipe_of(models, engines, versions())):
            raise ModelError(
                "a worker has other models or libraries than the process that hands out the work; install the same "
                "versions for both, and give models by paths that both can read"
            )
        return Worker(models, engines, self.parts)
