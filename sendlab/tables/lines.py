"""The lines that a chart draws and its table shows: groups of a place, schools, interventions."""

from dataclasses import dataclass, field

import polars as pl

from sendlab.disclosure.published import NATION, require_view
from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card
from sendlab.narrate import Row, View, format_interval, format_value, one_kind_of_period, rows_of
from sendlab.narrate.rows import of_everybody_else
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, NO_ITEM, SEN_PROVISION, TOTAL
from sendlab.schema.labels import period_name, reason
from sendlab.stats.rounding import format_number

NATIONALLY, REST_OF_LA = "Same group nationally", "LA without this school"


@dataclass(frozen=True)
class Line:
    """One line of a chart and of its table: a label, a figure, and the comparators beside it."""

    label: str
    row: Row
    card: Card
    others: dict[str, float] = field(default_factory=dict)
    compared: bool = True  # not where it is what the others are held to, or all of them together

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
    rows = part_rows(rows, by)
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


def part_rows(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """The rows of one breakdown: by SEN provision, or by area of need of all pupils with SEN."""
    rows = rows.filter(of_everybody_else())
    if by == "sen_provision":
        return rows.filter(pl.col("need_area") == TOTAL)
    return rows.filter((pl.col("sen_provision") == ALL_SEN) & (pl.col("need_area") != TOTAL))


def _others(rows: pl.DataFrame, national: float | None) -> dict[str, float]:
    found = {r["comparator"]: r["comparator_value"] for r in rows.to_dicts() if r["comparator_value"] is not None}
    others = {NATIONALLY: found.get(NATIONALLY, national), REST_OF_LA: found.get(REST_OF_LA)}
    return {name: value for name, value in others.items() if value is not None}


def _national(view: View, rows: pl.DataFrame, by: str) -> dict[str, float]:
    """Published national figures of the same period and phase, for groups without a gap row to them."""
    if rows.is_empty():
        return {}
    like = rows.row(0, named=True)
    same = [pl.col(name) == like[name] for name in ("time_period", "time_identifier", "education_phase")]
    found = part_rows(view.of(like["measure"], NATION).filter(*same, pl.col("comparator") == ""), by)
    return {row[by]: row["value"] for row in found.to_dicts() if row["value"] is not None}


def comparator_periods(rows: pl.DataFrame) -> str:
    """Periods of the national comparator, as "2023/24", or "" where it is of the same period."""
    other = rows.filter((pl.col("comparator") == NATIONALLY) & (pl.col("comparator_period") != pl.col("time_period")))
    return ", ".join(period_name(period) for period in sorted(set(other["comparator_period"]) - {""}))


def school_lines(view: View, *, measure: str, group: str, time_period: str) -> tuple[list[Line], Line | None]:
    """A line for each school, by name, those without a figure after the others; and the line of the LA."""
    require_view(view)
    keep = (pl.col("time_period") == time_period) & (pl.col("sen_provision") == group)
    whole = (pl.col("need_area") == TOTAL) & (pl.col("item") == TOTAL) & of_everybody_else()
    about, rows = card(measure), one_kind_of_period(view.of(measure).filter(keep & whole))
    figures = rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") == "School"))
    if figures.is_empty():
        raise NothingToShow(f"no school figures of '{about.title}' for {group} in {period_name(time_period)}")
    beside = rows.filter(pl.col("comparator") != "").partition_by("place_code", as_dict=True)
    lines = [
        Line(row["place_name"], row, about, _others(beside.get((row["place_code"],), rows.clear()), None))
        for row in figures.sort("place_name", "place_code").to_dicts()
    ]
    la = rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") == "Local authority")).to_dicts()
    return sorted(lines, key=lambda line: not line.shown), Line(la[0]["place_name"], la[0], about) if la else None


def require_items(rows: pl.DataFrame, what: str, time_period: str) -> None:
    """NothingToShow, with the reason that the rows give, where none of them is about an item."""
    if (rows["item"] == NO_ITEM).all():
        why = f": {rows['note'][0]}" if rows.height and rows["note"][0] else ""
        raise NothingToShow(f"no {what} for {period_name(time_period)}{why}")


def intervention_lines(view: View, *, place: str, time_period: str) -> list[Line]:
    """A line for each intervention, largest gain first; those without a figure after them, by name."""
    rows = rows_of(view, measure="intervention_gain", place=place, time_period=time_period)
    rows = rows.filter((pl.col("comparator") == "") & (pl.col("item") != TOTAL) & (pl.col("need_area") == TOTAL))
    require_items(rows, "interventions", time_period)
    lines = [Line(row["item"], row, card("intervention_gain")) for row in rows.sort("item").to_dicts()]
    return sorted(lines, key=lambda line: (not line.shown, -(line.row["value"] or 0.0)))
