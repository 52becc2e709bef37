"""What tests share: one seeded generator, and nothing random without it."""

import gc

import numpy as np
import pytest
import torch

torch.set_num_threads(1)


def pytest_collection_finish():
    """What was loaded to collect thousands of tests stays for good: nobody need look through it for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def rng() -> np.random.Generator:
    """The one source of randomness, the same in every run."""
    return np.random.default_rng(20261122)
