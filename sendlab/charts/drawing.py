"""A chart specification as SVG or PNG by vl-convert, without a browser or a network.

Vega measures every text by laying out its letters, 0.05 ms each and 0.3 ms for the least, which is most of the time
that a chart takes. Our own charts put each text at a place of its own, whatever its width: there a token of two letters
is drawn in its stead, and the text put back afterwards. Texts within the frame are drawn in size 0 besides, which is
not measured at all, and get their size back with their words. The tests hold both ways to the same drawing.
"""

import math
import re
import string
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from html import escape
from itertools import product
from typing import Any

import altair as alt
import vl_convert

from sendlab.charts.letters import width_of
from sendlab.charts.theme import SMALL_SIZE
from sendlab.errors import SendlabError

Draw = Callable[[dict[str, Any]], str]
_TOKENS = tuple(map("".join, product(string.ascii_letters, repeat=2)))
_DRAWN = re.compile(r">([A-Za-z]{2})</(text|tspan)>")
_UNMEASURED = re.compile(r'(<text [^>]*font-size=")0(px"[^>]*>)([^<]*)(?=</text>)')
_ROLES = re.compile(r' (?:role="graphics-[a-z]+"|aria-roledescription="[^"]*")')
BELOW_AXIS = 30  # pixels: the labels of an axis end above
_MIDDLE, _TOP = 0.3, 0.79  # how far below the place of a text its line stands, as a share of its size
_BEFORE = {"left": 0.0, "center": 0.5, "right": 1.0}  # the share of a text that stands before its place
_TITLE = re.compile(r"((?:Title|Subtitle) text ')([A-Za-z]{2}(?: [A-Za-z]{2})*)'")  # what Vega says of a title's lines


@cache
def vl_version() -> str:
    """The Vega-Lite version of the installed Altair, as vl-convert calls it."""
    wanted = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    known = vl_convert.get_vegalite_versions()
    if wanted not in known:
        raise SendlabError(
            f"this vl-convert cannot draw Vega-Lite {wanted}, only {', '.join(known)}",
            next_step="install the versions of requirements.lock",
        )
    return wanted


def svg_of(spec: dict[str, Any], *, placed: bool = False) -> str:
    """A specification as SVG; `placed`: it is a chart of this room, whose texts stand where they are put.

    Where a text may run over the frame, which then grows, Vega measures them all.
    """
    if not placed or any(_over_the_frame(spec)):
        return _plain(spec)
    words = _Words()
    try:
        quick = _quick(spec, words)
    except IndexError:  # more texts than there are tokens
        return _plain(spec)
    return words.put_back(_plain(quick))


def _plain(spec: dict[str, Any]) -> str:
    """As drawn, without what Vega says of every layer: the picture has one text for all of it."""
    return _ROLES.sub("", _draw(spec))


def drawn_here(spec: dict[str, Any]) -> str:
    """A specification as SVG, by Vega in this process; a ValueError where it cannot be drawn."""
    # no address is allowed: a chart's data are in the chart
    text: str = vl_convert.vegalite_to_svg(spec, vl_version=vl_version(), allowed_base_urls=[])
    return text


_draw: Draw = drawn_here


def draw_with(draw: Draw) -> None:
    """From now on let `draw` make the SVG of a specification: a run has a process of its own for it."""
    global _draw
    _draw = draw


def _over_the_frame(spec: dict[str, Any]) -> Iterator[bool]:
    """For every text, whether it may end beyond the left or right edge of the chart."""
    look = spec["config"]["title"]
    for lines, size, weight in (("text", look["fontSize"], "bold"), ("subtitle", look["subtitleFontSize"], "normal")):
        for line in spec["title"][lines]:
            yield width_of(line, size, bold=weight == "bold") > spec["width"]
    for layer in spec["layer"]:
        mark = layer["mark"]
        if mark["type"] == "text":
            for row in spec["datasets"][layer["data"]["name"]]:
                width = width_of(row["text"], mark["fontSize"], bold=mark["fontWeight"] == "bold")
                left = row["x"] - width * _BEFORE[mark["align"]]
                yield left < 0 or left + width > spec["width"]


def lowest(spec: dict[str, Any]) -> float:
    """How far down the lowest text of a chart stands."""
    texts = (layer["data"]["name"] for layer in spec["layer"] if layer["mark"]["type"] == "text")
    return max((row["y"] for name in texts for row in spec["datasets"][name]), default=0.0)


class _Words:
    """The texts of a chart, each beside the token that is drawn in its stead, and the size of one drawn in size 0."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, int], str] = {}

    def token(self, text: str, size: int = 0) -> str:
        """Two letters that stand for this text; `size`: it is to be written in this size, though drawn in none."""
        if (text, size) not in self._tokens:
            self._tokens[text, size] = _TOKENS[len(self._tokens)]
        return self._tokens[text, size]

    def put_back(self, drawing: str) -> str:
        """The drawing with the texts in it."""
        sizes = {token: size for (_, size), token in self._tokens.items()}
        said = {token: escape(text, quote=False) for (text, _), token in self._tokens.items()}

        def unmeasured(found: re.Match[str]) -> str:
            return f"{found[1]}{sizes.get(found[3], SMALL_SIZE)}{found[2]}{found[3]}"  # else a label of the axis

        def lines(found: re.Match[str]) -> str:
            return found[1] + " ".join(said[token] for token in found[2].split()).replace('"', "&quot;") + "'"

        # Words are put in last, and once: two letters among them may be a token of another text.
        drawing = _TITLE.sub(lines, _UNMEASURED.sub(unmeasured, drawing))
        return _DRAWN.sub(lambda found: f">{said[found[1]]}</{found[2]}>", drawing)


def _quick(spec: dict[str, Any], words: _Words) -> dict[str, Any]:
    """The specification with a token for every text of title and layers, in size 0 where that moves nothing."""
    title = {**spec["title"], **{part: [*map(words.token, spec["title"][part])] for part in ("text", "subtitle")}}
    rows, layers = dict(spec["datasets"]), list(spec["layer"])
    texts = [number for number, layer in enumerate(layers) if layer["mark"]["type"] == "text"]
    below = lowest(spec)
    for number in texts:
        name, mark = layers[number]["data"]["name"], layers[number]["mark"]
        size = mark["fontSize"]
        # The lowest texts are measured: the drawing ends where they do.
        within = all(size / 2 <= row["y"] < below for row in spec["datasets"][name])
        used = f"{name}-{number}"
        rows[used] = [_row(row, words, size if within else 0) for row in spec["datasets"][name]]
        look = {**mark, "fontSize": 0, "baseline": "alphabetic"} if within else mark
        layers[number] = {**layers[number], "data": {"name": used}, "mark": look}
    axis = spec["config"]["axis"]
    down = {"labelFontSize": 0, "labelPadding": axis["labelPadding"] + _lower(_TOP, axis["labelFontSize"])}
    left = {"labelFontSize": 0, "labelOffset": _lower(_MIDDLE, axis["labelFontSize"])}
    config = {**spec["config"], "axisBottom": down, "axisLeft": left}
    return {**spec, "title": title, "datasets": rows, "layer": layers, "config": config}


def _row(row: dict[str, Any], words: _Words, size: int) -> dict[str, Any]:
    """A text's row with its token; with a size, where its line stands instead of its middle."""
    return {**row, "text": words.token(row["text"], size), "y": row["y"] + _lower(_MIDDLE, size)}


def _lower(share: float, size: int) -> int:
    return math.floor(share * size + 0.5)  # Vega's own rounding


def png_of(spec: dict[str, Any], scale: float) -> bytes:
    """A specification as PNG, `scale` pixels to a point."""
    data: bytes = vl_convert.vegalite_to_png(spec, vl_version=vl_version(), scale=scale, allowed_base_urls=[])
    return data


def packed_png(svg: str) -> bytes:
    """A drawing as PNG, one pixel a point, with its pixels packed tightly: a committed notebook holds a third of it.

    Drawn from the SVG, which is a third of the work.
    """
    picture = vl_convert.svg_to_png(svg, scale=1)
    pixels, place = b"", 8
    kept: list[tuple[bytes, bytes]] = []
    while place < len(picture):
        size, kind = struct.unpack(">I4s", picture[place : place + 8])
        body = picture[place + 8 : place + 8 + size]
        pixels, kept = (pixels + body, kept) if kind == b"IDAT" else (pixels, [*kept, (kind, body)])
        place += 12 + size
    kept.insert(-1, (b"IDAT", zlib.compress(zlib.decompress(pixels), 9)))
    chunks = (struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in kept)
    return picture[:8] + b"".join(chunks)
