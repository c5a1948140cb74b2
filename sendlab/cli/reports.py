"""Verbs for figures and the main job: build, report, explore."""

import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendlab.cli.options import FORCE, JOBS, PERIOD, WORKSPACE, tell_faults
from sendlab.cli.running import run_reports
from sendlab.errors import WorkspaceProblem
from sendlab.runs.options import RunOptions
from sendlab.settings import SETTINGS

if TYPE_CHECKING:
    from sendlab.workspace import Workspace

DEMO_SETTINGS = """\
# An invented authority, to look around in. Nothing here is about anybody.
[authority]
la_code = "999"
la_name = "Exampleshire (invented)"

[pseudonyms]
key_id = "sample"
"""


@click.command()
@WORKSPACE
@FORCE
@tell_faults
def build(workspace: Path | None, force: bool) -> None:
    """Measures of the LA and every school, and the figures that may be published."""
    _build(workspace, force)


def _build(workspace: Path | None, force: bool = False) -> None:
    from sendlab.budget import budget_line
    from sendlab.build import build as run_build
    from sendlab.workspace import find_workspace

    result = run_build(find_workspace(workspace), force=force, jobs=min(os.cpu_count() or 1, 4))
    word = "nothing new: " if result.unchanged else ""
    click.echo(
        f"{word}{budget_line(result.measures, result.megabytes, result.schools)}; {result.published:,} published, "
        f"{result.hidden:,} of them hidden (c); {result.visible} % of the board's figures on people are visible"
    )
    for note in result.notes:
        click.echo(f"  {note}")


@click.command()
@WORKSPACE
@PERIOD
@JOBS
@click.option("--scheduled", is_flag=True, help="As [schedule] says: its jobs, and nothing on days that it leaves out.")
@tell_faults
def report(workspace: Path | None, time_period: str | None, jobs: int, scheduled: bool) -> None:
    """The main job: ingest, build, run and pack in one."""
    from sendlab.runs.calendar import nothing_today, required_schedule
    from sendlab.workspace import find_workspace

    space = find_workspace(workspace)
    if scheduled and (why := nothing_today(space)):
        click.echo(why)
        return
    sys.exit(_report(space, required_schedule(space).jobs if scheduled else jobs, time_period))


def _report(space: "Workspace", jobs: int, time_period: str | None = None) -> int:
    """All of the main job, told as it goes; its exit status."""
    from sendlab.check import ingest_lines
    from sendlab.ingest import ingest as run_ingest
    from sendlab.publish.quality import write_quality

    ingested = run_ingest(space)
    if not ingested.unchanged:
        write_quality(space)
    click.echo("\n".join(ingest_lines(ingested)))
    _build(space.root)
    status = run_reports(space.root, RunOptions(jobs), time_period=time_period)
    return max(status, ingested.exit_status)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("sendlab-demo"))
@JOBS
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@tell_faults
def demo(folder: Path, jobs: int, no_browser: bool) -> None:
    """An invented authority from raw files to reports, in FOLDER (default: sendlab-demo); then opens the index.

    Again in the same folder: what is there is kept, and the index is opened.
    """
    import webbrowser

    from sendlab.workspace import read_workspace

    if not (folder / SETTINGS).exists():
        _invented_authority(folder)
    space = read_workspace(folder.resolve())
    if not space.is_sample:
        raise WorkspaceProblem(
            f"'{folder.name}' is a workspace of its own, not the invented authority's",
            next_step="give another folder, or run 'sendlab report --workspace' on it",
        )
    status = _report(space, jobs)
    index = space.reports / "index.html"
    if no_browser or not webbrowser.open(index.as_uri()):
        click.echo(f"open {index.relative_to(folder.resolve().parent).as_posix()} in a browser")
    sys.exit(status)


def _invented_authority(folder: Path) -> None:
    """A workspace of the authority 999 with the sample's raw files; its key is the declared one of the sample."""
    from sendlab.board.settings import BOARD
    from sendlab.sample import write

    write(folder / "raw")
    (folder / SETTINGS).write_text(DEMO_SETTINGS, encoding="utf-8", newline="\n")
    (folder / BOARD).write_bytes((files("sendlab.sample") / BOARD).read_bytes())


@click.command()
@WORKSPACE
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--app", is_flag=True, help="As a page without code, for a meeting (needs the extra 'app').")
@tell_faults
def explore(workspace: Path | None, no_browser: bool, app: bool) -> None:
    """JupyterLab on the explorer of cohort gaps."""
    from sendlab.explore.lab import start_app, start_lab
    from sendlab.workspace import find_workspace

    sys.exit((start_app if app else start_lab)(find_workspace(workspace), browser=not no_browser))


VERBS = (build, report, demo, explore)
