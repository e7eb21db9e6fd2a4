"""The Brian2 network: units, error units, synapses with delays, a local learning rule.

It never computes a gradient and knows nothing of the reference.
"""
