"""The command line: parse, call, print."""

import json
import signal
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from neurodiff import interruption
from neurodiff.auditing import audit as audit_model
from neurodiff.describe import describe
from neurodiff.exceptions import DivergenceWarning, NeurodiffError, OutputError, SimulationError
from neurodiff.keeping import keep_recording
from neurodiff.run_folder import new_folder, redraw, save_run
from neurodiff.simulation import Simulation
from neurodiff.spec import Model, load
from neurodiff.spec.quantities import TIME_UNITS, format_quantity
from neurodiff.sweep import (
    cluster,
    load_sweep,
    redraw_sweep,
    run_sweep,
    save_sweep_figures,
    summary,
)
from neurodiff.terminal import Courteous, OutputGone, courteous_terminal
from neurodiff.validation import RunReport, not_compared, report_run


class _Commands(TyperGroup):
    """Commands that a signal ends with one line and with its exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Do the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("stopped before anything was recorded; nothing is kept", err=True)
            raise typer.Exit(128 + (interruption.received() or signal.SIGINT)) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Networks with delays that learn by two waves, checked against backpropagation.",
)

ModelFile = Annotated[Path, typer.Argument(help="A model file (YAML).", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY.PATH=VALUE", help="Override a key of the model; repeatable."
    ),
]
Seed = Annotated[int | None, typer.Option(help="Instead of the model's seed.", min=0)]
Target = Annotated[
    str | None,
    typer.Option(help="Instead of the model's run.target: auto, numpy, cython or cpp_standalone."),
]


def _load(path: Path, overrides: list[str] | None, seed: int | None, target: str | None) -> Model:
    """The model file with all that the command line changes of it."""
    changes = [*(overrides or []), *([f"run.target={target}"] if target else [])]
    return load(path, changes, seed)


def _announce(simulation: Simulation) -> None:
    """Say on standard error what will run, and on what."""
    model, steps = simulation.model, simulation.stimuli.steps
    seconds = simulation.cost.seconds.get(simulation.target)
    chosen = f" (chosen by run.target: {model.run.target})" if model.run.target == "auto" else ""
    estimate = f", about {seconds:.0f} s" if seconds is not None else ""
    time_step = format_quantity(model.time_step, TIME_UNITS)
    typer.echo(
        f"{model.name}: {steps} steps of {time_step} on {simulation.target}{chosen}{estimate}",
        err=True,
    )


def _simulate(simulation: Simulation, *, progress: bool) -> None:
    """Run it; that it diverged is said in the end, as an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        simulation.run(progress=progress)


def _refuse_divergence(report: RunReport, kept: str = "") -> None:
    if report.diverged is not None:
        raise SimulationError(report.diverged + kept)


def _compare(simulation: Simulation) -> RunReport:
    """The report of a run; a signal leaves out what is not done yet, or, but for Ctrl-C, all."""
    typer.echo("comparing with the reference", err=True)
    try:
        with interruption.allowing():
            if interruption.received() in (None, signal.SIGINT):
                return report_run(simulation)
    except KeyboardInterrupt:
        pass
    return not_compared(simulation, "the run was stopped before it was compared")


def _end_if_stopped(report: RunReport, simulation: Simulation, kept: str) -> None:
    """Say that a run was stopped, and exit with the code that belongs to the signal."""
    if not report.complete:
        done = f"{report.timing.steps} of {simulation.stimuli.steps}"
        typer.echo(f"stopped after {done} steps; {kept}", err=True)
    if (number := interruption.received()) is not None or not report.complete:
        raise typer.Exit(128 + (number or signal.SIGINT))


def _refuse_full_disk(path: Path, kept: Path | None) -> None:
    if kept is not None:
        raise OutputError(
            f"{path}: no room, the disk is full; the run is kept in {kept}: make room, and move it"
        )


@app.command()
def run(
    model_file: ModelFile,
    overrides: Overrides = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Run folder to make [default: runs/NAME].", show_default=False),
    ] = None,
    seed: Seed = None,
    target: Target = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an older run folder.")] = False,
) -> None:
    """Simulate a model; keep its recording, report and figures in a run folder."""
    model = _load(model_file, overrides, seed, target)
    simulation = Simulation(model)
    path = output or Path("runs") / model.name
    with new_folder(path, force=force) as folder:
        _announce(simulation)
        _simulate(simulation, progress=True)
        interruption.defer()
        kept = keep_recording(simulation, folder, path)
        report = _compare(simulation)
        save_run(simulation, report, kept)
        _refuse_full_disk(path, kept if kept != folder else None)
    typer.echo(report.summary())
    typer.echo(f"\nrun folder: {path}")
    _refuse_divergence(report, "; what was recorded until then is kept")
    _end_if_stopped(report, simulation, "what was recorded until then is kept")


@app.command()
def validate(
    model_file: ModelFile,
    overrides: Overrides = None,
    seed: Seed = None,
    target: Target = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Simulate a model and hold its learning against the gradient; exit 1 where it falls short."""
    simulation = Simulation(_load(model_file, overrides, seed, target))
    _announce(simulation)
    _simulate(simulation, progress=not as_json)
    report = _compare(simulation)
    typer.echo(
        json.dumps(report.to_dict(), indent=2, allow_nan=False) if as_json else report.summary()
    )
    _refuse_divergence(report)
    _end_if_stopped(report, simulation, "the report is about these")
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def show(
    model_file: ModelFile, overrides: Overrides = None, seed: Seed = None, target: Target = None
) -> None:
    """Print what a model is: populations, delays, when each wave arrives, what it costs."""
    typer.echo(describe(Simulation(_load(model_file, overrides, seed, target))))


@app.command()
def audit(
    model_file: ModelFile,
    overrides: Overrides = None,
    seed: Seed = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the audit as JSON.")] = False,
) -> None:
    """Say what holds of all that is asked of a learning rule: locality, transport, speed, ..."""
    found = audit_model(_load(model_file, overrides, seed, None))
    typer.echo(
        json.dumps(found.to_dict(), indent=2, allow_nan=False) if as_json else found.summary()
    )


@app.command()
def sweep(
    sweep_file: Annotated[Path, typer.Argument(help="A sweep file (YAML).", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(help="Folder of the sweep [default: sweeps/NAME].", show_default=False),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes [default: one a core].", show_default=False)
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, such as tcp://host:8786.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Do again what failed before.")
    ] = False,
) -> None:
    """Do every combination of a sweep's axes and seeds that is missing; put all in one array."""
    planned = load_sweep(sweep_file)
    path = output or Path("sweeps") / planned.name
    try:
        with cluster(scheduler, workers) as executor:
            result = run_sweep(
                planned,
                path,
                executor=executor,
                workers=workers,
                retry_failed=retry_failed,
                progress=True,
            )
        save_sweep_figures(result, path)
    except KeyboardInterrupt:
        typer.echo("stopped; what has ended is kept, and the same command goes on", err=True)
        raise typer.Exit(128 + (interruption.received() or signal.SIGINT)) from None
    typer.echo(summary(result))
    typer.echo(f"\nsweep folder: {path}")


@app.command()
def plot(
    path: Annotated[
        Path,
        typer.Argument(help="A run folder, or a sweep's folder or netCDF.", show_default=False),
    ],
) -> None:
    """Draw the figures of a run folder, or of a sweep, again."""
    sweeping = path.suffix == ".nc" or (path / "result.nc").is_file()
    figures = redraw_sweep(path) if sweeping else redraw(path)
    for figure in figures:
        typer.echo(figure)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the model file, for editors."""
    typer.echo(json.dumps(Model.model_json_schema(), indent=2))


def main() -> None:
    """Entry point: bad input ends with one message and exit code 2, never with a traceback.

    When standard output cannot be written the exit code is 141, as where a signal says so.
    """
    try:
        with courteous_terminal(), interruption.heeding(*interruption.ENDING):
            _run_app()
    except OutputGone as error:
        text = f"error: standard output cannot be written ({error}); what was to be kept is kept"
        Courteous(sys.stderr).write(f"{text}\n")
        sys.exit(141)


def _run_app() -> None:
    try:
        app()
    except NeurodiffError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except MemoryError:
        remedy = "record less, shorten the run, or make the network smaller"
        typer.echo(f"error: the model needs more memory than there is; {remedy}", err=True)
        sys.exit(2)
