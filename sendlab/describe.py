"""What a measure is and what its figures rest on, in words: the card's definition, and the rows' people and data."""

from sendlab.disclosure.published import OwnView, Published
from sendlab.metrics.cards import card
from sendlab.narrate import one_row, rows_of
from sendlab.schema.labels import period_text

View = Published | OwnView


def definition(measure: str) -> str:
    """How a measure is counted, and where its definition comes from.

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
        ]
    )


def data_note(view: View, *, measure: str, place: str, time_period: str) -> str:
    """Which period and people the figures of a place cover, how far the data reach, and what is left out."""
    rows, about = rows_of(view, measure=measure, place=place, time_period=time_period), card(measure)
    whole = one_row(rows)
    period = period_text(time_period, rows["time_identifier"][0])
    if whole is None or not whole["base_subjects"]:
        reason = whole["note"] if whole and whole["note"] else "not shown"
        return f"{about.title}, {period}: {reason}."
    parts = [f"{about.title}, {period}: {whole['base_subjects']:,} pupils counted"]
    if whole["eligible_subjects"]:
        parts.append(f"of {whole['eligible_subjects']:,} who could be")
    if whole["data_to"]:
        parts.append(f"data to {_day(whole['data_to'])}")
    return ", ".join(parts) + (f". Note: {whole['note']}." if whole["note"] else ".")


def _day(day: object) -> str:
    return f"{day:%d %B %Y}".lstrip("0")
