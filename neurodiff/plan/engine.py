"""What moves the weights: fused kernels, or the plain Brian2 network, which can do everything."""

from collections.abc import Callable
from typing import Any, NamedTuple

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.plan.alignment import Alignment
from neurodiff.plan.feedback import Feedback
from neurodiff.plan.plasticity import Plasticity
from neurodiff.plan.transmission import Transmission


class Choice(NamedTuple):
    """What a kernel would have to do.

    Attributes
    ----------
    transmission : Transmission
        As it is without kernels.
    alignment : Alignment
    feedback : Feedback
    plasticity : Plasticity
    """

    transmission: Transmission
    alignment: Alignment
    feedback: Feedback
    plasticity: Plasticity


def no_kernel(choice: Choice) -> str | None:
    """Why there is no kernel; None where there is.

    Parameters
    ----------
    choice : Choice
        What it would have to do.
    """
    if choice.transmission.no_kernel is not None:
        return choice.transmission.no_kernel
    names = {
        "alignment": (choice.alignment.kind, choice.alignment.has_kernel),
        "feedback": (choice.feedback.rule, choice.feedback.has_kernel),
        "rule": (choice.plasticity.rule, choice.plasticity.has_kernel),
    }
    for what, (name, has_kernel) in names.items():
        if not has_kernel:
            return f"there is no kernel for the {what} `{name}`"
    return None


def engine_of(model: Model, choice: Choice) -> Transmission:
    """The transmission by the engine that the model asks for; `auto` takes kernels where it can.

    Parameters
    ----------
    model : Model
        Model, checked.
    choice : Choice
        What is to be done.

    Raises
    ------
    ModelError
        If kernels are asked for, or what only they can do, and there are none.
    """
    run, problem = model.run, no_kernel(choice)
    numbers = {
        "precision": (run.precision != "float64", run.precision),
        "threads": (run.threads > 1, run.threads),
    }
    asked = run.engine == "fused" or any(given for given, _ in numbers.values())
    slower = None if asked else choice.transmission.kernel_slower
    if run.engine != "native" and problem is None and slower is None:
        if not choice.transmission.by_numbers:
            text = f"the kernel for {choice.transmission.kind} computes in float64 on one thread"
            _refuse(numbers, lambda value: f"{value} is not possible: {text}")
        return choice.transmission.fused(run.precision, run.threads)
    problem = problem or "`run.engine` is native"
    wanted = {"engine": (run.engine == "fused", "fused"), **numbers}
    _refuse(wanted, lambda value: f"{value} needs fused kernels, and {problem}")
    return choice.transmission


def _refuse(wanted: dict[str, tuple[bool, Any]], text: Callable[[Any], str]) -> None:
    """Refuse the first of some keys of `run` that was asked for."""
    for key, (asked, value) in wanted.items():
        if asked:
            raise ModelError(f"run.{key}", text(value), "leave it out")


def explain(model: Model, choice: Choice) -> str:
    """In one sentence, which engine a run takes, and why.

    Parameters
    ----------
    model : Model
        Model, checked.
    choice : Choice
        What is to be done.
    """
    problem = no_kernel(choice)
    if problem is not None:
        return f"native: {problem}"
    if model.run.engine == "native":
        return "native: the plain Brian2 network, as `run.engine` says"
    if engine_of(model, choice).engine == "native":
        return f"native: {choice.transmission.kernel_slower}"
    parts = [f"fused kernels, weights in {model.run.precision}"]
    if model.run.threads > 1:
        parts.append(f"{model.run.threads} threads")
    return "; ".join(parts)
