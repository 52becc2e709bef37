"""What tests share: one seeded generator, and nothing random without it."""

import numpy as np
import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture
def rng() -> np.random.Generator:
    """The one source of randomness, the same in every run."""
    return np.random.default_rng(20261122)
