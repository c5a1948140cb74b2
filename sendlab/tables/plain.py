"""The rows that charts by group or item draw: without any other breakdown, one figure a place, group and item."""

import polars as pl

from sendlab.disclosure.published import require_view
from sendlab.narrate import Row, View
from sendlab.narrate.rows import ELSE
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import NOT_SHOWN

_SHORT = {"c": NOT_SHOWN, "z": "not applicable", "x": "not available"}


def plain(view: View) -> View:
    """The view without rows by year group, sex and the like; GateError for anything but a view."""
    require_view(view)
    return view.where(**dict.fromkeys(ELSE, TOTAL))


def figures(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that are figures of a whole need area, not gaps."""
    return rows.filter((pl.col("comparator") == "") & (pl.col("need_area") == TOTAL))


def short_reason(row: Row | None) -> str:
    """Why there is no figure, in two words, for a cell or a column.

    >>> short_reason({"status": "c"}), short_reason(None)
    ('not shown', 'no figure')
    """
    return _SHORT.get(row["status"], "no figure") if row else "no figure"
