"""Whether strangers' sound can break a run: mutants of small sound files, decoded one by one, analysed by the folder.

Run with ``python -m benchmarks.fuzz --n 20000 --seed 0``. A mutant is a small WAV, FLAC, OGG, MP3 or AIFF file with one
to three changes that know where its fields are: values of the header, sizes of chunks and blocks, cuts, flipped bits, a
body of another file, parts doubled or left out. The pages of an OGG get a true checksum again, or nothing behind it
would ever be reached. Case k of a seed is always the same file. Each is decoded; one of `SAMPLED` joins a folder of
`FOLDER` that ``audioinv analyze`` is given as a user gives it.

What must not be: a run that ends by signal or with a traceback, a file that takes longer than 10 s, a file of a folder
that is neither analysed nor in ``failures.csv``. A decoder that dies costs one file its row, and is counted.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import platform
import re
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from audioinv.errors import AudioinvError
from audioinv.sound.audio import load_clip

RESULTS = Path(__file__).parent / "results"
HANG_SECONDS = 10.0
SAMPLED = 25  # one mutant of so many is analysed too
FOLDER = 60
RATE = 16000

Generator = np.random.Generator
_EDGES = (0, 1, 2, 3, 127, 128, 255, 256, 32767, 32768, 65535, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


def make_seeds() -> dict[str, bytes]:
    """Return small sound files, one of each kind that is read in a way of its own."""
    rng = np.random.default_rng(0)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(3200) / RATE)
    sound = np.stack([tone, 0.1 * rng.standard_normal(3200)], axis=1)
    kinds = {
        "a.wav": ("WAV", "PCM_16"),
        "b.wav": ("WAV", "FLOAT"),
        "c.wav": ("WAV", "IMA_ADPCM"),
        "d.wav": ("WAVEX", "PCM_24"),
        "a.flac": ("FLAC", "PCM_16"),
        "b.flac": ("FLAC", "PCM_24"),
        "a.ogg": ("OGG", "VORBIS"),
        "b.ogg": ("OGG", "OPUS"),
        "a.mp3": ("MP3", "MPEG_LAYER_III"),
        "a.aiff": ("AIFF", "PCM_16"),
        "b.aiff": ("AIFF", "DOUBLE"),
    }
    seeds = {}
    for name, (container, subtype) in kinds.items():
        stream = io.BytesIO()
        soundfile.write(stream, sound, RATE, format=container, subtype=subtype)
        seeds[name] = stream.getvalue()
    return seeds


def find_fields(content: bytes) -> list[tuple[int, int]]:
    """Return where a file keeps numbers that steer its decoder: offsets and widths in bytes."""
    if content[:4] in (b"RIFF", b"FORM"):
        fields = [(4, 4)]
        for start, size in _chunks(content):
            fields.append((start + 4, 4))
            if size <= 64:  # of the chunks that describe; the sound itself is none
                fields += [(at, width) for width in (1, 2, 4) for at in range(start + 8, start + 8 + size, width)]
        return fields
    if content[:4] == b"fLaC":
        return [(4, 4), *((at, width) for width in (1, 2, 4) for at in range(8, 42, width))]
    if content[:4] == b"OggS":
        places = ((5, 1), (6, 4), (14, 4), (18, 4), (26, 1), (27, 1))
        return [(page + at, width) for page in _find_all(content, b"OggS") for at, width in places]
    return [(at, 4) for at in _find_all(content, content[:2])]


def _chunks(content: bytes) -> Iterator[tuple[int, int]]:
    order = ">" if content[:4] == b"FORM" else "<"
    at = 12
    while at + 8 <= len(content):
        size = struct.unpack_from(f"{order}I", content, at + 4)[0]
        yield at, size
        at += 8 + size + size % 2


def _find_all(content: bytes, sign: bytes) -> list[int]:
    found, at = [], content.find(sign)
    while at >= 0:
        found.append(at)
        at = content.find(sign, at + 1)
    return found


def set_field(content: bytes, _: bytes, rng: Generator) -> bytes:
    """Write a value of the edges, or any, into a field of the header."""
    fields = find_fields(content)
    if not fields:
        return content
    at, width = fields[rng.integers(len(fields))]
    value = int(rng.choice(_EDGES)) if rng.random() < 0.7 else int(rng.integers(2**32))
    order = "little" if rng.random() < 0.5 else "big"
    return _written(content, at, (value % 256**width).to_bytes(width, order))


def flip_bits(content: bytes, _: bytes, rng: Generator) -> bytes:
    """Flip some bits, anywhere or in the first bytes."""
    reach = len(content) if rng.random() < 0.5 else min(len(content), 128)
    flipped = bytearray(content)
    for at in rng.integers(reach, size=rng.integers(1, 17)) if reach else ():
        flipped[at] ^= 1 << int(rng.integers(8))
    return bytes(flipped)


def cut_short(content: bytes, _: bytes, rng: Generator) -> bytes:
    """Leave out the end."""
    return content[: int(rng.integers(len(content) + 1))]


def leave_out(content: bytes, _: bytes, rng: Generator) -> bytes:
    """Leave out a part."""
    first, last = np.sort(rng.integers(len(content) + 1, size=2))
    return content[:first] + content[last:]


def double(content: bytes, _: bytes, rng: Generator) -> bytes:
    """Say a part of up to 4 kB a few times."""
    first = int(rng.integers(len(content) + 1))
    part = content[first : first + int(rng.integers(1, 4096))]
    return content[:first] + part * int(rng.integers(2, 9)) + content[first + len(part) :]


def splice(content: bytes, other: bytes, rng: Generator) -> bytes:
    """Put the body of another file behind this one's head."""
    return content[: int(rng.integers(len(content) + 1))] + other[int(rng.integers(len(other) + 1)) :]


def fill(content: bytes, _: bytes, rng: Generator) -> bytes:
    """Fill a part with one byte, or with any."""
    first = int(rng.integers(len(content) + 1))
    n = min(int(rng.integers(1, 512)), len(content) - first)
    return _written(content, first, bytes([int(rng.choice((0, 255)))]) * n if rng.random() < 0.5 else rng.bytes(n))


def _written(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


MUTATIONS: tuple[Callable[[bytes, bytes, Generator], bytes], ...] = (
    set_field,
    set_field,
    set_field,
    flip_bits,
    cut_short,
    leave_out,
    double,
    splice,
    fill,
)
"""Fields of the header weigh most: that is where a few bytes steer everything."""


def mutant(seeds: dict[str, bytes], seed: int, case: int) -> tuple[str, bytes, tuple[str, ...]]:
    """Return a case: the name of its seed, what it holds, what was done to it."""
    rng = np.random.default_rng([seed, case])
    name, other = (list(seeds)[k] for k in rng.integers(len(seeds), size=2))
    content, done = seeds[name], []
    for _ in range(rng.integers(1, 4)):
        mutation = MUTATIONS[rng.integers(len(MUTATIONS))]
        content = mutation(content, seeds[other], rng)
        done.append(mutation.__name__)
    return name, true_checksums(content), tuple(done)


def true_checksums(content: bytes) -> bytes:
    """Give each page of an OGG the checksum of what it holds now (RFC 3533, section 6)."""
    for start in _find_all(content, b"OggS") if content[:4] == b"OggS" else ():
        if start + 27 > len(content):
            break
        n_segments = content[start + 26]
        end = start + 27 + n_segments + sum(content[start + 27 : start + 27 + n_segments])
        page = _written(content[start:end], 22, bytes(4))
        content = _written(content, start + 22, struct.pack("<I", _checksum(page)))
    return content


def _checksum(page: bytes) -> int:
    checksum = 0
    for byte in page:
        checksum = (checksum << 8 & 0xFFFFFFFF) ^ _TABLE[checksum >> 24 ^ byte]
    return checksum


def _entry(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value


_TABLE = [_entry(byte) for byte in range(256)]


@dataclass
class Tally:
    """What came of the cases."""

    n: int = 0
    decoded: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seeds: Counter[str] = field(default_factory=Counter)
    mutations: Counter[str] = field(default_factory=Counter)
    decoders_lost: list[int] = field(default_factory=list)
    hangs: list[int] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    analyzed_files: int = 0
    answered: int = 0
    rows: int = 0
    crashes: list[str] = field(default_factory=list)
    memory_mb: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def decode(case: int, path: Path, tally: Tally) -> None:
    """Decode one case and say what came of it."""
    started = time.perf_counter()
    try:
        load_clip(path, sample_rate=RATE)
        tally.decoded += 1
    except AudioinvError as error:
        reason = str(error).removeprefix(f"{path}: ")
        tally.refused[_kind(reason)] += 1
        if reason.startswith(("the decoder died", "to decode it")):
            tally.decoders_lost.append(case)
    except Exception as error:  # whatever it is, it is what is looked for
        tally.tracebacks.append(f"{case}: {type(error).__name__}: {error}")
    took = time.perf_counter() - started
    tally.slowest_seconds = max(tally.slowest_seconds, took)
    if took > HANG_SECONDS:
        tally.hangs.append(case)


def _kind(reason: str) -> str:
    """Return a reason without its numbers."""
    rule = re.sub(r"\d[\d.e+]*", "…", reason.partition(";")[0].partition(" (")[0])
    return rule.replace("channel,", "channels,")


def analyze(folder: Path, tally: Tally) -> None:
    """Analyse a folder of cases as a user does, and see that each file is accounted for."""
    n_mutants = sum(1 for _ in folder.iterdir())
    (folder / "sound.wav").write_bytes(make_seeds()["a.wav"])  # the control: it must be answered every time
    n_files = n_mutants + 1
    out = folder.parent / "out"
    command = [sys.executable, "-m", "audioinv", "analyze", str(folder), "--time=-10:10:10ms", "-o", str(out)]
    done = subprocess.run([*command, "--overwrite", "--no-progress"], capture_output=True, text=True, check=False)
    names = f"{min(folder.iterdir()).name} and {n_mutants - 1} more"
    if done.returncode not in (0, 3):
        tally.crashes.append(f"{names}: exit code {done.returncode}: {done.stderr[-500:]}")
        return
    if "Traceback" in done.stderr:
        tally.tracebacks.append(f"{names}: {done.stderr[-500:]}")
    with (out / "failures.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    n_answered = _count_clips(out)
    if not n_answered or len(rows) + n_answered != n_files or not all(row["stage"] and row["reason"] for row in rows):
        tally.crashes.append(f"{names}: {len(rows)} rows and {n_answered} clips")
    tally.analyzed_files += n_mutants
    tally.answered += n_answered - 1
    tally.rows += len(rows)


def _count_clips(out: Path) -> int:
    from audioinv.report.results import load_results

    return sum(len(responses.clips) for responses in load_results(out).responses.values())


def fuzz(n: int, seed: int, *, first: int = 0) -> Tally:
    """Make, decode and analyse cases ``first`` to ``first + n - 1`` of a seed."""
    seeds, tally, started = make_seeds(), Tally(n), time.perf_counter()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "clips"
        folder.mkdir()
        for case in range(first, first + n):
            name, content, done = mutant(seeds, seed, case)
            tally.seeds[name] += 1
            tally.mutations.update(done)
            path = folder / f"{case}.{name}"
            path.write_bytes(content)
            decode(case, path, tally)
            if case % SAMPLED:
                path.unlink()
            elif sum(1 for _ in folder.iterdir()) == FOLDER:
                analyze(folder, tally)
                for each in folder.iterdir():
                    each.unlink()
        if any(folder.iterdir()):
            analyze(folder, tally)
    tally.seconds = time.perf_counter() - started
    tally.memory_mb = {
        "this process": _peak(resource.RUSAGE_SELF),
        "analyze and decoders": _peak(resource.RUSAGE_CHILDREN),
    }
    return tally


def _peak(who: int) -> float:
    return round(resource.getrusage(who).ru_maxrss / 1024, 1)  # Linux counts in KiB


def table(tally: Tally, seed: int) -> str:
    """Return what came of it as Markdown."""
    rows = [
        ("mutants decoded one by one", f"{tally.n:,} (seed {seed})"),
        ("heard as sound", f"{tally.decoded:,}"),
        ("refused with a reason", f"{tally.refused.total():,}"),
        ("of these, decoders that died or were ended", f"{len(tally.decoders_lost)}"),
        ("slowest file", f"{tally.slowest_seconds:.2f} s"),
        ("files longer than 10 s", f"{len(tally.hangs)}"),
        ("tracebacks", f"{len(tally.tracebacks)}"),
        ("mutants given to `analyze`", f"{tally.analyzed_files:,}: {tally.answered} answered, {tally.rows} rows"),
        ("runs that ended otherwise", f"{len(tally.crashes)}"),
        *((f"peak memory of {who}", f"{size:,.0f} MB") for who, size in tally.memory_mb.items()),
    ]
    reasons = [f"| {reason} | {count} |" for reason, count in tally.refused.most_common(12)]
    lines = ["| what | how many |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows)]
    return "\n".join([*lines, "", "| reason | files |", "|---|---|", *reasons, ""])


def main() -> int:
    """Fuzz, keep the tally, print the table; 1 if anything happened that must not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=2000, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "fuzz.json")
    options = parser.parse_args()
    tally = fuzz(options.n, options.seed, first=options.first)
    machine = f"{platform.machine()}, Python {platform.python_version()}, libsndfile {soundfile.__libsndfile_version__}"
    found = {"seed": options.seed, "first": options.first, "machine": machine, **vars(tally)}
    options.output.write_text(json.dumps(found, indent=2) + "\n")
    options.output.with_suffix(".md").write_text(table(tally, options.seed))
    print(table(tally, options.seed))
    return 1 if tally.hangs or tally.tracebacks or tally.crashes else 0


if __name__ == "__main__":
    sys.exit(main())
