"""Where a gap leads on to: who makes it up, how it was in other years, at which schools, and what those pupils had."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from sendlab.disclosure.published import OwnView
from sendlab.errors import NothingToShow, SendlabError
from sendlab.explore.selection import can_be_asked
from sendlab.explore.views import ABOUT, Exhibit, View
from sendlab.metrics.cards import card
from sendlab.narrate.answers import Answered, answered
from sendlab.narrate.strength import gap_of
from sendlab.schema.labels import period_name, period_text
from sendlab.schema.measures import as_measures
from sendlab.tables import ShownTable, funnel_table, schools_table, show_table
from sendlab.tables.answers import table_of
from sendlab.tables.further import gap_parts_table, multiples_table

NOT_RELEASED = "only the figures by SEN provision were released for this; look for yourself with own=True"
NO_SEN = "No SEN"


def gap_parts(view: View, by: str, group: str = "") -> Exhibit:
    """The gap of a group to what it is held to, split by the values of a column."""
    from sendlab.charts.waterfall import plot_gap_parts

    first, compare = _first(view), view.selection.compare or NO_SEN
    question = view.selection.question
    if not view.own or not can_be_asked(view.measure):
        raise SendlabError("who makes up a gap was not released", next_step=NOT_RELEASED)
    if by in question.columns or by == first:
        raise SendlabError(f"the cohort is chosen by {by} already", next_step="split the gap by another column")
    apart = question.coarser(by=(first, by))
    whole = question.coarser(by=(first,))
    parts = [
        view.explorer.own.rows(replace(view.selection, question=one, compare=""), view.place) for one in (apart, whole)
    ]
    held = OwnView(pl.concat(parts))
    wanted: dict[str, Any] = {"group": group or _farthest(held, whole, compare), "compare": compare}
    wanted["also"] = view.selection.also
    return Exhibit(view.kept(plot_gap_parts(held, apart, **wanted)), view.kept(gap_parts_table(held, apart, **wanted)))


def _first(view: View) -> str:
    by = view.selection.question.by
    if not by:
        raise SendlabError("one cohort alone has no gap", next_step="break it down: by=...")
    return by[0]


def _farthest(view: OwnView, question: Any, compare: str) -> str:
    """The group that is farthest from the one it is held to."""
    found = answered(view, question, compare=compare)
    gaps = {name: gap for name, other in found.against.items() if (gap := gap_of(found.groups[name], other))}
    if not gaps:
        raise NothingToShow(f"no group can be compared with {compare}")
    name = max(gaps, key=lambda one: abs(gaps[one]["value"]))
    return str(found.groups[name][question.by[0]])


def over_time(view: View) -> Exhibit:
    """The figure of the cohort in every year; of a plain view the usual chart, with the nation beside it."""
    from sendlab.charts import plot_multiples
    from sendlab.charts.answers import picture_of

    if view.plain or not view.own:
        if not view.plain:
            raise SendlabError("other years of this cohort were not released", next_step=NOT_RELEASED)
        what = {"measure": view.measure, "place": view.place}
        return Exhibit(
            view.kept(plot_multiples(view.figures, **what)), view.kept(multiples_table(view.figures, **what))
        )
    rows = {
        year: _cohort(view, view.place, year) for year in view.explorer.periods(measure=view.measure, place=view.place)
    }
    kind = view.total["time_identifier"] if view.total else ""  # part-year figures never beside those of a whole year
    alike = {year: row for year, row in rows.items() if row is not None and row["time_identifier"] == kind}
    found = _as_lines(view, {period_name(year): row for year, row in alike.items()})
    return Exhibit(
        view.kept(picture_of(view.figures, found, "by year")), view.kept(table_of(view.figures, found, "by year"))
    )


def by_school(view: View) -> Exhibit:
    """The cohort at every school."""
    from sendlab.charts import plot_funnel, plot_schools
    from sendlab.charts.answers import picture_of

    if view.plain:
        what = {"measure": view.measure, "group": _about(view), "time_period": view.time_period}
        everywhere = view.explorer.of_all_places(view)
        funnel = card(view.measure).kind == "share"
        chart, table = (plot_funnel, funnel_table) if funnel else (plot_schools, schools_table)
        return Exhibit(view.kept(chart(everywhere, **what)), view.kept(table(everywhere, **what)))
    if not view.own:
        raise SendlabError("the schools of this cohort were not released", next_step=NOT_RELEASED)
    schools = view.explorer.places().filter(pl.col("geographic_level") == "School").sort("place_name", "place_code")
    rows = {name: _cohort(view, code, view.time_period) for code, name in
            schools.select("place_code", "place_name").iter_rows()}  # fmt: skip
    found = _as_lines(view, {name: row for name, row in rows.items() if row is not None})
    return Exhibit(
        view.kept(picture_of(view.figures, found, "by school")), view.kept(table_of(view.figures, found, "by school"))
    )


def _about(view: View) -> str:
    """The group of SEN provision with a figure that a plain view is about."""
    shown = view.rows.filter((pl.col("comparator") == "") & pl.col("value").is_not_null())["sen_provision"].to_list()
    return next((group for group in ABOUT if group in shown), ABOUT[0])


def _cohort(view: View, place: str, time_period: str) -> dict[str, Any] | None:
    """The row of the cohort as a whole at another place or in another year."""
    question = view.selection.question.coarser(by=(), places=(place,), time_period=time_period)
    rows = view.explorer.own.rows(replace(view.selection, question=question, compare=""), place)
    return rows.row(0, named=True) if rows.height else None


def _as_lines(view: View, rows: dict[str, dict[str, Any]]) -> Answered:
    if not rows:
        raise NothingToShow(f"no figures of '{card(view.measure).title}' for this cohort")
    found = answered(view.figures, view.selection.question, compare=view.selection.compare, also=view.selection.also)
    return Answered(found.about, found.cohort, found.total, rows)


def interventions(view: View) -> Any:
    """How many pupils of the cohort had each intervention in the year, for the own screen."""
    if not view.own:
        raise SendlabError("what the pupils of a cohort had was not released", next_step=NOT_RELEASED)
    rows = view.explorer.own.interventions(view.selection)
    if rows.is_empty():
        raise NothingToShow("no intervention is recorded for pupils of this cohort in the year")
    when = period_text(view.time_period, "")
    cohort = (
        answered(view.figures, view.selection.question, also=view.selection.also).cohort
        if not view.plain
        else "all pupils"
    )
    table: ShownTable = show_table(
        OwnView(as_measures(rows.select(
            pl.lit("intervention_gain").alias("measure"), pl.lit(view.time_period).alias("time_period"),
            pl.col("intervention").alias("item"), pl.col("pupils").alias("base_subjects"),
        ))),
        columns={"item": "Intervention", "base_subjects": "Pupils of the cohort"},
        caption=f"Interventions of {cohort}, {when}: a pupil with two stands in both",
    )  # fmt: skip
    return view.kept(table)
