"""The controls of the explorer: native lists, boxes and buttons with labels, which the keyboard alone can work."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from sendlab.disclosure.guard import COLUMNS, KEY_STAGE
from sendlab.explore.selection import HELD_TO, INTERVENTION, NAMES, ON_SCREEN, groups_of
from sendlab.narrate.answers import AUTHORITY, column_of, value_words
from sendlab.schema.labels import period_name

if TYPE_CHECKING:
    from sendlab.explore.explorer import CohortExplorer

WIDE = {"width": "min(44rem, 100%)"}
HALF = {"width": "min(22rem, 100%)"}
LIST = {"width": "min(22rem, 100%)", "height": "7.5em"}
NOTHING = "(nothing)"
OWN_VIEW = "Own view: unprotected, on this screen only"
ON_SCREEN_ONLY = "For your own view only: figures by these leave your screen in no form."
FILTERS = (*COLUMNS, *ON_SCREEN, INTERVENTION)
LEADS = ("Who makes it up", "Over time", "By school", "Interventions")
EXPORTS = {"Table as CSV": "csv", "Chart as SVG": "svg", "Chart as PNG": "png", "Code for this view": "code",
           "What is chosen, for sendlab new": "view", "Pinned to the board's pack": "pin"}  # fmt: skip


@dataclass
class Controls:
    """All controls of one explorer; made by `make_controls`."""

    measure: Any
    place: Any
    period: Any
    own: Any
    by: Any
    panels: Any
    held: Any
    filters: dict[str, Any]
    ask: Any
    leads: dict[str, Any]
    export: Any
    do_export: Any
    boxes: list[Any] = field(default_factory=list)

    @property
    def that_choose(self) -> list[Any]:
        """The controls whose change draws anew."""
        return [
            self.measure,
            self.place,
            self.period,
            self.own,
            self.by,
            self.panels,
            self.held,
            *self.filters.values(),
        ]

    def chosen(self) -> dict[str, Any]:
        """What they say, as `CohortExplorer.select` takes it."""
        by = [name for name in (self.by.value, self.panels.value) if name]
        filters = {name: list(control.value) for name, control in self.filters.items() if control.value}
        return {"measure": self.measure.value, "place": self.place.value, "time_period": self.period.value or None,
                "by": list(dict.fromkeys(by)), "compare": self.held.value or "", "own": self.own.value,
                **filters}  # fmt: skip

    def comparators(self, *, whole: bool) -> list[tuple[str, str]]:
        """What figures may be held to, by the first column that is broken down by."""
        fixed = [one for one in HELD_TO if one and not (one == AUTHORITY and whole)]
        groups = groups_of(self.by.value) if self.by.value else ()
        named = [(value_words(column_of(self.by.value), group), group) for group in groups]
        return [(NOTHING, ""), *((one, one) for one in fixed), *named]


def make_controls(explorer: "CohortExplorer", *, measure: str, place: str) -> Controls:
    """Controls that stand at a measure and a place, with nothing filtered."""
    columns = [(NOTHING, ""), *((NAMES[name], name) for name in (*COLUMNS, KEY_STAGE))]
    made = Controls(
        measure=_list("Measure", [(title, name) for name, title, _ in explorer.measures().iter_rows()], measure, WIDE),
        place=_list(
            "Place", [(f"{name} ({code})", code) for code, name, *_ in explorer.places().iter_rows()], place, WIDE
        ),
        period=_list(
            "Year", [("(latest)", ""), *((period_name(one), one) for one in reversed(explorer.periods()))], "", HALF
        ),
        own=widgets.Checkbox(explorer.own_view, description=OWN_VIEW, indent=False, layout=WIDE),
        by=_list("Broken down by", columns, "sen_provision", HALF),
        panels=_list("In panels by", columns, "", HALF),
        held=_list("Held to", [(NOTHING, "")], "", HALF),
        filters={name: _several(explorer, name) for name in FILTERS},
        ask=widgets.Button(description="Ask for these figures for the board", layout={"width": "auto"}),
        leads={name: widgets.Button(description=name, layout={"width": "auto"}) for name in LEADS},
        export=_list("Take away", list(EXPORTS.items()), "csv", HALF),
        do_export=widgets.Button(description="Take away", layout={"width": "auto"}),
    )
    made.held.options = made.comparators(whole=place == explorer.authority)
    made.boxes = _laid_out(made)
    return made


def _laid_out(made: Controls) -> list[Any]:
    wrap = {"flex_flow": "row wrap"}
    everybody = widgets.Box([made.filters[name] for name in COLUMNS], layout=wrap)
    own = widgets.Box([made.filters[name] for name in FILTERS if name not in COLUMNS], layout=wrap)
    cohort = widgets.VBox([everybody, widgets.Label(ON_SCREEN_ONLY, layout=WIDE), own], layout={"display": "none"})
    opens = widgets.ToggleButton(False, description="Who is in the cohort", layout={"width": "16rem"})
    opens.observe(lambda change: setattr(cohort.layout, "display", "flex" if change["new"] else "none"), names="value")
    return [
        made.measure, made.place,
        widgets.Box([made.period, made.by, made.panels, made.held], layout=wrap), made.own, opens, cohort,
        widgets.Box([made.ask, *made.leads.values(), made.export, made.do_export], layout=wrap),
    ]  # fmt: skip


def _list(label: str, options: list[tuple[str, str]], value: str, layout: dict[str, str]) -> Any:
    style = {"description_width": "7.5rem"}
    return widgets.Dropdown(options=options, value=value, description=label, layout=layout, style=style)


def _several(explorer: "CohortExplorer", column: str) -> Any:
    options = [(value_words(column, value), value) for value in explorer.values(column)]
    style = {"description_width": "7.5rem"}
    return widgets.SelectMultiple(options=options, description=NAMES[column], layout=LIST, style=style)
