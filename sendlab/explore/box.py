"""The explorer as one box: each change of a control draws chart, sentence, table and status line from one view."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from sendlab.errors import NothingToShow, SendlabError
from sendlab.explore import brush
from sendlab.explore.controls import Controls, make_controls
from sendlab.explore.export import export
from sendlab.explore.screen import Screen
from sendlab.explore.views import NOT_KEPT, Exhibit, View, shown
from sendlab.explore.widgets import BOX_CLASS, ExplorerBox, KeysStay, status_html

if TYPE_CHECKING:
    from sendlab.explore.explorer import CohortExplorer

IN_A_NOTEBOOK = "Cohort explorer with controls for measure, place and cohort: run this cell in JupyterLab to use it."
_CELLS = f".{BOX_CLASS} th, .{BOX_CLASS} td {{ padding: 0.2em 0.7em; }}"
STYLE = f"<style>{_CELLS} .{BOX_CLASS} svg {{ max-width: 100%; }}</style>"
CHART = '<div data-chart="{}"></div>'
Message = dict[str, Any]


class Page:
    """What stands behind a box: reads the controls, makes the view, and sends what is to be drawn."""

    def __init__(self, explorer: "CohortExplorer", controls: Controls, audience: str) -> None:
        self.explorer, self.controls, self.audience = explorer, controls, audience
        self.view: View | None = None
        self.number = 0  # of messages sent
        self.screen = Screen(self.message, self._brushed)
        self._quiet = False
        for control in controls.that_choose:
            control.observe(self._changed, names="value")
        controls.ask.on_click(lambda _: self._do(self._ask))
        controls.do_export.on_click(lambda _: self._do(self._export))
        for name, button in controls.leads.items():
            button.on_click(lambda _, name=name: self._do(lambda: self._lead(name)))

    # ---- what is sent

    def message(self) -> Message:
        """All that is on view now, as the screen draws it."""
        return self._numbered(self._of(lambda: self.explorer.select(**self._asked())))

    def _asked(self) -> dict[str, Any]:
        return {**self.controls.chosen(), "audience": self.audience}

    def _of(self, make: Callable[[], View]) -> Message:
        try:
            self.view = make()
            return message_of(self.view)
        except SendlabError as fault:
            self.view = None
            return nothing_of(fault)

    def _numbered(self, message: Message) -> Message:
        self.number += 1
        return {**message, "number": self.number}

    def _send(self, message: Message) -> None:
        self.screen.send(self._numbered(message))

    # ---- what people do

    def _changed(self, change: Any) -> None:
        if self._quiet:
            return
        if change["owner"] in (self.controls.by, self.controls.place):
            self._offer_comparators()
        self.screen.send(self.message())

    def _offer_comparators(self) -> None:
        held = self.controls.held
        options = self.controls.comparators(whole=self.controls.place.value == self.explorer.authority)
        kept = held.value if held.value in [value for _, value in options] else ""
        with self._quietly():
            held.options, held.value = options, kept

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Controls set here draw nothing."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def _brushed(self, column: str, values: list[str]) -> None:
        """What was brushed becomes a filter, as if it had been chosen in its list."""
        control = self.controls.filters.get(column)
        if control is not None:
            known = [value for _, value in control.options]
            control.value = tuple(value for value in values if value in known)

    def _do(self, what: Callable[[], Message]) -> None:
        """Something beside the view: what comes of it, or why nothing does, in words."""
        try:
            self._send(what())
        except SendlabError as fault:
            self._send({"parts": {"lead": _said(f"{fault.what}. {fault.next_step}".strip())}})

    def _ask(self) -> Message:
        chosen = self._selection()
        message = self._of(lambda: self.explorer.judged(chosen, self.audience))
        if self.view is not None:
            with self._quietly():
                self.controls.own.value = False
        return message

    def _selection(self) -> Any:
        """What the controls say as a selection, whether or not it was released."""
        return self.explorer.select(**{**self._asked(), "own": True}).selection

    def _shown(self) -> View:
        if self.view is None:
            raise SendlabError("nothing is on view", next_step="choose another measure, place or cohort first")
        return self.view

    def _export(self) -> Message:
        done = export(self._shown(), self.controls.export.value, audience=self.audience)
        return {"parts": {"lead": done.as_html()}}

    def _lead(self, name: str) -> Message:
        view = self._shown()
        if name == "Interventions":
            return {"parts": {"lead": shown(view.interventions()).to_html()}}
        ways: dict[str, Callable[[], Exhibit]] = {
            "Who makes it up": lambda: view.made_of(_parts_by(view)), "Over time": view.over_time,
            "By school": view.by_school,
        }  # fmt: skip
        try:
            return _lead_message(ways[name]())
        except NothingToShow as nothing:
            return {"parts": {"lead": _said(nothing.sentence)}}


def explorer_box(explorer: "CohortExplorer", *, measure: str, place: str, audience: str = "board") -> ExplorerBox:
    """All controls and what they show. The box starts at `measure` and `place`, which must be among the options."""
    controls = make_controls(explorer, measure=measure, place=place)
    page = Page(explorer, controls, audience)
    box = ExplorerBox([*controls.boxes, page.screen, KeysStay()], NOT_KEPT if explorer.own_view else IN_A_NOTEBOOK)
    box.page = page
    return box


def view_box(view: View) -> ExplorerBox:
    """One view by itself, without controls."""
    screen = Screen(lambda: message_of(view), lambda column, values: None)
    return ExplorerBox([screen], repr(view))


def message_of(view: View) -> Message:
    """A view as the screen draws it: status line, chart, sentence and table; of an own view, bars to brush as well."""
    bars = brush.bars_of(view)
    places = "".join(CHART.format(name) for name in bars)
    sentence = f'<p data-testid="sentence">{escape(shown(view.sentence))}</p>'
    output = (
        f'{STYLE}<div data-testid="output">{CHART.format("main")}{sentence}{places}{shown(view.table).to_html()}</div>'
    )
    return {"parts": {"status": status_html(shown(view.status)), "output": output, "lead": ""},
            "charts": {"main": spec_of(shown(view.chart)), **bars}}  # fmt: skip


def nothing_of(fault: SendlabError) -> Message:
    """Why there is nothing to see, and what to do."""
    told = f'{STYLE}<div data-testid="output"><p>{escape(fault.next_step)}</p></div>'
    return {"parts": {"status": status_html(f"Nothing is shown: {fault.what}"), "output": told, "lead": ""}}


def spec_of(chart: Any) -> dict[str, Any]:
    """A chart as Vega-Lite, as it is sent."""
    spec: dict[str, Any] = chart.to_dict(validate=False)
    return spec


def _said(text: str) -> str:
    return f'<p role="status" data-testid="lead">{escape(text)}</p>'


def _lead_message(exhibit: Exhibit) -> Message:
    html = f'<div data-testid="lead">{CHART.format("lead")}{shown(exhibit.table).to_html()}</div>'
    return {"parts": {"lead": html}, "charts": {"lead": spec_of(shown(exhibit.chart))}}


def _parts_by(view: View) -> str:
    """The column by which a gap is split: year groups, or what else the cohort is not chosen by."""
    used = {*view.selection.question.columns, *(name for name in view.selection.question.by)}
    return next((name for name in ("nc_year", "sex", "fsm_status") if name not in used), "ethnicity_major")
