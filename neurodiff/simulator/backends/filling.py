"""Arrays that are too large for copies: the weights of kernels.

Brian2 keeps four copies of an array that is set for a standalone program. So the program reads
these itself, from files beside its other data; and what it writes stays in its files.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import get_device
from numpy.typing import NDArray

from neurodiff.files.mapped import LARGE, mapped
from neurodiff.simulator.backends.variables import ArrayVariable

Arrays = Mapping[ArrayVariable, NDArray[Any]]

_READ = """
{{
    std::ifstream file("{path}", std::ios::binary);
    file.read((char*)brian::{name}, sizeof(brian::{name}[0])*brian::_num_{name});
    if (!file) {{ std::cerr << "{path} could not be read" << std::endl; std::exit(1); }}
}}
"""


def fill(arrays: Arrays) -> None:
    """Fill arrays of this process.

    Parameters
    ----------
    arrays : mapping
        Values by the variable that takes them.
    """
    for variable, values in arrays.items():
        variable.get_value()[:] = values


def read_from_files(device: CPPStandaloneDevice, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Let a program read arrays before it runs its network; and what its files have to hold.

    Parameters
    ----------
    device : CPPStandaloneDevice
        Brian2's device, before the run is planned.
    arrays : mapping
        Values by the variable that takes them.
    """
    files = {}
    for variable, values in arrays.items():
        name = device.get_array_name(variable)
        path = f"static_arrays/initial{name}"
        device.insert_code("before_network_run", _READ.format(path=path, name=name))
        files[path] = np.asarray(values, dtype=variable.dtype)
    return files


def write_files(folder: Path, files: Mapping[str, NDArray[Any]]) -> None:
    """Write the files of `read_from_files`, once the project has its folders.

    Parameters
    ----------
    folder : Path
        Folder of the project.
    files : mapping
        Values by path.
    """
    for path, values in files.items():
        values.tofile(folder / path)


def leave_on_disk(found: Iterable[ArrayVariable]) -> None:
    """Let large arrays that a program has written be read from its files, which are removed.

    The next run of the program writes new ones.

    Parameters
    ----------
    found : iterable
        Variables of the network.
    """
    device = get_device()
    for variable in found:
        path = Path(device.results_dir) / device.get_array_filename(variable)
        if path.exists() and path.stat().st_size >= LARGE:
            device.array_cache[variable] = mapped(path, variable.dtype, (variable.size,))
            path.unlink()
