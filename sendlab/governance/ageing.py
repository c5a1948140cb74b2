"""Purge: rows, raw files, reports and notebooks' outputs that are older than [retention] allows leave the workspace."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
from dateutil.relativedelta import relativedelta

from sendlab import store
from sendlab.errors import WorkspaceProblem
from sendlab.governance.retention import months_of, require_settled
from sendlab.governance.stored import derived_parts, mark_stale, notes_part, parts_of, remove, rewrite
from sendlab.schema.tables import TABLES, Table
from sendlab.settings import SETTINGS
from sendlab.workspace import Workspace, own_notebooks

STEP = "purge"
SPELL_ENDS = ("end_date", "leaving_date", "cease_date", "close_date")  # a spell without its end is not over
_YEARS = {
    "time_period": (8, 31),
    "financial_year": (3, 31),
    "return_year": (12, 31),
}  # column -> its last month and day


@dataclass
class PurgeResult:
    """What left: rows by table, rows whose age is unknown and that stayed, files by kind; `stuck` files were in use."""

    dry_run: bool
    rows: dict[str, int] = field(default_factory=dict)
    undated: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    stuck: int = 0
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The result for the screen: counts, no values."""
        verb = "would leave" if self.dry_run else "removed"
        told = [f"{name}: {count:,} rows {verb}" for name, count in self.rows.items() if count]
        told += [f"{kind}: {count:,} {verb}" for kind, count in self.files.items() if count]
        told = told or ["nothing is older than [retention] allows"]
        told += [f"{name}: {count:,} rows have no date and stay" for name, count in self.undated.items() if count]
        if self.stuck:
            told.append(f"{self.stuck:,} files are open in another program and stay: close them and purge again")
        if any(self.rows.values()) and not self.dry_run:
            told.append("run 'sendlab build': figures are made again without the rows that left")
        return told + self.notes


def dated(table: Table) -> pl.Expr | None:
    """The day from which a row's months count, or None for a table that knows no day.

    The last day of the row's year (time_period: 31 August, financial_year: 31 March, return_year: 31 December); else
    the end of its spell, null while it lasts (an open SEN record is not old, however long ago it began); else the
    latest day that the row holds.

    >>> rows = pl.DataFrame({"time_period": ["202324"]})
    >>> rows.select(dated(TABLES["attendance"]))["age"].to_list()
    [datetime.date(2024, 8, 31)]
    """
    names = [column.name for column in table.columns]
    days = [column.name for column in table.columns if column.kind == "date"]
    if year := next((name for name in _YEARS if name in names), None):
        return _last_day(year).alias("age")
    if end := next((name for name in SPELL_ENDS if name in days), None):
        return pl.col(end).alias("age")
    return pl.max_horizontal(days).alias("age") if days else None


def _last_day(year: str) -> pl.Expr:
    """The last day of 202324, 2023-24, 2023/24 (school or financial year) or 2023."""
    digits = pl.col(year).str.replace_all(r"\D", "")
    first = digits.str.slice(0, 4).cast(pl.Int32, strict=False)
    month, day = _YEARS[year]
    split = digits.str.len_chars() > 4
    return pl.when(split).then(pl.date(first + 1, month, day)).otherwise(pl.date(first, 12, 31))


def purge(workspace: Workspace, today: date | None = None, *, dry_run: bool = False) -> PurgeResult:
    """Take out what is older than its months of [retention], and nothing else; `dry_run` only counts.

    Rows leave the tables, session buckets and notes; figures made of them are stale until the next build. Raw files,
    reports, records of runs and outputs in the workspace's own notebooks go by the day they were last written.
    Files outside the workspace folder are never touched.
    """
    require_settled(workspace)
    now = today or datetime.now(UTC).date()
    result, cutoffs = PurgeResult(dry_run), _cutoffs(workspace, now)
    for name, cutoff in cutoffs.items():
        _purge_table(workspace, name, cutoff, result)
    if not dry_run:
        if any(result.rows.values()):
            _drop_derived(workspace)
        store.write_manifest(workspace.store, STEP, {name: day.isoformat() for name, day in cutoffs.items()})
    for kind, path in _old_files(workspace, now, result):
        _count(result, kind, dry_run or remove(path))
    _clear_notebooks(workspace, _before(now, workspace.retention["reports"]), result)
    return result


def without_purged(rows: pl.DataFrame, table: str, workspace: Workspace) -> pl.DataFrame:
    """The rows of a declared table without those that the last purge took out: raw files may still hold them.

    Fewer are kept out after a purge with more months.
    """
    cutoff, age = store.read_manifest(workspace.store, STEP).get(table), dated(TABLES[table])
    if cutoff is None or age is None:
        return rows
    return rows.filter((age >= date.fromisoformat(cutoff)) | age.is_null())


def purge_again(workspace: Workspace, table: str) -> None:
    """Take rows that the last purge took out of a streamed table out again, after raw files brought them back."""
    for path in parts_of(workspace, table) if table in store.read_manifest(workspace.store, STEP) else []:
        rows = pl.read_parquet(path)
        kept = without_purged(rows, table, workspace)
        if kept.height < rows.height:
            rewrite(path, kept)


def _before(today: date, months: int) -> date:
    day: date = today - relativedelta(months=months)
    return day


def _cutoffs(workspace: Workspace, today: date) -> dict[str, date]:
    """{table: rows dated before this day leave}, for every table that has months."""
    kept = {name: months for name in TABLES if (months := months_of(workspace, name)) is not None}
    ageless = [name for name in kept if dated(TABLES[name]) is None]
    if ageless:
        raise WorkspaceProblem(
            f"{SETTINGS}: rows of {', '.join(ageless)} have no date by which they could leave",
            next_step="take the line out of [retention]",
        )
    return {name: _before(today, months) for name, months in kept.items()}


def _purge_table(workspace: Workspace, name: str, cutoff: date, result: PurgeResult) -> None:
    """Old rows leave the table; then its notes that have lost their row."""
    table = TABLES[name]
    age = dated(table)
    assert age is not None  # _cutoffs has refused such a table
    gone = [_purge_part(path, age, cutoff, result, name, spells=_is_spell(table)) for path in parts_of(workspace, name)]
    notes = notes_part(workspace, name)
    if sum(gone) and notes.is_file() and not result.dry_run:
        left = store.read_table(workspace.store, name).select(table.key)
        kept = pl.read_parquet(notes).join(left, on=table.key, how="semi", nulls_equal=True, maintain_order="left")
        rewrite(notes, kept)


def _is_spell(table: Table) -> bool:
    names = {column.name for column in table.columns}
    return not names & set(_YEARS) and bool(names & set(SPELL_ENDS))


def _purge_part(path: Path, age: pl.Expr, cutoff: date, result: PurgeResult, name: str, *, spells: bool) -> int:
    old = (age < cutoff).fill_null(False)
    counts = pl.scan_parquet(path).select(old.sum().alias("old"), age.is_null().sum().alias("undated")).collect()
    gone = int(counts["old"][0])
    result.rows[name] = result.rows.get(name, 0) + gone
    result.undated[name] = result.undated.get(name, 0) + (0 if spells else int(counts["undated"][0]))
    if gone and not result.dry_run:
        rewrite(path, pl.read_parquet(path).filter(~old))
    return gone


def _drop_derived(workspace: Workspace) -> None:
    """Tables of pupils that were made from the store (facts) go; the next build makes them again."""
    mark_stale(workspace)
    for path in derived_parts(workspace):
        path.unlink()


def _old_files(workspace: Workspace, today: date, result: PurgeResult) -> Iterator[tuple[str, Path]]:
    for kind, folder in (("raw", workspace.raw), ("reports", workspace.reports)):
        if not folder.resolve().is_relative_to(workspace.root.resolve()):
            result.notes.append(f"the folder of {kind} lies outside the workspace: nothing there was touched")
            continue
        day = _before(today, workspace.retention[kind])
        yield from ((f"{kind} files", path) for path in _written_before(folder, day))
    yield from (("unfinished files", path) for path in _written_before(workspace.store, today, "*.tmp"))


def _written_before(folder: Path, day: date, pattern: str = "*") -> list[Path]:
    """Files of a folder and those in it last written before a day; hidden ones only where the pattern asks for them."""
    found = (path for path in folder.rglob(pattern) if path.is_file() and not path.is_symlink())
    return [
        path for path in sorted(found)
        if _written(path) < day and (pattern != "*" or not path.name.startswith("."))
    ]  # fmt: skip


def _written(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def _count(result: PurgeResult, kind: str, done: bool) -> None:
    result.files[kind] = result.files.get(kind, 0) + done
    result.stuck += not done


def _clear_notebooks(workspace: Workspace, day: date, result: PurgeResult) -> None:
    """Old outputs leave the workspace's own notebooks: they may show rows of pupils. Text and code stay."""
    folder = workspace.root / "notebooks"
    if not folder.is_dir() or folder.resolve() == own_notebooks().resolve():
        return
    for path in _written_before(folder, day, "*.ipynb"):
        if ".ipynb_checkpoints" in path.parts:
            _count(result, "copies of notebooks", result.dry_run or remove(path))
        elif text := _without_outputs(path):
            if not result.dry_run:
                aside = path.with_name(f".{path.stem}.tmp")
                aside.write_text(text, encoding="utf-8", newline="\n")
                store.replace_file(aside, path)
            _count(result, "notebooks with outputs", True)


def _without_outputs(path: Path) -> str:
    """The notebook without outputs as text; empty where it has none or is no notebook."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in notebook["cells"] if cell.get("outputs")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    for cell in cells:
        cell.update(outputs=[], execution_count=None)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n" if cells else ""
