"""Networks of neurons with delays that learn by two waves, checked against backpropagation.

import neurodiff

model = neurodiff.load("models/ten_layer_wave.yaml")
simulation = neurodiff.Simulation(model).run()
print(neurodiff.validate(simulation).summary())
"""

from neurodiff.auditing import Audit, Finding, audit
from neurodiff.exceptions import ModelError, NeurodiffError, OutputError, SimulationError
from neurodiff.simulation import Simulation
from neurodiff.spec import Model, load
from neurodiff.sweep import Sweep, load_sweep, run_sweep
from neurodiff.validation import GradientReport, validate

__all__ = [
    "Audit",
    "Finding",
    "GradientReport",
    "Model",
    "ModelError",
    "NeurodiffError",
    "OutputError",
    "Simulation",
    "SimulationError",
    "Sweep",
    "audit",
    "load",
    "load_sweep",
    "run_sweep",
    "validate",
]
