"""How much memory there is for this process, and whether a run fits into it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from neurodiff.exceptions import MachineError
from neurodiff.plan.cost import Cost

#: Where Linux keeps the limits of groups of processes: those of containers and batch systems.
_GROUPS = Path("/sys/fs/cgroup")
#: Files of a group with its limit, its use, and its statistics: version 2, and version 1.
_FILES = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
#: A limit as large as this is none.
_NO_LIMIT = 2**60

#: What helps, by the part of the memory that is largest.
_REMEDIES = {
    "delays": "shorten the longest delay",
    "recording": "record less or less often: `record`, `validation.every`",
    "synapses": "make the network smaller",
    "stimuli": "shorten the run",
}


def free_memory() -> float:
    """Bytes that this process can still get, whichever limit comes first.

    Limits are the memory of the machine, those of the groups that the process is in (``cgroup``,
    version 1 or 2), and those of the process itself (``ulimit -v`` and ``-d``).
    """
    return float(min([psutil.virtual_memory().available, *_of_groups(), *_of_process()]))


def _of_groups(group_file: Path = Path("/proc/self/cgroup"), root: Path = _GROUPS) -> Iterator[int]:
    """What the groups of this process, and those that these are in, have left."""
    with suppress(OSError):
        for line in group_file.read_text().splitlines():
            _, kind, path = line.split(":", 2)
            if kind in _FILES:
                yield from _of_group(root / kind, path, *_FILES[kind])


def _of_group(root: Path, path: str, limit: str, use: str, cache: str) -> Iterator[int]:
    below = root / path.strip("/")
    for folder in [below, *below.parents]:
        if folder == root.parent:
            return
        with suppress(OSError, ValueError):  # there is no limit, or it is "max"
            most = int((folder / limit).read_text())
            if most < _NO_LIMIT:
                yield most - int((folder / use).read_text()) + _cached(folder, cache)


def _cached(folder: Path, name: str) -> int:
    """Bytes of files in memory, which count as used and make room when it is needed."""
    with suppress(OSError, ValueError):
        lines = (folder / "memory.stat").read_text().splitlines()
        return int(dict(line.split() for line in lines).get(name, 0))
    return 0


def _of_process() -> Iterator[int]:
    if os.name != "posix":
        return
    import resource

    used = psutil.Process().memory_info().vms
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        most, _ = resource.getrlimit(limit)
        if most != resource.RLIM_INFINITY:
            yield most - used


def refuse_what_does_not_fit(cost: Cost) -> None:
    """Hold the estimate for a run against the memory that is free.

    Parameters
    ----------
    cost : Cost
        Estimated cost of the run.

    Raises
    ------
    MachineError
        If more is needed than is free; the message has both numbers, and what takes most.
    """
    free = free_memory()
    if cost.memory <= free:
        return
    most = max(cost.parts, key=lambda name: cost.parts[name])
    raise MachineError(
        f"the run needs about {in_bytes(cost.memory)} of memory and {in_bytes(free)} are free; "
        f"the {most} take {in_bytes(cost.parts[most])} of it: {_REMEDIES[most]}"
    )


def in_bytes(size: float) -> str:
    """A size in MB or GB.

    Parameters
    ----------
    size : float
        Size in bytes.
    """
    return f"{size / 1e9:.3g} GB" if abs(size) >= 1e9 else f"{size / 1e6:.0f} MB"
