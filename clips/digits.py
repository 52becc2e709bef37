"""English digits by one human speaker, to test on; nothing here is trained on.

Conventions
-----------
Labels are `0` to `9`. Each clip is a group of its own, since there is one of each.

What is here: `recordings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from treatment import Recording, read

PACKAGES = ("asterisk-core-sounds-en-wav",)
LONGEST_SECONDS = 1.5
FOLDER = "asterisk-core-sounds-en-wav/usr/share/asterisk/sounds/en_US_f_Allison/digits"


def recordings(packages: Path) -> Iterator[Recording]:
    """Yield the ten digits.

    Parameters
    ----------
    packages : Path
        Folder that holds the unpacked packages, one folder each.

    Yields
    ------
    Recording
    """
    for digit in "0123456789":
        path = packages / FOLDER / f"{digit}.wav"
        clip = read(
            path,
            name=f"allison_{digit}",
            label=digit,
            group=f"allison/{digit}",
            longest_seconds=LONGEST_SECONDS,
        )
        yield Recording(clip, "test", f"asterisk-core-sounds-en-wav: digits/{path.name}", "CC-BY-SA-3.0")
