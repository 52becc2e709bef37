"""A clip of a run before and after a shift, to be heard in a notebook.

Conventions
-----------
Both sounds are what the model heard, at its rate, with one gain.

What is here: `Listening`, `listen`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError
from ..sound.clip import Clip
from ..sound.player import common_gain, player_html
from .replay import ShiftedClip, answers_text, open_clip, shift_clip
from .selection import choose_model
from .shift_amount import read_amount

if TYPE_CHECKING:
    from .results import Results

__all__ = ["Listening", "listen"]


@dataclass(frozen=True, eq=False)
class Listening:
    """Two sounds to compare; a notebook shows them as players.

    Parameters
    ----------
    sounds : ShiftedClip
    told : str
        What the model answers to both.
    """

    sounds: ShiftedClip
    told: str

    def _repr_html_(self) -> str:
        before, after = self.sounds.window.clip, self.sounds.waveform
        gain = common_gain([before.waveform, after])
        name = self.sounds.window.name
        return player_html(before.waveform, before.sample_rate, f"{name}, unshifted", gain=gain) + player_html(
            after, before.sample_rate, self.told, gain=gain
        )


def listen(results: Results, clip: str | Clip, *, model: str | None = None, **shift: str) -> Listening:
    """Shift a clip as the run did, to hear it beside the unshifted one.

    Parameters
    ----------
    results : Results
    clip : str or Clip
        A name among the results, or the sound itself where it came from no file.
    model : str, optional
        Whose window it is; may be left out where there is a single one.
    **shift : str
        One of ``time="50ms"``, ``freq="50Hz"``, ``pitch="2st"``.

    Returns
    -------
    Listening

    Raises
    ------
    InputError
        If not exactly one shift is given, or a name is unknown, or the clip's file is not where it was.
    """
    if len(shift) != 1:
        raise InputError(f'{len(shift)} shifts are given; one can be heard, such as time="50ms"')
    ((axis, text),) = shift.items()
    name = choose_model(results, model)
    amount, window = read_amount(axis, text), open_clip(results, clip, model=name)
    return Listening(shift_clip(window, amount), answers_text(results, name, window, amount))
