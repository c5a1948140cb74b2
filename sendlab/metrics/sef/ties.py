"""What bears on each statement of the self-evaluation: ties.toml, whose head says what each key means."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sendlab.codes import read_codes
from sendlab.metrics.cards import Card, card
from sendlab.metrics.publication import SCHOOL_LEVEL, declared


@dataclass(frozen=True)
class Tie:
    """A measure that bears on statements, with the group whose figure it is."""

    measure: str
    group: str
    by_phase: bool = False
    each: bool = False
    innocent: str = ""

    @property
    def card(self) -> Card:
        """The card of the measure: it says which way is better."""
        return card(self.measure)

    @property
    def published(self) -> bool:
        """Whether a declared table holds the measure for schools."""
        return any(self.measure in table.measures and SCHOOL_LEVEL in table.levels for table in declared()[0])


@dataclass(frozen=True)
class Tied:
    """A statement with what bears on it and the question to ask; without ties, what there would have to be."""

    statement: str
    label: str
    section: str
    ties: tuple[Tie, ...]
    ask: str = ""
    needed: str = ""


@cache
def tied() -> dict[str, Tied]:
    """{statement: what bears on it}, all 45 in the order of the tool; ValueError where ties.toml is not whole.

    >>> [tie.measure for tie in tied()["O6"].ties], tied()["L4"].ties
    (['persistent_absence', 'absence', 'bullied_pupils'], ())
    """
    given = tomllib.loads((files(__package__) / "ties.toml").read_text(encoding="utf-8"))
    ties = {name: Tie(name, **about) for name, about in given["measure"].items()}
    if unfit := [name for name, tie in ties.items() if tie.card.polarity == "none"]:
        raise ValueError(f"ties.toml: no better or worse in {', '.join(unfit)}")
    codes = read_codes("sef_statement")
    if set(given["statement"]) != {code.code for code in codes}:
        raise ValueError("ties.toml: not the statements of codes/sef_statement.csv")
    return {
        code.code: _tied(code.code, code.label, code.notes["section"], ties, given["statement"][code.code])
        for code in codes
    }


def _tied(code: str, label: str, section: str, ties: dict[str, Tie], given: dict[str, Any]) -> Tied:
    if not (bool(given.get("needed")) ^ (bool(given.get("ties")) and bool(given.get("ask")))):
        raise ValueError(f"ties.toml: '{code}' has either ties and a question, or what is needed")
    named = given.pop("ties", [])
    if unknown := [name for name in named if name not in ties]:
        raise ValueError(f"ties.toml: '{code}' is tied to {', '.join(unknown)}, which no [measure] describes")
    return Tied(code, label, section, tuple(ties[name] for name in named), **given)


def tied_measures() -> list[str]:
    """The ratings and every published measure that is tied to a statement: what says-against-shows is made of.

    >>> tied_measures()[:2]
    ['sef_now', 'ks2_reading_progress']
    """
    ties = dict.fromkeys(tie for about in tied().values() for tie in about.ties if tie.published)
    return ["sef_now", *(tie.measure for tie in ties)]
