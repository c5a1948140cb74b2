"""The board page: one sheet with the one thing to know, the scorecard and boxes for what the board decides."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sendlab.disclosure.published import Published, require_published
from sendlab.errors import SendlabError
from sendlab.metrics.cards import Card
from sendlab.narrate import decimals_of, format_value
from sendlab.publish.files import write_text
from sendlab.publish.outputs import figure
from sendlab.publish.page import render
from sendlab.publish.scorecard import (
    Finding,
    Line,
    findings,
    gap_word,
    nothing_stands_out,
    scorecard,
    sentence_of,
    title_of,
)
from sendlab.schema.labels import MARKS, day_name, period_name, period_text
from sendlab.stats.rounding import format_number

SENTENCES = 5
DECISIONS = 3  # empty boxes
_NO_VALUE = "–"


def write_board_page(published: Published, path: Path, *, la_code: str, la_name: str, time_period: str) -> Path:
    """Write the LA's board page of a period (HTML, one A4 sheet); returns the path written.

    `time_period` as in the rows (202425). Anything but published figures is refused with `GateError`; a period
    without figures of the LA is a `SendlabError`.
    """
    require_published(published)
    lines = scorecard(published, la_code=la_code, time_period=time_period)
    if not lines:
        raise SendlabError(
            f"no figures of {la_name} for {period_name(time_period)}", next_step="choose a period that was built"
        )
    found = findings(lines)
    text = render(
        "board_page.html.j2",
        title=title_of(lines, found, published, la_code, time_period),
        place=la_name,
        period=", ".join(_periods(lines, time_period)),
        nothing=nothing_stands_out(lines),
        data_to=_last_day(lines),
        pupils=_pupils(lines),
        sentences=[
            _brief(sentence_of(finding, published, la_code, time_period), la_name) for finding in found[:SENTENCES]
        ],
        lines=[_cells(line) for line in lines],
        last_year=period_name(str(int(time_period) - 101)),
        marks=_marks(lines),
        england=_one_period(lines),
        charts=_charts(found, lines, published, la_code, time_period),
        decisions=range(DECISIONS),
        settings=published.settings,
        run_id=published.run_id,
    )
    return write_text(path, text)


def _periods(lines: Sequence[Line], time_period: str) -> list[str]:
    """The kinds of period shown, each once; those of indicators without a figure do not count if others have one."""
    shown = [line for line in lines if line.shown] or list(lines)
    return list(dict.fromkeys(period_text(time_period, line.now["time_identifier"]) for line in shown))


def _last_day(lines: Sequence[Line]) -> str:
    days = [line.now["data_to"] for line in lines if isinstance(line.now["data_to"], date)]
    return day_name(max(days)) if days else "not known"


def _pupils(lines: Sequence[Line]) -> str:
    """Pupils of each group behind the largest base among the indicators."""
    largest: dict[str, int] = {}
    for line in lines:
        largest[line.group] = max(largest.get(line.group, 0), line.now["base_subjects"] or 0)
    return ", ".join(f"{group} {count:,}" for group, count in largest.items() if count) or "not shown"


def _brief(sentence: str, la_name: str) -> str:
    """The sentence without place and period, which stand at the head of the page."""
    start, colon, rest = sentence.partition(":")
    return f"{start.split(f', {la_name}', 1)[0]}{colon}{rest}"


def _one_period(lines: Sequence[Line]) -> str:
    """The period of the national figures, where they all have the same."""
    periods = {_period(line.nationally) for line in lines} - {""}
    return periods.pop() if len(periods) == 1 else ""


def _cells(line: Line) -> dict[str, str]:
    """The texts of one scorecard line."""
    about, now = line.card, line.now
    nationally = line.nationally if line.nationally and line.nationally["value"] is not None else None
    other = nationally["comparator_value"] if nationally else None
    return {
        "title": about.title,
        "unit": about.unit,
        "group": line.group,
        "n": _mark(now) if now["base_subjects"] is None else f"{now['base_subjects']:,}",
        "before": _value(line.before, about),
        "now": _value(now, about),
        "range": _range(now, about),
        "change": line.change,
        "nationally": format_value(other, about, unit=False) or _NO_VALUE,
        "period": _period(nationally),
        "gap": _gap(nationally, about),
        "gap_word": gap_word(line) if nationally else "",
    }  # fmt: skip


def _value(row: dict[str, Any] | None, about: Card) -> str:
    if row is None:
        return _NO_VALUE
    return format_value(row["value"], about, base=row["base_subjects"], unit=False) or _mark(row)


def _mark(row: dict[str, Any]) -> str:
    return row["status"] or "x"


def _range(row: dict[str, Any], about: Card) -> str:
    if row["lower"] is None or row["upper"] is None:
        return ""
    low, high = (format_number(row[end], decimals_of(about, row["base_subjects"])) for end in ("lower", "upper"))
    return f"between {low} and {high}"


def _period(gap: dict[str, Any] | None) -> str:
    return period_name(gap["comparator_period"]) if gap and gap["comparator_period"] else ""


def _gap(gap: dict[str, Any] | None, about: Card) -> str:
    if gap is None:
        return _NO_VALUE
    text = format_number(gap["value"], decimals_of(about, gap["base_subjects"]))
    return f"+{text}" if gap["value"] > 0 else text


def _marks(lines: Sequence[Line]) -> str:
    used = {row["status"] for line in lines for row in (line.now, line.before) if row and row["status"]}
    return "; ".join(f"{mark}: {meaning}" for mark, meaning in MARKS.items() if mark in used)


def _charts(
    found: Sequence[Finding], lines: Sequence[Line], published: Published, la_code: str, time_period: str
) -> list[str]:
    """Two charts at most: the worst finding by group, and the gaps of that group across the indicators."""
    from sendlab.charts import plot_gaps, plot_groups, svg

    line = found[0].line if found else next((line for line in lines if line.shown), None)
    if line is None:
        return []
    view = published.where(time_identifier=line.now["time_identifier"])
    where = {"place": la_code, "time_period": time_period}
    charts = [plot_groups(view, measure=line.card.measure, **where)]
    if measures := _on_one_scale(lines, line):
        charts.append(plot_gaps(view, measures=measures, group=line.group, **where))
    return [figure(svg(chart), "", number) for number, chart in enumerate(charts, start=1)]


def _on_one_scale(lines: Sequence[Line], worst: Line) -> list[str]:
    """The indicators of that group and part of the year with the commonest unit; none where no gap would be shown."""
    same = [
        line for line in lines
        if line.group == worst.group and line.now["time_identifier"] == worst.now["time_identifier"]
    ]  # fmt: skip
    units = [line.card.unit for line in same]
    commonest = max(units, key=units.count)
    chosen = [line for line in same if line.card.unit == commonest]
    any_shown = any(line.no_sen is not None and line.no_sen["value"] is not None for line in chosen)
    return [line.card.measure for line in chosen] if any_shown else []
