"""The network of a model: units, synapses, delays and weights as index arrays; latencies."""
