"""Brian2's arrays, for the parts of the simulator that fill or read them themselves."""

from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.core.variables import ArrayVariable

__all__ = ["ArrayVariable", "c_data_type"]
