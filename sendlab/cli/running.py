"""Verbs for reports: run, pack, and diff between two runs."""

import sys
from collections import Counter
from datetime import date
from pathlib import Path

import click

from sendlab.cli.options import JOBS, NOTEBOOKS, PERIOD, PLACES, WORKSPACE, WORKSPACES, shown, tell_faults
from sendlab.cli.progress import Told
from sendlab.runs.kernel import skip_heavy_imports
from sendlab.runs.options import ENGINES, WARM, RunOptions


@click.command()
@WORKSPACES
@PLACES
@NOTEBOOKS
@PERIOD
@JOBS
@click.option("--force", is_flag=True, help="Make reports again that are up to date.")
@click.option("--only-failed", is_flag=True, help="Only the reports that failed last time.")
@click.option("--verify", is_flag=True, help="Read the files of reports again to see that nobody changed them.")
@click.option("--engine", type=click.Choice(ENGINES), default=WARM, show_default=True, help="How notebooks are run.")
@click.option("--dask", default="", metavar="ADDRESS", help="Run in the workers of this Dask scheduler (tcp://...).")
@click.option("--dry-run", is_flag=True, help="Say what would be made, and why; write nothing.")
@tell_faults
def run(
    workspaces: tuple[Path, ...], places: tuple[str, ...], notebooks: tuple[str, ...], time_period: str | None,
    jobs: int, force: bool, only_failed: bool, verify: bool, engine: str, dask: str, dry_run: bool,
) -> None:  # fmt: skip
    """The notebooks as reports, with index.html; those that are up to date are left as they are.

    Several workspaces (--workspace A --workspace B) are run one after the other, each into its own reports.
    """
    options = RunOptions(jobs, engine, force, only_failed, verify, dask)
    if dry_run:
        for each in workspaces or (None,):
            _tell_plan(each, places, notebooks, time_period, options)
        return
    sys.exit(max(run_reports(each, options, places, notebooks, time_period) for each in workspaces or (None,)))


def run_reports(
    workspace: Path | None, options: RunOptions, places: tuple[str, ...] = (), notebooks: tuple[str, ...] = (),
    time_period: str | None = None,
) -> int:  # fmt: skip
    """Run, tell how it went, and return the exit status."""
    skip_heavy_imports()
    from sendlab.runs.batch import Wanted
    from sendlab.runs.batch import run as run_notebooks
    from sendlab.workspace import find_workspace

    space = find_workspace(workspace)
    wanted = Wanted(list(places) or None, list(notebooks) or None, time_period)
    with Told() as told:
        result = run_notebooks(space, wanted, options, progress=told)
    for outcome in result.failed:
        click.echo(f"FAILED {outcome.place_name}: {outcome.notebook}: {outcome.error}", err=True)
    for outcome in result.outcomes:
        if outcome.note:
            click.echo(f"NOT IN PLACE {outcome.place_name}: {outcome.note}", err=True)
    done = len(result.outcomes) - len(result.failed)
    fresh = f", {result.fresh} were up to date" if result.fresh else ""
    click.echo(
        f"{done} of {len(result.outcomes)} made{fresh} in {result.seconds:.0f} s; "
        f"open {shown(result.index, space.root)}"
    )
    return result.exit_status


def _tell_plan(
    workspace: Path | None, places: tuple[str, ...], notebooks: tuple[str, ...], time_period: str | None,
    options: RunOptions,
) -> None:  # fmt: skip
    skip_heavy_imports()
    from sendlab.ingest import raw_is_newer
    from sendlab.runs.batch import Wanted, planned
    from sendlab.workspace import find_workspace

    wanted = Wanted(list(places) or None, list(notebooks) or None, time_period)
    space = find_workspace(workspace)
    plan = planned(space, wanted, options)
    for task, why in plan.tasks:
        if why:
            click.echo(f"  {task.place_name}, {task.audience}: {task.notebook.stem} ({why})")
    reasons = Counter(why or "up to date" for _, why in plan.tasks)
    click.echo("; ".join(f"{number} {why}" for why, number in reasons.most_common()))
    if raw_is_newer(space):
        click.echo("raw files are newer than the store: 'sendlab report' ingests and builds first, 'run' does not")


def _as_day(_: click.Context, __: click.Parameter, text: str | None) -> date | None:
    """A day as it is written in files, 2026-02-12."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise click.BadParameter(f"'{text}' is no day; write it as 2026-02-12") from None


@click.command()
@WORKSPACE
@PERIOD
@click.option(
    "--issue", metavar="DATE", callback=_as_day,
    help="The day of the meeting that the pack goes to (2026-02-12): it is kept, and the next says what changed since.",
)  # fmt: skip
@tell_faults
def pack(workspace: Path | None, time_period: str | None, issue: date | None) -> None:
    """The board's pack: one page (HTML and PDF), slides, workbook and open data."""
    from sendlab.board.commentary import COMMENTARY, without_words
    from sendlab.build.opened import open_workspace
    from sendlab.runs.pack import pack as make_pack
    from sendlab.runs.plan import board_folder, latest_period

    opened = open_workspace(workspace)
    space, period = opened.workspace, time_period or latest_period(opened.published())
    outcomes = make_pack(opened, period, issue)
    for outcome in outcomes:
        click.echo(f"  {outcome.status:6} {outcome.notebook} {outcome.error}{outcome.note}")
    click.echo(f"in {shown(board_folder(space.reports, period), space.root)}")
    if waiting := without_words(space.root):
        click.echo(f"{waiting} reds wait for words in {COMMENTARY}: why, action, owner, due; then make the pack again")
    sys.exit(int(any(outcome.status == "failed" for outcome in outcomes)))


@click.command()
@WORKSPACE
@click.argument("runs", nargs=2, metavar="RUN_A RUN_B")
@click.option("--most", default=40, show_default=True, help="How many changed figures are listed.")
@tell_faults
def diff(workspace: Path | None, runs: tuple[str, str], most: int) -> None:
    """Which figures changed between two runs, and why: data, code or definition.

    A run is named as its folder in reports/runs; its beginning is enough, and 'last' and 'before' are the last two.
    """
    from sendlab.runs.diff import compare_runs, lines_of
    from sendlab.workspace import find_workspace

    found = compare_runs(find_workspace(workspace).reports, *runs)
    for line in lines_of(found, most=most):
        click.echo(line)
    sys.exit(int(bool(found.figures.height)))


VERBS = (run, pack, diff)
