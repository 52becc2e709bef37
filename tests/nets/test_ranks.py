"""Ranks that train together do what one process does alone, with batches as large as theirs together."""

import multiprocessing
import os
import socket
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.nets.architectures import architecture
from audioinv.nets.model import ModelSpec
from audioinv.nets.ranks import Ranks, joined_ranks
from audioinv.nets.training import train_classifier
from audioinv.nets.training_config import TrainingConfig
from audioinv.sound.clip import Clip

SPEC = ModelSpec("toy", 8000, 1600, ("low", "high"))
JITTER = {"time_jitter_seconds": 0.01, "bin_jitter": 1, "mixup": 0.3}


def clips(n_clips):
    rng = np.random.default_rng(7)
    notes = []
    for i in range(n_clips):
        pitch = (300, 900)[i % 3 == 0] * rng.uniform(0.9, 1.1)  # classes of unequal size
        note = 0.3 * np.sin(2 * np.pi * pitch * np.arange(1600) / 8000) + 0.05 * rng.standard_normal(1600)
        notes.append(Clip(note.astype(np.float32), 8000, str(i), ("low", "high")[i % 3 == 0]))
    return notes


def train(batch_size, dropout=0.0):
    config = TrainingConfig(epochs=2, batch_size=batch_size, learning_rate=1e-3, **JITTER)
    toy = architecture("cnn2d-mel", SPEC)
    toy = replace(toy, network=replace(toy.network, dropout=dropout))  # which every rank draws for its own slice
    found = train_classifier(clips(21), clips(6), toy, config)
    losses = [[epoch.train_loss, epoch.valid_loss] for epoch in found.history]
    return losses, {name: tensor.numpy() for name, tensor in found.classifier.state_dict().items()}


def train_as(rank, port, alone, dropout, wire):
    """Train as one of two ranks; if `alone`, with batch norms that know nothing of the other rank."""
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    with joined_ranks():
        if alone:
            Ranks.shared_norms = nullcontext
        wire.send(train(4, dropout))


def train_by_two(*, alone=False, dropout=0.0):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    wires = [context.Pipe() for _ in range(2)]
    ranks = [context.Process(target=train_as, args=(i, port, alone, dropout, wires[i][1])) for i in range(2)]
    for rank in ranks:
        rank.start()
    found = [here.recv() for here, _ in wires]
    for rank in ranks:
        rank.join()
    return found


@pytest.mark.slow
def test_two_ranks_train_as_one_does_with_batches_twice_as_large():
    (losses, weights), (other_losses, other_weights) = train_by_two()
    assert losses == other_losses
    assert all((weights[name] == other_weights[name]).all() for name in weights)
    one_losses, one_weights = train(8)
    np.testing.assert_allclose(losses, one_losses, rtol=1e-4)
    for name, tensor in weights.items():
        np.testing.assert_allclose(tensor, one_weights[name], rtol=1e-3, atol=1e-4, err_msg=name)
    (apart, _), _ = train_by_two(alone=True)
    assert np.abs(np.array(apart) / one_losses - 1).max() > 1e-3


@pytest.mark.slow
def test_with_dropout_the_same_ranks_train_the_same_weights():
    (losses, weights), (_, other) = train_by_two(dropout=0.3)
    (again, repeated), _ = train_by_two(dropout=0.3)
    assert losses == again
    for name, tensor in weights.items():
        np.testing.assert_array_equal(tensor, other[name], err_msg=name)
        np.testing.assert_array_equal(tensor, repeated[name], err_msg=name)
    one, _ = train(8, dropout=0.3)
    assert np.abs(np.array(losses) / one - 1).max() > 1e-3


def test_every_rank_draws_dropout_of_its_own():
    def drawn(rank, seed=0):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            Ranks(rank, 3).draw_apart(seed)
            return torch.rand(8)

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    assert not torch.equal(drawn(1), drawn(1, seed=1))
    torch.manual_seed(0)
    assert torch.equal(drawn(0), torch.rand(8))


def test_slices_are_the_batch():
    batch = torch.arange(7)
    for size in (1, 2, 3, 7):
        slices = [Ranks(rank, size).mine(batch) for rank in range(size)]
        assert torch.equal(torch.cat(slices), batch)
        assert max(map(len, slices)) - min(map(len, slices)) <= 1


def test_alone_nothing_is_shared():
    network = nn.Sequential(nn.BatchNorm1d(3))
    with joined_ranks() as rank, Ranks.here().shared_norms(network):
        assert rank == 0
        assert Ranks.here() == Ranks(0, 1)
        assert "forward" not in vars(network[0])
