"""Table twins of the charts of figures by school and by year: the same lines, every figure in words."""

from collections.abc import Sequence

from sendlab.disclosure.guard.question import Question
from sendlab.narrate import View, format_value
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import period_name, period_text
from sendlab.tables.attendance_bands import BANDS, Bands, bands_of
from sendlab.tables.decomposed import Decomposition, decomposition_of
from sendlab.tables.funnels import FEWEST, Funnel, Point, funnel_of
from sendlab.tables.gap_parts import gap_parts_of, gap_parts_subtitle
from sendlab.tables.lines import NATIONALLY, Line
from sendlab.tables.made import counted_heading, nothing_table, row_notes
from sendlab.tables.over_years import years_of
from sendlab.tables.shown import ShownTable

_FUNNEL = ("Place", "Pupils (n)", "Figure", "Lower 99.8%", "Lower 95%", "Upper 95%", "Upper 99.8%", "Where it lies")


@or_else(nothing_table)
def funnel_table(view: View, *, measure: str, group: str, time_period: str) -> ShownTable:
    """The table twin of `plot_funnel`: the LA first, then every school by name with its own limits."""
    found = funnel_of(view, measure=measure, group=group, time_period=time_period)
    points = {id(point.line): point for point in found.points}
    named = sorted(found.lines, key=lambda line: (not line.shown, line.label))
    rows = [_funnel_cells(line, points.get(id(line)), found) for line in named]
    la = [(found.la.label, *_figure(found.la), *["x"] * 4, "the line of the LA")] if found.la else []
    when = period_text(time_period, found.lines[0].row["time_identifier"])
    notes = (
        f"Limits: exact binomial about the figure of the LA; none on fewer than {FEWEST} pupils (x).",
        *row_notes(view, [line.row for line in [*found.lines, *([found.la] if found.la else [])]]),
    )
    caption = f"{found.about.title}, {group}, schools by number of pupils, {when}"
    return ShownTable(
        caption, _FUNNEL, (*la, *rows), (False, True, True, True, True, True, True, False), notes, view.mark
    )


def _figure(line: Line) -> tuple[str, str]:
    base = line.row["base_subjects"]
    return (line.mark if base is None else f"{base:,}", line.value_text if line.shown else line.mark)


def _funnel_cells(line: Line, point: Point | None, found: Funnel) -> tuple[str, ...]:
    if point is None:
        mark = "c" if line.row["status"] == "c" else "x"
        words = "too small for limits" if line in found.small else "no point"
        return (line.label, *_figure(line), *[mark] * 4, words)
    limits = [format_value(limit, line.card, unit=False) for limit in point.limits] or ["x"] * 4
    return (line.label, *_figure(line), *limits, point.where)


@or_else(nothing_table)
def multiples_table(view: View, *, measure: str, place: str) -> ShownTable:
    """The table twin of `plot_multiples`: a row for each group and year, beside the same group nationally."""
    found = years_of(view, measure=measure, place=place, nationally=True)
    rows = [
        (group, period_name(year), *_year_cells(by_year.get(year)))
        for group, by_year in found.lines.items()
        for year in found.years
    ]
    about = found.about
    notes = (
        f"Numerator: {about.numerator}. Denominator: {about.denominator}. Figure: {about.unit}. x: not available.",
        *row_notes(view, [line.row for line in found.all_lines()]),
    )
    headings = ("Group", "Year", "Pupils (n)", "Figure", "95% interval", NATIONALLY)
    caption = f"{about.title}, {found.name}, {found.span}"
    return ShownTable(caption, headings, tuple(rows), (False, False, True, True, True, True), notes, view.mark)


def _year_cells(line: Line | None) -> tuple[str, ...]:
    if line is None:
        return ("x", "x", "x", "x")
    nation = format_value(line.others.get(NATIONALLY), line.card, unit=False) or "x"
    return (*_figure(line), (line.interval_text or "x") if line.shown else line.mark, nation)


@or_else(nothing_table)
def bands_table(view: View, *, place: str, time_period: str) -> ShownTable:
    """The table twin of `plot_bands`: a row for each group, a column for each band."""
    found = bands_of(view, place=place, time_period=time_period)
    rows = tuple((group.group, *_bands_cells(group)) for group in found.groups)
    reasons = tuple(f"{group.group}: {group.why}." for group in found.groups if not group.shares)
    notes = (
        "Figures: % of pupils. Bands are differences of rounded shares (98% or more attended; a tenth or more missed; "
        "half or more missed).",
        *reasons,
        *row_notes(view, found.rows),
    )
    headings = ("Group", "Pupils (n)", *(words[:1].upper() + words[1:] for words in BANDS), "Missed a tenth or more")
    caption = f"Attendance bands, {found.name}, {period_text(time_period, found.kind)}"
    return ShownTable(caption, headings, rows, (False, *[True] * (len(headings) - 1)), notes, view.mark)


@or_else(nothing_table)
def waterfall_table(view: View, *, measure: str, place: str, from_period: str, to_period: str) -> ShownTable:
    """The table twin of `plot_waterfall`: the first year, each step, the last year."""
    found = decomposition_of(view, measure=measure, place=place, from_period=from_period, to_period=to_period)
    span = f"{period_name(from_period)} to {period_text(to_period, found.kind)}"
    return steps_table(view, found, f"{found.about.title}, what its change is made of, {found.name}, {span}")


@or_else(nothing_table)
def gap_parts_table(
    view: View, question: Question, *, group: str, compare: str, also: Sequence[str] = ()
) -> ShownTable:  # fmt: skip
    """The table twin of `plot_gap_parts`: the figure held to, each step, the group's figure."""
    found = gap_parts_of(view, question, group=group, compare=compare, also=also)
    return steps_table(view, found, f"What the gap is made of: {gap_parts_subtitle(found, question)}")


def steps_table(view: View, found: Decomposition, caption: str) -> ShownTable:
    """A figure, the steps from it to another, and that one."""
    about, ends = found.about, [Line("", row, found.about) for row in (found.start, found.end)]
    first, last = (
        (name, *_figure(line), line.interval_text or "x") for name, line in zip(found.ends, ends, strict=True)
    )
    steps = ((step.label, "x", found.size_text(step), "x") for step in found.steps)
    notes = (
        f"Numerator: {about.numerator}. Denominator: {about.denominator}. Figure: {about.unit}; of a step, its size.",
        "Steps: Kitagawa's formula (1955), of the figures shown. x: none.",
        *row_notes(view, [found.start, found.end]),
    )
    headings = ("Step", counted_heading(about), "Figure", "95% interval")
    return ShownTable(caption, headings, (first, *steps, last), (False, True, True, True), notes, view.mark)


def _bands_cells(group: Bands) -> tuple[str, ...]:
    base = group.row["base_subjects"]
    n = group.mark if base is None else f"{base:,}"
    return (n, *(group.texts or [group.mark] * len(BANDS)), group.missed_a_tenth or group.mark)
