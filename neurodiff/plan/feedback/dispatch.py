"""Finds what makes a feedback in numbers of the `feedback` part of a model file."""

from functools import singledispatch

from neurodiff.exceptions import UnknownKindError
from neurodiff.plan.feedback.interface import Context, Feedback


@singledispatch
def prepare(spec: object, context: Context) -> Feedback:
    """The feedback of a model in numbers.

    Parameters
    ----------
    spec : object
        The `feedback` part of the model.
    context : Context
        What it is made from.

    Raises
    ------
    ModelError
        If a weights file is missing, lacks a projection, or holds arrays of the wrong size.
    UnknownKindError
        If nothing is registered for the type of `spec`.
    """
    raise UnknownKindError("neurodiff.plan.feedback.prepare", spec)
