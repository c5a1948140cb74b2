"""The self-evaluation's statements with their ratings now and as targets, for its chart and its table."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from sendlab.codes import Code, read_codes
from sendlab.narrate import Row, View, rows_of
from sendlab.schema.labels import reason
from sendlab.tables.lines import require_items


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
    now = rows.filter((pl.col("time_period") == period) & (pl.col("comparator") == ""))
    require_items(now, "self-evaluation", period)
    measures = {name: _by_item(view, name, place, period) for name in ("sef_now", "sef_target", "sef_gap")}
    return [_statement(code, measures) for code in read_codes("sef_statement")], period


def _by_item(view: View, measure: str, place: str, period: str) -> dict[str, Row]:
    rows = view.of(measure, place).filter((pl.col("time_period") == period) & (pl.col("comparator") == ""))
    return {row["item"]: row for row in rows.to_dicts()}


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
