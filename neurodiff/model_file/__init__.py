"""The model file: typed, unit-checked, YAML in and out, JSON Schema."""

from neurodiff.model_file.model import Model
from neurodiff.model_file.reading import from_mapping, load, to_yaml

__all__ = ["Model", "from_mapping", "load", "to_yaml"]
