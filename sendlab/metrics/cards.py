"""The card of each measure: what it is in words, how it is counted and how it may be shown."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Kind = Literal["share", "events", "sum", "mean", "effect", "rating"]


@dataclass(frozen=True)
class Card:
    """One measure. The meaning of each field stands at the head of cards.toml."""

    measure: str
    topic: str
    title: str
    outcome: str
    numerator: str
    denominator: str
    captured: str
    reported_to: str
    unit: str
    decimals: int
    kind: Kind
    base: str
    polarity: Literal["low", "high", "none"]
    period_kind: str
    breakdowns: tuple[str, ...]
    source: str
    smallest_base: int
    at_most: str = ""
    model_residual_df: int = 0


@cache
def cards() -> dict[str, Card]:
    """{measure: card}, in the order of cards.toml.

    >>> cards()["persistent_absence"].unit
    '% of pupils'
    """
    text = (files(__package__) / "cards.toml").read_text(encoding="utf-8")
    return {
        name: Card(measure=name, **{**fields, "breakdowns": tuple(fields["breakdowns"])})
        for name, fields in tomllib.loads(text).items()
    }


def card(measure: str) -> Card:
    """The card of one measure; a name that is not there is an error with the near names."""
    from difflib import get_close_matches

    from sendlab.errors import SendlabError

    known = cards()
    if measure in known:
        return known[measure]
    near = get_close_matches(measure, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"measures: {', '.join(known)}"
    raise SendlabError(f"no measure is called '{measure}'", next_step=hint)
