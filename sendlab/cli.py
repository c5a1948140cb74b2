"""The verbs of the command line. No logic of its own: each verb calls one function and prints what it did.

Exit status: 0 done, 1 found problems, 2 wrong use or unreadable input. What a user can cause shows no traceback.
"""

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from sendlab import __version__
from sendlab.errors import SendlabError

WORKSPACE = click.option(
    "--workspace", type=click.Path(path_type=Path), help="Folder with sendlab.toml (default: the nearest above)."
)
FORCE = click.option("--force", is_flag=True, help="Do it again even if nothing changed.")
PLACES = click.option(
    "--place", "places", multiple=True, help="Code of a school or the LA; may be repeated (default: all)."
)
NOTEBOOKS = click.option(
    "--notebook", "notebooks", multiple=True, help="Name of a notebook; may be repeated (default: all)."
)
PERIOD = click.option("--period", "time_period", help="Academic year such as 202526 (default: the latest).")
JOBS = click.option("--jobs", default=2, show_default=True, help="Notebooks run at the same time.")


def _tell_faults(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Say what went wrong in words, and leave with the fault's own exit status."""

    @wraps(verb)
    def wrapper(*args: Any, **options: Any) -> Any:
        try:
            return verb(*args, **options)
        except SendlabError as fault:
            click.echo(f"sendlab: {fault}", err=True)
            sys.exit(fault.exit_status)

    return wrapper


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sendlab")
def main() -> None:
    """How pupils with SEND fare: from an authority's files to reports that a board can read."""
    for stream in (sys.stdout, sys.stderr):  # a cp1252 console shows '?' for a sign it lacks, and goes on
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--la-code", required=True, help="Three-digit code of the authority.")
@click.option("--la-name", required=True, help="Name of the authority.")
@_tell_faults
def init(folder: Path, la_code: str, la_name: str) -> None:
    """Make a new workspace with a commented sendlab.toml and a pseudonym key of its own."""
    from sendlab.pseudonyms import config_folder
    from sendlab.workspace import init_workspace

    made = init_workspace(folder, la_code=la_code, la_name=la_name)
    click.echo(f"workspace '{folder.name}' made for {made.la_name}; put the authority's files into its folder 'raw'")
    click.echo(
        f"its pseudonym key {made.key_id} is in {config_folder() / 'keys'}: keep a copy where only you can read it"
    )
    if sys.platform == "win32":
        click.echo("on Windows, check in the folder's Properties > Security that only your account may read it")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=None, type=int, help="Another seed gives another invented authority.")
@click.option("--schools", default=None, type=int, help="Number of schools.")
@click.option("--pupils", default=None, type=int, help="Number of pupils.")
@_tell_faults
def sample(folder: Path, seed: int | None, schools: int | None, pupils: int | None) -> None:
    """Write the raw files of an invented authority, in the real formats, with planted truths."""
    from sendlab.sample import write

    options = {
        name: value for name, value in (("seed", seed), ("schools", schools), ("pupils", pupils)) if value is not None
    }
    write(folder, **options)
    click.echo(f"{sum(1 for path in folder.iterdir() if path.is_file())} files written to '{folder.name}'")


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@_tell_faults
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Say which format and table each file is, and every problem with its row and remedy.

    Exit status: 0 clean, 1 problems, 2 unreadable or unknown.
    """
    from sendlab.check import check_files, report_lines

    result = check_files(list(files))
    click.echo(
        json.dumps(result.as_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(report_lines(result))
    )
    sys.exit(result.exit_status)


@main.command()
@WORKSPACE
@FORCE
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@_tell_faults
def ingest(workspace: Path | None, force: bool, as_json: bool) -> None:
    """Raw files into the checked, pseudonymised store; every row is loaded, left aside or quarantined."""
    from sendlab.check import ingest_json, ingest_lines
    from sendlab.ingest import ingest as run_ingest
    from sendlab.workspace import find_workspace

    result = run_ingest(find_workspace(workspace), force=force)
    click.echo(
        json.dumps(ingest_json(result), indent=1, ensure_ascii=False) if as_json else "\n".join(ingest_lines(result))
    )
    sys.exit(result.exit_status)


@main.command()
@WORKSPACE
@FORCE
@_tell_faults
def build(workspace: Path | None, force: bool) -> None:
    """Measures of the LA and every school, and the figures that may be published."""
    _build(workspace, force)


def _build(workspace: Path | None, force: bool = False) -> None:
    from sendlab.build import build as run_build
    from sendlab.workspace import find_workspace

    result = run_build(find_workspace(workspace), force=force)
    word = "nothing new: " if result.unchanged else ""
    click.echo(
        f"{word}{result.measures:,} measure rows; {result.published:,} published, {result.hidden:,} of them hidden (c)"
    )


@main.command()
@WORKSPACE
@PLACES
@NOTEBOOKS
@PERIOD
@JOBS
@_tell_faults
def run(
    workspace: Path | None, places: tuple[str, ...], notebooks: tuple[str, ...], time_period: str | None, jobs: int
) -> None:
    """The notebooks as reports, with index.html."""
    sys.exit(_run(workspace, places, notebooks, time_period, jobs))


def _run(
    workspace: Path | None, places: tuple[str, ...], notebooks: tuple[str, ...], time_period: str | None, jobs: int
) -> int:
    from sendlab.runs import run as run_notebooks
    from sendlab.workspace import find_workspace

    space = find_workspace(workspace)
    result = run_notebooks(
        space,
        places=list(places) or None,
        notebooks=list(notebooks) or None,
        jobs=jobs,
        time_period=time_period,
        progress=lambda outcome: click.echo(
            f"  {outcome.status:6} {outcome.place_name}: {outcome.notebook} ({outcome.seconds:.0f} s)"
        ),
    )
    for outcome in result.failed:
        click.echo(f"FAILED {outcome.place_name}: {outcome.notebook}: {outcome.error}", err=True)
    done = len(result.outcomes) - len(result.failed)
    click.echo(
        f"{done} of {len(result.outcomes)} made in {result.seconds:.0f} s; open {_shown(result.index, space.root)}"
    )
    return result.exit_status


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


@main.command()
@WORKSPACE
@PERIOD
@_tell_faults
def pack(workspace: Path | None, time_period: str | None) -> None:
    """The board page and the workbook of figures."""
    from sendlab.build import open_workspace
    from sendlab.runs.pack import pack as make_pack

    outcomes = make_pack(open_workspace(workspace), time_period)
    for outcome in outcomes:
        click.echo(f"  {outcome.status:6} {outcome.notebook} {outcome.error}")
    sys.exit(int(any(outcome.status == "failed" for outcome in outcomes)))


@main.command()
@WORKSPACE
@PERIOD
@JOBS
@_tell_faults
def report(workspace: Path | None, time_period: str | None, jobs: int) -> None:
    """The main job: ingest, build, run and pack in one."""
    from sendlab.check import ingest_lines
    from sendlab.ingest import ingest as run_ingest
    from sendlab.workspace import find_workspace

    ingested = run_ingest(find_workspace(workspace))
    click.echo("\n".join(ingest_lines(ingested)))
    _build(workspace)
    sys.exit(max(_run(workspace, (), (), time_period, jobs), ingested.exit_status))


@main.command()
@WORKSPACE
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@_tell_faults
def explore(workspace: Path | None, no_browser: bool) -> None:
    """JupyterLab on the explorer of cohort gaps."""
    from sendlab.explore.lab import start_lab
    from sendlab.workspace import find_workspace

    sys.exit(start_lab(find_workspace(workspace), browser=not no_browser))
