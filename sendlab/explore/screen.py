"""The part of the explorer that shows: what is sent to it is drawn in the browser, and no saved notebook keeps it.

What a widget holds in its traits goes into a notebook that is saved with its widgets. So figures are sent as messages,
which are kept nowhere: a page that is opened again asks for them anew.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import anywidget
import vl_convert

from sendlab.charts.drawing import vl_version


class Screen(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Draws what `send` brings: HTML, and charts in the places that it has for them. `on_brush` hears of selections.

    A message is {"parts": {name: HTML}, "charts": {name: Vega-Lite specification}}; parts that are not named stay.
    """

    def __init__(self, ask: Callable[[], dict[str, Any]], on_brush: Callable[[str, list[str]], None]) -> None:
        self._esm = screen_script()
        super().__init__()
        self._ask, self._on_brush = ask, on_brush
        self.on_msg(self._heard)

    def _heard(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("kind") == "ready":  # a page shows the widget: nothing is drawn where nobody looks
            self.send(self._ask())
        elif content.get("kind") == "brush":
            self._on_brush(str(content.get("column", "")), [str(value) for value in content.get("values", [])])


@cache
def screen_script() -> str:
    """screen.js with Vega in it, so that nothing is fetched from anywhere."""
    text = (files(__package__) / "screen.js").read_text(encoding="utf-8")
    bundled: str = vl_convert.javascript_bundle(text, vl_version=vl_version())
    return bundled
