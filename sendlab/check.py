"""What ingest and check tell: format, table and counts of each file, and every problem with its remedy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.errors import DataProblem
from sendlab.ingest import IngestResult, quality_summary
from sendlab.schema.problems import summarise
from sendlab.sources.folder import FileRecord, RawTables, read_files
from sendlab.workspace import Workspace, find_workspace

SHOWN = 12  # kinds of problem told on the screen; the data-quality table holds all


@dataclass(frozen=True)
class CheckResult:
    """What check found in the files given."""

    raw: RawTables

    @property
    def problems(self) -> pl.DataFrame:
        """All problems, counted by file, column and rule."""
        return summarise(pl.concat(self.raw.problems)) if self.raw.problems else summarise(_none())

    @property
    def exit_status(self) -> int:
        """0 clean, 1 problems, 2 a file that cannot be read or is of no known format."""
        return 2 if self.raw.unread else int(not self.problems.is_empty())

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on: files, each with its format, table, rows and problems."""
        files = [
            {"file": r.file, "format": r.format, "table": r.table, "rows": r.read, "problems": self._of(r.file)}
            for r in self.raw.records
        ]
        unread = [
            {"file": p.source, "format": None, "table": None, "rows": None, "problems": _unread(p)}
            for p in self.raw.unread
        ]
        return {"files": files + unread}

    def _of(self, file: str) -> list[dict[str, Any]]:
        return self.problems.filter(pl.col("file") == file).drop("file").to_dicts()


def _none() -> pl.DataFrame:
    from sendlab.schema.problems import no_problems

    return no_problems()


def _unread(problem: DataProblem) -> list[dict[str, Any]]:
    return [
        {
            "rule": "unreadable",
            "severity": "error",
            "row": None,
            "column": None,
            "count": 1,
            "message": text,
            "remedy": "",
        }
        for text in problem.problems
    ]


def check_files(paths: list[Path]) -> CheckResult:
    """Recognise and check files without storing anything. A folder or a missing file is an unreadable one."""
    absent = [path for path in paths if not path.is_file()]
    raw = read_files([path for path in paths if path.is_file()], given=_settings(paths))
    raw.unread.extend(
        DataProblem(path.name, ["is not there, or is a folder"], next_step="give the path of a file") for path in absent
    )
    return CheckResult(raw)


def _settings(paths: list[Path]) -> dict[str, dict[str, str]]:
    """The [files] section of the workspace that the first file lies in, if it lies in one."""
    from sendlab.errors import WorkspaceProblem

    try:
        space: Workspace = find_workspace(paths[0].resolve().parent)
    except WorkspaceProblem:
        return {}
    return space.files


def report_lines(result: CheckResult) -> list[str]:
    """The result of check for the screen."""
    lines = [f"{r.file}: {r.format}, table {r.table}, {r.read:,} rows{_known(r)}" for r in result.raw.records]
    return [*lines, *_problem_lines(result.problems), *(str(problem) for problem in result.raw.unread)]


def _known(record: FileRecord) -> str:
    return f" (period from {record.known_from})" if record.known_from not in ("", "rows") else ""


def _problem_lines(problems: pl.DataFrame, shown: int | None = None) -> list[str]:
    lines = []
    for row in problems.head(shown or problems.height).iter_rows(named=True):
        where = f"row {row['row']}" if row["row"] is not None else "file"
        first = f" (first: {where})" if row["count"] > 1 and row["row"] is not None else f" ({where})"
        lines.append(f"  {row['severity']}: {row['file']}: {row['count']:,} x {row['message']}{first}; {row['remedy']}")
    if shown and problems.height > shown:
        lines.append(f"  ... and {problems.height - shown} more kinds of problem in the data-quality table")
    return lines


def ingest_lines(result: IngestResult) -> list[str]:
    """The result of ingest for the screen: totals, problems worst first, files that could not be read."""
    read, loaded = sum(r.read for r in result.records), sum(r.loaded for r in result.records)
    aside, bad = sum(r.left_aside for r in result.records), sum(r.quarantined for r in result.records)
    first = "nothing new since the last ingest" if result.unchanged else f"{len(result.records)} files read"
    merged = sum(result.merged.values())
    return [
        f"{first}: {read:,} rows = {loaded:,} loaded + {bad:,} quarantined + {aside:,} left aside; "
        f"{merged:,} repeated rows merged",
        *_problem_lines(quality_summary(result), SHOWN),
        *(f"  not read: {text}" for text in result.unread),
    ]


def ingest_json(result: IngestResult) -> dict[str, Any]:
    """The result of ingest for scripts."""
    files = [
        {
            "file": r.file,
            "format": r.format,
            "table": r.table,
            "read": r.read,
            "loaded": r.loaded,
            "quarantined": r.quarantined,
            "left_aside": r.left_aside,
            "known_from": r.known_from,
        }
        for r in result.records
    ]
    return {
        "files": files,
        "merged": result.merged,
        "unread": result.unread,
        "problems": quality_summary(result).to_dicts(),
    }
