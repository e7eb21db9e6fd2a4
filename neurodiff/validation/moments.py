"""Over which moments local products were compared, and with what: in numbers and in words."""

from typing import Any, NamedTuple

from neurodiff.plan.alignment import Unaligned
from neurodiff.validation.case import Case

#: What the products are held against, by the name in the model file.
_REFERENCES = {
    "error_frame": "the gradient by backpropagation for the input that the arriving error is about",
    "instantaneous": "the gradient by backpropagation for the input and the target of that step",
    "fixed_point": (
        "the gradient by recurrent backpropagation at the fixed point for the input of that step"
    ),
    "delayed": (
        "the product that the delayed waves must give at that step, computed without the simulator"
    ),
}

#: What the columns of the table of layers are, g being the local products and g* the reference.
LEGEND = {
    "cosine": "of g and g*, a mean over the moments, weighted by |g| |g*|; 1 is the same direction",
    "rel. error": "sum of |g - g*| over sum of |g*|; 0 is equal",
    "norm ratio": "sum of |g| over sum of |g*|; above 1 the updates are larger than the gradient",
    "sign agreement": "share of synapses and moments of the same sign, weighted by |g*|",
    "cosine of sum": "of the sum of g over all moments with the sum of g*",
    "exact from step": "first step from which on g = g* to 1e-12; predicted, from the delays alone",
    "cosine of errors": "of the arriving errors with those of backpropagation for the same input",
    "of b and w, first": "cosine of backward with forward weights, at the start; last, at the end",
}


class Compared(NamedTuple):
    """Which moments the figures are of.

    Attributes
    ----------
    n, of : int
        Number of moments that were compared, and of those in the window of validation.
    how : str
        "every step", or "sampled": then figures are estimates, with 95 % intervals.
    deviation : float or None
        Largest relative difference between products that the run recorded and those of the
        reference's own waves, which the figures are of; None where the run's own were compared.
    why : str
        Why not every step was compared.
    replayed : bool
        Whether the figures are of the run's own products, with the weights that follow from them.
    """

    n: int
    of: int
    how: str
    deviation: float | None = None
    why: str = ""
    replayed: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As `report.json` holds it; what does not apply is left out."""
        values = {"n": self.n, "of": self.of, "how": self.how}
        values |= {} if self.deviation is None else {"deviation": self.deviation}
        return values | ({"why": self.why} if self.why else {})


class Setting(NamedTuple):
    """What was compared with what, and when.

    Attributes
    ----------
    reference : str
        Its name in the model file.
    start, stop : int
        The steps of the window: from the first to the one after the last.
    time_step : float
        In s.
    learns : bool
        Whether weights moved.
    hold : int or None
        Steps for which each frame is shown; None without frames, and where the reference is not the
        gradient for one frame.
    mixed : tuple of (str, float)
        Of each projection, for how many of these steps an error about one frame meets the activity
        of the next; none where alignment makes the two as old.
    """

    reference: str
    start: int
    stop: int
    time_step: float
    learns: bool = False
    hold: int | None = None
    mixed: tuple[tuple[str, float], ...] = ()

    def summary(self, compared: Compared) -> str:
        """What was compared with what, and over which moments.

        Parameters
        ----------
        compared : Compared
            What was compared: sampled moments, or every step.
        """
        text = (
            "compared: the local product g of each synapse at a step with its reference g* "
            f"({self.reference}), {_REFERENCES[self.reference]}, with the weights of that step"
        )
        return f"{text}\nmoments: {self._moments(compared)}"

    def _moments(self, compared: Compared) -> str:
        if not compared.of:
            return "none; the run ended before the first step that counts (validation.start)"
        last = self.stop - 1
        window = f"from {self.start} ({self._time(self.start)}) to {last} ({self._time(last)})"
        if compared.how == "sampled":
            why = f" ({compared.why})" if compared.why else ""
            return (
                f"a sample, {compared.n} of the {compared.of} steps {window}{why}; "
                "figures with +- or `to` are estimates with 95 % intervals"
            )
        every = f"every step {window}, {compared.of} in all"
        if compared.deviation is None:
            return f"{every}, as recorded"
        if compared.replayed:
            return (
                f"{every}, as recorded, with the weights that follow from them; those with which "
                f"the run ended are the same to {compared.deviation:.1g}"
            )
        return (
            f"{every}, computed anew from the model; products and weights that the run recorded "
            f"are the same to {compared.deviation:.1g}"
        )

    def _time(self, step: int) -> str:
        seconds = step * self.time_step
        return f"{seconds:.7g} s" if seconds >= 1 else f"{1e3 * seconds:.7g} ms"

    def of_the_sum(self) -> str | None:
        """With frames, why the sum may have another direction than the moments; else None."""
        reasons = []
        if self.hold and any(steps > 0 for _, steps in self.mixed):
            shares = ", ".join(f"{self._share(steps)} in {name}" for name, steps in self.mixed)
            reasons.append(
                "after each change of frame the activity of the new frame meets the error of the "
                f"last one, for so many of the {self.hold} steps of a frame: {shares}"
            )
        if self.hold and self.learns:
            reasons.append(
                "an error that arrives was made with the weights of some steps before; where the "
                "network has just learned from the frame, it is larger than the gradient is now"
            )
        if not reasons:
            return None
        numbered = [f"  ({k}) {reason}" for k, reason in enumerate(reasons, 1)]
        why = (
            "why the sum may differ much from the moments: gradients of different frames cancel in "
            "it in part, so that moments with another direction weigh more. These are:"
        )
        return "\n".join([why, *numbered])

    def _share(self, steps: float) -> str:
        assert self.hold is not None
        about = "" if steps.is_integer() else "about "
        return f"{about}{steps:.3g} ({steps / self.hold:.0%})" if steps else "0"


def setting_of(case: Case) -> Setting:
    """What is compared with what in a case, and when.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    """
    shown, model = case.stimuli.presentations, case.model
    setting = Setting(model.reference, case.start, case.stop, model.time_step, not case.frozen)
    if shown is None or model.reference != "error_frame":
        return setting
    if case.plan.alignment.kind != Unaligned.kind:
        return setting._replace(hold=shown.hold)
    mixed = []
    for row in case.plan.projection_latencies:
        apart = abs(row.mismatch)
        steps = min(apart + shown.crossfade, shown.hold) if apart else 0.0
        mixed.append((row.projection.name, float(steps)))
    return setting._replace(hold=shown.hold, mixed=tuple(mixed))
