"""board.toml: the board's priorities and indicators, with targets, bands and owners; every fault is said."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from sendlab.errors import WorkspaceProblem, did_you_mean
from sendlab.metrics.cards import cards
from sendlab.schema.groups import SEND, TOTAL

BOARD = "board.toml"
POLARITIES = ("high", "low")


@dataclass(frozen=True)
class Indicator:
    """One measure that the board follows: for which groups, its target, the edges of its bands, and who answers for it.

    `item` is the question, area or stream of money where the measure is told by such.

    A figure at `green` or better is green, at `amber` or better amber, else red; without edges there is no colour.
    `polarity` says which way is better where the measure's card does not.
    """

    measure: str
    groups: tuple[str, ...] = ()
    item: str = TOTAL
    target: float | None = None
    green: float | None = None
    amber: float | None = None
    polarity: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Priority:
    """A priority of the board and the indicators by which it is followed."""

    name: str
    indicators: tuple[Indicator, ...]


def read_board(folder: Path) -> tuple[Priority, ...]:
    """The priorities of the workspace in `folder`: of its board.toml, else the four that sendlab comes with.

    `WorkspaceProblem`, saying where and what to write, for anything that is not as it should be.
    """
    path = folder / BOARD
    return priorities_of(path.read_text(encoding="utf-8-sig") if path.is_file() else usual_text())


def usual_text() -> str:
    """The board.toml that sendlab comes with: in a new workspace it is there to be changed."""
    return (files("sendlab.board") / "default.toml").read_text(encoding="utf-8")


def priorities_of(text: str) -> tuple[Priority, ...]:
    """The priorities that a board.toml with this text declares."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise WorkspaceProblem(f"{BOARD} cannot be read: {fault}", next_step="correct that line") from None
    listed = given.get("priority")
    if not isinstance(listed, list) or not listed:
        raise _fault("names no priority", "begin each with a line [[priority]] and its name")
    found = tuple(_priority(each) for each in listed)
    _require_once(
        [(each.measure, group, each.item) for one in found for each in one.indicators for group in each.groups]
    )
    return found


def _priority(given: Mapping[str, Any]) -> Priority:
    name = given.get("name")
    if not (isinstance(name, str) and name.strip()):
        raise _fault("a priority has no name", 'write name = "..." below [[priority]]')
    listed = given.get("indicators", [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise _fault(f"the indicators of '{name}' are no list", 'write indicators = [{ measure = "absence" }, ...]')
    return Priority(name.strip(), tuple(_indicator(each, name) for each in listed))


def _indicator(given: Mapping[str, Any], priority: str) -> Indicator:
    known = [field.name for field in fields(Indicator)]
    for name in given:
        _require_known(name, known, f"an indicator of '{priority}'")
    measure = given.get("measure")
    if not isinstance(measure, str):
        raise _fault(f"an indicator of '{priority}' names no measure", 'write { measure = "absence" }')
    _require_known(measure, list(cards()), "the list of measures")
    groups = _groups(given.get("groups"), measure)
    target, green, amber = (_number(given.get(name), name, measure) for name in ("target", "green", "amber"))
    item, polarity, owner = (str(given.get(name, "")).strip() for name in ("item", "polarity", "owner"))
    found = Indicator(measure, groups, item or TOTAL, target, green, amber, polarity, owner)
    _require_bands(found)
    return found


def _groups(given: Any, measure: str) -> tuple[str, ...]:
    """The groups named; else both kinds of SEN provision where the measure is broken down by it, else all."""
    usual = SEND if ("sen_provision",) in cards()[measure].breakdowns else (TOTAL,)
    if given is None:
        return usual
    if not isinstance(given, list) or not given:
        raise _fault(f"groups of {measure} are no list", 'write groups = ["EHC plan", "SEN support"]')
    for group in given:
        _require_known(str(group), [*SEND, "All SEN", "No SEN", TOTAL], f"the groups of {measure}")
    return tuple(map(str, given))


def _number(given: Any, name: str, measure: str) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise _fault(f"{name} of {measure} is no number", f"write {name} = 8.5, without quotation marks or %")
    return float(given)


def _require_bands(indicator: Indicator) -> None:
    """Edges come in pairs, run the way that is better, and are of a measure for which one way is better."""
    named = f"bands of {indicator.measure}"
    if (indicator.green is None) != (indicator.amber is None):
        raise _fault(f"{named} have one edge", "write both green and amber, or neither")
    if indicator.polarity and indicator.polarity not in POLARITIES:
        raise _fault(f"polarity of {indicator.measure} is '{indicator.polarity}'", "write high or low: what is better")
    if indicator.green is None or indicator.amber is None:
        return
    better = better_way(indicator)
    if better not in POLARITIES:
        raise _fault(f"{named}: its card does not say which way is better", 'write polarity = "high" or "low"')
    if (indicator.green - indicator.amber) * (1 if better == "high" else -1) < 0:
        raise _fault(f"{named}: amber is better than green", f"{better} is better: order the edges that way")


def better_way(indicator: Indicator) -> str:
    """Which way is better: "high", "low", or what else the measure's card says."""
    return indicator.polarity or cards()[indicator.measure].polarity


def _require_once(lines: list[tuple[str, str, str]]) -> None:
    for line in lines:
        if lines.count(line) > 1:
            raise _fault(f"{line[0]} of {line[1]} stands there twice", "leave it with one priority")


def _require_known(name: str, known: list[str], where: str) -> None:
    if name not in known:
        raise _fault(f"{where} has no '{name}'", did_you_mean(name, known, f"one of {', '.join(known[:8])} ..."))


def _fault(what: str, next_step: str) -> WorkspaceProblem:
    return WorkspaceProblem(f"{BOARD}: {what}", next_step=next_step)
