"""Options of the command line that several commands have, or that need some lines."""

from pathlib import Path
from typing import Annotated

import typer

ModelFile = Annotated[Path, typer.Argument(help="A model file (YAML).", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY.PATH=VALUE",
        help="Override a key of the model; repeatable.",
        show_default="none",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(help="Seed of all random numbers.", min=0, show_default="that of the model file"),
]
Target = Annotated[
    str | None,
    typer.Option(
        help="Kind of machine code: auto, numpy, cython or cpp_standalone.",
        show_default="run.target of the model file, which is auto unless given",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(help="Run folder to make.", show_default="runs/NAME"),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Replace an older run folder.", show_default="it is kept"),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with a run that was interrupted, from its last state.",
        show_default="begin anew",
    ),
]
Start = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="RUN",
        help="Run folder in whose last state this run begins.",
        show_default="none",
    ),
]
WeightsOnly = Annotated[
    bool,
    typer.Option(
        "--weights-only",
        help="Begin with weights and biases of that run only.",
        show_default="its whole state",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Address of a Dask scheduler, such as tcp://host:8786.",
        show_default="none: processes of this machine",
    ),
]
