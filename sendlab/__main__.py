"""`python -m sendlab`: the command line, for schedulers that know a Python but no PATH."""

from sendlab.cli import main

if __name__ == "__main__":
    main(prog_name="sendlab")
