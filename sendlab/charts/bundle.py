"""The offline renderer: a chart is shown as one bundle of SVG, PNG and alt text, without a browser or a network.

A committed notebook then shows its charts anywhere: PNG where a notebook is not trusted, SVG elsewhere. The SVG holds
no random id, so nbval compares it; nbval leaves the PNG out.
"""

import base64
import re
import struct
import zlib
from functools import cache
from html import escape
from typing import Any

import altair as alt
import vl_convert

from sendlab.disclosure.published import OWN_VIEW_MARK
from sendlab.errors import SendlabError

NAME = "sendlab"
PNG_SCALE = 2.0
# Reports take pictures with this mark only; an own view, and a chart that no function of this room drew, has none.
STAMP = 'data-sendlab="published"'
# The line on protection (`Published.settings`), which our captions hold for published figures only.
_PROTECTED = re.compile(r"Audience: \w+\. Counts of 1 to \d+ people, and figures from which they follow, are hidden")
NO_ALT_TEXT = "Chart without alt text: add .properties(description=...)"


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


def svg(chart: Any) -> str:
    """The chart as SVG with a role, a title and the alt text; the same chart always gives the same text."""
    return _svg(chart.to_dict())


def png(chart: Any, scale: float = PNG_SCALE) -> bytes:
    """The chart as PNG, `scale` pixels to a point."""
    return _png(chart.to_dict(), scale)


def _svg(spec: dict[str, Any]) -> str:
    # no address is allowed: a chart's data are in the chart
    text: str = vl_convert.vegalite_to_svg(spec, vl_version=vl_version(), allowed_base_urls=[])
    label = escape(_one_line(_alt_text(spec)), quote=True)
    title = escape(_one_line(_title(spec)) or "Chart", quote=True)
    head, rest = text.split(">", 1)
    stamp = f" {STAMP}" if _is_published(spec) else ""
    return f'{head}{stamp} role="img" aria-label="{label}"><title>{title}</title>{rest}'


def _is_published(spec: dict[str, Any]) -> bool:
    """Whether the caption holds the line on protection, and no own view's mark stands anywhere."""
    captions = (" ".join(str(row.get("text", "")) for row in rows) for rows in spec.get("datasets", {}).values())
    return OWN_VIEW_MARK not in str(spec) and any(_PROTECTED.search(text) for text in captions)


def _png(spec: dict[str, Any], scale: float) -> bytes:
    data: bytes = vl_convert.vegalite_to_png(spec, vl_version=vl_version(), scale=scale, allowed_base_urls=[])
    return data


def _alt_text(spec: dict[str, Any]) -> str:
    return spec.get("description") or _title(spec) or NO_ALT_TEXT


def _title(spec: dict[str, Any]) -> str:
    title = spec.get("title") or ""
    text = title.get("text", "") if isinstance(title, dict) else title
    return " ".join(text) if isinstance(text, list) else str(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def bundle(spec: dict[str, Any], **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A chart specification as a mime bundle: image/svg+xml, image/png, and text/plain with the alt text."""
    drawing = _svg(spec)
    # drawn from the SVG, which is a third of the work; one pixel a point, for the PNG only stands in for the SVG
    picture = _packed(vl_convert.svg_to_png(drawing, scale=1))
    data = {
        "image/svg+xml": drawing,
        "image/png": base64.b64encode(picture).decode("ascii"),
        "text/plain": _alt_text(spec),
    }
    return data, {}


def _packed(picture: bytes) -> bytes:
    """The same PNG with its pixels packed tightly: a committed notebook holds a third of the bytes."""
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


def enable() -> None:
    """Register the renderer with Altair and switch it on."""
    alt.renderers.register(NAME, bundle)
    alt.renderers.enable(NAME)
