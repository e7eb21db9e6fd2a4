"""One program in a process of its own: ``python -m dense.worker NAME``.

It reads a request from each line of its standard input and answers with a line, both in JSON, as
long as there are requests. What libraries print goes to the standard error.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from dense.network import load
from dense.program import CannotError, Program
from dense.table import PROGRAMS


def main(name: str) -> None:
    """Answer requests until there are none."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    program: Program | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            program = program or _make(name)
            reply = {"answer": ACTIONS[request["do"]](program, request)}
        except (CannotError, ImportError) as error:
            reply = {"cannot": str(error).splitlines()[0]}
        except Exception as error:
            traceback.print_exc()
            reply = {"cannot": _in_one_line(error)}
        print(json.dumps(reply), file=answers, flush=True)


def _make(name: str) -> Program:
    entry = PROGRAMS[name]
    module = import_module(f"dense.peers.{entry.module}")
    return getattr(module, entry.name)(**entry.options)


def _in_one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'it says nothing'}"


def _prepare(program: Program, request: dict[str, Any]) -> None:
    program.prepare(load(request["network"]))


def _weights(program: Program, request: dict[str, Any]) -> None:
    np.save(request["file"], program.weights())


ACTIONS: dict[str, Callable[[Program, dict[str, Any]], Any]] = {
    "version": lambda program, request: program.version(),
    "prepare": _prepare,
    "run": lambda program, request: program.run(request["steps"]),
    "weights": _weights,
}

if __name__ == "__main__":
    main(sys.argv[1])
