"""Verbs for figures and reports: build, run, pack, report, explore."""

import os
import sys
from pathlib import Path

import click

from sendlab.cli.options import FORCE, JOBS, NOTEBOOKS, PERIOD, PLACES, WORKSPACE, shown, tell_faults


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
@PLACES
@NOTEBOOKS
@PERIOD
@JOBS
@tell_faults
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
        f"{done} of {len(result.outcomes)} made in {result.seconds:.0f} s; open {shown(result.index, space.root)}"
    )
    return result.exit_status


@click.command()
@WORKSPACE
@PERIOD
@tell_faults
def pack(workspace: Path | None, time_period: str | None) -> None:
    """The board page and the workbook of figures."""
    from sendlab.build import open_workspace
    from sendlab.runs.pack import pack as make_pack

    outcomes = make_pack(open_workspace(workspace), time_period)
    for outcome in outcomes:
        click.echo(f"  {outcome.status:6} {outcome.notebook} {outcome.error}")
    sys.exit(int(any(outcome.status == "failed" for outcome in outcomes)))


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
    sys.exit(max(_run(workspace, (), (), time_period, jobs), ingested.exit_status))


@click.command()
@WORKSPACE
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@tell_faults
def explore(workspace: Path | None, no_browser: bool) -> None:
    """JupyterLab on the explorer of cohort gaps."""
    from sendlab.explore.lab import start_lab
    from sendlab.workspace import find_workspace

    sys.exit(start_lab(find_workspace(workspace), browser=not no_browser))


VERBS = (build, run, pack, report, explore)
