"""How values travel through synapses, in numbers: graded, as events, or as spikes."""

from neurodiff.plan.transmission.events import Events, FusedEvents
from neurodiff.plan.transmission.graded import Fused, Graded
from neurodiff.plan.transmission.interface import Context, Sending, Transmission, prepare
from neurodiff.plan.transmission.spikes import FusedSpikes, Spikes

__all__ = [
    "Context",
    "Events",
    "Fused",
    "FusedEvents",
    "FusedSpikes",
    "Graded",
    "Sending",
    "Spikes",
    "Transmission",
    "prepare",
]
