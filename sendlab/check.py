"""What check and ingest tell: format, table and counts of each file, and every problem with its remedy."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from sendlab import sessions
from sendlab.errors import DataProblem, WorkspaceProblem
from sendlab.ingest import IngestResult, quality_summary
from sendlab.schema.problems import summarise
from sendlab.sources import ees, ees_rules, generic
from sendlab.sources.folder import RawTables, read_files
from sendlab.sources.open import open_tables
from sendlab.sources.reading import Reading
from sendlab.sources.recognise import recognise
from sendlab.sources.text import TextTable
from sendlab.workspace import find_workspace

SHOWN = 12  # kinds of problem told on the screen; the data-quality report holds all
_NO_KEY = bytes(32)  # what is only checked is pseudonymised into nothing that is kept


@dataclass(frozen=True)
class CheckResult:
    """What check found in the files given."""

    raw: RawTables
    unknown: list[str] = field(default_factory=list)  # what is said of files of no declared table or without a row

    @property
    def problems(self) -> pl.DataFrame:
        """All problems, counted by file, column and rule."""
        return summarise(self.raw.all_problems)

    @property
    def exit_status(self) -> int:
        """0 clean, 1 problems, 2 a file that cannot be read or is of no known format. A query alone is clean."""
        if self.raw.unread or self.unknown:
            return 2
        return int(not self.problems.filter(pl.col("severity") != "query").is_empty())

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on: files, each with its format, table, rows and problems, and rules not run."""
        files = [
            {
                "file": r.file, "sheet": r.sheet, "format": r.format, "table": r.table, "rows": r.read,
                "known_from": r.known_from, "problems": self._of(r.file, r.sheet),
                "not_run": [rule._asdict() for *place, rule in self.raw.not_run if place == [r.file, r.sheet]],
            }
            for r in self.raw.records
        ]  # fmt: skip
        unread = [
            {"file": p.source, "sheet": "", "format": None, "table": None, "rows": None, "known_from": "",
             "problems": _unread(p), "not_run": []}
            for p in self.raw.unread
        ]  # fmt: skip
        return {"files": files + unread}

    def _of(self, file: str, sheet: str) -> list[dict[str, Any]]:
        rows = self.problems.filter((pl.col("file") == file) & pl.col("sheet").is_in(["", sheet]))
        return rows.drop("file").to_dicts()


def _unread(problem: DataProblem) -> list[dict[str, Any]]:
    return [
        {"rule": "unreadable", "severity": "error", "row": None, "column": None, "count": 1, "message": text,
         "remedy": problem.next_step}
        for text in problem.problems
    ]  # fmt: skip


def check_files(paths: list[Path]) -> CheckResult:
    """Recognise and check files without storing anything. A folder or a missing file is an unreadable one.

    An Explore Education Statistics file is also held against the open data standard, with its meta file where that
    is given (under any name, if it is the only one given with one data file) or lies beside it.
    """
    absent = [path for path in paths if not path.is_file()]
    present = [path for path in paths if path.is_file()]
    raw = read_files(present, given=_settings(paths))
    raw.unread.extend(
        DataProblem(path.name, ["is not there, or is a folder"], next_step="give the path of a file") for path in absent
    )
    _check_registers(raw)
    _add_repeated(raw, present)
    data, metas = ([text for text, kind in raw.texts if kind.format == name] for name in (ees.FORMAT, ees.META_FORMAT))
    only = metas[0].path if len(data) == len(metas) == 1 else None
    for text in data:
        given = (path for path in present if ees_rules.is_meta_of(path, text.path))
        _check_standard(raw, text, next(given, only) or ees_rules.find_meta(text.path))
    unknown = [f"{text.name}: of no declared table; ingest keeps it as plain text"
               for text, kind in raw.texts if kind.format == generic.FORMAT]  # fmt: skip
    empty = [f"{r.file}: it holds column names and no row" for r in raw.records if not r.read and not r.sheet]
    return CheckResult(raw, unknown + empty)


def _check_registers(raw: RawTables) -> None:
    """Session registers go through the same rules as in ingest, into a folder that is thrown away."""
    if not raw.registers:
        return
    with tempfile.TemporaryDirectory() as folder:
        found = sessions.load_sessions(raw.registers, Path(folder), key=_NO_KEY, schools={})
    raw.records += found.records
    raw.unread += found.unread
    raw.not_run += found.not_run
    raw.add_problems(found.problems, "sessions")


def _add_repeated(raw: RawTables, paths: list[Path]) -> None:
    """EES files that were refused for a column named twice: no figure is taken, but the standard has a rule for it."""
    for path in paths:
        refused = next((problem for problem in raw.unread if problem.source == path.name), None)
        if refused is None:
            continue
        try:
            (text,) = open_tables(path, repeats=True)
            kind = recognise(text, {})
        except (DataProblem, ValueError):  # it cannot be read for another reason, or holds several tables
            continue
        if kind.format in (ees.FORMAT, ees.META_FORMAT):
            raw.unread.remove(refused)
            raw.add(text, kind, Reading())


def _check_standard(raw: RawTables, data: TextTable, path: Path | None) -> None:
    """One EES data file against the standard's rules, with its meta file where there is one."""
    try:
        meta = open_tables(path, repeats=True)[0] if path is not None else None
    except DataProblem as problem:
        meta = None
        if problem.source not in {other.source for other in raw.unread}:
            raw.unread.append(problem)
    problems, not_run = ees_rules.check_pair(data, meta)
    listed = {record.file for record in raw.records}
    told = problems.with_columns(
        pl.when(pl.col("file").is_in(list(listed))).then("file").otherwise(pl.lit(data.name)).alias("file")
    )
    raw.add_problems(told, "benchmarks")
    raw.not_run += [(data.name, "", rule) for rule in not_run]


def _settings(paths: list[Path]) -> dict[str, dict[str, str]]:
    """The [files] section of the workspace that the first file lies in, if it lies in one."""
    try:
        return find_workspace(paths[0].resolve().parent).files
    except (WorkspaceProblem, RuntimeError, OSError):  # a link that leads to itself has no folder of its own
        return {}


def report_lines(result: CheckResult) -> list[str]:
    """The result of check for the screen."""
    lines = []
    for r in result.raw.records:
        where = f"{r.file} [{r.sheet}]" if r.sheet else r.file
        lines.append(f"{where}: {r.format}, table {r.table}, {r.read:,} rows{_known(r.known_from)}")
    if result.raw.not_run:
        lines.append(f"  {len(result.raw.not_run)} rules were not run (neither passed nor failed); --json lists them")
    lines += [f"  {told}" for told in result.unknown]
    return [*lines, *_problem_lines(result.problems), *(str(problem) for problem in result.raw.unread)]


def _known(known_from: str) -> str:
    return f" ({known_from})" if known_from not in ("", "rows") else ""


def _problem_lines(problems: pl.DataFrame, shown: int | None = None) -> list[str]:
    lines = []
    for row in problems.head(shown or problems.height).iter_rows(named=True):
        where = f"row {row['row']}" if row["row"] is not None else "file"
        first = f" (first: {where})" if row["count"] > 1 and row["row"] is not None else f" ({where})"
        sheet = f" [{row['sheet']}]" if row["sheet"] else ""
        named = f" [{row['column']}]" if row["column"] and row["column"] not in row["message"] else ""
        told = f"{row['count']:,} x {row['message']}{named}{first}; {row['remedy']}"
        lines.append(f"  {row['severity']}: {row['file']}{sheet}: {told}")
    if shown and problems.height > shown:
        lines.append(f"  ... and {problems.height - shown} more kinds of problem in the data-quality report")
    return lines


def ingest_lines(result: IngestResult) -> list[str]:
    """The result of ingest for the screen: totals, problems worst first, files that could not be read."""
    read, loaded = sum(r.read for r in result.records), sum(r.loaded for r in result.records)
    bad = sum(r.quarantined for r in result.records)
    count = len({r.file for r in result.records})
    first = "nothing new since the last ingest" if result.unchanged else f"{count} files read"
    merged = sum(result.merged.values())
    return [
        f"{first}: {read:,} rows = {loaded:,} loaded + {bad:,} quarantined; {merged:,} repeated rows merged",
        *([f"  {result.not_run.height} rules were not run, for want of a column"] if result.not_run.height else []),
        *_problem_lines(quality_summary(result), SHOWN),
        *(f"  not read: {text}" for text in result.unread),
    ]


def ingest_json(result: IngestResult) -> dict[str, Any]:
    """The result of ingest for scripts."""
    names = ("file", "sheet", "format", "table", "read", "loaded", "quarantined", "known_from")
    nothing = {"sheet": "", "format": None, "table": None, "read": 0, "loaded": 0, "quarantined": 0, "known_from": ""}
    unread = [{"file": name, **nothing} for name in result.unread_files]
    return {
        "files": [{name: getattr(record, name) for name in names} for record in result.records] + unread,
        "merged": result.merged,
        "unread": result.unread,
        "not_run": result.not_run.to_dicts(),
        "problems": quality_summary(result).to_dicts(),
    }
