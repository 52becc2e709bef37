"""Make the gallery: run every command below, shrink the pictures, and write ``docs/gallery.md``.

From the root of the repository: ``python docs/gallery.py``, five minutes. The runs go to ``runs/gallery/``, the
pictures to ``docs/images/gallery/``.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from audioinv import load_clip
from audioinv.sound.audio import write_audio

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images" / "gallery"
RUNS = Path("runs/gallery")
WIDTHS_PIXELS, N_COLOURS, MOST_BYTES = (1000, 880, 760, 640), 96, 58_000
MODELS = "-m drums-cnn2d -m drums-cnn2d-flatten -m drums-averaging"
HITS, GAP_SECONDS = 24, 0.4

PREPARED = (
    f"audioinv analyze clips/drums {MODELS} -o runs/gallery/drums",
    "audioinv analyze clips/instruments -m instruments-cnn2d -o runs/gallery/instruments",
    "audioinv layers drums-cnn2d clips/drums --budget --limit 8 -o runs/gallery/layers",
    "audioinv profile drums-cnn2d clips/drums --limit 16 --no-references -o runs/gallery/profile",
    "audioinv profile drums-cnn2d clips/drums --limit 16 --pair time=-100:100:25ms,noise=10:40:10dB"
    " -o runs/gallery/pairs",
    "audioinv analyze runs/gallery/hits.wav -m drums-cnn2d --slide 10ms --events runs/gallery/hits.txt"
    " -o runs/gallery/hits",
)


@dataclass(frozen=True)
class Picture:
    """One picture: its title, the command that makes it, and what to look for."""

    title: str
    command: str
    text: str

    @property
    def kind(self) -> str:
        """Which kind of figure it is."""
        return self.command.split()[3]

    @property
    def file(self) -> str:
        """Its name in the folder of pictures."""
        return f"{self.kind}.gif" if self.kind == "animation" else f"{self.kind}.png"


PICTURES = (
    Picture(
        "Curves",
        "audioinv plot runs/gallery/drums curves",
        "How often answers stay the same, shift by shift, with bands of 95 %; time, frequency and pitch on one scale. "
        "The ticks are the hop of the front end, the dotted lines the network's stride.",
    ),
    Picture(
        "Classes",
        "audioinv plot runs/gallery/drums classes",
        "Which classes a shift moves, models beside each other.",
    ),
    Picture(
        "Heat map",
        "audioinv plot runs/gallery/drums heatmap -m drums-cnn2d-flatten --axis time",
        "Every clip at every shift: how sure the model is of its clean answer; a white dash is another answer.",
    ),
    Picture(
        "Animation",
        "audioinv plot runs/gallery/drums animation -m drums-cnn2d-flatten --axis freq",
        "One clip while it is shifted: its spectrogram, the scores, and the curve as it is drawn. `.mp4` where ffmpeg "
        "is installed.",
    ),
    Picture(
        "Spectrogram",
        "audioinv plot runs/gallery/instruments spectrogram --clip flute_midi60 --freq 50Hz",
        "A clip before and after a shift, with what the model answers; triangles at the partials.",
    ),
    Picture(
        "Harmonics",
        "audioinv plot runs/gallery/instruments harmonics --clip flute_midi60 --freq 50Hz --pitch 2st",
        "The ladder of partials: a frequency shift adds the same hertz to all, and their ratios are no longer whole; "
        "a pitch shift multiplies all, and keeps them. Of a clip without partials, such as a cymbal, the figure says "
        "so.",
    ),
    Picture(
        "Layers",
        "audioinv plot runs/gallery/layers layers",
        "Layer by layer, what stays and what moves along.",
    ),
    Picture(
        "Budget",
        "audioinv plot runs/gallery/layers budget",
        "Which stage makes the answers change.",
    ),
    Picture(
        "Profile",
        "audioinv plot runs/gallery/profile profile",
        "Every kind of change on one page, with what a listener would wish.",
    ),
    Picture(
        "Pairs",
        "audioinv plot runs/gallery/pairs pairs",
        "Two changes at once: what share of the clips stands both.",
    ),
    Picture(
        "Sliding",
        "audioinv plot runs/gallery/hits sliding",
        "A window slid over a recording: scores over time, and what is found by where the network's grid falls.",
    ),
    Picture(
        "Study",
        "audioinv plot docs/questions/results/pooling.json study",
        "The answer of a study: every variant by its mark, intervals over seeds and clips.",
    ),
    Picture(
        "Scatter",
        "audioinv plot docs/questions/results/pooling.json scatter",
        "How often right against how steady: what is steady without being right lies low.",
    ),
)


def run(command: str, *further: str) -> None:
    """Run a command of the gallery in the current folder, as a person would type it, with further options."""
    _, *arguments = shlex.split(command)
    subprocess.run([sys.executable, "-m", "audioinv", *arguments, *further], check=True)


def write_recording() -> None:
    """Write a recording of drums in a row, with their onsets, for the figure of sliding."""
    sounds, lines, at = [], [], GAP_SECONDS
    files = sorted(Path("clips/drums").glob("*/*.flac"))
    for file in files[:: max(1, len(files) // HITS)]:
        clip = load_clip(file)
        lines.append(f"{at:.4f}\t{at:.4f}\t{file.parent.name}")
        sounds += [np.zeros(round(GAP_SECONDS * clip.sample_rate), np.float32), clip.waveform]
        at += GAP_SECONDS + clip.duration_seconds
    RUNS.mkdir(parents=True, exist_ok=True)
    write_audio(RUNS / "hits.wav", np.concatenate(sounds), clip.sample_rate)
    (RUNS / "hits.txt").write_text("\n".join(lines) + "\n")


def shrink(path: Path) -> None:
    """Make a picture fit for a page: of few colours, and no wider than its weight allows."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    for width in WIDTHS_PIXELS:
        small = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
        small.quantize(N_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < MOST_BYTES:
            return


def page() -> str:
    """Write the gallery as Markdown."""
    lines = [
        "# Gallery",
        "",
        "Every kind of figure, with the command that made it. `-o FILE.svg` or `.pdf` gives it for a paper: text stays",
        "text, no letter is below 8 points, colours are those of Okabe and Ito and never tell alone. In Python,",
        '`result.plot("curves")` is the same figure, and every `plot_…` function of `audioinv.report` takes `ax=`.',
        "",
        "The runs behind them, all with models and clips that come with the package (`python docs/gallery.py` makes",
        "everything again; `hits.wav` is drums in a row):",
        "",
        "```",
        *PREPARED,
        "```",
    ]
    for one in PICTURES:
        picture = f"![{one.title}](images/gallery/{one.file})"
        lines += ["", f"## {one.title}", "", one.text, "", "```", one.command, "```", "", picture]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Make runs, pictures and page."""
    write_recording()
    for command in PREPARED:
        run(command, "--overwrite", "--no-progress", "-q")
    for one in PICTURES:
        run(one.command, "-o", str(IMAGES / one.file), "-q")
        if one.file.endswith(".png"):
            shrink(IMAGES / one.file)
    (ROOT / "docs" / "gallery.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
