"""The verb for what schools fill in: forms, and improvement plans."""

from datetime import datetime
from pathlib import Path

import click

from sendlab.cli.options import PERIOD, WORKSPACE, tell_faults


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--table", default="self_evaluation", show_default=True, help="Declared table that the form is for.")
@click.option("--place", "places", multiple=True, help="URN or LAESTAB of a school; may be repeated (default: all).")
@click.option("--any-school", is_flag=True, help="One form without a school in it; needs no workspace.")
@click.option("--round", "round_on", type=click.DateTime(["%Y-%m-%d"]), help="Day of the self-evaluation's round.")
@click.option("--plan", is_flag=True, help="Improvement plans instead: gaps, evidence, actions, next review.")
@PERIOD
@WORKSPACE
@tell_faults
def forms(
    folder: Path | None, table: str, places: tuple[str, ...], any_school: bool, round_on: datetime | None, plan: bool,
    time_period: str | None, workspace: Path | None,
) -> None:  # fmt: skip
    """XLSX forms into FOLDER, for what a school knows and no system holds; filled in, they go into the folder raw.

    With --plan the improvement plan of each school that has rated itself, into its own folder of the reports, or into
    FOLDER.
    """
    if plan:
        made = _plans(folder, places, time_period, workspace)
    else:
        made = _forms(folder, table, places, any_school, round_on, workspace)
    where = made[0].parent.name if len({path.parent for path in made}) == 1 else "folders of the schools' own"
    click.echo(
        f"{len(made)} written, in {where}: {', '.join(path.name for path in made[:3])}{' ...' * (len(made) > 3)}"
    )


def _forms(
    folder: Path | None, table: str, places: tuple[str, ...], any_school: bool, round_on: datetime | None,
    workspace: Path | None,
) -> list[Path]:  # fmt: skip
    from sendlab.publish.forms import schools_of, write_forms
    from sendlab.workspace import find_workspace, has_workspace

    if folder is None:
        raise click.UsageError("name the FOLDER for the forms")
    if any_school and has_workspace(workspace):
        find_workspace(workspace)  # its own tables have forms too
    schools = None if any_school else schools_of(find_workspace(workspace), places)
    return write_forms(folder, table=table, schools=schools, round_on=round_on.date() if round_on else None)


def _plans(
    folder: Path | None, places: tuple[str, ...], time_period: str | None, workspace: Path | None
) -> list[Path]:  # fmt: skip
    from sendlab.build.opened import open_workspace
    from sendlab.runs.school_plans import write_plans

    return write_plans(open_workspace(workspace), places, folder=folder, time_period=time_period or "")


VERBS = (forms,)
