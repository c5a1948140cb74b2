"""Packs that went to the board: what each held, kept so that the next can say what changed.

A record holds published figures and the checksums of files, and lies with the releases, for the analyst: the scorecard
as JSON, and beside it all published figures of the authority and its schools as Parquet.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from sendlab import store
from sendlab.board.entries import Entry
from sendlab.disclosure.published import Published
from sendlab.metrics.cards import checksums
from sendlab.narrate.rows import ELSE
from sendlab.workspace import Workspace

# What a figure is about, and what is kept of it.
KEY = ("measure", "time_period", "time_identifier", "place_code", "sen_provision", "need_area", *ELSE, "item")
ABOUT = ("geographic_level", "place_name", "base_subjects", "value", "status")


@dataclass(frozen=True)
class Figure:
    """A figure as a pack showed it; `rating` is a letter, or "" where it has none."""

    measure: str
    group: str
    time_period: str
    time_identifier: str
    value: float | None
    status: str | None
    text: str
    rating: str = ""
    data_to: str = ""


@dataclass(frozen=True)
class Issue:
    """What a pack held when it went to the board on the day `issued` (2026-01-22)."""

    issued: str
    run_id: str
    settings: str
    now: list[Figure]
    bands: dict[str, list[float | None]]  # "measure, group": target, green, amber
    definitions: dict[str, str] = field(default_factory=checksums)
    files: dict[str, str] = field(default_factory=dict)  # raw files by name, with checksums
    rows: pl.DataFrame = field(default_factory=pl.DataFrame, compare=False)  # every published figure


def issue_of(entries: Iterable[Entry], published: Published, workspace: Workspace, issued: str) -> Issue:
    """What a pack with these entries holds."""
    listed = list(entries)
    inputs = store.read_manifest(workspace.store, store.INGEST).get("inputs", {})
    return Issue(
        issued=issued,
        run_id=published.run_id,
        settings=published.settings,
        now=[_figure(each, each.line.now, each.now, each.rating.letter) for each in listed],
        bands={f"{each.line.card.measure}, {each.line.whom}": _bands(each) for each in listed},
        files=dict(inputs),
        rows=_rows_of(published),
    )


def _rows_of(published: Published) -> pl.DataFrame:
    """Every published figure of the authority and its schools, in every period."""
    own = pl.col("geographic_level").is_in(["Local authority", "School"]) & (pl.col("comparator") == "")
    return published.rows.filter(own).select(*KEY, *ABOUT).sort(KEY)


def _bands(entry: Entry) -> list[float | None]:
    asked = entry.line.indicator
    return [asked.target, asked.green, asked.amber]


def _figure(entry: Entry, row: dict[str, Any], text: str, rating: str = "") -> Figure:
    day = row["data_to"]
    return Figure(
        entry.line.card.measure, entry.line.whom, row["time_period"], row["time_identifier"], row["value"],
        row["status"], text, rating, day.isoformat() if isinstance(day, date) else "",
    )  # fmt: skip


def keep_issue(workspace: Workspace, issue: Issue) -> Path:
    """Write the record of a pack that goes out; one of the same day is replaced."""
    folder = _folder(workspace)
    folder.mkdir(parents=True, exist_ok=True)
    store.write_table(folder, issue.issued, issue.rows)
    target = folder / f"{issue.issued}.json"
    aside = target.with_suffix(".new")
    told = {name: value for name, value in asdict(replace(issue, rows=pl.DataFrame())).items() if name != "rows"}
    aside.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    store.replace_file(aside, target)
    return target


def last_issue(workspace: Workspace, before: str = "") -> Issue | None:
    """The pack that went out last, on a day before `before` where that is given; None where none has."""
    kept = [path for path in records_of(workspace) if not before or path.stem < before]
    if not kept:
        return None
    record = json.loads(kept[-1].read_text(encoding="utf-8"))
    rows = store.read_table(kept[-1].parent, kept[-1].stem)
    return Issue(**{**record, "now": [Figure(**each) for each in record["now"]], "rows": rows})


def records_of(workspace: Workspace) -> list[Path]:
    """The records of the packs that went out, oldest first."""
    return sorted(_folder(workspace).glob("*.json"))


def _folder(workspace: Workspace) -> Path:
    return workspace.root / "releases" / "packs"
