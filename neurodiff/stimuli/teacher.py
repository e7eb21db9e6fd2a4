"""Targets that another network of the same shape answers."""

from dataclasses import replace
from functools import singledispatch

import numpy as np

from neurodiff.model_file.signals import TeacherTarget
from neurodiff.network.graph import Floats, Graph
from neurodiff.network.limits import refuse_many_numbers
from neurodiff.network.static_response import respond
from neurodiff.network.weights import initial_weights
from neurodiff.stimuli.interface import InputSignal, Place, TargetSignal, target_signal
from neurodiff.stimuli.signals import Signal, Table, held

#: How many steps of a teacher are computed at once, and at most how many numbers of its units.
_CHUNK, _NUMBERS = 4096, 4e6


@target_signal.register
def _(spec: TeacherTarget, place: Place, source: InputSignal) -> TargetSignal:
    graph = place.graph

    def weights() -> tuple[Floats, Floats]:
        # drawn anew: they are many, and seldom needed
        return initial_weights(place.model, graph, teacher_seed=spec.seed)

    def answer(u: Floats) -> Floats:
        return respond(graph, *weights(), u)[1][:, graph.outputs]

    answers = _teach(source.signal, graph, *weights(), source.steps)
    return TargetSignal(answers, steady=True, answer=answer)


@singledispatch
def _teach(source: Signal, graph: Graph, w: Floats, bias: Floats, steps: int) -> Table:
    """What the network with these weights answers to the present input, at once."""
    n = len(graph.outputs)
    what = f"a teacher's answers of {steps:,} steps for {n:,} outputs"
    refuse_many_numbers(steps * (n + 1), what, "run.duration", "write less, or a constant target")
    size = max(1, min(_CHUNK, int(_NUMBERS / graph.n_units)))
    chunks = np.array_split(np.arange(steps), -(-steps // size))
    answers = [respond(graph, w, bias, source.at(chunk))[1][:, graph.outputs] for chunk in chunks]
    return held(np.concatenate(answers), hold=1, blend=0)


@_teach.register
def _(source: Table, graph: Graph, w: Floats, bias: Floats, steps: int) -> Table:
    if source.blend:
        return _teach.dispatch(object)(source, graph, w, bias, steps)
    _, x = respond(graph, w, bias, source.rows)
    return replace(source, rows=x[:, graph.outputs], before=np.zeros(len(graph.outputs)))
