"""How much work events did, against what graded transmission would have done."""

from dataclasses import dataclass

from neurodiff.network.event_reach import operations_per_event
from neurodiff.network.graph import Graph, Ints


@dataclass(frozen=True)
class EventCounts:
    """Events of a run, and what they cost.

    Attributes
    ----------
    forward, backward : int
        Events sent by units, and by error units, or spikes of their neurons and cells.
    synaptic_operations : int
        Times that a synapse was reached.
    graded_operations : int
        What graded transmission does: forward, backward, and learning, at every synapse and step.
    ratio : float
        The one over the other.
    """

    forward: int
    backward: int
    synaptic_operations: int
    graded_operations: int
    ratio: float

    def summary(self) -> str:
        """One line."""
        return (
            f"{self.forward} events forward, {self.backward} backward; "
            f"{self.synaptic_operations:.4g} synaptic operations, "
            f"{self.ratio:.2%} of the {self.graded_operations:.4g} of graded transmission"
        )


def count_events(
    graph: Graph,
    sent: Ints,
    errors_sent: Ints,
    steps: int,
    renewals: int,
    *,
    learns: bool,
    spikes: bool = False,
) -> EventCounts:
    """Sum up a run.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    sent, errors_sent : int arrays (n_units,), (n_units - n_inputs,)
        How often each unit and each error unit has sent.
    steps : int
        Number of steps of the run.
    renewals : int
        How often all sums were taken anew, which reaches every synapse once.
    learns : bool
        Whether synapses learn.
    spikes : bool, optional
        Whether transmission is by spikes.

    Returns
    -------
    EventCounts
        Events and synaptic operations of the run.
    """
    forward, backward = operations_per_event(graph, learns=learns, spikes=spikes)
    operations = int(forward @ sent + backward[graph.n_inputs :] @ errors_sent)
    operations += renewals * graph.n_synapses
    graded = 3 * graph.n_synapses * steps
    return EventCounts(
        forward=int(sent.sum()),
        backward=int(errors_sent.sum()),
        synaptic_operations=operations,
        graded_operations=graded,
        ratio=operations / graded if graded else 0.0,
    )
