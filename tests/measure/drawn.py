"""Answers and scores for hypothesis to draw."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

ANSWERS = st.tuples(st.integers(1, 5), st.integers(2, 7)).flatmap(
    lambda shape: arrays(np.intp, shape, elements=st.integers(0, 3))
)


@st.composite
def probabilities(draw, min_classes=2):
    shape = (draw(st.integers(1, 4)), draw(st.integers(2, 6)), draw(st.integers(min_classes, 5)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.dirichlet(np.full(shape[2], 0.5), size=shape[:2])
    return scores, draw(st.integers(0, shape[1] - 1)), rng.integers(0, shape[2], shape[0])
