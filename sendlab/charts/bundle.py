"""The offline renderer: a chart is shown as one bundle of SVG, PNG and alt text, without a browser or a network.

A committed notebook then shows its charts anywhere: PNG where a notebook is not trusted, SVG elsewhere. The SVG holds
no random id, so nbval compares it; nbval leaves the PNG out.
"""

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from html import escape
from typing import Any

import altair as alt

from sendlab.charts.drawing import BELOW_AXIS, lowest, packed_png, png_of, svg_of
from sendlab.charts.theme import CONFIG, WIDTH
from sendlab.disclosure.published import Published
from sendlab.errors import GateError
from sendlab.narrate import View

NAME = "sendlab"
PNG_SCALE = 2.0
# Environment variable that runs set to "svg": their reports hold no PNG, which is most of the work of a chart.
PICTURES = "SENDLAB_PICTURES"
# Reports take pictures with this mark only; an own view, and a chart that no function of this room drew, has none.
STAMP = 'data-sendlab="published"'
# Key of the stamp among the metadata of a notebook's output, and of the checksum of its picture.
STAMP_KEY, PICTURE = "sendlab", "picture"
# Parts of a chart that hold no figures of their own: they may be changed by hand and the stamp stays.
_FREE = ("title", "description", "width", "height", "config", "background", "padding", "autosize", "usermeta")
NO_ALT_TEXT = "Chart without alt text: add .properties(description=...)"


@dataclass(frozen=True)
class Stamp:
    """What a chart of published figures bears: for whom, with which threshold and handling mark, from which run.

    `place` is the school of a school's own edition.
    """

    audience: str
    threshold: int
    sensitivity: str
    run_id: str
    place: str = ""


# {checksum of what a chart draws: its stamp}, of the charts that this process drew. A stamp within the chart would stay
# when somebody lays marks of pupils over it; this one does not.
_DRAWN: dict[str, Stamp] = {}


class Picture(alt.LayerChart):
    """A chart of this room: Altair's own, shown without checking it against the schema, as the tests have done that."""

    def __init__(self, data: Any = alt.Undefined, layer: Sequence[Any] = (), **properties: Any) -> None:
        # Altair would look through all layers for data, parameters and sizes that they share: ours share none.
        super(alt.LayerChart, self).__init__(data=data, layer=list(layer), **properties)

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> Any:
        renderer = alt.renderers.get()
        return renderer(self.to_dict(validate=False)) if renderer else {}


def stamped(chart: Picture, view: View) -> Picture:
    """The chart, known from now on as drawn from published figures; one of an own view is not.

    For the functions of this room, which call it with the view that they drew from.
    """
    if isinstance(view, Published):
        stamp = Stamp(view.audience, view.threshold, view.sensitivity, view.run_id, view.place)
        _DRAWN[_drawn(chart.to_dict(validate=False))] = stamp
    return chart


def stamp_of(spec: dict[str, Any]) -> Stamp | None:
    """The stamp of a chart specification; None for an own view, a foreign chart, and one changed in what it draws."""
    return _DRAWN.get(_drawn(spec))


def _drawn(spec: dict[str, Any]) -> str:
    what = {name: part for name, part in spec.items() if name not in _FREE}
    return sha256(json.dumps(what, sort_keys=True, default=str).encode("utf-8")).hexdigest()


def svg(chart: Any) -> str:
    """The chart as SVG with a role, a title and the alt text; the same chart always gives the same text."""
    return _svg(chart.to_dict())


def png(chart: Any, scale: float = PNG_SCALE) -> bytes:
    """The chart as PNG, `scale` pixels to a point; a PNG is made to be passed on, so no stamp is a `GateError`."""
    spec = chart.to_dict()
    if stamp_of(spec) is None:
        raise GateError(
            "only a chart that sendlab.charts drew from published figures, with nothing laid over it, becomes a PNG",
            next_step="draw it from open_workspace().published()",
        )
    return png_of(spec, scale)


def _svg(spec: dict[str, Any]) -> str:
    ours = stamp_of(spec) is not None
    text = svg_of(spec, placed=ours and _as_laid_out(spec))
    label = escape(_one_line(_alt_text(spec)), quote=True)
    title = escape(_one_line(_title(spec)) or "Chart", quote=True)
    head, rest = text.split(">", 1)
    stamp = f" {STAMP}" if ours else ""
    return f'{head}{stamp} role="img" aria-label="{label}"><title>{title}</title>{rest}'


def _as_laid_out(spec: dict[str, Any]) -> bool:
    """Whether title, size and look are still those of `parts.finish`: they may be changed by hand."""
    look = {
        **spec["config"],
        "view": CONFIG["view"],
    }  # Altair's own theme adds sizes to it that charts of ours never use
    laid_out = spec.get("width") == WIDTH and look == CONFIG and lowest(spec) >= spec["height"] + BELOW_AXIS
    title = spec.get("title")
    return laid_out and isinstance(title, dict) and all(isinstance(title.get(p), list) for p in ("text", "subtitle"))


def _alt_text(spec: dict[str, Any]) -> str:
    return spec.get("description") or _title(spec) or NO_ALT_TEXT


def _title(spec: dict[str, Any]) -> str:
    title = spec.get("title") or ""
    text = title.get("text", "") if isinstance(title, dict) else title
    return " ".join(text) if isinstance(text, list) else str(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def bundle(spec: dict[str, Any], **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A chart specification as a mime bundle (image/svg+xml, image/png, text/plain with the alt text), and its stamp.

    The stamp goes into the metadata of the output, which nbval does not compare: a run has an id of its own.
    """
    drawing = _svg(spec)
    data = {"image/svg+xml": drawing}
    if os.environ.get(PICTURES) != "svg":
        data["image/png"] = base64.b64encode(packed_png(drawing)).decode("ascii")
    data["text/plain"] = _alt_text(spec)
    stamp = stamp_of(spec)
    return data, {STAMP_KEY: {**asdict(stamp), PICTURE: checksum(drawing)}} if stamp else {}


def checksum(drawing: str) -> str:
    """What ties a stamp to one picture.

    >>> checksum("<svg/>")[:8]
    'd4dc5666'
    """
    return sha256(drawing.encode("utf-8")).hexdigest()


def enable() -> None:
    """Register the renderer with Altair and switch it on."""
    alt.renderers.register(NAME, bundle)
    alt.renderers.enable(NAME)
