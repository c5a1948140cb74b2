"""What the verbs share: options, and faults told in words."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from sendlab.errors import SendlabError

WORKSPACE = click.option(
    "--workspace", type=click.Path(path_type=Path), help="Folder with sendlab.toml (default: the nearest above)."
)
WORKSPACES = click.option(
    "--workspace", "workspaces", type=click.Path(path_type=Path), multiple=True,
    help="Folder with sendlab.toml; may be repeated (default: the nearest above).",
)  # fmt: skip
FORCE = click.option("--force", is_flag=True, help="Do it again even if nothing changed.")
PLACES = click.option(
    "--place", "places", multiple=True, help="Code of a school or the LA; may be repeated (default: all)."
)
NOTEBOOKS = click.option(
    "--notebook", "notebooks", multiple=True, help="Name of a notebook; may be repeated (default: all)."
)
PERIOD = click.option("--period", "time_period", help="Academic year such as 202526 (default: the latest).")
JOBS = click.option("--jobs", default=2, show_default=True, help="Notebooks run at the same time.")


def tell_faults(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Say what went wrong in words, and leave with the fault's own exit status."""

    @wraps(verb)
    def wrapper(*args: Any, **options: Any) -> Any:
        try:
            return verb(*args, **options)
        except SendlabError as fault:
            click.echo(f"sendlab: {fault}", err=True)
            sys.exit(fault.exit_status)

    return wrapper


def shown(path: Path, root: Path) -> str:
    """A path as it is told: below the workspace where it lies there."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
