"""Which format and table a text table is, by its columns; and the one reader that reads it."""

from dataclasses import dataclass
from typing import Protocol

from sendlab.errors import DataProblem
from sendlab.sources import (
    blade,
    code_totals,
    ees,
    ees_rules,
    extract,
    generic,
    ks2,
    mapped,
    published,
    sef_survey,
    sen2,
)
from sendlab.sources.given import supplied
from sendlab.sources.reading import Reading
from sendlab.sources.text import TextTable


class Format(Protocol):
    """A module that reads one format of one file a table."""

    def table_of(self, columns: list[str]) -> str | None:
        """The table that a header is of, or nothing."""

    def format_of(self, columns: list[str]) -> str:
        """The name of the format that a header is of."""

    def read(self, text: TextTable, table: str, given: dict[str, str]) -> Reading:
        """The rows of a text table, and what became of each."""


@dataclass(frozen=True)
class Recognised:
    """What a text table is: its format, and the table within it."""

    format: str
    table: str


SINGLE: tuple[Format, ...] = (mapped, ks2, code_totals, published, sef_survey)
KEPT_AS_TEXT = (ees.FORMAT, ees.META_FORMAT, generic.FORMAT)  # kept whole beside what is taken from them


def recognise(text: TextTable, given: dict[str, str]) -> Recognised:
    """The format and table of a text table. `given` may name the declared table: table = "meetings".

    Sets first (their columns are sure), then published files, then extracts of declared tables, then plain text.
    A file that was clearly meant for a declared table, but lacks required columns, is refused with all of them.
    """
    columns = text.columns
    if (table := sen2.table_of(columns)) is not None:
        return Recognised(sen2.FORMAT, table)
    if (table := blade.table_of(columns)) is not None:
        return Recognised(blade.FORMAT, table)
    if ees.is_ees(columns) or ees_rules.find_meta(text.path) is not None:
        return Recognised(ees.FORMAT, "benchmarks" if ees.find_map(columns) else "text")
    if ees.is_meta(columns) or text.name.lower().endswith((".meta.csv", ".meta.csv.gz")):
        return Recognised(ees.META_FORMAT, "meta")
    for module in SINGLE:
        if "table" not in given and (table := module.table_of(columns)) is not None:
            return Recognised(module.format_of(columns), table)
    if (match := extract.match_header(columns, given.get("table", ""))) is not None:
        return Recognised(extract.FORMAT, match.table.name)
    likely = extract.nearest(columns)
    if likely is not None and likely.table.pupil_level:
        raise extract.refuse(text, likely)
    return Recognised(generic.FORMAT, "text")


def read_one(text: TextTable, kind: Recognised, given: dict[str, str]) -> Reading:
    """A text table of a format that has one file a table, read by its own reader."""
    if kind.format == ees.FORMAT:
        return ees.read_benchmarks(text)
    if kind.format == ees.META_FORMAT:
        return Reading()
    if kind.format == generic.FORMAT:
        return generic.read(text, kind.table, given)
    if kind.format == extract.FORMAT:
        return _read_extract(text, given)
    module = next(m for m in SINGLE if m.table_of(text.columns) is not None)
    return module.read(text, kind.table, given)


def _read_extract(text: TextTable, given: dict[str, str]) -> Reading:
    match = extract.match_header(text.columns, given.get("table", ""))
    if match is None:  # recognised by these very columns a moment ago
        raise DataProblem(text.name, ["its columns are those of no declared table"])
    values, known_from = supplied(text, match, given)
    return extract.read(text, match, values, known_from)
