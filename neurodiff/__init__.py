"""Networks of neurons with delays that learn by two waves, checked against backpropagation.

import neurodiff

model = neurodiff.load("models/ten_layer_wave.yaml")
simulation = neurodiff.Simulation(model).run()
print(neurodiff.validate(simulation).summary())

Importing neurodiff is quick and changes nothing in the process: each name is imported when it is
first used, and Brian2, matplotlib and xarray with it.
"""

from typing import TYPE_CHECKING

from neurodiff.process.lazy_names import lazy_names

if TYPE_CHECKING:
    from neurodiff.auditing import Audit, Finding, audit
    from neurodiff.exceptions import ModelError, NeurodiffError, OutputError, SimulationError
    from neurodiff.model_file import Model, load
    from neurodiff.plan import Plan
    from neurodiff.process.version import __version__
    from neurodiff.results.recording import load_recording, save_recording
    from neurodiff.run_folder.opening import open_run
    from neurodiff.simulation import Simulation
    from neurodiff.sweeps import Sweep, load_sweep, run_sweep
    from neurodiff.validation import GradientReport, validate

__all__ = [
    "Audit",
    "Finding",
    "GradientReport",
    "Model",
    "ModelError",
    "NeurodiffError",
    "OutputError",
    "Plan",
    "Simulation",
    "SimulationError",
    "Sweep",
    "__version__",
    "audit",
    "load",
    "load_recording",
    "load_sweep",
    "open_run",
    "run_sweep",
    "save_recording",
    "validate",
]

_HOMES = {
    "auditing": ("Audit", "Finding", "audit"),
    "exceptions": ("ModelError", "NeurodiffError", "OutputError", "SimulationError"),
    "plan": ("Plan",),
    "results.recording": ("load_recording", "save_recording"),
    "run_folder.opening": ("open_run",),
    "simulation": ("Simulation",),
    "model_file": ("Model", "load"),
    "sweeps": ("Sweep", "load_sweep", "run_sweep"),
    "validation": ("GradientReport", "validate"),
    "process.version": ("__version__",),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
