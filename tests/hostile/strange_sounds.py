"""Sound files as strangers make them: the smallest of each kind of lie, and names that nobody should use.

What is here: `wav`, `written`, `floats`, `SOUNDS`, `NAMES`, `SAID`, `make_files`.
"""

import io
import os
import socket
import struct

import numpy as np
import soundfile

RATE = 16000
TONE = (0.3 * np.sin(2 * np.pi * 300 * np.arange(4800) / RATE)).astype(np.float32)


def wav(samples=b"\0\1" * 1000, *, n_channels=1, sample_rate=RATE, bits=16, tag=1, n_bytes=None, block=None):
    """Return a WAV file in which every field of the header can lie."""
    block = n_channels * bits // 8 if block is None else block
    each = (tag, n_channels & 0xFFFF, sample_rate, sample_rate * block & 0xFFFFFFFF, block & 0xFFFF, bits)
    n_bytes = len(samples) if n_bytes is None else n_bytes
    head = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, *each) + b"data" + struct.pack("<I", n_bytes)
    return b"RIFF" + struct.pack("<I", 36 + len(samples)) + head + samples


def written(form, samples=TONE, sample_rate=RATE, **options):
    """Return a sound file as soundfile writes it."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, sample_rate, format=form, **options)
    return stream.getvalue()


def floats(*values):
    """Return a WAV file of floats, sound with these values in it."""
    samples = TONE.copy()
    samples[100 : 100 + len(values)] = values
    return wav(samples.tobytes(), bits=32, tag=3)


def _replaced(content, at, new):
    return content[:at] + new + content[at + len(new) :]


def _half(content):
    return content[: len(content) // 2]


_FLAC, _AIFF, _OGG, _MP3, _AU = (written(form) for form in ("FLAC", "AIFF", "OGG", "MP3", "AU"))
_FRAMES_OF_AIFF = _AIFF.index(b"COMM") + 10
_TRUNCATED, _NO_SOUND, _RATE = "truncated", "cannot be read as sound", "it must be 100 Hz to 1000000 Hz"

SOUNDS = {
    "data of 4 GB in 2 kB.wav": (wav(n_bytes=2**32 - 1), _TRUNCATED),
    "data of 2 GB and a byte.wav": (wav(n_bytes=2**31 + 1), _TRUNCATED),
    "no channel.wav": (wav(n_channels=0), _NO_SOUND),
    "65535 channels.wav": (wav(n_channels=65535), _NO_SOUND),
    "1024 channels and no frame.wav": (wav(n_channels=1024), "holds no samples"),
    "0 Hz.wav": (wav(sample_rate=0), _NO_SOUND),
    "1 Hz.wav": (wav(sample_rate=1), _RATE),
    "10 MHz.wav": (wav(sample_rate=10_000_000), "a sample rate of 10000000 Hz"),
    "2 GHz.wav": (wav(sample_rate=2**31 - 1), _RATE),
    "4 GHz.wav": (wav(sample_rate=2**32 - 1), _NO_SOUND),
    "0 bits.wav": (wav(bits=0), _NO_SOUND),
    "unknown code.wav": (wav(tag=0x7777), _NO_SOUND),
    "only a header.wav": (wav(b""), "holds no samples"),
    "four bytes.wav": (b"RIFF", _NO_SOUND),
    "nan.wav": (floats(np.nan), "1 of 4800 samples are NaN or infinite"),
    "infinities.wav": (floats(np.inf, -np.inf), "2 of 4800 samples are NaN or infinite"),
    "largest floats.wav": (floats(3e38, -3e38), "samples peak at 3e+38"),
    "denormals.wav": (wav(np.full(4800, 1e-42, np.float32).tobytes(), bits=32, tag=3), "silent"),
    "zeros.wav": (wav(bytes(9600)), "silent"),
    "one sample.wav": (wav(b"\0\1"), "shorter than one frame"),
    "half.flac": (_half(_FLAC), _NO_SOUND),
    "no length.flac": (_replaced(_FLAC, 21, bytes([_FLAC[21] & 0xF0, 0, 0, 0, 0])), "does not say how long it is"),
    "4 billion frames.aiff": (_replaced(_AIFF, _FRAMES_OF_AIFF, b"\xff" * 4), None),
    "zeros behind the head.ogg": (_OGG[:200] + bytes(2000), _NO_SOUND),
    "noise.mp3": (np.random.default_rng(0).bytes(3000), _NO_SOUND),
    "tag of 256 MB.mp3": (b"ID3\4\0\0\x7f\x7f\x7f\x7f" + _MP3, _NO_SOUND),
    "poem.wav": (b"I am a poem\n" * 20, _NO_SOUND),
    "page.wav": (b"<html><script>alert(1)</script></html>" * 9, _NO_SOUND),
    "empty.wav": (b"", "0 bytes"),
    "pickle.wav": (b"\x80\4\x95\0\0\0\0\0\0\0\0cos\nsystem\n", _NO_SOUND),
    "length unknown.au": (_replaced(_AU, 8, b"\xff" * 4), None),
    "level.wav": (wav(struct.pack("<h", 16384) * 4800), None),
    "square.wav": (wav(struct.pack("<hh", 32767, -32768) * 2400), None),
}
"""What strangers hand in, and what is said of it; None where it is analysed."""
NAMES = {
    "line\nbreak.wav": None,
    "'quote\" & <b>.wav": None,
    "\u202egnp.wav": None,
    "=cmd|' !A0.wav": None,
    "%s {0} \\x.wav": None,
    "n" * 251 + ".wav": None,
    os.fsdecode(b"\xff\xfe.wav"): "not valid UTF-8",
}
"""Names of files that hold plain sound, and what is said of them; None where they are analysed."""


def make_files(folder):
    """Write all of it into a folder, the working folder, with what is no file at all among it."""
    for name, (content, _) in SOUNDS.items():
        (folder / name).write_bytes(content)
    for name in NAMES:
        (folder / name).write_bytes(wav((TONE * 32767).astype("<i2").tobytes()))
    with (folder / "24 hours.wav").open("wb") as stream:  # sparse: it takes no room
        stream.write(wav(b"", sample_rate=8000, n_bytes=24 * 3600 * 16000))
        stream.truncate(44 + 24 * 3600 * 16000)
    os.mkfifo(folder / "pipe.wav")
    (folder / "device.wav").symlink_to("/dev/zero")
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    (folder / "gone.wav").symlink_to(folder / "nowhere")
    (folder / "round").mkdir()
    (folder / "round" / "again").symlink_to(folder)
    with socket.socket(socket.AF_UNIX) as wire:
        wire.bind(os.path.relpath(folder / "socket.wav"))


SAID = {
    **{name: said for name, (_, said) in SOUNDS.items()},
    **NAMES,
    "24 hours.wav": "24 hours in 1 channel, above the 512 MiB",
    **dict.fromkeys(
        ("pipe.wav", "device.wav", "loop.wav", "gone.wav", "socket.wav"), "a broken link, or no regular file"
    ),
    "again": "a linked folder",
}
"""What is said of each of the files."""
