"""Charts of slides: native ones that can be edited, where bars or lines will do; a picture of the chart otherwise."""

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl

from sendlab.board.content import Said
from sendlab.board.ratings import NO_FIGURE
from sendlab.board.scorecard import NATIONALLY, Line
from sendlab.disclosure.published import Published
from sendlab.metrics.cards import Card
from sendlab.narrate import decimals_of, one_row
from sendlab.publish.slide_parts import TEXT, colour_of, place_named, say
from sendlab.schema.groups import SEND
from sendlab.schema.labels import NOT_SHOWN, period_name
from sendlab.stats.rounding import format_number, round_half_away

NO_SEN = "No SEN"
# Colours and marks of the Analysis Function's palette, as in the charts of the reports.
PLACE, NATION = "12436D", "F46A25"
LINES = {"EHC plan": ("801650", "TRIANGLE"), "SEN support": ("F46A25", "CIRCLE"), NO_SEN: ("12436D", "SQUARE")}
_SIZE, _YEARS = 12, 5
_STAMP = re.compile(rb"<dcterms:(created|modified)([^>]*)>[^<]*<")


@dataclass(frozen=True)
class Drawing:
    """What a native chart draws: categories, and one number or none for each in every series; and its alt text."""

    kind: str  # bars or lines
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]
    decimals: int
    unit: str
    alt: str


class Point(NamedTuple):
    """A number of a chart, or none; its words, which say why there is none; its decimal places."""

    value: float | None
    words: str
    places: int


def drawing_of(said: Said, published: Published, *, la_code: str, la_name: str) -> Drawing | None:
    """The native chart of a finding; None where it takes intervals, and so a picture.

    Beside the nation: bars of each group. Since last year: lines over the years. Beside pupils with no SEN: none.
    """
    line = said.finding.line
    rows = published.of(line.card.measure, la_code).filter(pl.col("time_identifier") == line.now["time_identifier"])
    if said.finding.against == "nationally":
        return _bars(line, rows, la_name)
    return _lines(line, rows, la_name) if said.finding.against == "last year" else None


def _bars(line: Line, rows: pl.DataFrame, la_name: str) -> Drawing:
    about, when = line.card, line.now["time_period"]
    own = {group: one_row(rows, group=group, time_period=when) for group in (*SEND, NO_SEN)}
    other = {group: one_row(rows, group=group, comparator=NATIONALLY, time_period=when) for group in own}
    groups = tuple(group for group, row in own.items() if row is not None)
    points = tuple(_point(own[group], "value", about) for group in groups)
    nation = tuple(_point(other[group], "comparator_value", about) for group in groups)
    names = tuple(
        group if point.value is not None else f"{group} ({point.words})"
        for group, point in zip(groups, points, strict=True)
    )
    series = {la_name: points, f"{NATIONALLY}{_year_of(other.values())}": nation}
    return _drawing("bars", names, groups, series, line, la_name)


def _lines(line: Line, rows: pl.DataFrame, la_name: str) -> Drawing:
    years = sorted(set(rows["time_period"]))[-_YEARS:]
    groups = [group for group in (*SEND, NO_SEN) if group in set(rows["sen_provision"])]
    series = {
        group: tuple(_point(one_row(rows, group=group, time_period=year), "value", line.card) for year in years)
        for group in groups
    }
    names = tuple(map(period_name, years))
    return _drawing("lines", names, names, series, line, la_name)


def _drawing(
    kind: str, categories: tuple[str, ...], spoken: tuple[str, ...], series: Mapping[str, tuple[Point, ...]],
    line: Line, la_name: str,
) -> Drawing:  # fmt: skip
    """What is drawn of series that have any number; `spoken` are the categories as the alt text names them."""
    about = line.card
    shown = {name: points for name, points in series.items() if any(point.value is not None for point in points)}
    told = "; ".join(
        f"{name}: {', '.join(f'{of} {point.words}' for of, point in zip(spoken, points, strict=True))}"
        for name, points in shown.items()
    )
    shape = "Bar chart by group" if kind == "bars" else "Line chart over the years"
    alt = f"{shape}. {about.title}, {about.unit}, {la_name}, {line.period}. {told}."
    drawn = tuple((name, tuple(point.value for point in points)) for name, points in shown.items())
    # the places of the finest figure: a label must not round what is rounded already
    places = max((point.places for points in shown.values() for point in points), default=0)
    return Drawing(kind, categories, drawn, places, about.unit, alt)


def _point(row: dict[str, Any] | None, column: str, about: Card) -> Point:
    """A figure as it is told in words: benchmarks have more places in their files."""
    if row is None or row[column] is None:
        return Point(None, NOT_SHOWN if row is not None and row["status"] == "c" else NO_FIGURE, 0)
    places = decimals_of(about, row["base_subjects"])
    return Point(float(round_half_away([row[column]], places)[0]), format_number(row[column], places), places)


def _year_of(rows: Any) -> str:
    years = {period_name(row["comparator_period"]) for row in rows if row and row["comparator_period"]}
    return f" ({', '.join(sorted(years))})" if years else ""


def add_chart(slide: Any, drawing: Drawing, made: datetime) -> Any:
    """A native chart in the slide's place for one; its workbook holds what it draws and nothing else."""
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    make: Any = CategoryChartData
    data = make(number_format=_format(drawing.decimals))
    data.categories = drawing.categories
    for name, values in drawing.series:
        data.add_series(name, values)
    kind = XL_CHART_TYPE.BAR_CLUSTERED if drawing.kind == "bars" else XL_CHART_TYPE.LINE_MARKERS
    frame = place_named(slide, 10).insert_chart(kind, data)
    say(frame, drawing.alt)
    chart = frame.chart
    _dress(chart, drawing)
    _colour_bars(chart) if drawing.kind == "bars" else _colour_lines(chart)
    part = chart.part.chart_workbook.xlsx_part
    part._blob = _dated(part.blob, made)
    return chart


def _format(decimals: int) -> str:
    return f"0.{'0' * decimals}" if decimals else "0"


def _dress(chart: Any, drawing: Drawing) -> None:
    """Fonts, axis from nought with its unit, few light lines, key above."""
    from pptx.enum.chart import XL_LEGEND_POSITION, XL_TICK_MARK
    from pptx.util import Pt

    chart.has_title, chart.font.size, chart.font.name = False, Pt(_SIZE), "Arial"
    chart.font.color.rgb = colour_of(TEXT)
    chart.has_legend = True
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
    axis = chart.value_axis
    if all(value is None or value >= 0 for _, values in drawing.series for value in values):
        axis.minimum_scale = 0
    axis.has_title, axis.axis_title.text_frame.text = True, drawing.unit
    axis.axis_title.text_frame.paragraphs[0].runs[0].font.size = Pt(_SIZE)
    axis.axis_title.text_frame.paragraphs[0].runs[0].font.bold = False
    axis.major_gridlines.format.line.color.rgb = colour_of("DEE0E2")
    axis.format.line.fill.background()
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = "General", False
    chart.category_axis.major_tick_mark = XL_TICK_MARK.NONE
    chart.category_axis.format.line.color.rgb = colour_of("505A5F")
    plot = chart.plots[0]
    plot.has_data_labels = True
    plot.data_labels.number_format, plot.data_labels.number_format_is_linked = _format(drawing.decimals), False
    plot.data_labels.font.size = Pt(_SIZE)


def _colour_bars(chart: Any) -> None:
    from pptx.enum.chart import XL_LABEL_POSITION

    chart.plots[0].gap_width, chart.plots[0].overlap = 60, -5
    chart.category_axis.reverse_order = True  # the first group above, as in the tables
    chart._chartSpace.xpath("//c:valAx/c:crosses")[0].set("val", "max")  # and the axis of figures below
    chart.plots[0].data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
    for series, colour in zip(chart.plots[0].series, (PLACE, NATION), strict=False):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = colour_of(colour)


def _colour_lines(chart: Any) -> None:
    from pptx.enum.chart import XL_LABEL_POSITION, XL_MARKER_STYLE
    from pptx.util import Pt

    chart.plots[0].data_labels.position = XL_LABEL_POSITION.ABOVE
    for series in chart.plots[0].series:
        colour, shape = LINES[series.name]
        series.smooth = False
        series.format.line.color.rgb, series.format.line.width = colour_of(colour), Pt(2.25)
        series.marker.style, series.marker.size = getattr(XL_MARKER_STYLE, shape), 9
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = colour_of(colour)


def _dated(workbook: bytes, made: datetime) -> bytes:
    """A workbook with the day of the pack in place of the moment at which it was written."""
    when, target = f"{made:%Y-%m-%dT%H:%M:%SZ}".encode(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _STAMP.sub(rb"<dcterms:\1\2>" + when + rb"<", content)
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return target.getvalue()


def picture_of(said: Said, published: Published, *, la_code: str) -> tuple[bytes, str]:
    """(PNG, alt text) of the chart of a finding with its intervals, without the title that the slide has already."""
    import altair as alt

    from sendlab.charts import plot_groups, png

    line = said.finding.line
    view = published.where(time_identifier=line.now["time_identifier"])
    chart = plot_groups(view, measure=line.card.measure, place=la_code, time_period=line.now["time_period"])
    spoken = str(chart.description)
    chart.title = alt.Undefined
    return png(chart), spoken
