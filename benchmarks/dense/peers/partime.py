"""The scheme of PARTIME in PyTorch: a pipeline of layers, each with an autograd step of its own.

In each step all layers compute at once, from what their neighbours gave one step before: a stage
sends its output to the next, and the gradient with respect to its input to the one before. In
PARTIME the stages are processes or devices; here one process computes them in turn, and a gradient
goes through the weights of the step in which it arrives, so that the weights are those of all
other programs.

References
----------
Meloni, Faggi, Marullo, Betti, Tiezzi, Gori and Melacci, PARTIME: Scalable and Parallel Processing
Over Time with Deep Neural Networks, arXiv:2210.09147.
"""

import time

import numpy as np
import torch
from torch import Tensor

from dense.network import Floats, Network
from dense.program import Program


class Stage(torch.nn.Module):
    """A layer of the pipeline, and what it keeps from one step to the next."""

    def __init__(self, weights: Floats, eta: float):
        super().__init__()
        post, pre = weights.shape
        self.linear = torch.nn.Linear(pre, post, bias=False, dtype=torch.float64)
        self.linear.weight.data = torch.from_numpy(weights)
        self.optimizer = torch.optim.SGD(self.parameters(), lr=eta)
        self.error = torch.zeros(len(weights), dtype=torch.float64)

    def forward(self, arrived: Tensor) -> Tensor:
        """What it sends on; keeps the graph for `message` and `learn`."""
        self.arrived = arrived.requires_grad_()
        self.drive = self.linear(self.arrived)
        self.sent = torch.tanh(self.drive)
        return self.sent.detach()

    def message(self) -> Tensor:
        """The gradient for the stage before: its last error through its present weights."""
        (message,) = torch.autograd.grad(
            self.drive, self.arrived, grad_outputs=self.error, retain_graph=True
        )
        return message

    def learn(self, gradient: Tensor) -> None:
        """Take dE/dx of this stage's output, and step down dE/dw."""
        self.optimizer.zero_grad()
        self.drive.retain_grad()
        self.sent.backward(gradient, inputs=[self.drive, self.linear.weight])
        assert self.drive.grad is not None
        self.error = self.drive.grad
        self.optimizer.step()


class Partime(Program):
    """A pipeline of stages."""

    def version(self) -> str:
        """Version of PyTorch."""
        return f"torch {torch.__version__}"

    def prepare(self, network: Network) -> None:
        """Make the stages."""
        torch.set_num_threads(1)
        self._network, self._lag = network, int(network.target_lag.max())
        self._stages = [Stage(W, network.eta) for W in network.matrices]
        self._target = torch.from_numpy(network.target)

    def run(self, steps: int) -> float:
        """The loop: all stages forward, all messages back, all learn."""
        began = time.perf_counter()
        x = [torch.zeros_like(self._target) for _ in self._stages]
        for t in range(steps):
            sent = [stage(arrived) for stage, arrived in zip(self._stages, x, strict=True)]
            messages = [stage.message() for stage in self._stages[1:]]
            target = self._target if t >= self._lag else torch.zeros_like(self._target)
            for stage, gradient in zip(self._stages, [*messages, sent[-1] - target], strict=True):
                stage.learn(gradient)
            x = [torch.from_numpy(self._network.input_at(t)), *sent[:-1]]
        return time.perf_counter() - began

    def weights(self) -> Floats:
        """In one row."""
        return np.concatenate([s.linear.weight.detach().numpy().ravel() for s in self._stages])
