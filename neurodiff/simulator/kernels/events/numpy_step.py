"""A step of the kernel in NumPy; the same as `synapses.h` and `units.h`."""

import numpy as np
from numpy.typing import NDArray

from neurodiff.plan.thresholds.coding import AHEAD, LEAST
from neurodiff.simulator.kernels.events.numpy_blocks import LEAST_LEFT, Network, Ring, part_of
from neurodiff.simulator.transmission.closed_form import RENEWED_EVERY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class NumpyStep:
    """A step of waves and learning; see `units.h`.

    Parameters
    ----------
    network : Network
        What it works on.
    """

    def __init__(self, network: Network):
        self._net, of = network, network.arrays
        self._x = Ring(of["unit_counts"], of["unit_numbers"], of["unit_values"])
        self._delta = Ring(of["error_counts"], of["error_numbers"], of["error_values"])
        self._blocks = [part_of(network, k) for k in range(len(network.tables.blocks))]

    def step(self, now: int) -> None:
        """Everything of a step up to what is sent.

        Parameters
        ----------
        now : int
            Time step.
        """
        for part in self._blocks:
            if part.block.returns:
                part.come_back(self._delta, now)
        for part in self._blocks:
            part.arrive(self._x, now)
        if now % RENEWED_EVERY == 0 or self._net.arrays["left"][0] < LEAST_LEFT:
            self._renew()
        self._activate()
        self._propagate()
        self._send(now)

    def learn(self, now: int) -> None:
        """What is learned in a step.

        Parameters
        ----------
        now : int
            Time step.
        """
        rule, of = self._net.learning, self._net.arrays
        of["learning_before"][:] = of["learning"]
        if not rule.start <= now < rule.stop:
            return
        of["left"] *= 1 - rule.decay
        for part in self._blocks:
            if part.block.learns:
                part.learn()
        of["learning"] += 1 / of["left"]
        of["bias"] -= of["has_bias"] * (rule.rate * of["error_sent"] + rule.decay * of["bias"])

    def weights(self) -> Floats:
        """Weights (n_synapses,) as they are now, in the order of the graph."""
        return self._net.tables.in_graph(self.by_sender())

    def by_sender(self) -> Floats:
        """The same in the order of the rows of senders."""
        return np.concatenate([part.weights().ravel() for part in self._blocks])

    def products(self) -> Floats:
        """What the synapses learn from now (n_synapses,), in the order of the rows of senders."""
        return np.concatenate([part.products().ravel() for part in self._blocks])

    def sent(self, step: int, which: int) -> Floats:
        """Step, unit and value (n_events, 3) of what was sent in a step.

        Parameters
        ----------
        step : int
            Time step.
        which : int
            0 for units, 1 for error units.
        """
        ring, width = ((self._x, "x"), (self._delta, "delta"))[which]
        units, values = ring.sent(step, 0, len(self._net.arrays[width]))
        return np.column_stack([np.full(len(units), float(step)), units, values])

    def factors(self) -> Floats:
        """The two factors of these: what has arrived, what errors sent; and the outputs."""
        of = self._net.arrays
        x = of["x"][self._net.tables.graph.output_range]
        return np.concatenate([of["arrived"], of["error_sent"], x])

    def _renew(self) -> None:
        """Let all sums begin anew, and the copies of the weights be the weights."""
        of = self._net.arrays
        for part in self._blocks:
            part.renew()
        of["learned"][:] = 0
        of["left"][:] = 1
        of["learning"][:] = of["learning_before"][:] = 0

    def _activate(self) -> None:
        of, graph = self._net.arrays, self._net.tables.graph
        n_inputs = graph.n_inputs
        of["a"][:n_inputs] = of["x"][:n_inputs] = of["u"]
        of["a"][n_inputs:] = of["bias"]
        for part in self._blocks:
            of["a"][n_inputs:][part.block.posts] += part.drives
        for population in self._net.tables.populations:
            own = slice(population.start, population.stop)
            of["x"][own] = population.sigma.function(of["a"][own])

    def _propagate(self) -> None:
        of, graph = self._net.arrays, self._net.tables.graph
        feedback, n_inputs = np.zeros_like(of["delta"]), graph.n_inputs
        for part in self._blocks:
            if part.block.returns:
                first = part.block.first_pre - n_inputs
                feedback[first : first + part.block.n_pre] += part.returns.sum(axis=0)
        for population in self._net.tables.populations:
            units = slice(population.start, population.stop)
            own = slice(population.start - n_inputs, population.stop - n_inputs)
            slope = population.sigma.slope(of["a"][units])
            of["delta"][own] = slope * feedback[own]
            if population.role == "output":
                of["target"][own] = of["y"][of["output"][own].astype(int)]
                wrong = of["x"][units] - of["target"][own]
                of["delta"][own] += wrong if self._net.loss == "cross_entropy" else slope * wrong

    def _send(self, now: int) -> None:
        of, at = self._net.arrays, self._net.thresholds
        move = of["x"] - of["unit_sent"]
        units = np.flatnonzero(np.abs(move) > at.forward)
        move = move[units]
        moves_on = (move * of["unit_moved"][units] > 0) & (np.abs(move) < 2 * at.forward)
        of["unit_sent"][units] = of["x"][units] + AHEAD * at.forward * np.sign(move) * moves_on
        of["unit_moved"][units] = move
        of["unit_times"][units] += 1
        self._x.put(now, units, of["unit_sent"][units])
        error, threshold = self._errors(now)
        own = np.flatnonzero(np.abs(error - of["error_sent"]) > threshold)
        before = of["error_sent"][own]
        of["error_sent"][own] = error[own]
        of["error_times"][own] += 1
        self._delta.put(now, own, error[own])
        change = error[own] - before
        of["learned"][own] -= of["learning"] * change
        for part in self._blocks:
            if part.block.learns:
                part.meet(own, change)

    def _errors(self, now: int) -> tuple[Floats, Floats]:
        """What error units would send, and by how much it has to differ from what they sent."""
        of, at = self._net.arrays, self._net.thresholds
        if at.average is None:
            return of["delta"], np.full(1, at.error)
        error, threshold = of["delta"].copy(), np.empty_like(of["delta"])
        n_inputs = self._net.tables.graph.n_inputs
        for number, population in enumerate(self._net.tables.populations):
            own = slice(population.start - n_inputs, population.stop - n_inputs)
            mean, least = of["mean_square"][number], of["least"][number]
            square = (error[own] ** 2).sum() / population.size
            mean += (square - mean) / min(max(now + 1, 1), at.average)
            least = max(least, LEAST * np.sqrt(mean))
            of["mean_square"][number], of["least"][number] = mean, least
            error[own] *= np.abs(error[own]) > least
            threshold[own] = at.error * np.sqrt(mean)
        return error, threshold
