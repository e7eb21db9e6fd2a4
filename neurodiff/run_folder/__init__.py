"""The folder that a run leaves: it appears complete or not at all."""
