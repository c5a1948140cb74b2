"""A school's own edition: its own figures plain, everybody else's exactly as the board has them."""

from __future__ import annotations

import polars as pl

from sendlab.disclosure.published import Published, _published
from sendlab.errors import GateError
from sendlab.metrics.publication import SCHOOL_LEVEL


def school_edition(board: Published, own: pl.DataFrame, place: str) -> Published:
    """The board's figures with those of one school put in place of its protected ones.

    `own` are rows of `own_figures`. Raises GateError if they hold none of this school.
    """
    mine = own.filter(pl.col("place_code") == place)
    if mine.is_empty():
        raise GateError(f"no figures of a school '{place}'", next_step="name a school of this workspace by its code")
    rows = board._checked()  # put together, and not read yet: what a report shows of them is noted when it reads them
    others = rows.filter((pl.col("place_code") != place) | (pl.col("geographic_level") != SCHOOL_LEVEL))
    return _published(
        pl.concat([others, mine.select(others.columns)]), audience="school", threshold=board.threshold,
        run_id=board.run_id, place=place,
    )  # fmt: skip
