"""Titles of charts: the finding in about ten words, from the figures that the chart shows; they state no cause."""

from sendlab.metrics.cards import Card
from sendlab.schema.labels import NOT_SHOWN


def counted(number: int, noun: str) -> str:
    """A number of things in words.

    >>> counted(0, "school"), counted(1, "school"), counted(3, "school")
    ('no school', '1 school', '3 schools')
    """
    return f"no {noun}" if number == 0 else f"{number} {noun}{'' if number == 1 else 's'}"


def funnel_title(about: Card, *, shown: int, far: int, limits: bool, chosen: tuple[str, str] | None = None) -> str:
    """How many schools lie outside the 99.8 % limits; or where the chosen one (name, place in words) lies."""
    if not shown:
        return f"{about.title}: no school with 30 pupils or more can be shown"
    if not limits:
        return f"{about.title}: no limits, as the figure of the LA is {NOT_SHOWN}"
    if chosen:
        return f"{about.title}: {chosen[0]} {chosen[1]}"
    if not far:
        return f"{about.title}: no school outside the 99.8% limits"
    return f"{about.title}: {far} of {counted(shown, 'school')} outside the 99.8% limits"
