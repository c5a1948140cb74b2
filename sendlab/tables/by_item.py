"""Table twins of the charts of figures by item: sections, moves, parts of a whole and times of cases."""

from sendlab.narrate import View
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import people, period_text
from sendlab.tables.grids import heat_of, moves_of
from sendlab.tables.made import row_notes
from sendlab.tables.shown import ShownTable


def heat_table(view: View, *, measure: str = "sef_now", time_period: str) -> ShownTable:
    """The table twin of `plot_heat`: the authority first, then schools by name, a column for each section."""
    found = heat_of(view, measure=measure, time_period=time_period)
    rows = tuple((name, *(cell.mark for cell in cells)) for name, cells in found.places)
    notes = ("Means of ratings 1 to 10 by section; x: no rating.", *row_notes(view, found.rows))
    caption = f"{found.about.title}, by section, {period_text(time_period, found.kind)}"
    headings = ("Place", *found.sections)
    return ShownTable(caption, headings, rows, (False, *[True] * len(found.sections)), notes, view.mark)


def transitions_table(view: View, *, measure: str, place: str, time_period: str, group: str = TOTAL) -> ShownTable:
    """The table twin of `plot_transitions`: a row for each subject and starting band, a column for each band now."""
    found = moves_of(view, measure=measure, place=place, time_period=time_period, group=group)
    bands = list(dict.fromkeys(band for moves in found.subjects for band in moves.bands))
    rows = []
    for moves in found.subjects:
        for start, n, line in zip(moves.bands, moves.began, moves.cells, strict=True):
            held = dict(zip(moves.bands, line, strict=True))
            cells = (held[band].mark if band in held else "x" for band in bands)
            rows.append((f"{moves.subject}: began {start}", "x" if n is None else f"{n:,}", *cells))
    notes = (f"Figures: {found.about.unit} who began in the band.", *row_notes(view, found.rows))
    caption = f"{found.about.title}, {people(group)}, {found.name}, {period_text(time_period, found.kind)}"
    headings = ("Began", "Pupils (n)", *(f"Now {band}" for band in bands))
    return ShownTable(caption, headings, tuple(rows), (False, *[True] * (len(headings) - 1)), notes, view.mark)
