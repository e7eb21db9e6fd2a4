"""The mean update of a network as its waves make it, and the mean gradient of the delayed network.

Measured with the NumPy waves of the reference, which the simulation equals to rounding, and with
the adjoint through time: nothing of a forecast is in either.
"""

from typing import Any

import numpy as np

from neurodiff import Simulation
from tests.networks import Floats, waves_of
from tests.twins.adjoint import through_time


def cosines(simulation: Simulation, omega: float, periods: int = 4, quiet: int = 0) -> Floats:
    """Cosine of both over each projection's plastic synapses, for the model's tones at `omega`.

    Parameters
    ----------
    omega : float
        Radian per step of the fastest tone; all others keep their proportions to it.
    periods : int
        Of the fastest tone, over which means are taken; a Hann window makes broken ones no matter.
    quiet : int
        Steps before and after, in which waves come and go.
    """
    graph, stimuli = simulation.graph, simulation.plan.stimuli
    source, wide = stimuli.input, int(np.ceil(periods * 2 * np.pi / omega)) + 400
    scale = omega / source.frequency.max()
    t = np.arange(2 * quiet + wide)
    u = source.amplitude * np.sin(source.frequency * scale * t[:, None] + source.phase)
    y = np.stack(
        [_target(simulation, u, t - lag)[:, k] for k, lag in enumerate(stimuli.target_lag)], axis=1
    )
    waves = waves_of(
        graph,
        simulation.plan.w,
        simulation.plan.bias,
        u,
        y,
        simulation.model.loss,
        alignment=simulation.plan.alignment,
        feedback=simulation.plan.feedback,
    )
    weight = np.zeros(len(t))
    weight[quiet : quiet + wide] = np.hanning(wide)
    product = sum(weight[k] * wave.product for k, wave in enumerate(waves))
    gradient = weighted_gradient(simulation, u, y, weight)
    return np.array([_cosine(graph, part, product, gradient) for part in graph.projections])


def weighted_gradient(simulation: Simulation, u: Floats, y: Floats, weight: Floats) -> Floats:
    """Mean of the gradient's summands lambda_post(t) x_pre(t - f), weighed by the window.

    The loss counts at all steps but those before and after, so that the adjoint has settled.
    """
    parts = simulation.graph, simulation.plan.w, simulation.plan.bias, u, y, simulation.model.loss
    return through_time(*parts, slice(0, len(u)), weight)[0]


def _target(simulation: Simulation, u: Floats, steps: Any) -> Floats:
    known = simulation.plan.stimuli.target.at(np.zeros(1, dtype=np.int64))
    return np.repeat(known, len(steps), axis=0)


def _cosine(graph: Any, part: Any, product: Floats, gradient: Floats) -> float:
    own = np.flatnonzero(graph.plastic[part.synapses]) + part.start
    sizes = np.linalg.norm(product[own]) * np.linalg.norm(gradient[own])
    return float(product[own] @ gradient[own] / sizes) if sizes else np.nan
