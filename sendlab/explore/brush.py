"""Bars of an own view to brush: pupils by year group and by attendance; what is brushed filters everything else."""

from typing import Any

import altair as alt

from sendlab.charts import theme
from sendlab.disclosure.guard.question import closed_list
from sendlab.disclosure.published import OWN_VIEW_MARK
from sendlab.explore.own import rule_of
from sendlab.explore.selection import BANDS, can_be_asked
from sendlab.explore.views import View
from sendlab.narrate.answers import value_words

BARS = {"nc_year": "Pupils by year group", "attendance_band": "Pupils by attendance"}


def bars_of(view: View) -> dict[str, dict[str, Any]]:
    """{name of the chart: its specification} for an own view of a measure that any cohort has; else none.

    Each chart counts who would be there without its own filter, so that a brush can be drawn anew.
    """
    if not view.own or not can_be_asked(view.measure):
        return {}
    return {f"bars-{column}": _bars(view, column, title) for column, title in BARS.items()}


def _bars(view: View, column: str, title: str) -> dict[str, Any]:
    chosen = dict(view.selection.only) | dict(rule_of(view.selection))
    rule = {name: values for name, values in chosen.items() if name != column}
    counts = view.explorer.own.sums(view.selection).counts(view.place, rule, column)
    order = [value for value in (closed_list(column) if column == "nc_year" else BANDS) if counts.get(value)]
    taken = chosen.get(column, ())
    rows = [{column: value, "pupils": counts[value], "in": not taken or value in taken} for value in order]
    words = "; ".join(f"{value_words(column, value)} {counts[value]}" for value in order)
    return {
        "$schema": alt.SCHEMA_URL,
        "title": {"text": title, "subtitle": f"{OWN_VIEW_MARK}; drag over bars to choose them", "anchor": "start"},
        "description": f"{title}: {words}.", "usermeta": {"brush": column}, "width": 520, "height": 90,
        "config": {**theme.CONFIG, "view": {"stroke": None}}, "data": {"values": rows},
        "params": [{"name": "brush", "select": {"type": "interval", "encodings": ["x"]}}],
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": column, "type": "ordinal", "sort": order, "title": None, "axis": {"labelAngle": 0}},
            "y": {"field": "pupils", "type": "quantitative", "title": "Pupils", "axis": {"tickCount": 3}},
            "color": {"condition": {"test": "datum.in", "value": theme.BLUE}, "value": theme.GREY},
        },
    }  # fmt: skip
