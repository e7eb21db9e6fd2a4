"""Thresholds of events for an asked cosine with graded transmission, from pilot runs.

A model may ask for `threshold: {cosine: 0.995}`. Pilots, which are made of the static network and
what each population would send, say how far events are from graded transmission and how many there
are (`pilot`); the cheapest pair of thresholds that is near enough is searched for (`choice`).
"""

from neurodiff.plan.thresholds.choice import Chosen, choose
from neurodiff.plan.thresholds.pilot import Pilot, Setting

__all__ = ["Chosen", "Pilot", "Setting", "choose"]
