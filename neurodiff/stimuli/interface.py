"""What a stimulus is made from, what it says of itself, and how it is found.

A stimulus of your own is a `Signal`, and Brian2 code for it, registered with
`neurodiff.simulator.players.statement`.
"""

from collections.abc import Callable
from functools import singledispatch
from typing import NamedTuple

from neurodiff.exceptions import UnknownKindError
from neurodiff.model_file import Model
from neurodiff.network.graph import Floats, Graph
from neurodiff.network.latency import Latencies
from neurodiff.stimuli.presentations import Presentations
from neurodiff.stimuli.signals import Signal


class Place(NamedTuple):
    """Where stimuli are played.

    Attributes
    ----------
    model : Model
    graph : Graph
    latencies : Latencies
    steps : int
        Length of the run, unless frames ask for another one.
    """

    model: Model
    graph: Graph
    latencies: Latencies
    steps: int


class Pace(NamedTuple):
    """How fast an input changes.

    Attributes
    ----------
    lasts : float
        Steps for which it stays about as it is: of a tone, a quarter of its period.
    fastest : float or None
        Frequency of its fastest tone in Hz, 0 for one that never changes; None where nothing says.
    """

    lasts: float
    fastest: float | None


class InputSignal(NamedTuple):
    """An input for the whole of a run.

    Attributes
    ----------
    signal : Signal
    pace : Pace
    steps, learning_steps : int
        Length of the run, and of the part in which weights may learn.
    presentations : Presentations or None
        The frames that it shows, if it does.
    """

    signal: Signal
    pace: Pace
    steps: int
    learning_steps: int
    presentations: Presentations | None = None


class TargetSignal(NamedTuple):
    """A target for the whole of a run.

    Attributes
    ----------
    signal : Signal
    steady : bool
        Whether it stays as it is while the input does.
    labelled : bool
        Whether it names the frames of the input.
    answer : callable or None
        The targets (n, n_outputs) that belong to inputs (n, n_inputs); None where nothing says so.
    """

    signal: Signal
    steady: bool = False
    labelled: bool = False
    answer: Callable[[Floats], Floats] | None = None


@singledispatch
def input_signal(spec: object, place: Place) -> InputSignal:
    """The input that the `input` part of a model asks for.

    Parameters
    ----------
    spec : object
        That part of the model file.
    place : Place
        Model, network and latencies for which the signal is built.

    Raises
    ------
    ModelError
        If a file is missing or does not fit the network or the length of the run.
    UnknownKindError
        If nothing is registered for the type of `spec`.
    """
    raise UnknownKindError("neurodiff.stimuli.interface.input_signal", spec)


@singledispatch
def target_signal(spec: object, place: Place, source: InputSignal) -> TargetSignal:
    """The target that the `target` part of a model asks for; see `input_signal`.

    Parameters
    ----------
    spec : object
        That part of the model file.
    place : Place
        Model, network and latencies for which the signal is built.
    source : InputSignal
        Input of the run.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `spec`.
    """
    raise UnknownKindError("neurodiff.stimuli.interface.target_signal", spec)
