"""Small tables and facts written by hand: what is not said is missing."""

from typing import Any

import polars as pl

from sendlab.facts import make_facts
from sendlab.schema import TABLES

TERMS = ["Autumn term", "Spring term", "Summer term"]
ELM = {"school_id": "9991001", "place_code": "100001", "place_name": "Elm", "education_phase": "Primary"}
OAK = {"school_id": "9991002", "place_code": "100002", "place_name": "Oak", "education_phase": "Secondary"}


def table(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    """A declared table with the rows given."""
    schema = TABLES[name].polars_schema
    assert {key for row in rows for key in row} <= set(schema)
    return pl.DataFrame([[row.get(key) for key in schema] for row in rows], schema=schema, orient="row")


def tables(**rows: list[dict[str, Any]]) -> dict[str, pl.DataFrame]:
    """All declared tables, empty but for the rows given."""
    return {name: table(name, *rows.get(name, [])) for name in TABLES}


def facts_of(**rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Facts made from the tables given."""
    return make_facts(tables(**rows), la_code="999", la_name="Trialshire (invented)")


FACTS = facts_of().schema
USUAL = {
    "time_period": "202526", "la_code": "999", "la_name": "Trialshire (invented)", **ELM, "boarder": "N",
    "age_at_31_august": 10, "nc_year": "6", "on_roll": True, "roll_basis": "January census", "sen_provision": "No SEN",
    "sen_basis": "January census",
}  # fmt: skip


def facts(*rows: dict[str, Any], **common: Any) -> pl.DataFrame:
    """Rows in the shape of `make_facts`: on the roll of Elm in 2025/26, No SEN, aged 10, with no data but those given.

    `possible` and `missed` stand for sessions, `events` for suspensions (and no permanent exclusion).
    """
    full = [_row(place, {**common, **row}) for place, row in enumerate(rows)]
    return pl.DataFrame([[row.get(name) for name in FACTS] for row in full], schema=FACTS, orient="row")


def _row(place: int, given: dict[str, Any]) -> dict[str, Any]:
    row = {**USUAL, "pupil_id": f"p{place}", **given}
    if "possible" in row:
        row |= {"sessions_possible": row.pop("possible"), "sessions_authorised": row.pop("missed")}
        row |= {"sessions_unauthorised": 0, "attendance_status": "", "attendance_terms": TERMS}
    if "events" in row:
        row["suspensions"] = row.pop("events")
        row.setdefault("permanent_exclusions", 0)
        row.setdefault("event_terms", TERMS)
    assert set(row) <= set(FACTS), set(row) - set(FACTS)
    return row
