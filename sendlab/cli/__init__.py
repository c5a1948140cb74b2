"""The verbs of the command line. No logic of its own: each verb calls one function and prints what it did.

Exit status: 0 done, 1 found problems, 2 wrong use or unreadable input. What a user can cause shows no traceback.
"""

import sys

import click

from sendlab import __version__
from sendlab.cli import asking, audit, data, forms, governance, reports, running, scheduling


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sendlab")
def main() -> None:
    """How pupils with SEND fare: from an authority's files to reports that a board can read."""
    for stream in (sys.stdout, sys.stderr):  # a cp1252 console shows '?' for a sign it lacks, and goes on
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]


for verb in (
    *data.VERBS,
    *forms.VERBS,
    *reports.VERBS,
    *asking.VERBS,
    *running.VERBS,
    *scheduling.VERBS,
    *governance.VERBS,
    *audit.VERBS,
):
    main.add_command(verb)
