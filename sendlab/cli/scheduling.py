"""The verb for reports that are made by themselves: schedule."""

from pathlib import Path

import click

from sendlab.cli.options import WORKSPACE, tell_faults

FORMS = click.Choice(["cron", "systemd", "windows"])


@click.command()
@WORKSPACE
@click.option("--for", "form", type=FORMS, help="Whose entry to write (default: this computer's usual scheduler).")
@click.option("--install", "step", flag_value="install", help="Hand the entry to the scheduler, after showing it.")
@click.option("--remove", "step", flag_value="remove", help="Take the entry back from the scheduler.")
@tell_faults
def schedule(workspace: Path | None, form: str | None, step: str | None) -> None:
    """Reports that are made by themselves: what [schedule] means, and the entry for cron, systemd or Windows.

    Nothing is installed without --install.
    """
    from datetime import UTC, datetime

    from sendlab.runs.entries import job_name, job_of
    from sendlab.runs.schedule import explained, first_run, usual_form
    from sendlab.runs.schedulers import install, remove
    from sendlab.workspace import find_workspace

    space, now, form = find_workspace(workspace), datetime.now(UTC), form or usual_form()
    if step == "remove":
        click.echo(remove(form, job_name(space.root), store=space.store))
        return
    click.echo("\n".join(explained(space, form, now)))
    if step == "install":
        click.echo("\n" + install(form, job_of(space), store=space.store, first=first_run(space, now)))
    else:
        click.echo(f"\nNothing was installed. To install it: sendlab schedule --for {form} --install")


VERBS = (schedule,)
