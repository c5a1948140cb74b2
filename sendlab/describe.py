"""What a measure is and what its figures rest on, in words: the card's definition, and the rows' people and data."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from sendlab.compare import MAX_AGE
from sendlab.disclosure.published import NATION, OwnView, Published
from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card
from sendlab.narrate import Row, one_row, rows_of
from sendlab.narrate.rows import in_words, or_else
from sendlab.schema.labels import day_name, period_name, period_text

View = Published | OwnView
OWN_DEFINITION = (
    "This authority counts it in a way of its own: it is not the national measure of that name, and no national figure "
    "stands beside it."
)


def definition(measure: str) -> str:
    """How a measure is counted, where its definition comes from, and whether that is the authority's own.

    >>> definition("persistent_absence").splitlines()[0]
    'Persistent absence, % of pupils.'
    """
    about = card(measure)
    return "\n".join(
        [
            f"{about.title}, {about.unit}.",
            f"Counted: {about.numerator}.",
            f"Out of: {about.denominator}.",
            f"Captured: {about.captured}.",
            f"Source: {about.source}.",
            *([OWN_DEFINITION] if about.own == "redefined" else []),
        ]
    )


@or_else(in_words)
def data_note(view: View, *, measure: str, place: str, time_period: str) -> str:
    """Which period and people the figures of a place cover, how far the data reach, and what is left out."""
    rows, about = rows_of(view, measure=measure, place=place, time_period=time_period), card(measure)
    whole, period = one_row(rows), period_text(time_period, rows["time_identifier"][0])
    history = _history(view, measure, time_period)
    if whole is None or not whole["base_subjects"]:
        reason = whole["note"] if whole and whole["note"] else "not shown"
        return f"{about.title}, {period}: {reason}.{history}"
    return f"{counted_note(f'{about.title}, {period}', whole, about)}{history}"


def counted_note(start: str, row: Row, about: Card, between: str = " ") -> str:
    """Behind a start: how many count, of how many who could, how far the data reach, and the row's own note."""
    parts = [f"{start}: {row['base_subjects']:,} {about.counted} counted"]
    if row["eligible_subjects"]:
        parts.append(f"of {row['eligible_subjects']:,} who could be")
    if row["data_to"]:
        parts.append(f"data to {day_name(row['data_to'])}")
    note = f"{between}Note: {row['note']}." if row["note"] else ""
    return f"{', '.join(parts)}.{note}"


def _history(view: View, measure: str, time_period: str) -> str:
    """That the only national figures held are too old to compare with, and what to fetch; or why there can be none."""
    if card(measure).own == "redefined":
        return f" {OWN_DEFINITION}"
    if card(measure).own == "added":
        return " It is a measure of this authority's own: there is no national figure of it."
    national = view.of(measure, NATION).filter(pl.col("value").is_not_null())
    latest = national["time_period"].max()
    if latest is None:
        return " No national figure is in the workspace."
    if int(time_period[:4]) - int(str(latest)[:4]) <= MAX_AGE:
        return ""
    return (
        f" The latest national figure in the workspace is of {period_name(str(latest))}: history, not a comparator; "
        "fetch the newest file from Explore Education Statistics."
    )


def freshness(view: View, *, measures: Sequence[str], place: str, time_period: str) -> str:
    """Where the figures of these measures come from and how far they reach; and in one line what was not collected.

    A line a source, as the cards name it: figures of a census and of notifications are never told as one.
    """
    reach: dict[tuple[str, str], list[str]] = {}
    missing = []
    for measure in measures:
        about, (collected, until) = card(measure), _collected(view, measure, place, time_period)
        if not collected:
            missing.append(about.title)
            continue
        source = about.captured.split(";")[0]
        reach.setdefault((source[:1].upper() + source[1:], until), []).append(about.title)
    lines = [f"{source}{f', data to {until}' if until else ''}: {', '.join(names)}."
             for (source, until), names in reach.items()]  # fmt: skip
    when = period_name(time_period)
    if not missing:
        return "\n".join([*lines, f"All that this page is about was collected for {when}."])
    return "\n".join([*lines, f"Not collected for {when}: {', '.join(missing)}."])


def _collected(view: View, measure: str, place: str, time_period: str) -> tuple[bool, str]:
    """Whether anything was collected of a measure for a place and period, and the last day of the data."""
    try:
        rows = rows_of(view, measure=measure, place=place, time_period=time_period)
    except NothingToShow:
        return False, ""
    own = rows.filter(pl.col("comparator") == "")
    collected = bool((own["status"] != "x").any())
    days: list[date] = own["data_to"].drop_nulls().to_list()
    return collected, day_name(max(days)) if days else ""
