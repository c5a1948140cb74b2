"""What pages of controls share: a box that leaves one line in a notebook, keys that stay in it, a status line."""

from html import escape
from typing import Any

import anywidget
import ipywidgets as widgets

BOX_CLASS = "sendlab-explorer"


class KeysStay(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Leaves the keys pressed in the controls of a box to them; it shows nothing itself.

    Otherwise JupyterLab takes them as shortcuts: an arrow key would move to another cell, and "x" would cut one.
    """

    # JupyterLab looks for the attribute on the element that has the focus, so it is set on whatever gets it.
    _esm = f"""
    function render({{ el }}) {{
      const keep = (event) => {{
        if (event.target.closest(".{BOX_CLASS}")) event.target.setAttribute("data-lm-suppress-shortcuts", "true");
      }};
      document.addEventListener("focusin", keep);
      return () => document.removeEventListener("focusin", keep);
    }}
    export default {{ render }};
    """


class ExplorerBox(widgets.VBox):  # type: ignore[misc, unused-ignore]
    """The box, with one plain line for a saved notebook: the usual text would hold the beginning of what was drawn."""

    def __init__(self, children: Any, line: str) -> None:
        self.line = line
        super().__init__(children)
        self.add_class(BOX_CLASS)

    def __repr__(self) -> str:
        return self.line

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        return {**bundle, "text/plain": self.line} if isinstance(bundle, dict) else bundle


def status_html(text: str) -> str:
    """The status line: read out by screen readers when it changes."""
    return f'<p role="status" data-testid="status">{escape(text)}</p>'
