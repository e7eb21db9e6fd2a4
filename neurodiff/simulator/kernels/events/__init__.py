"""A kernel for events: a step costs what has changed in it.

Each weight is kept twice, once in the row of its sender and once in the row of its receiver, and
each copy is constant between the events of its own side. So an event walks one row, in the order of
the memory, and touches nothing else. With X(t), the sum of what has arrived of an activity over the
steps that learned, and D(t), that of what an error unit has sent,

    by_sender   = w + rate arrived D        of what has arrived from the sender
    by_receiver = w + rate sent X           of what the receiver has sent

What units read are sums that are kept, too. They move by what arrives, and in every step by what is
learned,

    drive    -= rate sent S,       S = sum of arrived^2 over the synapses onto a unit
    feedback -= rate arrived K,    K = sum of sent * arrived_back over the synapses out of a sender

In a projection from all to all, S and K are the same for all units. So nothing is done for a unit
in a step either: what all have in common is kept as one number, and an event puts it right for its
own unit. With `learning`, the number of steps that have learned, and with `drift` and `back_drift`,
the sums of rate S and of rate K over them,

    D = learned + learning sent,             X = gathered + learning arrived,
    drive = driven - drift sent,             feedback = returned - back_drift arrived

With weight decay, all of these are divided by `left`, what decay has left since the sums were last
renewed; a step of learning then counts as 1/left of a step. See theory 14.

Where the synapses of a unit have different delays, it counts as several senders, or receivers, one
for each delay. `tables` makes rows of a graph; `numpy_blocks` and `numpy_step` are the same step as
`synapses.h` and `units.h`; `text` makes C++ of a network, and `kernel` puts it there.
"""

from neurodiff.simulator.kernels.events.kernel import EventKernel as EventKernel
