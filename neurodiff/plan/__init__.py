"""All that is decided of a model before anything runs; NumPy only."""

from neurodiff.plan.plan import Plan

__all__ = ["Plan"]
