"""The plan of a run that goes on for longer than was planned."""

from dataclasses import replace
from typing import Any

import numpy as np

from neurodiff.exceptions import SimulationError
from neurodiff.plan.plan import Plan
from neurodiff.plan.sampling import Schedule
from neurodiff.stimuli import Stimuli
from neurodiff.stimuli.signals import Signal

#: So many steps of a stimulus are compared at once.
_AT_ONCE = 10_000


def lengthened(plan: Plan, duration: str, done: int) -> Plan:
    """The plan of a run of which some steps are done, for another `duration` from there.

    What is recorded goes on at the same intervals. With frames it is learning that goes on.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    duration : str
        Model time that is added, e.g. ``"100 ms"``.
    done : int
        Number of steps that were done.

    Raises
    ------
    SimulationError
        If the test phase has begun, or the longer run would have had another stimulus.
    """
    if done > plan.stimuli.learning_steps:
        raise SimulationError(
            f"the test phase has begun, after {plan.stimuli.learning_steps} steps of learning, so "
            "that learning cannot go on here; begin a new simulation with "
            "`start_from(simulation)`"
        )
    model, time_step = plan.model, plan.model.time_step
    added = model.lasting(duration).run.duration or 0.0
    steps = done + model.steps(added)
    new = Plan.of(model.lasting(f"{steps * time_step:.15g} s"))
    _refuse_other_past(plan.stimuli, new.stimuli, done)
    return plan.replace(
        model=new.model,
        stimuli=new.stimuli,
        plasticity=new.plasticity,
        schedule=_going_on(plan.schedule, new.schedule) if done else new.schedule,
    )


def _going_on(before: Schedule, new: Schedule) -> Schedule:
    """The schedule of the longer run, with the intervals of the shorter one."""
    names = ("signals", "weights", "products", "answers", "events", "factors")
    pairs = {name: (getattr(before, name), getattr(new, name)) for name in names}
    changes: dict[str, Any] = {
        name: None if one is None or other is None else replace(other, every=one.every)
        for name, (one, other) in pairs.items()
    }
    return replace(new, listed=before.listed, **changes)


def _refuse_other_past(before: Stimuli, new: Stimuli, done: int) -> None:
    pairs = {"input": (before.input, new.input), "target": (before.target, new.target)}
    for name, (one, other) in pairs.items():
        if not _same(one, other, done):
            raise SimulationError(
                f"{name}: in a longer run the {name} is another one from the beginning; "
                "begin a new simulation with `start_from(simulation)`"
            )


def _same(one: Signal, other: Signal, done: int) -> bool:
    parts = (np.arange(k, min(k + _AT_ONCE, done)) for k in range(0, done, _AT_ONCE))
    return all(np.array_equal(one.at(steps), other.at(steps)) for steps in parts)
