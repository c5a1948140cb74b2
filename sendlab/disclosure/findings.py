"""What an attack starts from and judges by: the numbers in sight, torn families of figures, and the standard."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isfinite
from typing import Any

from sendlab.metrics.cards import card
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import MEASURE_KEY

Cell = tuple[str, str, str]  # place_code, sen_provision, need_area
Row = dict[str, Any]
TableName = tuple[str, str, str, str]  # measure, time_period, time_identifier, item
SMALL_GROUP = 20  # news about everybody is told of each of them in groups below this
_NOBODY = ("x", "z")  # symbols of rows that an attacker takes for nobody where they have no base
_MOST_OF_A_PUPIL = {"percentage points": 100.0}  # by unit of a mean: beyond this no pupil's value can be
_RESULTS = ("numerator", "value", "lower", "upper", "comparator_value")


@dataclass(frozen=True)
class Finding:
    """One count that the published figures give away, or a family of which a part was left in sight."""

    table: TableName
    cell: Cell
    what: str
    least: float
    most: float
    needed: float


def torn_families(shown: dict[tuple[Any, ...], Row]) -> list[Finding]:
    """Numbers in hidden rows, and gaps in sight whose own or other side is hidden."""
    found = []
    la = next((row["place_code"] for row in shown.values() if row["geographic_level"] == "Local authority"), "")
    figures = {_place(row): row for row in shown.values() if row["comparator"] == ""}
    for key, row in shown.items():
        if row["geographic_level"] == "National":
            continue
        sides = [row]
        if row["comparator"] == "No SEN":
            sides.append({**row, "sen_provision": "No SEN", "need_area": TOTAL})
        if row["comparator"] == "LA without this school":
            sides.append({**row, "place_code": la})
        rows = [figures.get(_place(side)) for side in sides]
        hidden = any(side is None or side["status"] == "c" for side in rows)
        if hidden and any(row[name] is not None for name in _RESULTS):
            cell = (row["place_code"], row["sen_provision"], row["need_area"])
            what = f"part of a hidden family in sight ({row['comparator'] or 'figure'})"
            found.append(Finding((key[0], key[1], key[2], row["item"]), cell, what, 0, 0, 0))
    return found


def _place(row: Row) -> tuple[Any, ...]:
    """Which figure it is. Not its level or phase: they follow from the place, and differ between the sides of a gap."""
    return tuple(row[name] for name in MEASURE_KEY if name not in ("geographic_level", "education_phase", "comparator"))


def nobody(row: Row) -> bool:
    """Whether the row says that there was nobody to count, by its symbol and the lack of a base."""
    return row["status"] in _NOBODY and row["base_subjects"] is None


def at_edge(row: Row) -> bool:
    """A mean that tells of every pupil of a small group; beside its base, being hidden would tell as much."""
    about, base, value = card(row["measure"]), row["base_subjects"], row["value"]
    most = _MOST_OF_A_PUPIL.get(about.unit)
    if about.kind != "mean" or most is None or base is None or value is None:
        return False
    return bool(0 < base < SMALL_GROUP and abs(value) > most - 1e-6)


def bases_in_sight(shown: dict[tuple[Any, ...], Row]) -> dict[tuple[Any, ...], float]:
    """Every base that any row of any measure lets see, by base name, period, item and cell."""
    seen = {}
    for row in shown.values():
        if row["geographic_level"] != "National" and row["base_subjects"] is not None:
            name = card(row["measure"]).base
            place = (row["place_code"], row["sen_provision"], row["need_area"])
            seen[name, row["time_period"], row["time_identifier"], row["item"], place] = float(row["base_subjects"])
    return seen


def safe(least: float, most: float, truth: float, needed: float) -> bool:
    """Whether the interval, rounded inwards, is wide enough, and the truth in it."""
    if not least - 1e-6 <= truth <= most + 1e-6:
        return False
    return not (isfinite(least) and isfinite(most)) or floor(most + 1e-6) - ceil(least - 1e-6) >= needed - 1e-6
