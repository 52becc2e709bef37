"""The public face: every name is there, and importing it costs nothing heavy."""

import subprocess
import sys

import pytest

import audioinv

HEAVY = {"torch", "librosa", "matplotlib", "numpy", "scipy", "pandas", "pyarrow", "sklearn"}


def loaded_by(code):
    probe = f"import sys\n{code}\nsys.stderr.write(' '.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("name", audioinv.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(audioinv, name).__doc__
    assert name in dir(audioinv)


def test_all_is_sorted_and_whole():
    assert sorted(audioinv.__all__) == audioinv.__all__
    assert sorted(audioinv._HOME_OF) == audioinv.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        _ = audioinv.no_such_name


@pytest.mark.parametrize(
    "code",
    [
        "import audioinv",
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    sys.argv = ['audioinv', '--help']\n    from audioinv.cli.app import main\n    main()",
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    sys.argv = ['audioinv', 'analyze', '-h']\n    from audioinv.cli.app import main\n    main()",
    ],
    ids=["import", "--help", "analyze -h"],
)
def test_help_and_import_load_nothing_heavy(code):
    assert not loaded_by(code) & HEAVY


def test_control_the_probe_sees_what_is_loaded():
    assert {"torch", "numpy"} <= loaded_by("import audioinv\naudioinv.time_shift")
