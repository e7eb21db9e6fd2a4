"""What the waves must carry and what backpropagation gives: the truth for the simulations.

NumPy only, and independent of the simulator: whole time histories instead of ring buffers.
"""
