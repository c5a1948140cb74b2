"""How far a figure can be relied on: the share of those who could count who do, and whether groups differ in it."""

import polars as pl

from sendlab.metrics.cards import cards
from sendlab.metrics.grouping import LA, SCHOOL
from sendlab.schema.groups import SEND, TOTAL
from sendlab.schema.measures import GROUPS

ENOUGH = 80  # % of those eligible who must count (project rule, 2026)
UNEVEN = 10  # percentage points by which coverage of pupils with SEN and without may differ
UNRELIABLE = "u"
PLACE_KEY = ["measure", "time_period", "time_identifier", "place_code", "item"]
# What is said, without a number: a note goes where counts may have to be hidden.
TOO_FEW = "too few of those who could count do: see the coverage"
UNEVENLY = "pupils with SEN and without are covered unevenly: see the coverage"


def mark_coverage(rows: pl.DataFrame, *, enough: float = ENOUGH, uneven: float = UNEVEN) -> pl.DataFrame:
    """Measure rows with status u, the reason, and bounds where too few of those eligible count, or unevenly.

    Coverage is `base_subjects` / `eligible_subjects`. Under `enough` %, or where a place's pupils with SEN and without
    differ in it by more than `uneven` points, the figure is unreliable: it is shown, not ranked, and for shares `least`
    and `most` say where it would lie if none, or all, of those who are missing had the feature.
    """
    base, eligible = pl.col("base_subjects"), pl.col("eligible_subjects")
    coverage = 100 * base / pl.when(eligible > 0).then(eligible)
    rows = rows.with_columns(coverage.alias("_coverage"))
    apart = _apart(rows)
    rows = rows.join(apart, on=PLACE_KEY, how="left",
                     maintain_order="left")  # fmt: skip
    low, split = pl.col("_coverage") < enough, pl.col("_apart") > uneven
    doubtful = (low | split).fill_null(False) & pl.col("value").is_not_null() & (pl.col("comparator") == "")
    why = pl.when(low.fill_null(False)).then(pl.lit(TOO_FEW)).otherwise(pl.lit(UNEVENLY))
    shares = pl.col("measure").is_in([name for name, card in cards().items() if card.kind == "share"])
    left_out, x = eligible - base, pl.col("numerator")
    return rows.with_columns(
        pl.when(doubtful & (pl.col("status") == "")).then(pl.lit(UNRELIABLE)).otherwise("status").alias("status"),
        pl.when(doubtful).then(_joined(why)).otherwise("note").alias("note"),
        pl.when(doubtful & shares).then(100 * x / eligible).otherwise("least").alias("least"),
        pl.when(doubtful & shares).then(100 * (x + left_out) / eligible).otherwise("most").alias("most"),
    ).drop("_coverage", "_apart")


def _joined(why: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("note") == "").then(why).otherwise(pl.col("note") + pl.lit("; ") + why)


def without_marks(rows: pl.DataFrame, where: pl.Expr) -> pl.DataFrame:
    """Rows without the marks of `mark_coverage` where `where` holds: no mark may tell of coverage that is hidden."""
    marked = where & pl.any_horizontal(pl.col("note").str.ends_with(text) for text in (TOO_FEW, UNEVENLY))
    said = pl.col("note").str.strip_suffix(TOO_FEW).str.strip_suffix(UNEVENLY).str.strip_suffix("; ")
    return rows.with_columns(
        pl.when(marked & (pl.col("status") == UNRELIABLE)).then(pl.lit("")).otherwise("status").alias("status"),
        pl.when(marked).then(said).otherwise("note").alias("note"),
    )


def _apart(rows: pl.DataFrame) -> pl.DataFrame:
    """Points by which the coverage of each group with SEN lies from that of pupils without, by place: the larger."""
    plain = pl.all_horizontal(pl.col(name) == TOTAL for name in GROUPS if name not in ("sen_provision", "item"))
    table = rows.filter(plain & pl.col("geographic_level").is_in([LA, SCHOOL]) & (pl.col("comparator") == ""))
    others = table.filter(pl.col("sen_provision") == "No SEN").select(*PLACE_KEY, pl.col("_coverage").alias("_other"))
    groups = table.filter(pl.col("sen_provision").is_in(SEND)).join(others, on=PLACE_KEY)
    apart = (pl.col("_coverage") - pl.col("_other")).abs().max().alias("_apart")
    return groups.group_by(PLACE_KEY).agg(apart)
