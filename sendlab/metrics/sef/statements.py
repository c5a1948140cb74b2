"""Self-evaluation: the 45 statements now, as a target, and the gap; bands, rounds and what is not rated yet.

A rating of 0 (not applicable) counts nowhere. Judgements are no sample: none of these figures has an interval, but for
shares of schools.
"""

from collections.abc import Callable

import polars as pl

from sendlab.metrics.grouping import either_kind
from sendlab.metrics.plain import of_the_la, plain_figures
from sendlab.metrics.recipes import EVERYBODY, Share
from sendlab.metrics.sef.ratings import BANDS, NOT_APPLICABLE, ROUND, in_band, latest, rated, sections
from sendlab.schema.groups import FULL_YEAR
from sendlab.schema.measures import no_measures

SUMS: dict[str, Callable[[], pl.Expr]] = {
    "sef_now": lambda: pl.col("now"),
    "sef_target": lambda: pl.when(pl.col("now").is_not_null()).then("target"),  # as the gap: rated now, with a target
    "sef_gap": lambda: pl.col("target") - pl.col("now"),
}
ITEMS = ("statement", "section", "all")
NOT_RATED = "not rated, or not applicable"
MONTHS = (6, 12)


@either_kind
def self_evaluation(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """Mean rating now, target and gap by statement, section and in all, for each school and for the LA.

    `ratings`: the declared table; the latest round of each school and year counts. `places`: school_id, place_code,
    place_name, education_phase. `item` is a statement (O1), a section, or Total. The LA's figure is the mean over
    schools' ratings. 0 and blanks are left out of every mean and count. No interval: judgements are no sample.
    """
    rows = latest(rated(ratings, places, la_code=la_code, la_name=la_name))
    parts = [
        plain_figures(rows, measure, top=figure(), bottom=figure().is_not_null(), day="rated_on", items=ITEMS,
                      nothing=NOT_RATED)
        for measure, figure in SUMS.items()
    ]  # fmt: skip
    return pl.concat(parts)


@either_kind
def bands(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """How ratings spread over the bands 7 to 10, 4 to 6 and 1 to 3: of a school's statements, and of the LA's schools.

    `sef_band`: statements in a band per 100 rated, for each school and the LA (`item` is the band).
    `sef_schools_in_band` (LA only, Wilson): schools in a band per 100 that rated the statement ("O1: 7 to 10").
    """
    rows = latest(rated(ratings, places, la_code=la_code, la_name=la_name))
    now = pl.col("now").is_not_null()
    parts = [
        plain_figures(rows.with_columns(pl.lit(band).alias("band")), "sef_band", top=in_band("now", band), bottom=now,
                      day="rated_on", items=("band",), per=100, nothing=NOT_RATED)
        for band in BANDS
    ]  # fmt: skip
    wide = wide_by_statement(rows, "now")
    recipes = [
        Share("sef_schools_in_band", feature=in_band(name, band), where=pl.col(name).is_not_null(), eligible=EVERYBODY,
              item=f"{name}: {band}")
        for name in statements_of(rows) for band in BANDS
    ]  # fmt: skip
    return pl.concat([*parts, of_the_la(wide, recipes)])


@either_kind
def change_between_rounds(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """Mean change of a rating since the round before, by statement, section and in all: same school, both rated.

    The latest round of a year less the round before it, in that year or an earlier one. `sef_change`.
    """
    rows = rated(ratings, places, la_code=la_code, la_name=la_name)
    rounds = rows.select("school_id", "rated_on").unique().sort("school_id", "rated_on")
    rounds = rounds.with_columns(pl.col("rated_on").shift().over("school_id").alias("before_on"))
    before = rows.select("school_id", "statement", pl.col("rated_on").alias("before_on"), pl.col("now").alias("before"))
    both = latest(rows).join(rounds, on=["school_id", "rated_on"]).join(
        before, on=["school_id", "statement", "before_on"], how="inner"
    )  # fmt: skip
    change = pl.col("now") - pl.col("before")
    return plain_figures(both, "sef_change", top=change, bottom=change.is_not_null(), day="rated_on", items=ITEMS,
                         nothing="not rated in both rounds")  # fmt: skip


@either_kind
def how_much_is_rated(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """Statements rated, per 100 of the 45 that apply to the school; and targets by the months that they are set for.

    `sef_rated`: 1 to 10 counts as rated, 0 takes the statement out of the 45, a blank or a missing line is not rated.
    `sef_target_months` (`item`: 6 or 12 months): targets set for then, per 100 targets with a time.
    """
    rows = latest(rated(ratings, places, la_code=la_code, la_name=la_name))
    every = rows.select(
        *ROUND, "place_code", "place_name", "education_phase", "la_code", "la_name", "rated_on"
    ).unique()
    every = every.join(pl.DataFrame({"statement": list(sections())}), how="cross")
    given = rows.select(*ROUND, "statement", "rating_now", "now")
    every = every.join(given, on=[*ROUND, "statement"], how="left")
    applies = (pl.col("rating_now") != NOT_APPLICABLE).fill_null(True)
    share = plain_figures(every, "sef_rated", top=pl.col("now").is_not_null(), bottom=applies, day="rated_on", per=100,
                          nothing="no statement applies")  # fmt: skip
    timed = rows.filter(pl.col("target").is_not_null() & pl.col("target_months").is_not_null())
    months = [
        plain_figures(timed.with_columns(pl.lit(f"{months} months").alias("months")), "sef_target_months", per=100,
                      top=pl.col("target_months") == months, bottom=pl.col("target_months").is_not_null(),
                      day="rated_on", items=("months",))
        for months in MONTHS
    ]  # fmt: skip
    return pl.concat([share, *months])


def wide_by_statement(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """One row a school and year, with a column a statement, ready for shares of schools."""
    key = [*ROUND, "place_code", "place_name", "education_phase", "la_code", "la_name"]
    if rows.is_empty():
        return no_measures()
    wide = rows.pivot("statement", index=key, values=column, aggregate_function="first")
    last = rows.group_by(ROUND).agg(pl.col("rated_on").max().alias("data_to"))
    return wide.join(last, on=ROUND).with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))


def statements_of(rows: pl.DataFrame) -> list[str]:
    """Statements that any school has a line of, in the order of the tool."""
    there = set(rows["statement"])
    return [name for name in sections() if name in there]
