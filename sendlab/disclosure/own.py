"""Every school's own figures, plain: what stands in its own edition in place of the board's."""

from __future__ import annotations

import polars as pl

from sendlab.disclosure.gaps import judge_gaps
from sendlab.disclosure.intake import NATIONAL, require_measures
from sendlab.disclosure.masked import masked, masked_gaps, placed, rounded_gaps
from sendlab.disclosure.protect.decide import DECISIONS
from sendlab.disclosure.published import HIDDEN, PUBLISHED_COLUMNS, Published
from sendlab.disclosure.rounding import rounded
from sendlab.metrics.publication import LA_LEVEL, SCHOOL_LEVEL
from sendlab.schema.measures import GROUPS, MEASURE_KEY

COUNTS_ONLY_BELOW = 10  # people: on a smaller base a school sees "3 of 8", no percentage and no interval
_CELL = ("measure", "time_period", "time_identifier", "place_code", *GROUPS)


def own_figures(measures: pl.DataFrame, board: Published) -> pl.DataFrame:
    """Every school's own rows, plain and rounded, as they stand in its own edition (columns of published figures).

    `measures` are the exact rows of what was published for the board. A gap to the rest of the LA is there if the
    board's figure of the LA is; figures on fewer than 10 people are counts, unless the board sees more.
    """
    rows = require_measures(measures).filter(pl.col("geographic_level") != NATIONAL)
    figures = _with_flags(rows.filter(pl.col("comparator") == ""), board)
    own = figures.filter(pl.col("geographic_level") == SCHOOL_LEVEL)
    gaps = rows.filter((pl.col("comparator") != "") & (pl.col("geographic_level") == SCHOOL_LEVEL))
    gaps = judge_gaps(gaps, figures, board.threshold)
    shown = masked(rounded(_counts_only(placed(own)), ("value", "lower", "upper"), "_places"))
    shown_gaps = masked_gaps(rounded_gaps(_counts_only(gaps)), shown)
    made = pl.concat([shown.select(PUBLISHED_COLUMNS), shown_gaps.select(PUBLISHED_COLUMNS)])
    return _no_less_than(board, made).sort("place_code", *MEASURE_KEY)


def _no_less_than(board: Published, own: pl.DataFrame) -> pl.DataFrame:
    """The school's rows, and the board's where these show a figure of which the school would see counts only."""
    seen = board.rows.filter(pl.col("value").is_not_null()).select(PUBLISHED_COLUMNS)
    counts_only = own.filter(pl.col("value").is_null()).select(MEASURE_KEY)
    more = seen.join(counts_only, on=list(MEASURE_KEY), how="semi")
    return pl.concat([own.join(more, on=list(MEASURE_KEY), how="anti"), more])


def _with_flags(figures: pl.DataFrame, board: Published) -> pl.DataFrame:
    """The figures with the flags of protection: of schools none, of the LA those that the board's figures show."""
    hidden = board.rows.filter((pl.col("comparator") == "") & (pl.col("status") == HIDDEN)).select(
        *_CELL, _hidden=pl.lit(True)
    )
    joined = figures.join(hidden, on=list(_CELL), how="left", maintain_order="left")
    is_la = pl.col("geographic_level") == LA_LEVEL
    flags = {name: pl.lit(False) for name in DECISIONS if name != "hidden"}
    return joined.with_columns(**flags, hidden=is_la & pl.col("_hidden").fill_null(False)).drop("_hidden")


def _counts_only(rows: pl.DataFrame) -> pl.DataFrame:
    """Counts and nothing else on fewer than 10 people; a mean is shown from its card's smallest base on."""
    base = pl.col("base_subjects") if "_own_base_subjects" not in rows.columns else pl.col("_own_base_subjects")
    few = (base < COUNTS_ONLY_BELOW) & pl.col("_kind").is_in(["share", "events", "sum"]) & pl.col("_of_people")
    floor = pl.when(few).then(pl.lit(COUNTS_ONLY_BELOW))
    return rows.with_columns(_few=pl.max_horizontal(pl.col("_few"), floor.cast(pl.Int64)))
