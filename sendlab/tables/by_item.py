"""Table twins of the charts of figures by item: sections, moves, parts of a whole and times of cases."""

from collections.abc import Sequence

from sendlab.narrate import View
from sendlab.narrate.rows import or_else
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import people, period_name, period_text
from sendlab.tables.grids import heat_of, moves_of
from sendlab.tables.lines import Line
from sendlab.tables.made import counted_heading, nothing_table, row_notes
from sendlab.tables.mixes import case_ages_of, mix_of
from sendlab.tables.shown import ShownTable


@or_else(nothing_table)
def heat_table(view: View, *, measure: str = "sef_now", time_period: str) -> ShownTable:
    """The table twin of `plot_heat`: the authority first, then schools by name, a column for each section."""
    found = heat_of(view, measure=measure, time_period=time_period)
    rows = tuple((name, *(cell.mark for cell in cells)) for name, cells in found.places)
    notes = ("Means of ratings 1 to 10 by section; x: no rating.", *row_notes(view, found.rows))
    caption = f"{found.about.title}, by section, {period_text(time_period, found.kind)}"
    headings = ("Place", *found.sections)
    return ShownTable(caption, headings, rows, (False, *[True] * len(found.sections)), notes, view.mark)


@or_else(nothing_table)
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


@or_else(nothing_table)
def mix_table(view: View, *, measure: str, place: str, time_period: str, leave_out: Sequence[str] = ()) -> ShownTable:
    """The table twin of `plot_mix`: a row for each item and group."""
    found = mix_of(view, measure=measure, place=place, time_period=time_period, leave_out=tuple(leave_out))
    about, by_group = found.about, found.groups != [TOTAL]
    rows = tuple(
        (item.label, *([people(group)] if by_group else []), *_line_cells(item.lines.get(group)))
        for item in found.items
        for group in found.groups
    )
    left = (f"Left out: {', '.join(found.left_out)}.",) if found.left_out else ()
    words = f"Numerator: {about.numerator}. Denominator: {about.denominator}. Figure: {about.unit}. x: not available."
    notes = (words, *left, *row_notes(view, [line.row for line in found.all_lines()]))
    caption = f"{about.title}, {found.name}, {period_text(time_period, found.kind)}"
    first = (about.told_by.capitalize() or "Item", *(["Group"] if by_group else []))
    headings = (*first, counted_heading(about), "Figure", "95% interval")
    return ShownTable(caption, headings, rows, (*[False] * len(first), True, True, True), notes, view.mark)


@or_else(nothing_table)
def case_ages_table(view: View, *, place: str, time_period: str = "") -> ShownTable:
    """The table twin of `plot_case_ages`: a row for each band of weeks, and the share within 20 weeks."""
    found = case_ages_of(view, place=place, time_period=time_period)
    lines = [*found.all_lines(), *([found.within] if found.within else [])]
    rows = tuple(
        (line.card.title, "20 weeks or less" if line is found.within else line.label, *_line_cells(line))
        for line in lines
    )
    notes = ("Figures: % of plans; 20 weeks are 140 days.", *row_notes(view, [line.row for line in lines]))
    headings = ("Plans", "Weeks", "Plans (n)", "Figure", "95% interval")
    caption = f"EHC plans by weeks from request to plan, {found.name}, {period_name(found.period)}"
    return ShownTable(caption, headings, rows, (False, False, True, True, True), notes, view.mark)


def _line_cells(line: Line | None) -> tuple[str, ...]:
    if line is None:
        return ("x", "x", "x")
    base = line.row["base_subjects"]
    figures = (line.value_text, line.interval_text or "x") if line.shown else (line.mark, line.mark)
    return (line.mark if base is None else f"{base:,}", *figures)
