"""A loop over steps in PyTorch: layers are one batch, and weights move in place."""

import time

import torch

from dense.network import Floats, Network
from dense.program import Program


class TorchLoop(Program):
    """Products of batches of matrices, without autograd."""

    def version(self) -> str:
        """Version of PyTorch."""
        return f"torch {torch.__version__}"

    def prepare(self, network: Network) -> None:
        """Move all into tensors."""
        torch.set_num_threads(1)
        self._network, self._w = network, torch.from_numpy(network.matrices)
        names = ("amplitude", "frequency", "phase", "target")
        self._signals = [torch.from_numpy(getattr(network, name)) for name in names]
        self._lag = int(network.target_lag.max())

    @torch.inference_mode()
    def run(self, steps: int) -> float:
        """The loop; step t makes `new` and `back` of `x` and `delta`, those of step t - 1."""
        network, w = self._network, self._w
        amplitude, frequency, phase, target = self._signals
        x, delta, new, back = torch.zeros(
            (4, network.layers + 1, network.width, 1), dtype=torch.float64
        )
        began = time.perf_counter()
        for t in range(steps):
            new[0, :, 0] = amplitude * torch.sin(frequency * t + phase)
            torch.bmm(w, x[:-1], out=new[1:])
            new[1:].tanh_()
            torch.bmm(w[1:].transpose(1, 2), delta[2:], out=back[1:-1])
            back[-1, :, 0] = new[-1, :, 0] - target if t >= self._lag else new[-1, :, 0]
            back[1:] *= 1 - new[1:] ** 2
            w.baddbmm_(back[1:], x[:-1].transpose(1, 2), alpha=-network.eta)
            x, delta, new, back = new, back, x, delta
        return time.perf_counter() - began

    def weights(self) -> Floats:
        """In one row."""
        return self._w.numpy().ravel()
