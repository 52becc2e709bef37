"""What a summary needs to know of the clips beside a model's scores for them.

Conventions
-----------
One entry a clip, in the order of the scores' first axis. A label or a group of None is unknown; a clip of no
known group is a group of its own.

What is here: `ClipTable`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import InputError

if TYPE_CHECKING:
    from ..sound.clip import Clip
    from ..sweep.responses import ClipRecord, ModelResponses

__all__ = ["ClipTable"]

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class ClipTable:
    """Names, labels and groups of clips, and the classes that a model knows.

    Parameters
    ----------
    names : tuple of str
        What reports call each clip.
    classes : tuple of str
        The model's class labels, in the order of the scores' last axis.
    labels, groups : tuple of (str or None), optional
        Of each clip; None altogether where the clips have none.

    Raises
    ------
    InputError
        If lengths disagree, there is no clip or no class, or a class repeats.

    Examples
    --------
    >>> table = ClipTable(("a.wav", "b.wav", "c.wav"), ("hat", "kick"), labels=("kick", None, "cowbell"))
    >>> table.targets
    array([ 1, -1, -1])
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    labels: tuple[str | None, ...] | None = None
    groups: tuple[str | None, ...] | None = None

    def __post_init__(self) -> None:
        for field in ("labels", "groups"):
            column = getattr(self, field)
            if column is not None and len(column) != len(self.names):
                raise InputError(f"{len(column)} {field} for {len(self.names)} clips; every clip needs one, or None")
        if not self.names or not self.classes:
            raise InputError(f"{len(self.names)} clips and {len(self.classes)} classes; at least one of each is needed")
        if len(set(self.classes)) < len(self.classes):
            raise InputError(f"the classes {list(self.classes)} repeat; each may stand once")

    def some(self, part: slice) -> ClipTable:
        """Return the table of some of the clips.

        Parameters
        ----------
        part : slice

        Returns
        -------
        ClipTable
        """
        return replace(
            self,
            names=self.names[part],
            labels=None if self.labels is None else self.labels[part],
            groups=None if self.groups is None else self.groups[part],
        )

    @classmethod
    def of(cls, clips: Sequence[Clip | ClipRecord], classes: Sequence[str]) -> ClipTable:
        """Tabulate clips; those that share a name are told apart by where they start.

        Parameters
        ----------
        clips : sequence of Clip or ClipRecord
        classes : sequence of str
            The model's class labels.

        Returns
        -------
        ClipTable
        """
        uses = Counter(clip.name for clip in clips)
        labels = tuple(clip.label for clip in clips)
        groups = tuple(clip.group for clip in clips)
        return cls(
            names=tuple(
                clip.name if uses[clip.name] == 1 else f"{clip.name} at {clip.start_seconds:g} s" for clip in clips
            ),
            classes=tuple(classes),
            labels=labels if any(label is not None for label in labels) else None,
            groups=groups if any(group is not None for group in groups) else None,
        )

    @classmethod
    def of_responses(cls, responses: ModelResponses) -> ClipTable:
        """Tabulate the clips that a model answered to, by the names that they have with every model.

        Parameters
        ----------
        responses : ModelResponses

        Returns
        -------
        ClipTable
        """
        begun = zip(responses.clips, responses.onsets_seconds, strict=True)
        return cls.of([replace(clip, start_seconds=onset) for clip, onset in begun], responses.spec.labels)

    @cached_property
    def targets(self) -> IntArray:
        """Class index of each clip, (n_clips,); -1 without a label, or with one that the model does not know."""
        index = {name: number for number, name in enumerate(self.classes)}
        labels = self.labels or (None,) * len(self.names)
        return np.array([-1 if label is None else index.get(label, -1) for label in labels], dtype=np.intp)

    @cached_property
    def group_codes(self) -> IntArray | None:
        """A number for each clip's group, (n_clips,); None where no clip has a group."""
        if self.groups is None:
            return None
        known = sorted({group for group in self.groups if group is not None})
        index = {name: number for number, name in enumerate(known)}
        codes = [len(known) + place if group is None else index[group] for place, group in enumerate(self.groups)]
        return np.array(codes, dtype=np.intp)

    @property
    def unknown_labels(self) -> tuple[str, ...]:
        """Labels of clips that are no class of the model, sorted."""
        return tuple(sorted({label for label in self.labels or () if label is not None} - set(self.classes)))
