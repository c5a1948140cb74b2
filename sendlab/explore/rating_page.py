"""The rating page: a section at a time, now, target and months of each statement; evidence once all is rated."""

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from sendlab.errors import SendlabError
from sendlab.explore.self_evaluation import EVIDENCE, MONTHS, TOP, Rating, label_of
from sendlab.explore.widgets import ExplorerBox, KeysStay, status_html
from sendlab.sources.sef_layout import ANCHORS

if TYPE_CHECKING:
    from sendlab.explore.self_evaluation import SelfEvaluation

IN_A_NOTEBOOK = "Self-evaluation, to be rated statement by statement: run this cell in JupyterLab to use it."
BOX_CLASS = "sendlab-rating"
OPEN, BLANK = "open", "blank"  # not decided yet; left blank on purpose
NONE = 0  # no target, no time
WORDS = {"0": "0 does not apply", "1": "1 not done", "3": "3 patchy", "5": "5 in places",
         "7": "7 across, with outcomes", "8": "8 to share", "9": "9 to share", "10": "10 to share"}  # fmt: skip
NOW = [("choose", OPEN), ("leave blank", BLANK), *((WORDS.get(str(n), str(n)), n) for n in range(TOP + 1))]
TARGET = [("none", NONE), *((str(n), n) for n in range(1, TOP + 1))]
WHEN = [("no time", NONE), *((f"{months} months", months) for months in MONTHS)]
NO_EVIDENCE_YET = "Rate first. Evidence is written when no statement is left to choose."
STYLE = (
    f"<style>.{BOX_CLASS} .widget-html-content {{ line-height: 1.25; }} .{BOX_CLASS} select {{ min-width: 0; }}</style>"
)


class RatingPage(ExplorerBox):
    """The page, built once; `status` tells how far it is and where it is saved."""

    def __init__(self, round_: "SelfEvaluation") -> None:
        self.round, self.status = round_, widgets.HTML()
        names = list(round_.sections)
        options = [(name, place) for place, name in enumerate(names)]
        self.section = widgets.Dropdown(options=options, description="Section", style={"description_width": "4rem"})
        self.rows = [[StatementRow(round_, code, self.tell) for code in codes] for codes in round_.sections.values()]
        self.parts = [widgets.VBox([row.box for row in rows]) for rows in self.rows]
        self.back, self.on = widgets.Button(description="Section before"), widgets.Button(description="Next section")
        self.back.on_click(lambda _: self._turn(-1))
        self.on.on_click(lambda _: self._turn(1))
        self.evidence = EvidencePart(round_, self.tell)
        self.section.observe(lambda _: self._turn(0), names="value")
        ratings = widgets.VBox(
            [widgets.HBox([self.section, self.back, self.on]), widgets.HTML(_anchors()), *self.parts]
        )
        tabs = widgets.Tab([ratings, self.evidence.box], titles=("1 Rate", "2 Evidence"))
        super().__init__([widgets.HTML(_head(round_)), self.status, tabs, KeysStay()], IN_A_NOTEBOOK)
        self.add_class(BOX_CLASS)
        self._turn(0)
        self.tell()

    def tell(self, fault: str = "") -> None:
        """The status line anew, and evidence opened once all is rated."""
        saved = self.round.files[0]
        kept = f"saved in {saved.parent.name}/{saved.name}" if saved.is_file() else "nothing saved yet"
        self.status.value = status_html(f"{fault or self.round.progress}; {kept}")
        self.evidence.refresh()

    def _turn(self, by: int) -> None:
        """Show one section and hide the others."""
        place = min(max(self.section.value + by, 0), len(self.parts) - 1)
        self.section.value = place
        for number, part in enumerate(self.parts):
            part.layout.display = "" if number == place else "none"
        self.back.disabled, self.on.disabled = place == 0, place == len(self.parts) - 1


class StatementRow:
    """One statement with its three controls; a change is saved at once."""

    def __init__(self, round_: "SelfEvaluation", code: str, tell: Callable[..., None]) -> None:
        self.round, self.code, self.tell = round_, code, tell
        known = round_.ratings.get(code)
        shown = known or Rating()
        now = OPEN if known is None else BLANK if shown.now is None else shown.now
        self.now = _choice(f"{code} now", NOW, now, "15rem")
        self.target = _choice(f"{code} target", TARGET, shown.target or NONE, "10rem")
        self.months = _choice(f"{code} months", WHEN, shown.months or NONE, "12rem")
        words = widgets.HTML(f"<b>{code}</b> {escape(label_of(code))}", layout={"width": "24rem"})
        self.box = widgets.HBox([words, self.now, self.target, self.months], layout={"align_items": "center"})
        self._open()
        for control in (self.now, self.target, self.months):
            control.observe(self._changed, names="value")

    def _changed(self, _: Any) -> None:
        try:
            if self.now.value == BLANK:
                self.round.leave_blank(self.code)
            elif self.now.value == OPEN:
                self.tell(f"{self.code} is still to be rated")
                return
            else:
                target = self.target.value if self.now.value else NONE
                self.round.rate(
                    self.code, self.now.value, target or None, self.months.value or None if target else None
                )
            self._open()
            self.tell()
        except SendlabError as fault:
            self.tell(fault.what)

    def _open(self) -> None:
        """Targets are for what is rated and applies; months for what has a target."""
        applies = self.now.value not in (OPEN, BLANK, 0)
        self.target.disabled = not applies
        self.months.disabled = not (applies and self.target.value)


class EvidencePart:
    """Evidence, piece by piece; closed until all is rated."""

    def __init__(self, round_: "SelfEvaluation", tell: Callable[..., None]) -> None:
        self.round, self.tell = round_, tell
        codes = [(f"{code} {label_of(code)}", code) for codes in round_.sections.values() for code in codes]
        kinds = [(kind, kind) for kind in EVIDENCE.column("type").allowed]
        self.statement = _choice("Statement", codes, codes[0][1], "min(44rem, 100%)")
        self.kind = _choice("Kind", kinds, kinds[0][1], "18rem")
        self.shared = widgets.Checkbox(description="offered to other schools", indent=False)
        self.note = widgets.Textarea(description="What it is", placeholder="no names of children or staff", rows=2,
                                     layout={"width": "min(44rem, 100%)"})  # fmt: skip
        self.add = widgets.Button(description="Write down", button_style="primary")
        self.add.on_click(self._add)
        self.closed, self.list = widgets.HTML(f"<p>{NO_EVIDENCE_YET}</p>"), widgets.HTML()
        self.open = widgets.VBox(
            [self.statement, widgets.HBox([self.kind, self.shared]), self.note, self.add, self.list]
        )
        self.box = widgets.VBox([self.closed, self.open])

    def _add(self, _: Any) -> None:
        try:
            self.round.add_evidence(
                self.statement.value, self.kind.value, shared=self.shared.value, note=self.note.value
            )
            self.note.value, self.shared.value = "", False
            self.tell(f"evidence for {self.statement.value} written down")
        except SendlabError as fault:
            self.tell(fault.what)

    def refresh(self) -> None:
        """Open once all is rated; the pieces so far, the last first."""
        ready = not self.round.to_do
        self.closed.layout.display, self.open.layout.display = ("none", "") if ready else ("", "none")
        lines = "".join(
            f"<li>{one['statement']}: {escape(one['type'] or '')}, {one['recorded_on']:%d/%m/%Y}"
            f"{', offered to other schools' if one['shared'] else ''}</li>"
            for one in reversed(self.round.evidence)
        )
        self.list.value = f"<p>{len(self.round.evidence)} pieces</p><ul>{lines}</ul>"


def rating_page(round_: "SelfEvaluation") -> RatingPage:
    """The page of a round."""
    return RatingPage(round_)


def _choice(label: str, options: list[Any], value: Any, width: str) -> widgets.Dropdown:
    style = {"description_width": "5.5rem" if " " in label else "5rem"}
    return widgets.Dropdown(options=options, value=value, description=label, style=style, layout={"width": width})


def _head(round_: "SelfEvaluation") -> str:
    return f"{STYLE}<b>SEND self-evaluation: {escape(round_.school_name)}</b>, {round_.round_on:%d/%m/%Y}, {round_.who}"


def _anchors() -> str:
    told = "".join(f"<li><b>{escape(rating)}</b> {escape(words)}</li>" for rating, words in ANCHORS)
    return f"<details><summary>What the ratings stand for</summary><ul>{told}</ul></details>"
