"""What is said of a run before it begins."""

import warnings
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from neurodiff.simulation import Simulation

#: About how many multiplications an estimate may take before a run.
_WORK = 2e8
#: Seconds that a dense kernel has to save before it is spoken of.
_WORTH = 5.0


def announce(simulation: "Simulation") -> None:
    """Say on standard error what will run, and on what.

    Parameters
    ----------
    simulation : Simulation
        Simulation that is to run.
    """
    from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
    from neurodiff.plan.forewarnings import in_words

    model, steps = simulation.model, simulation.plan.stimuli.steps
    seconds = simulation.cost.seconds.get(simulation.backend)
    chosen = f" (chosen by run.target: {model.run.target})" if model.run.target == "auto" else ""
    estimate = f", about {in_words(seconds)}" if seconds is not None else ""
    time_step = format_quantity(model.time_step, TIME_UNITS)
    going_on = f", from step {simulation.state.step}" if simulation.state else ""
    typer.echo(
        f"{model.name}: {steps} steps of {time_step}{going_on} on {simulation.backend}{chosen}"
        f"{estimate}; {simulation.plan.engine}",
        err=True,
    )
    for text in simulation.plan.transmission.choices:
        typer.echo(text, err=True)
    _warn_of_slow_events(simulation)


def _warn_of_slow_events(simulation: "Simulation") -> None:
    """Say where a dense kernel would be faster than events."""
    from neurodiff.forecast.event_activity import Activity, expected_activity
    from neurodiff.forecast.event_speed import event_speed

    plan, backend = simulation.plan, simulation.backend
    if plan.transmission.sending is None or plan.transmission.fires:
        return
    # what is sent takes a while to predict: most runs are short enough whatever is
    most = event_speed(plan, backend, Activity(1.0, 1.0, 1.0))
    worth = _WORTH / plan.stimuli.steps
    if most.events - most.dense <= worth:
        return
    activity = expected_activity(plan, _WORK)
    assert activity is not None
    speed = event_speed(plan, backend, activity)
    if speed.events - speed.dense > worth:
        warnings.warn(
            f"the input is fast: a step by events is estimated to take "
            f"{1e6 * speed.events:.3g} us, and by a dense kernel {1e6 * speed.dense:.3g} us; write "
            "`transmission: graded`, or larger thresholds",
            stacklevel=2,
        )
