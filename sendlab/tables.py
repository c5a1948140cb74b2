"""Display tables: the lines that a chart draws, as an accessible table; marks stand where there is no figure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import polars as pl

from sendlab.codes import Code, read_codes
from sendlab.disclosure.published import Published, require_view
from sendlab.errors import SendlabError
from sendlab.metrics.cards import Card, card
from sendlab.narrate import Row, View, format_interval, format_value, one_kind_of_period, rows_of
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, SEN_PROVISION, TOTAL
from sendlab.schema.labels import MARKS, period_name, period_text, reason
from sendlab.stats.rounding import format_number

NATIONALLY, REST_OF_LA = "Same group nationally", "LA without this school"
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


# --- lines: what a chart draws and its table shows ------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of a chart and of its table: a label, a figure, and the comparators beside it."""

    label: str
    row: Row
    card: Card
    others: dict[str, float] = field(default_factory=dict)

    @property
    def shown(self) -> bool:
        """Whether there is a figure to draw."""
        return self.row["value"] is not None

    @property
    def value_text(self) -> str:
        """The figure as it is written everywhere, or what stands in its place."""
        row = self.row
        if self.shown:
            text = format_value(
                row["value"], self.card, base=row["base_subjects"], unit=False, sign=self.card.kind == "effect"
            )
            return f"{text} (u)" if row["status"] == "u" else text
        counts_only = row["status"] in ("", "u") and self.card.kind == "share"
        if counts_only and row["numerator"] is not None and row["denominator"] is not None:
            return f"{format_number(row['numerator'], 0)} of {format_number(row['denominator'], 0)}"
        return reason(row["status"], row["note"])

    @property
    def n_text(self) -> str:
        """The number of people, as "n = 87"."""
        base = self.row["base_subjects"]
        return "" if base is None else f"n = {base:,}"

    @property
    def interval_text(self) -> str:
        """The interval, as "25% to 45%"."""
        return format_interval(self.row, self.card, sign=self.card.kind == "effect") if self.shown else ""

    @property
    def mark(self) -> str:
        """The symbol that stands in the cells of a table where there is no number."""
        return self.row["status"] or "x"


def group_lines(view: View, *, measure: str, place: str, time_period: str, by: str = "sen_provision") -> list[Line]:
    """A line for each group of a place that has a row: by "sen_provision", or by "need_area" of all pupils with SEN."""
    rows = rows_of(view, measure=measure, place=place, time_period=time_period).filter(pl.col("item") == TOTAL)
    rows = _part_rows(rows, by)
    order = SEN_PROVISION if by == "sen_provision" else NEED_AREAS
    figures = {row[by]: row for row in rows.filter(pl.col("comparator") == "").to_dicts()}
    national = _national(view, rows, by)
    lines = []
    for name in order:
        if name in figures:
            others = (
                _others(rows.filter(pl.col(by) == name), national.get(name))
                if figures[name]["value"] is not None
                else {}
            )
            lines.append(Line(name, figures[name], card(measure), others))
    return lines


def _part_rows(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    if by == "sen_provision":
        return rows.filter(pl.col("need_area") == TOTAL)
    return rows.filter((pl.col("sen_provision") == ALL_SEN) & (pl.col("need_area") != TOTAL))


def _others(rows: pl.DataFrame, national: float | None) -> dict[str, float]:
    found = {r["comparator"]: r["comparator_value"] for r in rows.to_dicts() if r["comparator_value"] is not None}
    others = {f"{NATIONALLY}": found.get(NATIONALLY, national), REST_OF_LA: found.get(REST_OF_LA)}
    return {name: value for name, value in others.items() if value is not None}


def _national(view: View, rows: pl.DataFrame, by: str) -> dict[str, float]:
    """Published national figures of the same period and phase, for groups without a gap row to them."""
    if rows.is_empty():
        return {}
    like = rows.row(0, named=True)
    same = [pl.col(name) == like[name] for name in ("measure", "time_period", "time_identifier", "education_phase")]
    found = _part_rows(
        view.rows.filter(pl.col("geographic_level") == "National", *same, pl.col("comparator") == ""), by
    )
    return {row[by]: row["value"] for row in found.to_dicts() if row["value"] is not None}


def comparator_periods(rows: pl.DataFrame) -> str:
    """Periods of the national comparator, as "2023/24", or "" where it is of the same period."""
    other = rows.filter((pl.col("comparator") == NATIONALLY) & (pl.col("comparator_period") != pl.col("time_period")))
    return ", ".join(period_name(period) for period in sorted(set(other["comparator_period"]) - {""}))


def school_lines(view: View, *, measure: str, group: str, time_period: str) -> tuple[list[Line], Line | None]:
    """A line for each school, by name, those without a figure after the others; and the line of the LA."""
    require_view(view)
    keep = (pl.col("measure") == measure) & (pl.col("time_period") == time_period) & (pl.col("sen_provision") == group)
    whole = (pl.col("need_area") == TOTAL) & (pl.col("item") == TOTAL)
    about, rows = card(measure), one_kind_of_period(view.rows.filter(keep & whole))
    figures = rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") == "School"))
    if figures.is_empty():
        raise SendlabError(
            f"no school figures of '{about.title}' for {group} in {period_name(time_period)}",
            next_step="choose a measure, group and period that these figures hold (view.rows)",
        )
    lines = [
        Line(row["place_name"], row, about, _others(rows.filter(pl.col("place_code") == row["place_code"]), None))
        for row in figures.sort("place_name", "place_code").to_dicts()
    ]
    la = rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") == "Local authority")).to_dicts()
    return sorted(lines, key=lambda line: not line.shown), Line(la[0]["place_name"], la[0], about) if la else None


def intervention_lines(view: View, *, place: str, time_period: str) -> list[Line]:
    """A line for each intervention, largest gain first; those without a figure after them, by name."""
    rows = rows_of(view, measure="intervention_gain", place=place, time_period=time_period)
    rows = rows.filter((pl.col("comparator") == "") & (pl.col("item") != TOTAL) & (pl.col("need_area") == TOTAL))
    lines = [Line(row["item"], row, card("intervention_gain")) for row in rows.sort("item").to_dicts()]
    return sorted(lines, key=lambda line: (not line.shown, -(line.row["value"] or 0.0)))


@dataclass(frozen=True)
class Statement:
    """One self-evaluation statement: ratings where there are any, else the reason."""

    code: str
    label: str
    section: str
    now: float | None
    target: float | None
    why: str
    gap: float | None  # target minus now, over the same ratings


def statement_lines(view: View, *, place: str, time_period: str = "") -> tuple[list[Statement], str]:
    """All statements in the order of the tool, with the ratings of `time_period` (else the latest); and the period."""
    rows = rows_of(view, measure="sef_now", place=place, time_period=time_period)
    period = time_period or max(rows["time_period"])
    measures = {name: _by_item(view, name, place, period) for name in ("sef_now", "sef_target", "sef_gap")}
    return [_statement(code, measures) for code in read_codes("sef_statement")], period


def _by_item(view: View, measure: str, place: str, period: str) -> dict[str, Row]:
    keep = (pl.col("measure") == measure) & (pl.col("place_code") == place) & (pl.col("time_period") == period)
    return {row["item"]: row for row in view.rows.filter(keep & (pl.col("comparator") == "")).to_dicts()}


def _statement(code: Code, measures: dict[str, dict[str, Row]]) -> Statement:
    now, target, gap = (measures[name].get(code.code, {}).get("value") for name in ("sef_now", "sef_target", "sef_gap"))
    row = measures["sef_now"].get(code.code)
    # a rating of 0 says that the statement does not apply: it is no figure
    why = "not rated" if row is None else "not applicable" if now == 0 else reason(row["status"], row["note"])
    if gap is None and now and target and code.code not in measures["sef_gap"]:
        gap = target - now
    return Statement(code.code, code.label, code.notes["section"], now or None, target or None, "" if now else why, gap)


def largest_gaps(lines: Sequence[Statement], top: int) -> list[Statement]:
    """The statements with the largest step from now to target; the lower rating goes first among equals."""
    with_gap = [line for line in lines if line.gap is not None and line.gap > 0]
    return sorted(with_gap, key=lambda line: (-(line.gap or 0.0), line.now))[:top]


# --- the table itself ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownTable:
    """A table that a notebook shows and a report holds; the first column names its rows."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: tuple[bool, ...]  # which columns hold figures
    notes: tuple[str, ...] = ()
    mark: str = ""

    def to_html(self) -> str:
        """The table as HTML with a caption, scopes and the marks explained below it."""
        mark = f" <strong>{escape(self.mark)}</strong>" if self.mark else ""
        head = "".join(f'<th scope="col"{_side(figure)}>{escape(name)}</th>' for name, figure in self._columns)
        body = "\n".join(f"<tr>{self._cells(row)}</tr>" for row in self.rows)
        notes = (
            f'\n<p class="sendlab-notes">{"<br>".join(escape(note) for note in self.notes)}</p>' if self.notes else ""
        )
        return (
            f'<div class="sendlab-table">\n<table>\n<caption>{escape(self.caption)}{mark}</caption>\n'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>{notes}\n</div>"
        )

    @property
    def _columns(self) -> list[tuple[str, bool]]:
        return list(zip(self.headings, self.figures, strict=True))

    def _cells(self, row: tuple[str, ...]) -> str:
        first, *rest = (f"{_side(figure)}>{escape(text)}" for text, figure in zip(row, self.figures, strict=True))
        return f'<th scope="row"{first}</th>' + "".join(f"<td{cell}</td>" for cell in rest)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        lines = [self.headings, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.headings))]
        texts = [
            "  ".join(
                t.rjust(w) if f else t.ljust(w) for t, w, f in zip(line, widths, self.figures, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.caption, *([self.mark] if self.mark else []), *texts, *self.notes])


def _side(figure: bool) -> str:
    return ' class="figure" style="text-align:right"' if figure else ' class="text" style="text-align:left"'


def _notes(view: View, rows: Sequence[Row]) -> tuple[str, ...]:
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
    if not line.shown:
        return (line.label, *counts, *[line.mark] * (2 + len(others)))
    compared = [format_value(line.others.get(name), line.card, unit=False) or "x" for name in others]
    return (line.label, *counts, line.value_text, line.interval_text or "x", *compared)


def _line_table(view: View, lines: Sequence[Line], first: str, caption: str, renamed: dict[str, str]) -> ShownTable:
    others = [name for name in (NATIONALLY, REST_OF_LA) if any(name in line.others for line in lines)]
    headings = (
        first,
        "Pupils (n)",
        "Numerator",
        "Denominator",
        "Figure",
        "95% interval",
        *(renamed.get(o, o) for o in others),
    )
    rows = tuple(_line_cells(line, others) for line in lines)
    about = lines[0].card
    words = (f"Numerator: {about.numerator}. Denominator: {about.denominator}. Figure: {about.unit}.",)
    missing = any("x" in row for row in rows) and all(line.row["status"] != "x" for line in lines)
    notes = _notes(view, [line.row for line in lines]) + (("x: not available.",) if missing else ())
    return ShownTable(caption, headings, rows, (False, *[True] * (len(headings) - 1)), words + notes, view.mark)


def figures_table(view: View, *, measure: str, place: str, time_period: str, by: str = "sen_provision") -> ShownTable:
    """The table twin of `plot_groups` (or, by "need_area", of `plot_needs`): counts, figure, interval, comparators."""
    lines = group_lines(view, measure=measure, place=place, time_period=time_period, by=by)
    if not lines:
        raise SendlabError(
            f"no figures by {by} of '{card(measure).title}' for '{place}'", next_step="choose another measure"
        )
    row, rows = lines[0].row, rows_of(view, measure=measure, place=place, time_period=time_period)
    caption = f"{card(measure).title}, {row['place_name']}, {period_text(time_period, row['time_identifier'])}"
    period = comparator_periods(_part_rows(rows, by))
    renamed = {NATIONALLY: f"{NATIONALLY} ({period})"} if period else {}
    return _line_table(view, lines, "Group" if by == "sen_provision" else "Area of need", caption, renamed)


def schools_table(view: View, *, measure: str, group: str, time_period: str) -> ShownTable:
    """The table twin of `plot_schools`: the LA first, then the schools by name."""
    lines, la = school_lines(view, measure=measure, group=group, time_period=time_period)
    caption = f"{card(measure).title}, {group}, {period_text(time_period, lines[0].row['time_identifier'])}"
    return _line_table(view, [*([la] if la else []), *lines], "Place", caption, {})


def interventions_table(view: View, *, place: str, time_period: str) -> ShownTable:
    """The table twin of `plot_interventions`."""
    lines = intervention_lines(view, place=place, time_period=time_period)
    if not lines:
        raise SendlabError(f"no interventions for '{place}'", next_step="choose a place with an intervention register")
    caption = f"{lines[0].card.title}, {lines[0].row['place_name']}, {period_name(time_period)}"
    rows = tuple(_gain_cells(line) for line in lines)
    words = (f"Gain: {lines[0].card.numerator}. Unit: {lines[0].card.unit}.",)
    headings = ("Intervention", "Pupils (n)", "Gain", "95% interval")
    return ShownTable(
        caption, headings, rows, (False, True, True, True), words + _notes(view, [x.row for x in lines]), view.mark
    )


def _gain_cells(line: Line) -> tuple[str, ...]:
    if not line.shown:
        return (line.label, _count(line.row["base_subjects"], line.mark), line.mark, line.mark)
    return (line.label, _count(line.row["base_subjects"]), line.value_text, line.interval_text or "x")


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
        *_notes(view, []),
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
    names = dict(chosen) if isinstance(chosen, dict) else {name: HEADINGS.get(name, name) for name in chosen}
    unknown = [name for name in names if name not in view.rows.columns]
    if unknown:
        raise SendlabError(
            f"no column {', '.join(unknown)} in these figures", next_step=f"columns: {', '.join(view.rows.columns)}"
        )
    rows = view.rows.to_dicts()
    cells = tuple(tuple(_cell(row, name) for name in names) for row in rows)
    return ShownTable(
        caption, tuple(names.values()), cells, tuple(n in NUMBERS for n in names), _notes(view, rows), view.mark
    )


def _cell(row: Row, name: str) -> str:
    value = row[name]
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
