"""The last values of some units, so far back as anything looks: what is delayed is read here."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class History:
    """Values of the last steps in a ring of rows; 0 before step 0.

    Parameters
    ----------
    longest : int
        How many steps back are kept, besides the present one.
    n_units : int
    """

    def __init__(self, longest: int, n_units: int):
        self._rows = np.zeros((longest + 1, n_units))

    def put(self, t: int, values: Floats) -> None:
        """Keep the values (n_units,) of step t; those of the step before it must be there.

        Parameters
        ----------
        t : int
            Time step.
        values : array (n_units,)
            Values of the step.
        """
        self._rows[t % len(self._rows)] = values

    def now(self, t: int) -> Floats:
        """The values (n_units,) of step t, to be read or changed in place.

        Parameters
        ----------
        t : int
            Time step.
        """
        return self._rows[t % len(self._rows)]

    def ago(self, t: int, lag: Ints, units: Ints) -> Floats:
        """Values of step t - lag of the `units`, one for each lag (n,).

        Parameters
        ----------
        t : int
            Time step.
        lag : array of int (n,)
            How many steps ago each value was sent.
        units : array of int (n,)
            Unit of each value.
        """
        return np.asarray(self._rows[(t - lag) % len(self._rows), units])
