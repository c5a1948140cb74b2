"""What is decided together beside the bases: figures of linked measures, with all their counts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sendlab.disclosure.protect.system import Bools, Floats


@dataclass(frozen=True)
class Family:
    """Figures decided together, with their counts: those of their bases, then those of their numerators.

    `counts.decision` is the place in `rows` of the figure that hides the count, or beyond them that of the base cell.
    """

    rows: pl.DataFrame
    counts: pl.DataFrame  # with var, decision, place (of the figure in rows; null for bases), base_cell
    base: Floats  # by row
    base_hidden: Bools  # by row
