"""One reader per real format. A file is recognised by its content, never by its name alone."""

from dataclasses import dataclass
from pathlib import Path

from sendlab.errors import DataProblem
from sendlab.sources import blade, ees, extract
from sendlab.sources.text import TextTable, is_data_file, read_header, read_text_table

__all__ = ["Recognised", "is_data_file", "read_text_table", "recognise"]


@dataclass(frozen=True)
class Recognised:
    """What a file is: its format, and the table within it."""

    path: Path
    format: str
    table: str


def recognise(path: Path) -> Recognised:
    """The format and table of a data file, by its header. An unknown one is an error that says what was looked for."""
    header = read_header(path)
    table = blade.table_of(header)
    if table is not None:
        return Recognised(path, blade.FORMAT, table)
    if ees.is_ees(header):
        return Recognised(path, ees.FORMAT, "benchmarks")
    if ees.is_meta(header):
        return Recognised(path, ees.META_FORMAT, "meta")
    match = extract.match_header(header)
    if match is not None:
        return Recognised(path, extract.FORMAT, match.table.name)
    raise DataProblem(
        path.name,
        ["its columns are those of no format that sendlab reads"],
        next_step="rename the columns to those of a table in docs/tables.md, or take the file out of the raw folder",
    )


def settle_census(text: TextTable, named: blade.Census | None, given: dict[str, str]) -> tuple[blade.Census, str]:
    """The census of a blade file and how it is known: header table, else file name, else sendlab.toml."""
    tries = (
        (named, "header table"),
        (blade.census_in_name(text.name), "file name"),
        (blade.census_in_settings(given), "sendlab.toml"),
    )
    for census, known_from in tries:
        if census is not None:
            return census, known_from
    raise DataProblem(
        text.name,
        ["neither a schoolcensus table beside it, nor its name, nor sendlab.toml says which census it belongs to"],
        next_step=f'write under [files]: "{text.name}" = {{ time_period = "202425", term = "Autumn term" }}',
    )
