"""How values travel through synapses: graded at every step, as events, or as spikes."""

from neurodiff.simulator.transmission.events import Events
from neurodiff.simulator.transmission.fused import Fused
from neurodiff.simulator.transmission.fused_events import FusedEvents
from neurodiff.simulator.transmission.fused_spikes import FusedSpikes
from neurodiff.simulator.transmission.graded import Graded
from neurodiff.simulator.transmission.interface import Connections, Transmission, build
from neurodiff.simulator.transmission.spikes import Spikes

__all__ = [
    "Connections",
    "Events",
    "Fused",
    "FusedEvents",
    "FusedSpikes",
    "Graded",
    "Spikes",
    "Transmission",
    "build",
]
