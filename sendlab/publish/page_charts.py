"""The two charts of the board's page: the worst finding by group, and that group's other gaps, or its years."""

from collections.abc import Sequence
from typing import Any

from sendlab.board.content import PackContent
from sendlab.board.scorecard import Line
from sendlab.disclosure.published import Published
from sendlab.schema.groups import TOTAL


def page_charts(content: PackContent, published: Published) -> list[Any]:
    """Two charts at most, none where nothing is shown; of indicators that are broken down by SEN provision.

    The second has the gaps of the other indicators of that unit; where none of them is shown, the years of the first.
    """
    from sendlab.charts import plot_gaps, plot_groups, plot_trend

    lines = [entry.line for entry in content.entries if entry.line.group != TOTAL]
    shown = [line for line in lines if line.shown]
    found = [each.finding.line for each in content.said if each.finding.line.group != TOTAL]
    if not shown:
        return []
    line = found[0] if found else shown[0]
    view = published.where(time_identifier=line.now["time_identifier"])
    where = {"place": content.la_code, "time_period": line.now["time_period"]}
    charts = [plot_groups(view, measure=line.card.measure, **where)]
    if measures := _on_one_scale(lines, line):
        charts.append(plot_gaps(view, measures=measures, group=line.group, **where))
    elif line.before is not None:
        charts.append(plot_trend(view, measure=line.card.measure, place=content.la_code))
    return charts


def _on_one_scale(lines: Sequence[Line], worst: Line) -> list[str]:
    """The other indicators of that group and part of the year with the commonest unit; none if no gap is shown."""
    same = [
        line for line in lines
        if line.group == worst.group and line.now["time_identifier"] == worst.now["time_identifier"]
        and line.card.measure != worst.card.measure
    ]  # fmt: skip
    units = [line.card.unit for line in same]
    commonest = max(units, key=units.count, default="")
    chosen = [line for line in same if line.card.unit == commonest]
    any_shown = any(line.no_sen is not None and line.no_sen["value"] is not None for line in chosen)
    return [line.card.measure for line in chosen] if any_shown else []
