"""What councils expect of schools, each with its figures, their trend and how far they are from what is expected."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from sendlab.board.entries import NO_VALUE, entry_of, mark_of, national_period, value_text
from sendlab.board.scorecard import Line, Row, scorecard, year_before
from sendlab.board.settings import Indicator
from sendlab.compare.change import change_rows, widening
from sendlab.disclosure.published import Published
from sendlab.metrics.cards import Card, card
from sendlab.narrate import decimals_of, format_gap, one_row, strength
from sendlab.schema.groups import NO_ITEM, TOTAL
from sendlab.schema.labels import period_text
from sendlab.stats.rounding import format_number

_YEARS = 3  # of a trend, this one among them
GAP_CHANGE = "No SEN, one year earlier"


@dataclass(frozen=True)
class Expectation:
    """An expectation of the council documents, as targets.toml declares it."""

    name: str
    source: str
    kind: str
    measures: tuple[str, ...]
    groups: tuple[str, ...]
    target: float | None = None
    first_items: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class TargetLine:
    """One figure under an expectation, as texts: `trend` has the earlier years, `distance` how far `target` is."""

    about: str
    pupils: str
    now: str
    period: str
    trend: str
    target: str
    distance: str
    nationally: str
    note: str


@dataclass(frozen=True)
class Target:
    """An expectation with its figures; without lines there is no published figure, and that is said."""

    expectation: Expectation
    lines: tuple[TargetLine, ...]


@cache
def expectations() -> tuple[Expectation, ...]:
    """The expectations of targets.toml, in its order."""
    given = tomllib.loads((files("sendlab.board") / "targets.toml").read_text(encoding="utf-8"))
    return tuple(Expectation(**_frozen(each)) for each in given["expectation"])


def _frozen(given: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def targets(published: Published, *, la_code: str, time_period: str) -> tuple[Target, ...]:
    """Every expectation with the authority's figures of the period."""
    return tuple(Target(each, tuple(_lines(published, each, la_code, time_period))) for each in expectations())


def _lines(published: Published, asked: Expectation, la_code: str, time_period: str) -> Iterator[TargetLine]:
    make = _of_gap if asked.kind == "gap" else _of_level
    for number, measure in enumerate(asked.measures):
        rows = published.of(measure, la_code)
        indicator = Indicator(measure, asked.groups, target=asked.target if number == 0 else None)
        lines = scorecard(published, la_code=la_code, time_period=time_period, indicators=[indicator])
        for line in lines:
            yield make(line, rows)
        if not lines:
            yield from _by_item(rows, card(measure), asked.first_items, time_period)


def _of_level(line: Line, rows: pl.DataFrame) -> TargetLine:
    entry = entry_of(line)
    national = f"{entry.nationally} ({national_period(line.nationally)})" if entry.national_period else ""
    return TargetLine(
        about=entry.name,
        pupils=entry.pupils,
        now=_count_or_value(line.now, line.card),
        period=entry.period,
        trend=_trend(line, rows),
        target=entry.target if entry.distance else "",
        distance=entry.distance,
        nationally=national,
        note=line.now["note"] or "",
    )


def _trend(line: Line, rows: pl.DataFrame) -> str:
    """The figures of the years before, oldest first, of the same part of the year only."""
    same, found, period = rows.filter(pl.col("time_identifier") == line.now["time_identifier"]), [], line.last
    for _ in range(_YEARS - 1):
        row = one_row(same, group=line.group, time_period=period)
        if row is not None:
            found.append(f"{period_text(period, row['time_identifier'])}: {value_text(row, line.card)}")
        period = year_before(period)
    return "; ".join(reversed(found)) or "no earlier year"


def _of_gap(line: Line, rows: pl.DataFrame) -> TargetLine:
    """The gap to pupils without SEN, and whether it is narrower than a year before."""
    entry, gap = entry_of(line), line.no_sen
    changed = _change_of_gap(line, rows)
    return TargetLine(
        about=f"{entry.title}: gap to pupils with no SEN",
        pupils=entry.pupils,
        now=_points(gap, line.card),
        period=entry.period,
        trend=_words_of_change(changed, line.card, line.now["base_subjects"]),
        target="",
        distance="",
        nationally="",
        note=(gap or {}).get("note") or "",
    )


def _points(gap: Row | None, about: Card) -> str:
    """The gap with its sign and unit, or the mark of why there is none."""
    if gap is None or gap["value"] is None:
        return NO_VALUE if gap is None else mark_of(gap)
    side = "higher" if gap["value"] > 0 else "lower" if gap["value"] < 0 else "apart"
    return f"{format_gap(gap['value'], about, base=gap['base_subjects'])} {side}"


def _change_of_gap(line: Line, rows: pl.DataFrame) -> Row | None:
    changed = change_rows(rows).filter(
        pl.col("comparator") == GAP_CHANGE, pl.col("sen_provision") == line.group,
        pl.col("time_period") == line.now["time_period"], pl.col("time_identifier") == line.now["time_identifier"],
    )  # fmt: skip
    changed = changed.with_columns(widening(changed))
    return one_row(changed, group=line.group, comparator=GAP_CHANGE)


def _words_of_change(row: Row | None, about: Card, base: int | None) -> str:
    """How the gap moved, and how sure one can be of it."""
    if row is None or row["value"] is None:
        return "cannot be compared with the year before"
    decimals = decimals_of(about, base)
    before = format_number(row["comparator_value"], decimals)
    said = f"{row['widening']} than the year before ({before})"
    if row["lower"] is None or row["upper"] is None:
        return said
    sure = strength(row["lower"], row["upper"])
    return f"{said}: {'clearly' if sure == 'clear' else 'within what chance explains'}"


def _count_or_value(row: Row, about: Card) -> str:
    """Of few schools the count ("2 of 3"), where it may be shown; else the figure."""
    if row["value"] is None and None not in (row["numerator"], row["denominator"]) and row["status"] != "c":
        return f"{format_number(row['numerator'], 0)} of {format_number(row['denominator'], 0)}"
    return value_text(row, about)


def _by_item(rows: pl.DataFrame, about: Card, first: Sequence[str], time_period: str) -> Iterator[TargetLine]:
    """Figures told item by item (areas of a report card), those named first before the others."""
    shown = rows.filter(
        pl.col("time_period") == time_period, pl.col("comparator") == "", ~pl.col("item").is_in([TOTAL, NO_ITEM])
    ).to_dicts()
    shown.sort(key=lambda row: (row["item"] not in first, row["item"]))
    for row in shown:
        base = row["base_subjects"]
        yield TargetLine(
            about=f"{about.title}: {row['item']}",
            pupils=f"{base:,} {about.counted}" if base is not None else "",
            now=_count_or_value(row, about),
            period=period_text(row["time_period"], row["time_identifier"]),
            trend="",
            target="",
            distance="",
            nationally="",
            note=row["note"] or "",
        )
