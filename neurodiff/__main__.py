"""The command `neurodiff`, and `python -m neurodiff`."""

import sys


def main() -> None:
    """Do a command; Ctrl-C ends it with one line, also while it is still being imported."""
    try:
        from neurodiff.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write("stopped before anything was done\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
