"""Drum strokes: whole kits to train on, three libraries of free sounds to test on.

Conventions
-----------
The label comes from words: the instrument's name in a Hydrogen kit's `drumkit.xml`, or else the file name. The
first of `RULES` that matches decides. What is no single stroke of one of seven kinds is left out.

What is here: `recordings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from treatment import Recording, read, slug

PACKAGES = ("sonic-pi-samples", "hydrogen-drumkits", "hydrogen-data", "lmms-common")
LONGEST_SECONDS = 1.5

RULES = (
    # Left out: sticks and rims without a drum, rolls, hands, shaken things (none of them ships), effects, loops.
    (None, r"stick|^(nasty )?rim\b|roll|clap|snap|tambourine|maraca|shaker|glass|whistle"),
    (None, r"\b(click|zap|fx|drop|loop|ambi)\b|^bass (?!drum)"),
    ("hihat", r"hi-?hat|hi hat|\bo?hh\b|\bhat\b|cymbal (closed|open|pedal)"),
    ("snare", r"snare|^sn\b"),
    ("kick", r"kick|bass ?drum|^bd\b|^drum bass\b"),
    ("tom", r"\btom"),
    # A cymbal struck on its bell or cup is a cymbal: it comes before the bells. A plain "Bell" is GMRockKit's,
    # and by its samples the bell of The Black Pearl's Paiste ride.
    ("cymbal", r"cymbal|crash|ride|splash|china|^paiste|^bell$"),
    # Short pitched percussion of metal or wood.
    ("bell", r"bell|agogo|\bclave?\b|wood ?block|\bwood\b|triangle|chime"),
    ("handdrum", r"conga|bongo|djembe|cajon|tabla|head (hit|mute)"),
)

# Free to ship, hence the test side. Not a word of them is trained on.
SHIPPED_KIT = "rumpf_kit_z01_h2"
# Its name promises CC0, but its files come from fourteen people at freesound.org, under licences that nobody
# states and labels that their own names contradict (its kick is called tom). It stays out altogether.
UNCLEAR_KIT = "Audiophob"
# Cymbals by the name of their slot in its map only: under 2 % of their energy lies above 1 kHz, where every
# other cymbal here has 12 % or more.
NO_CYMBALS = frozenset({"beats_06-30.flac", "beats_06-40.flac", "beats_08-20.flac"})
# A WAV file with a damaged header, whatever its name says.
UNREADABLE = "kick04.ogg"
# Whole kits to choose a model by: all four of Artemiy Pavlov and the one of Marcos Guglielmetti, so that no
# author is on both sides. Every label that ships is in them and in what is left for training.
VALID_KITS = frozenset(
    {"TR808EmulationKit", "ElectricEmpireKit", "HardElectro1", "VariBreaks", "ColomboAcousticDrumkit"}
)


def label_of(words: str) -> str | None:
    """Class of a sound by its name, or None if it belongs to none.

    Parameters
    ----------
    words : str
        For instance `Snare Rimshot`, or `drum_cymbal_closed`.

    Returns
    -------
    str or None
    """
    words = re.sub(r"_|(?<=[a-z])(?=\d+$)", " ", words.lower())
    return next((label for label, pattern in RULES if re.search(pattern, words)), None)


def recordings(packages: Path) -> Iterator[Recording]:
    """Yield all drum strokes, what ships first.

    Parameters
    ----------
    packages : Path
        Folder that holds the unpacked packages, one folder each.

    Yields
    ------
    Recording
    """
    yield from _sonic_pi(packages / "sonic-pi-samples")
    found = packages.glob("hydrogen-*/usr/share/hydrogen/data/drumkits/*/drumkit.xml")
    # hydrogen-data comes last: its GMRockKit repeats recordings of The Black Pearl under coarser names.
    for kit in sorted(found, key=lambda kit: (kit.parent.name != SHIPPED_KIT, "hydrogen-data" in kit.parts, kit)):
        if kit.parent.name != UNCLEAR_KIT:
            yield from _hydrogen_kit(kit)
    yield from _lmms(packages / "lmms-common")


def _sonic_pi(package: Path) -> Iterator[Recording]:
    """Yield those strokes of Sonic Pi whose author and licence Debian's copyright file states one by one."""
    copyrights = (package / "usr/share/doc/sonic-pi-samples/copyright").read_text(encoding="utf-8")
    stated = re.findall(
        r"^Files: etc/samples/(\S+)\nCopyright: \d{4} (.+?)(?: <.*>)?\nSource: +\S+\nLicense: CC0$", copyrights, re.M
    )
    for file_name, author in sorted(stated):
        path = package / "usr/share/sonic-pi/samples" / file_name
        if label := label_of(path.stem):
            group = f"freesound/{slug(author)}"
            clip = read(
                path,
                name=slug(author, path.stem),
                label=label,
                group=group,
                longest_seconds=LONGEST_SECONDS,
            )
            yield Recording(clip, "test", f"sonic-pi-samples: {file_name}", "CC0-1.0")


def _hydrogen_kit(kit: Path) -> Iterator[Recording]:
    """Yield every labelled layer of a Hydrogen kit, once."""
    folder = kit.parent
    package = kit.parents[6].name
    shipped = folder.name == SHIPPED_KIT
    split = "test" if shipped else "valid" if folder.name in VALID_KITS else "train"
    licence = "CC-BY-3.0" if shipped else "see the package"
    labels: dict[str, str] = {}
    for instrument in _without_namespaces(kit).iter("instrument"):
        label = label_of(instrument.findtext("name") or "")
        for file_name in (layer.text or "" for layer in instrument.iter("filename")):
            if label and file_name not in NO_CYMBALS and (folder / file_name).is_file():
                labels.setdefault(file_name, label)
    for file_name, label in sorted(labels.items()):
        clip = read(
            folder / file_name,
            name=slug(folder.name, Path(file_name).stem),
            label=label,
            group=slug(folder.name),
            longest_seconds=LONGEST_SECONDS,
        )
        yield Recording(clip, split, f"{package}: {folder.name}/{file_name}", licence)


def _without_namespaces(path: Path) -> ElementTree.Element:
    """Parse a kit; some declare a namespace and some do not."""
    text = re.sub(r'\s(xmlns(:\w+)?|xsi:\w+)="[^"]*"', "", path.read_text(encoding="utf-8"))
    return ElementTree.fromstring(text)


def _lmms(package: Path) -> Iterator[Recording]:
    """Yield the strokes of LMMS; nobody says who recorded which, so they are one group."""
    for path in sorted((package / "usr/share/lmms/samples/drums").glob("*.ogg")):
        label = label_of(path.stem)
        if label and path.name != UNREADABLE:
            clip = read(
                path,
                name=slug("lmms", path.stem),
                label=label,
                group="lmms",
                longest_seconds=LONGEST_SECONDS,
            )
            yield Recording(clip, "train", f"lmms-common: drums/{path.name}", "see the package")
