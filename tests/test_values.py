"""What our dataclasses promise: nobody writes into them, and `==` is asked only of what has one answer.

An array, or anything that holds one, has no single answer to `==`, and so no hash either; it is compared by identity.
"""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys

import pytest

import audioinv

CHANGING = {
    *("sound.decoding.Sound", "sound.local_copies.LocalCopies"),  # a file being read; what has been fetched so far
    *("measure.certificates.following.Run", "nets.surgery.network._Names", "nets.surgery.replacement.Phases"),
    *("journalled_run.JournalledRun", "sweep.cluster.RayActors"),  # work under way, as what follows
    *("sweep.crews.Alone", "sweep.crews._Lane", "sweep.crews.Processes"),
}
ARRAYS = {"Array", "BoolArray", "FloatArray", "IndexArray", "Tensor", "ndarray", "DataFrame", "Table"}
PLAIN = {"str", "int", "float", "bool", "bytes", "None", "tuple", "Literal", "Path"}


def ours():
    for found in pkgutil.walk_packages(audioinv.__path__, "audioinv."):
        if not found.name.endswith("__main__"):
            module = importlib.import_module(found.name)
            for value in vars(module).values():
                if inspect.isclass(value) and value.__module__ == found.name and dataclasses.is_dataclass(value):
                    yield value


def name(kind):
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("audioinv.")


VALUES = sorted(set(ours()), key=name)
EVERY = pytest.mark.parametrize("kind", VALUES, ids=name)


def is_by_identity(kind):
    return kind.__eq__ is object.__eq__


def words(kind):
    """Return every name in the annotations of a class's fields, less what is quoted there."""
    text = " ".join(str(field.type) for field in dataclasses.fields(kind))
    return set(re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'|\"[^\"]*\"", "", text)))


def parts(kind):
    """Return the dataclasses of ours that a class holds."""
    known = vars(sys.modules[kind.__module__])
    return {word: known[word] for word in words(kind) if known.get(word) in VALUES}


def test_the_dataclasses_are_found():
    assert len(VALUES) > 250
    assert {name(kind) for kind in VALUES} > CHANGING


@EVERY
def test_a_value_stays_as_it_was_made(kind):
    assert kind.__dataclass_params__.frozen == (name(kind) not in CHANGING)


@EVERY
def test_equality_is_by_value_only_where_it_has_one_answer(kind):
    held = parts(kind)
    if name(kind) in CHANGING or words(kind) & ARRAYS or any(map(is_by_identity, held.values())):
        assert is_by_identity(kind)
    elif words(kind) <= PLAIN | set(held):
        assert not is_by_identity(kind)
