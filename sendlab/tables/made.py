"""Display tables of published figures: twins of the charts, and any rows; marks stand where there is no figure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sendlab.disclosure.published import Published, require_view
from sendlab.errors import NothingToShow, SendlabError
from sendlab.metrics.cards import Card, card, counted_in
from sendlab.narrate import Row, View, format_value, rows_of
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import MARKS, period_name, period_text
from sendlab.stats.rounding import format_number
from sendlab.tables.lines import (
    NATIONALLY,
    REST_OF_LA,
    Line,
    comparator_periods,
    group_lines,
    intervention_lines,
    part_rows,
    school_lines,
)
from sendlab.tables.shown import ShownTable
from sendlab.tables.statements import largest_gaps, statement_lines

NOT_COMPARED = "–"  # in a cell where nothing is to stand beside
NUMBERS = (
    "numerator",
    "denominator",
    "base_subjects",
    "eligible_subjects",
    "value",
    "lower",
    "upper",
    "comparator_value",
)
KEYS = ("time_period", "time_identifier", "sen_provision", "need_area", "item", "comparator")
HEADINGS = {
    "place_name": "Place", "time_period": "Period", "sen_provision": "SEN provision", "need_area": "Area of need",
    "item": "Item", "comparator": "Compared with", "numerator": "Numerator", "denominator": "Denominator",
    "base_subjects": "Pupils", "eligible_subjects": "Pupils who could count", "value": "Figure", "lower": "From",
    "upper": "To", "comparator_value": "Comparator", "comparator_period": "Comparator period", "measure": "Measure",
    "education_phase": "Phase", "time_identifier": "Kind of period", "geographic_level": "Level", "unit": "Unit",
    "place_code": "Code", "method": "Interval", "data_to": "Data to", "status": "Mark", "note": "Note",
}  # fmt: skip


_NO_OTHER_NAMES: Mapping[str, str] = MappingProxyType({})
BY = {"sen_provision": "by SEN provision", "need_area": "by area of need"}


def counted_heading(about: Card) -> str:
    """The heading of a column of people, or of what else is counted.

    >>> counted_heading(card("absence"))
    'Pupils (n)'
    """
    return f"{about.counted.capitalize()} (n)"


def nothing_table(view: View, sentence: str) -> ShownTable:
    """A table without rows that says why: for `narrate.or_else`."""
    return ShownTable(sentence.removesuffix("."), ("Figures",), (), (False,), row_notes(view, []), view.mark)


def row_notes(view: View, rows: Sequence[Row]) -> tuple[str, ...]:
    """The marks that stand in the table, the reasons in words, and the line on protection."""
    marks = [f"{mark}: {meaning}" for mark, meaning in MARKS.items() if any(row["status"] == mark for row in rows)]
    reasons = sorted({row["note"] for row in rows if row["note"] and row["status"] != "c"})
    return (
        *(["; ".join(marks) + "."] if marks else []),
        *reasons,
        *([view.settings] if isinstance(view, Published) else []),
    )


def _count(value: float | None, mark: str = "x") -> str:
    return mark if value is None else format_number(value, 0 if float(value).is_integer() else 1)


def _line_cells(line: Line, others: Sequence[str]) -> tuple[str, ...]:
    row = line.row
    counts = (_count(row[name], line.mark) for name in ("base_subjects", "numerator", "denominator"))
    if not line.compared:
        compared = [NOT_COMPARED] * len(others)
    elif line.shown:
        compared = [format_value(line.others.get(name), line.card, unit=False) or "x" for name in others]
    else:
        compared = [line.mark] * len(others)
    if not line.shown:
        return (line.label, *counts, line.mark, line.mark, *compared)
    return (line.label, *counts, line.value_text, line.interval_text or "x", *compared)


def line_table(
    view: View, lines: Sequence[Line], first: str, caption: str, renamed: Mapping[str, str] = _NO_OTHER_NAMES,
    others: Sequence[str] = (),
) -> ShownTable:  # fmt: skip
    """A table of lines; `others` are the comparators that have a column in any case, `renamed` their headings."""
    others = [*others, *(name for name in (NATIONALLY, REST_OF_LA) if any(name in line.others for line in lines))]
    about, beside = lines[0].card, [renamed.get(other, other) for other in others]
    headings = (first, counted_heading(about), "Numerator", "Denominator", "Figure", "95% interval", *beside)
    rows = tuple(_line_cells(line, others) for line in lines)
    words = (f"Numerator: {about.numerator}. Denominator: {about.denominator}. Figure: {about.unit}.",)
    missing = any("x" in row for row in rows) and all(line.row["status"] != "x" for line in lines)
    notes = row_notes(view, [line.row for line in lines]) + (("x: not available.",) if missing else ())
    return ShownTable(caption, headings, rows, (False, *[True] * (len(headings) - 1)), words + notes, view.mark)


@or_else(nothing_table)
def figures_table(view: View, *, measure: str, place: str, time_period: str, by: str = "sen_provision") -> ShownTable:
    """The table twin of `plot_groups` (or, by "need_area", of `plot_needs`): counts, figure, interval, comparators."""
    lines = group_lines(view, measure=measure, place=place, time_period=time_period, by=by)
    if not lines:
        raise NothingToShow(f"no figures of '{card(measure).title}' {BY[by]}")
    row, rows = lines[0].row, rows_of(view, measure=measure, place=place, time_period=time_period)
    when = period_text(time_period, row["time_identifier"])
    caption = f"{card(measure).title}, {BY[by]}, {row['place_name']}, {when}"
    period = comparator_periods(part_rows(rows, by))
    renamed = {NATIONALLY: f"{NATIONALLY} ({period})"} if period else {}
    return line_table(view, lines, "Group" if by == "sen_provision" else "Area of need", caption, renamed)


@or_else(nothing_table)
def schools_table(view: View, *, measure: str, group: str, time_period: str) -> ShownTable:
    """The table twin of `plot_schools`: the LA first, then the schools by name."""
    lines, la = school_lines(view, measure=measure, group=group, time_period=time_period)
    caption = f"{card(measure).title}, {group}, {period_text(time_period, lines[0].row['time_identifier'])}"
    return line_table(view, [*([la] if la else []), *lines], "Place", caption)


@or_else(nothing_table)
def interventions_table(view: View, *, place: str, time_period: str) -> ShownTable:
    """The table twin of `plot_interventions`."""
    lines = intervention_lines(view, place=place, time_period=time_period)
    if not lines:
        raise NothingToShow(f"no interventions recorded for {period_name(time_period)}")
    caption = f"{lines[0].card.title}, {lines[0].row['place_name']}, {period_name(time_period)}"
    rows = tuple(_gain_cells(line) for line in lines)
    words = (f"Gain: {lines[0].card.numerator}. Unit: {lines[0].card.unit}.",)
    headings = ("Intervention", "Pupils (n)", "Gain", "95% interval")
    return ShownTable(
        caption, headings, rows, (False, True, True, True), words + row_notes(view, [x.row for x in lines]), view.mark
    )


def _gain_cells(line: Line) -> tuple[str, ...]:
    if not line.shown:
        return (line.label, _count(line.row["base_subjects"], line.mark), line.mark, line.mark)
    return (line.label, _count(line.row["base_subjects"]), line.value_text, line.interval_text or "x")


@or_else(nothing_table)
def self_evaluation_table(view: View, *, place: str, time_period: str = "", top: int = 10) -> ShownTable:
    """The statements with the largest step from now to target."""
    lines, period = statement_lines(view, place=place, time_period=time_period)
    rows = tuple(
        (
            f"{s.code} {s.label}",
            s.section,
            *(format_value(v, card("sef_now"), unit=False) for v in (s.now, s.target, s.gap)),
        )
        for s in largest_gaps(lines, top)
    )
    name = rows_of(view, measure="sef_now", place=place)["place_name"][0]
    headings = ("Statement", "Section", "Now", "Target", "Target minus now")
    notes = (
        "Ratings 1 to 10; statements rated 0 (not applicable) and statements without a target are left out.",
        *row_notes(view, []),
    )
    caption = f"Self-evaluation: largest steps from now to target, {name}, {period_name(period)}"
    return ShownTable(caption, headings, rows, (False, False, True, True, True), notes, view.mark)


def show_table(view: View, *, columns: Sequence[str] | dict[str, str] = (), caption: str) -> ShownTable:
    """Any figures as a table; the first column names the rows.

    `columns` names columns of measure rows, or maps them to headings; by default those that tell the rows apart.
    Figures are written with the decimals of their card; a hidden figure reads c, the other marks as they stand.
    """
    require_view(view)
    telling = [name for name in KEYS if view.rows[name].n_unique() > 1]
    chosen = columns or ("place_name", *telling, "base_subjects", "value", "lower", "upper")
    headings = HEADINGS | {"base_subjects": counted_in(view.rows["measure"].unique())}
    names = dict(chosen) if isinstance(chosen, dict) else {name: headings.get(name, name) for name in chosen}
    unknown = [name for name in names if name not in view.rows.columns]
    if unknown:
        raise SendlabError(
            f"no column {', '.join(unknown)} in these figures", next_step=f"columns: {', '.join(view.rows.columns)}"
        )
    rows = view.rows.to_dicts()
    cells = tuple(tuple(_cell(row, name) for name in names) for row in rows)
    return ShownTable(
        caption, tuple(names.values()), cells, tuple(n in NUMBERS for n in names), row_notes(view, rows), view.mark
    )


def _cell(row: Row, name: str) -> str:
    value = row[name]
    if name == "measure":
        return card(value).title
    if name not in NUMBERS:
        return (
            period_name(value)
            if name in ("time_period", "comparator_period") and value
            else str("" if value is None else value)
        )
    if value is None:
        return row["status"] or "x"
    if name == "comparator_value" or (name in ("value", "lower", "upper") and not row["comparator"]):
        return format_value(value, card(row["measure"]), base=row["base_subjects"], unit=False)
    if name in ("value", "lower", "upper"):  # a gap: points of percentage are no per cent
        return format_value(value, card(row["measure"]), base=row["base_subjects"], unit=False, sign=True).rstrip("%")
    return _count(value)
