"""The authority's own figures beside published ones of its statistical neighbours, its region and England."""

import polars as pl

from sendlab.compare.gaps import comparison_rows, floats_of, points
from sendlab.compare.neighbours import FEWEST_NEIGHBOURS, neighbour_codes, neighbour_figures
from sendlab.compare.published import NATION
from sendlab.compare.sides import SIDE, beside_latest, compared
from sendlab.compare.standing import REGIONAL, TABLE
from sendlab.metrics.grouping import LA, either_kind, number

NEIGHBOURS, REGION, ENGLAND = "Statistical neighbours", "Region", "England (all authorities)"
METHOD = "own limits; published figures have none"
FEW_NEIGHBOURS = "fewer than {} of the statistical neighbours have a published figure"


@either_kind
def authority_gap_rows(
    own: pl.DataFrame, published: pl.DataFrame, neighbours: pl.DataFrame, regions: pl.DataFrame, *, la_code: str
) -> pl.DataFrame:
    """Gaps of the authority's figures to its statistical neighbours' mean, to its region and to England.

    `own`: measure rows made here (those of the authority are taken); the others as in `standing`. The latest published
    figure up to the period and at most two years older stands beside it (`comparator_period`). `comparator_value` is
    as published, for neighbours the mean of those that have a figure (`note` says how many, and their range); fewer
    than five of them have no mean (status x). The interval is that of the own figure alone.
    """
    mine = compared(own).filter((pl.col("geographic_level") == LA) & (pl.col("place_code") == la_code))
    region = regions.filter(place_code=la_code)["region"].to_list()
    level = pl.col("geographic_level")
    sides = {
        NEIGHBOURS: _of_neighbours(published.filter(level == LA), neighbours, la_code),
        REGION: published.filter((level == REGIONAL) & pl.col("place_name").is_in(region)),
        ENGLAND: published.filter((level == NATION) & (pl.col("comparator") == "")),
    }
    return pl.concat([_gaps(mine, rows, name) for name, rows in sides.items()])


def _of_neighbours(authorities: pl.DataFrame, neighbours: pl.DataFrame, la_code: str) -> pl.DataFrame:
    """The mean of the neighbours as published rows, one a table."""
    listed = neighbours.filter(la_code=la_code)
    found = neighbour_figures(authorities, listed, list(TABLE))
    many = neighbour_codes(listed).height
    enough = pl.col("neighbours_with_figure") >= FEWEST_NEIGHBOURS
    said = pl.format(
        "mean of {} of {} neighbours, from {} to {}",
        "neighbours_with_figure", pl.lit(many), "neighbours_lowest", "neighbours_highest",
    )  # fmt: skip
    none = [
        pl.lit(None, dtype=authorities.schema[name]).alias(name) for name in SIDE if name not in ("value", "status")
    ]
    return found.select(
        *TABLE, pl.col("neighbours_mean").alias("value"), *none,
        pl.when(enough).then(pl.lit("")).otherwise(pl.lit("x")).alias("status"),
        pl.when(enough).then(said).otherwise(pl.lit(FEW_NEIGHBOURS.format(FEWEST_NEIGHBOURS))).alias("said"),
    )  # fmt: skip


def _gaps(mine: pl.DataFrame, published: pl.DataFrame, comparator: str) -> pl.DataFrame:
    found = beside_latest(mine, published)
    if "said" in published.columns:
        said = published.select(*TABLE, "said").rename({"time_period": "time_period_other"})
        link = [name for name in said.columns if name not in ("said", "education_phase")]
        said = said.rename({"education_phase": "education_phase_other"})
        found = found.join(said, on=[*link, "education_phase_other"], how="left", maintain_order="left")
        own = pl.col("status") == ""
        found = found.with_columns(pl.when(own).then("said").otherwise("note").alias("note")).drop("said")
    lower, upper, other = floats_of(found, "lower", "upper", "value_other")
    made = found.with_columns(
        (pl.col("value") - pl.col("value_other")).alias("value"),
        number(lower - other).alias("lower"),
        number(upper - other).alias("upper"),
        points().alias("unit"),
        pl.lit(METHOD).alias("method"),
    )
    return comparison_rows(made, comparator)
