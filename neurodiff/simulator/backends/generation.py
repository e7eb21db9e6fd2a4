"""The sources of a compiled program, and the data from which it runs some steps.

The sources depend neither on the number of steps nor on the state in which they begin. So one
program does all parts of a run, and goes on with a run that was interrupted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import get_device
from numpy.typing import NDArray

from neurodiff.simulator.backends.data_tables import literals_to_data, numbers_to_variables
from neurodiff.simulator.backends.filling import read_from_files, write_files
from neurodiff.simulator.backends.project_files import look_at_the_clock_once, shorten_compilation
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.simulator.state import variables

#: The file in which a program notes how many seconds its steps took, and how it does.
_SECONDS = "seconds.txt"
_BEGIN = "timespec began, ended; clock_gettime(CLOCK_MONOTONIC, &began);"
_END = f"""
clock_gettime(CLOCK_MONOTONIC, &ended);
std::ofstream("{_SECONDS}") << (ended.tv_sec - began.tv_sec) + 1e-9*(ended.tv_nsec - began.tv_nsec);
"""

#: Where a program finds its data.
_DATA = "static_arrays"


@dataclass(frozen=True)
class Program:
    """A program that can run any number of steps, from any state.

    Attributes
    ----------
    folder : Path
        Folder of its sources.
    duration, begin : str
        Names of its data files: the duration of the run; and the time at which it begins, with 1
        where a state is to be read, else 0.
    """

    folder: Path
    duration: str
    begin: str

    @property
    def seconds(self) -> float:
        """What the steps of the last run took."""
        return float((self.folder / _SECONDS).read_text())

    def write(
        self, built: BuiltNetwork, steps: int, first: int, values: Mapping[str, NDArray[Any]]
    ) -> None:
        """Write the data of a run.

        Parameters
        ----------
        built : BuiltNetwork
            Network of the program.
        steps : int
            Number of steps.
        first : int
            The first of them.
        values : mapping
            State at the beginning, by ``group.variable``; empty for the network as it was built.
        """
        step = float(built.clock.dt)
        np.array([steps * step]).tofile(self.folder / _DATA / self.duration)
        np.array([first * step, float(bool(values))]).tofile(self.folder / _DATA / self.begin)
        for name, variable in variables(built.network).items() if values else ():
            path = self.folder / _path(get_device().get_array_name(variable))
            np.asarray(values[name], dtype=variable.dtype).tofile(path)


def generate(built: BuiltNetwork, folder: Path, progress: str, period: float) -> Program:
    """Write the sources of a program, and those of its data that are the same for all its runs.

    Parameters
    ----------
    built : BuiltNetwork
        Network, which never ran.
    folder : Path
        Folder for the project.
    progress : str
        Name of the file in which the program notes the fraction of the run that is done.
    period : float
        Seconds between two notes.
    """
    device, duration = get_device(), built.clock.dt
    numbers_to_variables(built.network)
    files = read_from_files(device, built.synapses.initial)
    begin = _begin_anywhere(device, built)
    device.insert_code("before_network_run", _BEGIN)
    device.insert_code("after_network_run", _END)
    # a request to stop that comes too late must not cost the results
    device.insert_code("after_network_run", "std::signal(SIGINT, SIG_IGN);")
    built.network.run(
        duration,
        # the program notes how far it is in a file, which is followed
        report=f'std::ofstream("{progress}") << completed;',
        report_period=period * b2.second,
        namespace={},
    )
    kept = literals_to_data(device, duration)
    device.build(directory=str(folder), compile=False, run=False)
    write_files(folder, files)
    shorten_compilation(folder)
    look_at_the_clock_once(folder)
    times = [built.clock.variables[name] for name in ("t", "timestep")]
    for variable in [*times, *variables(built.network).values()]:
        # else Brian2 takes what no code of its own has written for what it was at the start
        device.array_cache[variable] = None
    return Program(folder, kept, begin)


def _begin_anywhere(device: CPPStandaloneDevice, built: BuiltNetwork) -> str:
    """Let the program set its time, and read a state where there is one; name of its data."""
    begin = str(device.static_array("begin", np.zeros(2)))
    found, time = variables(built.network), built.clock.variables["t"]
    names = sorted(device.get_array_name(part) for part in found.values())
    reads = "\n".join(
        f'    neurodiff_read("{_path(name)}", {name}, sizeof({name}[0])*_num_{name});'
        for name in names
    )
    device.insert_code(
        "before_network_run",
        f"""
auto neurodiff_read = [](const char* path, void* values, size_t n_bytes) {{
    std::ifstream file(path, std::ios::binary);
    file.read((char*)values, n_bytes);
    if (!file) {{ std::cerr << path << " could not be read" << std::endl; std::exit(1); }}
}};
{built.network.name}.t = {begin}[0];
{device.get_array_name(time)}[0] = {begin}[0];
if ({begin}[1] != 0) {{
{reads}
}}
""",
    )
    return begin


def _path(array: str) -> str:
    return f"{_DATA}/state{array}"
