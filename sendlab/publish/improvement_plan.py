"""A school's improvement plan: its widest steps first, with evidence, actions and the next review; for itself alone."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.disclosure.published import Published, require_published
from sendlab.errors import GateError
from sendlab.forms.book import Sheet, new_book, rule_of
from sendlab.metrics.sef.actions import UNFINISHED
from sendlab.metrics.sef.ratings import settled
from sendlab.publish.files import write_aside
from sendlab.schema.labels import period_name
from sendlab.schema.tables import TABLES
from sendlab.sources.sef_layout import PLAN, PLAN_COLUMNS
from sendlab.tables import Statement, statement_lines

# Headings in order, and widths; those of PLAN_COLUMNS are read back by ingest.
COLUMNS = {
    "School": 9, "Code": 6, "Statement": 38, "Section": 15, "Now": 7, "Target": 7, "Step": 6, "Months": 8,
    "Evidence held": 15, "Action number": 10, "What will be done": 38, "Owner (role)": 14, "Agreed on": 11,
    "Due on": 11, "Reviewed on": 11, "Status": 11, "Success criterion met": 10, "Look at it again by": 12,
}  # fmt: skip
HEAD, EMPTY_ROWS = 4, 20  # row of the headings, from 0; rows below for what answers no statement
HIGH = 32  # points: two lines of text
CYCLE = 4  # months: revisited every three to four (SEND self-evaluation tool of a local authority, 2023)
HANDLING = "OFFICIAL-SENSITIVE: for this school. Roles only, no names of children or staff."
_DATES = {"set_on", "due_on", "reviewed_on"}
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def write_improvement_plan(
    published: Published, path: Path, *, place: str, school_id: str, ratings: pl.DataFrame, evidence: pl.DataFrame,
    actions: pl.DataFrame, time_period: str = "",
) -> Path:  # fmt: skip
    """Write a school's plan as a workbook that it goes on with, and that ingest reads back; returns the path written.

    Statements with a step from now to target, the widest first, then others with a live action: now, target and months,
    pieces of evidence by kind, each action that is open or under way, and empty boxes where there is none. Nothing is
    invented. `published`: the school's own edition; `ratings`, `evidence`, `actions`: the declared tables. Errors:
    GateError for anything but published figures of that school's edition.
    """
    require_published(published)
    if published.audience != "school":
        raise GateError("a plan is for the school's own folder: it takes that school's own edition",
                        next_step='use open_workspace().published(place=..., audience="school")')  # fmt: skip
    lines, period = statement_lines(published, place=place, time_period=time_period)
    mine = [frame.filter(pl.col("school_id") == school_id) for frame in (settled(ratings), evidence, actions)]
    latest = mine[0].filter(pl.col("time_period") == period)
    latest = latest.filter(pl.col("rated_on") == pl.col("rated_on").max())
    live = (
        mine[2].filter(pl.col("status").is_in(UNFINISHED).fill_null(True)).sort("due_on", "action_id", nulls_last=True)
    )
    about = {
        "months": dict(latest.select("statement", "target_months").drop_nulls().iter_rows()),
        "evidence": _held(mine[1]),
        "actions": _by_statement(live),
    }
    name = published.of("sef_now", place)["place_name"][0]
    return write_aside(
        path,
        lambda aside: _write(aside, (name, school_id, period, latest["rated_on"].max()), _ordered(lines, about), about),
    )


def _held(evidence: pl.DataFrame) -> dict[str, str]:
    """{statement: its pieces of evidence by kind, in words}."""
    kinds = (
        evidence.group_by("statement", pl.col("type").fill_null("other").alias("type")).len().sort("statement", "type")
    )
    found: dict[str, list[str]] = {}
    for statement, kind, count in kinds.iter_rows():
        found.setdefault(statement, []).append(f"{count} {kind}")
    return {statement: ", ".join(parts) for statement, parts in found.items()}


def _by_statement(actions: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in actions.to_dicts():
        found.setdefault(row["statement"] or "", []).append(row)
    return found


def _ordered(lines: Sequence[Statement], about: Mapping[str, Any]) -> list[Statement]:
    """Statements with a step, the widest first and the lower rating among equals; then those with a live action."""
    ahead = [line for line in lines if (line.gap or 0) > 0]
    others = [line for line in lines if line not in ahead and line.code in about["actions"]]
    return [*sorted(ahead, key=lambda line: (-(line.gap or 0), line.now or 0)), *others]


# ---- the sheet


def _write(path: Path, of: tuple[str, str, str, Any], lines: Sequence[Statement], about: Mapping[str, Any]) -> None:
    name, school_id, period, rated_on = of
    with new_book(path, title=f"Improvement plan: {name}") as book:
        sheet = book.sheet(PLAN, list(COLUMNS.values()))
        sheet.page.write_string(0, 0, f"SEND improvement plan: {name}, {period_name(period)}", book.formats["title"])
        sheet.page.write_string(1, 0, _when(rated_on), book.formats["bold"])
        sheet.page.write_string(2, 0, HANDLING, book.formats["plain"])
        sheet.head(HEAD, tuple(COLUMNS))
        sheet.page.freeze_panes(HEAD + 1, 3)
        sheet.page.set_row(HEAD, HIGH)
        sheet.page.set_paper(8)  # A3: eighteen columns
        row = HEAD + 1
        for line in lines:
            for action in about["actions"].get(line.code) or [{}]:
                _row(sheet, row, school_id, _printed(line, about), action)
                row += 1
        for action in [*about["actions"].get("", []), *[{}] * EMPTY_ROWS]:
            _row(sheet, row, school_id, {}, action)
            row += 1
        _rules(sheet, row - 1)
        sheet.keep_words()


def _when(rated_on: date | None) -> str:
    if rated_on is None:
        return "Look at it again every three to four months."
    first, last = (pl.Series([rated_on]).dt.offset_by(f"{months}mo")[0] for months in (3, CYCLE))
    return (
        f"Rated on {rated_on:%d/%m/%Y}. Next review: between {first:%d/%m/%Y} and {last:%d/%m/%Y}, with a new rating. "
        "Yellow boxes are yours; put the file back into the raw folder."
    )


def _printed(line: Statement, about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Code": line.code, "Statement": line.label, "Section": line.section, "Now": line.now if line.now else line.why,
        "Target": line.target, "Step": line.gap, "Months": about["months"].get(line.code),
        "Evidence held": about["evidence"].get(line.code, "none"),
    }  # fmt: skip


def _row(sheet: Sheet, row: int, school_id: str, printed: Mapping[str, Any], action: Mapping[str, Any]) -> None:
    """One action, or empty boxes for one; when it is to be looked at again follows from its dates."""
    places = {heading: place for place, heading in enumerate(COLUMNS)}
    sheet.page.set_row(row, HIGH)
    for heading, place in places.items():
        name = PLAN_COLUMNS.get(heading)
        if heading == "School":
            sheet.write(row, place, school_id, "cell")
        elif heading == "Code":
            sheet.write(row, place, printed.get("Code"), "cell" if printed else "box")
        elif name:
            sheet.write(row, place, action.get(name), "day" if name in _DATES else "box")
        elif heading in ("Now", "Target", "Step", "Months"):
            sheet.write(row, place, printed.get(heading), "figure")
        else:
            sheet.write(row, place, printed.get(heading), "cell")
    agreed, reviewed = (f"{_letter(places[name])}{row + 1}" for name in ("Agreed on", "Reviewed on"))
    again = f'=IF(MAX({agreed},{reviewed})>0,EDATE(MAX({agreed},{reviewed}),{CYCLE}),"")'
    sheet.page.write_formula(row, places["Look at it again by"], again, sheet.formats["told"], "")


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def _rules(sheet: Sheet, last: int) -> None:
    declared = TABLES["actions"]
    for place, heading in enumerate(COLUMNS):
        name = PLAN_COLUMNS.get(heading)
        if name and name != "school_id" and (rule := rule_of(declared.column(name))):
            sheet.allow(HEAD + 1, last, place, rule)
