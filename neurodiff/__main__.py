"""`python -m neurodiff` is the command line."""

from neurodiff.cli import main

if __name__ == "__main__":
    main()
