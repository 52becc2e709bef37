"""Threads: the rule against cores and load that are made up, and what another number does to answers."""

import os

import pytest
import torch
from torch import nn

from audioinv.nets.threads import choose_threads, use_threads


@pytest.fixture
def machine(monkeypatch):
    def make(cores, busy):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
        monkeypatch.setattr(os, "getloadavg", lambda: (busy, 0.0, 0.0), raising=False)

    return make


@pytest.mark.parametrize(
    ("cores", "busy", "workers", "expected"),
    [
        (2, 0.0, 1, 2),
        (2, 0.9, 1, 1),  # one core is taken: a second thread would wait for it
        (2, 8.0, 1, 1),
        (2, 0.0, 2, 1),
        (8, 0.2, 2, 3),
        (64, 0.0, 1, 4),
        (64, 0.0, 0x40, 1),
        (1, 0.0, 3, 1),
    ],
)
def test_each_worker_gets_cores_that_are_idle_and_at_most_four(machine, cores, busy, workers, expected):
    machine(cores, busy)
    assert choose_threads(workers) == expected


def test_threads_are_used_for_a_while_only():
    before = torch.get_num_threads()
    with use_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    with use_threads(None):
        assert torch.get_num_threads() == before


def test_two_threads_differ_by_rounding_and_no_more():
    """Why the number is part of what a journal remembers: nobody promises that sums are added up in the same order."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(1, 32, 5), nn.GroupNorm(4, 32), nn.GELU(), nn.Conv2d(32, 8, 3)).eval()
        maps = torch.randn(8, 1, 64, 96)
    answers = []
    for n_threads in (1, 2, 1):
        with use_threads(n_threads), torch.inference_mode():
            answers.append(network(maps))
    one, two, again = answers
    assert torch.equal(one, again)
    assert (one - two).abs().max() <= 100 * torch.finfo(torch.float32).eps * one.abs().max()
