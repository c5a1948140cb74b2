"""What an edition says of each number: what is printed, what percentages tell, and what the rules of hiding tell."""

from __future__ import annotations

import polars as pl

from sendlab.disclosure.audit.editions import CELL, HIDDEN, WITHHELD, Edition, as_intervals, rounded_to_fives
from sendlab.disclosure.audit.numbers import BASE, ELIGIBLE, KEY, NUMBER, OUT_OF, PEOPLE, SUM, counted, keyed
from sendlab.disclosure.audit.percentages import narrowed_by_percentages

FEWEST_IN_FIVES, SMALLEST_BASE_IN_FIVES = 8, 10  # counts of people, and bases, below are hidden in a rounded family
_ANY = float("inf")
_SEEN = pl.any_horizontal(pl.col(f"{name}_low").is_not_null() for name in ("value", "lower", "upper"))
_FIVES, _ROW_HIDDEN = rounded_to_fives(), pl.col("status") == HIDDEN
_BASE_GONE, _NUMERATOR_GONE = pl.col("base_subjects_low").is_null(), pl.col("numerator_low").is_null()
_IS_PEOPLE = (pl.col("kind") == "share") & pl.col(NUMBER).is_null()  # the numerator is a count of people
_COUNTS_PEOPLE = pl.col("kind").is_in(["share", "events"])


def rows_of(edition: Edition, names: pl.DataFrame) -> pl.DataFrame:
    """The figures of an edition as intervals, beside the names of their numbers; rows of unknown measures drop out."""
    measures = names["measure"].to_list()
    return (
        counted(as_intervals(edition.rows.filter(pl.col("measure").is_in(measures))))
        .drop("unit")
        .join(names, on="measure")
    )


def printed(rows: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """KEY, `low`, `high`: what the counts in sight say, and percentages and means beside hidden counts."""
    plain = [_ends(rows, BASE, BASE, "base_subjects", SMALLEST_BASE_IN_FIVES, threshold),
             _ends(rows.filter(pl.col(OUT_OF).is_null(), pl.col("kind") != "effect"), BASE, BASE, "denominator"),
             _ends(rows, OUT_OF, OUT_OF, "denominator"), _ends(rows, ELIGIBLE, ELIGIBLE, "eligible_subjects"),
             _ends(rows.filter(_IS_PEOPLE), PEOPLE, PEOPLE, "numerator", FEWEST_IN_FIVES, threshold),
             _ends(rows, NUMBER, NUMBER, "numerator", FEWEST_IN_FIVES, threshold),
             _ends(rows, SUM, SUM, "numerator")]  # fmt: skip
    shares = narrowed_by_percentages(rows.filter(_IS_PEOPLE, _NUMERATOR_GONE, _SEEN, ~_FIVES))
    told = [_ends(shares, PEOPLE, PEOPLE, "people"), _ends(shares, BASE, BASE, "base")]
    ratios = _ratios(rows).filter(pl.col("out_low") == pl.col("out_high"))
    ends = pl.col("low_rate") * pl.col("out_low"), pl.col("high_rate") * pl.col("out_low")
    direct = ratios.select("what", "name", *CELL, low=ends[0], high=ends[1])
    return pl.concat([*plain, *told, direct])


def _ends(
    rows: pl.DataFrame, what: str, name: str, column: str, smallest_in_fives: int = 0, threshold: int = 0
) -> pl.DataFrame:
    low, high = pl.col(f"{column}_low"), pl.col(f"{column}_high")
    floor = float(max(smallest_in_fives, threshold if smallest_in_fives else 0))
    low = pl.when(_FIVES & (high > 0)).then(pl.max_horizontal(low, pl.lit(floor))).otherwise(low)
    seen = rows.filter(pl.col(name).is_not_null(), pl.col(f"{column}_low").is_not_null())
    return seen.select(pl.lit(what).alias("what"), pl.col(name).alias("name"), *CELL, low=low, high=high)


def _ratios(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose value is in sight beside a hidden numerator: the number, what it is out of, and limits of its rate.

    Limits of rates of events and of sessions rest on the spread between pupils, so nothing follows from them. In a
    rounded family values follow from rounded counts: nothing is taken from them.
    """
    of_mean = pl.col("kind") == "mean"
    some = rows.filter(pl.col("value_low").is_not_null(), _NUMERATOR_GONE, ~_FIVES, pl.col("kind") != "effect")
    what = pl.when(of_mean).then(pl.lit(SUM)).when(_IS_PEOPLE).then(pl.lit(PEOPLE)).otherwise(pl.lit(NUMBER))
    name = pl.when(of_mean).then(pl.col(SUM)).when(_IS_PEOPLE).then(pl.col(PEOPLE)).otherwise(pl.col(NUMBER))
    by_base = pl.col(OUT_OF).is_null()
    out = [pl.when(by_base).then(pl.col(f"base_subjects_{end}")).otherwise(pl.col(f"denominator_{end}"))
           for end in ("low", "high")]  # fmt: skip
    scale = _scale()
    return some.select(
        *CELL, what=what, name=name, out_what=pl.when(by_base).then(pl.lit(BASE)).otherwise(pl.lit(OUT_OF)),
        out_name=pl.when(by_base).then(pl.col(BASE)).otherwise(pl.col(OUT_OF)), out_low=out[0], out_high=out[1],
        low_rate=pl.col("value_low") / scale, high_rate=pl.col("value_high") / scale,
    )  # fmt: skip


def _scale() -> pl.Expr:
    """By how much a rate is multiplied, as its unit says."""
    unit = pl.col("unit")
    mean = pl.when(pl.col("kind") == "mean").then(1.0)
    hundred = unit.str.starts_with("%") | unit.str.contains("per 100 ", literal=True)
    return (
        mean.when(hundred).then(100.0).when(unit.str.contains("per 1,000 ", literal=True)).then(1000.0).otherwise(1.0)
    )


def rules(rows: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """KEY, `low`, `high`: what anyone who knows the rules can say of a number that is hidden, or of people not printed.

    Beside a shown base a hidden count is never good news about everybody, which is always shown; it may be the adverse
    edge. Under a hidden base it may be anything, and somebody is in that base. Where events are in sight, there are as
    many people behind them as the threshold asks for.
    """
    gone = rows.filter(_ROW_HIDDEN)
    bases = _rule(gone.filter(_BASE_GONE), BASE, BASE, pl.lit(1.0), _fives(SMALLEST_BASE_IN_FIVES, threshold))
    beside = gone.filter(_NUMERATOR_GONE, ~_BASE_GONE)
    anything = pl.col("note").fill_null("").str.starts_with(WITHHELD)
    nobody = pl.when(anything | (pl.col("polarity") == "high")).then(0.0).otherwise(1.0)
    everybody = pl.col("base_subjects_high") - pl.when(anything | (pl.col("polarity") == "low")).then(0.0).otherwise(
        1.0
    )
    people = _rule(beside.filter(_COUNTS_PEOPLE), PEOPLE, PEOPLE, nobody, everybody)
    none_of_sum = pl.when(anything | (pl.col("polarity") != "low")).then(0.0).otherwise(1.0)
    least = pl.when(pl.col("kind") == "sum").then(none_of_sum).otherwise(nobody)
    numbers = _rule(beside, NUMBER, NUMBER, least, pl.lit(_ANY))
    events = rows.filter(pl.col("numerator_low") > 0, pl.col("kind") == "events")
    enough = _rule(events, PEOPLE, PEOPLE, pl.lit(float(threshold)), pl.lit(_ANY))
    return pl.concat([bases, people, numbers, enough])


def _fives(smallest: int, threshold: int) -> pl.Expr:
    return pl.when(_FIVES).then(float(max(smallest, threshold) - 1)).otherwise(_ANY)


def _rule(rows: pl.DataFrame, what: str, name: str, low: pl.Expr, high: pl.Expr) -> pl.DataFrame:
    some = rows.filter(pl.col(name).is_not_null())
    key = pl.lit(what).alias("what"), pl.col(name).alias("name")
    return some.select(*key, *CELL, low=low.cast(pl.Float64), high=high.cast(pl.Float64))


def few_in_fives(rows: pl.DataFrame, keys: pl.DataFrame, threshold: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Hidden counts of a rounded family: KEY with `high` of the people, and lines for the people without the feature.

    A reader takes it for few people with the feature, or without it, whichever it is.
    """
    most = float(max(FEWEST_IN_FIVES, threshold) - 1)
    hidden = rows.filter(_ROW_HIDDEN, _NUMERATOR_GONE, ~_BASE_GONE, _FIVES, _COUNTS_PEOPLE)
    true = {what: keys.filter(what=what).select("name", *CELL, pl.col("true").alias(f"true_{what}"))
            for what in (PEOPLE, BASE)}  # fmt: skip
    for what, frame in true.items():
        hidden = hidden.join(frame, left_on=[what, *CELL], right_on=["name", *CELL], how="left")
    few = hidden.filter(pl.col(f"true_{PEOPLE}") <= most)
    without = hidden.join(few, on=["measure", *CELL], how="anti")
    without = without.filter(pl.col(f"true_{BASE}") - pl.col(f"true_{PEOPLE}") <= most)
    ends = _rule(few, PEOPLE, PEOPLE, pl.lit(-_ANY), pl.lit(most))
    left = without.select(*CELL, what=pl.lit(BASE), name=BASE, out_what=pl.lit(PEOPLE), out_name=PEOPLE)
    return ends, _rate_lines(left, pl.lit(1.0), -_ANY, most)


def ratio_lines(rows: pl.DataFrame) -> pl.DataFrame:
    """Lines of sums for rates in sight where both of their counts are hidden: KEY, `line`, `weight`, `low`, `high`."""
    open_rates = _ratios(rows).filter(pl.col("out_low").is_null() | (pl.col("out_low") != pl.col("out_high")))
    least = _rate_lines(open_rates, pl.col("low_rate"), 0.0, _ANY)
    most = _rate_lines(open_rates, pl.col("high_rate"), -_ANY, 0.0)
    return pl.concat([least, most.with_columns(pl.col("line") + open_rates.height)])


def _rate_lines(rates: pl.DataFrame, rate: pl.Expr, low: float, high: float) -> pl.DataFrame:
    rates = rates.with_row_index("line").with_columns(pl.col("line").cast(pl.Int64))
    limits = {"low": pl.lit(low), "high": pl.lit(high)}
    number = rates.select("line", "what", "name", *CELL, weight=pl.lit(1.0), **limits)
    out = rates.select("line", pl.col("out_what").alias("what"), pl.col("out_name").alias("name"), *CELL,
                       weight=-rate, **limits)  # fmt: skip
    return pl.concat([number, out])


def already_public(known: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """KEY, `low`, `high` of figures that were public before: measure rows whose counts are taken as they stand."""
    rows = counted(known.filter(pl.col("measure").is_in(names["measure"].to_list())))
    found = keyed(rows, names).filter(pl.col("true").is_not_null())
    return found.select(*KEY, low="true", high="true")
