"""What can go wrong, said so that it can be mended.

Every message names the field, the value and the remedy. The command line turns each of these
into one line on standard error and exit code 2.
"""


class NeurodiffError(Exception):
    """Something the user can mend; the message says how."""


class ModelError(NeurodiffError):
    """A model that cannot be built: where it says so, what is wrong, and what to write instead.

    Parameters
    ----------
    field : str
        Path of the key in the model file, e.g. ``input.frequency``.
    problem : str
        What is wrong, with the offending value.
    remedy : str
        What to write instead.
    """

    def __init__(self, field: str, problem: str, remedy: str = ""):
        self.field, self.problem, self.remedy = field, problem, remedy
        super().__init__(f"{field}: {problem}" + (f"; {remedy}" if remedy else ""))


class SimulationError(NeurodiffError):
    """A run that could not be made, or a question about a run that was not made."""


class MachineError(SimulationError):
    """A run that could not be made on this machine, which lacks memory or a compiler for it."""


class FixedPointError(NeurodiffError):
    """A network with cycles that settles nowhere, or at least nowhere that was found."""


class OutputError(NeurodiffError):
    """A result that could not be written, or must not be overwritten."""


class DivergenceWarning(UserWarning):
    """A run whose activity, errors or weights grew without end; what came before is kept."""


class UnknownKindError(NeurodiffError, TypeError):
    """A choice has no class in one of the halves; it says where one is to be registered."""

    def __init__(self, dispatch: str, choice: object):
        kind = type(choice).__name__
        super().__init__(
            f"{dispatch} knows no {kind}; register one, `@{dispatch.rpartition('.')[2]}.register`"
        )
