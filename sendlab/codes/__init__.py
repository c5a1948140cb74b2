"""Code sets of the Department's collections (code, label, validity dates, notes), from the CSV files beside this one.

Sources: the `source` column of each file, line by line. All codes are text. A code may stand twice with
different validity dates, so join on code and date (`valid_on`).
"""

import csv
from datetime import date
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Code(NamedTuple):
    """One line of a code set; `notes` holds its key=value pairs."""

    code: str
    label: str
    valid_from: date | None
    valid_to: date | None
    notes: dict[str, str]
    remark: str  # the whole note as it stands


def _notes(text: str) -> dict[str, str]:
    pairs = (part.split("=", 1) for part in text.split(";") if "=" in part)
    return {key.strip(): value.strip() for key, value in pairs}


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def read_codes(name: str) -> tuple[Code, ...]:
    """All lines of a code set, in file order.

    >>> [c.code for c in read_codes("sen_provision")][:3]
    ['N', 'K', 'E']
    """
    with (files(__name__) / f"{name}.csv").open(encoding="utf-8") as handle:
        return tuple(
            Code(
                row["code"],
                row["label"],
                _date(row["valid_from"]),
                _date(row["valid_to"]),
                _notes(row["note"]),
                row["note"],
            )
            for row in csv.DictReader(handle)
        )


def valid_on(name: str, day: date) -> dict[str, Code]:
    """{code: line} of the codes valid on a day (bounds included).

    >>> "C2" in valid_on("attendance_code", date(2024, 8, 18)), "C2" in valid_on("attendance_code", date(2024, 8, 19))
    (False, True)
    """
    return {
        line.code: line
        for line in read_codes(name)
        if (line.valid_from is None or line.valid_from <= day) and (line.valid_to is None or day <= line.valid_to)
    }


def labels(name: str) -> dict[str, str]:
    """{code: label}, the latest label where a code stands more than once."""
    return {line.code: line.label for line in read_codes(name)}


@cache
def symbols() -> dict[str, str]:
    """{symbol in lower case: kind} of the marks that stand in numeric columns of published files.

    >>> symbols()["c"], symbols()["supp"]
    ('suppressed', 'suppressed')
    """
    return {line.code.lower(): line.notes.get("kind", "") for line in read_codes("data_symbol")}
