"""How values travel through synapses: graded at every step, as events, or as spikes."""
