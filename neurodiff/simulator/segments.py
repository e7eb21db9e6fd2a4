"""Runs a network in segments: after each of them there is a complete state.

How many segments there are changes no number: a segment begins in the state in which the one
before has ended.
"""

from collections.abc import Iterator
from typing import NamedTuple

from neurodiff.plan import Plan
from neurodiff.process.interruption import stoppable
from neurodiff.process.progress import Progress
from neurodiff.results.parts import Part
from neurodiff.simulator.backends.execution import Run, Start, diverged
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.simulator.readout import collect
from neurodiff.simulator.state import State, read_state


class Segment(NamedTuple):
    """Some steps that were run.

    Attributes
    ----------
    part : Part
        What was recorded of them.
    state : State or None
        State after them; None where Brian2 does not give it away, or it has diverged.
    completed : int
        Number of steps that were done since step 0.
    compiled : bool
        Whether a program was compiled.
    seconds : float or None
        What the steps took, if that is known.
    """

    part: Part
    state: State | None
    completed: int
    compiled: bool
    seconds: float | None = None


def run_segments(
    run: Run, built: BuiltNetwork, plan: Plan, begin: State, seconds: float, report: Progress
) -> Iterator[Segment]:
    """Run a network to the end of its plan, in segments of so many seconds.

    It ends early where the process was told to, or the run diverged.

    Parameters
    ----------
    run : callable
        What `machine_code` yields.
    built : BuiltNetwork
        Brian2 network of the plan, built.
    plan : Plan
        Plan of the run.
    begin : State
        State in which it begins; without values, that of the network as it was built.
    seconds : float
        Wall-clock seconds that a segment lasts.
    report : callable
        Is told what fraction of the run is done.
    """
    state, total, going_on = begin, plan.stimuli.steps, True
    seconds = seconds if plan.transmission.resumable else float("inf")
    while going_on and state.step < total:
        first = state.step
        progress = _of_whole(report, first, total)
        ran = run(built, total - first, progress, Start(first, state.values, seconds))
        with stoppable(lambda: None) as stopped:
            completed = first + ran.steps
            part = collect(built, plan.graph, plan.schedule, completed, first)
            known = plan.transmission.resumable and not diverged(built)
            after = read_state(built, completed) if known else None
            yield Segment(part, after, completed, ran.compiled, ran.seconds)
            going_on = ran.paused and after is not None and not stopped()
        if after is not None:
            state = after


def _of_whole(report: Progress, first: int, total: int) -> Progress:
    """The fraction of a whole run, of which the steps from `first` on are being done."""
    return lambda fraction: report((first + fraction * (total - first)) / total)
