"""Peak resident memory of a command: ``python peak_memory.py FILE COMMAND...`` writes it to FILE.

A process inherits the peak of the one that started it, so a large one cannot learn the peak of a
small one that it started. This one is small, and stands between them.
"""

import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path


def run(file: Path, command: list[str]) -> int:
    """Run `command`, write its peak (bytes) to `file`, and return its exit status."""
    status = subprocess.call(command)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    # in KiB, but on macOS in bytes
    file.write_text(str(peak if sys.platform == "darwin" else 1024 * peak))
    return status


def wrap(file: Path, command: list[str]) -> list[str]:
    """The command that runs `command` and writes its peak to `file`."""
    return [sys.executable, str(Path(__file__).resolve()), str(file), *command]


def reset_own_peak() -> None:
    """Let the peak of this process begin anew, where Linux lets it."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def own_peak() -> int:
    """Peak (bytes) of this process since `reset_own_peak`; 0 where there is no /proc."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
