"""The local rule between spikes, solved: what a synapse learns while nothing happens at it.

The trace of the spikes that have arrived at a synapse, and that of the error cells of its
postsynaptic unit, both decay by the factor rho in every step without spikes. With their product p
at step s, the rule

    w(t+1) = (1 - lambda) w(t) - eta p(t),   p(t) = p rho^(2 (t - s)),

is solved by

    w(s + m) = (1 - lambda)^m w(s) - eta p ((1 - lambda)^m - rho^(2m))/((1 - lambda) - rho^2).

So a synapse is touched only when a spike arrives at it or an error cell of its own unit fires, and
its weight is known at all other steps. A spike makes a postsynaptic current of the weight that it
finds, which then decays by rho as well.

The texts for Brian2 and the same formula for whole arrays stand side by side here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodiff.simulator.plasticity import Diffusion
from neurodiff.simulator.transmission.lazy_synapses import Floats, Value


@dataclass(frozen=True, eq=False)
class TraceForm:
    """The code of the synapses, as Brian2 text, and their weights.

    Attributes
    ----------
    rule : Diffusion
    decay : float
        rho, per step.
    plastic : bool array (n_synapses,)
    signs : int array (n_synapses,)
        Of weights that keep their signs; 0 for those that may change it.
    """

    rule: Diffusion
    decay: float
    plastic: NDArray[np.bool_]
    signs: NDArray[np.int64]

    @property
    def learns(self) -> bool:
        """Whether any weight moves at all."""
        return not self.rule.frozen

    @property
    def equations(self) -> str:
        """State of each synapse: its weight, trace and product as they were at step `since`."""
        lines = ["anchor : 1", "trace : 1", "since : integer"]
        if self.learns:
            lines += [
                "product : 1",
                "plastic : boolean (constant)",
                "kept_sign : integer (constant)",
            ]
        return "\n".join([*lines, f"w = {self._weight} : 1"])

    @property
    def constants(self) -> dict[str, float]:
        """The numbers of the code, for a namespace."""
        return {"decay": self.decay, **self.rule.constants, **self._rates}

    @property
    def _rates(self) -> dict[str, float]:
        """Factors per step of what is kept of a weight and of the product of two traces."""
        keep, fade = 1 - self.rule.weight_decay, self.decay**2
        return {"keep": keep, "fade": fade, "spread": keep - fade}

    @property
    def _weight(self) -> str:
        if not self.learns:
            return "anchor"
        now = "timestep(t, dt)"
        first = "clip(learning_start - since, 0, 2147483647)"
        last = f"clip(clip({now}, 0, learning_stop) - since, {first}, 2147483647)"
        learned = f"fade**{first}*(keep**({last} - {first}) - fade**({last} - {first}))/spread"
        moved = f"anchor*keep**({last} - {first}) - learning_rate*product*{learned}"
        free = f"int(plastic)*({moved}) + int(not plastic)*anchor"
        if not self.signs.any():
            return free
        return f"int(kept_sign == 0)*({free}) + kept_sign*clip(kept_sign*({free}), 0, 1e300)"

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
        if not self.learns:
            return w
        since = value("since")
        first = np.maximum(self.rule.start - since, 0)
        last = np.maximum(np.minimum(now, self.rule.stop) - since, first)
        keep, fade, spread = self._rates.values()
        learned = fade**first * (keep ** (last - first) - fade ** (last - first)) / spread
        moved = w * keep ** (last - first) - self.rule.learning_rate * value("product") * learned
        free = np.where(self.plastic, moved, w)
        return np.where(self.signs == 0, free, self.signs * np.maximum(self.signs * free, 0))

    def products(self, value: Value, now: Floats) -> Floats:
        """What the rule multiplies, the two traces; see `Form`.

        Parameters
        ----------
        value : callable
            Function that returns a variable (n_samples, n_synapses) by its name.
        now : array (n_samples, 1)
            Steps of the samples.
        """
        trace = value("trace") * self.decay ** (now - value("since"))
        return np.asarray(value("delta_post") * trace)

    @property
    def variables(self) -> list[str]:
        """Names that `weights` and `products` ask for."""
        names = ["anchor", "trace", "since", "delta_post"]
        return [*names, "product"] if self.learns else names

    def arrive(self, spikes: str) -> str:
        """Spikes of a unit arrive at the synapse.

        Parameters
        ----------
        spikes : str
            Brian2 text of the number of spikes.
        """
        arrived = f"quantum_pre*{spikes}"
        lines = [
            "weight = w",
            f"drive_post += weight*{arrived}",
            f"trace = trace*decay**(timestep(t, dt) - since) + {arrived}",
            *self._begin_anew(),
        ]
        return "\n".join(lines)

    @property
    def meet(self) -> str:
        """The error cells of the postsynaptic unit have fired, and its trace has changed."""
        trace = "trace = trace*decay**(timestep(t, dt) - since)"
        return "\n".join(["weight = w", trace, *self._begin_anew()])

    def _begin_anew(self) -> list[str]:
        """From now on the new product is learned from."""
        learned = ["anchor = weight", "product = trace*delta_post"] if self.learns else []
        return [*learned, "since = timestep(t, dt)"]
