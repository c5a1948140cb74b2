"""Lines of the board's scorecard, wherever they stand: which figure a line is about, by its words."""

import re
from dataclasses import replace
from functools import cache

from attacker.claims import Scene
from sendlab.metrics.cards import Card, cards
from sendlab.schema.groups import SEN_PROVISION, TOTAL

GROUPS = (*SEN_PROVISION, "All SEN")


def scene_of_line(name: str, period: str, place: str) -> Scene | None:
    """What a line is about: measure, question, group and period by their words; None where it is no line of ours.

    >>> found = scene_of_line("Absence of a kind that nobody counts", "202526", "999")
    >>> found is None
    True
    """
    about = next((card for card in _by_length() if name.startswith(card.title)), None)
    if about is None:
        return None
    rest = name.removeprefix(about.title)
    item = re.match(r": ([^,]+)", rest)
    scene = Scene(about.measure, period, "Academic year", place, item=item.group(1) if item else TOTAL)
    told = re.search(r"(\d{4})(?:/(\d\d))?(?: \(([a-z ]+)\))?$", rest)
    if told:
        part = (told.group(3) or "academic year").capitalize()
        scene = replace(scene, time_period=told.group(1) + (told.group(2) or ""), time_identifier=part)
    among = (g for g in GROUPS if re.search(rf", (?:pupils on |pupils with an )?{g}\b", rest))
    return replace(scene, sen_provision=next(among, TOTAL))


def year_before(scene: Scene) -> Scene:
    """The same line a year before."""
    first = int(scene.time_period[:4]) - 1 if scene.time_period else 0
    last = f"{(first + 1) % 100:02}" if len(scene.time_period) == 6 else ""
    return replace(scene, time_period=f"{first}{last}")


def without_calendar(text: str) -> str:
    """Calendar years stand beside the names of measures that are told by them, and in heads."""
    return re.sub(r"(?:, )?\b20\d\d \((?:calendar|financial) year\)", "", text)


@cache
def _by_length() -> list[Card]:
    return sorted(cards().values(), key=lambda about: -len(about.title))
