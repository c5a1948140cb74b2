"""Orders that tell nothing: groups as declared, hidden rows by name behind the shown ones, never by value."""

from collections.abc import Sequence

from attacker.claims import Claim
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, SEN_PROVISION, TOTAL
from sendlab.schema.measures import GROUPS

_DECLARED = (SEN_PROVISION, NEED_AREAS)
_SEN, _ITEM = GROUPS.index("sen_provision"), GROUPS.index("item")
_LARGEST_OF = (ALL_SEN, "SEN support", "EHC plan", TOTAL)  # by whose figure items are put in order: the first there is


def order_told(rows: Sequence[tuple[str, bool]]) -> bool:
    """Whether the order of rows tells something of hidden ones; `rows` are (label, whether its figure is shown).

    >>> order_told([("EHC plan", False), ("SEN support", True)]), order_told([("Yew", False), ("Ash", False)])
    (False, True)
    >>> order_told([("Yew", True), ("Ash", True), ("Elm", False)]), order_told([("Elm", False), ("Yew", True)])
    (False, True)
    """
    labels = [label for label, _ in rows]
    for declared in _DECLARED:
        if set(labels) <= set(declared):
            return labels != [name for name in declared if name in labels]
    hidden = [label for label, shown in rows if not shown]
    last = [label for label, _ in rows[len(rows) - len(hidden) :]]
    return hidden != sorted(hidden) or hidden != last


def steps_told(claims: Sequence[Claim]) -> bool:
    """Whether statements stand in another order than by their steps, the largest first and the lower rating first."""
    rated: dict[tuple[str, ...], dict[str, float]] = {}
    for claim in claims:
        rated.setdefault(claim.groups, {})[claim.measure] = claim.printed
    shown = [(-of.get("sef_gap", 0.0), of.get("sef_now", 0.0)) for of in rated.values()]
    return shown != sorted(shown)


def group_of_order(groups: Sequence[str]) -> str:
    """By whose figure items are put in order, of the groups that are told."""
    return next((group for group in _LARGEST_OF if group in groups), "")


def items_told(claims: Sequence[Claim]) -> bool:
    """Whether items stand in another order than the largest first, those without a figure last by name.

    `claims` are figures, or marks in their places, as they come.
    """
    group = group_of_order([claim.groups[_SEN] for claim in claims])
    figures = {claim.groups[_ITEM]: claim for claim in claims if claim.groups[_SEN] == group}
    items = list(dict.fromkeys(claim.groups[_ITEM] for claim in claims))
    sizes = {item: claim.printed for item, claim in figures.items() if claim.told}
    return items != sorted(items, key=lambda item: (item not in sizes, -sizes.get(item, 0.0), item))
