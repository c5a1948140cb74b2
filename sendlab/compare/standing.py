"""Where an authority stands among all authorities, by published figures: rank, quarter, neighbours, region, England.

Published values are taken as they are. How sure a rank is can be said only where the publication gives counts. Ranks
of authorities that are alike are mostly noise: the neighbours' spread stands beside every rank.
Source: Goldstein and Spiegelhalter 1996 (JRSS A 159:385-443) for intervals of ranks.
"""

import numpy as np
import polars as pl

from sendlab.compare.gaps import floats_of
from sendlab.compare.neighbours import with_neighbours
from sendlab.compare.published import NATION
from sendlab.compare.sides import kinds
from sendlab.metrics.cards import cards
from sendlab.metrics.grouping import LA, either_kind, number
from sendlab.schema.measures import GROUPS
from sendlab.stats.arrays import Floats, normal_quantile
from sendlab.stats.intervals import garwood, wilson
from sendlab.stats.shrinkage import rank_intervals

FEWEST_PUPILS = 30  # below it no rank and no quarter is shown (small-number rule for reporting, 30 and more: full)
FEWEST_AUTHORITIES = 8  # two to a quarter: with fewer a quarter says nothing (own rule)
DRAWS = 2_000  # of which a limit of a rank is a quantile: one table of 150 authorities takes a tenth of a second
REGIONAL = "Regional"
TABLE = ("measure", "time_period", "time_identifier", "education_phase", *GROUPS)
SMALL = "fewer than 30 pupils: no rank and no quarter"
FEW = "fewer than 8 authorities have a figure: no quarter"
NO_PUPILS_SAID = "the publication does not say how many pupils: no interval of the rank"
STANDING = (
    *TABLE, "place_code", "place_name", "unit", "polarity", "value", "rank", "tied", "authorities", "rank_lower",
    "rank_upper", "rank_order", "quarter", "neighbours", "neighbours_with_figure", "neighbours_mean",
    "neighbours_lowest", "neighbours_highest", "neighbours_sd", "closeness", "region", "region_value",
    "england_value", "status", "note",
)  # fmt: skip


@either_kind
def standing(
    published: pl.DataFrame, neighbours: pl.DataFrame, regions: pl.DataFrame, *, la_code: str | None = None,
    own: pl.DataFrame | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """One row a published measure, period and group: the authority's rank, quarter, neighbours, region and England.

    `published`: measure rows of authorities, regions and the nation (`indicator_rows`; EES rows that hold counts);
    `neighbours`: the table; `regions`: of `regions_of`. `la_code`: the authority's three digits (None: all of them).
    `own`: its figures made here, which tell how many pupils there are where the publication does not.
    Columns: `rank` among `authorities` with a figure (1 as `rank_order` says; ties share it, `tied` how many),
    `rank_lower` and `rank_upper` where counts are published; `quarter` 1 (best by polarity) to 4; `neighbours_*` of the
    statistical neighbours that have a figure; `closeness` in words; `status` u and no rank below 30 pupils. A measure
    without polarity has no quarter and its ranks begin with the highest value.
    """
    polarity = {name: card.polarity for name, card in cards().items()}
    rows = published.filter((pl.col("geographic_level") == LA) & (pl.col("comparator") == "")).with_columns(
        pl.col("measure").replace_strict(polarity, default="none", return_dtype=pl.String).alias("polarity")
    )
    ranked = _with_base(_ranked(rows), own)
    mine = ranked if la_code is None else ranked.filter(pl.col("place_code") == la_code)
    mine = _with_rank_limits(mine, ranked, confidence)
    mine = with_neighbours(mine, rows, neighbours, list(TABLE))
    mine = _with_places(mine, published, regions)
    return _said(mine).select(STANDING).sort(*TABLE, "place_code")


def _ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """Ranks from the good end: 1 is the lowest where low is good, else the highest."""
    low = pl.col("polarity") == "low"
    towards = pl.when(low).then(pl.col("value")).otherwise(-pl.col("value"))
    rank = towards.rank("min").over(TABLE)
    many = pl.col("value").count().over(TABLE)
    order = pl.when(low).then(pl.lit("1 is the lowest")).otherwise(pl.lit("1 is the highest"))
    best = pl.when(pl.col("polarity") != "none").then(pl.lit(" (good)")).otherwise(pl.lit(""))
    quarter = pl.when((pl.col("polarity") != "none") & (many >= FEWEST_AUTHORITIES)).then(4 * (rank - 1) // many + 1)
    return rows.with_columns(
        rank.cast(pl.Int64).alias("rank"), many.cast(pl.Int64).alias("authorities"),
        pl.when(pl.col("value").is_not_null()).then(pl.len().over(*TABLE, "value")).cast(pl.Int64).alias("tied"),
        pl.concat_str(order, best).alias("rank_order"), quarter.cast(pl.Int64).alias("quarter"),
    )  # fmt: skip


def _with_base(rows: pl.DataFrame, own: pl.DataFrame | None) -> pl.DataFrame:
    """`pupils`: how many the figure is about, by the publication, else by the authority's own figure."""
    counted = [name for name, card in cards().items() if card.kind in ("share", "events")]
    published = pl.when(pl.col("measure").is_in(counted)).then("denominator")
    if own is None:
        return rows.with_columns(published.alias("pupils"))
    mine = own.filter((pl.col("geographic_level") == LA) & (pl.col("comparator") == ""))
    mine = mine.select(*TABLE, "place_code", pl.col("base_subjects").cast(pl.Float64).alias("own_pupils"))
    joined = rows.join(
        mine.unique([*TABLE, "place_code"]), on=[*TABLE, "place_code"], how="left", maintain_order="left"
    )
    return joined.with_columns(pl.coalesce(published, "own_pupils").alias("pupils")).drop("own_pupils")


def _with_rank_limits(mine: pl.DataFrame, ranked: pl.DataFrame, confidence: float) -> pl.DataFrame:
    """Limits of the ranks of tables in which counts are published."""
    wanted = ranked.join(mine.select(TABLE).unique(), on=TABLE, how="semi")
    wanted = wanted.with_columns(number(_spread(wanted, confidence)).alias("sd"))
    parts = []
    for table in wanted.filter(pl.col("sd").is_not_null()).partition_by(*TABLE):
        towards = np.where((table["polarity"] == "low").to_numpy(), -1.0, 1.0) * table["value"].to_numpy()
        limits = rank_intervals(towards, table["sd"].to_numpy(), confidence=confidence, draws=DRAWS)
        parts.append(
            table.select(*TABLE, "place_code").with_columns(
                number(limits.lower).alias("rank_lower"), number(limits.upper).alias("rank_upper")
            )
        )
    none = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("rank_lower", "rank_upper")]
    if not parts:
        return mine.with_columns(none)
    return mine.join(pl.concat(parts), on=[*TABLE, "place_code"], how="left", maintain_order="left")


def _spread(rows: pl.DataFrame, confidence: float) -> Floats:
    """Standard deviation of each figure by chance, from published counts: shares (Wilson) and events (Garwood)."""
    x, n = floats_of(rows, "numerator", "denominator")
    z, kind = normal_quantile(confidence), kinds(rows).to_numpy()
    share, events = (
        (upper - lower) / (2 * z) for lower, upper in (f(x, n, confidence=confidence) for f in (wilson, garwood))
    )
    return np.asarray(100 * np.where(kind == "share", share, np.where(kind == "events", events, np.nan)))


def _with_places(rows: pl.DataFrame, published: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """The region's and England's published figures."""
    rows = rows.join(regions.select("place_code", "region"), on="place_code", how="left", maintain_order="left")
    of_region = published.filter(pl.col("geographic_level") == REGIONAL)
    of_region = of_region.select(*TABLE, pl.col("place_name").alias("region"), pl.col("value").alias("region_value"))
    of_nation = published.filter((pl.col("geographic_level") == NATION) & (pl.col("comparator") == ""))
    of_nation = of_nation.select(*TABLE, pl.col("value").alias("england_value"))
    rows = rows.join(of_region, on=[*TABLE, "region"], how="left", maintain_order="left")
    return rows.join(of_nation, on=TABLE, how="left", maintain_order="left")


def _said(rows: pl.DataFrame) -> pl.DataFrame:
    """No rank and no quarter on few pupils, and the reason for what is missing."""
    small = (pl.col("pupils") < FEWEST_PUPILS).fill_null(False)
    none = pl.col("value").is_null()
    why = pl.concat_list(
        pl.when(small).then(pl.lit(SMALL)),
        pl.when(~small & ~none & (pl.col("authorities") < FEWEST_AUTHORITIES)).then(pl.lit(FEW)),
        pl.when(~small & ~none & pl.col("rank_lower").is_null()).then(pl.lit(NO_PUPILS_SAID)),
        pl.when(none & (pl.col("note") != "")).then("note"),
    ).list.drop_nulls()
    ranks = ("rank", "tied", "rank_lower", "rank_upper", "quarter")
    return rows.with_columns(
        *(pl.when(~small).then(name).alias(name) for name in ranks),
        pl.when(small & (pl.col("status") == "")).then(pl.lit("u")).otherwise("status").alias("status"),
        why.list.join("; ").alias("note"),
    )
