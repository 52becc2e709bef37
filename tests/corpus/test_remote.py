"""Archives and stores: the same corpus as from the folder on this disk, and nothing written where it should not be."""

import io
import pickle
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import fsspec
import numpy as np
import pytest

from audioinv.corpus.census import take_census
from audioinv.corpus.layouts import read_corpus
from audioinv.errors import AudioFileError, InputError
from audioinv.sound import places
from audioinv.sound.audio import load_clip
from audioinv.sound.recording import open_recording
from audioinv.sweep.units import Unit, name_of

pytestmark = pytest.mark.usefixtures("local_copies")

ARCHIVES = {"zip": "zip", "tar": "tar", "tar.gz": "gztar", "tgz": "gztar", "tar.bz2": "bztar"}
SETS = ["ESC-50", "UrbanSound8K", "speech_commands", "AudioMNIST", "audiofolder", "annotated"]


def pack(root, suffix):
    """Pack a folder with its own name on top, as downloads are."""
    made = Path(shutil.make_archive(str(root), ARCHIVES[suffix], root.parent, root.name))
    return made.rename(root.with_name(f"{root.name}.{suffix}"))


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield store
    store.store.clear()


def told_of(corpus, root):
    """Everything but where it lies; a group that is a path, by its file."""
    return sorted(
        (
            str(entry.path).partition("::")[0].rpartition(f"{root}/")[2],
            entry.label,
            (entry.group or "").partition("::")[0].rpartition("/")[2],
            entry.split,
            entry.fold,
            entry.start_seconds,
            entry.end_seconds,
        )
        for entry in corpus.entries
    )


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_an_archive_is_the_folder_in_it(tree, name, suffix):
    root = tree(name)
    archive = pack(root, suffix)
    here, there = read_corpus(root), read_corpus(archive)
    assert there.layout == here.layout
    assert told_of(there, name) == told_of(here, name)
    assert there.failures == ()
    assert take_census(there).n_readable == len(here.entries)


@pytest.mark.parametrize("suffix", [*ARCHIVES])
def test_a_clip_from_an_archive_is_the_clip(tree, suffix):
    root = tree("ESC-50")
    here = {entry.path.name: entry.load() for entry in read_corpus(root).entries}
    there = read_corpus(pack(root, suffix)).entries
    for entry in there[:5]:
        clip = entry.load()
        np.testing.assert_array_equal(clip.waveform, here[entry.path.name].waveform)
        assert clip.name == str(entry.path)
        np.testing.assert_array_equal(load_clip(clip.name).waveform, clip.waveform)  # a name that finds it again


@pytest.mark.parametrize("name", SETS)
def test_a_store_is_the_folder_in_it(tree, memory, name):
    root = tree(name)
    memory.put(str(root), f"/bucket/{name}", recursive=True)
    here, there = read_corpus(root), read_corpus(f"memory://bucket/{name}")
    assert told_of(there, name) == told_of(here, name)
    assert there.layout == here.layout
    assert there.failures == ()
    for entry in there.entries[:2]:
        twin = next(e for e in here.entries if (e.path.name, e.label) == (entry.path.name, entry.label))
        np.testing.assert_array_equal(entry.load(8000).waveform, twin.load(8000).waveform)


def test_a_url_that_went_through_a_path_is_understood(tree, memory):
    memory.put(str(tree("ESC-50")), "/bucket/esc", recursive=True)
    assert read_corpus(Path("memory://bucket/esc")).entries == read_corpus("memory://bucket/esc").entries


def test_an_archive_in_a_store(tree, memory):
    archive = pack(tree("AudioMNIST"), "zip")
    memory.put(str(archive), "/bucket/digits.zip")
    corpus = read_corpus("memory://bucket/digits.zip")
    assert (corpus.layout, len(corpus.entries), corpus.failures) == ("AudioMNIST", 20, ())
    assert corpus.entries[0].load().duration_seconds > 0.1


def test_a_manifest_in_a_store_names_what_lies_below_it(tree, memory):
    memory.put(str(tree("audiofolder")), "/bucket/drums", recursive=True)
    rows = ["path,label", "train/00.wav,kick", "../drums/train/01.wav,snare", "/bucket/drums/train/01.wav,snare"]
    memory.pipe("/bucket/drums/list.csv", "\n".join(rows).encode())
    corpus = read_corpus("memory://bucket/drums/list.csv")
    assert [entry.label for entry in corpus.entries] == ["kick"]
    reason = "a path out of the manifest's folder; in an archive or a store it must lie below"
    assert [failure.reason for failure in corpus.failures] == [reason, reason]


def test_one_sound_of_a_store_and_of_an_archive(tree, memory):
    root = tree("AudioMNIST")
    sound = root / "data/01/0_01_0.wav"
    memory.put(str(sound), "/bucket/zero.wav")
    archive = pack(root, "zip")
    sources = ["memory://bucket/zero.wav", f"zip://AudioMNIST/data/01/0_01_0.wav::{archive}"]
    for entry in read_corpus(*sources).entries:
        np.testing.assert_array_equal(entry.load().waveform, load_clip(sound).waveform)


def test_a_recording_of_a_store_is_read_by_blocks(tree, memory):
    sound = tree("annotated") / "audacity/session.wav"
    memory.put(str(sound), "/bucket/session.wav")
    blocks = open_recording("memory://bucket/session.wav", start_seconds=0.5).blocks(16000, 0.1)
    np.testing.assert_array_equal(np.concatenate([*blocks]), load_clip(sound).waveform[8000:])


def test_entries_travel_to_workers_and_units_keep_their_names(tree, memory):
    memory.put(str(tree("ESC-50")), "/bucket/esc", recursive=True)
    for corpus in (read_corpus("memory://bucket/esc"), read_corpus(pack(tree("AudioMNIST"), "tar.gz"))):
        entry = corpus.entries[3]
        again = pickle.loads(pickle.dumps(entry))
        np.testing.assert_array_equal(again.load().waveform, entry.load().waveform)
        assert name_of(Unit(0, (again,))) == name_of(Unit(0, (entry,)))


# --- fetched once, and again when it changed


def test_a_sound_is_fetched_once_and_again_when_another_lies_there(tree, memory, local_copies, monkeypatch):
    root = tree("AudioMNIST")
    one, two = sorted(root.rglob("*.wav"))[:2]
    memory.put(str(one), "/bucket/a.wav")
    opened, plain_open = [], type(memory).open

    def note(store, path, *args, **options):
        opened.append(path)
        return plain_open(store, path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(type(memory), "open", note)
        for _ in range(3):
            np.testing.assert_array_equal(load_clip("memory://bucket/a.wav").waveform, load_clip(one).waveform)
    assert len(opened) == 1
    assert len([*local_copies.iterdir()]) == 1
    memory.put(str(two), "/bucket/a.wav")
    np.testing.assert_array_equal(load_clip("memory://bucket/a.wav").waveform, load_clip(two).waveform)


class Web:
    """A store as fsspec has it for HTTP, where the name of a file never changes with what lies there."""

    protocol = ("http", "https")

    def __init__(self, content, **headers):
        self.content, self.headers, self.n_fetched = content, headers, 0

    def info(self, name):
        return {"name": name, "size": len(self.content), **self.headers}

    def ukey(self, name):
        return name

    def invalidate_cache(self, path=None):
        pass

    def open(self, name, mode):
        self.n_fetched += 1
        return io.BytesIO(self.content)


class Page:
    """A place in it."""

    protocol, path = "http", "http://nowhere.example/a.wav"

    def __init__(self, store):
        self.fs = store

    def __str__(self):
        return self.path


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
def test_a_sound_of_the_web_is_fetched_again_when_its_headers_say_another(local_copies, monkeypatch, header):
    store = Web(b"one", **{header: "1"})
    for process in ("this", "another"):
        monkeypatch.setattr(places, "_THIS_PROCESS", process)
        assert places.at_hand(Page(store)).read_bytes() == b"one"
    assert store.n_fetched == 1
    store.content, store.headers = b"two", {header: "2"}
    assert places.at_hand(Page(store)).read_bytes() == b"two"


def test_a_sound_of_the_web_without_such_headers_is_kept_for_one_process(local_copies, monkeypatch):
    store = Web(b"one")
    for _ in range(2):
        places.at_hand(Page(store))
    assert store.n_fetched == 1
    monkeypatch.setattr(places, "_THIS_PROCESS", "another")
    store.content = b"two"  # as long as the first
    assert places.at_hand(Page(store)).read_bytes() == b"two"


def test_a_store_is_asked_and_not_what_it_remembers(memory, monkeypatch, local_copies):
    memory.pipe("/bucket/a.wav", b"one")
    forgotten = []
    monkeypatch.setattr(type(memory), "invalidate_cache", lambda _, path=None: forgotten.append(path))
    places.at_hand(places.find_place("memory://bucket/a.wav"))
    assert forgotten == ["/bucket/a.wav"]


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("far", [False, True])
def test_a_member_is_fetched_again_when_the_archive_is_another(tmp_path, memory, monkeypatch, suffix, far):
    for content in (b"one", b"two"):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / "a.wav").write_bytes(content)
        archive = pack(tmp_path / "set", suffix)
        if far:
            memory.put(str(archive), f"/bucket/set.{suffix}")
            places._far_archive_state.cache_clear()  # as in another process
        protocol = "zip" if suffix == "zip" else "tar"
        place = places.find_place(f"{protocol}://set/a.wav::{f'memory://bucket/set.{suffix}' if far else archive}")
        monkeypatch.setattr("fsspec.archive.AbstractArchiveFileSystem.ukey", lambda _, path: path)  # says no more
        assert places.at_hand(place).read_bytes() == content
        assert places.at_hand(place).read_bytes() == content


# --- what must not happen


def test_no_member_of_an_archive_is_written_under_its_name(tree, tmp_path, local_copies):
    sound = next(tree("AudioMNIST").rglob("*.wav")).read_bytes()
    names = ["../../escaped.wav", "/escaped.wav", "kick/../../escaped.wav", "kick/a.wav"]
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for name in names:
            archive.writestr(name, sound)
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(sound)
            archive.addfile(info, io.BytesIO(sound))
    before = {path for path in tmp_path.rglob("*") if local_copies not in path.parents}
    for name in ("bad.zip", "bad.tar.gz"):
        corpus = read_corpus(tmp_path / name)
        assert "kick" in corpus.labels
        for entry in corpus.entries:
            try:
                entry.load()
            except AudioFileError as error:
                assert "no such file" in str(error)  # noqa: PT017
    after = {path for path in tmp_path.rglob("*") if local_copies not in path.parents}
    assert after - before <= {local_copies, local_copies.parent}
    assert all(len(path.name) == 64 for path in local_copies.iterdir())
    assert not Path("/escaped.wav").exists()


def test_a_link_in_an_archive_does_not_reach_this_disk(tree, tmp_path):
    secret = next(tree("AudioMNIST").rglob("*.wav"))
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        info = tarfile.TarInfo("kick/a.wav")
        info.type, info.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(info)
    corpus = read_corpus(tmp_path / "links.tar")
    for entry in corpus.entries:
        with pytest.raises((AudioFileError, InputError)):
            entry.load()


def test_a_member_that_swells_is_refused(tmp_path, monkeypatch, local_copies):
    from audioinv.sound.local_copies import LocalCopies

    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kick/a.wav", bytes(1 << 20))
    monkeypatch.setattr(places, "usual_copies", lambda: LocalCopies(local_copies, limit_bytes=1 << 16))
    (entry,) = read_corpus(tmp_path / "bomb.zip").entries
    with pytest.raises(InputError, match=r"kick/a\.wav::.*larger than the .* GiB that copies may take"):
        entry.load()
    assert [*local_copies.iterdir()] == []


def test_a_list_that_swells_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_MAX_TEXT_BYTES", 1 << 16)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.csv", b"path\n" + bytes(1 << 20))
    (failure,) = read_corpus(tmp_path / "bomb.zip").failures
    assert failure.reason == "larger than 256 MiB; save it as Parquet, or in parts"


# --- what is said


def test_a_store_whose_library_is_missing_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    fsspec.filesystem("memory").clear_instance_cache()
    with pytest.raises(InputError) as caught:
        read_corpus("s3://bucket/clips")
    assert str(caught.value) == "s3://bucket/clips: Install s3fs to access S3: pip install 'audioinv[s3]'"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nosuch://bucket/clips", r"nosuch://bucket/clips: cannot be opened \(.*nosuch"),
        ("zip://::nowhere.zip", r"zip://::nowhere\.zip: cannot be opened \(.*nowhere\.zip"),
    ],
)
def test_a_url_that_cannot_be_opened_is_one_line(url, said):
    with pytest.raises(InputError, match=said) as caught:
        read_corpus(url)
    assert "\n" not in str(caught.value)


def test_what_a_store_has_not_is_a_failure(memory):
    assert read_corpus("memory://bucket/none").failures[0].reason == "no such file or folder"
    with pytest.raises(AudioFileError, match=r"memory://bucket/none\.wav: no such file"):
        load_clip("memory://bucket/none.wav")


def test_an_archive_that_is_none_is_one_line(tmp_path):
    for name in ("a.zip", "a.tar.gz", "a.tar"):
        (tmp_path / name).write_bytes(b"no archive")
        with pytest.raises(InputError, match="cannot be opened") as caught:
            read_corpus(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_an_archive_among_sounds_is_passed_over_with_a_word(tree):
    root = tree("audiofolder") / "train"
    (root / "metadata.csv").unlink()
    Path(shutil.make_archive(str(root.parent / "more"), "zip", root)).rename(root / "more.zip")
    (skipped,) = read_corpus(root).skipped
    assert skipped.reason == "not a sound file; name it as an input to read what it holds"


def test_one_folder_on_top_is_a_wrapper_unless_it_is_a_class(tree, tmp_path):
    root = tree("AudioMNIST")
    for part in ("set/kick", "set/snare"):
        shutil.copytree(root / "data/01", tmp_path / part)
    assert read_corpus(pack(tmp_path / "set", "zip")).labels == ("kick", "snare")
    alone = shutil.copytree(root / "data/01", tmp_path / "kick")
    assert read_corpus(pack(alone, "zip")).labels == ("kick",)
