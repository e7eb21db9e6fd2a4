"""Products of errors and activities at some moments, one number for each synapse and moment.

Where every unit of a population sends to every unit of another, they are outer products
delta x^T. What is asked of them follows from delta and x, and no number for each synapse is made.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = slice | NDArray[np.int64]


class Products(Protocol):
    """Products of one projection at some moments; two of a kind can be compared."""

    @property
    def n_numbers(self) -> int:
        """How many numbers it keeps."""
        ...

    def rows(self, which: Rows) -> "Products":
        """Those of some of the moments.

        Parameters
        ----------
        which : slice or array of int
            Moments that are kept.
        """
        ...

    def followed_by(self, more: Any) -> "Products":
        """These moments, and then those of others.

        Parameters
        ----------
        more : sequence of Products
            Products of the same synapses.
        """
        ...

    def inner(self, other: Any) -> Floats:
        """<g, g*> (times,).

        Parameters
        ----------
        other : Products
            Products of the same synapses and moments.
        """
        ...

    def square(self) -> Floats:
        """|g|^2 (times,)."""
        ...

    def square_of_difference(self, other: Any) -> Floats:
        """|g - g*|^2 (times,), good to rounding where the two are nearly the same.

        Parameters
        ----------
        other : Products
            Products of the same synapses and moments.
        """
        ...

    def signs_agree(self, other: Any) -> tuple[Floats, Floats]:
        """Sum of |g*| where the signs agree (times,), and everywhere (times,).

        Parameters
        ----------
        other : Products
            Products of the same synapses and moments.
        """
        ...

    def sum(self) -> Floats:
        """Sum over the moments (n,), in the order of the synapses."""
        ...

    def along(self, vector: Floats) -> Floats:
        """<g, vector> (times,).

        Parameters
        ----------
        vector : array (n,)
            One number for each synapse.
        """
        ...

    def pairs(self, other: Any) -> Floats:
        """<g_i, g*_j> of all pairs of moments (times, times).

        Parameters
        ----------
        other : Products
            Products of the same synapses and moments.
        """
        ...


class Listed(NamedTuple):
    """Products as they are: `values` (times, n)."""

    values: Floats

    @property
    def n_numbers(self) -> int:
        """How many numbers it keeps."""
        return self.values.size

    def rows(self, which: Rows) -> "Listed":
        """Those of some of the moments.

        Parameters
        ----------
        which : slice or array of int
            Moments that are kept.
        """
        return Listed(self.values[which])

    def followed_by(self, more: Sequence["Listed"]) -> "Listed":
        """These moments, and then those of others.

        Parameters
        ----------
        more : sequence of Listed
            Products of the same synapses.
        """
        return Listed(np.concatenate([self.values, *(part.values for part in more)]))

    def inner(self, other: "Listed") -> Floats:
        """<g, g*> (times,).

        Parameters
        ----------
        other : Listed
            Products of the same synapses and moments.
        """
        return np.asarray(np.sum(self.values * other.values, axis=1))

    def square(self) -> Floats:
        """|g|^2 (times,)."""
        return np.asarray(np.sum(self.values**2, axis=1))

    def square_of_difference(self, other: "Listed") -> Floats:
        """|g - g*|^2 (times,).

        Parameters
        ----------
        other : Listed
            Products of the same synapses and moments.
        """
        return np.asarray(np.sum((self.values - other.values) ** 2, axis=1))

    def signs_agree(self, other: "Listed") -> tuple[Floats, Floats]:
        """Sum of |g*| where the signs agree (times,), and everywhere (times,).

        Parameters
        ----------
        other : Listed
            Products of the same synapses and moments.
        """
        size = np.abs(other.values)
        same = np.sign(self.values) == np.sign(other.values)
        return (size * same).sum(axis=1), size.sum(axis=1)

    def sum(self) -> Floats:
        """Sum over the moments (n,)."""
        return np.asarray(self.values.sum(axis=0))

    def along(self, vector: Floats) -> Floats:
        """<g, vector> (times,).

        Parameters
        ----------
        vector : array (n,)
            One number for each synapse.
        """
        return np.asarray(self.values @ vector)

    def pairs(self, other: "Listed") -> Floats:
        """<g_i, g*_j> of all pairs of moments (times, times).

        Parameters
        ----------
        other : Listed
            Products of the same synapses and moments.
        """
        return np.asarray(self.values @ other.values.T)


class Outer(NamedTuple):
    """Outer products x delta^T of a projection from all units to all.

    Attributes
    ----------
    delta : array (times, n_post)
    x : array (times, n_pre)
    """

    delta: Floats
    x: Floats

    @property
    def n_numbers(self) -> int:
        """How many numbers it keeps."""
        return self.delta.size + self.x.size

    def rows(self, which: Rows) -> "Outer":
        """Those of some of the moments.

        Parameters
        ----------
        which : slice or array of int
            Moments that are kept.
        """
        return Outer(self.delta[which], self.x[which])

    def followed_by(self, more: Sequence["Outer"]) -> "Outer":
        """These moments, and then those of others.

        Parameters
        ----------
        more : sequence of Outer
            Products of the same synapses.
        """
        delta, x = zip(self, *more, strict=True)
        return Outer(np.concatenate(delta), np.concatenate(x))

    def inner(self, other: "Outer") -> Floats:
        """<delta, delta*> <x, x*> (times,).

        Parameters
        ----------
        other : Outer
            Products of the same synapses and moments.
        """
        return _dot(self.delta, other.delta) * _dot(self.x, other.x)

    def square(self) -> Floats:
        """|delta|^2 |x|^2 (times,)."""
        return _dot(self.delta, self.delta) * _dot(self.x, self.x)

    def square_of_difference(self, other: "Outer") -> Floats:
        """|delta x^T - delta* x*^T|^2 (times,).

        With d = delta - delta* and e = x - x* the difference is d x^T + delta* e^T, of which the
        square is |d|^2 |x|^2 + |delta*|^2 |e|^2 + 2 <d, delta*> <x, e>: no large terms cancel.

        Parameters
        ----------
        other : Outer
            Products of the same synapses and moments.
        """
        d, e = self.delta - other.delta, self.x - other.x
        square = _dot(d, d) * _dot(self.x, self.x) + _dot(other.delta, other.delta) * _dot(e, e)
        square += 2 * _dot(d, other.delta) * _dot(self.x, e)
        return np.maximum(square, 0.0)

    def signs_agree(self, other: "Outer") -> tuple[Floats, Floats]:
        """Sum of |g*| where the signs agree (times,), and everywhere (times,).

        With s the sign of a product, the first is the sum of (|s| |g*| + s g*) / 2.

        Parameters
        ----------
        other : Outer
            Products of the same synapses and moments.
        """
        of_each = []
        for own, true in zip(self, other, strict=True):
            sign, large = np.sign(own), np.abs(true)
            of_each.append((large.sum(axis=1), _dot(np.abs(sign), large), _dot(sign, true)))
        size, moving, along = (of_delta * of_x for of_delta, of_x in zip(*of_each, strict=True))
        return (moving + along) / 2, size

    def sum(self) -> Floats:
        """Sum over the moments (n,), one product of matrices."""
        return np.asarray((self.x.T @ self.delta).ravel())

    def along(self, vector: Floats) -> Floats:
        """<g, vector> (times,), x^T V delta.

        Parameters
        ----------
        vector : array (n,)
            One number for each synapse.
        """
        matrix = vector.reshape(self.x.shape[1], self.delta.shape[1])
        return _dot(self.x @ matrix, self.delta)

    def pairs(self, other: "Outer") -> Floats:
        """<delta_i, delta*_j> <x_i, x*_j> of all pairs of moments (times, times).

        Parameters
        ----------
        other : Outer
            Products of the same synapses and moments.
        """
        return np.asarray((self.delta @ other.delta.T) * (self.x @ other.x.T))


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.einsum("ij,ij->i", a, b))
