"""What every chart has: key, caption, the mark of an own view, title and alt text.

Every chart is one group of fixed width; places are in pixels from its top left corner, and only the figures have a
scale. So labels, figures and counts stand in columns, and a hidden figure can move nothing.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
from altair.utils.schemapi import debug_mode

from sendlab.charts import bundle, theme
from sendlab.charts.marks import SOLID, Layer, at, box, points, segments, texts
from sendlab.disclosure.published import Published
from sendlab.narrate import Row, View
from sendlab.schema.labels import day_name

TITLE_CHARS, SUBTITLE_CHARS, CAPTION_CHARS = 76, 118, 136
CAPTION_LINE = 16


@dataclass(frozen=True)
class Key:
    """One entry of the key above a chart."""

    text: str
    shape: str
    colour: str
    hollow: bool = False
    interval: bool = False
    dash: tuple[int, ...] = SOLID


def key(entries: Sequence[Key], y: float, x: float = 0) -> list[Layer]:
    """The key: each mark as it is drawn below, with its words."""
    layers: list[Layer] = []
    for entry in entries:
        half = 16 if entry.interval else 7
        if entry.interval:
            layers += segments([(x, y, x + 2 * half, y)], colour=entry.colour, width=2.5, dash=entry.dash)
        place = [{"x": float(x + half), "y": float(y)}]
        if entry.shape:
            layers += points(place, at("x"), shape=entry.shape, colour=entry.colour, size=100, hollow=entry.hollow)
        layers += texts([(x + 2 * half + 7, y, entry.text)], size=13)
        x += 2 * half + 7 + 6.6 * len(entry.text) + 22
    return layers


def mark_band(view: View) -> list[Layer]:
    """The mark of an own view, as a band across the top of the picture; nothing for published figures."""
    if not view.mark:
        return []
    band = box(0, 0, theme.WIDTH, 24, colour=theme.MARK_PAPER)
    return [*band, *texts([(8, 13, view.mark)], colour=theme.ORANGE_TEXT, bold=True)]


def top_of(view: View) -> int:
    """The first free pixel below the mark."""
    return 34 if view.mark else 0


def caption_text(view: View, rows: Sequence[Row], captured: str, *more: str) -> str:
    """Source, what is hidden and why, and the line on protection."""
    dates = [row["data_to"] for row in rows if row.get("data_to") is not None]
    until = f"; data to {day_name(max(dates))}" if dates else ""
    parts = [f"Source: {captured}{until}." if captured else "", *more]
    if isinstance(view, Published):
        parts.append(view.settings)
    elif any(row["status"] == "c" for row in rows):
        parts.append("Not shown: fewer than 5 pupils, or protected.")
    return " ".join(part for part in parts if part)


def caption(text: str, y: float) -> list[Layer]:
    """The caption below the axis."""
    lines = textwrap.wrap(text, CAPTION_CHARS)
    return texts(
        [(0, y + place * CAPTION_LINE, line) for place, line in enumerate(lines)],
        colour=theme.SOFT_TEXT,
        size=theme.SMALL_SIZE,
    )


def nothing(view: View, sentence: str) -> bundle.Picture:
    """A chart that says that there is nothing to show: for `narrate.or_else`."""
    title, _, rest = sentence.removesuffix(".").partition("; ")
    top = top_of(view) + 20
    layers = [
        *texts([(0, top, "Nothing is drawn.")], colour=theme.SOFT_TEXT),
        *caption(caption_text(view, [], ""), top + 30),
    ]
    return finish(
        layers, view, title=title, subtitle=rest or "no figures", alt_text="Nothing is drawn.", height=top + 10
    )


def finish(
    layers: Sequence[Layer], view: View, *, title: str, subtitle: str, alt_text: str, height: float
) -> bundle.Picture:
    """The layers as one chart with title, subtitle, mark, alt text and look."""
    kept = title.replace("No SEN", "No\u00a0SEN").replace("SEN support", "SEN\u00a0support")  # not to be torn apart
    words = " ".join([*([f"{view.mark}."] if view.mark else []), f"{title}.", f"{subtitle}.", alt_text])
    drawn = [*mark_band(view), *layers]
    with debug_mode(False):  # see marks.py
        heading = alt.TitleParams(textwrap.wrap(kept, TITLE_CHARS), subtitle=textwrap.wrap(subtitle, SUBTITLE_CHARS))
        chart = bundle.Picture(
            layer=drawn, width=theme.WIDTH, height=height, title=heading, description=words, config=theme.CONFIG
        )
    return bundle.stamped(chart, view)
