"""Makes the arrays of a case with neurodiff, so that all programs learn the same network."""

from pathlib import Path

import numpy as np

from dense.cases import Case
from dense.network import Floats, Ints, Network
from neurodiff import Plan
from neurodiff.model_file import to_yaml
from neurodiff.network.graph import Graph, Projection


def write(case: Case, rate: float, folder: Path, name: str) -> Network:
    """Write the model file and the arrays of a case; `name` is that of both files."""
    model = case.model(rate)
    path = folder / f"{name}.yaml"
    path.write_text(to_yaml(model))
    network = network_of(Plan.of(model), case.kind, str(path))
    network.save(folder / f"{name}.npz")
    return network


def network_of(plan: Plan, kind: str, path: str) -> Network:
    """The arrays of a plan."""
    graph, sinusoids = plan.graph, plan.stimuli.input
    order = np.concatenate([_order(graph, part) for part in graph.projections])
    width = graph.n_inputs
    first = np.array([0, *(part.stop for part in graph.projections)])
    late = np.array([plan.stimuli.target_lag.max()])
    return Network(
        kind=kind,
        layers=len(graph.projections),
        width=width,
        w=plan.w[order],
        rows=np.stack([_rows(graph, part, width) for part in graph.projections]),
        first=first,
        pre=(graph.pre[order] % width).astype(np.int32),
        forward=graph.forward_lag[order].astype(np.uint8),
        backward=graph.backward_lag[order].astype(np.uint8),
        order=order.astype(np.int32),
        **{
            key: _all(getattr(sinusoids, key), width) for key in ("amplitude", "frequency", "phase")
        },
        target=plan.stimuli.target_at(late)[0],
        target_lag=np.asarray(plan.stimuli.target_lag, dtype=np.int64),
        eta=float(plan.plasticity.learning_rate),
        model=path,
    )


def _order(graph: Graph, part: Projection) -> Ints:
    """Its synapses by the unit that receives, and then by the one that sends."""
    pre, post = graph.pre[part.synapses], graph.post[part.synapses]
    return part.start + np.lexsort((pre, post))


def _rows(graph: Graph, part: Projection, width: int) -> Ints:
    counts = np.bincount(graph.post[part.synapses] - part.post.start, minlength=width)
    return np.concatenate([[0], np.cumsum(counts)])


def _all(values: Floats, width: int) -> Floats:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), (width,)).copy()
