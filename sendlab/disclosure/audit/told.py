"""The audit of a published table as JSON and as lines to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sendlab.disclosure.audit.give_back import IndicatorAudit, TableAudit
from sendlab.disclosure.audit.shown import rows_of
from sendlab.sources.ees_pair import standard_columns
from sendlab.sources.text import LINE

EXAMPLES = 5  # cells told of each indicator; JSON has them all


def audit_json(found: TableAudit) -> dict[str, Any]:
    """What the audit found: each recoverable cell with the keys of its row, its line in the file, least and most."""
    return {
        "file": found.table.file,
        "links": sorted({link for indicator in found.indicators for link in indicator.links}),
        "rates": list(found.rates),
        "repeated_rows": found.table.repeated,
        "indicators": [
            {
                "indicator": one.indicator,
                "hidden": one.hidden,
                "recoverable": int(one.at.size),
                "narrow": one.narrow,
                "links": list(one.links),
                "contradictory_sums": one.left_out,
                "cells": _cells(found, one, one.at.size),
            }
            for one in found.indicators
        ],
    }


def audit_lines(found: TableAudit) -> list[str]:
    """What the audit found, the indicator that gives most back first, a few cells of each."""
    hidden = sum(one.hidden for one in found.indicators)
    lines = [f"{found.table.file}: {found.recoverable:,} of {hidden:,} hidden counts can be worked out exactly"]
    if not found.indicators:
        lines.append("  the file holds no column of counts")
    for one in found.indicators:
        lines += _of_indicator(found, one) if one.hidden else ()
    if whole := sum(not one.hidden for one in found.indicators):
        lines.append(f"{whole} more column(s) of counts hide nothing")
    lines += [f"percentages that narrow a hidden count: {rate}" for rate in found.rates]
    if found.table.repeated:
        lines.append(f"{found.table.repeated:,} rows share their keys with another row and took no part")
    return lines


def _of_indicator(found: TableAudit, one: IndicatorAudit) -> Iterator[str]:
    yield (
        f"{one.indicator}: {one.at.size:,} of {one.hidden:,} hidden counts exact, "
        f"{one.narrow:,} more with fewer than 5 values left"
    )
    yield f"  sums that hold here: {'; '.join(one.links) or 'none'}"
    for cell in _cells(found, one, EXAMPLES):
        where = ", ".join(str(text) for name, text in cell.items() if _worth_telling(name))
        yield f"  line {cell['line']}: {cell['least']} ({where})"
    if one.at.size > EXAMPLES:
        yield f"  and {one.at.size - EXAMPLES:,} more (--json lists them all)"
    if one.left_out:
        yield f"  {one.left_out:,} sums cannot be true for the numbers shown and were left out"


def _worth_telling(name: str) -> bool:
    """Whether a reader needs the column to know the row: periods, names of places, and filters."""
    placed = name in standard_columns() and not (name.endswith("_name") or name == "time_period")
    return not placed and name not in ("line", "least", "most", "country_name", "region_name")


def _cells(found: TableAudit, one: IndicatorAudit, most: int) -> list[dict[str, Any]]:
    rows = rows_of(found.table, one.at[:most])
    values = (int(value) for value in one.value[:most])
    return [
        {"line": row[LINE], **{name: cell for name, cell in row.items() if name != LINE}, "least": value, "most": value}
        for row, value in zip(rows, values, strict=True)
    ]
