"""Percentiles of a bootstrap, bias-corrected and accelerated, as Efron wrote them down: one point, step by step."""

import numpy as np
from scipy import stats


def moved_percentiles(draws, value, influence, tail):
    """Low and high of the draws of one number, from its influences."""
    n = len(draws)
    lower = sum(draw < value for draw in draws) + sum(draw == value for draw in draws) / 2
    bias = stats.norm.ppf(min(max(lower, 0.5), n - 0.5) / n)
    skew = sum(pull**3 for pull in influence) / (6 * sum(pull**2 for pull in influence) ** 1.5)
    found = []
    for normal in (stats.norm.ppf(tail), -stats.norm.ppf(tail)):
        found.append(np.quantile(draws, stats.norm.cdf(bias + (bias + normal) / (1 - skew * (bias + normal)))))
    return found
