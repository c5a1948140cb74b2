"""A raw folder read whole: every data file through its reader, as declared tables with a record of each file."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

import polars as pl

from sendlab.errors import DataProblem
from sendlab.schema.problems import file_problem, join_problems, no_problems
from sendlab.schema.tables import TABLES
from sendlab.sources import blade_set, sef_form, sen2, sen2_workbook, sen2_xml
from sendlab.sources.cells import SCHOOL_ID
from sendlab.sources.names import plain
from sendlab.sources.open import open_tables, peek
from sendlab.sources.reading import NotRun, Reading
from sendlab.sources.recognise import KEPT_AS_TEXT, Recognised, read_one, recognise
from sendlab.sources.registers import RegisterFile, shape_of
from sendlab.sources.text import LINE, TextTable, is_data_file

_SCHOOL_NAMES = [plain(name) for name in ("school_id", *TABLES["pupils"].column("school_id").aliases)]


@dataclass(frozen=True)
class FileRecord:
    """What became of one file, or of one sheet or part of it: read = loaded + quarantined."""

    file: str
    format: str
    table: str
    sheet: str
    read: int
    loaded: int
    quarantined: int
    known_from: str = ""  # how its period and authority are known, where the rows do not say
    encoding: str = ""


@dataclass
class RawTables:
    """Declared tables from raw files (UPNs still in pupil_id), records, problems, and what is yet to be streamed."""

    tables: dict[str, list[pl.DataFrame]] = field(default_factory=lambda: defaultdict(list))
    records: list[FileRecord] = field(default_factory=list)
    problems: list[pl.DataFrame] = field(default_factory=list)  # as in schema.problems, with `table` and `school_id`
    unread: list[DataProblem] = field(default_factory=list)
    not_run: list[tuple[str, str, NotRun]] = field(default_factory=list)  # file, sheet, rule
    texts: list[tuple[TextTable, Recognised]] = field(default_factory=list)  # kept whole, as text
    registers: list[RegisterFile] = field(default_factory=list)  # session registers: streamed by ingest

    def add(self, text: TextTable, kind: Recognised, done: Reading) -> None:
        """Note the outcome of one text table."""
        faulty = text.faults.filter(pl.col("severity") == "error").height
        quarantined = faulty + (text.rows.height if done.nothing_kept else len(done.bad_lines))
        read = text.rows.height + faulty
        self.records.append(
            FileRecord(text.name, kind.format, kind.table, text.sheet, read, read - quarantined, quarantined,
                       done.known_from, text.encoding)
        )  # fmt: skip
        schools = None if kind.format.startswith("SEN2") else _schools_of(text)  # there NativeId is the authority's
        self.add_problems(join_problems([text.faults, done.problems]), kind.table, schools)
        self.not_run += [(text.name, text.sheet, rule) for rule in done.not_run]
        for name in done.tables.keys() & TABLES.keys():
            self.tables[name].append(done.tables[name])
        if kind.format in KEPT_AS_TEXT:
            kept = text.rows.filter(~pl.col(LINE).is_in(list(done.bad_lines)))  # never rows that may be about people
            self.texts.append((replace(text, rows=kept), kind))

    def add_problems(self, found: pl.DataFrame, table: str, schools: pl.DataFrame | None = None) -> None:
        """Keep problems with their table and, where the row names one, their school."""
        named = found.with_columns(pl.lit(table).alias("table"))
        known = named.join(schools, on="row", how="left", maintain_order="left") if schools is not None else named
        if "school_id" not in known.columns:
            known = known.with_columns(pl.lit("").alias("school_id"))
        self.problems.append(known.with_columns(pl.col("school_id").fill_null("")))

    def table(self, name: str) -> pl.DataFrame:
        """All rows read for one declared table."""
        parts = self.tables.get(name)
        empty = pl.DataFrame(schema=TABLES[name].polars_schema)
        return pl.concat([empty, *parts]) if parts else empty

    def take(self, name: str) -> pl.DataFrame:
        """All rows read for one declared table, which are then no longer held here."""
        rows = self.table(name)
        self.tables.pop(name, None)
        return rows

    @property
    def all_problems(self) -> pl.DataFrame:
        """Every problem with its table and school."""
        empty = no_problems().with_columns(pl.lit("").alias("table"), pl.lit("").alias("school_id"))
        return pl.concat([empty, *self.problems])


def _schools_of(text: TextTable) -> pl.DataFrame | None:
    """{row, school_id}: the school that each row names, where the file has a column for it."""
    named = {plain(name): name for name in reversed(text.columns)}
    column = next((named[name] for name in _SCHOOL_NAMES if name in named), None)
    if column is None:
        return None
    return text.rows.select(pl.col(LINE).alias("row"), _as_id(column).alias("school_id"))


def _as_id(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_suffix(".0")
    return pl.when(text.str.contains(SCHOOL_ID)).then(text)  # anything else may be a name


def data_files(folder: Path) -> list[Path]:
    """The data files of a raw folder and the folders in it, in a fixed order."""
    if not folder.is_dir():
        raise DataProblem(folder.name, ["there is no such folder"], next_step="make it and put the raw files in it")
    return sorted((p for p in folder.rglob("*") if is_data_file(p)), key=lambda p: p.relative_to(folder).as_posix())


def other_files(folder: Path) -> pl.DataFrame:
    """Files in a raw folder that are no data files by their ending: not read, and said."""
    others = sorted(p.name for p in folder.rglob("*") if p.is_file() and not is_data_file(p))
    return join_problems(
        file_problem(
            file=name, rule="not_a_data_file", severity="query", message="its ending is none that sendlab reads",
            remedy="nothing to do, or save it as CSV, XLSX or Parquet",
        )
        for name in others
    )  # fmt: skip


def read_files(paths: list[Path], *, given: dict[str, dict[str, str]] | None = None) -> RawTables:
    """Every file through its reader. A file that cannot be read is noted in `unread` and stops no other.

    Files of a set (a census, a SEN2 export) are read together at the end. Session registers are only recognised:
    they are in `registers`, for they are too long to be held.
    """
    raw, given = RawTables(), given or {}
    sets: dict[str, list[tuple[TextTable, Recognised]]] = defaultdict(list)
    for path, source in zip(paths, _sources(paths), strict=True):
        try:
            _read_file(raw, path, source, given.get(path.name, {}), sets)
        except DataProblem as problem:
            raw.unread.append(problem)
    _read_sets(raw, sets, given)
    return raw


def _sources(paths: list[Path]) -> list[str]:
    """Each path below the folder that all have in common: two folders may hold files of one name."""
    folders = [path.absolute().parent.parts for path in paths]
    shared = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False)))
    return ["/".join(path.absolute().parts[shared:]) for path in paths]


def _read_file(
    raw: RawTables, path: Path, source: str, given: dict[str, str],
    sets: dict[str, list[tuple[TextTable, Recognised]]],
) -> None:  # fmt: skip
    if path.name.lower().endswith(".xml"):
        return _add_parts(raw, sen2_xml.FORMAT, sen2_xml.read_xml(path, source, given))
    if sen2_workbook.is_template(path):
        return _add_parts(raw, sen2_workbook.FORMAT, sen2_workbook.read_template(path, source, given))
    if (form := sef_form.form_of(path)) is not None:
        return _add_parts(raw, form, sef_form.read_form(path, source))
    found = [(part.sheet, shape_of(part.header)) for part in peek(path)]
    registers = [RegisterFile(path, shape, source, given, sheet) for sheet, shape in found if shape is not None]
    raw.registers += registers
    if len(registers) == len(found):
        return None
    sheets = {register.sheet for register in registers}
    for text in open_tables(path, source=source):
        if text.sheet in sheets:
            continue
        kind = recognise(text, given)
        if kind.format in (blade_set.FORMAT, sen2.FORMAT):
            sets[kind.format].append((text, kind))
        else:
            raw.add(text, kind, read_one(text, kind, given))
    return None


def _add_parts(raw: RawTables, name: str, parts: Iterable[tuple[TextTable, str, Reading]]) -> None:
    """The parts of a file that holds several tables: each has a record of its own."""
    for text, table, done in parts:
        raw.add(text, Recognised(name, table), done)


def _read_sets(raw: RawTables, sets: dict[str, list[tuple[TextTable, Recognised]]],
               given: dict[str, dict[str, str]]) -> None:  # fmt: skip
    done, unread = blade_set.read_set(sets[blade_set.FORMAT], given)
    raw.unread += unread
    for text, kind, reading in done:
        raw.add(text, kind, reading)
    try:
        found = sen2.read_set([(text, kind.table) for text, kind in sets[sen2.FORMAT]], given)
    except DataProblem as problem:
        raw.unread.append(problem)
        return
    tables = {id(text): kind for text, kind in sets[sen2.FORMAT]}
    for text, reading in found:
        raw.add(text, tables[id(text)], reading)
