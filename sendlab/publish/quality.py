"""The data-quality report: for the person who must put the file right; one for the authority, one a school."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from sendlab import store
from sendlab.publish.cells import safe_name
from sendlab.publish.files import write_aside, write_text
from sendlab.publish.page import render
from sendlab.publish.quality_book import write_book
from sendlab.schema.labels import day_name
from sendlab.schema.problems import WORST_FIRST
from sendlab.workspace import Workspace

FOLDER, SCHOOLS, NAME = "quality", "schools", "data-quality"
MARKING = "OFFICIAL-SENSITIVE"
HANDLING = "For the school and the authority's analysts, not for publication."
SHOWN_ROWS = 20  # of one fault; the rest is counted
SHOWN_LINES = 100  # of one severity, or files, on a page; the workbook holds all
_KIND = ("severity", "file", "sheet", "table", "column", "rule", "message", "remedy")
_UPN = r"(?i)\b[A-Z]\d{11}[0-9A-Z]\b"  # a file or column may be named after a pupil: no report repeats it


@dataclass(frozen=True)
class Told:
    """What one report tells: faults worst first, rules not run, files; for the authority also its schools."""

    place: str
    made: str
    lines: list[dict[str, Any]]
    not_run: list[dict[str, Any]]
    files: list[dict[str, Any]]
    schools: list[dict[str, Any]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    is_school: bool = True

    def of(self, severity: str) -> list[dict[str, Any]]:
        """Faults of one severity: error, warning or query."""
        return [line for line in self.lines if line["severity"] == severity]

    def faults(self, severity: str) -> int:
        """How often faults of one severity were met."""
        return sum(line["count"] for line in self.of(severity))

    @property
    def start(self) -> str:
        """The worst fault, in a sentence."""
        worst = self.lines[0]
        return f"{worst['file']}: {worst['message']} ({worst['count']:,} times); {worst['remedy'] or 'nothing to do'}."

    def total(self, column: str) -> int:
        """The sum over files of read, loaded or quarantined."""
        return sum(line[column] for line in self.files)


def write_quality(workspace: Workspace, folder: Path | None = None, *, made: date | None = None) -> list[Path]:
    """Write the reports of the last ingest as HTML and XLSX; returns the paths, the authority's first.

    `folder` (default: `quality` in the reports) gets `<LA code>.html` and `.xlsx`, and `schools/<code>/` for every
    school that has pupils or a fault; reports of other schools from before go. They hold places, rules and counts,
    never a pupil's value. A store that was not ingested is a `WorkspaceProblem`.
    """
    folder = folder or workspace.reports / FOLDER
    day = made or datetime.now(UTC).date()
    parts = _Parts(workspace, day_name(day))
    written = _write(parts.of_authority(), folder / safe_name(workspace.la_code))
    for code, told in parts.of_schools():
        written += _write(told, folder / SCHOOLS / safe_name(code) / NAME)
    _remove_earlier(folder / SCHOOLS, keep={path.parent for path in written})
    return written


def _write(told: Told, stem: Path) -> list[Path]:
    page = render("quality.html.j2", told=told, marking=MARKING, handling=HANDLING, most=SHOWN_LINES)
    book = stem.with_name(f"{stem.name}.xlsx")
    return [
        write_text(stem.with_name(f"{stem.name}.html"), page),
        write_aside(book, lambda aside: write_book(aside, told, f"{MARKING}. {HANDLING}")),
    ]


def _remove_earlier(schools: Path, keep: set[Path]) -> None:
    """Reports of schools that are no longer told of would go on saying what was wrong once."""
    for old in sorted(schools.glob(f"*/{NAME}*")) if schools.is_dir() else []:
        if old.parent not in keep:
            old.unlink()
            if not any(old.parent.iterdir()):
                old.parent.rmdir()


class _Parts:
    """The tables of the last ingest, read and counted once for all reports."""

    def __init__(self, workspace: Workspace, made: str) -> None:
        self.workspace, self.made = workspace, made
        schools = store.read_table(workspace.store, "schools").select("school_id", "school_urn", "school_name")
        self.schools = _masked(schools.filter(~pl.col("school_id").str.contains(_UPN)))
        self.problems = _with_school(_masked(store.read_table(workspace.store, "problems")), self.schools)
        self.files = _by_file(store.read_table(workspace.store, "files"))
        self.not_run = _by_file(store.read_table(workspace.store, "rules_not_run"))
        self.unread = store.read_manifest(workspace.store, "ingest").get("unread", [])

    def of_authority(self) -> Told:
        """All faults, and how the schools stand."""
        return Told(
            self.workspace.la_name, self.made, _lines(self.problems).to_dicts(), _flat(self.not_run),
            sorted(_flat(self.files), key=lambda line: -line["quarantined"]),
            self._standing(), self.unread, is_school=False,
        )  # fmt: skip

    def of_schools(self) -> Iterable[tuple[str, Told]]:
        """(school_id, what its report tells): its own faults, and the files that they are in."""
        own = _lines(self.problems.filter(pl.col("school_id") != ""), "school_id")
        by_school = {code: rows.to_dicts() for (code,), rows in own.partition_by("school_id", as_dict=True).items()}
        for code, name in self._told_schools().iter_rows():
            lines = by_school.get(code, [])
            names = dict.fromkeys(line["file"] for line in lines)
            yield code, Told(name, self.made, lines, _flat(self.not_run, names), _flat(self.files, names))

    def _told_schools(self) -> pl.DataFrame:
        """{school_id, school_name} of schools with a fault or with pupils; a national list of schools holds more."""
        met = [self.problems["school_id"]]
        if store.has_table(self.workspace.store, "pupils"):
            met.append(store.read_table(self.workspace.store, "pupils")["school_id"])
        named = self.schools.select("school_id", pl.coalesce("school_name", "school_id"))
        return named.join(pl.concat(met).unique().to_frame(), on="school_id", how="semi").sort("school_id")

    def _standing(self) -> list[dict[str, Any]]:
        """One line a school: faults by severity, most errors first; what no school can be told of stands last."""
        counts = self.problems.group_by("school_id").agg(
            pl.col("count").filter(pl.col("severity") == severity).sum().alias(severity) for severity in WORST_FIRST
        )
        told = self._told_schools().join(counts, on="school_id", how="left").with_columns(
            pl.col(list(WORST_FIRST)).fill_null(0),
            pl.col("school_id").map_elements(lambda code: f"{SCHOOLS}/{safe_name(code)}/{NAME}", return_dtype=pl.String)
            .alias("link"),
        )  # fmt: skip
        order = [*(-pl.col(severity) for severity in WORST_FIRST), pl.col("school_name")]
        untold = counts.filter(pl.col("school_id") == "").with_columns(school_name=pl.lit("No school named"))
        return pl.concat([told.sort(order), untold], how="diagonal").to_dicts()


def _masked(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.selectors.string().str.replace_all(_UPN, "[not shown]"))


def _with_school(problems: pl.DataFrame, schools: pl.DataFrame) -> pl.DataFrame:
    """Problems with the id of a known school, blank where the cell names none: it could hold anything."""
    by_urn = schools.drop_nulls("school_urn")
    ids = dict(zip(by_urn["school_urn"], by_urn["school_id"], strict=True)) | {
        name: name for name in schools["school_id"]
    }
    text = pl.col("school_id").str.strip_chars()
    joined = text.str.replace_all(r"[/-]", "")
    laestab = pl.when(joined.str.contains(r"^\d{7}$")).then(joined).otherwise(text)
    return problems.with_columns(laestab.replace_strict(ids, default="", return_dtype=pl.String).alias("school_id"))


def _lines(problems: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Faults of one kind in one line, worst first: `count`, `schools` touched, the first `rows` as words."""
    rows = pl.col("row").drop_nulls().unique()
    found = problems.group_by(*by, *_KIND).agg(
        pl.col("count").sum(),
        rows.sort().head(SHOWN_ROWS).alias("first"),
        rows.len().alias("known"),
        pl.col("school_id").replace("", None).drop_nulls().n_unique().alias("schools"),
    )  # fmt: skip
    words = [rows_in_words(first, known) for first, known in found.select("first", "known").iter_rows()]
    worst = pl.col("severity").replace_strict(WORST_FIRST, return_dtype=pl.Int64)
    return found.with_columns(pl.Series("rows", words, dtype=pl.String)).drop("first", "known").sort(
        *by, worst, -pl.col("count"), *_KIND[1:]
    )  # fmt: skip


def rows_in_words(first: list[int], known: int) -> str:
    """The first rows, runs drawn together, and how many more there are.

    >>> rows_in_words([2, 3, 4, 9], 40), rows_in_words([], 0)
    ('2 to 4, 9 and 36 more', '')
    """
    runs: list[list[int]] = []
    for row in first:
        if runs and row == runs[-1][-1] + 1:
            runs[-1][1:] = [row]
        else:
            runs.append([row])
    words = ", ".join(" to ".join(str(end) for end in run) for run in runs)
    return f"{words} and {known - len(first):,} more" if known > len(first) else words


def _by_file(rows: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    return {str(name): part.to_dicts() for (name,), part in _masked(rows).partition_by(
        "file", as_dict=True, maintain_order=True).items()}  # fmt: skip


def _flat(by_file: Mapping[str, list[dict[str, Any]]], names: Iterable[str] | None = None) -> list[dict[str, Any]]:
    return [line for name in (by_file if names is None else names) for line in by_file.get(name, [])]
