"""A study that is small enough to be run for real: two networks of one stage, one epoch, one probe."""

import pytest

from audioinv.study.design import Expectation, Probe, Study, Variant, steps
from audioinv.study.run import StudyOptions

ONCE = {"epochs": 1, "learning_rate": 0.01}


@pytest.fixture(scope="session")
def tiny():
    return Study(
        name="tiny",
        question="Is it small?",
        tasks=("notes",),
        variants=(
            Variant("max", {"channels": (4,)}, ONCE),
            Variant("stride", {"channels": (4,), "downsampling": "stride"}, ONCE),
        ),
        reference="max",
        probes=(Probe("bins", "one bin either way", steps("bins", 1, 1, "bins")),),
        shown=("bins.consistency", "accuracy"),
        across="bins.consistency",
        curves=("bins",),
        expectations=(Expectation("strides are as steady", "stride", "max", "bins.consistency", "equal", 1.0),),
    )


@pytest.fixture
def options(tmp_path):
    return StudyOptions(tmp_path / "runs", n_seeds=2, quick=True)
