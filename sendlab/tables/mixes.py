"""What a whole is made of: the items of a measure by SEN provision, and EHC plans by the weeks that they took."""

from dataclasses import dataclass

import polars as pl

from sendlab.codes import read_codes
from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card
from sendlab.narrate import Row, View, one_kind_of_period, one_row, rows_of
from sendlab.schema.groups import ALL_SEN, TOTAL
from sendlab.schema.labels import period_name
from sendlab.tables.lines import Line, require_items
from sendlab.tables.plain import figures, plain

GROUPS = ("EHC plan", "SEN support", "No SEN")
# Whose figure the order goes by: pupils with SEN, else the largest group of them that the measure has.
_ORDER_BY = (ALL_SEN, "SEN support", "EHC plan", TOTAL)
_CODES = {"sessions_by_code": "attendance_code", "suspension_reasons": "suspension_reason"}
CASES = ("ehc_time_bands", "ehc_time_bands_all")
WITHIN = "ehc_within_20_weeks"


@dataclass(frozen=True)
class Item:
    """One part of the whole, and its line for each group; `name` is its label without a code."""

    name: str
    label: str
    lines: dict[str, Line]
    order_row: Row | None  # of the group whose figures give the order


@dataclass(frozen=True)
class Mix:
    """The parts in their order, and the groups that there are."""

    about: Card
    name: str
    kind: str
    groups: list[str]
    items: list[Item]
    left_out: list[str]
    order: str  # the group whose figures give it

    def all_lines(self) -> list[Line]:
        """Every line there is."""
        return [line for item in self.items for line in item.lines.values()]


def mix_of(view: View, *, measure: str, place: str, time_period: str, leave_out: tuple[str, ...] = ()) -> Mix:
    """Items of a measure, largest first by the figure of pupils with SEN; those without one after them, by name."""
    about = card(measure)
    rows = figures(rows_of(plain(view), measure=measure, place=place, time_period=time_period))
    rows = rows.filter(pl.col("item") != TOTAL)
    require_items(rows, f"items of '{about.title}'", time_period)
    held = set(rows["sen_provision"])
    groups = [group for group in GROUPS if group in held] or [TOTAL] * (TOTAL in held)
    order = next((group for group in _ORDER_BY if group in held), "")
    found = rows.filter(~pl.col("item").is_in(list(leave_out)))
    if not groups or found.is_empty():
        raise NothingToShow(f"no items of '{about.title}' for {period_name(time_period)}")
    items = _items(found, about, groups, order, _labels(measure))
    left_out = [_labels(measure).get(item, item) for item in leave_out if item in set(rows["item"])]
    first = found.row(0, named=True)
    return Mix(about, first["place_name"], first["time_identifier"], groups, items, left_out, order)


def _items(rows: pl.DataFrame, about: Card, groups: list[str], order: str, labels: dict[str, str]) -> list[Item]:
    by_item: dict[str, dict[str, Row]] = {}
    for row in rows.to_dicts():
        by_item.setdefault(row["item"], {})[row["sen_provision"]] = row
    sizes = {item: found[order]["value"] if order in found else None for item, found in by_item.items()}
    names = {item: labels.get(item, item) for item in by_item}
    in_order = sorted(by_item, key=lambda item: (sizes[item] is None, -(sizes[item] or 0.0), names[item]))
    return [
        Item(names[item].removesuffix(f" ({item})"), names[item],
             {g: Line(g, by_item[item][g], about) for g in groups if g in by_item[item]}, by_item[item].get(order))
        for item in in_order
    ]  # fmt: skip


def _labels(measure: str) -> dict[str, str]:
    """{code: its words} of measures whose items are codes; the last line of a code is the one in use."""
    if measure not in _CODES:
        return {}
    return {code.code: f"{code.label} ({code.code})" for code in read_codes(_CODES[measure])}


@dataclass(frozen=True)
class CaseAges:
    """Plans by weeks, for those without exceptions and for all; and the share within 20 weeks, where there is one."""

    name: str
    period: str
    kind: str
    blocks: dict[str, list[Line]]
    within: Line | None

    def all_lines(self) -> list[Line]:
        """Every line there is."""
        return [line for lines in self.blocks.values() for line in lines]


def case_ages_of(view: View, *, place: str, time_period: str = "") -> CaseAges:
    """Plans of a year (the latest by default) by the weeks they took; NothingToShow where none are held."""
    seen = plain(view)
    period = time_period or _latest(seen, place)
    blocks = {measure: _lines(seen, measure, place, period) for measure in CASES}
    blocks = {measure: lines for measure, lines in blocks.items() if lines}
    if not blocks:
        raise NothingToShow(f"no EHC plans by weeks{f' for {period_name(period)}' if period else ''}")
    row = next(iter(blocks.values()))[0].row
    within = figures(seen.of(WITHIN, place).filter(pl.col("time_period") == period))
    found = one_row(within) if within.height else None
    return CaseAges(row["place_name"], period, row["time_identifier"], blocks,
                    Line(WITHIN, found, card(WITHIN)) if found else None)  # fmt: skip


def _latest(view: View, place: str) -> str:
    return max((year for measure in CASES for year in view.of(measure, place)["time_period"]), default="")


def _lines(view: View, measure: str, place: str, period: str) -> list[Line]:
    """The bands in order of weeks: as the words of the first show, the shortest is the one that is not "over"."""
    rows = figures(view.of(measure, place).filter((pl.col("time_period") == period) & (pl.col("item") != TOTAL)))
    found = one_kind_of_period(rows).to_dicts() if rows.height else []
    found.sort(key=lambda row: (row["item"].startswith("Over"), row["item"]))
    return [Line(row["item"], row, card(measure)) for row in found]
