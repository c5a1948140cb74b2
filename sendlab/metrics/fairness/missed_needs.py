"""Screening for needs that nobody has seen: pupils without SEN with several signals at once, as counts only.

Behaviour, exclusion and attendance may be how an unmet need shows (self-evaluation statement A3). How many would have
several signals by chance stands beside it. No child is named: lists need a data protection impact assessment.
"""

import polars as pl

from sendlab.cohort import attendance_base, require_facts
from sendlab.coverage import period_of_date
from sendlab.metrics.attendance import ABSENT, PERSISTENT, POSSIBLE
from sendlab.metrics.grouping import PERIOD, PLACED, By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Mean, Recipe, Share

SUSPENDED = 1  # suspensions in the period from which it is a signal
TOP = 10  # % of pupils of a year group at the school with the most behaviour points (own threshold, 2026)
TOGETHER = 2  # signals at once from which a pupil counts
POINTS = "behaviour points"
WORDS = "a question for the school: have these pupils' learning needs been looked at? Many have none"
NEEDED = (*PLACED, "pupil_id", "school_id", "nc_year", "sessions_possible", "sessions_authorised",
          "sessions_unauthorised", "attendance_status", "attendance_terms", "age_at_31_august", "boarder",
          "suspensions")  # fmt: skip


@either_kind
def unseen_needs_screen(
    facts: pl.DataFrame, behaviour: pl.DataFrame | None = None, *, missed: float = PERSISTENT,
    suspensions: int = SUSPENDED, top: float = TOP, together: int = TOGETHER, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils without SEN with `together` signals or more, per 100 of them (Wilson), and how many by chance.

    Signals: missed `missed` % or more of own sessions; suspended `suspensions` times or more; among the `top` % of the
    school's year group by behaviour points (where a school records them). `unseen_needs_screen` is what is there;
    `unseen_needs_by_chance` what there would be were the signals unrelated within a school's year group (false alarms
    of the screen). Both are of pupils without SEN whose attendance and suspensions are known; counts, never lists.
    """
    require_facts(facts, NEEDED)
    rules = {"missed": missed * POSSIBLE <= 100 * ABSENT, "suspended": pl.col("suspensions") >= suspensions}
    base = attendance_base(facts).filter(pl.col("sen_provision") == "No SEN")
    if behaviour is not None and not behaviour.is_empty():
        base, rules["points"] = _with_points(base, behaviour), _among_the_top(top)
    known = pl.col("suspensions").is_not_null()
    signals = base.with_columns(known.alias("known"), *(rule.fill_null(False).alias(n) for n, rule in rules.items()))
    several = pl.sum_horizontal(pl.col(name).cast(pl.Int32) for name in rules) >= together
    made = signals.with_columns(several.alias("several"), _by_chance(list(rules), together).alias("chance"))
    recipes: list[Recipe] = [
        Share("unseen_needs_screen", feature=pl.col("several"), where=pl.col("known"), eligible=EVERYBODY, note=WORDS),
        Mean("unseen_needs_by_chance", of=100 * pl.col("chance"), where=pl.col("known"), eligible=EVERYBODY,
             note="what the screen would find were its signals unrelated: false alarms"),
    ]  # fmt: skip
    rows = measure_rows(made, recipes, by=by, confidence=confidence)
    # a chance worked out from the pupils' own rates is no sample of anything
    sure = pl.col("measure") != "unseen_needs_by_chance"
    return rows.with_columns(
        *(pl.when(sure).then(name).alias(name) for name in ("lower", "upper")),
        pl.when(sure).then("numerator").otherwise(pl.col("numerator") / 100).alias("numerator"),
        pl.when(sure).then("with_subjects").alias("with_subjects"),
        pl.when(sure).then("method").otherwise(pl.lit("product of the shares with each signal")).alias("method"),
    )


STRATUM = (*PERIOD, "place_code", "nc_year")


def _by_chance(names: list[str], together: int) -> pl.Expr:
    """A pupil's chance of so many signals at once, were they unrelated, from the shares in the school's year group."""
    exactly: list[pl.Expr] = [pl.lit(1.0)]  # chance of 0, 1, 2, ... signals among those gone through so far
    for name in names:
        share = pl.col(name).filter("known").mean().over(STRATUM)
        none = pl.lit(0.0)
        exactly = [
            (exactly[k] if k < len(exactly) else none) * (1 - share) + (exactly[k - 1] if k else none) * share
            for k in range(len(exactly) + 1)
        ]
    return pl.sum_horizontal(exactly[together:])


def _with_points(base: pl.DataFrame, behaviour: pl.DataFrame) -> pl.DataFrame:
    """The base with each pupil's behaviour points of the year; 0 at a school that records some, else not known."""
    rows = behaviour.filter(pl.col("kind") == POINTS).with_columns(period_of_date("recorded_on").alias("time_period"))
    own = rows.group_by("pupil_id", "school_id", "time_period").agg(pl.col("points").sum())
    recorded = own.select("school_id", "time_period").unique().with_columns(pl.lit(True).alias("recorded"))
    joined = base.join(own, on=["pupil_id", "school_id", "time_period"], how="left").join(
        recorded, on=["school_id", "time_period"], how="left"
    )
    return joined.with_columns(pl.when("recorded").then(pl.col("points").fill_null(0)).alias("points"))


def _among_the_top(top: float) -> pl.Expr:
    """With points, and at most `top` % of the school's year group (pupils without SEN) with as many or more."""
    points = pl.col("points")
    as_many = points.rank("max", descending=True).over(STRATUM)
    return (points > 0) & (100 * as_many <= top * points.count().over(STRATUM))
