"""The card of each measure: what it is in words, how it is counted and how it may be shown."""

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from sendlab.errors import SendlabError, did_you_mean
from sendlab.schema import own
from sendlab.schema.groups import ALL_SEN, TOTAL

Kind = Literal["share", "events", "sum", "mean", "count", "effect", "rating"]
Breakdown = tuple[str, ...]  # columns broken down by at once: one, or two that are crossed
# What a base counts, by the word of `subject`.
COUNTED = {
    "pupil": "pupils", "person": "children and young people", "family": "parents and carers",
    "staff": "members of staff", "place": "schools",
}  # fmt: skip
SEVERAL = "People"  # where they are not all of one kind
CROSSED = " x "  # how two columns that are crossed are written on a card


@dataclass(frozen=True)
class Card:
    """One measure. The meaning of each field stands at the head of declared/README.md."""

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
    period_kind: Literal["full-year", "part-year", "point"]
    breakdowns: tuple[Breakdown, ...]
    source: str
    smallest_base: int
    subject: str = "pupil"
    la_breakdowns: tuple[Breakdown, ...] = ()
    periods: tuple[str, ...] = ("year",)
    lines: tuple[str, ...] = ()
    parts_of: str = ""
    at_most: str = ""
    among: str = ""
    among_total: str = ""
    says_eligible: bool = True
    cumulative_over: str = ""
    told_by: str = ""
    compared: bool = True
    model_residual_df: int = 0
    # Whether the workspace added it, or defines one of the package's measures otherwise; in no checksum of a card.
    own: Literal["", "added", "redefined"] = field(default="", repr=False)

    @property
    def of_people(self) -> bool:
        """Whether people are counted in it; not in schools' ratings of themselves, nor in money and staff hours."""
        return self.kind != "rating" and self.subject != "place"

    @property
    def counted(self) -> str:
        """What its base counts, as a word for readers.

        >>> card("parents_agree").counted
        'parents and carers'
        """
        return COUNTED[self.subject]


@own.of_workspace
@cache
def cards() -> dict[str, Card]:
    """{measure: card}: the package's, as the workspace in use defines them, then those that it adds.

    >>> cards()["persistent_absence"].unit
    '% of pupils'
    """
    if not own.in_use().cards:
        return package_cards()
    from sendlab.metrics.own_cards import own_cards  # which few workspaces need

    return package_cards() | own_cards(own.in_use().cards)


@cache
def package_cards() -> dict[str, Card]:
    """{measure: card}, topic by topic in the order of the files of `declared`, and in a file as it stands there."""
    folder = files(__package__) / "declared"
    found: dict[str, Card] = {}
    for path in sorted((p for p in folder.iterdir() if p.name.endswith(".toml")), key=lambda p: p.name):
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
        common = declared.pop("defaults", {})
        for name, given in declared.items():
            if name in found:
                raise ValueError(f"two cards are called '{name}'")
            found[name] = card_from(name, {"topic": path.name.removesuffix(".toml"), **common, **given})
    return found


def card_from(name: str, given: dict[str, Any]) -> Card:
    """A card from its fields as a TOML holds them; `own` is no field to be written."""
    known = {each.name for each in fields(Card)} - {"own"}
    if odd := sorted(set(given) - known):
        raise ValueError(f"card '{name}': unknown field(s) {', '.join(odd)}")
    for key in ("breakdowns", "la_breakdowns"):
        given[key] = tuple(tuple(text.split(CROSSED)) for text in given.get(key, ()))
    for key in ("periods", "lines"):
        if key in given:
            given[key] = tuple(given[key])
    return Card(measure=name, **given)


def checksums() -> dict[str, str]:
    """{measure: checksum of its card, and of a workspace's own function}: a changed definition is no changed data."""
    marks = own.in_use().marks
    return {
        name: hashlib.sha256(f"{each!r}{marks.get(name, '')}".encode()).hexdigest()[:12]
        for name, each in cards().items()
    }


def redefined() -> list[str]:
    """Measures of the package that the workspace in use defines otherwise: no published figure is one of them."""
    return [name for name, about in cards().items() if about.own == "redefined"]


def card(measure: str) -> Card:
    """The card of one measure; a name that is not there is an error with the near names."""
    known = cards()
    if measure in known:
        return known[measure]
    hint = did_you_mean(measure, known, f"measures: {', '.join(known)}")
    raise SendlabError(f"no measure is called '{measure}'", next_step=hint)


def counted_in(measures: Iterable[str]) -> str:
    """What the bases of these measures count, as a heading.

    >>> counted_in(["pupils_agree"]), counted_in(["pupils_agree", "parents_agree"])
    ('Pupils', 'People')
    """
    words = {card(measure).counted for measure in measures}
    return words.pop().capitalize() if len(words) == 1 else SEVERAL


@own.of_workspace
@cache
def wider() -> dict[str, tuple[str, str]]:
    """{base: (the base that its people are among, the group of that which its Total is)}, where a card says so.

    >>> wider()["sen_roll_recording_plans"]
    ('january_roll', 'All SEN')
    """
    return {about.base: (about.among, about.among_total or TOTAL) for about in cards().values() if about.among}


def widest(base: str) -> str:
    """The last of a base, the one that it is among, and so on, as long as the same people could be in both.

    >>> sorted({widest(base) for base in wider()})
    ['attendance', 'ks2', 'sen_roll_recording_meetings', 'sen_roll_recording_plans']
    """
    while wider().get(base, ("", ""))[1] == TOTAL:
        base = wider()[base][0]
    return base


def of_sen_only(measure: str) -> bool:
    """Whether only pupils with SEN are in the base of a measure, so that its total is that of all SEN.

    >>> of_sen_only("termly_conversation_with_parents"), of_sen_only("absence")
    (True, False)
    """
    base, total = card(measure).base, TOTAL
    while base in wider():
        base, total = wider()[base]
        if total == ALL_SEN:
            return True
    return False


def guessed() -> list[str]:
    """Bases that anyone takes for the same people as the one that they are among, wherever both are as large.

    Of the pupils with SEN on its roll a school that records plans has all in both. Who has no starting point nobody can
    guess: bases that share those who could be in them are none of these.
    """
    return [base for base in wider() if widest(base) in wider()]
