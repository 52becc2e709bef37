"""Make the training corpora and the shipped clips from Debian packages, by name.

    python clips/make.py --sounds sounds/              # everything
    python clips/make.py --sounds sounds/ --only drums

writes `sounds/SET/` (train, valid and test, for people who train) and `clips/SET/` (the test side, which ships).
Needs `apt-get` and `dpkg`, and `fluidsynth` for the instruments. Packages are unpacked below `sounds/packages/`,
not installed.

Conventions
-----------
What ships is the test side: no clip of its groups, and no recording equal to one of it, is trained on.

What is here: the command line, fetching, the census. `treatment` says what is done to a recording; `drums`,
`tones`, `instruments` and `digits` say where recordings come from.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import digits
import drums
import instruments
import tones
from treatment import SAMPLE_RATE, Duplicate, Recording, drop_duplicates, write_rows, write_set

SETS = {"drums": drums, "tones": tones, "instruments": instruments, "digits": digits}
CORPUS_COLUMNS = ("path", "label", "group", "split", "source")
SHIPPED_COLUMNS = ("path", "label", "group", "source", "licence")


def main() -> None:
    """Read the command line and make what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sounds", type=Path, required=True, help="folder for the training corpora")
    parser.add_argument("--clips", type=Path, default=Path(__file__).parent, help="folder for what ships")
    parser.add_argument("--debs", type=Path, help="folder of .deb files downloaded before")
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS), help="make these sets only")
    options = parser.parse_args()
    for name in options.only:
        packages = options.sounds / "packages"
        for package in SETS[name].PACKAGES:
            unpack(package, options.debs, packages)
        make_set(name, packages, options.sounds, options.clips)
    write_overall_manifest(options.clips)


def unpack(package: str, debs: Path | None, packages: Path) -> None:
    """Unpack a Debian package into a folder of its name, unless it is there already.

    Parameters
    ----------
    package : str
    debs : Path or None
        Where its .deb lies; None to download it.
    packages : Path
        Gets the folder.
    """
    if (packages / package).is_dir():
        return
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=packages) as folder:
        if debs is None:
            subprocess.run(["apt-get", "download", package], cwd=folder, check=True)
        found = sorted((debs or Path(folder)).glob(f"{package}_*.deb"))
        if not found:
            raise SystemExit(f"{debs} holds no {package}_*.deb; leave out --debs to download it")
        subprocess.run(["dpkg", "-x", found[-1], Path(folder) / package], check=True)
        (Path(folder) / package).rename(packages / package)


def make_set(name: str, packages: Path, sounds: Path, clips: Path) -> None:
    """Make one set: collect, drop duplicates, write both sides, print the census.

    Parameters
    ----------
    name : str
        A key of `SETS`.
    packages, sounds, clips : Path
        Where the packages are, and where the corpora and the shipped clips go.
    """
    recordings, duplicates = drop_duplicates(list(SETS[name].recordings(packages)))
    shipped = [recording for recording in recordings if recording.split == "test"]
    check_split(recordings)
    with replaced(clips / name) as folder:
        write_set(folder, shipped, SHIPPED_COLUMNS)
    if len(shipped) < len(recordings):
        with replaced(sounds / name) as folder:
            write_set(folder, recordings, CORPUS_COLUMNS)
            write_dropped(folder / "dropped.csv", duplicates)
    size = sum(path.stat().st_size for path in (clips / name).rglob("*.flac"))
    print_census(name, recordings, duplicates, size)


@contextlib.contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and put it in the place of the old one only when it is complete.

    What a listener would say is written by hand, and is kept.
    """
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    yield new
    if (folder / "listener.toml").exists():
        shutil.copy2(folder / "listener.toml", new)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def check_split(recordings: Sequence[Recording]) -> None:
    """Refuse a corpus with a group on two sides, a training label that never ships, or two files of one name."""
    sides = {(recording.clip.group, recording.split) for recording in recordings}
    torn = [group for group, count in Counter(group for group, _ in sides).items() if count > 1]
    labels = {recording.clip.label for recording in recordings}
    shipped = {recording.clip.label for recording in recordings if recording.split == "test"}
    names = Counter(recording.path for recording in recordings)
    twice = [name for name, count in names.items() if count > 1]
    if torn or twice or labels != shipped:
        raise SystemExit(f"on two sides: {torn}; twice: {twice}; labels that do not ship: {labels - shipped}")


def write_dropped(path: Path, duplicates: Sequence[Duplicate]) -> None:
    """Write which recordings were dropped as duplicates, and of what."""
    rows = [
        {
            "dropped": duplicate.dropped.source,
            "split": duplicate.dropped.split,
            "kept": duplicate.kept.source,
            "kept_split": duplicate.kept.split,
            "reason": duplicate.reason,
        }
        for duplicate in duplicates
    ]
    write_rows(path, rows, ("dropped", "split", "kept", "kept_split", "reason"))


def print_census(
    name: str, recordings: Sequence[Recording], duplicates: Sequence[Duplicate], shipped_bytes: int
) -> None:
    """Print how many clips of which class, group and length there are on each side."""
    print(f"\n{name}")
    for split in ("train", "valid", "test"):
        side = [recording for recording in recordings if recording.split == split]
        if not side:
            continue
        labels = Counter(str(recording.clip.label) for recording in side)
        seconds = [recording.clip.duration_seconds for recording in side]
        groups = {recording.clip.group for recording in side}
        print(f"  {split}: {len(side)} clips, {len(groups)} groups, {min(seconds):.2f}…{max(seconds):.2f} s")
        print("    " + ", ".join(f"{label} {count}" for label, count in sorted(labels.items())))
    reasons = Counter(
        (duplicate.kept.split, duplicate.dropped.split, duplicate.reason.split()[0]) for duplicate in duplicates
    )
    for (kept, dropped, reason), count in sorted(reasons.items()):
        print(f"  dropped from {dropped}: {count} equal to one in {kept} ({reason})")
    print(f"  ships: {shipped_bytes / 1e6:.2f} MB at {SAMPLE_RATE} Hz")


def write_overall_manifest(clips: Path) -> None:
    """Join the manifests of all shipped sets into one, with paths that start at its own folder."""
    rows: list[dict[str, str | None]] = []
    for manifest in sorted(clips.glob("*/manifest.csv")):
        name = manifest.parent.name
        with manifest.open(newline="", encoding="utf-8") as stream:
            rows += [{**row, "set": name, "path": f"{name}/{row['path']}"} for row in csv.DictReader(stream)]
    write_rows(clips / "manifest.csv", rows, ("path", "set", *SHIPPED_COLUMNS[1:]))


if __name__ == "__main__":
    main()
