"""What a log says of a long job: a line each tenth, with how fast it goes now and how long that will take."""

import pytest

from audioinv.cli import progress as told


@pytest.fixture
def clock(monkeypatch):
    """Time that passes when it is told to."""
    now = [100.0]
    monkeypatch.setattr(told.time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_a_line_each_tenth_with_rate_and_remaining_time(clock, capsys):
    with told.progress(40, "analysing", shown=True) as advance:
        for _ in range(40):
            clock(2)
            advance("clip")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "analysing 4/40, 30/min, about 72 s left"
    assert lines[-1] == "analysing 36/40, 30/min, about 8 s left"
    assert len(lines) == 9


def test_what_was_done_before_does_not_make_it_look_fast(clock, capsys):
    with told.progress(1000, "analysing", shown=True) as advance:
        for step in range(700):
            clock(0.001 if step < 500 else 1)  # an interrupted run: half of it is there
            advance("clip")
    assert capsys.readouterr().err.splitlines()[-1] == "analysing 700/1000, 1.0/s, about 5 min left"


def test_short_work_says_nothing(clock, capsys):
    with told.progress(10, "analysing", shown=True) as advance:
        for _ in range(10):
            clock(0.1)
            advance("clip")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("seconds", "text"), [(9000, "2.5 h"), (600, "10 min"), (42, "42 s")])
def test_time_is_said_in_a_unit_that_fits(clock, capsys, seconds, text):
    with told.progress(2, "analysing", shown=True) as advance:
        clock(seconds)
        advance("clip")
    assert capsys.readouterr().err.endswith(f"about {text} left\n")
