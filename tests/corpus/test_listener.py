"""What a listener would say: read as written, found beside the corpus, refused with the place of the mistake."""

import pytest

from audioinv.corpus.listener import NO_LISTENER, Expectation, ListenerFile, find_listener, read_listener
from audioinv.errors import InputError
from audioinv.nets.library import shipped_folder
from audioinv.sound.grid import AXES, parse_grid

WRITTEN = """
corpus = "which bird?"
[[change]]
axis = "gain"
grid = "-6:6:6dB"
listener = "invariant"
why = "near or far"
[[change]]
axis = "noise"
grid = "pink:0:20:10dB"
"""


def test_a_file_says_what_stands_in_it(tmp_path):
    path = tmp_path / "listener.toml"
    path.write_text(WRITTEN)
    found = read_listener(path)
    assert (found.corpus, found.source) == ("which bird?", str(path))
    gain, noise = found.expectations
    assert gain == Expectation(parse_grid("gain", "-6:6:6dB"), "invariant", "near or far")
    assert (noise.listener, noise.grid.variant) == ("unknown", "pink")


def test_it_is_found_in_the_folder_or_above(tmp_path):
    (tmp_path / "birds" / "wren").mkdir(parents=True)
    (tmp_path / "birds" / "listener.toml").write_text(WRITTEN)
    for inputs in (["birds"], ["birds/wren"], ["birds/wren/1.wav"]):
        assert find_listener([tmp_path / name for name in inputs]).corpus == "which bird?"
    (tmp_path / "other" / "deep" / "down").mkdir(parents=True)
    assert find_listener([tmp_path / "other" / "deep"]) is NO_LISTENER
    assert find_listener([]) is NO_LISTENER


def test_without_a_file_every_axis_is_swept_and_nothing_wished():
    assert {one.grid.axis for one in NO_LISTENER.expectations} == set(AXES) - {"bins"}
    assert {one.listener for one in NO_LISTENER.expectations} == {"unknown"}
    assert NO_LISTENER.author == "nobody"


def test_wishes_without_a_file_are_the_callers():
    wish = Expectation(parse_grid("gain", "6dB"), "invariant")
    assert ListenerFile("", (wish,)).author == "the caller"
    assert ListenerFile("", (wish,), "l.toml").author == "l.toml"


@pytest.mark.parametrize("corpus", ["drums", "instruments", "tones", "digits"])
def test_shipped_declarations_can_be_read_and_say_why(corpus):
    found = read_listener(shipped_folder("clips") / corpus / "listener.toml")
    assert {one.listener for one in found.expectations} == {"invariant", "change", "unknown"}
    assert all(one.why for one in found.expectations)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "declares no change"),
        ("[[change", "cannot be read as TOML"),
        ('[[change]]\naxis = "gain"', "change 1 needs axis and grid"),
        ('[[change]]\naxis = "gain"\ngrid = "6dB"\nwish = "no"', "change 1 needs axis and grid"),
        ('[[change]]\naxis = "gain"\ngrid = "6ms"', "change 1: gain='6ms': the unit ms does not fit"),
        ('[[change]]\naxis = "gain"\ngrid = "6dB"\nlistener = "maybe"', "listener='maybe' is not one of"),
        ('[[change]]\naxis = "gain"\ngrid = "0dB"', "holds no change"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path, text, message):
    path = tmp_path / "listener.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_listener(path)
    assert str(path) in str(caught.value)
    with pytest.raises(InputError, match="cannot be read"):
        read_listener(tmp_path / "nothing.toml")
