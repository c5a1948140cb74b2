"""Pastoral support and behaviour plans: for which issues pupils have one, and whether agencies and parents share in it.

Expectation: issues of attendance, exclusion, behaviour, anxiety and depression are recorded in a pastoral support plan
with parents and agencies (council's expectations of SEND support in schools). Plans are about any pupil, with SEN or
without. Issues are kept as the plan names them ("low mood" where the council writes depression): no diagnosis.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from sendlab.cohort import require_facts, with_pupils
from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import PLACED, UNKNOWN, By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plain import item_rows
from sendlab.metrics.plans.rounds import PUPIL, current, ends_of_years, rounds
from sendlab.metrics.recipes import EVERYBODY, Recipe, Share
from sendlab.metrics.said import not_known
from sendlab.schema.groups import FULL_YEAR, TOTAL
from sendlab.schema.measures import no_measures

PASTORAL = ("pastoral support", "behaviour")  # kinds of plan
NO_SUCH_PLANS = "no such plan has come from here"


@either_kind
def pastoral_plans(
    facts: pl.DataFrame, plans: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils with a current pastoral support or behaviour plan per 100 on the roll (Wilson), in all and by issue.

    At the end of each school year and on `as_of` (default: the last date in `plans`); `item` is the issue, and a pupil
    with two issues counts at both. Of schools that have recorded such a plan by then; `eligible_subjects` counts the
    roll of the others too.
    """
    require_facts(facts, (*PLACED, "pupil_id", "school_id", "on_roll"))
    rows, last = _pastoral(plans, as_of)
    if last is None:
        return no_measures()
    base = pl.concat([_roll_on(facts, rows, day) for day in ends_of_years(rows, last)])
    issues = pl.col("issues")
    recipes = [
        Share("pastoral_plans", feature=has, where=pl.col("records").fill_null(False), eligible=EVERYBODY, item=item)
        for item, has in (
            (TOTAL, issues.is_not_null()), *((issue, issues.list.contains(issue)) for issue in _issues(rows)),
        )
    ]  # fmt: skip
    return not_known(measure_rows(base, recipes, by=by, confidence=confidence), NO_SUCH_PLANS)


@either_kind
def pastoral_plans_shared(
    plans: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Of pupils with a current pastoral support or behaviour plan: agencies took part, parents took part in its review.

    `pastoral_plans_with_agencies` and `pastoral_plans_with_parents`: per 100 pupils about whose plan it was noted
    (Wilson); the others are eligible alone. In all and by issue (`item`), at the end of each school year and on
    `as_of` (default: the last date in `plans`).
    """
    rows, last = _pastoral(plans, as_of)
    if last is None:
        return no_measures()
    held = pl.concat([_current(rows, day) for day in ends_of_years(rows, last)])
    of_each = pl.concat([held.with_columns(pl.lit(TOTAL).alias("issue")), held])
    people = of_each.group_by(*PUPIL, "time_period", "issue").agg(
        (pl.col("agencies") > 0).any(ignore_nulls=False).alias("agencies"),
        pl.col("parents_attended").any(ignore_nulls=False).alias("parents"), pl.col("day").max().alias("data_to"),
    )  # fmt: skip

    def make(issue: str, here: pl.Expr) -> list[Recipe]:
        return [
            Share(f"pastoral_plans_with_{who}", feature=pl.col(who), where=here & pl.col(who).is_not_null(),
                  eligible=here, item=issue)
            for who in ("agencies", "parents")
        ]  # fmt: skip

    return item_rows(with_pupils(people, facts), "issue", make, by=by, confidence=confidence)


def _pastoral(plans: pl.DataFrame, as_of: date | None) -> tuple[pl.DataFrame, date | None]:
    """Pastoral plans begun by the day, each with an issue in words; no day where there are none."""
    rows, last = rounds(plans, as_of)
    rows = rows.filter(pl.col("plan_type").is_in(PASTORAL)).with_columns(pl.col("issue").fill_null(UNKNOWN))
    return rows, None if rows.is_empty() else last


def _current(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """Plans current on a day: of a pupil and kind one for each issue."""
    return current(rows, day, [*PUPIL, "plan_type", "issue"])


def _issues(rows: pl.DataFrame) -> Sequence[str]:
    return rows["issue"].unique().sort().to_list()


def _roll_on(facts: pl.DataFrame, rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """Pupils on the roll of a day's school year, the `issues` of their current plans, and if the school `records`."""
    now = _current(rows, day)
    held = now.group_by(*PUPIL, "time_period").agg(pl.col("issue").unique().alias("issues"))
    begun = rows.filter(pl.col("start_date") <= day)
    records = begun.select("school_id", pl.lit(True).alias("records")).unique()
    roll = facts.filter("on_roll").with_columns(
        pl.lit(FULL_YEAR).alias("time_identifier"), pl.lit(day).alias("data_to")
    )
    of_year = roll.filter(pl.col("time_period") == period_of_date("data_to"))
    return of_year.join(held, on=[*PUPIL, "time_period"], how="left").join(records, on="school_id", how="left")
