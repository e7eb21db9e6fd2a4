"""Learning of layered networks, ours beside peers; ../dense_waves.py is the command."""
