"""How fast a network may learn before the delays of its loops make its weights swing up.

All plastic synapses learn at once. Near the end point weights follow w(t+1) = w(t) - eta g(t), and
a change of one weight reaches the update of another through the network. With M(z) the matrix of
what comes back, K_ij z^(-T_ij) summed over paths and K the Gauss-Newton matrix of the loss, they
settle while all roots of

    det[(z - 1) I + eta M(z)] = 0

lie inside |z| = 1 (theory 19). M has the rank of the outputs; by Sylvester's identity the
determinant is one of that size.
"""

from dataclasses import dataclass

import numpy as np

from neurodiff.forecast.band import longest_lag
from neurodiff.forecast.hops import Complexes
from neurodiff.forecast.linear import errors, own_errors, symmetric_hops, to_outputs
from neurodiff.forecast.operating import Point, operating_points
from neurodiff.network.graph import Floats, Graph
from neurodiff.network.populations import Population
from neurodiff.network.settling_time import estimate_convergence
from neurodiff.plan import Plan

#: Inputs of a run that are looked at, and how many of the most curved are followed all round.
_INPUTS, _FOLLOWED = 20, 2

#: Points on the circle for a turn of the longest loop, points at most, and halvings of an interval.
_RESOLUTION, _POINTS, _HALVINGS = 8, 3000, 50

#: Outputs at most: the determinant is one of their number.
_OUTPUTS = 64

#: Curvatures below this part of the largest are rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Ceiling:
    """Largest learning rate with which weights settle.

    Attributes
    ----------
    population : Population or None
        Of which the weights learn alone; None for all that learn together.
    rate : float
        In Hz; NaN where there is none.
    swing : float
        Steps of one period of the swings just above it.
    loop : float
        Mean steps from a change of the weights until it comes back as an error.
    curvature : float
        The largest eigenvalue of the Gauss-Newton matrix, of the inputs looked at.
    """

    population: Population | None
    rate: float
    swing: float
    loop: float
    curvature: float


@dataclass(frozen=True)
class Ceilings:
    """Ceilings of a model: of all that learns, and of each population learning alone.

    Attributes
    ----------
    whole : Ceiling or None
        None where nothing learns, or there is no number.
    alone : tuple of Ceiling
    why : str
        Why there is no number; empty where there is one.
    """

    whole: Ceiling | None
    alone: tuple[Ceiling, ...]
    why: str = ""


def learning_rate_ceilings(plan: Plan) -> Ceilings:
    """Ceilings of the learning rate of a model, with the weights of its start.

    They are those of inputs that are shown for longer than the loops, and of a few of them: the
    most curved of some moments of the run. With backward weights of their own there is none: the
    loops are not those of the gradient, and may let weights grow at any rate.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    """
    graph = plan.graph
    if graph.cyclic:
        first = plan.first_input
        if estimate_convergence(graph, plan.w, plan.bias, first).steps is None:
            return Ceilings(None, (), "with the weights of the start its cycles do not settle")
    if not plan.feedback.symmetric:
        why = "errors come back by weights of their own, whose loops are not those of the gradient"
        return Ceilings(None, (), why)
    if len(graph.outputs) > _OUTPUTS:
        why = f"it is worked out for up to {_OUTPUTS} outputs, and there are {len(graph.outputs)}"
        return Ceilings(None, (), why)
    with np.errstate(over="ignore", invalid="ignore"):
        found = [_Circle(plan, point) for point in operating_points(plan, _INPUTS)]
    if not all(circle.finite for circle in found):
        return Ceilings(None, (), "activities or weights are too large to work with")
    found.sort(key=lambda circle: -circle.curvatures[0])
    if not found[0].curvatures[0]:
        return Ceilings(None, (), "no weight changes an output at the start")
    parts = [None, *(part for part in graph.populations if part.role != "input")]
    best = [circle.ceilings() for circle in found[:_FOLLOWED]]
    largest = np.max([circle.curvatures for circle in found], axis=0)
    ceilings = [
        _lowest(graph, part, [of_one[n] for of_one in best], largest[n])
        for n, part in enumerate(parts)
        if largest[n] > _ROUNDING * largest[0]
    ]
    return Ceilings(ceilings[0], tuple(ceilings[1:]))


def _lowest(
    graph: Graph, part: Population | None, roots: list[tuple[float, float]], curvature: float
) -> Ceiling:
    """The lowest of the ceilings of some inputs, each a rate per step and an angle per step."""
    rate, omega = min(roots)
    # of one loop of T steps: eta lambda = 2 sin(pi / (2 (2 T + 1))), and the period 4 T + 2
    swing = 2 * np.pi / omega if omega else np.inf
    return Ceiling(part, rate / graph.time_step, swing, (swing - 2) / 4, curvature)


class _Circle:
    """What comes back of a change of the weights, for z on the unit circle and one input."""

    def __init__(self, plan: Plan, point: Point):
        self._case, self._graph, self._slope = plan, plan.graph, point.slope
        graph = plan.graph
        # s_i = sum of x_j^2 over the plastic synapses onto i, and 1 for its bias
        squares = np.bincount(graph.post, graph.plastic * point.x[graph.pre] ** 2, graph.n_units)
        arriving = squares + graph.has_bias
        self._hops = symmetric_hops(graph, plan.w, point.slope, plan.model.loss)
        alone = [
            np.where(_of(graph, part), arriving, 0.0)
            for part in graph.populations
            if part.role != "input"
        ]
        self._arriving = np.array([arriving * (_of(graph, None)), *alone])
        still = self._comes_back(0.0)
        self.finite = bool(np.isfinite(still).all())
        known = still if self.finite else np.zeros_like(still)
        self.curvatures = np.abs(np.linalg.eigvals(known)).max(axis=1)

    def _comes_back(self, omega: float) -> Complexes:
        """M(z) (1 + n_populations, n_outputs, n_outputs), with z = e^(i omega)."""
        graph, hops, loss = self._graph, self._hops, self._case.model.loss
        own = own_errors(graph, self._slope, loss)
        changes = own_errors(graph, self._slope, "squared_error")
        ahead = hops.graph.hop.response(omega) * to_outputs(hops, self._slope, omega, changes)
        back = errors(hops, self._slope, omega, hops.graph.hop.output_error(omega) * own)
        return np.asarray(np.einsum("ou,nu,pu->nop", ahead, self._arriving, back, optimize=True))

    def _rates(self, omega: float) -> Complexes:
        """1/eta (1 + n_populations, n_outputs) of the roots at z, where they are real."""
        shrinks = self._case.plasticity.weight_decay
        step = np.exp(1j * omega) - 1 + shrinks
        return np.asarray(np.linalg.eigvals(-self._comes_back(omega) / step))

    def ceilings(self) -> list[tuple[float, float]]:
        """Lowest rate per step at which a root is on the circle, and its angle, of each."""
        omegas = self._angles()
        rates = [self._rates(omegas[0])]
        for omega in omegas[1:]:
            rates.append(_in_order(rates[-1], self._rates(omega)))
        return [
            self._lowest_of(n, omegas, np.array([of[n] for of in rates]))
            for n in range(len(self._arriving))
        ]

    def _angles(self) -> Floats:
        """Angles in radian per step, close enough for the longest loop; pi is the last."""
        longest = max(longest_lag(self._case), 1.0)
        n = int(min(_POINTS, _RESOLUTION * (longest + 1)))
        slow = np.geomspace(1e-3, 1.0, 24, endpoint=False) * np.pi / n
        return np.concatenate([slow, np.pi * np.arange(1, n + 1) / n])

    def _lowest_of(self, n: int, omegas: Floats, rates: Complexes) -> tuple[float, float]:
        """Of the n-th set of weights, from 1/eta (angles, n_outputs) along the circle."""
        # at z = -1 all is real
        highest, angle = max(float(rates[-1].real.max()), 0.0), np.pi
        low, high = rates[:-1], rates[1:]
        turns = low.imag * high.imag < 0
        share = np.divide(low.imag, low.imag - high.imag, out=np.zeros(low.shape), where=turns)
        about = np.where(turns, low.real + share * (high.real - low.real), -np.inf)
        for k, branch in np.argwhere(about > max(highest, 0.9 * about.max(initial=0.0))):
            rate, omega = self._cross(n, omegas[k : k + 2], rates[k : k + 2, branch])
            highest, angle = max((highest, angle), (rate, omega))
        return (1 / highest if highest > 0 else np.inf), angle

    def _cross(self, n: int, omegas: Floats, ends: Complexes) -> tuple[float, float]:
        """Where a branch of 1/eta is real between two angles: its value there, and the angle.

        By false position, with the end that stays weighed half (Illinois).
        """
        (low, high), (first, last) = omegas, ends
        heights, middle, omega = [first.imag, last.imag], first, low
        for _ in range(_HALVINGS):
            omega = low + (high - low) * heights[0] / (heights[0] - heights[1])
            candidates = self._rates(omega)[n]
            share = (omega - low) / (high - low)
            middle = candidates[np.argmin(np.abs(candidates - first - share * (last - first)))]
            if abs(middle.imag) <= 1e-12 * abs(middle) or high - low <= 1e-12 * high:
                break
            if middle.imag * first.imag > 0:
                low, first, heights = omega, middle, [middle.imag, heights[1] / 2]
            else:
                high, last, heights = omega, middle, [heights[0] / 2, middle.imag]
        return float(middle.real), float(omega)


def _of(graph: Graph, part: Population | None) -> np.ndarray:
    """Units (n_units,) of a population; all for None."""
    numbers = np.arange(graph.n_units)
    return numbers >= 0 if part is None else (numbers >= part.start) & (numbers < part.stop)


def _in_order(before: Complexes, now: Complexes) -> Complexes:
    """Eigenvalues (n, m) in the order of those next to them before."""
    ordered = np.empty_like(now)
    for n, (old, new) in enumerate(zip(before, now, strict=True)):
        left = list(range(len(new)))
        for branch in np.argsort(-np.abs(old)):
            nearest = left.pop(int(np.argmin(np.abs(new[left] - old[branch]))))
            ordered[n, branch] = new[nearest]
    return ordered
