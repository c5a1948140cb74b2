"""What hiding a cell costs: parts of schools go first, the authority's own figures only if nothing else is left."""

import numpy as np
import polars as pl

from sendlab.disclosure.protect.counts import PLACE
from sendlab.disclosure.protect.system import Bools, Floats
from sendlab.metrics.publication import LA_LEVEL
from sendlab.schema.groups import ALL_SEN, TOTAL
from sendlab.schema.measures import GROUPS

_SCHOOL_PART, _SCHOOL_TOTAL, _LA_CROSSED, _LA_PART, _LA_SEN_TOTAL, _LA_TOTAL = 1.0, 4.0, 10.0, 100.0, 200.0, 1000.0
_AGAIN = 0.25  # of the price of a cell that was hidden in another part of the year


def prices(cells: pl.DataFrame, count: Floats, never: Bools) -> Floats:
    """The price of each cell: by its place in the tables, then larger counts dearer; in thousandths.

    `cells` has the columns geographic_level and GROUPS. `never` marks cells that a rule shows (good news); a cell
    without a count, or of nobody, cannot be hidden as cover either.

    >>> cell = {"geographic_level": ["School", "Local authority"], **{name: ["Total"] * 2 for name in GROUPS}}
    >>> prices(pl.DataFrame(cell), np.array([0.0, 30.0]), np.array([False, False])).tolist()
    [4.0, 1686.797]
    """
    known = np.isfinite(count) & ~never
    size = 1.0 + np.log1p(np.where(known, np.maximum(count, 0.0), 0.0)) / 5.0
    return np.where(known, np.round(cells.select(_by_place()).to_series().to_numpy() * size, 3), np.inf)


def hidden_in_time(cells: pl.DataFrame, name: str) -> Floats:
    """A factor for the price of each cell: less where an earlier release hides it in another part of the year.

    Who is in a part is also in the whole, so a year has room to move only where every part of it is hidden. `name` is
    the column of the measure or base; `cells` has `given` as well.

    >>> cell = {**{name: "Total" for name in GROUPS}, "time_period": "202425", "geographic_level": "School"}
    >>> cells = pl.DataFrame([{**cell, "base": "roll", "place_code": code, "given": given}
    ...                       for code, given in (("1", "hidden"), ("1", ""), ("2", "shown"), ("2", ""))])
    >>> hidden_in_time(cells, "base").tolist()
    [0.25, 0.25, 1.0, 1.0]
    """
    before = (pl.col("given") == "hidden").any().over(name, "time_period", *PLACE, *GROUPS)
    return np.where(cells.select(before).to_series().to_numpy(), _AGAIN, 1.0)


def _by_place() -> pl.Expr:
    columns = [pl.col(name) != TOTAL for name in GROUPS if name != "item"]
    all_sen = pl.col("sen_provision") == ALL_SEN
    broken_down = pl.sum_horizontal(columns) - (all_sen & (pl.col("need_area") != TOTAL)).cast(pl.Int32)
    total, sen_total = broken_down == 0, (broken_down == 1) & all_sen & (pl.col("need_area") == TOTAL)
    la = (
        pl.when(total).then(_LA_TOTAL).when(sen_total).then(_LA_SEN_TOTAL).when(broken_down > 1).then(_LA_CROSSED)
        .otherwise(_LA_PART)
    )  # fmt: skip
    school = pl.when(total | sen_total).then(_SCHOOL_TOTAL).otherwise(_SCHOOL_PART)
    return pl.when(pl.col("geographic_level") == LA_LEVEL).then(la).otherwise(school).cast(pl.Float64)
