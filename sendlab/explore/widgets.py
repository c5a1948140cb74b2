"""The two controls of the explorer and what they change, as one ipywidgets box that the keyboard alone can work."""

import base64
from html import escape
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as widgets

from sendlab.errors import SendlabError
from sendlab.explore.views import NOT_KEPT, View, shown

if TYPE_CHECKING:
    from sendlab.explore.explorer import CohortExplorer

IN_A_NOTEBOOK = "Cohort explorer with two controls, measure and place: run this cell in JupyterLab to use it."
NOT_DRAWN_YET = "Own view: choose a measure or a place, and it is drawn here. Nothing of it is kept in this notebook."
WIDE = {"width": "min(44rem, 100%)"}
BOX_CLASS = "sendlab-explorer"
STYLE = f"<style>.{BOX_CLASS} th, .{BOX_CLASS} td {{ padding: 0.2em 0.7em; }}</style>"


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


def explorer_box(explorer: "CohortExplorer", *, measure: str, place: str, audience: str = "board") -> ExplorerBox:
    """Controls, output and status line. Each change redraws the output and the status line from one view.

    The box starts at `measure` and `place`, which must be among the options. An own view is drawn from the first change
    on only: what is drawn while a notebook runs without a person would be kept in the file.
    """
    measures = [(title, name) for name, title, _ in explorer.measures().iter_rows()]
    places = [(f"{name} ({code})", code) for code, name, *_ in explorer.places().iter_rows()]
    which, where = _control("Measure", measures, measure), _control("Place", places, place)
    output, status = widgets.HTML(), widgets.HTML()

    def redraw(_: Any = None) -> None:
        output.value, status.value = parts(explorer, which.value, where.value, audience)

    for control in (which, where):
        control.observe(redraw, names="value")
    if explorer.own_view:
        output.value, status.value = "", status_html(NOT_DRAWN_YET)
    else:
        redraw()
    return ExplorerBox([which, where, status, output, KeysStay()], NOT_KEPT if explorer.own_view else IN_A_NOTEBOOK)


def _control(label: str, options: list[tuple[str, str]], value: str) -> widgets.Dropdown:
    style = {"description_width": "5rem"}
    return widgets.Dropdown(options=options, value=value, description=label, layout=WIDE, style=style)


def parts(explorer: "CohortExplorer", measure: str, place: str, audience: str = "board") -> tuple[str, str]:
    """Output and status line as HTML; where there is nothing to show, both say so."""
    try:
        view = explorer.select(measure=measure, place=place, audience=audience)
        return output_html(view), status_html(view.status)
    except SendlabError as fault:
        return f"<p>{escape(fault.next_step)}</p>", status_html(f"Nothing is shown: {fault.what}")


def status_html(text: str) -> str:
    """The status line: read out by screen readers when it changes."""
    return f'<p role="status" data-testid="status">{escape(text)}</p>'


def output_html(view: View) -> str:
    """Chart (with its alt text), sentence and table of a view."""
    return (
        f'{STYLE}<div data-testid="output">{_picture(shown(view.chart))}'
        f'<p data-testid="sentence">{escape(view.sentence)}</p>{shown(view.table).to_html()}</div>'
    )


def _picture(chart: Any) -> str:
    """The chart as an image of its own: its ids cannot meet those of other charts on the page."""
    from sendlab.charts import svg

    data = base64.b64encode(svg(chart).encode()).decode("ascii")
    words = escape(" ".join(str(chart.description).split()), quote=True)
    return f'<img alt="{words}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'
