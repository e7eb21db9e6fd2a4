"""Numbers as data: what a compiled program reads from its files when it starts.

Brian2 writes the numbers of a model into the C++ sources of cpp_standalone, so that each learning
rate would be a program of its own. Here they become arrays with one element, which Brian2 keeps in
files beside the sources, as it does with all larger arrays. Runs that differ in numbers only then
have the same sources, and one compilation serves them all.

A code object reads its numbers once in a step, and not once for each unit or synapse, so this takes
no time that could be measured.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import brian2 as b2
import numpy as np
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

#: An entry of Brian2's list of what the main function does: its kind and its arguments.
_Entry = tuple[str, Any]


def numbers_to_variables(network: b2.Network) -> None:
    """Make shared constants of the numbers in the namespaces of the groups; before the run.

    Parameters
    ----------
    network : brian2.Network
        Network of the run.
    """
    for group in network.sorted_objects:
        if not isinstance(group, b2.NeuronGroup | b2.Synapses):
            continue
        for name, value in list(group.namespace.items()):
            if isinstance(value, int | float | np.number):
                number = np.asarray(value)
                group.variables.add_array(
                    name, size=1, scalar=True, constant=True, dtype=number.dtype, values=number
                )
                del group.namespace[name]


def literals_to_data(device: CPPStandaloneDevice, duration: b2.Quantity) -> str:
    """Take seeds, first values and the duration out of the main function; after the run is planned.

    Returns the name of the duration's data file.

    Parameters
    ----------
    device : CPPStandaloneDevice
        Brian2 device, with the run planned.
    duration : Quantity
        Of the run, as Brian2 was told.
    """
    queue = _sorted(device.main_queue)
    device.main_queue[:] = [_without_literal(device, *entry) for entry in queue]
    kept = device.static_array("duration", float(duration))
    for kind, arguments in device.main_queue:
        if kind == "run_network":
            network, lines = arguments
            literal, data = f".run({float(duration)!r},", f".run({kept}[0],"
            lines[:] = [line.replace(literal, data) for line in lines]
    return str(kept)


def _sorted(queue: list[_Entry]) -> Iterator[_Entry]:
    """The same, with single values that are set one after the other in the order of their names.

    Brian2 sets those of the clocks in whatever order Python has these in a set.
    """
    for kind, entries in groupby(queue, key=lambda entry: entry[0]):
        together = list(entries)
        if kind == "set_by_single_value":
            together.sort(key=lambda entry: entry[1][0])
        yield from together


def _without_literal(device: CPPStandaloneDevice, kind: str, arguments: Any) -> _Entry:
    """The same, with the number that it holds, if any, in a static array."""
    if kind == "seed":
        kept = device.static_array("seed", arguments)
        every = "for (size_t i = 0; i < _random_generators.size(); i++)"
        return "insert_code", f"{every} _random_generators[i].seed({kept}[0] + i);"
    if kind == "set_by_constant":
        array, value, dynamic = arguments
        kept = device.static_array(array, value)
        size = f"{array}.size()" if dynamic else f"_num_{array}"
        return "insert_code", f"for (size_t i = 0; i < {size}; i++) {array}[i] = {kept}[0];"
    if kind == "set_by_single_value":
        array, item, value = arguments
        # Brian2 writes "- 1"
        kept = device.static_array(array, float(value.replace(" ", "")))
        return "insert_code", f"{array}[{item}] = {kept}[0];"
    return kind, arguments
