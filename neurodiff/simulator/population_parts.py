"""What is added to the equations, events and numbers of a population."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import brian2 as b2

from neurodiff.plan.sampling import Sampling
from neurodiff.simulator.sampling import SENT_NOW, condition, constants


@dataclass(frozen=True)
class Addition:
    """What is added to the equations, events and numbers of a population.

    Attributes
    ----------
    equations : str
    events : dict
        Brian2 conditions by event.
    namespace : dict
    computed : str
        The variable in which units keep sigma(a), and error units sigma'(a) feedback, where that is
        not what they send; `x` and `delta` otherwise.
    by_kernel : bool
        Whether a kernel does all that the population does in a step.
    moves_target : bool
        Whether the transmission itself keeps the `target` of error units, from what is `played`.
    functions : mapping
        Functions of Brian2 by the name of those for which units take them.
    aligns_slope : str
        Code with which error units make `aligned_slope`, for errors that come back; they take
        `slope` where there is none.
    """

    equations: str
    events: dict[str, str] = field(default_factory=dict)
    namespace: dict[str, Any] = field(default_factory=dict)
    computed: str = ""
    by_kernel: bool = False
    moves_target: bool = False
    aligns_slope: str = ""
    functions: Mapping[str, b2.Function] = field(default_factory=dict)

    def with_samples(self, sampling: Mapping[str, Sampling]) -> "Addition":
        """The same with the events at which the population is recorded.

        Sampling `events` keeps what is sent, and only of those that send.

        Parameters
        ----------
        sampling : mapping
            Sampling by the name of what is recorded.
        """
        events, namespace = dict(self.events), dict(self.namespace)
        for name, part in sampling.items():
            kept = replace(part, only=SENT_NOW) if name == "events" else part
            events[name] = condition(kept, name)
            namespace |= constants(kept, name)
        return replace(self, events=events, namespace=namespace)
