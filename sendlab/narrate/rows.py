"""Choosing the rows of a view that a sentence, chart or table is about."""

from collections.abc import Callable
from functools import reduce, wraps
from operator import and_
from typing import Any, ParamSpec, TypeVar

import polars as pl

from sendlab.disclosure.published import OwnView, Published, require_view
from sendlab.errors import NothingToShow, SendlabError
from sendlab.metrics.cards import card
from sendlab.schema.labels import FULL_YEAR, period_name

View = Published | OwnView
Row = dict[str, Any]
Asked = ParamSpec("Asked")
Shown = TypeVar("Shown")
# By these columns an own view, and every table of published figures, is broken down too.
ELSE = ("sen_primary_need", "nc_year", "sex", "fsm_status", "ethnicity_major")
LEVELS = ("School", "Local authority", "National")  # an own view may also hold the LA without each school, as a means


def rows_of(view: View, *, measure: str, place: str, time_period: str = "", time_identifier: str = "") -> pl.DataFrame:
    """Figures and gaps of one measure and place, of one kind of period (the full year unless another is named).

    `place` is a place code. Raises NothingToShow where these figures hold none of the place or period, GateError for
    anything but a view.
    """
    require_view(view)
    title = card(measure).title
    rows = view.of(measure, place).filter(pl.col("geographic_level").is_in(LEVELS))
    if rows.is_empty():
        raise _nothing(title, "place", place, view.of(measure).filter(pl.col("geographic_level").is_in(LEVELS)))
    if time_period:
        if time_period not in set(rows["time_period"]):
            raise _nothing(title, "period", time_period, rows)
        rows = rows.filter(pl.col("time_period") == time_period)
    return one_kind_of_period(rows, time_identifier)


def _nothing(title: str, word: str, wanted: str, rows: pl.DataFrame) -> NothingToShow:
    """That a measure has no figures of a place or period, and of which it has."""
    known = sorted(set(rows["place_code" if word == "place" else "time_period"]))
    names = known if word == "place" else [period_name(period) for period in known]
    shown = ", ".join(names[:8]) + (", ..." if len(known) > 8 else "")
    asked = f"place '{wanted}'" if word == "place" else period_name(wanted)
    return NothingToShow(f"no figures of '{title}' for {asked}", next_step=f"there are: {shown or 'none'}")


def or_else(instead: Callable[[View, str], Shown]) -> Callable[[Callable[Asked, Shown]], Callable[Asked, Shown]]:
    """For a function that makes a chart, table or sentence of a view: what it gives where there is nothing to show.

    So the report of a school that has closed, or of a nursery without tests, is whole and says what is not there. The
    view is the function's first parameter.
    """

    def decorated(make: Callable[Asked, Shown]) -> Callable[Asked, Shown]:
        @wraps(make)
        def made(*args: Asked.args, **asked: Asked.kwargs) -> Shown:
            try:
                return make(*args, **asked)
            except NothingToShow as nothing:
                view: Any = args[0] if args else asked["view"]
                return instead(view, nothing.sentence)

        return made

    return decorated


def in_words(_: View, sentence: str) -> str:
    """For sentences: the words themselves."""
    return sentence


def one_kind_of_period(rows: pl.DataFrame, time_identifier: str = "") -> pl.DataFrame:
    """The rows of one kind of period: the one named, else the full year, else the only one there is."""
    kinds = sorted(set(rows["time_identifier"].fill_null("").to_list()))
    wanted = time_identifier or (FULL_YEAR if FULL_YEAR in kinds else kinds[0] if len(kinds) == 1 else "")
    if (kinds and wanted not in kinds) or (not wanted and len(kinds) > 1):
        raise SendlabError(
            f"no single kind of period to show: wanted '{wanted}', there are {', '.join(kinds)}",
            next_step="name one: time_identifier=...",
        )
    return rows.filter(pl.col("time_identifier").fill_null("") == wanted)


def of_everybody_else() -> pl.Expr:
    """Rows that are broken down by SEN provision, need area or item at most: a boys' row is not that of the group."""
    return pl.all_horizontal(pl.col(name) == "Total" for name in ELSE)


def one_row(rows: pl.DataFrame, *, group: str = "Total", need: str = "Total", item: str = "Total", comparator: str = "",
            time_period: str = "") -> Row | None:  # fmt: skip
    """The one row of a group, need area and item, or None where there is none; not broken down by anything else."""
    wanted = {"sen_provision": group, "need_area": need, "item": item, "comparator": comparator}
    wanted |= dict.fromkeys(ELSE, "Total") | ({"time_period": time_period} if time_period else {})
    # column by column: a report asks for some fifty rows, and a query costs twice as much
    places = reduce(and_, (rows[name] == text for name, text in wanted.items())).arg_true()
    return rows.row(places[0], named=True) if len(places) else None


def gap_row(rows: pl.DataFrame, *, group: str, comparator: str = "No SEN") -> Row | None:
    """The gap of a group, with the smaller base of its two sides: that is how finely it was rounded."""
    gap = one_row(rows, group=group, comparator=comparator)
    sides = [side["base_subjects"] for side in (gap, one_row(rows, group=comparator)) if side is not None]
    return None if gap is None else {**gap, "base_subjects": min((s for s in sides if s is not None), default=None)}
