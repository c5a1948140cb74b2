"""Cards of a workspace's own measures: checked, and marked as its own wherever they are read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields, replace
from typing import Any

from sendlab.errors import SendlabError, did_you_mean
from sendlab.metrics.cards import COUNTED, CROSSED, Card, card_from, package_cards
from sendlab.schema.measures import GROUPS
from sendlab.schema.own_tables import GUIDE, fault

TOPIC = "own"
REDEFINED = "(own definition)"  # behind the title of a measure that is no longer the national one
USUAL = {"topic": TOPIC, "decimals": 1, "smallest_base": 5, "la_breakdowns": []}
PUBLISHED = "published"  # the part of the file that says in which tables a measure is published
WORDS: dict[str, tuple[str, ...]] = {
    "kind": ("share", "events", "sum", "mean", "count"),
    "polarity": ("low", "high", "none"),
    "period_kind": ("full-year", "part-year", "point"),
    "subject": tuple(COUNTED),
}
LINKS = ("parts_of", "at_most", "cumulative_over")
_MUST_DIFFER = ("title", "source")  # of a measure that is defined otherwise
PERIODS = ("year", "term", "half-term")
_NUMBERS = {"decimals": range(5), "smallest_base": range(1, 1000), "model_residual_df": range(1000)}
_FLAGS = ("says_eligible", "compared")
_BREAKABLE = tuple(name for name in GROUPS if name != "item")


def own_cards(given: Mapping[str, Mapping[str, Any]]) -> dict[str, Card]:
    """{measure: card} of the cards in a workspace's folder. Errors: WorkspaceProblem that names file and field.

    One under the name of a measure of the package defines that measure otherwise: what it does not say stands as it
    was, its title ends in "(own definition)", and its source says whose it is.
    """
    made = {name: _own_card(name, written) for name, written in given.items()}
    known = package_cards() | made
    for name, about in made.items():
        _check_links(name, about, known)
    return made


def _own_card(name: str, written: Mapping[str, Any]) -> Card:
    standing = package_cards().get(name)
    said = {field: value for field, value in written.items() if field != PUBLISHED}
    _check_fields(name, said)
    if standing is None:
        about = _from({**USUAL, **said}, name)
        return replace(about, own="added", source=f"own measure of this authority: {about.source}")
    for field in _MUST_DIFFER:
        if said.get(field, getattr(standing, field)) == getattr(standing, field):
            raise _fault(
                name, f"it defines a measure of sendlab otherwise and does not say its own '{field}'",
                f'write {field} = "...": readers must see that it is not the national definition',
            )  # fmt: skip
    if not {"numerator", "denominator"} & said.keys():
        raise _fault(name, "it defines a measure of sendlab otherwise and does not say what it counts",
                     'write numerator = "..." or denominator = "..."')  # fmt: skip
    about = _from({**_as_written(standing), **said}, name)
    source = f"own definition of this authority, not the national one: {about.source}"
    return replace(about, own="redefined", title=f"{about.title} {REDEFINED}", source=source)


def _as_written(about: Card) -> dict[str, Any]:
    told = {name: value for name, value in asdict(about).items() if name not in ("measure", "own")}
    crossed = {key: [CROSSED.join(one) for one in told[key]] for key in ("breakdowns", "la_breakdowns")}
    return told | crossed


def _from(said: dict[str, Any], name: str) -> Card:
    missing = [each.name for each in fields(Card)
               if each.name not in (*said, "measure") and each.default is MISSING]  # fmt: skip
    if missing:
        raise _fault(name, f"it does not say {', '.join(missing)}", f"write them as {GUIDE} shows")
    return card_from(name, said)


def _check_fields(name: str, said: Mapping[str, Any]) -> None:
    known = [each.name for each in fields(Card) if each.name not in ("measure", "own")]
    for field, value in said.items():
        if field not in known:
            raise _fault(name, f"a card has no field '{field}'",
                         did_you_mean(field, [*known, PUBLISHED], f"fields: {', '.join(known)}"))  # fmt: skip
        wanted, fits = _wanted(field)
        if not fits(value):
            raise _fault(name, f"'{field}' is not {wanted}", f"write {field} = {wanted}")


def _wanted(field: str) -> tuple[str, Callable[[Any], bool]]:
    """What may stand in a field, in words, and whether a value does."""
    if field in WORDS:
        return f"one of {', '.join(WORDS[field])}", lambda value: value in WORDS[field]
    if field in _NUMBERS:
        known = _NUMBERS[field]
        return f"a whole number from {known[0]} to {known[-1]}", lambda value: type(value) is int and value in known
    if field in _FLAGS:
        return "true or false", lambda value: isinstance(value, bool)
    return _LISTED.get(field, ("a text", lambda value: isinstance(value, str) and bool(value.strip())))


def _texts(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) for one in given)


def _are_periods(given: Any) -> bool:
    return _texts(given) and bool(given) and set(given) <= set(PERIODS)


def _are_breakdowns(given: Any) -> bool:
    parts = [tuple(one.split(CROSSED)) for one in given] if _texts(given) else [("no text",)]
    return all(len(one) <= 2 and set(one) <= set(_BREAKABLE) for one in parts) and len(set(parts)) == len(parts)


_WORDS_OF_BREAKDOWNS = f'a list of {", ".join(_BREAKABLE)} (two crossed: "sex x nc_year")'
_LISTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "breakdowns": (_WORDS_OF_BREAKDOWNS, _are_breakdowns),
    "la_breakdowns": (_WORDS_OF_BREAKDOWNS, _are_breakdowns),
    "periods": (f"a list of {', '.join(PERIODS)}", _are_periods),
    "lines": ("a list of texts", _texts),
    "topic": (
        "a name of small letters and _, at most 30",
        lambda value: isinstance(value, str) and bool(re.fullmatch("[a-z][a-z_]{0,29}", value)),
    ),
}


def _check_links(name: str, about: Card, known: Mapping[str, Card]) -> None:
    """Other measures that it names are there, and measures that share its base say the same of it."""
    for field in LINKS:
        other = getattr(about, field)
        if other and (other not in known or other == name):
            raise _fault(name, f"'{field}' names no other measure: '{other}'",
                         did_you_mean(other, known, "see docs/measures.md"))  # fmt: skip
    for field in ("at_most", "parts_of"):
        other = getattr(about, field)
        if other and known[other].base not in (about.base, about.among):
            raise _fault(name, f"'{field}' is '{other}', which is of the base '{known[other].base}'",
                         "such a link holds between measures of one base: give it the same base, or none")  # fmt: skip
    bases = {each.base for each in known.values()}
    if about.among and (about.among not in bases or about.among == about.base):
        raise _fault(name, f"'among' names no other base: '{about.among}'",
                     did_you_mean(about.among, bases, "see `base` on the cards"))  # fmt: skip
    _check_base(about, known)


def _check_base(about: Card, known: Mapping[str, Card]) -> None:
    """Cards of one base say the same of the people in it."""
    said = (about.among, about.among_total, about.subject)
    for other in known.values():
        if other.base == about.base and (other.among, other.among_total, other.subject) != said:
            raise _fault(about.measure, f"it shares the base '{about.base}' with '{other.measure}', and says otherwise "
                         "whom that counts", f"write among, among_total and subject as '{other.measure}' has them, or "
                         "give it a base of its own")  # fmt: skip


def _fault(name: str, what: str, next_step: str) -> SendlabError:
    return fault(f"{name}.toml", what, next_step)
