"""The local rule between events, solved: what is known of a synapse without touching it.

What has arrived at a synapse stays as it is until the next event arrives. With x the value that has
arrived from the unit and delta the one that the error unit last sent, the rule

    w(t+1) = (1 - lambda) w(t) - eta delta_post(t) x

is then solved by

    w(t) = (1 - lambda)^(t - t0) anchor - eta x learned_post(t),
    learned(t+1) = (1 - lambda) learned(t) + delta(t),

where only `learned`, one number per error unit, moves at every step. The `anchor`, one per synapse,
is set anew when x changes, at t0. With e the error that has arrived at the error unit of the
sender, the sums that the populations read learn as

    drive(t+1)    = (1 - lambda) drive(t)    - eta delta(t) S,   S = sum of x^2 over synapses onto i
    feedback(t+1) = (1 - lambda) feedback(t) - eta K,            K = sum of delta_post x e from j

and S and K, one per unit, change at events only. So an event costs a few operations for each
synapse that it reaches, and a step without events costs nothing for any synapse. What is kept and
corrected for ever gathers rounding errors, and those of K add up step by step in the feedback. So
every `RENEWED_EVERY` steps all sums are taken anew.

The texts for Brian2 and the same formula for whole arrays stand side by side here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodiff.simulator.plasticity import Diffusion
from neurodiff.simulator.transmission.arrival import Arrival
from neurodiff.simulator.transmission.lazy_synapses import Floats, Value

#: Steps after which the sums are taken anew.
RENEWED_EVERY = 10_000

#: What the closed form needs of the units, and of the error units.
UNITS = """
drive : 1 (linked)
feedback : 1
fixed_feedback : 1
K : 1
"""

ERRORS = """
drive : 1
fixed_drive : 1
feedback : 1 (linked)
S : 1
sent_before : 1
learned : 1
decays : integer
learning : integer
"""


@dataclass(frozen=True, eq=False)
class ClosedForm:
    """The code of the synapses, as Brian2 text, and their weights.

    Attributes
    ----------
    rule : Diffusion
    x, delta : Arrival
        Where what has arrived is kept.
    plastic : bool array (n_synapses,)
        In the order of the Brian2 synapses.
    """

    rule: Diffusion
    x: Arrival
    delta: Arrival
    plastic: NDArray[np.bool_]

    @property
    def _mask(self) -> str:
        """Factor of everything that learns; nothing where all synapses do."""
        return "" if self.plastic.all() else "int(plastic)*"

    @property
    def equations(self) -> str:
        """State of each synapse."""
        lines = ["anchor : 1", self.x.synapse_equations, self.delta.synapse_equations]
        if self._mask and not self.rule.frozen:
            lines.append("plastic : boolean (constant)")
        if self.rule.weight_decay:
            lines.append("anchored : integer")
        return "\n".join([*lines, f"w = {self._weight()} : 1"])

    def _weight(self) -> str:
        if self.rule.frozen:
            return "anchor"
        anchor = "anchor"
        if self.rule.weight_decay:
            anchor = f"anchor*(1 - weight_decay)**({self._mask}(decays_post - anchored))"
        return f"{anchor} - {self._mask}learning_rate*{self.x.arrived}*learned_post"

    def weights(self, value: Value, now: Floats) -> Floats:
        """The text of `w` for whole arrays; see `Form`.

        Parameters
        ----------
        value : callable
            Function that returns a variable (n_samples, n_synapses) by its name.
        now : array (n_samples, 1)
            Steps of the samples.
        """
        w = value("anchor")
        if self.rule.frozen:
            return w
        if self.rule.weight_decay:
            decays = value("decays_post") - value("anchored")
            w = w * (1 - self.rule.weight_decay) ** (self.plastic * decays)
        moved = value(self.x.arrived) * value("learned_post")
        return w - self.plastic * (self.rule.learning_rate * moved)

    def products(self, value: Value, now: Floats) -> Floats:
        """What the rule multiplies; see `Form`.

        Parameters
        ----------
        value : callable
            Function that returns a variable (n_samples, n_synapses) by its name.
        now : array (n_samples, 1)
            Steps of the samples.
        """
        return value("sent_post") * value(self.x.arrived)

    @property
    def variables(self) -> list[str]:
        """Names that `weights` and `products` ask for."""
        names = ["anchor", self.x.arrived, "sent_post"]
        if not self.rule.frozen:
            names.append("learned_post")
        if self.rule.weight_decay:
            names += ["decays_post", "anchored"]
        return names

    @property
    def arrive(self) -> str:
        """An activity arrives at the synapse."""
        new, old = self.x.arriving, self.x.arrived
        lines = [f"change = {new} - {old}", "drive_post += w*change"]
        if not self.rule.frozen:
            lines += [
                f"S_post += {self._mask}({new} + {old})*change",
                f"K_pre += {self._mask}{self.delta.arrived}*sent_post*change",
            ]
            if self.rule.weight_decay:
                lines += ["fixed_drive_post += int(not plastic)*w*change"] * bool(self._mask)
                lines += [
                    f"anchor = w + {self._mask}learning_rate*{new}*learned_post",
                    "anchored = decays_post",
                ]
            else:
                lines.append(f"anchor += {self._mask}learning_rate*learned_post*change")
        return "\n".join(lines + self.x.accept)

    @property
    def arrive_back(self) -> str:
        """An error arrives at the error unit of the sender."""
        new, old = self.delta.arriving, self.delta.arrived
        lines = [f"change = {new} - {old}", "feedback_pre += w*change"]
        if not self.rule.frozen:
            lines.append(f"K_pre += {self._mask}sent_post*{self.x.arrived}*change")
            if self.rule.weight_decay and self._mask:
                lines.append("fixed_feedback_pre += int(not plastic)*w*change")
            if not self.meets:
                lines += self._meet_late()
        return "\n".join(lines + self.delta.accept)

    @property
    def renew(self) -> str:
        """What each synapse gives to the sums, which begin at 0."""
        x, error = self.x.arrived, self.delta.arrived
        lines = [f"drive_post += w*{x}", f"feedback_pre += w*{error}"]
        if not self.rule.frozen:
            lines += [
                f"S_post += {self._mask}{x}*{x}",
                f"K_pre += {self._mask}sent_post*{x}*{error}",
            ]
            if self.rule.weight_decay and self._mask:
                lines += [
                    f"fixed_drive_post += int(not plastic)*w*{x}",
                    f"fixed_feedback_pre += int(not plastic)*w*{error}",
                ]
        return "\n".join(lines)

    @property
    def meets(self) -> bool:
        """Whether a synapse takes notice of an error when it is sent, before it has arrived.

        Where errors arrive in the next step one visit to the synapse is enough.
        """
        return not self.rule.frozen and not self.delta.next_step

    @property
    def meet(self) -> str:
        """The error unit sends, and its own synapses learn from the new value from now on."""
        change = "(sent_post - sent_before_post)"
        return f"K_pre += {self._mask}{self.delta.arrived}*{self.x.arrived}*{change}"

    def _meet_late(self) -> list[str]:
        """The same a step later, with what was learned from the old value put right.

        What had arrived is then what was sent before, and `change` is the change of what is sent.
        """
        met = f"{self._mask}{self.delta.arrived}*{self.x.arrived}*change"
        return [f"K_pre += {met}", f"feedback_pre -= learning_post*learning_rate*{met}"]
