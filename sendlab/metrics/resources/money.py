"""Money: budgets and what was spent of them, by stream, line and need; top-up of pupils; hours promised and given.

A financial year runs from April to March; its figures bear the academic year that begins in it (2025-26: 202526), and
pupils stand in the groups of that year. Amounts are pounds as returned, never adjusted for prices.
"""

import polars as pl

from sendlab.cohort import with_places, with_pupils
from sendlab.errors import SendlabError
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plain import item_rows, without_interval
from sendlab.metrics.recipes import Mean, Ratio, Recipe, Share
from sendlab.schema.groups import AREA_OF_CODE

FINANCIAL_YEAR = "Financial year"
ALL_LINES = "all"
DELEGATED = "notional SEN"
TOP_UP = "high needs top-up"
BUDGET, SPEND, PUPILS = pl.col("budget"), pl.col("spend"), pl.col("pupils")
KEY = ("school_id", "time_period", "stream")


@either_kind
def spending(
    funding: pl.DataFrame, places: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Spend per 100 pounds of budget, and budget and spend a pupil, by stream (`item`); a full account, so no interval.

    `funding`: the declared table; `places`: facts, or places with la_code and la_name. A stream's line "all" is its
    total; without one, the sum of its lines where all are known. Numerator and denominator of `spend_of_budget` are the
    pounds themselves. Measures: `spend_of_budget`, `budget_per_pupil`, `spend_per_pupil` (of the pupils that the stream
    is for). Schools with a gap in either number are eligible only. Own definition.
    """
    base = _placed(_streams(funding), places)
    whole = BUDGET.is_not_null() & SPEND.is_not_null() & (BUDGET > 0)

    def make(stream: str, here: pl.Expr) -> list[Recipe]:
        of_pupils = [
            Ratio(f"{name}_per_pupil", top=pl.col(name), bottom=PUPILS, per=1, clip=False, eligible=here, item=stream,
                  where=here & (PUPILS > 0) & pl.col(name).is_not_null())
            for name in ("budget", "spend")
        ]  # fmt: skip
        spent = Ratio(
            "spend_of_budget", top=SPEND, bottom=BUDGET, where=here & whole, clip=False, eligible=here, item=stream
        )
        return [spent, *of_pupils]

    return without_interval(item_rows(base, "stream", make, by=by, confidence=confidence))


@either_kind
def spending_by_line(
    funding: pl.DataFrame, places: pl.DataFrame, *, stream: str = DELEGATED, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """What the delegated SEN budget is spent on: pounds on a line per 100 pounds on all lines; `item` is the line.

    Of schools that return lines; a line that a school does not return is nothing spent on it. Shares add up to 100.
    """
    lines = _yearly(funding).filter((pl.col("stream") == stream) & (pl.col("line") != ALL_LINES) & SPEND.is_not_null())
    return _shares(lines, "line", "delegated_spent_on", places, by, confidence)


@either_kind
def spending_by_need(
    funding: pl.DataFrame, places: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pounds on an area of need per 100 pounds that name an area (`item`); money without an area is left out."""
    named = pl.col("need_area").replace_strict(AREA_OF_CODE, default=None, return_dtype=pl.String)
    lines = (
        _yearly(funding).with_columns(named.alias("area")).filter(pl.col("area").is_not_null() & SPEND.is_not_null())
    )
    return _shares(lines, "area", "spent_on_need", places, by, confidence)


@either_kind
def top_up(
    facts: pl.DataFrame, pupil_funding: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """High needs top-up a pupil, pounds a year: the mean over pupils who have any (t interval).

    `pupil_funding`: the declared table. Several amounts of one pupil at one school add up.
    """
    rows = _yearly(pupil_funding).filter(pl.col("stream") == TOP_UP)
    sums = rows.group_by("pupil_id", "school_id", "time_period").agg(pl.col("amount").sum())
    recipe = Mean("top_up_per_pupil", of=pl.col("amount"))
    return measure_rows(_dated(with_pupils(sums, facts)), [recipe], by=by, confidence=confidence)


@either_kind
def hours_given(
    facts: pl.DataFrame, pupil_funding: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Hours given per 100 hours that section F of plans specifies, and pupils who were given all of theirs, per 100.

    Of pupils with hours specified whose hours given are known; `eligible_subjects`: all with hours specified. Extra
    hours of one pupil do not make up for another's in `hours_met_in_full` (Wilson); in `hours_delivered` (ratio
    estimator over pupils) they do. Expectation: Children and Families Act 2014, section 42: provision must be secured.
    """
    rows = _yearly(pupil_funding)
    asked, given = pl.col("hours_specified"), pl.col("hours_delivered")
    sums = rows.filter(asked > 0).group_by("pupil_id", "school_id", "time_period").agg(
        asked.sum(), pl.when(given.is_not_null().all()).then(given.sum()).alias("hours_delivered")
    )  # fmt: skip
    known = given.is_not_null()
    recipes: list[Recipe] = [
        Ratio("hours_delivered", top=given, bottom=asked, where=known, eligible=asked > 0, clip=False),
        Share("hours_met_in_full", feature=given >= asked, where=known, eligible=asked > 0),
    ]
    return measure_rows(_dated(with_pupils(sums, facts)), recipes, by=by, confidence=confidence)


def _streams(funding: pl.DataFrame) -> pl.DataFrame:
    """One row a school, year and stream: its line "all", else the sum of its lines where all are known."""
    rows = _yearly(funding)
    total = pl.col("line") == ALL_LINES
    names = ("budget", "spend")
    return rows.group_by(KEY).agg(
        *(pl.when(total.any()).then(pl.col(name).filter(total).first())
          .when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()).alias(name) for name in names),
        pl.when(total.any()).then(PUPILS.filter(total).first()).otherwise(PUPILS.max()).alias("pupils"),
    )  # fmt: skip


def _shares(
    lines: pl.DataFrame, column: str, measure: str, places: pl.DataFrame, by: By | None, confidence: float
) -> pl.DataFrame:
    """Each item's share of the money of all items; a school that returns some items spends nothing on the others."""
    spent = lines.group_by("school_id", "time_period", column).agg(SPEND.sum())
    schools = spent.group_by("school_id", "time_period").agg(SPEND.sum().alias("total"))
    items = spent.select("time_period", column).unique()
    grid = schools.join(items, on="time_period").join(spent, on=["school_id", "time_period", column], how="left")
    base = _placed(grid.with_columns(SPEND.fill_null(0)).filter(pl.col("total") > 0), places)

    def make(item: str, here: pl.Expr) -> list[Recipe]:
        return [Ratio(measure, top=SPEND, bottom=pl.col("total"), where=here, eligible=here, item=item)]

    return without_interval(item_rows(base, column, make, by=by, confidence=confidence))


def _yearly(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `time_period`: 2025-26, 2025/26 and 2025-2026 are all 202526; anything else is refused."""
    start = pl.col("financial_year").str.extract(r"^(\d{4})\D\d{2,4}$")
    period = start + ((start.cast(pl.Int32) + 1) % 100).cast(pl.String).str.zfill(2)
    dated = rows.with_columns(period.alias("time_period"))
    odd = dated.filter(pl.col("time_period").is_null())["financial_year"].unique().to_list()
    if odd:
        raise SendlabError(
            f"not a financial year: {', '.join(map(str, odd[:3]))}", next_step="write April to March as 2025-26"
        )
    return dated


def _placed(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    return _dated(with_places(rows, places))


def _dated(rows: pl.DataFrame) -> pl.DataFrame:
    """A financial year ends on 31 March of the year after the one that names it."""
    end = pl.date(pl.col("time_period").str.slice(0, 4).cast(pl.Int32) + 1, 3, 31)
    return rows.with_columns(pl.lit(FINANCIAL_YEAR).alias("time_identifier"), end.alias("data_to"))
