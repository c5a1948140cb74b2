"""Rows of measures beside their cards."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from sendlab.metrics.cards import Card, card


def by_measure(rows: pl.DataFrame) -> Iterator[tuple[Card, npt.NDArray[np.int64]]]:
    """Each measure's card with the places of its rows, in the order of names.

    >>> [(about.measure, places.tolist()) for about, places in by_measure(pl.DataFrame({"measure": ["absence"] * 2}))]
    [('absence', [0, 1])]
    """
    names = rows["measure"].cast(pl.String).to_numpy()
    for name in sorted(set(names.tolist())):
        yield card(name), np.flatnonzero(names == name)
