"""The oracle of certificates: the answers at every single delay, and the least modulus at which they stay."""

import torch


def true_modulus(respond, inputs, dim=-1, tolerance=1e-9):
    """Return the least divisor m of the period such that no multiple of m changes an answer; the period if none."""
    period = inputs.shape[dim]
    with torch.no_grad():
        clean = respond(inputs)
        changes = [
            float((respond(inputs.roll(delay, dim)) - clean).abs().max() / clean.abs().max().clamp(min=1e-12))
            for delay in range(period)
        ]
    divisors = [m for m in range(1, period + 1) if period % m == 0]
    return next(m for m in divisors if max(changes[::m]) <= tolerance)


def in_float64(module):
    """Let a float64 module answer float32 inputs too, as the derivation makes them."""
    return lambda inputs: module(inputs.double())
