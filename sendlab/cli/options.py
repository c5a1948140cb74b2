"""What the verbs share: options, and faults told in words."""

import errno
import os
import re
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
    "--notebook",
    "notebooks",
    multiple=True,
    help="Name of a notebook, one of your own too; may be repeated (default: the reports that come with sendlab).",
)
PERIOD = click.option("--period", "time_period", help="Academic year such as 202526 (default: the latest).")
_WRITING = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "make room on that disk, and start it again"),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), "ask for the right to it, or close what has it open"),
}
_OF_WINDOWS = {112: errno.ENOSPC, 39: errno.ENOSPC, 5: errno.EACCES, 32: errno.EACCES}  # as polars tells them
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
        except Exception as fault:
            if (number := _system_error(fault)) not in _WRITING:
                raise
            where = Path(str(getattr(fault, "filename", None) or "a file")).name
            click.echo(f"sendlab: {where} could not be read or written: {os.strerror(number)}", err=True)
            click.echo(f"  next: {_WRITING[number]}", err=True)
            sys.exit(SendlabError.exit_status)

    return wrapper


def _system_error(fault: Exception) -> int:
    """The system's number of what went wrong, 0 where it is no affair of the system; polars has it in its words."""
    if isinstance(fault, OSError):
        return fault.errno or 0
    found = re.search(r"\(os error (\d+)\)", str(fault))
    number = int(found[1]) if found else 0
    return _OF_WINDOWS.get(number, 0) if os.name == "nt" else number


def shown(path: Path, root: Path) -> str:
    """A path as it is told: below the workspace where it lies there."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
