"""Figures that stand in a grid: ratings of schools by section, and moves of pupils between bands."""

from dataclasses import dataclass

import polars as pl

from sendlab.codes import read_codes
from sendlab.errors import NothingToShow, SendlabError
from sendlab.metrics.cards import Card, card
from sendlab.narrate import Row, View, format_value, one_kind_of_period, rows_of
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import people, period_name, reason
from sendlab.tables.plain import figures, plain, short_reason

BAND_ENDS = (3.5, 6.5)  # of the self-evaluation's bands: 0 to 3, 4 to 6, 7 to 10, for means of ratings
MOVE = " -> "
ORDER = ("below", "towards", "at", "above")  # age-related bands, lowest first; others follow as they come
TINT_ENDS = (10.0, 35.0, 65.0)  # per cent of those who began in a band


@dataclass(frozen=True)
class Cell:
    """One place of a grid: the figure as text or why there is none, and its step of tint (None without a figure)."""

    text: str
    step: int | None
    value: float | None
    row: Row | None

    @property
    def mark(self) -> str:
        """What stands in a table: the figure, or the symbol in its stead."""
        return self.text if self.value is not None else (self.row["status"] or "x") if self.row else "x"


@dataclass(frozen=True)
class Heat:
    """Sections across, places down (the authority first, schools by name), a cell for each pair."""

    about: Card
    name: str
    kind: str
    sections: list[str]
    places: list[tuple[str, list[Cell]]]
    la: bool  # whether the first place is the authority
    rows: list[Row]


def heat_of(view: View, *, measure: str, time_period: str) -> Heat:
    """Ratings of all places by section; SendlabError for a measure that is no rating from 0 to 10."""
    about, seen = card(measure), plain(view)
    if not about.unit.startswith("rating,"):
        raise SendlabError(f"'{about.title}' is no rating from 0 to 10", next_step="draw sef_now or sef_target")
    wanted = list(dict.fromkeys(code.notes["section"] for code in read_codes("sef_statement")))
    rows = figures(one_kind_of_period(seen.of(measure).filter(pl.col("time_period") == time_period)))
    rows = rows.filter(pl.col("item").is_in(wanted) & (pl.col("sen_provision") == TOTAL))
    found: dict[tuple[bool, str, str], dict[str, Row]] = {}
    for row in rows.filter(pl.col("geographic_level").is_in(["School", "Local authority"])).to_dicts():
        place = (row["geographic_level"] == "School", row["place_name"], row["place_code"])
        found.setdefault(place, {})[row["item"]] = row
    if not found:
        raise NothingToShow(f"no sections of '{about.title}' in {period_name(time_period)}")
    places = [(name, [_rating(by_item.get(item), about) for item in wanted])
              for (_, name, _), by_item in sorted(found.items())]  # fmt: skip
    la = min(found)
    name = "" if la[0] else la[1]
    kind = rows["time_identifier"][0]
    return Heat(
        about, name, kind, wanted, places, bool(name), [row for held in found.values() for row in held.values()]
    )


def _rating(row: Row | None, about: Card) -> Cell:
    if row is None or row["value"] is None:
        return Cell(short_reason(row) if row else "no rating", None, None, row)
    text = format_value(row["value"], about, unit=False)
    return Cell(text, sum(float(text) >= end for end in BAND_ENDS), row["value"], row)


@dataclass(frozen=True)
class Moves:
    """Of one subject: where pupils began down, where they are now across."""

    subject: str
    bands: list[str]
    began: list[int | None]
    cells: list[list[Cell]]


@dataclass(frozen=True)
class MovesOf:
    """All subjects of a place."""

    about: Card
    name: str
    kind: str
    group: str
    subjects: list[Moves]
    rows: list[Row]


def moves_of(view: View, *, measure: str, place: str, time_period: str, group: str = TOTAL) -> MovesOf:
    """Moves by subject, from items like "reading: towards -> at"; NothingToShow where there are none."""
    about = card(measure)
    rows = figures(rows_of(plain(view), measure=measure, place=place, time_period=time_period))
    rows = rows.filter(pl.col("sen_provision") == group)
    moves = rows.filter(pl.col("item").str.contains(MOVE, literal=True)).to_dicts()
    if not moves:
        why = next((reason(row["status"], row["note"]) for row in rows.to_dicts() if row["value"] is None), "none held")
        raise NothingToShow(f"no moves from band to band in '{about.title}' of {people(group)}: {why}")
    by_subject: dict[str, dict[tuple[str, str], Row]] = {}
    for row in moves:
        subject, _, move = row["item"].rpartition(": ")
        start, _, end = move.partition(MOVE)
        by_subject.setdefault(subject, {})[start, end] = row
    subjects = [_moves(subject, found, about) for subject, found in sorted(by_subject.items())]
    return MovesOf(about, moves[0]["place_name"], moves[0]["time_identifier"], group, subjects, moves)


def _moves(subject: str, found: dict[tuple[str, str], Row], about: Card) -> Moves:
    met = dict.fromkeys(band for move in found for band in move)
    bands = [*(band for band in ORDER if band in met), *(band for band in met if band not in ORDER)]
    began = [next((found[start, end]["base_subjects"] for end in bands if (start, end) in found), None)
             for start in bands]  # fmt: skip
    return Moves(subject, bands, began, [[_move(found.get((s, e)), about) for e in bands] for s in bands])


def _move(row: Row | None, about: Card) -> Cell:
    if row is None or row["value"] is None:
        return Cell(short_reason(row), None, None, row)
    text = format_value(row["value"], about, base=row["base_subjects"], unit=False)
    return Cell(text, sum(row["value"] >= end for end in TINT_ENDS), row["value"], row)
