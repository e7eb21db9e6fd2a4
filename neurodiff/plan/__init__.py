"""All that is decided of a model before anything runs; NumPy only."""
