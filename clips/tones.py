"""Mandarin syllables, labelled with their tone: a class that is nothing but a contour of frequency.

Conventions
-----------
`gcin-voice` keeps one folder a syllable and tone, named in zhuyin letters: no digit for the first tone, 2 to 4 for
the others. Its digit 1 is *not* the first tone but the neutral one (ㄉㄜ1 is 的), which is left out, as are bare
consonants, which are names of letters. `5.ogg` is spoken by Chu Lo (free to ship), `3.ogg` by Edward Liu.

What is here: `recordings`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from treatment import Recording, read, slug

PACKAGES = ("gcin-voice",)
LONGEST_SECONDS = 1.5
SPEAKERS = {"5": "chulo", "3": "liu"}
N_SHIPPED_SYLLABLES = 100
VALID_EVERY = 7  # of the syllables that do not ship

INITIALS = dict(
    re.findall(r"(\S)(\w+)", "ㄅb ㄆp ㄇm ㄈf ㄉd ㄊt ㄋn ㄌl ㄍg ㄎk ㄏh ㄐj ㄑq ㄒx ㄓzh ㄔch ㄕsh ㄖr ㄗz ㄘc ㄙs")
)
VOWELS = dict(re.findall(r"(\S)(\w+)", "ㄚa ㄛo ㄜe ㄝe ㄞai ㄟei ㄠao ㄡou ㄢan ㄣen ㄤang ㄥeng ㄦer"))
GLIDES = {"ㄧ": "i", "ㄨ": "u", "ㄩ": "v"}
# Pinyin contracts some finals after a consonant, and spells a glide that opens a syllable with y or w.
CONTRACTED = {
    "iou": "iu",
    "ien": "in",
    "ieng": "ing",
    "uei": "ui",
    "uen": "un",
    "ueng": "ong",
    "ven": "vn",
    "veng": "iong",
}
OPENING = {"i": "yi", "ien": "yin", "ieng": "ying", "u": "wu", "v": "yu", "ven": "yun", "veng": "yong"}
SYLLABLE = re.compile(r"([ㄅ-ㄙ]?)([ㄧㄨㄩ]?)([ㄚ-ㄦ]?)")


def pinyin(zhuyin: str) -> str | None:
    """Spell a syllable in pinyin, without its tone; ü is v.

    Parameters
    ----------
    zhuyin : str
        For instance ㄒㄩㄢ.

    Returns
    -------
    str or None
        For instance `xuan`; None if it is no syllable, but the name of a consonant.
    """
    found = SYLLABLE.fullmatch(zhuyin)
    if found is None or zhuyin == "ㄝ":  # an interjection that pinyin cannot tell from ㄜ
        return None
    initial, glide, vowel = found.groups()
    final = GLIDES.get(glide, "") + VOWELS.get(vowel, "")
    if not initial:
        return OPENING.get(final) or re.sub("^v", "yu", re.sub("^u", "w", re.sub("^i", "y", final)))
    if not final:
        return f"{INITIALS[initial]}i" if initial in "ㄓㄔㄕㄖㄗㄘㄙ" else None
    final = CONTRACTED.get(final, final)
    return INITIALS[initial] + (final.replace("v", "u") if initial in "ㄐㄑㄒ" else final)


def recordings(packages: Path) -> Iterator[Recording]:
    """Yield all spoken syllables, what ships first.

    Parameters
    ----------
    packages : Path
        Folder that holds the unpacked packages, one folder each.

    Yields
    ------
    Recording
        On the test side, all four tones of a syllable by Chu Lo. No syllable of it is trained on, whoever
        speaks.
    """
    root = packages / "gcin-voice/usr/share/gcin-voice/ogg"
    found: list[tuple[str, str, str, Path]] = []
    for path in sorted(root.glob("*/[35].ogg")):
        zhuyin, tone = re.fullmatch(r"(\D+)([1-4]?)", path.parent.name).groups()  # type: ignore[union-attr]
        syllable = pinyin(zhuyin)
        if syllable and tone != "1":
            found.append((SPEAKERS[path.stem], syllable, tone or "1", path))
    split = _splits([(speaker, syllable) for speaker, syllable, _, _ in found])
    for speaker, syllable, tone, path in sorted(found, key=lambda item: (split[item[1]] != "test", item[:3])):
        if split[syllable] == "test" and speaker != "chulo":
            continue
        clip = read(
            path,
            name=slug(speaker, f"{syllable}{tone}"),
            label=f"tone{tone}",
            group=f"{speaker}/{syllable}",
            longest_seconds=LONGEST_SECONDS,
        )
        licence = "CC-BY-3.0" if speaker == "chulo" else "GPL-3.0-only OR LGPL-3.0-only"
        yield Recording(clip, split[syllable], f"gcin-voice: {path.parent.name}/{path.name}", licence)


def _splits(spoken: list[tuple[str, str]]) -> dict[str, str]:
    """Put each syllable on one side: ships, if Chu Lo speaks all its tones and its turn comes."""
    n_tones = Counter(syllable for speaker, syllable in spoken if speaker == "chulo")
    complete = sorted(syllable for syllable, count in n_tones.items() if count == 4)
    shipped = {complete[index * len(complete) // N_SHIPPED_SYLLABLES] for index in range(N_SHIPPED_SYLLABLES)}
    others = sorted({syllable for _, syllable in spoken} - shipped)
    valid = set(others[VALID_EVERY // 2 :: VALID_EVERY])
    return dict.fromkeys(shipped, "test") | {other: "valid" if other in valid else "train" for other in others}
