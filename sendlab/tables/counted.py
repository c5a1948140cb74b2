"""How complete the figures of a place are: who could count and who did, measure by measure, and how far data reach."""

from collections.abc import Sequence

from sendlab.errors import NothingToShow
from sendlab.metrics.cards import card
from sendlab.narrate import Row, View, one_row, rows_of
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import day_name, period_name, period_text, reason
from sendlab.stats.rounding import format_number, round_half_away
from sendlab.tables.made import nothing_table, row_notes
from sendlab.tables.shown import ShownTable

HEADINGS = ("Measure", "Period", "Could count", "Counted", "Counted of those", "Data to", "Why no figure")

# The published row of a hidden number who could count is that of a measure that states none.
NO_COUNT = "x: not stated, not available, or not shown because few pupils were left out."


@or_else(nothing_table)
def counted_table(view: View, *, measures: Sequence[str], place: str, time_period: str) -> ShownTable:
    """A line a measure: pupils who could count, who counted and their share, the last day of the data, and a note.

    Of all pupils of the place, whatever their SEN provision. A measure without any figure of the period keeps its
    line. Where no measure has one, the table says so.
    """
    found = {measure: _whole(view, measure, place, time_period) for measure in measures}
    if not any(found.values()):
        raise NothingToShow(f"no figures of this place for {period_name(time_period)}")
    rows = tuple(_cells(measure, row, time_period) for measure, row in found.items())
    name = next(row["place_name"] for row in found.values() if row)
    caption = f"Who counted, {name}, {period_name(time_period)}"
    notes = row_notes(view, [row for row in found.values() if row and row["status"] != "x"])  # x is explained here
    if any("x" in cells[2:5] for cells in rows):
        notes = (NO_COUNT, *notes)
    return ShownTable(caption, HEADINGS, rows, (False, False, True, True, True, False, False), notes, view.mark)


def _whole(view: View, measure: str, place: str, time_period: str) -> Row | None:
    """The figure of all pupils; None where there is none, as of a measure that is told item by item."""
    try:
        rows = rows_of(view, measure=measure, place=place, time_period=time_period)
    except NothingToShow:
        return None
    return one_row(rows)


def _cells(measure: str, row: Row | None, time_period: str) -> tuple[str, ...]:
    title = card(measure).title
    if row is None:
        return (title, period_name(time_period), "x", "x", "x", "x", "no figure of all pupils")
    could, did, mark = row["eligible_subjects"], row["base_subjects"], row["status"] or "x"
    counts = tuple(mark if count is None else format_number(count, 0) for count in (could, did))
    share = f"{format_number(_share(did, could), 0)}%" if did is not None and could else mark
    until = day_name(row["data_to"]) if row["data_to"] else "x"
    note = reason(row["status"], row["note"]) if row["value"] is None else ""  # what holds of all stands below
    return (title, period_text(time_period, row["time_identifier"]), *counts, share, until, note)


def _share(did: int, could: int) -> float:
    """Whole per cent of those who could count, so that two counts tell no more than they do; 99.6 is not all.

    >>> _share(996, 1000), _share(3, 8), _share(8, 8)
    (99.0, 38.0, 100.0)
    """
    rounded = float(round_half_away([100 * did / could], 0)[0])
    return 99.0 if rounded == 100 and did < could else rounded
