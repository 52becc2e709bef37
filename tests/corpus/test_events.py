"""Events as people write them down."""

import pytest

from audioinv.corpus.events import Event, read_events
from audioinv.errors import InputError


def read(tmp_path, text, name="events.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_events(tmp_path / name)


EXPECTED = (Event("dog", 0.5, 0.75), Event("cat, small", 2.0, 2.0))


def test_an_audacity_label_track(tmp_path):
    text = "2.0\t2.0\tcat, small\n\\\t100.0\t200.0\n0.5\t0.75\tdog\n"
    assert read(tmp_path, text, "labels.txt") == EXPECTED


@pytest.mark.parametrize(
    "text",
    [
        'onset,end,label\n0.5,0.75,dog\n2,,"cat, small"\n',
        "\ufeffonset;offset;event_label\n2.0;2.0;cat, small\n0.5;0.75;dog\n",
        "filename\tonset\toffset\tevent_label\na.wav\t0.5\t0.75\tdog\na.wav\t2.0\t2.0\tcat, small\n",
        "Start,Class,End\n0.5,dog,0.75\n\n2.0,'x',2.0\n".replace("'x'", '"cat, small"'),
    ],
)
def test_tables_in_their_usual_spellings(tmp_path, text):
    assert read(tmp_path, text) == EXPECTED


def test_an_onset_alone_is_a_moment(tmp_path):
    assert read(tmp_path, "label,onset\ndog,1.5\n") == (Event("dog", 1.5, 1.5),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.5\t0.75\tdog\n1.0\t0.5\tdog\n", "line 2: onset 1.0 s and end 0.5 s must be"),
        ("0.5\t0.75\tdog\nsome words\n", "line 2: .*an event is ONSET<tab>END<tab>LABEL"),
        ("onset,label\n1.0,\n", "line 2: the event has no label"),
        ("onset,label\nsoon,dog\n", "line 2: could not convert"),
        ("onset,label,end\n1.0,dog\n", "line 2: "),
        ("-1\t0\tdog\n", "must be 0 or more"),
        ("nan\t1\tdog\n", "must be 0 or more"),
        ("", "holds no events"),
        ("onset,label\n", "holds no events"),
    ],
)
def test_what_is_no_event_is_named_by_its_line(tmp_path, text, why):
    with pytest.raises(InputError, match=why):
        read(tmp_path, text)


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "sound.wav").write_bytes(b"RIFF\xff\xfe")
    with pytest.raises(InputError, match="cannot be read as text"):
        read_events(tmp_path / "sound.wav")
    with pytest.raises(InputError, match="cannot be read as text"):
        read_events(tmp_path / "missing.txt")
