"""Tables of the self-evaluation: a place by section, band and rater, and the authority's schools by statement."""

from collections.abc import Sequence

import polars as pl

from sendlab.codes import labels, read_codes
from sendlab.errors import NothingToShow
from sendlab.metrics.cards import card
from sendlab.metrics.sef.ratings import BANDS, sections
from sendlab.narrate import Row, View, format_interval, format_value, rows_of
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import period_name
from sendlab.tables.made import nothing_table, row_notes
from sendlab.tables.plain import figures
from sendlab.tables.shown import ShownTable

BY_SECTION = {"sef_now": "Now", "sef_target": "Target", "sef_gap": "Target minus now",
              "sef_change": "Since the round before"}  # fmt: skip
IN_BANDS = {"7 to 10": "evidence of impact", "4 to 6": "being improved", "1 to 3": "not yet in place"}
SCHOOLS = ("Statement", "Section", "Schools", "Schools that rated it", "Figure", "95% interval")
COMPLETE = "Ratings 1 to 10; statements rated 0 (not applicable) and blanks count nowhere."


@or_else(nothing_table)
def sections_table(view: View, *, place: str, time_period: str) -> ShownTable:
    """Mean ratings of each section: now, target, the step between them, and the change since the round before."""
    found = {measure: _by_item(view, measure, place, time_period) for measure in BY_SECTION}
    names = [name for name in dict.fromkeys(sections().values()) if name in found["sef_now"]]
    if not names:
        raise NothingToShow(f"no self-evaluation in {period_name(time_period)}")
    rows = tuple((name, *(_cell(of.get(name), measure) for measure, of in found.items())) for name in names)
    used = [row for of in found.values() for name, row in of.items() if name in names]
    notes = (COMPLETE, "Since the round before: over statements rated in both rounds; x: no such figure.",
             *row_notes(view, used))  # fmt: skip
    headings = ("Section", *BY_SECTION.values())
    caption = f"Self-evaluation by section, {used[0]['place_name']}, {period_name(time_period)}"
    return ShownTable(caption, headings, rows, (False, *[True] * len(BY_SECTION)), notes, view.mark)


@or_else(nothing_table)
def rating_bands_table(view: View, *, place: str, time_period: str) -> ShownTable:
    """How the statements that a place rated spread over the bands of the tool; 0 is in none of them."""
    found = _by_item(view, "sef_band", place, time_period)
    if not found:
        raise NothingToShow(f"no self-evaluation in {period_name(time_period)}")
    rows = tuple(
        (f"{band}: {IN_BANDS[band]}", *_counts(found[band]), _cell(found[band], "sef_band"))
        for band in BANDS if band in found
    )  # fmt: skip
    name = next(iter(found.values()))["place_name"]
    caption = f"{card('sef_band').title}, {name}, {period_name(time_period)}"
    headings, notes = ("Band", "Statements", "Statements rated", "Figure"), row_notes(view, list(found.values()))
    return ShownTable(caption, headings, rows, (False, True, True, True), (COMPLETE, *notes), view.mark)


@or_else(nothing_table)
def raters_table(view: View, *, place: str, time_period: str, top: int = 5) -> ShownTable:
    """Statements on which those who rated a place are furthest apart: highest less lowest rating."""
    found = _ranked(_by_item(view, "sef_rater_spread", place, time_period))
    if not found:
        raise NothingToShow(f"no round in {period_name(time_period)} that three or more people rated one by one")
    rows = tuple((*_named(code), _cell(row, "sef_rater_spread")) for code, row in found[:top])
    about = card("sef_rater_spread")
    caption = f"{about.title}, {found[0][1]['place_name']}, {period_name(time_period)}"
    notes = (f"Apart: highest less lowest rating, in {about.unit}, of those who rated the setting.",
             *row_notes(view, [row for _, row in found[:top]]))  # fmt: skip
    return ShownTable(caption, ("Statement", "Section", "Apart"), rows, (False, False, True), notes, view.mark)


@or_else(nothing_table)
def rating_schools_table(
    view: View, *, measure: str, place: str, time_period: str, band: str = "", top: int = 10
) -> ShownTable:
    """Statements by how many of the authority's schools they are true of, most first.

    `measure`: `sef_often_a_priority` (shared priorities), `sef_case_studies` (8 to 10: practice to share), or
    `sef_schools_in_band` with a `band` ("1 to 3": where training is needed).
    """
    rows = _by_item(view, measure, place, time_period)
    if band:
        rows = {item.removesuffix(f": {band}"): row for item, row in rows.items() if item.endswith(f": {band}")}
    found = _ranked(rows, "numerator")
    if not found:
        raise NothingToShow(f"no statement of which this is true of a school in {period_name(time_period)}")
    about = card(measure)
    lines = tuple(
        (*_named(code), *_counts(row, "base_subjects"), _cell(row, measure),
         format_interval(row, about) or row["status"] or "x")
        for code, row in found[:top]
    )  # fmt: skip
    said = f", rated {band}" if band else ""
    caption = f"{about.title}{said}, {found[0][1]['place_name']}, {period_name(time_period)}"
    notes = (f"Schools: {about.numerator.partition(';')[0]}. Figure: {about.unit}.",
             *row_notes(view, [row for _, row in found[:top]]))  # fmt: skip
    return ShownTable(caption, SCHOOLS, lines, (False, False, True, True, True, True), notes, view.mark)


def _by_item(view: View, measure: str, place: str, time_period: str) -> dict[str, Row]:
    """{item: the figure of a place}; nothing where the measure has none."""
    try:
        rows = figures(rows_of(view, measure=measure, place=place, time_period=time_period))
    except NothingToShow:
        return {}
    return {row["item"]: row for row in rows.filter(pl.col("time_period") == time_period).to_dicts()}


def _ranked(rows: dict[str, Row], by: str = "value") -> list[tuple[str, Row]]:
    """Statements of which this is true at all, the largest first, in the order of the tool among equals."""
    there = [(line.code, rows[line.code]) for line in read_codes("sef_statement") if line.code in rows]
    return sorted((pair for pair in there if pair[1][by]), key=lambda pair: -pair[1][by])


def _named(code: str) -> tuple[str, str]:
    return f"{code} {labels('sef_statement')[code]}", sections()[code]


def _counts(row: Row, of: str = "denominator") -> Sequence[str]:
    return [row["status"] or "x" if row[name] is None else f"{row[name]:,.0f}" for name in ("numerator", of)]


def _cell(row: Row | None, measure: str) -> str:
    if row is None or row["value"] is None:
        return (row["status"] if row else "") or "x"
    signed = measure == "sef_change"
    return format_value(row["value"], card(measure), base=row["base_subjects"], unit=False, sign=signed)
