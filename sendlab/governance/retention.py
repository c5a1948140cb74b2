"""How long things are kept: the months of [retention], asked for once and insisted on before real pupils come in."""

from collections.abc import Callable

from sendlab.errors import WorkspaceProblem
from sendlab.schema.tables import TABLES, Table
from sendlab.settings import RETENTION, SETTINGS, retention_lines
from sendlab.workspace import Workspace

RAW_MARGIN = 12  # months that raw files outlive the rows made from them: a school year may end after its file came


def of_people(table: Table) -> bool:
    """Whether a table is of pupils or staff, so that the months of `default` hold for it."""
    return table.pupil_level or bool(table.restricted)


def months_of(workspace: Workspace, table: str) -> int | None:
    """Months for which rows of a table are kept; None: without end (published figures, lists of schools)."""
    named = workspace.retention.get(table)
    if named is None and of_people(TABLES[table]):
        return workspace.retention.get("default")
    return named


def ask_retention(prompt: Callable[..., int], echo: Callable[[str], object]) -> dict[str, int]:
    """Ask for the months on a terminal; `prompt` and `echo` as click's. Returns what `init_workspace` takes."""
    echo(
        "How many months may the authority keep pupils' data? Its retention schedule says; 'sendlab purge' acts on it."
    )
    months = {
        name: max(1, int(prompt(f"  {meaning}", default=usual, type=int)))
        for name, (usual, meaning) in RETENTION.items()
    }
    needed = months["default"] + RAW_MARGIN
    if months["raw"] < needed:
        echo(f"  raw files are kept {needed} months: the store is made from them, so they outlive its rows by a year")
    return {**months, "raw": max(months["raw"], needed)}


def require_retention(workspace: Workspace) -> None:
    """Refuse real pupils until it is settled how long they are kept: `WorkspaceProblem` with the lines to write.

    The invented authorities 000 and 999 need no lines.
    """
    if workspace.holds_real_pupils:
        require_settled(workspace)


def require_settled(workspace: Workspace) -> None:
    """A `WorkspaceProblem` unless [retention] covers raw files, reports and all tables of people."""
    given = workspace.retention
    uncovered = [name for name, table in TABLES.items() if of_people(table) and months_of(workspace, name) is None]
    lacking = [name for name in RETENTION if name not in given and (name != "default" or uncovered)]
    if lacking:
        lines = retention_lines({name: given.get(name, RETENTION[name][0]) for name in lacking})
        raise WorkspaceProblem(
            f"{SETTINGS} does not say how long data are kept: [retention] lacks {', '.join(lacking)}",
            next_step=f"write below [retention], with the months of your own retention schedule:\n{lines}",
        )
    longest = max(months for name in TABLES if (months := months_of(workspace, name)) is not None)
    if given["raw"] < longest + RAW_MARGIN:
        raise WorkspaceProblem(
            f"{SETTINGS}: raw files would go after {given['raw']} months, but the store is made from them and keeps a "
            f"table for {longest}",
            next_step=f"write raw = {longest + RAW_MARGIN} or more below [retention], or fewer months for the tables",
        )
