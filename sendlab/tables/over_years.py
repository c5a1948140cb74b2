"""Figures of the groups of a place over the years, beside the same groups nationally."""

from dataclasses import dataclass

import polars as pl

from sendlab.disclosure.published import NATION
from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card
from sendlab.narrate import View, rows_of
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import period_name, period_text
from sendlab.tables.lines import NATIONALLY, Line
from sendlab.tables.plain import figures, plain

GROUPS = ("EHC plan", "SEN support", "No SEN")


@dataclass(frozen=True)
class Years:
    """The years from first to last, and {group: {year: its line}} of the groups that have rows."""

    about: Card
    name: str
    kind: str  # of period
    years: list[str]
    lines: dict[str, dict[str, Line]]

    @property
    def span(self) -> str:
        """The first and the last year, in words."""
        last = period_text(self.years[-1], self.kind)
        return last if len(self.years) == 1 else f"{period_name(self.years[0])} to {last}"

    def all_lines(self) -> list[Line]:
        """Every line there is."""
        return [line for by_year in self.lines.values() for line in by_year.values()]


def years_of(view: View, *, measure: str, place: str, nationally: bool = False) -> Years:
    """The groups of a place over all years held, of one kind of period; with the same group nationally if wanted."""
    seen, about = plain(view), card(measure)
    rows = rows_of(seen, measure=measure, place=place)
    rows = rows.filter((pl.col("item") == TOTAL) & pl.col("sen_provision").is_in(GROUPS))
    found = figures(rows)
    if found.is_empty():
        raise NothingToShow(f"no figures by SEN provision of '{about.title}'")
    nation = _nationally(rows, seen) if nationally else {}
    lines: dict[str, dict[str, Line]] = {}
    for group in GROUPS:
        for row in found.filter(pl.col("sen_provision") == group).to_dicts():
            value = nation.get((group, row["time_period"]))
            others = {} if value is None else {NATIONALLY: value}
            lines.setdefault(group, {})[row["time_period"]] = Line(group, row, about, others)
    first = found.row(0, named=True)
    years = every_year(found["time_period"].to_list())
    return Years(about, first["place_name"], first["time_identifier"], years, lines)


def _nationally(rows: pl.DataFrame, view: View) -> dict[tuple[str, str], float]:
    """{(group, year): the figure nationally} of the same year: that of a gap row, else the published one.

    A hidden gap gives none: what stands beside it says nothing, and the published figure is there for everybody.
    """
    like = rows.row(0, named=True)
    same = [pl.col(name) == like[name] for name in ("time_identifier", "education_phase")]
    published = figures(view.of(like["measure"], NATION)).filter(pl.col("item") == TOTAL, *same)
    found = {(row["sen_provision"], row["time_period"]): row["value"] for row in published.to_dicts()}
    gaps = rows.filter((pl.col("comparator") == NATIONALLY) & pl.col("value").is_not_null())
    gaps = gaps.filter((pl.col("comparator_period") == "") | (pl.col("comparator_period") == pl.col("time_period")))
    found |= {(row["sen_provision"], row["time_period"]): row["comparator_value"] for row in gaps.to_dicts()}
    return {key: value for key, value in found.items() if value is not None}


def every_year(periods: list[str]) -> list[str]:
    """Every year from the first to the last, those without figures too, so that a gap in time is seen.

    >>> every_year(["202223", "202425"])
    ['202223', '202324', '202425']
    """
    first, last = min(periods), max(periods)
    if len(first) == 4:
        return [str(year) for year in range(int(first), int(last) + 1)]
    return [f"{year}{(year + 1) % 100:02d}" for year in range(int(first[:4]), int(last[:4]) + 1)]
