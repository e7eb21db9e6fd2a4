"""What is said of a run before it begins."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from neurodiff.simulation import Simulation


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
