"""The command line: parse, call, print.

Commands import what they use when they are called, so that `--help` and `schema` are quick.
"""

import json
import shlex
import signal
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from neurodiff.command_line.announcement import announce
from neurodiff.command_line.options import (
    Force,
    ModelFile,
    Output,
    Overrides,
    Resume,
    Scheduler,
    Seed,
    Start,
    Target,
    WeightsOnly,
)
from neurodiff.exceptions import (
    DivergenceWarning,
    ModelError,
    NeurodiffError,
    OutputError,
    SimulationError,
)
from neurodiff.process import interruption
from neurodiff.process.console import draw_into_files, warnings_on_lines
from neurodiff.process.terminal import Courteous, OutputGone, courteous_terminal

if TYPE_CHECKING:
    from xarray import Dataset

    from neurodiff.model_file import Model
    from neurodiff.run_files.checkpoints import Checkpoints
    from neurodiff.simulation import Simulation
    from neurodiff.validation import RunReport


class _Commands(TyperGroup):
    """Commands that a signal ends with one line and with its exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Do the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("stopped before there was a recording", err=True)
            raise typer.Exit(128 + (interruption.received() or signal.SIGINT)) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # text in square brackets is text
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from neurodiff import __version__

        typer.echo(f"neurodiff {__version__}")
        raise typer.Exit


@app.callback()
def neurodiff(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    """Networks with delays that learn by two waves, checked against backpropagation."""


def _load(path: Path, overrides: list[str] | None, seed: int | None, target: str | None) -> "Model":
    """The model file with all that the command line changes of it."""
    from neurodiff.model_file import load

    changes = [*(overrides or []), *([f"run.target={target}"] if target else [])]
    return load(path, changes, seed)


def _simulate(
    simulation: "Simulation", *, progress: bool, checkpoints: "Checkpoints | None" = None
) -> None:
    """Run it; that it diverged is said in the end, as an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        simulation.run(progress=progress, checkpoints=checkpoints)


def _refuse_divergence(report: "RunReport", kept: str = "") -> None:
    if report.diverged is not None:
        raise SimulationError(report.diverged + kept)


def _compare(simulation: "Simulation") -> "RunReport":
    """The report of a run; a signal leaves out what is not done yet, or, but for Ctrl-C, all."""
    from neurodiff.validation import not_compared, report_run

    typer.echo("comparing with the reference", err=True)
    try:
        with interruption.allowing():
            if interruption.received() in (None, signal.SIGINT):
                return report_run(simulation)
    except KeyboardInterrupt:
        pass
    return not_compared(simulation, "the run was stopped before it was compared")


def _end_if_stopped(report: "RunReport", simulation: "Simulation", kept: str) -> None:
    """Say that a run was stopped, and exit with the code that belongs to the signal."""
    if not report.complete:
        done = f"{report.timing.steps} of {simulation.plan.stimuli.steps}"
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
    output: Output = None,
    seed: Seed = None,
    target: Target = None,
    force: Force = False,
    resume: Resume = False,
    start: Start = None,
    weights_only: WeightsOnly = False,
) -> None:
    """Simulate a model; keep its recording, report and figures in a run folder."""
    from neurodiff.run_files.new_folder import new_folder
    from neurodiff.run_folder.resuming import resumed_folder

    _refuse_contradictions(resume=resume, force=force, start=start, weights_only=weights_only)
    model = _load(model_file, overrides, seed, target)
    path = output or Path("runs") / model.name
    if resume:
        with resumed_folder(path, model) as (folder, simulation):
            report = _run_into(folder, path, simulation)
    else:
        simulation = _begun(model, start, weights_only)
        with new_folder(path, force=force) as folder:
            report = _run_into(folder, path, simulation)
    typer.echo(report.summary())
    typer.echo(f"\nrun folder: {path}")
    _refuse_divergence(report, "; what was recorded until then is kept")
    _end_if_stopped(report, simulation, "what was recorded until then is kept")


def _refuse_contradictions(
    *, resume: bool, force: bool, start: Path | None, weights_only: bool
) -> None:
    """Refuse options that say different things of how a run begins."""
    if resume and (force or start):
        other = "--force begins anew" if force else "--from begins another run"
        raise SimulationError(f"--resume goes on with a run, and {other}; leave one of them out")
    if weights_only and start is None:
        raise SimulationError("--weights-only needs --from; name the run folder with the weights")


def _begun(model: "Model", start: Path | None, weights_only: bool) -> "Simulation":
    """The simulation of a model, which may begin with what another run has left."""
    from neurodiff.run_folder.opening import open_run
    from neurodiff.simulation import Simulation

    simulation = Simulation(model)
    if start is not None:
        simulation.start_from(open_run(start), weights_only=weights_only)
    return simulation


def _run_into(folder: Path, path: Path, simulation: "Simulation") -> "RunReport":
    """Run, and write all that it leaves."""
    from neurodiff.run_files.keeping import keep_recording
    from neurodiff.run_folder.folder import save_run
    from neurodiff.run_folder.resuming import checkpoints_in

    announce(simulation)
    checkpoints = checkpoints_in(folder, simulation.model)
    _simulate(simulation, progress=True, checkpoints=checkpoints)
    interruption.defer()
    kept = keep_recording(simulation, folder, path)
    report = _compare(simulation)
    save_run(simulation, report, kept)
    _refuse_full_disk(path, kept if kept != folder else None)
    return report


@app.command()
def validate(
    model_file: ModelFile,
    overrides: Overrides = None,
    seed: Seed = None,
    target: Target = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON.", show_default="as text")
    ] = False,
) -> None:
    """Simulate a model and hold its learning against the gradient; exit 1 where it falls short."""
    from neurodiff.simulation import Simulation

    model = _load(model_file, overrides, seed, target)
    if model.reference == "none":
        raise model.located(ModelError("validation", "none is asked for", "leave it out"))
    simulation = Simulation(model)
    announce(simulation)
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
    from neurodiff.forecast.description.model import describe
    from neurodiff.simulation import Simulation

    simulation = Simulation(_load(model_file, overrides, seed, target))
    typer.echo(describe(simulation.plan, simulation.backend))


@app.command()
def audit(
    model_file: ModelFile,
    overrides: Overrides = None,
    seed: Seed = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the audit as JSON.", show_default="as text")
    ] = False,
) -> None:
    """Say which conditions on learning rules are met: locality, no weight transport, ..."""
    from neurodiff.auditing import audit as audit_model

    found = audit_model(_load(model_file, overrides, seed, None))
    typer.echo(
        json.dumps(found.to_dict(), indent=2, allow_nan=False) if as_json else found.summary()
    )


@app.command()
def sweep(
    sweep_file: Annotated[Path, typer.Argument(help="A sweep file (YAML).", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(help="Folder of the sweep.", show_default="sweeps/NAME"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Number of processes.", show_default="one for each core")
    ] = None,
    scheduler: Scheduler = None,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed",
            help="Do again what failed before.",
            show_default="failed runs are kept as they are",
        ),
    ] = False,
) -> None:
    """Do every combination of a sweep's axes and seeds that is missing; put all in one array."""
    from neurodiff.sweeps import load_sweep, run_sweep, save_sweep_figures, summary
    from neurodiff.sweeps.cluster import cluster

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
    _end_if_failed(result, sweep_file, output)


def _end_if_failed(result: "Dataset", sweep_file: Path, output: Path | None) -> None:
    """Say how to do again what failed, and exit with 1."""
    failed = [str(error) for error in result["error"].values.ravel() if error]
    if not failed:
        return
    lost = sum(error.startswith("not done") for error in failed)
    arguments = [str(sweep_file), *(["--output", str(output)] if output else [])]
    again = shlex.join(["neurodiff", "sweep", *arguments])
    if lost:
        typer.echo(f"{lost} runs were not done; the same command does them: {again}", err=True)
    if len(failed) > lost:
        text = f"{len(failed) - lost} runs failed; do them again with: {again} --retry-failed"
        typer.echo(text, err=True)
    raise typer.Exit(1)


@app.command()
def plot(
    path: Annotated[
        Path,
        typer.Argument(help="A run folder, or a sweep's folder or netCDF.", show_default=False),
    ],
) -> None:
    """Draw the figures of a run folder, or of a sweep, again."""
    from neurodiff.run_folder.folder import redraw
    from neurodiff.sweeps import redraw_sweep

    sweeping = path.suffix == ".nc" or (path / "result.nc").is_file()
    figures = redraw_sweep(path) if sweeping else redraw(path)
    for figure in figures:
        typer.echo(figure)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the model file, for editors."""
    from neurodiff.model_file import Model

    typer.echo(json.dumps(Model.model_json_schema(), indent=2))


@app.command()
def calibrate() -> None:
    """Measure how fast this machine is, in about a minute, for the times that `show` predicts."""
    from neurodiff.calibration import calibrate as measure
    from neurodiff.plan.speeds import path

    measure(typer.echo)
    typer.echo(f"kept in {path()}")


def main() -> None:
    """Entry point: bad input ends with one message and exit code 2, never with a traceback.

    When standard output cannot be written the exit code is 141, as where a signal says so.
    """
    draw_into_files()
    try:
        with courteous_terminal(), interruption.heeding(*interruption.ENDING):
            _run_app()
    except OutputGone as error:
        text = f"error: standard output cannot be written ({error}); files are written all the same"
        Courteous(sys.stderr).write(f"{text}\n")
        sys.exit(141)


def _run_app() -> None:
    try:
        with warnings_on_lines():
            app(prog_name="neurodiff")
    except NeurodiffError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except MemoryError:
        remedy = "record less, shorten the run, or make the network smaller"
        typer.echo(f"error: the model needs more memory than there is; {remedy}", err=True)
        sys.exit(2)
