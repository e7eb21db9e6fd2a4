"""A kernel for events: a step costs what has changed in it.

Each weight is kept twice, once in the row of its sender and once in the row of its receiver, and
each copy is constant between the events of its own side. So an event walks one row, in the order of
the memory, and touches nothing else. With X(t), the sum of what has arrived of an activity over the
steps that learned, and D(t), that of what an error unit has sent,

    by_sender   = w + rate arrived learned        of the sender's `arrived` and the receiver's D
    by_receiver = w + rate sent gathered          of the receiver's `sent` and the sender's X

and with weight decay both are divided by what decay has left since they were made. What units read
are sums that are kept, too: they move by what arrives, and at every step by what is learned,

    driven   -= rate sent S,       S = sum of arrived^2 over the synapses onto a unit
    returned -= rate arrived K,    K = sum of sent * arrived_back over the synapses out of a sender

which is one product for each unit; S and K are the same for all units of a projection from all to
all. See theory 14.

Where the synapses of a unit have different delays, it counts as several senders, or receivers, one
for each delay. `tables` makes rows of a graph, `numpy_step` and `events.h` are the same step, and
`kernel` puts it into a network.
"""

from neurodiff.simulator.kernels.events.kernel import EventKernel as EventKernel
