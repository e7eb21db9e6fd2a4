"""The model file: typed, unit-checked, YAML in and out, JSON Schema."""

from neurodiff.spec.model import Model
from neurodiff.spec.reading import from_mapping, load, to_yaml

__all__ = ["Model", "from_mapping", "load", "to_yaml"]
