"""How a map inside a network answers a circular delay of the network's input: what is known, and how it changes.

Conventions
-----------
The input has a *period* of T places along one axis, samples, frames or bins, and is rolled along it. All that is known
of a tensor y is a set of *moduli*, divisors of T: a statement of modulus m holds at every delay that is a multiple of
m, and modulus T says nothing, because a roll by T is no roll. A statement holds for every input, so what holds of two
tensors at once holds at the least common multiple of their moduli.

A tensor is

- `Still`: it does not change at multiples of its modulus; or
- `Moving`: it is a piece of a periodic sequence of T / s places, which rolls by d / s places at every delay d that is a
  multiple of `exact`; s is its *step*. Beside this it is known when the sequence rolls by *some* number of places
  (`any_roll`), when its mean does not change (`mean`), and when its maximum does not (`maximum`);
- `Turning`: it is the spectrum of a moving sequence; only its phases change at multiples of its modulus (I22); or
- `Lost`: nothing is known, and `reason` says why.

The laws, with the identities of the literature that they come to:

=========================== ===========================================================================================
a window of stride 1        commutes with a roll; of a piece of a periodic sequence it makes a piece of a periodic one
every f-th place            rolls by whole places at multiples of s·f only (bare striding, I8)
maximum of a window >= f,   has the maximum of the sequence before: between them the windows meet every place (I9)
then every f-th place
linear filter, then every   has the mean of the sequence before, if the taps that fall on each of the f phases add up to
f-th place                  the same: then every place before has the same weight in the sum (I10); so for a whole chain
                            of linear steps (I13)
anything pointwise          a mean survives what is linear, a maximum what never decreases; nothing else does (I11)
mean, maximum over the axis make it still at `mean` and at `maximum`; another function that does not look at the order
                            of its arguments at `any_roll`. With one pair of I9 or I10 at the end of n stages of stride
                            2 this is the modulus law, 2^(n-1), and with a mismatched head 2^n (I12)
the phase of largest norm   one of f ways to take every f-th place, chosen by content: a roll may change which of the
                            f equal sets of phases is called the first, and what is chosen rolls by some number of
                            places, whatever the delay was (I14); f must divide the number of places (I15)
one place that is left      cannot roll: it is the mean or the maximum of all, where these laws speak of it, and still
=========================== ===========================================================================================

What is here: `Still`, `Moving`, `Lost`, `Motion`, `Turning`, `CannotFollow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd, lcm
from typing import TypeAlias

__all__ = ["CannotFollow", "Lost", "Motion", "Moving", "Still", "Turning"]


class CannotFollow(Exception):
    """An operation after which nothing is known; the message says why."""


@dataclass(frozen=True)
class Still:
    """A tensor that does not change at multiples of `modulus`.

    Parameters
    ----------
    modulus : int
    """

    modulus: int


@dataclass(frozen=True)
class Turning:
    """The discrete Fourier transform of a moving sequence: its magnitudes do not change at multiples of `modulus`.

    Parameters
    ----------
    modulus : int
    """

    modulus: int


@dataclass(frozen=True)
class Lost:
    """A tensor of which nothing is known.

    Parameters
    ----------
    reason : str
    """

    reason: str


@dataclass(frozen=True)
class Moving:
    """A tensor that holds, along one axis, a piece of a periodic sequence that rolls.

    Parameters
    ----------
    period : int
        T, in places of the network's input.
    dim : int
        The tensor's axis along which it rolls, counted from the last: negative.
    n_places : int
        Length of the periodic sequence; the step is ``period / n_places``.
    n_seen : int
        How many places of it the tensor shows: more after a circular pad, fewer after a window without one.
    exact, any_roll, mean, maximum : int
        Moduli; each of the last three divides the one before it or is its equal, except that mean and maximum are
        independent of each other.
    inner : int, default 1
        Where the axis was flattened with others: how many values lie between one place and the next.
    cover : int, default 1
        Each value is the maximum of so many consecutive values of a sequence with the same maximum.
    even : frozenset of int, default empty
        The factors f for which every f-th place has the same mean as all places.
    roll : object, optional
        Which choice of a phase decides by how much the sequence rolls, where it is by `any_roll`. Two sequences with
        the same one roll together.
    """

    period: int
    dim: int
    n_places: int
    n_seen: int
    exact: int
    any_roll: int
    mean: int
    maximum: int
    inner: int = 1
    cover: int = 1
    even: frozenset[int] = frozenset()
    roll: object = None

    @classmethod
    def of(cls, period: int, dim: int) -> Moving:
        """Return the motion of the network's input itself.

        Parameters
        ----------
        period : int
        dim : int
            Negative.

        Returns
        -------
        Moving
        """
        return cls(period, dim, period, period, exact=1, any_roll=1, mean=1, maximum=1)

    @property
    def step(self) -> int:
        """Places of the input from one place to the next."""
        return self.period // self.n_places

    def reordered(self) -> Moving:
        """After something pointwise: of the mean and the maximum nothing more is known than of the whole.

        Returns
        -------
        Moving
        """
        return replace(self, mean=self.any_roll, maximum=self.any_roll, cover=1, even=frozenset())

    def increased(self) -> Moving:
        """After something pointwise that never decreases: the largest value is still that of the largest.

        Returns
        -------
        Moving
        """
        return replace(self, mean=self.any_roll, even=frozenset())

    def linear(self) -> Moving:
        """After a linear map of the values at each place, the same at all: the mean is mapped like the values.

        Returns
        -------
        Moving
        """
        return replace(self, maximum=self.any_roll, cover=1)

    def whole(self) -> Moving:
        """Return itself if the tensor shows every place once.

        Returns
        -------
        Moving

        Raises
        ------
        CannotFollow
            If a place is missing, or is there twice.
        """
        if self.n_seen != self.n_places:
            what = "are missing at the ends" if self.n_seen < self.n_places else "are there twice after padding"
            raise CannotFollow(f"it sees {self.n_seen} of {self.n_places} places: some {what}")
        return self

    def every(self, factor: int, n_seen: int) -> Moving:
        """Keep every factor-th place.

        Parameters
        ----------
        factor : int
        n_seen : int
            How many places the tensor shows then.

        Returns
        -------
        Moving

        Raises
        ------
        CannotFollow
            If the factor does not divide the number of places: the sequence is then not periodic any more.
        """
        if factor == 1:
            return replace(self, n_seen=n_seen)
        if self.n_places % factor:
            raise CannotFollow(f"{self.n_places} places cannot be taken in steps of {factor} all the way round")
        exact = lcm(self.exact, self.step * factor)
        mean = self.mean if factor in self.even else exact
        maximum = self.maximum if factor <= self.cover else exact
        if factor == self.n_places:  # the one place that is left is the mean, or the maximum
            exact = gcd(mean, maximum)
        return replace(
            self,
            n_places=self.n_places // factor,
            n_seen=n_seen,
            exact=exact,
            any_roll=exact,
            mean=mean,
            maximum=maximum,
            cover=max(1, self.cover // factor),
            even=frozenset(f // factor for f in self.even if f % factor == 0 and f > factor),
            roll=None,
        )

    def slid(self, width: int, stride: int = 1, dilation: int = 1) -> Moving:
        """After a window has slid over the places that the tensor shows.

        Parameters
        ----------
        width, stride, dilation : int

        Returns
        -------
        Moving

        Raises
        ------
        CannotFollow
            If the stride does not divide the number of places.
        """
        return self.every(stride, (self.n_seen - (width - 1) * dilation - 1) // stride + 1)

    def covered(self, width: int) -> Moving:
        """After the maximum of `width` consecutive places at every place.

        Parameters
        ----------
        width : int

        Returns
        -------
        Moving
        """
        return replace(self.increased(), cover=self.cover + width - 1)

    def largest_phase(self, factor: int) -> Moving:
        """After one of the `factor` ways to take every factor-th place was chosen by its norm.

        Parameters
        ----------
        factor : int

        Returns
        -------
        Moving
        """
        before = self.whole()
        after = before.every(factor, before.n_places // factor)
        known = before.any_roll
        exact = known if after.n_places == 1 else lcm(before.exact, before.step * factor)
        return replace(after.reordered(), exact=exact, any_roll=known, mean=known, maximum=known, roll=object())

    @staticmethod
    def together(moving: Sequence[Moving], still: Sequence[Still] = ()) -> Moving:
        """After a pointwise function of several tensors.

        Parameters
        ----------
        moving : sequence of Moving
            One at least.
        still : sequence of Still
            Which have one value for all places.

        Returns
        -------
        Moving
            With `mean` and `even` as after a sum, and `maximum` as after no known function.

        Raises
        ------
        CannotFollow
            If two of them do not have the same places along the same axis.
        """
        first, *_ = moving
        if len({(one.dim, one.n_places, one.n_seen, one.inner) for one in moving}) > 1:
            raise CannotFollow("it joins maps whose places do not match")
        moduli = [one.modulus for one in still]
        exact = lcm(*(one.exact for one in moving), *moduli)
        alike = len({one.roll for one in moving}) == 1
        any_roll = lcm(*(one.any_roll for one in moving), *moduli) if alike else exact
        return replace(
            first,
            exact=exact,
            any_roll=any_roll,
            mean=lcm(*(one.mean for one in moving), *moduli),
            maximum=any_roll,
            cover=1,
            even=frozenset.intersection(*(one.even for one in moving)),
            roll=first.roll if alike else None,
        )


Motion: TypeAlias = Still | Moving | Turning | Lost
