"""The parts that charts are laid out from: text at a place, marks on a scale, key, caption, title and alt text.

Every chart is one group of fixed width; places are in pixels from its top left corner, and only the figures have a
scale. So labels, figures and counts stand in columns, and a hidden figure can move nothing.
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from sendlab.charts import bundle, theme
from sendlab.disclosure.published import Published
from sendlab.narrate import Row, View
from sendlab.schema.labels import day_name

WIDTH = 760
TITLE_CHARS, SUBTITLE_CHARS, CAPTION_CHARS = 76, 118, 136
CAPTION_LINE = 16


@dataclass(frozen=True)
class Scale:
    """The scale of the figures: domain with round ends, ticks, and the pixels it spans."""

    low: float
    high: float
    ticks: tuple[float, ...]
    start: int
    end: int

    def place(self, value: float) -> float:
        """The pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def scale_of(values: Iterable[float | None], start: int, end: int, *, most: int = 6) -> Scale | None:
    """The scale that holds zero and all the values, or None where there is no value.

    >>> scale_of([3.0, 34.2, None], 0, 100).ticks
    (0.0, 10.0, 20.0, 30.0, 40.0)
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    low, high = min(0.0, *known), max(0.0, *known)
    high = high if high > low else low + 1.0
    step = _step((high - low) / most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 10) for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks, start, end)


def _step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def axis(scale: Scale, *, percent: bool, sign: bool = False) -> alt.Axis:
    """A plain axis, figures with % where they are percentages."""
    pattern = "+" if sign else ""
    unit = " + '%'" if percent else ""
    label = f"(datum.value == 0 ? '0' : format(datum.value, '{pattern}')){unit}"
    return alt.Axis(values=list(scale.ticks), labelExpr=label, title=None, grid=False, labelOverlap=False)


def x_of(scale: Scale, name: str = "value", *, percent: bool, sign: bool = False) -> alt.X:
    """The encoding of a figure across the chart."""
    drawn = alt.Scale(domain=[scale.low, scale.high], range=[scale.start, scale.end], nice=False, zero=False)
    return alt.X(f"{name}:Q", scale=drawn, axis=axis(scale, percent=percent, sign=sign))


def y_at(name: str = "y") -> alt.Y:
    """The encoding of a place in pixels down the chart."""
    return alt.Y(f"{name}:Q", scale=None, axis=None)


def x_at(name: str = "x") -> alt.X:
    """The encoding of a place in pixels across the chart."""
    return alt.X(f"{name}:Q", scale=None, axis=None)


def frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Plotted columns as a frame; whole numbers and others may stand in one column."""
    return pl.DataFrame(rows, strict=False, infer_schema_length=None)


def texts(
    entries: Sequence[tuple[float, float, str]],
    *,
    align: str = "left",
    colour: str = theme.TEXT,
    size: int = theme.LABEL_SIZE,
    bold: bool = False,
    halo: bool = False,
) -> list[Any]:
    """Texts at (x, y); y is the middle of the line. A halo keeps them readable on lines. No entries, no layer."""
    rows = [{"x": float(x), "y": float(y), "text": text} for x, y, text in entries if text]
    if not rows:
        return []
    mark: dict[str, Any] = {
        "align": align,
        "baseline": "middle",
        "color": colour,
        "fontSize": size,
        "fontWeight": "bold" if bold else "normal",
    }
    halos = (
        [{**mark, "color": theme.PAPER, "stroke": theme.PAPER, "strokeWidth": 5, "strokeJoin": "round"}] if halo else []
    )
    chart = alt.Chart(frame(rows))
    return [chart.mark_text(**look).encode(x=x_at(), y=y_at(), text="text:N") for look in (*halos, mark)]


def wrapped(x: float, y: float, text: str, chars: int, line: float = 15) -> list[tuple[float, float, str]]:
    """Entries for `texts`: the text on as many lines as it needs, centred about y."""
    lines = textwrap.wrap(text, chars) or [""]
    return [(x, y + (place - (len(lines) - 1) / 2) * line, words) for place, words in enumerate(lines)]


def points(
    rows: Sequence[dict[str, Any]], x: alt.X, *, shape: str, colour: str, size: int = 130, hollow: bool = False
) -> list[Any]:
    """Marks at the given rows; `rows` hold only what is drawn."""
    if not rows:
        return []
    fill = theme.PAPER if hollow else colour
    mark: dict[str, Any] = {
        "shape": shape,
        "fill": fill,
        "stroke": colour,
        "strokeWidth": 1.8,
        "size": size,
        "opacity": 1,
    }
    return [alt.Chart(frame(rows)).mark_point(**mark).encode(x=x, y=y_at())]


def spans(
    rows: Sequence[dict[str, Any]], x: alt.X, *, colour: str, width: float = 2.5, dash: Sequence[int] = (1, 0)
) -> list[Any]:
    """Horizontal lines from the column of x to `upper`."""
    if not rows:
        return []
    mark: dict[str, Any] = {"color": colour, "strokeWidth": width, "strokeDash": list(dash)}
    return [alt.Chart(frame(rows)).mark_rule(**mark).encode(x=x, x2="upper:Q", y=y_at())]


def segment(
    x1: float, y1: float, x2: float, y2: float, *, colour: str, width: float = 1.0, dash: Sequence[int] = (1, 0)
) -> Any:
    """One line between two places in pixels."""
    mark: dict[str, Any] = {"color": colour, "strokeWidth": width, "strokeDash": list(dash)}
    row = frame([{"x": float(x1), "y": float(y1), "x2": float(x2), "y2": float(y2)}])
    return alt.Chart(row).mark_rule(**mark).encode(x=x_at(), y=y_at(), x2="x2:Q", y2="y2:Q")


def grid(scale: Scale, x: alt.X, top: float, bottom: float) -> list[Any]:
    """Light gridlines at the ticks, and a dark line at zero where the scale goes below it."""
    layers = []
    for ticks, colour in (
        ([t for t in scale.ticks if t or scale.low >= 0], theme.GRID),
        ([0.0] if scale.low < 0 else [], theme.TEXT),
    ):
        if ticks:
            rows = frame([{"value": tick, "y": float(top), "y2": float(bottom)} for tick in ticks])
            layers.append(alt.Chart(rows).mark_rule(color=colour, strokeWidth=1).encode(x=x, y=y_at(), y2="y2:Q"))
    return layers


@dataclass(frozen=True)
class Key:
    """One entry of the key above a chart."""

    text: str
    shape: str
    colour: str
    hollow: bool = False
    interval: bool = False


def key(entries: Sequence[Key], y: float, x: float = 0) -> list[Any]:
    """The key: each mark as it is drawn below, with its words."""
    layers: list[Any] = []
    for entry in entries:
        half = 16 if entry.interval else 7
        if entry.interval:
            layers.append(segment(x, y, x + 2 * half, y, colour=entry.colour, width=2.5))
        place = [{"x": float(x + half), "y": float(y)}]
        if entry.shape:
            layers += points(place, x_at(), shape=entry.shape, colour=entry.colour, size=100, hollow=entry.hollow)
        layers += texts([(x + 2 * half + 7, y, entry.text)], size=13)
        x += 2 * half + 7 + 6.6 * len(entry.text) + 22
    return layers


def mark_band(view: View) -> list[Any]:
    """The mark of an own view, as a band across the top of the picture; nothing for published figures."""
    if not view.mark:
        return []
    band = frame([{"x": 0.0, "y": 0.0, "x2": float(WIDTH), "y2": 24.0}])
    box = alt.Chart(band).mark_rect(color=theme.MARK_PAPER).encode(x=x_at(), y=y_at(), x2="x2:Q", y2="y2:Q")
    return [box, *texts([(8, 13, view.mark)], colour=theme.ORANGE_TEXT, bold=True)]


def top_of(view: View) -> int:
    """The first free pixel below the mark."""
    return 34 if view.mark else 0


def caption_text(view: View, rows: Sequence[Row], captured: str, *more: str) -> str:
    """Source, what is hidden and why, and the line on protection."""
    dates = [row["data_to"] for row in rows if row.get("data_to") is not None]
    until = f"; data to {day_name(max(dates))}" if dates else ""
    parts = [f"Source: {captured}{until}.", *more]
    if isinstance(view, Published):
        parts.append(view.settings)
    elif any(row["status"] == "c" for row in rows):
        parts.append("Not shown: fewer than 5 pupils, or protected.")
    return " ".join(part for part in parts if part)


def caption(text: str, y: float) -> list[Any]:
    """The caption below the axis."""
    lines = textwrap.wrap(text, CAPTION_CHARS)
    return texts(
        [(0, y + place * CAPTION_LINE, line) for place, line in enumerate(lines)],
        colour=theme.SOFT_TEXT,
        size=theme.SMALL_SIZE,
    )


def finish(
    layers: Sequence[Any], view: View, *, title: str, subtitle: str, alt_text: str, height: float
) -> alt.LayerChart:
    """The layers as one chart with title, subtitle, mark, alt text and look."""
    kept = title.replace("No SEN", "No\u00a0SEN").replace("SEN support", "SEN\u00a0support")  # not to be torn apart
    heading = alt.TitleParams(text=textwrap.wrap(kept, TITLE_CHARS), subtitle=textwrap.wrap(subtitle, SUBTITLE_CHARS))
    words = " ".join([*([f"{view.mark}."] if view.mark else []), f"{title}.", f"{subtitle}.", alt_text])
    chart = alt.layer(*mark_band(view), *layers).properties(
        width=WIDTH, height=height, title=heading, description=words
    )
    styled: alt.LayerChart = bundle.stamped(theme.themed(chart), view)
    return styled
