"""The order inside one time step, in one place.

Everything that happens at step t happens in this order, whatever Brian2's defaults are:

1. advance    the histories move on by one row: what was sent `lag` steps ago is what arrives now
2. play       the stimuli take their values u(t) and y(t - D_y)
3. come back  events: the error unit of the sender takes what has arrived, delta_post(t - r)
4. arrive     each synapse takes what has arrived, x_pre(t - f); with alignment also what its error
              will meet, x_pre(t - p) or a trace of what has arrived; with leaky neurons its PSP
              z(t) = k z(t-1) + (1 - k) x_pre(t - f) moves on
5. renew      events: from time to time all sums are taken anew, so that no rounding builds up
6. drive      every unit sums w(t) * x_pre(t - f) over its synapses
7. activate   first a(t) = drive + b(t), or with leaky neurons k a(t-1) + (1 - k) (drive + b(t)), at
              inputs u(t); then x(t) = sigma(a(t)), at inputs u(t); at first, with a weight mirror,
              x(t) then becomes noise
8. feedback   every error unit sums w(t) * delta_post(t - r); backward weights of their own stand in
              place of w(t) where feedback is not symmetric
9. propagate  delta(t) = sigma'(a(t)) * feedback, at outputs plus the injected error; with alignment
              the feedback meets sigma'(a(t - s)), or a trace of sigma' that has just moved on;
              with leaky neurons sigma' * feedback is low-passed, the injected error is not
10. multiply  the local product delta_post(t) * x_pre(t - f), where it is recorded
11. fire      spikes: neurons and error cells take one step
12. scale     events: the running size of each population's errors
13. compare   events: who has something new to say, x(t) or delta(t) against what was last sent;
              spikes: who fires
14. gather    spikes: each unit counts the spikes of its neurons
15. send      events: the new values; the own synapses of an error unit learn from them at once;
              spikes: the counts, which the own trace of the unit takes at once
16. meet      the own synapses of an error unit take notice
17. observe   weights and products are recorded as they were used in this step
18. learn     w(t+1) = w(t) - eta * delta_post(t) * x_pre(t - f), and the biases; with alignment,
              and with leaky neurons, 10 and 18 take from 4 what the error is to meet, instead of
              x_pre(t - f); backward weights of their own learn, or take the signs of w(t+1)
19. remember  x(t) and delta(t) go into the histories; spikes: the mean of x goes on
20. record    x(t), delta(t) and the target are recorded

The fused kernels (`simulator.kernels`) do 6, 8 and 18 of the synapses in one pass between 3 and 4:
both sums are of what was sent at least one step ago, and what was learned in the step before is
added when a weight is read. What has arrived for the error to meet (4) is then still that of the
step before, as the pass needs it, and 19 is done by the pass of the next step.

The kernel for events (`simulator.kernels.events`) does 3 to 18 in one call, at `PASS`, and records
what is to be recorded between 16 and 18.

With graded transmission the sums (6 and 8) are taken anew at every step, by Brian2 at the order of
their target group minus one: `DRIVE` and `FEEDBACK` are where they are because `ADD_UP` and
`PROPAGATE` are the orders of the units and of the error units. With events the sums are kept, and
corrected by what arrives (3 and 4) and by what is learned (18).

Spikes also arrive at 3 and 4, in postsynaptic currents and traces. These have decayed by one step
at 1, but for the own trace of a unit, x(t), which decays at 11: outputs are compared with their
targets at 9 by what it was at the end of the step before, x(t-1), whose mean is the activity.

The two waves and the learning rule are those of Betti & Gori, arXiv:1912.04635, where every lag is
one step.
"""

from typing import NamedTuple


class Step(NamedTuple):
    """A moment inside the time step: Brian2's slot, and the order inside the slot.

    Attributes
    ----------
    slot : str
        Slot of Brian2's schedule.
    order : int
        Order inside the slot.
    """

    slot: str
    order: int

    @property
    def when(self) -> dict[str, str | int]:
        """Keyword arguments of a Brian2 object that acts at this moment."""
        return {"when": self.slot, "order": self.order}

    def after(self) -> "Step":
        """The moment after this one, before the next that is named here."""
        return Step(self.slot, self.order + 1)


ADVANCE = Step("before_start", 0)
PLAY = Step("before_start", 2)
ARRIVE_BACK = Step("groups", 0)
PASS = Step("groups", 1)
ARRIVE = Step("groups", 2)
RENEW = Step("groups", 4)
DRIVE = Step("groups", 6)
ADD_UP = Step("groups", 7)
ACTIVATE = Step("groups", 8)
FEEDBACK = Step("groups", 9)
PROPAGATE = Step("groups", 10)
MULTIPLY = Step("groups", 11)
FIRE = Step("groups", 12)
SCALE = Step("groups", 13)
COMPARE = Step("groups", 14)
GATHER = Step("groups", 15)
SEND = Step("groups", 17)
MEET = Step("groups", 19)
OBSERVE = Step("groups", 20)
LEARN = Step("groups", 22)
REMEMBER = Step("end", 0)
RECORD = Step("end", 2)
