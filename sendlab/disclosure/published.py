"""The gate: the two types in which figures reach a chart, a sentence, a table or a file.

`Published` holds rounded figures that have been through disclosure control, for a named audience. `OwnView` holds an
analyst's own unprotected figures: charts and tables draw it, mark it "not for sharing", and nothing exports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from weakref import WeakKeyDictionary

import polars as pl

from sendlab.disclosure.sealed import about_figures, require_seal
from sendlab.disclosure.shown import EVERYTHING, note
from sendlab.errors import GateError
from sendlab.metrics.publication import usual_rows
from sendlab.schema.measures import MEASURE_COLUMNS, MEASURE_KEY

# What a reader of published figures has no use for, and an attacker would.
WITHHELD = ("with_subjects", "top_share", "least", "most")
PUBLISHED_COLUMNS = tuple(name for name in MEASURE_COLUMNS if name not in WITHHELD)
HIDDEN = "c"
NATION = "E92000001"  # England, as the Department's files name it
AUDIENCES = {"board": 5, "public": 10}  # with the fewest people that a count may show
SENSITIVITY = {"board": "OFFICIAL", "public": "OFFICIAL", "school": "OFFICIAL-SENSITIVE"}  # by audience
WITHHELD_NOTE = "withheld: no choice of hidden figures protects this measure"
OWN_VIEW_MARK = "Own view: unprotected, not for sharing"


class _View:
    """Rows that may be looked at, and the few ways of choosing among them."""

    mark = ""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = _in_order(rows)

    @property
    def rows(self) -> pl.DataFrame:
        """The figures as a polars frame of measure rows: the caller's own, to change without changing the view."""
        self._note_all()
        return self._checked().clone()

    def of(self, measure: str, place: str = "") -> pl.DataFrame:
        """The rows of one measure, of one place (by its code) or of all places in the view."""
        keep = pl.col("measure") == measure
        rows = self._checked().filter(keep & (pl.col("place_code") == place) if place else keep)
        self._note(measure, place or EVERYTHING)
        return rows

    def to_pandas(self) -> Any:
        """The figures as a pandas frame."""
        self._note_all()
        return self._checked().to_pandas()

    def _checked(self) -> pl.DataFrame:
        """The rows, once it is sure that they are those that the view was made with."""
        return self._rows

    def _note_all(self) -> None:
        """Note all that the view may hold: what it was narrowed to, rows or not."""
        measures, places = _NARROWED.get(self, _ALL)
        for measure in measures:
            for place in places:
                self._note(measure, place)

    def _note(self, measure: str, place: str) -> None:
        """Note what is read, where that matters."""

    def _like(self, rows: pl.DataFrame) -> Self:
        raise NotImplementedError

    def where(self, **equals: object) -> Self:
        """The rows whose columns equal the values given; a list means any of them.

        >>> view = OwnView(pl.DataFrame({"measure": ["a", "b"], "value": [1.0, 2.0]}))
        >>> view.where(measure="b").rows["value"].to_list()
        [2.0]
        """
        rows = self._checked()
        among: dict[str, list[Any]] = {
            name: list(each) if isinstance(each, list | tuple) else [each] for name, each in equals.items()
        }
        for name, values in among.items():
            if name not in rows.columns:
                raise GateError(f"no column '{name}' in these figures", next_step=f"columns: {', '.join(rows.columns)}")
            rows = rows.filter(pl.col(name).is_in(values))
        measures, places = _NARROWED.get(self, _ALL)
        made = self._like(rows)
        _NARROWED[made] = among.get("measure", measures), among.get("place_code", places)
        return made

    def usual(self) -> Self:
        """The tables by SEN provision and area of need, of the widest period of each year."""
        made = self._like(usual_rows(self._checked()))
        _NARROWED[made] = _NARROWED.get(self, _ALL)
        return made

    def __len__(self) -> int:
        return self._checked().height


# {view: the measures and the places that it was narrowed to}.
_NARROWED: WeakKeyDictionary[_View, tuple[Sequence[str], Sequence[str]]] = WeakKeyDictionary()
_ALL = [EVERYTHING], [EVERYTHING]


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort(*[name for name in MEASURE_KEY if name in rows.columns])


class OwnView(_View):
    """An analyst's own unprotected figures: to be looked at, never exported."""

    mark = OWN_VIEW_MARK

    def _like(self, rows: pl.DataFrame) -> OwnView:
        return OwnView(rows)


def settings_line(audience: str, threshold: int, place: str = "") -> str:
    """The line about protection that every output for an audience prints.

    >>> settings_line("board", 5)
    'Audience: board. Counts of 1 to 4 people, and figures from which they follow, are hidden (c).'
    """
    whose = f" in figures of others; {SENSITIVITY[audience]}, for school {place} only" if place else ""
    hidden = f"Counts of 1 to {threshold - 1} people, and figures from which they follow, are hidden (c)"
    return f"Audience: {audience}. {hidden}{whose}."


_PROTECTED = object()
_MAKE = "call sendlab.disclosure.publish(measures, ...) or read open_workspace().published()"


class Published(_View):
    """Figures protected for an audience and rounded. Made by `disclosure.publish` and by nothing else.

    `audience` is board, public or school; of a school's own edition `place` is the school.
    """

    def __init__(
        self, rows: pl.DataFrame, *, audience: str, threshold: int, run_id: str, place: str = "", token: object = None
    ) -> None:
        if token is not _PROTECTED:
            raise GateError("figures are published by disclosure control, not by hand", next_step=_MAKE)
        self.audience, self.threshold, self.run_id, self.place = audience, threshold, run_id, place
        _MADE[self] = _in_order(rows.select(PUBLISHED_COLUMNS)), dict(vars(self))

    def __init_subclass__(cls, **_: object) -> None:
        raise GateError("figures are published by one type only, which no other can pass for", next_step=_MAKE)

    def __reduce__(self) -> tuple[Any, ...]:
        raise GateError("published figures are not pickled: a copy could be changed", next_step=_MAKE)

    def __copy__(self) -> Published:
        return self  # nothing changes it, so there is no need of another

    def __deepcopy__(self, _: dict[int, object]) -> Published:
        return self

    def _checked(self) -> pl.DataFrame:
        require_published(self)
        return _MADE[self][0]

    def _note(self, measure: str, place: str) -> None:
        note(measure, place)

    def _like(self, rows: pl.DataFrame) -> Published:
        return _published(rows, audience=self.audience, threshold=self.threshold, run_id=self.run_id, place=self.place)

    @property
    def sensitivity(self) -> str:
        """The marking of what is made from these figures (government security classifications)."""
        return SENSITIVITY[self.audience]

    @property
    def settings(self) -> str:
        """The line about protection that every output prints."""
        return settings_line(self.audience, self.threshold, self.place)


def _published(rows: pl.DataFrame, *, audience: str, threshold: int, run_id: str, place: str = "") -> Published:
    """For `disclosure` alone: stamp rows that have been protected."""
    return Published(rows, audience=audience, threshold=threshold, run_id=run_id, place=place, token=_PROTECTED)


# {published figures: their rows, and what else they were made with}. The rows stand here and nowhere else, so whoever
# holds the figures cannot change them; what does not stand here, or has got another attribute since, is forged.
_MADE: WeakKeyDictionary[Published, tuple[pl.DataFrame, dict[str, object]]] = WeakKeyDictionary()


def _is_genuine(thing: object) -> bool:
    if type(thing) is not Published or thing not in _MADE:
        return False
    made, now = _MADE[thing][1], vars(thing)
    return made == now and all(type(now[name]) is type(value) for name, value in made.items())


def restore(
    path: Path, *, key: bytes, seal: str, audience: str, threshold: int, run_id: str, place: str = ""
) -> Published:
    """For `build` alone: figures that were published before, read back from the store if the seal is theirs.

    `key` is that of `sealed.seal_key`. A file without that seal is a `GateError`, one that is not there a
    `WorkspaceProblem`.
    """
    if not isinstance(path, Path):
        raise GateError("published figures are read back from their sealed file only", next_step=_MAKE)
    about = about_figures(audience=audience, threshold=threshold, run_id=run_id, place=place)
    rows = pl.read_parquet(BytesIO(require_seal(path, key, seal, about=about)))
    return _published(rows, audience=audience, threshold=threshold, run_id=run_id, place=place)


def restored(rows: pl.DataFrame, *, audience: str, threshold: int, run_id: str) -> Published:
    """For `build` alone: rows that were read back from sealed slices (`slices.read_slices`)."""
    return _published(rows, audience=audience, threshold=threshold, run_id=run_id)


def require_view(thing: object) -> None:
    """Refuse anything but `Published` as it passed the gate, or `OwnView` (for charts, sentences and tables)."""
    if type(thing) is not OwnView and not _is_genuine(thing):
        raise GateError(
            f"a {type(thing).__name__} cannot be shown: charts, sentences and tables take figures that passed the gate",
            next_step="use open_workspace().published(), or OwnView(rows) for your own screen",
        )


def require_published(thing: object) -> None:
    """Refuse anything but `Published` as it passed the gate (for reports, pages and files)."""
    if not _is_genuine(thing):
        raise GateError(
            f"a {type(thing).__name__} cannot be written: files take published figures only, as they passed the gate",
            next_step="use open_workspace().published()",
        )
