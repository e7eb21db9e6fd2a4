"""The Brian2 network: units, error units, synapses with delays, a local learning rule.

It never computes a gradient and knows nothing of the reference. Brian2 is imported here, before any
module of this package imports it, so that its import changes nothing else.
"""

from neurodiff.simulator.backends.importing import import_brian2

import_brian2()
