"""The periodic answer of a network to tones, and what it learns and should learn in the mean.

In the long run all signals are functions of the phase of the slowest tone. On a grid of phases a
delay is a factor for each harmonic, and an activation function is applied point by point: both
waves, and the adjoint of the delayed network, are found without running it (theory 16 and 19), for
any amplitude.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurodiff.exceptions import FixedPointError
from neurodiff.forecast.hops import Complexes, Hops
from neurodiff.network.graph import Floats, Graph, Ints
from neurodiff.network.loss import Loss
from neurodiff.network.static_response import slopes
from neurodiff.plan.alignment import Alignment
from neurodiff.reference.backprop import injection

#: Phases for each period of the fastest tone, and rounds for cycles to settle in.
_PHASES, _ROUNDS = 32, 400

#: What a round of a cycle may still change, relative to the signal.
_STILL = 1e-9


@dataclass(frozen=True, eq=False)
class Tones:
    """Inputs that are tones with a common period.

    Attributes
    ----------
    amplitude, phase : arrays (n_inputs,)
    harmonic : int array (n_inputs,)
        How often each oscillates in the common period; 0 for what stays.
    """

    amplitude: Floats
    phase: Floats
    harmonic: Ints

    @property
    def fastest(self) -> int:
        """The highest harmonic."""
        return int(self.harmonic.max())

    def at(self, phases: Floats) -> Floats:
        """Values (n, n_inputs) at phases (n,) of the common period.

        Parameters
        ----------
        phases : array (n,)
            Phases of the common period.
        """
        return np.asarray(
            self.amplitude * np.sin(self.harmonic * phases[:, None] + self.phase), dtype=np.float64
        )


@dataclass(frozen=True, eq=False)
class PeriodicNetwork:
    """A network with frozen weights that tones come to.

    Attributes
    ----------
    hops : Hops
    bias : array (n_units,)
    loss : str
    alignment : Alignment
    tones : Tones
    target : callable
        Target (n, n_outputs) that belongs to inputs (n, n_inputs).
    target_lag : int array (n_outputs,)
        D_y in steps.
    """

    hops: Hops
    bias: Floats
    loss: Loss
    alignment: Alignment
    tones: Tones
    target: Callable[[Floats], Floats]
    target_lag: Ints

    @property
    def graph(self) -> Graph:
        """Units, synapses and delays."""
        return self.hops.graph

    @cached_property
    def alike(self) -> list[Ints]:
        """Synapses of each projection in groups with one delay and one time to wait."""
        keys = np.stack([self.graph.forward_lag, self.alignment.waits(self.graph)])
        groups = []
        for part in self.graph.projections:
            own = np.arange(part.start, part.stop)
            _, group = np.unique(keys[:, own], axis=1, return_inverse=True)
            group = group.ravel()
            groups += [own[group == k] for k in range(int(group.max(initial=-1)) + 1)]
        return groups

    def means(self, omega: float) -> tuple[Floats, Floats]:
        """Mean local product, and mean gradient of the delayed network (n_synapses,).

        Parameters
        ----------
        omega : float
            Radian per step of the fastest tone.

        Returns
        -------
        product, gradient : arrays (n_synapses,)
            Means over a period.

        Raises
        ------
        FixedPointError
            If a network with cycles comes to no periodic answer.
        """
        return _Answer(self, omega).means()


class _Answer:
    """Both waves and the adjoint for one frequency, as harmonics (harmonics, n_units)."""

    def __init__(self, network: PeriodicNetwork, omega: float):
        self._network, self._graph, self._hops = network, network.graph, network.hops
        self._n = 1 << int(np.ceil(np.log2(_PHASES * network.tones.fastest)))
        harmonics = np.arange(self._n // 2 + 1)
        self._omegas = harmonics * (omega / network.tones.fastest)
        self._phases = 2 * np.pi * np.arange(self._n) / self._n
        self._leak = np.array([self._graph.hop.response(tone) for tone in self._omegas])[:, None]
        self._a, self._x = self._activity()
        self._slope = slopes(self._graph, self._a)

    def means(self) -> tuple[Floats, Floats]:
        """Mean local product and mean gradient (n_synapses,)."""
        graph, network = self._graph, self._network
        delta, adjoint = self._tones(self._errors()), self._tones(self._adjoint())
        sent = self._leak * self._tones(self._x)
        product, gradient = np.zeros((2, graph.n_synapses))
        for own in network.alike:
            arrives = np.exp(-1j * self._omegas * graph.forward_lag[own[0]])
            waits = network.alignment.activity_response(graph, self._omegas, own[0])
            product[own] = self._mean_of_products(delta, sent, arrives * waits, own)
            gradient[own] = self._mean_of_products(adjoint, sent, arrives, own)
        return product, gradient

    def _mean_of_products(
        self, error: Complexes, sent: Complexes, factor: Complexes, own: Ints
    ) -> Floats:
        """Means (n,) of the products at some synapses of one projection, all delayed alike."""
        # the mean of two real signals is the sum of Re[a conj(b)], each pair of harmonics twice
        times = np.full(len(factor), 2.0)
        times[[0, -1]] = 1.0
        pre, post = self._graph.pre[own], self._graph.post[own]
        columns, rows = slice(pre.min(), pre.max() + 1), slice(post.min(), post.max() + 1)
        arrived = sent[:, columns] * factor[:, None]
        means = np.real((times[:, None] * error[:, rows]).T @ np.conj(arrived))
        return np.asarray(means[post - rows.start, pre - columns.start])

    def _tones(self, signal: Floats) -> Complexes:
        return np.asarray(np.fft.rfft(signal, axis=0) / self._n)

    def _signal(self, tones: Complexes) -> Floats:
        return np.asarray(np.fft.irfft(tones * self._n, n=self._n, axis=0))

    def _activity(self) -> tuple[Floats, Floats]:
        """Potentials and activities (phases, n_units)."""
        graph, a = self._graph, np.zeros((self._n, self._graph.n_units))
        x = np.zeros_like(a)
        x[:, : graph.n_inputs] = self._network.tones.at(self._phases)

        def sweep() -> None:
            for part in graph.populations:
                if part.role != "input":
                    a[:, part.units] = self._arriving(part, x)
                    x[:, part.units] = part.sigma.function(a[:, part.units])

        self._until_still(sweep, x)
        return a, x

    def _arriving(self, part: object, x: Floats) -> Floats:
        """Potentials (phases, units) of one population."""
        units = part.units  # type: ignore[attr-defined]
        drive = np.zeros((len(self._omegas), units.stop - units.start), dtype=np.complex128)
        for block in self._hops.forward:
            if block.sink == units:
                drive += block.carry(self._tones(x[:, block.source]), self._omegas)
        drive[0] += self._network.bias[units]
        return self._signal(self._leak * drive)

    def _errors(self) -> Floats:
        """The backward wave (phases, n_units)."""
        slope, delta = self._met_slope(), np.zeros_like(self._x)
        injected = self._injected()

        def sweep() -> None:
            for part in reversed(self._graph.populations):
                if part.role != "input":
                    back = np.zeros((self._n, part.size))
                    for block in self._hops.backward:
                        if block.sink == part.units:
                            sent = self._tones(delta[:, block.source])
                            back += self._signal(block.carry(sent, self._omegas))
                    came = self._leak * self._tones(slope[:, part.units] * back)
                    delta[:, part.units] = self._signal(came) + injected[:, part.units]

        self._until_still(sweep, delta)
        return delta

    def _adjoint(self) -> Floats:
        """Gradient of the mean loss at the potentials (phases, n_units)."""
        at_drive = np.conj(self._leak)
        adjoint, injected = np.zeros_like(self._x), self._injected()

        def sweep() -> None:
            for part in reversed(self._graph.populations):
                if part.role != "input":
                    back = np.zeros((self._n, part.size))
                    for block in self._hops.forward:
                        if block.source == part.units:
                            drive = at_drive * self._tones(adjoint[:, block.sink])
                            back += self._signal(block.carry_back(drive, self._omegas))
                    own = self._slope[:, part.units] * back
                    adjoint[:, part.units] = own + injected[:, part.units]

        self._until_still(sweep, adjoint)
        return adjoint

    def _injected(self) -> Floats:
        """dE/da (phases, n_units) of the outputs, 0 elsewhere."""
        network, out = self._network, self._graph.outputs
        target = self._tones(network.target(self._x[:, : self._graph.n_inputs]))
        y = self._signal(target * np.exp(-1j * self._omegas[:, None] * network.target_lag))
        injected = np.zeros_like(self._x)
        injected[:, out] = injection(network.loss, self._slope[:, out], self._x[:, out], y)
        return injected

    def _met_slope(self) -> Floats:
        """Slopes (phases, n_units) as old as alignment has them."""
        alignment = self._network.alignment
        if not alignment.waits_for:
            return self._slope
        waits = [alignment.slope_response(self._graph, tone) for tone in self._omegas]
        return self._signal(self._tones(self._slope) * np.array(waits))

    def _until_still(self, sweep: Callable[[], None], signal: Floats) -> None:
        """Sweep over all populations, with cycles until `signal` stays as it is."""
        sweep()
        if not self._graph.cyclic:
            return
        for _ in range(_ROUNDS):
            before = signal.copy()
            sweep()
            size = np.abs(signal).max()
            if np.abs(signal - before).max() <= _STILL * size or not np.isfinite(size):
                break
        if not np.abs(signal - before).max() <= _STILL * size:
            raise FixedPointError("no periodic answer was found: its cycles do not settle")
