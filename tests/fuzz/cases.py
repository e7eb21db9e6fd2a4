"""One case of each kind: what lies in the folder, and how neurodiff reads it."""

import json
import os
import shutil
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from neurodiff import Simulation, load, load_sweep, run_sweep, validate
from neurodiff.plot import draw_figures, draw_sweep
from neurodiff.results.recording import load_recording, save_recording
from neurodiff.run_folder.opening import recording_of
from neurodiff.sweeps import load_result, summary
from neurodiff.sweeps.planned_runs import Sweep
from tests.fuzz import arrays, good, text
from tests.simulated import described

Rng = np.random.Generator

#: How many of the good runs and drawings are made, which take a hundred times as long.
_RUN, _DRAWN = 0.03, 0.03
#: Keys below which any name may stand: of populations, of paths, of cases.
_FREE = ("populations", "set", "axes", "cases", "slow", "fast")

REPORT = {
    "passed": True,
    "layers": [{"name": "layer1", "cosine": 0.9}],
    "total": {"cosine": 0.9},
    "loss": {"ratio": 0.5},
    "complete": True,
}


class Canned(Executor):
    """Has a report for every run at once."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        future.set_result({"error": None, "report": REPORT})
        return future


def read_model(path: Path, rng: Rng, *overrides: str) -> None:
    """Show a model; now and then run it, and keep the run."""
    simulation = Simulation(load(path, overrides), backend="numpy")
    described(simulation)
    small = simulation.plan.stimuli.steps * simulation.graph.n_synapses < 1e5
    if rng.random() < _RUN and small and simulation.plan.stimuli.steps < 1000:
        save_recording(simulation.run().recording, path.parent / "recording.nc")
        validate(load_recording(path.parent / "recording.nc"))


def model(folder: Path, rng: Rng) -> str:
    """A damaged model file; whether a key that is not known is in it."""
    good.write_arrays(folder)
    data = good.MODELS[rng.integers(len(good.MODELS))]
    path, form = folder / "model.yaml", rng.integers(4)
    if form == 0:
        data = text.with_unknown_key(rng, data, _FREE)
    elif form < 3:
        data = text.changed(rng, data)
    content = text.in_lines(data).encode()
    path.write_bytes(text.torn(rng, content) if form == 3 else content)
    read_model(path, rng)
    return "an unknown key was taken" if form == 0 else ""


def override(folder: Path, rng: Rng) -> str:
    """A good model file, and a value that somebody gives on the command line."""
    good.write_arrays(folder)
    data = good.MODELS[rng.integers(len(good.MODELS))]
    (folder / "model.yaml").write_text(text.in_lines(data))
    keys = [key for key, part in data.items() if isinstance(part, dict)]
    part = keys[rng.integers(len(keys))]
    names = [part, *(f"{part}.{key}" for key in data[part]), *data, "network.layers.1", f"{part}.x"]
    line = f"{names[rng.integers(len(names))]}={text.written(text.value(rng))}"
    if rng.random() < 0.2:
        line = text.torn(rng, line.encode()).decode("utf-8", "surrogateescape")
    read_model(folder / "model.yaml", rng, line)
    return ""


def data(folder: Path, rng: Rng) -> str:
    """Damaged arrays: frames, input, target."""
    good.write_arrays(folder)
    frames = rng.random() < 0.5
    names = ["data.npz"] if frames else ["in.npy", "out.npy"]
    _damage(folder / names[rng.integers(len(names))], rng)
    chosen = good.FRAMES if frames else good.ARRAYS
    (folder / "model.yaml").write_text(text.in_lines(chosen))
    read_model(folder / "model.yaml", rng)
    return ""


def weights(folder: Path, rng: Rng) -> str:
    """A damaged weights file."""
    good.write_arrays(folder)
    _damage(folder / "w.npz", rng)
    (folder / "model.yaml").write_text(text.in_lines(good.WEIGHTS))
    read_model(folder / "model.yaml", rng)
    return ""


def _damage(path: Path, rng: Rng) -> None:
    if rng.random() < 0.03:  # what is no file at all
        path.unlink()
        if rng.random() < 0.5:
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero")
        return
    arrays.damage(rng, path)


def sweep(folder: Path, rng: Rng) -> str:
    """A damaged sweep file, or a damaged model file under it, in a hostile repository."""
    data, model, form = good.SWEEP, good.CHAIN, rng.integers(5)
    if form == 0:
        data = text.with_unknown_key(rng, data, _FREE)
    elif form == 1:
        model = text.changed(rng, model)
    elif form < 4:
        data = text.changed(rng, data)
    content = text.in_lines(data).encode()
    content = text.torn(rng, content) if form == 4 else content
    (folder / "sweep.yaml").write_bytes(content)
    (folder / "model.yaml").write_text(text.in_lines(model))
    _hostile_repository(folder, rng)
    planned = load_sweep(folder / "sweep.yaml")
    if np.prod(planned.shape, dtype=float) < 100:
        summary(run_sweep(_unchecked(planned), folder / "out", executor=Canned()))
        load_result(folder / "out")
    return "an unknown key was taken" if form == 0 else ""


class _Unchecked(Sweep):
    """Without the plan of every combination, which `model` tries."""

    def check(self) -> float:
        """Take it as it is, and of no memory."""
        return 0.0


def _unchecked(planned: Sweep) -> Sweep:
    return _Unchecked(planned.file, planned.base, planned.folder)


def _hostile_repository(folder: Path, rng: Rng) -> None:
    git = folder / ".git"
    (git / "refs").mkdir(parents=True)
    (git / "objects").mkdir()
    heads = ("ref: refs/heads/main", "ref: ../../x", "a" * 40, "", "\xff", "ref: refs/../../x")
    (git / "HEAD").write_text(heads[rng.integers(len(heads))] + "\n", encoding="latin-1")
    (git / "config").write_text(
        "[core]\n\tfsmonitor = touch executed; false\n\tpager = touch executed\n"
    )


def run_folder(folder: Path, rng: Rng) -> str:
    """The damaged run folder of a stranger."""
    _copy("run", folder)
    arrays.damage_netcdf(rng, folder / "recording.nc")
    recording = recording_of(folder)
    validate(recording)
    if rng.random() < _DRAWN:
        draw_figures(recording)
    return ""


def sweep_folder(folder: Path, rng: Rng) -> str:
    """The damaged folder of a sweep, which goes on."""
    _copy("sweep", folder)
    out, form = folder / "out", rng.integers(3)
    if form == 0:
        arrays.damage_netcdf(rng, out / "result.nc")
        result = load_result(out)
        summary(result)
        if rng.random() < _DRAWN and "total_cosine" in result:
            draw_sweep(result, "total_cosine")
            plt.close("all")
        return ""
    kept = sorted((out / "runs").iterdir()) if form == 1 else [out / "sweep.json"]
    path = kept[rng.integers(len(kept))]
    if rng.random() < 0.5:
        path.write_bytes(text.torn(rng, path.read_bytes()))
    else:
        changed = text.changed(rng, json.loads(path.read_text()))
        path.write_text(text.written(changed))
    planned = _unchecked(load_sweep(folder / "sweep.yaml"))
    summary(run_sweep(planned, out, executor=Canned()))
    return ""


def _copy(name: str, folder: Path) -> None:
    """A good folder, made once for all cases."""
    shutil.copytree(Path(os.environ["FUZZ_GOOD"]) / name, folder, dirs_exist_ok=True)


def prepare(folder: Path) -> None:
    """Make a good run folder and a good folder of a sweep, and say where they are."""
    os.environ["FUZZ_GOOD"] = str(folder)
    if (folder / "sweep" / "out" / "result.nc").is_file():
        return
    (folder / "run").mkdir(parents=True)
    (folder / "sweep").mkdir()
    (folder / "sweep" / "sweep.yaml").write_text(text.in_lines(good.SWEEP))
    (folder / "sweep" / "model.yaml").write_text(text.in_lines(good.CHAIN))
    (folder / "run" / "model.yaml").write_text(text.in_lines(good.CHAIN))
    simulation = Simulation(load(folder / "run" / "model.yaml")).run()
    report = validate(simulation)
    recording = simulation.recording.merge(report.over_time)
    save_recording(recording, folder / "run" / "recording.nc")
    planned = _unchecked(load_sweep(folder / "sweep" / "sweep.yaml"))
    run_sweep(planned, folder / "sweep" / "out", executor=Canned())


KINDS = {
    "model": model,
    "override": override,
    "sweep": sweep,
    "data": data,
    "weights": weights,
    "run folder": run_folder,
    "sweep folder": sweep_folder,
}
