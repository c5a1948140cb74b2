"""board_pins.toml read: every pin with its line; what is wrong is told with file, line and next step."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sendlab.board.pinned import PINS
from sendlab.errors import SendlabError, WorkspaceProblem, did_you_mean
from sendlab.explore.selection import Selection, of_dict

if TYPE_CHECKING:
    from sendlab.explore.explorer import CohortExplorer

MOST_LETTERS = 300  # of a note
TEXTS = ("note", "measure", "place", "time_period", "part", "compare")
NEEDED = ("measure", "place", "time_period")
COLUMNS = (*TEXTS, "by", "filters")
_PERIOD = re.compile(r"\d{6}")
_BEGINS = re.compile(r"\s*\[\[\s*pin\s*\]\]")


@dataclass(frozen=True)
class Pin:
    """A pinned view as it stands in the file: what is asked, what is said of it, and the line where it begins."""

    selection: Selection
    note: str
    line: int


def read_pins(explorer: "CohortExplorer") -> tuple[Pin, ...]:
    """The pins of the explorer's workspace, each once; none without the file. Errors: WorkspaceProblem."""
    path = explorer.root / PINS
    if not path.is_file():
        return ()
    try:
        text = path.read_text(encoding="utf-8-sig")
        given = tomllib.loads(text)
    except UnicodeDecodeError as fault:
        raise WorkspaceProblem(
            f"{PINS} is no UTF-8 (byte {fault.start})", next_step="save it with the encoding UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as fault:
        raise WorkspaceProblem(f"{PINS}: {fault}", next_step="correct that line, or delete its pin") from None
    found: dict[Selection, Pin] = {}
    for line, each in _tables(given, text):
        pin = _pin(each, line, explorer)
        found.setdefault(pin.selection, pin)
    return tuple(found.values())


def _tables(given: Mapping[str, Any], text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every pin of the file, with the line where it begins."""
    other, listed = sorted(set(given) - {"pin"}), given.get("pin", [])
    if other or not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        name = other[0] if other else "pin"
        at = next((n for n, line in enumerate(text.splitlines(), 1) if name in line.partition("#")[0]), 1)
        raise _fault(at, f"'{name}' begins no pin", "begin each pin with a line [[pin]]")
    begins = [number for number, line in enumerate(text.splitlines(), 1) if _BEGINS.match(line)]
    yield from zip(begins, listed, strict=False)


def _pin(given: Mapping[str, Any], line: int, explorer: "CohortExplorer") -> Pin:
    for name in given:
        if name not in COLUMNS:
            raise _fault(line, f"a pin has no '{name}'", did_you_mean(name, COLUMNS, f"use {', '.join(COLUMNS)}"))
    _require_kinds(given, line)
    whole = {"part": "", "compare": "", "by": [], "filters": {}, "own_filters": {}, **given}
    try:
        explorer.require(whole["measure"], whole["place"])
        chosen = of_dict(whole, authority=explorer.authority)
    except SendlabError as fault:
        raise _fault(line, fault.what, fault.next_step) from None
    if chosen.on_screen:
        names = ", ".join(name for name, _ in chosen.on_screen)
        raise _fault(line, f"filters of your own screen ({names}) are in no figures that leave it", "leave them out")
    return Pin(chosen, given.get("note", "").strip(), line)


def _require_kinds(given: Mapping[str, Any], line: int) -> None:
    """Texts are texts, lists are lists of texts, and nothing that is needed is missing."""
    for name in NEEDED:
        if not given.get(name):
            raise _fault(
                line, f"a pin names no {name}", "pin the view once more in the explorer, or delete these lines"
            )
    for name in TEXTS:
        if not isinstance(given.get(name, ""), str):
            raise _fault(line, f"{name} is no text", f'write {name} = "...", in quotation marks')
    if not _PERIOD.fullmatch(given["time_period"]):
        raise _fault(line, f"'{given['time_period']}' is no academic year", "write it as 202526")
    if len(given.get("note", "")) > MOST_LETTERS:
        raise _fault(line, f"the note has more than {MOST_LETTERS} letters", "say it shorter")
    filters = given.get("filters", {})
    lists = [("by", given.get("by", [])), *(filters.items() if isinstance(filters, dict) else [("filters", None)])]
    for name, values in lists:
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise _fault(line, f"{name} is no list of texts", f'write {name} = ["...", "..."]')


def _fault(line: int, what: str, step: str) -> WorkspaceProblem:
    return WorkspaceProblem(f"{PINS}, line {line}: {what}", next_step=step)
