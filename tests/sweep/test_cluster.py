"""Actors that are lost are replaced, and what they were at is tried as often as with processes. Ray is played here."""

from types import SimpleNamespace

import pytest

from audioinv.errors import ModelError
from audioinv.sweep import cluster
from audioinv.sweep.cluster import RayActors
from audioinv.sweep.units import Unit
from audioinv.sweep.workers import Done, Lost, hand_out

ERRORS = {
    name: type(name, (Exception,), {})
    for name in (
        *("RayActorError", "NodeDiedError", "ObjectLostError", "OutOfMemoryError", "WorkerCrashedError"),
        "RayTaskError",
    )
}


class Reference:
    """What will be an answer."""

    def __init__(self, outcome, unit=None):
        self.outcome, self.unit = outcome, unit


class Actor:
    """Answers, or is lost, as `outcome` says of the loading (None) or of a unit."""

    def __init__(self, outcome):
        self.open = SimpleNamespace(remote=lambda: Reference(outcome))
        self.do = SimpleNamespace(remote=lambda unit: Reference(outcome, unit))


class PlayedRay:
    exceptions = SimpleNamespace(**ERRORS)

    def __init__(self, outcome, n_cpus=2):
        self.outcome, self.n_cpus, self.hired, self.killed = outcome, n_cpus, 0, 0
        self.n_late, self.waited = 0, []  # how often nobody is ready in time, and how long it was waited for

    def is_initialized(self):
        return True

    def cluster_resources(self):
        return {"CPU": self.n_cpus}

    def remote(self, _):
        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=self.hire))

    def hire(self, *_):
        self.hired += 1
        return Actor(self.outcome)

    def available_resources(self):
        return {"CPU": self.n_cpus - 2}

    def wait(self, references, num_returns, timeout=None):
        self.waited.append(timeout)
        if timeout is not None and self.n_late:
            self.n_late -= bool(timeout)
            return [], references
        return references[:1], references[1:]

    def get(self, reference):
        unit, error = reference.unit, reference.outcome(reference.unit)
        if error is not None:
            raise error
        return unit and Done(unit, f"part {unit.place}")

    def kill(self, _):
        self.killed += 1


@pytest.fixture
def play(monkeypatch):
    """Play a cluster of two, where `outcome` says what is raised."""

    def begin(outcome):
        ray = PlayedRay(outcome)
        monkeypatch.setattr(cluster, "find_spec", lambda _: True)
        monkeypatch.setattr(cluster, "import_module", lambda _: ray)
        return ray

    return begin


UNITS = [Unit(place, ()) for place in range(6)]


@pytest.mark.parametrize(
    ("error", "how"),
    [
        ("OutOfMemoryError", "out of memory on its machine"),
        ("RayActorError", cluster._LOST),
        ("NodeDiedError", cluster._LOST),
        ("ObjectLostError", cluster._LOST),
        ("WorkerCrashedError", cluster._LOST),
    ],
)
def test_a_unit_that_ends_its_actor_is_tried_twice_and_then_given_up(play, error, how):
    ray = play(lambda unit: ERRORS[error]("gone") if unit is not None and unit.place == 3 else None)
    done = sorted(hand_out(UNITS, RayActors(order=None)), key=lambda receipt: receipt.unit.place)
    assert [receipt.name for receipt in done] == ["part 0", "part 1", "part 2", "", "part 4", "part 5"]
    assert done[3].lost == how
    assert ray.hired == 2 + 2
    assert ray.killed


def test_an_error_of_ours_is_that_of_the_actor(play):
    def fail(unit):
        error = ERRORS["RayTaskError"]("do")
        error.cause = ModelError("model toy answers NaN")
        return error if unit is not None else None

    play(fail)
    with pytest.raises(ModelError, match="model toy answers NaN"):
        list(hand_out(UNITS, RayActors(order=None)))


def test_actors_that_end_while_they_load_are_not_hired_for_ever(play):
    ray = play(lambda _: ERRORS["RayActorError"]("in its creation task\n\nModuleNotFoundError: no audioinv"))
    with pytest.raises(ModelError, match="end while they load the models: ModuleNotFoundError: no audioinv; what is"):
        list(hand_out(UNITS, RayActors(order=None)))
    assert ray.hired == 2 + 2 * cluster._MOST_UNREADY


def test_a_lost_actor_is_told_from_an_answer(play):
    play(lambda unit: ERRORS["OutOfMemoryError"]("gone") if unit is not None else None)
    crew = RayActors(order=None, n_actors=1)
    assert crew.has_room
    crew.give(UNITS[0])
    assert crew.take() == (UNITS[0], Lost("out of memory on its machine"))


@pytest.mark.parametrize(("n_late", "n_told"), [(0, 0), (1, 1)])
def test_a_cluster_without_a_machine_that_is_free_is_waited_for_and_that_is_said_once(play, n_late, n_told):
    ray, told = play(lambda _: None), []
    ray.n_late = n_late
    done = list(hand_out(UNITS, RayActors(order=None, tell=told.append)))
    assert sorted(receipt.unit.place for receipt in done) == list(range(6))
    assert len(told) == n_told
    assert all("no worker on the Ray cluster is ready after 10 s (0 of 2 CPUs are free)" in line for line in told)
    assert (10.0 in ray.waited) == (None in ray.waited[: ray.waited.index(10.0) + 2] if n_late else False)
