"""The gate: the two types in which figures reach a chart, a sentence, a table or a file.

`Published` holds rounded figures that have been through disclosure control, for a named audience. `OwnView` holds an
analyst's own unprotected figures: charts and tables draw it, mark it "not for sharing", and nothing exports it.
"""

from __future__ import annotations

from typing import Any, Self

import polars as pl

from sendlab.errors import GateError
from sendlab.schema.measures import MEASURE_COLUMNS, MEASURE_KEY

# What a reader of published figures has no use for, and an attacker would.
WITHHELD = ("with_subjects", "top_share", "least", "most")
PUBLISHED_COLUMNS = tuple(name for name in MEASURE_COLUMNS if name not in WITHHELD)
HIDDEN = "c"
WITHHELD_NOTE = "withheld: no choice of hidden figures protects this measure"
OWN_VIEW_MARK = "Own view: unprotected, not for sharing"


class _View:
    """Rows that may be looked at, and the few ways of choosing among them."""

    mark = ""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows.sort(*[name for name in MEASURE_KEY if name in rows.columns])

    @property
    def rows(self) -> pl.DataFrame:
        """The figures as a polars frame of measure rows: the caller's own, to change without changing the view."""
        return self._rows.clone()

    def to_pandas(self) -> Any:
        """The figures as a pandas frame."""
        return self._rows.to_pandas()

    def _like(self, rows: pl.DataFrame) -> Self:
        raise NotImplementedError

    def where(self, **equals: object) -> Self:
        """The rows whose columns equal the values given; a list means any of them.

        >>> view = OwnView(pl.DataFrame({"measure": ["a", "b"], "value": [1.0, 2.0]}))
        >>> view.where(measure="b").rows["value"].to_list()
        [2.0]
        """
        rows = self._rows
        for name, wanted in equals.items():
            if name not in rows.columns:
                raise GateError(f"no column '{name}' in these figures", next_step=f"columns: {', '.join(rows.columns)}")
            values = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
            rows = rows.filter(pl.col(name).is_in(values))
        return self._like(rows)

    def __len__(self) -> int:
        return self._rows.height


class OwnView(_View):
    """An analyst's own unprotected figures: to be looked at, never exported."""

    mark = OWN_VIEW_MARK

    def _like(self, rows: pl.DataFrame) -> OwnView:
        return OwnView(rows)


_PROTECTED = object()


class Published(_View):
    """Figures protected for an audience and rounded. Made by `disclosure.publish` and by nothing else."""

    def __init__(self, rows: pl.DataFrame, *, audience: str, threshold: int, run_id: str, token: object = None) -> None:
        if token is not _PROTECTED:
            raise GateError(
                "figures are published by disclosure control, not by hand",
                next_step="call sendlab.disclosure.publish(measures, ...) or read open_workspace().published()",
            )
        super().__init__(rows.select(PUBLISHED_COLUMNS))
        self.audience, self.threshold, self.run_id = audience, threshold, run_id

    def _like(self, rows: pl.DataFrame) -> Published:
        return Published(rows, audience=self.audience, threshold=self.threshold, run_id=self.run_id, token=_PROTECTED)

    @property
    def settings(self) -> str:
        """The line about protection that every output prints."""
        return (
            f"Audience: {self.audience}. Counts of 1 to {self.threshold - 1} people, and figures from which they "
            "follow, are hidden (c). Protection across measures, years and editions comes later."
        )


def _published(rows: pl.DataFrame, *, audience: str, threshold: int, run_id: str) -> Published:
    """For `disclosure` alone: stamp rows that have been protected."""
    return Published(rows, audience=audience, threshold=threshold, run_id=run_id, token=_PROTECTED)


def restore(rows: pl.DataFrame, *, audience: str, threshold: int, run_id: str) -> Published:
    """For `build` alone: figures that were published before, read back from the store whose checksum it has checked."""
    return _published(rows, audience=audience, threshold=threshold, run_id=run_id)


def require_view(thing: object) -> None:
    """Refuse anything but `Published` or `OwnView` (for charts, sentences and tables)."""
    if not isinstance(thing, _View):
        raise GateError(
            f"a {type(thing).__name__} cannot be shown: charts, sentences and tables take figures that passed the gate",
            next_step="use open_workspace().published(), or OwnView(rows) for your own screen",
        )


def require_published(thing: object) -> None:
    """Refuse anything but `Published` (for reports, pages and files)."""
    if not isinstance(thing, Published):
        raise GateError(
            f"a {type(thing).__name__} cannot be written: files take published figures only",
            next_step="use open_workspace().published()",
        )
