"""Random damage to everything that neurodiff reads: ``python -m tests.fuzz --cases 10000``.

Each case is made from its number alone, in a folder of its own, and read in a child process with
limits on memory and time. A case is wrong if it ends in anything but a result or a message of
neurodiff, if it takes too long, if the process dies, if anything of the file is executed, or if a
key that is not known is taken.
"""
