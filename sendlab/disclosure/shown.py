"""What a report shows, noted as it is read: a run makes a report again when that has changed, and only then.

A run names a file in the environment; without it nothing is noted. `marks_of` says by a mark for every measure and
place what there is to show, so that two builds can be compared.
"""

import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path

import polars as pl

NOTED_IN = "SENDLAB_SHOWN"  # environment variable: the file that notes go to, a line each
EVERYTHING = "*"
PERIODS = "(periods)"  # noted in place of a measure: which years the authority has figures of
Key = tuple[str, str]  # measure and place, either of them EVERYTHING
Marks = dict[Key, int]
_BYTES = 8
_WHOLE = 1 << (8 * _BYTES)
_noted: dict[str, set[Key]] = {}


def note(measure: str = EVERYTHING, place: str = EVERYTHING) -> None:
    """Note that figures are read: of a measure and place, of all places, or all that there are."""
    target = os.environ.get(NOTED_IN)
    if not target:
        return
    if target not in _noted:  # a worker runs one notebook after the other
        _noted.clear()
    seen = _noted.setdefault(target, set())
    if (measure, place) not in seen:
        seen.add((measure, place))
        with Path(target).open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{measure}\t{place}\n")


def noted(file: Path) -> list[Key]:
    """What stands in a file of notes, sorted."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return sorted({(measure, place) for measure, place in (line.split("\t") for line in lines)})


def marks_of(rows: pl.DataFrame) -> Marks:
    """{(measure, place): mark} of published rows: a sum over their rows, so that no order matters.

    >>> rows = pl.DataFrame({"measure": ["a", "a"], "place_code": ["1", "2"], "value": [0.5, None]})
    >>> marks_of(rows) == marks_of(rows.reverse()), len(marks_of(rows))
    (True, 2)
    """
    found: Marks = {}
    keys = rows.select("measure", "place_code").iter_rows()
    lines = rows.write_csv(include_header=False, null_value="\\N").splitlines()
    if len(lines) != rows.height:  # a text of more than one line: then a row is marked by its values
        lines = [repr(row) for row in rows.iter_rows()]
    for key, line in zip(keys, lines, strict=True):
        found[key] = (found.get(key, 0) + _mark(line)) % _WHOLE
    return found


def mark_of_periods(periods: Iterable[str]) -> Marks:
    """The mark of the years that the authority has figures of."""
    return {(PERIODS, ""): _mark(" ".join(sorted(periods)))}


def _mark(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=_BYTES).digest(), "big")


class Present:
    """The marks of the figures as they are now: of the board's edition, and of a school's own."""

    def __init__(self, board: Mapping[Key, int], own: Mapping[Key, int]) -> None:
        self._board, self._own = _with_wholes(board), _with_wholes(own)

    def mark(self, shown: Iterable[Key], school: str = "") -> str:
        """One mark over all that a report shows; `school` is the school whose own edition it is."""
        digest = blake2b(digest_size=16)
        for measure, place in shown:
            digest.update(f"{measure}\t{place}\t{self._one(measure, place, school)}\n".encode())
        return digest.hexdigest()

    def _one(self, measure: str, place: str, school: str) -> int:
        if place != EVERYTHING:
            return (self._own if school == place else self._board).get((measure, place), 0)
        whole, mine = self._board.get((measure, EVERYTHING), 0), (measure, school)
        if not school:
            return whole
        return (whole - self._board.get(mine, 0) + self._own.get(mine, 0)) % _WHOLE


def _with_wholes(marks: Mapping[Key, int]) -> Marks:
    """The marks, and with them those of all measures of a place, all places of a measure, and all there is."""
    found = dict(marks)
    for (measure, place), mark in marks.items():
        for whole in ((EVERYTHING, place), (measure, EVERYTHING), (EVERYTHING, EVERYTHING)):
            found[whole] = (found.get(whole, 0) + mark) % _WHOLE
    return found
