"""Does cases one after the other, in a process with limits; says of each how it ended."""

import os
import resource
import shutil
import tempfile
import time
import traceback
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from neurodiff import NeurodiffError
from tests.fuzz.cases import KINDS, prepare

#: Bytes of memory that a case may take, and characters of its message.
MEMORY, _LONGEST = 4 << 30, 4000
_JARGON = ("pydantic", "Traceback", "Errno", "union_tag", "Input should be", "object at 0x")


def kind_of(number: int) -> str:
    """The kinds take turns."""
    return list(KINDS)[number % len(KINDS)]


def one(number: int, seed: int) -> tuple[str, str]:
    """How a case ends: `taken`, `refused`, `memory`, or what is wrong with it; and the message."""
    folder = Path(tempfile.mkdtemp(prefix="case-"))
    os.chdir(folder)
    rng = np.random.default_rng([seed, number])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrong = KINDS[kind_of(number)](folder, rng)
        ended = (wrong or "taken", wrong)
    except NeurodiffError as error:
        message = str(error)
        message.encode("utf-8", "surrogateescape")
        bad = [word for word in _JARGON if word in message] or len(message) > _LONGEST
        ended = ("jargon" if bad else "refused", message[:_LONGEST])
    except MemoryError:
        ended = ("memory", "")
    except Exception:
        ended = ("traceback", traceback.format_exc(limit=-4))
    if any(folder.rglob("executed")):
        ended = ("executed", "")
    os.chdir("/")
    shutil.rmtree(folder, ignore_errors=True)
    return ended


def serve(pipe: Connection, seed: int, good: Path) -> None:
    """Do the cases whose numbers come through the pipe, until it is closed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    prepare(good)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    pipe.send(("ready", "", 0.0))
    while (number := pipe.recv()) is not None:
        begun = time.process_time()
        ended = one(number, seed)
        pipe.send((*ended, time.process_time() - begun))
