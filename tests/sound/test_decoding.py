"""The decoder beside this process: the same samples as here, and whatever it does, one error and a new one."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from types import SimpleNamespace

import fsspec
import numpy as np
import pytest
import soundfile

from audioinv.errors import AudioFileError, DecoderError
from audioinv.sound import decoder as decoder_program
from audioinv.sound import decoder_process, decoding
from audioinv.sound.audio import load_clip, write_audio
from audioinv.sound.decoding import open_sound, read_header
from audioinv.sound.places import at_hand, find_place
from audioinv.sound.recording import open_recording

# A library that does to its process what some file may one day make libsndfile do, by the name of the file.
SICK = """
import os, sys, time
here = os.path.dirname(__file__)
sys.path[:] = [path for path in sys.path if path != here]
del sys.modules["soundfile"]
import soundfile as real
class SoundFile(real.SoundFile):
    def __init__(self, file, *args, **kwargs):
        name = os.fsdecode(file) if isinstance(file, (str, bytes)) else file.read(9).decode("latin1")
        if not isinstance(file, (str, bytes)): file.seek(0)
        if "again" in name:
            while file.seek(0) == 0: file.read()
        if "crash" in name: os.kill(os.getpid(), 11)
        if "quit" in name: os._exit(7)
        if "hang" in name: time.sleep(60)
        if "greedy" in name: bytearray(2 << 30)
        if "chatty" in name: os.write(1, b"{}")
        super().__init__(file, *args, **kwargs)
    def buffer_read(self, *args, **kwargs):
        if "later" in os.fsdecode(self.name): os.abort()
        return super().buffer_read(*args, **kwargs)
real.SoundFile = SoundFile
sys.modules["soundfile"] = real
"""


@pytest.fixture
def sick(tmp_path, monkeypatch):
    """Decoders with that library, and a maker of files for them."""
    (tmp_path / "sick").mkdir()
    (tmp_path / "sick" / "soundfile.py").write_text(SICK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "sick"))
    decoder_process._dismiss()

    def make(name):
        write_audio(tmp_path / name, np.sin(np.arange(4000)) / 2, 8000)
        return tmp_path / name

    yield make
    decoder_process._dismiss()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("crash.wav", r"the decoder died of it \(signal 11, SIGSEGV\)"),
        ("later.wav", r"the decoder died of it \(signal 6, SIGABRT\)"),
        ("quit.wav", r"the decoder died of it \(exit code 7\)"),
        ("hang.wav", r"took longer than 0\.\d+ s"),
        ("greedy.wav", "needs more than 1024 MiB"),
    ],
)
def test_what_ends_a_decoder_is_one_error_and_the_next_file_is_read(sick, monkeypatch, name, words):
    control, path = sick("sound.wav"), sick(name)
    assert len(load_clip(control).waveform) == 4000
    if name == "hang.wav":
        monkeypatch.setattr(decoding, "PATIENCE_SECONDS", 0.5)
    with pytest.raises(AudioFileError, match=words) as caught:
        load_clip(path)
    assert isinstance(caught.value, DecoderError) == (name != "greedy.wav")  # what it needs, it needs the next time too
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert len(load_clip(control).waveform) == 4000


def test_what_a_library_prints_is_no_answer(sick):
    assert len(load_clip(sick("chatty.wav")).waveform) == 4000


def test_one_decoder_serves_file_after_file_from_any_working_folder(tmp_path, monkeypatch):
    serving = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        write_audio("sound.wav", np.full(100, 0.5 if name == "a" else 0.25), 8000)
        assert load_clip("sound.wav").waveform.max() == (0.5 if name == "a" else 0.25)
        serving.update(decoder._process.pid for decoder in decoder_process._idle)
    assert len(serving) == 1


def test_one_that_was_killed_while_it_waited_costs_no_file(tmp_path):
    write_audio(tmp_path / "a.wav", np.zeros(100), 8000)
    load_clip(tmp_path / "a.wav")
    for decoder in decoder_process._idle:
        os.kill(decoder._process.pid, signal.SIGKILL)
        decoder._process.wait()
    assert len(load_clip(tmp_path / "a.wav").waveform) == 100


def test_sounds_that_are_open_at_once_do_not_mix(tmp_path):
    for name, level in (("a", 0.5), ("b", -0.25)):
        write_audio(tmp_path / f"{name}.wav", np.full(3000, level), 8000)
    first, second = (open_recording(tmp_path / f"{name}.wav").blocks(8000, 0.1) for name in "ab")
    for one, other in zip(first, second, strict=True):
        assert set(one) == {0.5}
        assert set(other) == {-0.25}


def test_threads_do_not_mix_either(tmp_path):
    for number in range(4):
        write_audio(tmp_path / f"{number}.wav", np.full(2000, number / 8), 8000)
    heard = {}

    def hear(number):
        heard[number] = {float(value) for _ in range(5) for value in load_clip(tmp_path / f"{number}.wav").waveform}

    threads = [threading.Thread(target=hear, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {number: {number / 8} for number in range(4)}


def test_one_that_was_interrupted_at_an_answer_is_not_used_again(tmp_path, monkeypatch):
    write_audio(tmp_path / "a.wav", np.full(400, 0.5), 8000)
    write_audio(tmp_path / "b.wav", np.full(300, 0.25), 8000)
    real = decoder_process.Decoder._take_answer

    def interrupted(decoder, seconds, n_bytes=0):
        if n_bytes:
            raise KeyboardInterrupt
        return real(decoder, seconds, n_bytes)

    monkeypatch.setattr(decoder_process.Decoder, "_take_answer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_clip(tmp_path / "a.wav")
    monkeypatch.undo()
    assert set(load_clip(tmp_path / "b.wav").waveform) == {0.25}


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_the_samples_are_those_that_the_library_gives_here(tmp_path, rng, suffix):
    # More than are read at a time, so that blocks have to be put together.
    sound = (0.1 * rng.standard_normal((150_000, 2))).astype(np.float32)
    soundfile.write(tmp_path / f"a.{suffix}", sound, 44100)
    here, _ = soundfile.read(tmp_path / f"a.{suffix}", dtype="float32")
    np.testing.assert_array_equal(load_clip(tmp_path / f"a.{suffix}").waveform, here.mean(axis=1, dtype=np.float32))


def test_a_header_is_told_without_the_sound(tmp_path):
    soundfile.write(tmp_path / "a.flac", np.zeros((900, 2)), 22050)
    with open_sound(tmp_path / "a.flac") as sound:
        assert sound.header == decoding.Header(900, 22050, 2, "FLAC", "PCM_16")


@pytest.mark.parametrize(
    ("happen", "words"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_bytes(path.read_bytes() + b"more"), "changed while it was read"),
        (lambda path: os.utime(path, ns=(0, 0)), "changed while it was read"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "not a regular file"),
        (lambda _: None, None),
    ],
    ids=["vanishes", "grows", "is written anew", "becomes a pipe", "control"],
)
def test_a_file_that_is_not_the_same_at_the_end_is_refused(tmp_path, happen, words):
    path = tmp_path / "a.wav"
    write_audio(path, np.full(2000, 0.5), 8000)

    def read():
        with open_sound(path) as sound:
            happen(path)
            return sum(map(len, sound.blocks(100)))

    if words is None:
        assert read() == 2000
    else:
        with pytest.raises(AudioFileError, match=words):
            read()


def test_a_pipe_that_takes_the_place_of_a_file_is_waited_for_no_longer_than_the_limit(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    write_audio(path, np.full(2000, 0.5), 8000)
    monkeypatch.setattr(decoding, "PATIENCE_SECONDS", 0.5)
    state = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(decoding, "_state", lambda *_: state)
    started = time.monotonic()
    with pytest.raises(AudioFileError, match=r"longer than 0\.\d+ s|cannot be read as sound"):
        load_clip(path)
    assert time.monotonic() - started < 30


def test_a_decoder_that_does_not_start_says_so(tmp_path, monkeypatch):
    write_audio(tmp_path / "a.wav", np.zeros(100), 8000)
    (tmp_path / "soundfile.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    decoder_process._dismiss()
    with pytest.raises(AudioFileError, match=r"the decoder did not start .*exit code 1"):
        load_clip(tmp_path / "a.wav")


def test_a_system_that_has_no_room_for_a_process_is_one_error(tmp_path, monkeypatch):
    write_audio(tmp_path / "a.wav", np.zeros(100), 8000)

    def refuse(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    decoder_process._dismiss()
    monkeypatch.setattr(decoder_process.subprocess, "Popen", refuse)
    with pytest.raises(AudioFileError, match=r"did not start \(Resource temporarily unavailable\)"):
        load_clip(tmp_path / "a.wav")


def test_a_copy_of_what_lies_in_an_archive_may_be_used_by_others_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    soundfile.write(tmp_path / "a.wav", np.zeros(900), 22050)
    with zipfile.ZipFile(tmp_path / "sounds.zip", "w") as archive:
        archive.write(tmp_path / "a.wav", "a.wav")
    member = find_place(f"zip://a.wav::{tmp_path / 'sounds.zip'}")
    copy = at_hand(member)
    before = copy.stat().st_mtime_ns
    with open_sound(member):
        assert at_hand(member) == copy  # as another worker does
    assert copy.stat().st_mtime_ns == before
    with open_sound(member):
        os.utime(copy, ns=(0, 0))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe that nobody writes to")
def test_a_decoder_that_hangs_dies_without_anybody_to_end_it(tmp_path):
    os.mkfifo(tmp_path / "never.wav")
    program = [sys.executable, "-P", decoding.__file__.replace("decoding.py", "decoder.py"), str(1 << 30)]
    alone = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert alone.stdout.readline() == b'{"ready": true}\n'
    alone.stdin.write(json.dumps({"open": str(tmp_path / "never.wav"), "seconds": 1}).encode() + b"\n")
    alone.stdin.flush()
    assert alone.wait(30) == -signal.SIGALRM
    alone.stdin.close()
    alone.stdout.close()


# --- the parts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_samples", [1, 7, 100, 1000])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_blocks_are_as_long_as_is_asked_and_no_longer_than_a_read(tmp_path, rng, monkeypatch, n_samples, n_channels):
    sound = (0.1 * rng.standard_normal((250, n_channels))).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 8000, subtype="FLOAT")
    monkeypatch.setattr(decoding, "_VALUES_A_READ", 200)
    with open_sound(tmp_path / "a.wav") as opened:
        blocks = list(opened.blocks(n_samples))
    most = min(n_samples, 200 // n_channels)
    assert list(map(len, blocks)) == [*[most] * (250 // most), *([250 % most] if 250 % most else [])]
    np.testing.assert_array_equal(np.concatenate(blocks), sound.mean(axis=1, dtype=np.float32))


def facts(**other):
    return {
        **{"n_samples": 10, "sample_rate": 8000, "n_channels": 1, "format": "WAV", "subtype": "PCM_16"},
        **{"cut_short": False, **other},
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("sample_rate", 100, None),
        ("sample_rate", 1_000_000, None),
        ("sample_rate", 99, "a sample rate of 99 Hz; it must be 100 Hz to 1000000 Hz"),
        ("sample_rate", 1_000_001, "a sample rate of 1000001 Hz"),
        ("n_samples", 0, None),
        ("n_samples", 1 << 40, None),
        ("n_samples", (1 << 63) - 1, "does not say how long it is"),
        ("cut_short", True, "truncated; its header promises more"),
        ("refused", "no sound", r"cannot be read as sound \(no sound\)"),
        ("greedy", True, "needs more than 1024 MiB"),
    ],
)
def test_a_header_is_taken_if_it_can_be_true(tmp_path, name, value, words):
    if words is None:
        assert getattr(decoding._header(tmp_path, facts(**{name: value})), name) == value
    else:
        with pytest.raises(AudioFileError, match=words):
            decoding._header(tmp_path, facts(**{name: value}))


def test_limits_are_those_that_are_written_down(monkeypatch):
    assert decoding._patience(0) == decoding.PATIENCE_SECONDS == 8
    assert decoding._patience(60_000_000) == 8 + 3
    assert decoding.MOST_SAMPLES * np.dtype(np.float32).itemsize == 512 * 2**20
    assert decoding.MOST_SAMPLES / 48_000 // 60 == 46
    assert decoder_process.MOST_BYTES == 2**30


def test_an_order_lets_the_decoder_outlive_our_patience(monkeypatch):
    told = []
    monkeypatch.setattr(decoder_process.Decoder, "__init__", lambda _: None)
    monkeypatch.setattr(decoder_process.Decoder, "tell", lambda _, order: told.append(order))
    monkeypatch.setattr(decoder_process.Decoder, "_take_answer", lambda *_: ({}, b""))
    decoder_process.Decoder().ask({"read": 7}, 2.5)
    assert told[0]["read"] == 7
    assert 2.5 < told[0]["seconds"] < 10


@pytest.mark.parametrize(
    ("code", "said"),
    [(0, "exit code 0"), (3, "exit code 3"), (-9, "signal 9, SIGKILL"), (-1, "signal 1, SIGHUP"), (-99, "signal 99")],
)
def test_how_a_process_ended_is_said(code, said):
    assert decoder_process._how_ended(code) == said


@pytest.mark.parametrize("line", [b"", b"no json\n", b"[1]\n", b"7\n"])
def test_what_is_no_answer_is_none(line):
    assert decoder_process._read_facts(line) == {}
    assert decoder_process._read_facts(b'{"n_bytes": 8}\n') == {"n_bytes": 8}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (soundfile.LibsndfileError(1, "Error opening 'a: b.wav': "), "Format not recognised"),
        (RuntimeError("Error: the\nmiddle  of it..."), "the middle of it"),
        (RuntimeError("of nothing"), "of nothing"),
        (ValueError(), "ValueError"),
    ],
)
def test_what_a_library_says_is_one_line(error, said):
    assert decoder_program._reason(error) == said


def test_an_error_that_has_a_number_only_is_told_by_it():
    error = ValueError(" . ")
    error.code = 666
    assert decoder_program._reason(error) == "ValueError 666"


@pytest.mark.parametrize(
    ("log", "cut_short"),
    [
        ("  data : 800 (should be 400)\n", True),
        ("RIFF : 90\n data : 401 (should be 400)\n", True),
        ("  data : 400 (should be 400)\n", False),
        ("  data : 90 (should be 400)\n", False),  # as numbers, not as text
        ("  data : 400\n", False),
    ],
)
def test_a_header_that_promises_more_than_follows_is_cut_short(log, cut_short):
    class Log:
        extra_info = log

    assert decoder_program._is_cut_short(Log) == cut_short


def test_a_file_elsewhere_is_moved_about_in_as_any_other(monkeypatch):
    asked = []
    monkeypatch.setattr(decoder_program, "_answer", lambda _, facts: asked.append(facts["wanted"]))
    monkeypatch.setattr(decoder_program, "_end_after", lambda _: None)
    content = bytes(range(100))
    monkeypatch.setattr(
        decoder_program.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content[20:24] + content[98:] + content[99:]))
    )
    far = decoder_program._Elsewhere(io.BytesIO(), {"peek": 100, "seconds": 5})
    assert (far.readable(), far.seekable(), far.tell()) == (True, True, 0)
    assert [far.seek(*where) for where in ((30,), (-10, os.SEEK_CUR), (-500,), (3, os.SEEK_END), (20,))] == [
        30,
        20,
        0,
        103,
        20,
    ]
    buffer = bytearray(4)
    assert (far.readinto(buffer), bytes(buffer), far.tell()) == (4, content[20:24], 24)
    far.seek(-2, os.SEEK_END)
    assert (far.readinto(buffer), bytes(buffer[:2]), far.tell()) == (2, content[98:], 100)
    assert far.readinto(buffer) == 0
    far.seek(5, os.SEEK_CUR)
    assert far.readinto(buffer) == 0
    far.seek(-1, os.SEEK_END)
    assert (far.readinto(buffer), bytes(buffer[:1])) == (1, content[99:])
    assert asked == [[20, 4], [98, 2], [99, 1]]


# --- what lies elsewhere ----------------------------------------------------------------------------------------------

KINDS = {
    "a.wav": ("WAV", "PCM_16"),
    "b.wav": ("WAVEX", "FLOAT"),
    "a.flac": ("FLAC", "PCM_24"),
    "a.ogg": ("OGG", "VORBIS"),
    "b.ogg": ("OGG", "OPUS"),
    "a.mp3": ("MP3", "MPEG_LAYER_III"),
    "a.aiff": ("AIFF", "PCM_16"),
}


@pytest.fixture
def elsewhere(tmp_path):
    """A store, and a maker of places in it."""
    store = fsspec.filesystem("memory")
    store.store.clear()

    def put(name, content):
        store.pipe(f"/bucket/{name}", content)
        return find_place(f"memory://bucket/{name}")

    yield put
    store.store.clear()


@pytest.mark.parametrize("name", KINDS)
def test_a_header_elsewhere_says_what_it_says_here(tmp_path, elsewhere, rng, name):
    container, subtype = KINDS[name]
    path = tmp_path / name
    soundfile.write(path, 0.1 * rng.standard_normal((48_000, 2)), 16000, format=container, subtype=subtype)
    here = read_header(path)
    assert (here.sample_rate, here.n_channels, here.format) == (16000, 2, container)
    assert read_header(elsewhere(name, path.read_bytes())) == here
    with zipfile.ZipFile(tmp_path / "sounds.zip", "w") as archive:
        archive.write(path, name)
    assert read_header(find_place(f"zip://{name}::{tmp_path / 'sounds.zip'}")) == here


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff"])
def test_of_a_header_elsewhere_little_is_fetched(tmp_path, elsewhere, rng, monkeypatch, name):
    soundfile.write(tmp_path / name, 0.1 * rng.standard_normal(2_000_000), 16000)
    place, n_read = elsewhere(name, (tmp_path / name).read_bytes()), []
    read = type(place.fs.open(place.path)).read

    def counted(stream, n_bytes=-1):
        content = read(stream, n_bytes)
        n_read.append(len(content))
        return content

    monkeypatch.setattr(type(place.fs.open(place.path)), "read", counted)
    assert read_header(place).n_samples == 2_000_000
    assert 0 < sum(n_read) < 300_000 < (tmp_path / name).stat().st_size


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"crash", r"the decoder died of it \(signal 11, SIGSEGV\)"),
        (b"quit", r"the decoder died of it \(exit code 7\)"),
        (b"hang", r"took longer than 0\.\d+ s"),
        (b"greedy", "needs more than 1024 MiB"),
        (b"again", "its decoder wants to see it again and again"),
    ],
)
def test_what_ends_a_decoder_elsewhere_is_one_error_and_the_next_file_is_read(
    sick, elsewhere, monkeypatch, content, words
):
    whole, place = elsewhere("sound.wav", sick("sound.wav").read_bytes()), elsewhere("sick.wav", content * 9000)
    if content == b"hang":
        monkeypatch.setattr(decoding, "PATIENCE_SECONDS", 0.5)
    with pytest.raises(AudioFileError, match=words) as caught:
        read_header(place)
    assert str(caught.value).startswith(f"{place}: ")
    assert read_header(whole).n_samples == 4000


def test_what_is_no_sound_elsewhere_is_refused_as_it_is_here(tmp_path, elsewhere):
    write_audio(tmp_path / "whole.wav", np.zeros(4000), 8000)
    for name, content in (
        ("empty.wav", b""),
        ("text.wav", b"no sound"),
        ("cut.wav", (tmp_path / "whole.wav").read_bytes()[:-100]),
    ):
        (tmp_path / name).write_bytes(content)
        reasons = []
        for place in (tmp_path / name, elsewhere(name, content)):
            with pytest.raises(AudioFileError) as caught:
                read_header(place)
            reasons.append(str(caught.value).removeprefix(f"{place}: "))
        assert reasons[0] == reasons[1]
    with pytest.raises(AudioFileError, match="no such file"):
        read_header(find_place("memory://bucket/gone.wav"))


def test_a_store_that_breaks_off_costs_one_error(tmp_path, elsewhere, monkeypatch):
    write_audio(tmp_path / "a.wav", np.zeros(4000), 8000)
    place = elsewhere("a.wav", (tmp_path / "a.wav").read_bytes())
    with monkeypatch.context() as broken:

        def refuse(*_):
            raise ConnectionError("gone away")

        broken.setattr(type(place.fs.open(place.path)), "read", refuse)
        with pytest.raises(AudioFileError, match=r"a\.wav: cannot be read \(gone away\)"):
            read_header(place)
    assert read_header(place).n_samples == 4000
    assert len(load_clip(tmp_path / "a.wav").waveform) == 4000


def test_a_decoder_that_waits_for_bytes_ends_with_who_should_give_them(tmp_path):
    program = [sys.executable, "-P", decoding.__file__.replace("decoding.py", "decoder.py"), str(1 << 30)]
    alone = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert alone.stdout.readline() == b'{"ready": true}\n'
    alone.stdin.write(json.dumps({"peek": 1000, "seconds": 20}).encode() + b"\n")
    alone.stdin.flush()
    assert json.loads(alone.stdout.readline()) == {"wanted": [0, 1000]}
    alone.stdin.close()
    assert alone.wait(30) == 0
    alone.stdout.close()
