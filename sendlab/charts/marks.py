"""Marks and texts, each call one layer of a chart: at places in pixels, or on one scale of figures.

Looks and channels are plain Vega-Lite. Altair would check every one of them as it is made, and look through each again
whenever the chart becomes a specification, which for the twenty layers of a chart takes longer than drawing it; the
tests check the finished charts against the schema, and their specifications against Altair's own.
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
from altair.utils.schemapi import SchemaBase, debug_mode
from altair.vegalite.v6.api import _dataset_name

from sendlab.charts import theme

Channel = dict[str, Any]
Kind = Literal["point", "rect", "rule", "text"]
SOLID = (1, 0)


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


def scale_of(values: Iterable[float | None], start: int, end: int, *, most: int = 6, zero: bool = True) -> Scale | None:
    """The scale that holds zero (or need not) and all the values, or None where there is no value.

    >>> scale_of([3.0, 34.2, None], 0, 100).ticks
    (0.0, 10.0, 20.0, 30.0, 40.0)
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    low, high = (min(0.0, *known), max(0.0, *known)) if zero else (min(known), max(known))
    high = high if high > low else low + 1.0
    step = _step((high - low) / most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 10) for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks, start, end)


def _step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


class Layer(alt.Chart):
    """One layer: rows, a look and channels that hold nothing but plain values."""

    def to_dict(self, validate: bool = True, **more: Any) -> dict[str, Any]:
        """Its specification, with the rows among the data sets of the chart that it is a layer of."""
        datasets = (more.get("context") or {}).get("datasets")
        parts = _given(self)
        if validate or datasets is None or {name: type(part) for name, part in parts.items()} != _PARTS:
            return super().to_dict(validate, **more)  # by itself, or changed by hand
        mark, encoding = _given(parts["mark"]), _given(parts["encoding"])
        if any(isinstance(value, SchemaBase) for value in (*mark.values(), *encoding.values())):
            return super().to_dict(validate, **more)
        rows = parts["data"]["values"]
        name = _dataset_name(rows)
        datasets[name] = rows
        return {"data": {"name": name}, "mark": mark, "encoding": encoding}


_PARTS = {"data": dict, "mark": alt.MarkDef, "encoding": alt.FacetedEncoding}


def _given(thing: Any) -> dict[str, Any]:
    """What an object of Altair's was given."""
    return {name: part for name, part in thing._kwds.items() if part is not alt.Undefined}


def x_of(scale: Scale, *, percent: bool, sign: bool = False) -> Channel:
    """A figure across the chart, with a plain axis: figures with % where they are percentages."""
    pattern, unit = "+" if sign else "", " + '%'" if percent else ""
    label = f"(datum.value == 0 ? '0' : format(datum.value, '{pattern}')){unit}"
    axis = {"values": list(scale.ticks), "labelExpr": label, "title": None, "grid": False, "labelOverlap": False}
    drawn = {"domain": [scale.low, scale.high], "range": [scale.start, scale.end], "nice": False, "zero": False}
    return {"field": "value", "type": "quantitative", "scale": drawn, "axis": axis}


def at(name: str) -> Channel:
    """A place in pixels: `x` across the chart or `y` down it."""
    return {"field": name, "type": "quantitative", "scale": None, "axis": None}


def layer(rows: Sequence[dict[str, Any]], mark: Kind, look: dict[str, Any], **channels: Channel) -> list[Layer]:
    """One layer of marks, placed down the chart by their `y`; none where there are no rows.

    `rows` hold only what is drawn: a chart holds its data.
    """
    if not rows:
        return []
    with debug_mode(False):
        encoding = alt.FacetedEncoding(**{"x": at("x"), "y": at("y"), **channels})
        return [Layer({"values": list(rows)}, mark=alt.MarkDef(mark, **look), encoding=encoding)]


def texts(
    entries: Sequence[tuple[float, float, str]],
    *,
    align: str = "left",
    colour: str = theme.TEXT,
    size: int = theme.LABEL_SIZE,
    bold: bool = False,
    halo: bool = False,
) -> list[Layer]:
    """Texts at (x, y); y is the middle of the line. A halo keeps them readable on lines. No entries, no layer."""
    rows = [{"x": float(x), "y": float(y), "text": text} for x, y, text in entries if text]
    weight = "bold" if bold else "normal"
    look = {"align": align, "baseline": "middle", "color": colour, "fontSize": size, "fontWeight": weight}
    behind = {**look, "color": theme.PAPER, "stroke": theme.PAPER, "strokeWidth": 5, "strokeJoin": "round"}
    written: Channel = {"field": "text", "type": "nominal"}
    return [one for drawn in ([behind] if halo else []) + [look] for one in layer(rows, "text", drawn, text=written)]


def wrapped(x: float, y: float, text: str, chars: int, line: float = 15) -> list[tuple[float, float, str]]:
    """Entries for `texts`: the text on as many lines as it needs, centred about y."""
    lines = textwrap.wrap(text, chars) or [""]
    return [(x, y + (place - (len(lines) - 1) / 2) * line, words) for place, words in enumerate(lines)]


def points(
    rows: Sequence[dict[str, Any]], x: Channel, *, shape: str, colour: str, size: int = 130, hollow: bool = False
) -> list[Layer]:
    """Marks at the given rows."""
    fill = theme.PAPER if hollow else colour
    look = {"shape": shape, "fill": fill, "stroke": colour, "strokeWidth": 1.8, "size": size, "opacity": 1}
    return layer(rows, "point", look, x=x)


def spans(
    rows: Sequence[dict[str, Any]], x: Channel, *, colour: str, width: float = 2.5, dash: Sequence[int] = SOLID
) -> list[Layer]:
    """Horizontal lines from the column of x to `upper`."""
    return layer(rows, "rule", _line(colour, width, dash), x=x, x2={"field": "upper"})


def segments(
    ends: Sequence[tuple[float, float, float, float]], *, colour: str, width: float = 1.0, dash: Sequence[int] = SOLID
) -> list[Layer]:
    """Lines from (x, y) to (x2, y2), in pixels."""
    rows = [dict(zip(("x", "y", "x2", "y2"), map(float, line), strict=True)) for line in ends]
    return layer(rows, "rule", _line(colour, width, dash), x2={"field": "x2"}, y2={"field": "y2"})


def box(x1: float, y1: float, x2: float, y2: float, *, colour: str) -> list[Layer]:
    """A filled rectangle between two corners in pixels."""
    return boxes([(x1, y1, x2, y2)], colour=colour)


def boxes(corners: Sequence[tuple[float, float, float, float]], *, colour: str) -> list[Layer]:
    """Filled rectangles of one colour, each between two corners (x, y) and (x2, y2) in pixels."""
    rows = [dict(zip(("x", "y", "x2", "y2"), map(float, corner), strict=True)) for corner in corners]
    return layer(rows, "rect", {"color": colour}, x2={"field": "x2"}, y2={"field": "y2"})


def grid(scale: Scale, x: Channel, top: float, bottom: float) -> list[Layer]:
    """Light gridlines at the ticks, and a dark line at zero where the scale goes below it."""
    light = [tick for tick in scale.ticks if tick or scale.low >= 0]
    found: list[Layer] = []
    for ticks, colour in ((light, theme.GRID), ([0.0] if scale.low < 0 else [], theme.TEXT)):
        rows = [{"value": tick, "y": float(top), "y2": float(bottom)} for tick in ticks]
        found += layer(rows, "rule", {"color": colour, "strokeWidth": 1}, x=x, y2={"field": "y2"})
    return found


def _line(colour: str, width: float, dash: Sequence[int]) -> dict[str, Any]:
    return {"color": colour, "strokeWidth": width, "strokeDash": list(dash)}
