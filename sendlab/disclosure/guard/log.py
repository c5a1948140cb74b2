"""The log of answers: rows that are only ever added, each sealed by a digest over it and all rows before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.disclosure.guard.question import Question, of_dict
from sendlab.disclosure.published import PUBLISHED_COLUMNS
from sendlab.errors import WorkspaceProblem
from sendlab.schema.measures import MEASURE_COLUMNS

START = "0" * 64  # what the first row of a log follows
SCHEMA = {name: MEASURE_COLUMNS[name] for name in PUBLISHED_COLUMNS}


@dataclass(frozen=True)
class Entry:
    """One answer or refusal: who was given it, when, to which question, and what they were shown."""

    audience: str
    own_place: str  # of audience school; else ""
    on: date
    question: Question
    refused: bool
    text: str
    offered: Question | None
    rows: pl.DataFrame = field(compare=False)

    def as_dict(self) -> dict[str, Any]:
        """The entry as plain data."""
        cells = [{name: _plain(value) for name, value in row.items()} for row in self.rows.iter_rows(named=True)]
        return {
            "audience": self.audience, "own_place": self.own_place, "on": self.on.isoformat(),
            "question": self.question.as_dict(), "refused": self.refused, "text": self.text,
            "offered": None if self.offered is None else self.offered.as_dict(), "rows": cells,
        }  # fmt: skip


@dataclass(frozen=True)
class Log:
    """All entries, in the order in which they were written; `last` is the digest that the next one follows."""

    entries: tuple[Entry, ...] = ()
    last: str = START

    def of(self, audience: str, own_place: str) -> tuple[Entry, ...]:
        """What readers of an audience were told: their own answers, and those to weaker audiences."""
        return tuple(one for one in self.entries if one.audience == "board" or
                     (one.audience, one.own_place) == (audience, own_place))  # fmt: skip

    def earlier(self, question: Question, audience: str, own_place: str) -> Entry | None:
        """The answer that this audience was given to the same question before."""
        same = (one for one in self.entries if (one.audience, one.own_place) == (audience, own_place))
        return next((one for one in same if one.question == question), None)


def read_log(path: Path) -> Log:
    """The log in a file; none there is an empty log. Errors: WorkspaceProblem where a row was changed or taken out."""
    if not path.is_file():
        return Log()
    entries, last = [], START
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        last = _checked(line, last, f"{path.name}, row {number}")
        entries.append(_entry(json.loads(line)["entry"]))
    return Log(tuple(entries), last)


def add_to_log(path: Path, entry: Entry) -> str:
    """Write an entry behind all others and return its digest. Errors: as of `read_log`.

    An answer that the audience was given before is not written again.
    """
    log = read_log(path)
    if log.earlier(entry.question, entry.audience, entry.own_place) is not None:
        return log.last
    given = entry.as_dict()
    digest = _digest(given, log.last)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps({"digest": digest, "entry": given}, sort_keys=True, ensure_ascii=False) + "\n")
    return digest


def _digest(given: Mapping[str, Any], last: str) -> str:
    text = json.dumps([last, given], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _checked(line: str, last: str, where: str) -> str:
    try:
        given = json.loads(line)
        digest = _digest(given["entry"], last)
        whole = given["digest"] == digest
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise WorkspaceProblem(
            f"the log of answers is not as it was written ({where})",
            next_step="restore the file from a backup; without it no further question is answered",
        )
    return digest


def _entry(given: Mapping[str, Any]) -> Entry:
    offered = given["offered"]
    return Entry(
        given["audience"], given["own_place"], date.fromisoformat(given["on"]), of_dict(given["question"]),
        given["refused"], given["text"], None if offered is None else of_dict(offered), frame_of(given["rows"]),
    )  # fmt: skip


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of published figures as a frame; dates may be texts."""
    made = [{**{name: row[name] for name in SCHEMA}, "data_to": _day(row["data_to"])} for row in rows]
    return pl.DataFrame(made, schema=SCHEMA)


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
