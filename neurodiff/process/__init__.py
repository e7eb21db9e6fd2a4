"""The running process: its terminal, the signals that it is sent, its imports."""
