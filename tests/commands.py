"""The command line, called in this process."""

import sys

import pytest

from neurodiff import cli

SMALL = """
neurodiff: 1
name: small
network: {layers: [2, 3, 1]}
plasticity: {rule: diffusion, learning_rate: 5 Hz}
input: {kind: sinusoid, frequency: 5 Hz}
target: {kind: constant, values: [0.2]}
run: {duration: 60 ms, target: numpy}
validation: {minimum_cosine: -1}
"""


def neurodiff(capfd, monkeypatch, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    monkeypatch.setattr(sys, "argv", ["neurodiff", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capfd.readouterr()
    return int(ended.value.code or 0), out, err
