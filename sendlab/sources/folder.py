"""A raw folder read whole: every data file through its reader, as declared tables with a record of each file."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import polars as pl

from sendlab.errors import DataProblem
from sendlab.schema.problems import file_problem, join_problems
from sendlab.schema.tables import TABLES
from sendlab.sources import Recognised, blade, ees, extract, recognise, settle_census
from sendlab.sources.census import read_census
from sendlab.sources.convert import Converted
from sendlab.sources.text import LINE, TextTable, is_data_file, read_text_table


@dataclass(frozen=True)
class FileRecord:
    """What became of one file: read = loaded + quarantined + left_aside."""

    file: str
    format: str
    table: str
    read: int
    loaded: int
    quarantined: int
    left_aside: int = 0
    known_from: str = ""  # how its period is known, where the rows do not say
    encoding: str = ""


@dataclass
class RawTables:
    """Declared tables from raw files (UPNs still in pupil_id), file records and problems."""

    tables: dict[str, list[pl.DataFrame]] = field(default_factory=lambda: defaultdict(list))
    records: list[FileRecord] = field(default_factory=list)
    problems: list[pl.DataFrame] = field(default_factory=list)
    unread: list[DataProblem] = field(default_factory=list)

    def add(self, text: TextTable, kind: Recognised, done: Converted, known_from: str = "") -> None:
        """Note one file's outcome."""
        bad = len(done.bad_lines)
        self.records.append(
            FileRecord(
                text.name, kind.format, kind.table, text.rows.height, text.rows.height - bad - done.left_aside, bad,
                done.left_aside, known_from, text.encoding,
            )
        )  # fmt: skip
        self.problems.append(done.problems)

    def table(self, name: str) -> pl.DataFrame:
        """All rows read for one declared table."""
        parts = self.tables.get(name)
        empty = pl.DataFrame(schema=TABLES[name].polars_schema)
        return pl.concat([empty, *parts]) if parts else empty


def data_files(folder: Path) -> list[Path]:
    """The data files of a raw folder and the folders in it, in a fixed order."""
    if not folder.is_dir():
        raise DataProblem(folder.name, ["there is no such folder"], next_step="make it and put the raw files in it")
    return sorted((p for p in folder.rglob("*") if is_data_file(p)), key=lambda p: p.relative_to(folder).as_posix())


def read_files(paths: list[Path], *, given: dict[str, dict[str, str]] | None = None) -> RawTables:
    """Every file through its reader. A file that cannot be read is noted in `unread` and stops no other."""
    raw, given = RawTables(), given or {}
    blades: list[tuple[Recognised, TextTable]] = []
    for path, source in zip(paths, _sources(paths), strict=True):
        try:
            kind = recognise(path)
            text = read_text_table(path, source=source)
            if kind.format == blade.FORMAT:
                blades.append((kind, text))
            else:
                _read_one(raw, kind, text, given.get(path.name, {}))
        except DataProblem as problem:
            raw.unread.append(problem)
    _read_blades(raw, blades, given)
    return raw


def _sources(paths: list[Path]) -> list[str]:
    """Each path below the folder that all have in common: two folders may hold files of one name."""
    folders = [path.absolute().parent.parts for path in paths]
    shared = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False)))
    return ["/".join(path.absolute().parts[shared:]) for path in paths]


def _read_one(raw: RawTables, kind: Recognised, text: TextTable, given: dict[str, str]) -> None:
    known_from = ""
    if kind.format == ees.META_FORMAT:
        done = Converted(text.rows, join_problems([]), left_aside=text.rows.height)
    elif kind.format == ees.FORMAT:
        done = ees.read_benchmarks(text)
        raw.tables["benchmarks"].append(done.rows.drop(LINE))
    else:
        match = extract.match_header(text.columns)
        if match is None:  # the first bytes and the whole file can differ, as where an accented name is decoded
            raise DataProblem(text.name, ["its columns are those of no format that sendlab reads"],
                              next_step="rename the columns to those of a table in docs/tables.md")  # fmt: skip
        values, known_from = _supplied(text, match, given)
        done = extract.read_extract(text, match, given=values)
        raw.tables[match.table.name].append(done.rows.drop(LINE))
    raw.add(text, kind, done, known_from)


def _supplied(text: TextTable, match: extract.Match, given: dict[str, str]) -> tuple[dict[str, str], str]:
    """Period and term that the rows do not hold: from the file's name, else from sendlab.toml."""
    lacking = [name for name in match.missing if name in extract.SETTABLE]
    if not lacking:
        return {}, "rows"
    named = _named(text.name)
    for values, known_from in ((named, "file name"), (given, "sendlab.toml"), (given | named, "name and sendlab.toml")):
        if set(lacking) <= set(values):
            return {name: values[name] for name in lacking}, known_from
    told = [f"no column, file name or setting gives {' and '.join(lacking)}"]
    year = blade.lone_year_in_name(text.name)
    if year and "time_period" in lacking:
        told.append(f"{year} in its name may be the year in which the school year began, or the one in which it ended")
    raise DataProblem(
        text.name,
        told,
        next_step=f"write in sendlab.toml under [files]: "
        f'"{text.name}" = {{ time_period = "202425", term = "Autumn term" }}',
    )


def _named(name: str) -> dict[str, str]:
    """Period and term that an extract's name tells. A lone year is not taken: it may be either end of a school year."""
    period, season = blade.academic_year_in_name(name), blade.season_in_name(name)
    return ({"time_period": period} if period else {}) | ({"term": blade.TERM_OF_SEASON[season]} if season else {})


def _read_blades(raw: RawTables, files: list[tuple[Recognised, TextTable]], given: dict[str, dict[str, str]]) -> None:
    """Blade files grouped by census and read together."""
    named = {_family(kind, text): blade.census_in_table(text) for kind, text in files if kind.table == "schoolcensus"}
    groups: dict[blade.Census, list[blade.BladeFile]] = defaultdict(list)
    kinds = {text.path: kind for kind, text in files}
    for kind, text in files:
        if kind.table not in blade.TABLES:
            _leave_aside(raw, kind, text)
            continue
        try:
            census, known_from = settle_census(text, named.get(_family(kind, text)), given.get(text.name, {}))
        except DataProblem as problem:
            raw.unread.append(problem)
            continue
        groups[census].append(blade.BladeFile(text, kind.table, census, known_from, _family(kind, text)))
    for census in sorted(groups, key=lambda census: census.count_day):  # the latest description of a school counts
        made = read_census(groups[census])
        for name, table in made.tables.items():
            raw.tables[name].append(table)
        for file, done in made.files:
            raw.add(file.text, kinds[file.text.path], done, file.known_from)


def _family(kind: Recognised, text: TextTable) -> str:
    """What the files of one export have in common: folder, and name without the table where the name holds it."""
    stem = text.name.lower().removesuffix(".gz")
    return str(text.path.parent / stem.replace(kind.table, "")) if kind.table in stem else str(text.path.parent)


def _leave_aside(raw: RawTables, kind: Recognised, text: TextTable) -> None:
    note = file_problem(
        file=text.name, rule="table_not_used", severity="warning", count=text.rows.height,
        message=f"the census table '{kind.table}' is not read by this version", remedy="nothing to do",
    )  # fmt: skip
    raw.add(text, kind, Converted(text.rows, note, left_aside=text.rows.height))
