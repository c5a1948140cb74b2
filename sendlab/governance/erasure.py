"""Forget: pupils named by UPN leave the store, and stay out of it although the raw files still hold them."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sendlab import store
from sendlab.errors import DataProblem, WorkspaceProblem
from sendlab.governance.stored import FORGOTTEN, mark_stale, pupil_parts, remove, rewrite
from sendlab.pseudonyms import normalise_upn, pseudonym
from sendlab.schema.tables import TABLES
from sendlab.workspace import Workspace

_NAMES = {name.replace(" ", "").lower() for name in ("UPN", *TABLES["pupils"].column("pupil_id").aliases)}
_LONGEST = 10_000_000  # bytes: a list of UPNs is shorter


@dataclass(frozen=True)
class ForgetResult:
    """What left the store: UPNs given, those that it knew, rows by file of the store."""

    upns: int
    known: int
    rows: dict[str, int]

    def lines(self) -> list[str]:
        """The result for the screen: counts, no values."""
        told = [f"{self.known:,} of {self.upns:,} pupils were in the store; they stay out of it from now on"]
        told += [f"{name}: {count:,} rows removed" for name, count in self.rows.items() if count]
        return [
            *told,
            "figures that were released stay; run 'sendlab build' to make those of the store again",
            "the raw files, other people's copies and the list of UPNs are yours to delete",
        ]


def forget(workspace: Workspace, upns: Path) -> ForgetResult:
    """Take the pupils of a list out of every table, session, note and fact of the store, and keep them out.

    `upns` is a text file with one UPN a line, or a CSV with a column UPN. A file that is neither is a `DataProblem`.
    Only keyed pseudonyms are kept, in `forgotten.parquet`, for `without_forgotten`. Released figures stay.
    """
    wanted = read_upns(upns)
    ids = _pseudonyms(wanted, workspace.key())
    _remember(workspace, ids)  # first, so that an ingest after an interruption leaves them out
    mark_stale(workspace)
    known: set[str] = set()
    rows = {}
    for path in pupil_parts(workspace):
        here = pl.scan_parquet(path).filter(pl.col("pupil_id").is_in(ids.implode())).select("pupil_id").collect()
        known |= set(here["pupil_id"])
        rows[path.relative_to(workspace.store).with_suffix("").as_posix()] = here.height
        if here.height:
            rewrite(path, pl.read_parquet(path).filter(~pl.col("pupil_id").is_in(ids.implode())))
    for unfinished in workspace.store.rglob(".*.tmp"):  # what an interrupted step left may hold them, too
        remove(unfinished)
    return ForgetResult(ids.len(), len(known), rows)


def without_forgotten(rows: pl.DataFrame, workspace: Workspace) -> pl.DataFrame:
    """The rows without those of forgotten pupils; `rows` holds pseudonyms in pupil_id, or has no such column."""
    ids = forgotten_ids(workspace)
    if ids.is_empty() or "pupil_id" not in rows.columns:
        return rows
    return rows.filter(~pl.col("pupil_id").is_in(ids.implode()))


def forgotten_ids(workspace: Workspace) -> pl.Series:
    """Pseudonyms of the pupils who were forgotten."""
    if not store.has_table(workspace.store, FORGOTTEN):
        return pl.Series("pupil_id", [], dtype=pl.String)
    return store.read_table(workspace.store, FORGOTTEN)["pupil_id"]


def carry_over(workspace: Workspace, upns: Path | None, new: Workspace) -> None:
    """The list of the forgotten under the key of `new`, which needs their UPNs: a pseudonym does not give them back."""
    old = forgotten_ids(workspace)
    if old.is_empty():
        return
    given = read_upns(upns) if upns else []
    lacking = set(old) - set(_pseudonyms(given, workspace.key()))
    if lacking:
        raise WorkspaceProblem(
            f"{len(lacking):,} of {old.len():,} forgotten pupils would come back under a new key",
            next_step="give a file with the UPNs of all who were forgotten (--upn-file), as 'sendlab forget' takes it",
        )
    ids = dict(zip(_pseudonyms(given, workspace.key(), sort=False), _pseudonyms(given, new.key(), sort=False),
                   strict=True))  # fmt: skip
    _remember(new, pl.Series("pupil_id", [ids[name] for name in old]))


def _remember(workspace: Workspace, ids: pl.Series) -> None:
    everyone = pl.concat([forgotten_ids(workspace), ids]).unique().sort()
    store.write_table(workspace.store, FORGOTTEN, everyone.to_frame())


def _pseudonyms(upns: list[str], key: bytes, *, sort: bool = True) -> pl.Series:
    ids = pl.Series("pupil_id", [pseudonym(upn, key) for upn in upns], dtype=pl.String)
    return ids.unique().sort() if sort else ids


def read_upns(path: Path) -> list[str]:
    """The normalised UPNs of a text file with one a line, or of the UPN column of a CSV, each once."""
    lines = _lines(path)
    header = ["".join(cell.split()).lower() for cell in lines[0]] if lines else []
    place = next((number for number, name in enumerate(header) if name in _NAMES), None)
    if place is None and any(len(line) > 1 for line in lines):
        raise DataProblem(
            path.name, ["it has several columns, and none is called UPN"],
            next_step="name the column UPN, or give a file with one UPN a line",
        )  # fmt: skip
    rows = lines if place is None else lines[1:]
    upns = [normalise_upn(row[place or 0]) for row in rows if len(row) > (place or 0)]
    found = list(dict.fromkeys(upn for upn in upns if upn))
    if not found:
        raise DataProblem(path.name, ["it holds no UPN"], next_step="give a file with one UPN a line")
    return found


def _lines(path: Path) -> list[list[str]]:
    """The cells of each line that is not blank, at the separator that the first line has."""
    text = _text(path)
    separator = next((sign for sign in ",;\t|" if sign in text.partition("\n")[0]), ",")
    try:
        cells = list(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error:  # its own words could quote the file
        raise DataProblem(path.name, ["it cannot be taken apart as CSV"], next_step="save it as plain text") from None
    return [line for line in cells if any(cell.strip() for cell in line)]


def _text(path: Path) -> str:
    if not path.is_file():
        raise DataProblem(path.name, ["is not there, or is a folder"], next_step="give the path of a file")
    raw = path.read_bytes() if path.stat().st_size <= _LONGEST else b"\0"
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:  # Windows-1252: UPNs are the same in both, and other columns do not matter
        text = raw.decode("latin-1")
    if "\0" in text:
        raise DataProblem(path.name, ["it is no list of UPNs as text"], next_step="save it as CSV or plain text")
    return text
