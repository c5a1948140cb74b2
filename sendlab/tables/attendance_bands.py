"""Attendance bands of the groups of a place, as differences of three published shares of the same pupils."""

from dataclasses import dataclass

import polars as pl

from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card
from sendlab.narrate import Row, View, decimals_of, rows_of
from sendlab.schema.groups import SEN_PROVISION, TOTAL
from sendlab.schema.labels import period_name, reason
from sendlab.stats.rounding import format_number, round_half_away
from sendlab.tables.plain import figures, plain

MEASURES = ("attendance_98", "persistent_absence", "severe_absence")
BANDS = ("98% and above", "over 90% to 98%", "missed a tenth to half", "missed half or more")


@dataclass(frozen=True)
class Bands:
    """One group: its shares by band, best attendance first, or why there are none."""

    group: str
    row: Row
    shares: tuple[float, ...]
    missed_a_tenth: str  # or more: the published share, in words
    why: str
    mark: str  # where there is no bar
    decimals: int

    @property
    def n_text(self) -> str:
        """The number of pupils, as "n = 87"."""
        base = self.row["base_subjects"]
        return "" if base is None else f"n = {base:,}"

    @property
    def texts(self) -> list[str]:
        """The shares as they are written everywhere."""
        return [f"{format_number(share, self.decimals)}%" for share in self.shares]


@dataclass(frozen=True)
class BandsOf:
    """The groups of a place in their order, and every row behind them."""

    about: Card
    name: str
    kind: str
    groups: list[Bands]
    rows: list[Row]


def bands_of(view: View, *, place: str, time_period: str) -> BandsOf:
    """The groups of a place that have a row of any of the three measures; NothingToShow where none has."""
    seen = plain(view)
    found: dict[str, dict[str, Row]] = {}
    for measure in MEASURES:
        for row in _rows(seen, measure, place, time_period).to_dicts():
            found.setdefault(row["sen_provision"], {})[measure] = row
    if not found:
        raise NothingToShow(f"no attendance by SEN provision for {period_name(time_period)}")
    groups = [_bands(group, found[group]) for group in SEN_PROVISION if group in found]
    rows = [row for by_measure in found.values() for row in by_measure.values()]
    return BandsOf(card("persistent_absence"), rows[0]["place_name"], rows[0]["time_identifier"], groups, rows)


def _rows(view: View, measure: str, place: str, time_period: str) -> pl.DataFrame:
    try:
        rows = rows_of(view, measure=measure, place=place, time_period=time_period)
    except NothingToShow:  # one of the three is not there: each group says so
        return pl.DataFrame()
    return figures(rows).filter((pl.col("item") == TOTAL) & pl.col("sen_provision").is_in(SEN_PROVISION))


def _bands(group: str, by_measure: dict[str, Row]) -> Bands:
    """Protection goes before any other reason, and a missing share leaves the whole bar out."""
    rows = [by_measure.get(measure) for measure in MEASURES]
    there = [row for row in rows if row is not None]
    missing = min((row for row in there if row["value"] is None), key=lambda row: row["status"] != "c", default=None)
    decimals = decimals_of(card("persistent_absence"), there[0]["base_subjects"])
    if missing is not None:
        return Bands(
            group, there[0], (), "", reason(missing["status"], missing["note"]), missing["status"] or "x", decimals
        )
    if len(there) < len(MEASURES):
        return Bands(group, there[0], (), "", "not all bands available", "x", decimals)
    full, persistent, severe = (round_half_away([row["value"]], decimals)[0] for row in there)
    # each share is rounded by itself: a difference may come out a rounding below nothing
    shares = (full, max(0.0, 100 - full - persistent), max(0.0, persistent - severe), severe)
    told = f"{format_number(persistent, decimals)}%"
    return Bands(group, there[0], tuple(map(float, shares)), told, "", "", decimals)
