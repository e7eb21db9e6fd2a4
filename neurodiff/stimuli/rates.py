"""Signals that neurons are to fire at: what rates they can have."""

import numpy as np

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.model_file.quantities import FREQUENCY_UNITS, format_quantity, rounded_down
from neurodiff.network.graph import Graph
from neurodiff.stimuli.signals import Signal


def refuse_no_rates(reach: tuple[float, float], model: Model, field: str) -> None:
    """Refuse an input that reaches beyond 0 to 1 where transmission makes spikes of it.

    Parameters
    ----------
    reach : tuple of float
        Smallest and largest value.
    model : Model
        Model, checked.
    field : str
        Key of the model file that a message names.

    Raises
    ------
    ModelError
        If transmission is by spikes and a value is below 0 or above 1.
    """
    if model.transmission.maximum_rate is None:
        return
    least, most = reach
    if least < 0 or most > 1:
        # a value just above 1 must not read as 1
        ends = f"{least:g} to {most!r}" if f"{most:g}" == "1" else f"{least:g} to {most:g}"
        text = f"spike rates are values between 0 and 1, not {ends}"
        raise ModelError(field, text, "rescale the file, or use another transmission")


def refuse_what_no_rate_reaches(target: Signal, model: Model, graph: Graph) -> None:
    """With spikes a target is a rate that its output can have.

    Parameters
    ----------
    target : Signal
        Target of the outputs.
    model : Model
        Model, checked.
    graph : Graph
        Network of units, synapses and delays.

    Raises
    ------
    ModelError
        If transmission is by spikes and a target is no rate that its output can have.
    """
    fastest = model.transmission.maximum_rate
    if fastest is None or target.rows_of_all is None:
        return
    once_a_step = 1 / (fastest * model.time_step)
    most = graph.by_unit(lambda part: min(part.sigma.most, once_a_step))[graph.outputs]
    values = target.rows_of_all
    wrong = (values < 0) | (values > most * (1 + 1e-9))
    if wrong.any():
        row, output = np.argwhere(wrong)[0]
        value, most = values[row, output], most[output]
        field = {"constant": "target.values", "array": "target.file"}.get(model.target.kind)
        text = f"output {output} fires for 0 to {most:.4g} and is to reach {value:g}"
        remedy = f"write values of 0 to {most:.4g}"
        if value > most and most != 1:
            slower = format_quantity(rounded_down(fastest * most / value), FREQUENCY_UNITS)
            remedy = f"write `maximum_rate: {slower}` or less, or smaller targets"
        raise ModelError(field or "target", text, remedy)
