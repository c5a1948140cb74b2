"""Verbs for whose data these are: purge, forget, rekey."""

from pathlib import Path

import click

from sendlab.cli.options import WORKSPACE, tell_faults

UPNS = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@WORKSPACE
@click.option("--dry-run", is_flag=True, help="Only count what would leave.")
@tell_faults
def purge(workspace: Path | None, dry_run: bool) -> None:
    """Take out rows, raw files and reports that are older than [retention] allows."""
    from sendlab import governance
    from sendlab.workspace import find_workspace

    click.echo("\n".join(governance.purge(find_workspace(workspace), dry_run=dry_run).lines()))


@click.command()
@WORKSPACE
@click.option("--upn-file", "upns", required=True, type=UPNS, help="A UPN a line, or a CSV with a column UPN.")
@tell_faults
def forget(workspace: Path | None, upns: Path) -> None:
    """Take pupils out of the store and keep them out, whatever the raw files hold."""
    from sendlab import governance
    from sendlab.workspace import find_workspace

    click.echo("\n".join(governance.forget(find_workspace(workspace), upns).lines()))


@click.command()
@WORKSPACE
@click.option("--upn-file", "upns", type=UPNS, help="UPNs of forgotten pupils, where there are any.")
@tell_faults
def rekey(workspace: Path | None, upns: Path | None) -> None:
    """Make a new pseudonym key and the store anew under it."""
    from sendlab import governance
    from sendlab.ingest import ingest
    from sendlab.workspace import find_workspace

    click.echo("\n".join(governance.rekey(find_workspace(workspace), ingest, upns).lines()))


VERBS = (purge, forget, rekey)
