"""Fused kernels: both waves and the learning of a step in one pass over the weights.

A weight is read once and written once in a step. What it learned in the step before is added when
it is read, and then it serves both sums, the drive of the postsynaptic units and the feedback of
the presynaptic ones. The formulas are in `waves.h`, which is compiled for cython and
cpp_standalone; `numpy_pass` is the same for numpy.

- `reading`: where a kernel finds the four values that meet at a connection;
- `interface`: what an alignment, a feedback and a rule say to a kernel;
- `bundle`, `blocks`: connections with weights, and how they are cut into blocks;
- `kernel`: the Brian2 group that calls the kernel in each step;
- `sources`: the kernel as a Brian2 function for each kind of code.
"""
