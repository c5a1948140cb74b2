"""The verb that attacks what is published: audit."""

import json
import sys
from pathlib import Path

import click

from sendlab.cli.options import WORKSPACE, tell_faults


def _rule(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[float, float] | None:
    """A..B as two whole numbers."""
    if text is None:
        return None
    least, dots, most = text.partition("..")
    if not (dots and least.isdecimal() and most.isdecimal() and int(least) <= int(most)):
        raise click.BadParameter(f"'{text}' is not A..B with whole numbers, A not above B, such as 1..2")
    return float(least), float(most)


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--links", multiple=True, help='Only sums of this kind, such as "school_type"; may be repeated.')
@click.option("--known-rule", callback=_rule, help="What a hidden count can be, such as 1..2 (default: 0 or more).")
@WORKSPACE
@click.option(
    "--known",
    type=click.Path(path_type=Path, exists=True),
    help="Without FILE: measure rows (Parquet) that are public anyway; what they alone tell is no failure.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@tell_faults
def audit(
    file: Path | None, links: tuple[str, ...], known_rule: tuple[float, float] | None, workspace: Path | None,
    known: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Which hidden counts of a published table (EES layout) adding and subtracting give back.

    Without FILE: what readers can work out of this workspace's own publication, earlier releases included: anybody, and
    each school, which knows its own pupils; and how much each audience sees. Exit status: 0 nothing, 1 something, 2
    wrong use or unreadable.
    """
    if file is None:
        sys.exit(_own(workspace, known, as_json, bool(links or known_rule)))
    from sendlab.disclosure.audit.give_back import audit_table
    from sendlab.disclosure.audit.told import audit_json, audit_lines

    found = audit_table(file, links=links, known_rule=known_rule)
    click.echo(
        json.dumps(audit_json(found), indent=1, ensure_ascii=False) if as_json else "\n".join(audit_lines(found))
    )
    sys.exit(int(found.recoverable > 0))


def _own(workspace: Path | None, known: Path | None, as_json: bool, of_table: bool) -> int:
    """The audit of the workspace's publication, printed; its exit status."""
    if of_table:
        raise click.UsageError("--links and --known-rule are for a FILE: name the table to audit")
    import polars as pl

    from sendlab.build.audited import audit_workspace
    from sendlab.build.opened import open_workspace
    from sendlab.build.visible import visible_by_measure, visible_by_release, visible_lines

    opened = open_workspace(workspace)
    found = audit_workspace(opened, known=None if known is None else pl.read_parquet(known))
    if as_json:
        tables = {
            "findings": found.table(), "visible": visible_by_measure(opened), "releases": visible_by_release(opened)
        }  # fmt: skip
        told = {name: table.to_dicts() for name, table in tables.items()}
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join([*found.lines(), "", *visible_lines(opened)]))
    return found.exit_status


VERBS = (audit,)
