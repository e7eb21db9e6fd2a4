"""A choice of each kind, defined from outside the package, runs, is validated and is audited.

No file of neurodiff knows of any of them: each is one class for the plan, one for the simulator and
one for the reference, registered with the dispatch of its half.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from neurodiff import Plan, Simulation, audit, validate
from neurodiff.exceptions import UnknownKindError
from neurodiff.forecast.description.model import describe
from neurodiff.network.activations import Activation
from neurodiff.network.graph import Graph
from neurodiff.plan import alignment as planned_alignment
from neurodiff.plan import feedback as planned_feedback
from neurodiff.plan import plasticity as planned_plasticity
from neurodiff.plan.alignment import Ages
from neurodiff.reference import alignment as reference_alignment
from neurodiff.reference import feedback as reference_feedback
from neurodiff.reference import plasticity as reference_plasticity
from neurodiff.simulator import alignment as simulator_alignment
from neurodiff.simulator import feedback as simulator_feedback
from neurodiff.simulator import plasticity as simulator_plasticity
from neurodiff.simulator.order import LEARN
from neurodiff.simulator.players import Statement, statement
from neurodiff.stimuli import Pace, Signal
from tests.networks import chain
from tests.simulated import EVERY_STEP, deviations

Floats = NDArray[np.float64]
LEARNS = {"plasticity": {"rule": "diffusion", "learning_rate": "3 Hz"}}
WAVES = {**EVERY_STEP, "input": {"kind": "sinusoid", "frequency": "20 Hz"}}
#: Rounding of the two halves, which add up in different orders.
ROUNDING = 1e-9


def plan_of(**keys: Any) -> Plan:
    return Plan.of(chain([3, 4, 3, 2], activation="tanh", **LEARNS | WAVES | keys))


def ran(plan: Plan) -> Simulation:
    """A run that equals the reference's own waves, and that is validated, shown and audited."""
    simulation = Simulation(plan, backend="numpy").run()
    assert max(deviations(simulation).values()) < ROUNDING
    assert np.isfinite(validate(simulation).total.cosine)
    assert len(audit(plan).findings) == 12
    assert "units" in describe(plan, "numpy")
    return simulation


def moved_unlike(mine: Simulation, other: Simulation) -> bool:
    """Whether the last weights differ."""
    return not np.allclose(mine.recording.w.values[-1], other.recording.w.values[-1])


# --- a feedback: a part of the forward weights, the same for all --------------------------------


@dataclass(frozen=True, eq=False)
class Faint(planned_feedback.Feedback):
    """b = share w."""

    share: float
    rule: ClassVar[str] = "faint"
    own_weights: ClassVar[bool] = False
    knows: ClassVar[str] = "the error that arrives, and the weight of its synapse"


@dataclass(frozen=True)
class BuiltFaint(simulator_feedback.Untrained):
    feedback: Faint
    graph: Graph
    equations: ClassVar[str] = "synapse : integer (constant)\nw : 1 (linked)"

    def train(self, own: Any, local: Any, clock: Any) -> list[Any]:
        import brian2 as b2

        own.synapse = self.graph.backward.synapse
        own.w = b2.linked_var(local.store, "w", index="synapse")
        code = f"b = {self.feedback.share}*w"
        own.run_regularly(code, name="follow", **LEARN.after().when)
        return []


class FollowedFaint(reference_feedback.Feedback):
    def __init__(self, feedback: Faint, graph: Graph):
        self._share, self._graph = feedback.share, graph

    def weights(self, w: Floats) -> Floats:
        return self._share * planned_feedback.along_synapses(self._graph, w)


def faint(plan: Plan, share: float) -> Plan:
    b = share * planned_feedback.along_synapses(plan.graph, plan.w)
    return plan.replace(feedback=Faint(b, share))


@pytest.fixture
def registered():
    simulator_feedback.build.register(Faint, lambda f, graph, rule: BuiltFaint(f, graph))
    reference_feedback.follow.register(Faint, lambda f, graph, rule: FollowedFaint(f, graph))


def test_a_feedback(registered):
    plan = plan_of()
    mine, whole = ran(faint(plan, 0.5)), ran(faint(plan, 1.0))
    # the whole of the weights is symmetric feedback
    symmetric = ran(plan)
    np.testing.assert_allclose(
        whole.recording.w.values[-1], symmetric.recording.w.values[-1], rtol=1e-12
    )
    assert moved_unlike(mine, symmetric)
    # errors of the last hidden layer are half as large
    transport = validate(mine).layers[1].transport
    assert transport is not None


# --- an alignment: activity waits for some steps, slopes for none -------------------------------


@dataclass(frozen=True, eq=False)
class Waiting(planned_alignment.Alignment):
    """The activity in the product is `steps` older than what has just arrived."""

    steps: int
    kind: ClassVar[str] = "waiting"
    keeps: ClassVar[Any] = "values"
    waits_for: ClassVar[str] = "waiting times"
    one_length: ClassVar[None] = None

    @property
    def longest_age(self) -> int:
        return 1 + self.steps

    @property
    def longest_wait(self) -> float:
        return float(self.steps)

    def ages(self, graph: Graph) -> Ages:
        return Ages(graph.forward_lag + self.steps, np.zeros(graph.n_units, dtype=np.int64))

    def exact_units(self, graph: Graph) -> Any:
        return np.zeros(graph.n_units, dtype=bool)

    def remembered(self, graph: Graph) -> Any:
        return np.full(graph.n_units, self.longest_age)

    def waits(self, graph: Graph) -> Floats:
        return np.full(graph.n_synapses, float(self.steps))

    def activity_response(self, graph: Graph, omega: Any, synapse: Any) -> Any:
        shape = np.broadcast(omega, graph.pre[synapse]).shape
        return np.broadcast_to(np.exp(-1j * omega * self.steps), shape)

    def slope_response(self, graph: Graph, omega: float) -> Any:
        return np.ones(graph.n_units, dtype=np.complex128)


@simulator_alignment.build.register
def _(alignment: Waiting, graph: Graph) -> Any:
    ages = alignment.ages(graph)
    matched = planned_alignment.Matched(ages.activity, ages.slope, alignment.exact_units(graph))
    return simulator_alignment.Matched(graph, matched)


@reference_alignment.follow.register
def _(alignment: Waiting, graph: Graph) -> Any:
    class Waited:
        def activity(self, t: int, x: Any, arrived: Floats) -> Floats:
            return x.ago(t, graph.forward_lag + alignment.steps, graph.pre)

        def slope(self, t: int, slope: Floats) -> Floats:
            return slope

    return Waited()


def test_an_alignment():
    plan = plan_of()
    mine, unaligned = ran(plan.replace(alignment=Waiting(3))), ran(plan)
    assert moved_unlike(mine, unaligned)
    assert audit(plan.replace(alignment=Waiting(3)))["local_in_time"].verdict == "not met"


# --- a stimulus: a square wave ------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Square(Signal):
    """1 for half of the period, then -1."""

    half: int
    n: int

    def at(self, steps: Any) -> Floats:
        sign = 1.0 - 2.0 * ((steps // self.half) % 2)
        return np.where(steps[:, None] >= 0, np.repeat(sign[:, None], self.n, axis=1), 0.0)

    @property
    def largest(self) -> float:
        return 1.0

    @property
    def size(self) -> int:
        return 2

    def spread(self, every: int) -> float:
        return 1.0


@statement.register
def _(signal: Square, step: str, name: str, clock: Any) -> Statement:
    return Statement(f"1 - 2*(({step}//half) % 2)", {}, {"half": signal.half})


def test_a_stimulus():
    plan = plan_of()
    stimuli = replace(plan.stimuli, input=Square(7, 3), pace=Pace(7.0, None), steady=False)
    mine = ran(plan.replace(stimuli=stimuli))
    x = mine.recording.x.values[:, :3]
    assert x[:14, 0].tolist() == [1.0] * 7 + [-1.0] * 7
    found = audit(plan.replace(stimuli=stimuli))["input_slow_enough"]
    assert found.verdict == "depends"


# --- an activation: a parabola ------------------------------------------------------------------


def test_an_activation():
    # sigma(a) = a/2 + a^2/8, of which sigma' as a function of x is sqrt(1/4 + x/2)
    curve = Activation(
        text="0.5*a + 0.125*a**2",
        slope_text="sqrt(0.25 + 0.5*x)",
        function=lambda a: a / 2 + a**2 / 8,
        slope=lambda a: 1 / 2 + a / 4,
    )
    plan = plan_of(input={"kind": "constant", "values": [0.3, -0.2, 0.1]})
    populations = tuple(
        part if part.role == "input" else replace(part, activation="parabola", sigma=curve)
        for part in plan.graph.populations
    )
    by_name = {part.name: part for part in populations}
    projections = tuple(
        replace(part, pre=by_name[part.pre.name], post=by_name[part.post.name])
        for part in plan.graph.projections
    )
    graph = replace(plan.graph, populations=populations, projections=projections)
    mine = ran(plan.replace(graph=graph))
    # by hand: the first hidden layer from step 1 on
    u = mine.recording.x.values[0, :3]
    a = np.array([plan.w[plan.graph.post == k] @ u for k in range(3, 7)])
    np.testing.assert_allclose(mine.recording.x.values[1, 3:7], a / 2 + a**2 / 8, rtol=1e-12)


# --- a learning rule: only the sign of the error counts -----------------------------------------


@dataclass(frozen=True)
class SignOfError(planned_plasticity.Plasticity):
    """dw/dt = -learning_rate sign(delta) x."""

    learning_rate: float
    start: int
    stop: int
    rule: ClassVar[str] = "sign_of_error"
    weight_decay: float = 0.0

    @property
    def frozen(self) -> bool:
        return self.learning_rate == 0

    def thawed(self, steps: int) -> "SignOfError":
        return SignOfError(1.0, 0, steps) if self.frozen else self


class BuiltSignOfError:
    def __init__(self, rule: SignOfError):
        self.frozen = rule.frozen
        self.constants = {
            "learning_rate": rule.learning_rate,
            "weight_decay": 0.0,
            "learning_start": rule.start,
            "learning_stop": rule.stop,
        }

    def product(self, presynaptic: str) -> str:
        return f"sign(delta)*{presynaptic}"

    def apply(self, store: Any, errors: Any, presynaptic: str) -> None:
        learns = "int(timestep(t, dt) >= learning_start and timestep(t, dt) < learning_stop)"
        for group, code in (
            (store, f"w -= {learns}*plastic*learning_rate*{self.product(presynaptic)}"),
            (errors, f"bias -= {learns}*has_bias*learning_rate*sign(delta)"),
        ):
            group.namespace.update(self.constants)
            group.run_regularly(code, name=f"learn_{group.name}", **LEARN.when)


class FollowedSignOfError:
    def __init__(self, rule: SignOfError, graph: Graph):
        self._rate, self._graph = rule.learning_rate, graph

    def product(self, delta: Floats, activity: Floats) -> Floats:
        return np.sign(delta) * activity

    def learn(self, w: Floats, bias: Floats, product: Floats, delta: Floats) -> None:
        w -= self._graph.plastic * self._rate * product
        bias -= self._graph.has_bias * self._rate * np.sign(delta)


@simulator_plasticity.build.register
def _(rule: SignOfError) -> Any:
    return BuiltSignOfError(rule)


@reference_plasticity.follow.register
def _(rule: SignOfError, graph: Graph) -> Any:
    return FollowedSignOfError(rule, graph)


def test_a_learning_rule():
    plan = plan_of()
    rule = SignOfError(0.003, 0, plan.stimuli.steps)
    mine, diffusion = ran(plan.replace(plasticity=rule)), ran(plan)
    assert moved_unlike(mine, diffusion)
    assert validate(mine).total.norm_ratio > 2 * validate(diffusion).total.norm_ratio


def test_a_wrong_half_is_found_out(monkeypatch):
    """The comparison of the halves is not blind: one whose sign is wrong differs."""
    plan = plan_of()
    rule = SignOfError(0.003, 0, plan.stimuli.steps)
    monkeypatch.setattr(FollowedSignOfError, "product", lambda self, delta, x: -np.sign(delta) * x)
    simulation = Simulation(plan.replace(plasticity=rule), backend="numpy").run()
    assert max(deviations(simulation).values()) > 0.1


# --- what is missing is named -------------------------------------------------------------------


class Homeless(planned_feedback.Feedback):
    rule: ClassVar[str] = "homeless"
    knows: ClassVar[str] = "nothing"


def test_a_half_that_is_missing_is_named():
    plan = plan_of()
    plan = plan.replace(feedback=Homeless(plan.feedback.b))
    with pytest.raises(UnknownKindError, match=r"simulator\.feedback\.build knows no Homeless"):
        Simulation(plan, backend="numpy").run()
    with pytest.raises(UnknownKindError, match="register"):
        reference_feedback.follow(plan.feedback, plan.graph, plan.plasticity)


def test_events_refuse_a_rule_that_they_cannot_solve():
    events = {"kind": "events", "threshold": 1e-3, "error_threshold": 1e-3}
    plan = plan_of(transmission=events, validation={"every": "3 ms"})
    plan = plan.replace(plasticity=SignOfError(0.003, 0, plan.stimuli.steps))
    with pytest.raises(Exception, match=r"plasticity\.rule: sign_of_error needs graded"):
        Simulation(plan, backend="numpy").run()
