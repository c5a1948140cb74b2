"""Verbs for figures and the main job: build, report, explore."""

import os
import sys
from pathlib import Path

import click

from sendlab.cli.options import FORCE, JOBS, PERIOD, WORKSPACE, tell_faults
from sendlab.cli.running import run_reports
from sendlab.runs.options import RunOptions


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
    from sendlab.check import ingest_lines
    from sendlab.ingest import ingest as run_ingest
    from sendlab.publish.quality import write_quality
    from sendlab.runs.calendar import nothing_today, required_schedule
    from sendlab.workspace import find_workspace

    space = find_workspace(workspace)
    if scheduled and (why := nothing_today(space)):
        click.echo(why)
        return
    jobs = required_schedule(space).jobs if scheduled else jobs
    ingested = run_ingest(space)
    if not ingested.unchanged:
        write_quality(space)
    click.echo("\n".join(ingest_lines(ingested)))
    _build(workspace)
    status = run_reports(workspace, RunOptions(jobs), time_period=time_period)
    sys.exit(max(status, ingested.exit_status))


@click.command()
@WORKSPACE
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@tell_faults
def explore(workspace: Path | None, no_browser: bool) -> None:
    """JupyterLab on the explorer of cohort gaps."""
    from sendlab.explore.lab import start_lab
    from sendlab.workspace import find_workspace

    sys.exit(start_lab(find_workspace(workspace), browser=not no_browser))


VERBS = (build, report, explore)
