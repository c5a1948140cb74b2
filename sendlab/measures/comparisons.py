"""Comparisons beyond gaps: ratios, changes, other authorities; and what flags and standing say of them."""

import polars as pl

from sendlab.compare import (
    NO_SEN,
    authority_gap_rows,
    authority_rows,
    change_rows,
    funnel_flags,
    overlapping_gap_rows,
    ratio_rows,
    regions_of,
    standing,
)
from sendlab.measures.inputs import Inputs
from sendlab.metrics.fairness.disproportionality import exclusion_comparisons
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import GROUPS

YEARLY = ("Academic year", "Autumn and spring term", "Calendar year", "Financial year")


def compared(figures: pl.DataFrame, shown: pl.DataFrame, inputs: Inputs) -> list[pl.DataFrame]:
    """Ratios and changes by SEN provision, gaps to all pupils for the LA, and to other authorities."""
    plain = figures.filter(_plain())
    own = shown.filter(_plain() & pl.col("comparator").is_in(["", NO_SEN]))
    yearly = own.filter(pl.col("time_identifier").is_in(YEARLY))
    return [
        ratio_rows(plain), overlapping_gap_rows(plain), change_rows(yearly),
        authority_gap_rows(shown, _authorities(inputs), inputs.tables["neighbours"],
                           regions_of(inputs.tables["indicators"]), la_code=inputs.workspace.la_code),
    ]  # fmt: skip


def _plain() -> pl.Expr:
    """Rows by SEN provision alone."""
    return pl.all_horizontal(pl.col(name) == TOTAL for name in GROUPS if name not in ("sen_provision", "item"))


def _authorities(inputs: Inputs) -> pl.DataFrame:
    latest = str(inputs.facts["time_period"].max())
    found: pl.DataFrame = authority_rows(inputs.tables["indicators"], latest=latest)
    return found


def comparison_tables(measures: pl.DataFrame, inputs: Inputs) -> dict[str, pl.DataFrame]:
    """Tables beside measures: `standing` among authorities, `flags` of schools, `disproportionality` with p-values."""
    tables = inputs.tables
    figures = measures.filter((pl.col("comparator") == "") & _plain() & (pl.col("item") == TOTAL))
    year = with_texts(figures.filter(pl.col("time_identifier").is_in(YEARLY)))
    return {
        "standing": standing(_authorities(inputs), tables["neighbours"], regions_of(tables["indicators"]),
                             la_code=inputs.workspace.la_code, own=year),
        "flags": funnel_flags(year),
        "disproportionality": exclusion_comparisons(inputs.counted),
    }  # fmt: skip


def with_texts(measures: pl.DataFrame) -> pl.DataFrame:
    """Measure rows with texts for categories."""
    return measures.with_columns(pl.col(pl.Categorical).cast(pl.String))
