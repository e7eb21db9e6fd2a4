"""The peer: the network of the benchmark as a loop over time steps in NumPy.

It knows nothing of neurodiff. ``python numpy_loop.py PROBLEM RESULT UPDATE [THREADS]`` reads its
arrays from an .npz file, and writes the seconds that the steps took and the weights to another.

UPDATE is how the weights move: `outer` as one writes it, or `ger`, the routine of BLAS for it,
which copies no matrix. THREADS is how many BLAS may use; without it, as many as it likes.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dger  # type: ignore[import-untyped]
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

Floats = NDArray[np.float64]


def outer(W: Floats, eta: float, delta: Floats, x: Floats) -> None:
    """W -= eta delta x^T."""
    W -= eta * np.outer(delta, x)


def ger(W: Floats, eta: float, delta: Floats, x: Floats) -> None:
    """W -= eta delta x^T, in place. BLAS counts by columns, so it is given the transpose."""
    dger(-eta, x, delta, a=W.T, overwrite_a=True)


UPDATES = {"outer": outer, "ger": ger}


def run(
    weights: list[Floats],
    source: Callable[[int], Floats],
    target: Floats,
    target_lag: int,
    eta: float,
    steps: int,
    update: Callable[[Floats, float, Floats, Floats], None],
) -> None:
    """Both waves and the learning, one step per hop in either direction; moves `weights`.

    Parameters
    ----------
    weights : list of arrays (n_post, n_pre)
    source : callable
        Input at a step.
    target : array (n_outputs,)
        Constant, and 0 before step `target_lag`.
    """
    last = len(weights)
    widths = [weights[0].shape[1], *(len(W) for W in weights)]
    x = [np.zeros(width) for width in widths]
    delta = [np.zeros(width) for width in widths]
    for t in range(steps):
        new_x = [source(t), *(np.tanh(W @ x[k]) for k, W in enumerate(weights))]
        y = target if t >= target_lag else 0 * target
        new_delta = list(delta)
        new_delta[last] = (1 - new_x[last] ** 2) * (new_x[last] - y)
        for k in range(last - 1, 0, -1):
            new_delta[k] = (1 - new_x[k] ** 2) * (weights[k].T @ delta[k + 1])
        for k, W in enumerate(weights):
            update(W, eta, new_delta[k + 1], x[k])
        x, delta = new_x, new_delta


def source_of(problem: dict[str, NDArray]) -> Callable[[int], Floats]:
    """Input at a step: sinusoids, or rows of a table, each held for some steps."""
    if "rows" in problem:
        rows, hold = problem["rows"], int(problem["hold"])
        return lambda t: rows[t // hold]
    amplitude, frequency, phase = (problem[name] for name in ("amplitude", "frequency", "phase"))
    return lambda t: amplitude * np.sin(frequency * t + phase)


def blas() -> str:
    """The libraries that multiply matrices here, and how many threads they use."""
    parts = [part for part in threadpool_info() if part["user_api"] == "blas"]
    names = {
        f"{part['internal_api']} {part['version']}, {part['num_threads']} threads": None
        for part in parts
    }
    return " and ".join(names)


def main(problem_path: str, result_path: str, update: str, threads: str | None = None) -> None:
    """Read, run, write."""
    with np.load(problem_path) as archive:
        problem = dict(archive)
    weights = [problem.pop(f"w{k}") for k in range(int(problem["n_weights"]))]
    with threadpool_limits(threads and int(threads), user_api="blas"):
        seconds, libraries = timed(problem, weights, update), blas()
    moved = {f"w{k}": W for k, W in enumerate(weights)}
    np.savez(result_path, seconds=seconds, blas=libraries, **moved)


def timed(problem: dict[str, NDArray], weights: list[Floats], update: str) -> float:
    """Seconds of the steps alone."""
    target, lag = problem["target"], int(problem["target_lag"])
    eta, steps = float(problem["eta"]), int(problem["steps"])
    source, move = source_of(problem), UPDATES[update]
    began = time.perf_counter()
    run(weights, source, target, lag, eta, steps, move)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(*sys.argv[1:])
