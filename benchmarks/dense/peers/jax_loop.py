"""A loop over steps in JAX: layers are one batch, and XLA compiles the whole loop."""

import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from dense.network import Floats, Network
from dense.program import Program

jax.config.update("jax_enable_x64", True)


class JaxLoop(Program):
    """`fori_loop` around one step."""

    def version(self) -> str:
        """Version of JAX."""
        return f"jax {jax.__version__}"

    def prepare(self, network: Network) -> None:
        """Move all to JAX's memory, and compile."""
        signals = (network.amplitude, network.frequency, network.phase)
        outputs = (network.target, network.target_lag, network.eta)
        self._constants = [jnp.asarray(value) for value in (*signals, *outputs)]
        self._state = self._start(network)
        jax.block_until_ready(_steps(self._start(network), 0, *self._constants))

    def _start(self, network: Network) -> tuple[jax.Array, ...]:
        nothing = np.zeros((network.layers + 1, network.width))
        return jnp.array(network.matrices), jnp.array(nothing), jnp.array(nothing)

    def run(self, steps: int) -> float:
        """Call it, and wait until it is done."""
        began = time.perf_counter()
        self._state = jax.block_until_ready(_steps(self._state, steps, *self._constants))
        return time.perf_counter() - began

    def weights(self) -> Floats:
        """In one row."""
        return np.asarray(self._state[0]).ravel()


def one_step(t, state, amplitude, frequency, phase, target, target_lag, eta):  # type: ignore
    """Weights, activities and errors of the next step, from those of this one."""
    w, x, delta = state
    drive = jnp.einsum("lij,lj->li", w, x[:-1])
    feedback = jnp.einsum("lij,li->lj", w[1:], delta[2:])
    source = amplitude * jnp.sin(frequency * t + phase)
    new = jnp.concatenate([source[None], jnp.tanh(drive)])
    error = new[-1] - jnp.where(t >= target_lag, target, 0)
    came = jnp.concatenate([jnp.zeros_like(error)[None], feedback, error[None]])
    back = (1 - new**2) * came
    return w - eta * back[1:, :, None] * x[:-1, None, :], new, back


@partial(jax.jit, donate_argnums=0)
def _steps(state, steps, *constants):  # type: ignore
    return jax.lax.fori_loop(0, steps, lambda t, now: one_step(t, now, *constants), state)
