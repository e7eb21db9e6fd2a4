"""Measures how fast this machine runs networks, so that estimates are its own.

`neurodiff calibrate` runs three small networks on numpy and, where there is a compiler, on
cpp_standalone: one that is hardly anything but steps, one of many units, one of many synapses. The
code of cython is that of cpp_standalone, with more time between its pieces.
"""

from collections.abc import Callable, Iterator

from neurodiff.model_file import Model, from_mapping
from neurodiff.plan.speeds import TYPICAL, Speed, Speeds, keep
from neurodiff.simulation import Simulation
from neurodiff.simulator.backends.compilers import compiler_problem

#: Seconds that the steps of each network are to last.
_LASTS = 2.0

#: Layers of the networks that are measured, and whether each unit has one synapse only.
_NETWORKS = {"step": ([2, 2, 2], False), "unit": ([2000] * 4, True), "synapse": ([600] * 4, False)}


def calibrate(say: Callable[[str], object] = print) -> Speeds:
    """Measure this machine and keep its speeds, in about a minute.

    Parameters
    ----------
    say : callable, optional
        What is told each speed.

    Returns
    -------
    dict
        Speeds by engine and backend; those that were not measured are scaled from typical ones.
    """
    fused = dict(_measured(say))
    measured = {"fused": _with_cython(fused)}
    for engine in ("native", "events", "fused_events"):
        measured[engine] = {
            backend: _scaled(speed, measured["fused"].get(backend), TYPICAL["fused"][backend])
            for backend, speed in TYPICAL[engine].items()
        }
    keep(measured)
    return measured


def _measured(say: Callable[[str], object]) -> Iterator[tuple[str, Speed]]:
    for backend in ("numpy", "cpp_standalone"):
        problem = compiler_problem(backend)
        if problem is not None:
            say(f"{backend}: not measured, {problem}")
            continue
        speed = _speed(backend)
        say(
            f"{backend}: {speed.start:.1f} s to the first step, {1e6 * speed.step:.1f} us a step, "
            f"{1e9 * speed.unit:.0f} ns a unit, {1e9 * speed.synapse:.2f} ns a synapse"
        )
        yield backend, speed


def _speed(backend: str) -> Speed:
    """Three networks give three numbers: a step, a unit, a synapse."""
    networks = {name: _network(*shape) for name, shape in _NETWORKS.items()}
    times, start = {}, 0.0
    for name, network in networks.items():
        times[name], compiled = _seconds_per_step(network, backend)
        start = max(start, compiled)
    step = times["step"]
    units, synapses = _sizes(networks["unit"])
    typical = TYPICAL["fused"][backend]
    unit = max((times["unit"] - step - typical.synapse * synapses) / units, 0.0)
    units, synapses = _sizes(networks["synapse"])
    synapse = max((times["synapse"] - step - unit * units) / synapses, 1e-12)
    return Speed(start or typical.start, step, unit, synapse)


def _sizes(network: Model) -> tuple[int, int]:
    graph = Simulation(network).graph
    return graph.n_units, graph.n_synapses


def _seconds_per_step(network: Model, backend: str) -> tuple[float, float]:
    """Seconds of a step, and those to the first step if something was compiled; else 0."""
    steps, start = 200, 0.0
    while True:
        model = network.replace(run=network.run.replace(duration=f"{steps} ms"))
        timing = Simulation(model, backend=backend).run().timing
        start = max(start, timing.build_s * timing.compiled)
        if timing.run_s >= _LASTS / 4:
            return timing.run_s / timing.steps, start
        more = _LASTS / max(timing.run_s, 1e-4)
        steps = int(steps * min(max(more, 2), 1000))


def _network(layers: list[int], one_to_one: bool) -> Model:
    rule = {"one_to_one": True} if one_to_one else {"all_to_all": True}
    names = [f"layer{k}" for k in range(len(layers))]
    roles = ["input", *["hidden"] * (len(layers) - 2), "output"]
    populations = {
        name: {"size": size, "role": role} | ({} if role == "input" else {"activation": "tanh"})
        for name, size, role in zip(names, layers, roles, strict=True)
    }
    pairs = zip(names, names[1:], strict=False)
    projections = [{"pre": pre, "post": post, "connectivity": rule} for pre, post in pairs]
    return from_mapping(
        {
            "neurodiff": 1,
            "name": "calibration",
            "network": {"populations": populations, "projections": projections},
            "plasticity": {"rule": "diffusion", "learning_rate": "1e-3 Hz"},
            "input": {"kind": "sinusoid", "frequency": "5 Hz"},
            "target": {"kind": "constant", "values": [0.3] * layers[-1]},
            "run": {"duration": "200 ms"},
            "record": "none",
            "validation": "none",
        }
    )


def _with_cython(fused: dict[str, Speed]) -> dict[str, Speed]:
    """The kernels of cython are those of cpp_standalone; between its pieces there is Python."""
    typical = TYPICAL["fused"]
    python = fused["numpy"].step / typical["numpy"].step
    compiled = fused.get("cpp_standalone", typical["cpp_standalone"])
    compiling = compiled.start / typical["cpp_standalone"].start
    own = typical["cython"]
    cython = Speed(own.start * compiling, own.step * python, compiled.unit, compiled.synapse)
    return {**fused, "cpp_standalone": compiled, "cython": cython}


def _scaled(speed: Speed, measured: Speed | None, typical: Speed) -> Speed:
    """A speed that was not measured, as much faster or slower as one that was."""
    if measured is None:
        return speed
    factor = measured.synapse / typical.synapse
    start = speed.start * measured.start / typical.start
    return Speed(start, *(factor * number for number in speed[1:]))
