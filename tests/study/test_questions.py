"""The ten questions are there, and every network that they ask for can be built."""

import pytest

from audioinv.errors import InputError
from audioinv.nets.networks import ConvNet, n_multiplications, n_parameters
from audioinv.study.cells import configure
from audioinv.study.questions import STUDIES, find_study
from audioinv.study.tasks import open_task

TRAINED = [name for name, study in STUDIES.items() if study.experiment == "classifier"]


def test_they_are_ten():
    assert list(STUDIES) == [
        "equivariance",
        "pooling",
        "head",
        "no-pooling",
        "dimension",
        "antialias",
        "augmentation",
        "order",
        "frequency",
        "invariance-wanted",
    ]
    assert all(study.question.endswith("?") and study.expectations and study.note for study in STUDIES.values())


@pytest.mark.parametrize("name", TRAINED)
def test_every_variant_can_be_built_for_every_task(name):
    study = find_study(name)
    for task in study.tasks:
        for variant in study.variants:
            sounds = open_task(task, quick=True)
            network = configure(sounds, variant).network
            assert n_multiplications(network) > 0
            ConvNet(network)


def test_between_pools_nothing_differs_but_the_pools():
    study, task = find_study("pooling"), open_task("events", quick=True)
    networks = {variant.name: configure(task, variant).network for variant in study.variants}
    averaged = [network for name, network in networks.items() if "flatten" not in name]
    assert len({n_parameters(network) for network in averaged}) == 1
    assert networks["none"].receptive_field[-1] >= networks["stride"].receptive_field[-1]


def test_an_unknown_question():
    with pytest.raises(InputError, match="study 'heads' is not one of equivariance, pooling, head"):
        find_study("heads")
