"""The directive ``sound``: a shipped clip to hear, as it is or shifted by the operators of the analysis.

A page says ``{sound} instruments/flute/flute_midi60.flac``, with the option ``time``, ``freq`` or ``pitch``.
"""

from docutils import nodes
from docutils.parsers.rst import Directive, directives

from audioinv import frequency_shift, load_clip, parse_grid, pitch_shift, time_shift
from audioinv.nets.library import shipped_folder
from audioinv.sound.player import player_html


def shifted(clip, axis, text):
    """Return a clip's waveform, shifted by one amount as it is written on the command line."""
    amount = max(parse_grid(axis, text).amounts, key=abs)
    if axis == "freq":
        return frequency_shift(clip.waveform, amount, clip.sample_rate)
    if axis == "pitch":
        return pitch_shift(clip.waveform, amount, clip.sample_rate)
    return time_shift(clip.waveform, round(clip.sample_rate * amount / 1000))


class Sound(Directive):
    """A player with the sound inside the page."""

    required_arguments = 1
    has_content = True
    option_spec = dict.fromkeys(("time", "freq", "pitch"), directives.unchanged_required)

    def run(self):
        """Make the player."""
        clip = load_clip(shipped_folder("clips") / self.arguments[0])
        waveform = clip.waveform
        for axis, text in self.options.items():
            waveform = shifted(clip, axis, text)
        return [nodes.raw("", player_html(waveform, clip.sample_rate, " ".join(self.content)), format="html")]


def setup(app):
    """Make the directive known to Sphinx."""
    app.add_directive("sound", Sound)
    return {"parallel_read_safe": True}
