"""Rows as a reader gets them: decimal places, and without what is hidden or rests on too few people."""

from __future__ import annotations

import polars as pl

from sendlab.disclosure.protect.primary import COUNTED_KINDS, structural_zero
from sendlab.disclosure.published import HIDDEN, WITHHELD_NOTE
from sendlab.disclosure.rounding import UNRELIABLE, fewest, places, rounded
from sendlab.metrics.completeness import without_marks
from sendlab.schema.measures import MEASURE_KEY

_RESULTS = ("value", "lower", "upper", "comparator_value")
_BASES = ("base_subjects", "denominator")
_NUMBERS = ("numerator", *_BASES, "eligible_subjects", *_RESULTS)
_FIGURE_KEY = tuple(name for name in MEASURE_KEY if name != "comparator")
PERIOD = ("measure", "time_period", "time_identifier")


def placed(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures with the decimal places they are shown with, and the fewest people they would need, if any."""
    base, kind = pl.col("base_subjects"), pl.col("_kind")
    return figures.with_columns(
        _places=places(base, kind, pl.col("_decimals")).fill_null(pl.col("_decimals")),
        _few=fewest(base, kind, pl.col("_smallest")),
    )


def masked(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures without what is hidden: the family of the value, and the base where that is hidden too."""
    base_stays = pl.col("_kind").is_in([*COUNTED_KINDS, "sum"]) & ~pl.col("base_hidden")
    no_sum = pl.col("_kind").is_in(["mean", "effect"])  # with n it would give a finer mean than is shown
    nobody, withheld = structural_zero(), pl.col("withheld")
    # what is said of the coverage of one group tells of the others', so it goes for the whole place
    untold = pl.col("coverage_hidden").any().over(*PERIOD, "place_code")
    return _marked(without_marks(figures, untold)).with_columns(
        *(pl.when(~pl.col("hidden") | base_stays).then(pl.col(name)).alias(name) for name in _BASES),
        note=pl.when(withheld & pl.col("hidden")).then(pl.lit(WITHHELD_NOTE)).otherwise(pl.col("note")),
        numerator=pl.when(~pl.col("hidden") & (~no_sum | nobody)).then(pl.col("numerator")),
        eligible_subjects=pl.when(
            ~pl.col("coverage_hidden") & (~pl.col("hidden") | base_stays) | ~pl.col("_of_people")
        ).then(pl.col("eligible_subjects")),
    )


def _marked(rows: pl.DataFrame) -> pl.DataFrame:
    """Values null and symbols set on rows that are hidden (c) or rest on too few people for more than counts (u).

    A hidden row does not tell how its interval would have been made, nor when its own last event was.
    """
    hidden, few = pl.col("hidden"), pl.col("_few").is_not_null() & pl.col("value").is_not_null()
    reason = pl.format("fewer than {} {}: counts only", pl.col("_few"), pl.col("_counted"))
    return rows.with_columns(
        *(pl.when(~(hidden | few)).then(pl.col(name)).alias(name) for name in _RESULTS),
        status=pl.when(hidden).then(pl.lit(HIDDEN)).when(few).then(pl.lit(UNRELIABLE)).otherwise(pl.col("status")),
        note=pl.when(hidden).then(pl.lit("")).when(few).then(reason).otherwise(pl.col("note")),
        method=pl.when(hidden | few).then(pl.lit("")).otherwise(pl.col("method")),
        data_to=pl.when(hidden).then(pl.col("data_to").max().over(PERIOD)).otherwise(pl.col("data_to")),
    )


def rounded_gaps(gaps: pl.DataFrame) -> pl.DataFrame:
    """Gaps to the places of their coarser side; the other side to its own, a benchmark as it was published."""
    gaps = gaps.with_columns(pl.col("_places").fill_null(pl.col("_decimals")))
    gaps = rounded(gaps, ("value", "lower", "upper"), "_places")
    other = rounded(gaps, ("comparator_value",), "_other_places")["comparator_value"]
    benchmark = pl.col("_other_places").is_null()
    return gaps.with_columns(comparator_value=pl.when(benchmark).then(pl.col("comparator_value")).otherwise(other))


def masked_gaps(gaps: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """Gap rows that carry the counts of their published figure, and nothing where they are hidden."""
    counts = [name for name in _NUMBERS if name not in _RESULTS]
    figures = shown.select(*_FIGURE_KEY, *counts)
    joined = _marked(gaps).drop(counts).join(figures, on=list(_FIGURE_KEY), how="left")
    return joined.with_columns(pl.when(~pl.col("hidden")).then(pl.col(name)).alias(name) for name in counts)
