"""Personalised plans: who has one, reviewed each term with parents, overdue, adapted, stage of support, cost.

Expectation of a termly review with parents: the councils' own (SEND self-evaluation tool, 2023); the SEND code of
practice (2015, 6.65) asks for three meetings a year. Passports are no plans to review. Stages carry no dates, so time
spent in one cannot be told.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from sendlab.cohort import require_facts, with_pupils
from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import PLACED, By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plans.rounds import PUPIL, current, ends_of_years, first_day, latest, reviewed_by_then, rounds
from sendlab.metrics.plans.terms import HALF_A_TERM, beside_pupils, terms_between, whole_year
from sendlab.metrics.recipes import EVERYBODY, Mean, Recipe, Share
from sendlab.metrics.said import not_known
from sendlab.schema.groups import SEND
from sendlab.schema.measures import no_measures

STAGES = ("assess", "plan", "do", "review")  # SEND code of practice 2015, 6.44
PERIOD = ("time_period", "time_identifier")


@either_kind
def plan_reviews(
    plans: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils whose plan was reviewed in each term that it ran in, with parents there, and by the day it was due.

    `plan_reviewed_each_term` and `plan_reviewed_with_parents`: of pupils with a plan that ran half a term or more of
    the term; the row of a year asks for every term covered. `plan_reviews_on_time`: of pupils with a review due in the
    period, those with every such review held by its day. Terms that are over by `as_of` (default: the last date in
    `plans`). Reviews at which nobody noted whether parents came are eligible alone.
    """
    rows, last = rounds(plans, as_of)
    if rows.is_empty() or last is None:
        return no_measures()
    terms = terms_between(first_day(rows), last)
    ran, due = _by_term(rows, terms, last), _due_by_term(rows, terms, last)
    parents = pl.col("with_parents")
    recipes: list[Recipe] = [
        Share("plan_reviewed_each_term", feature=pl.col("reviewed")),
        Share("plan_reviewed_with_parents", feature=parents, where=parents.is_not_null(), eligible=EVERYBODY),
    ]
    on_time = Share("plan_reviews_on_time", feature=pl.col("on_time"))
    made = [
        measure_rows(beside_pupils(base, facts), some, by=by, confidence=confidence)
        for base, some in ((ran, recipes), (due, [on_time]))
        if not base.is_empty()
    ]
    return not_known(pl.concat([no_measures(), *made]))


@either_kind
def plans_overdue(
    plans: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils whose plan is past the day its review was due, at the end of each school year and on `as_of`; days late.

    `plans_overdue`: % of pupils with a plan that has a day of review. A plan due on the day itself is not overdue.
    `plan_days_overdue`: mean over overdue pupils, of the plan that is longest overdue. A later plan of the same kind
    takes the place of an earlier one. `as_of`: default the last date in `plans`.
    """
    rows, last = rounds(plans, as_of)
    if rows.is_empty() or last is None:
        return no_measures()
    late = pl.when((pl.col("review_due") < pl.col("day")) & ~reviewed_by_then()).then(
        (pl.col("day") - pl.col("review_due")).dt.total_days()
    )
    states = [
        current(rows, day).group_by(*PUPIL, "time_period").agg(
            pl.col("review_due").is_not_null().any().alias("dated"), late.max().alias("late"),
            pl.col("day").first().alias("data_to"),
        )
        for day in ends_of_years(rows, last)
    ]  # fmt: skip
    base, overdue = with_pupils(pl.concat(states), facts), pl.col("late").is_not_null()
    recipes: list[Recipe] = [
        Share("plans_overdue", feature=overdue, where=pl.col("dated"), eligible=EVERYBODY),
        Mean("plan_days_overdue", of=pl.col("late"), where=overdue),
    ]
    return not_known(measure_rows(base, recipes, by=by, confidence=confidence))


@either_kind
def plans_adapted(
    plans: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils whose plan was adapted, of those whose plan was reviewed, at the end of each school year and on `as_of`.

    Adapted: the current plan stands at version 2 or above. Reviewed: it, or an earlier round of its kind, was reviewed
    in the school year by the day. Per 100 pupils (Wilson); reviewed pupils whose version is not recorded are eligible
    alone. `as_of`: default the last date in `plans`.
    """
    rows, last = rounds(plans, as_of)
    if rows.is_empty() or last is None:
        return no_measures()
    states = pl.concat([_adapted_on(rows, day) for day in ends_of_years(rows, last)])
    adapted = pl.col("adapted")
    recipe = Share("plans_adapted", feature=adapted, where=adapted.is_not_null(), eligible=EVERYBODY)
    return not_known(measure_rows(with_pupils(states, facts), [recipe], by=by, confidence=confidence))


def _adapted_on(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """Pupils with a current plan that was reviewed in the year, and whether any such plan was adapted."""
    kind = [*PUPIL, "plan_type", "time_period"]
    seen = rows.filter(pl.col("reviewed_on") <= day).select(
        *PUPIL, "plan_type", period_of_date("reviewed_on").alias("time_period")
    )
    reviewed = current(rows, day).join(seen.unique(), on=kind, how="semi")
    adapted = (pl.col("version") > 1).any(ignore_nulls=False).alias("adapted")
    return reviewed.group_by(*PUPIL, "time_period").agg(adapted, pl.col("day").first().alias("data_to"))


@either_kind
def plan_stages(
    plans: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils with a current plan by stage of assess, plan, do, review (`item`), on `as_of`; the stages add up to 100.

    A table holds the stage of today only, so there is one state: `as_of`, by default the last date in `plans`.
    """
    rows, last = rounds(plans, as_of)
    if rows.is_empty() or last is None:
        return no_measures()
    state = current(rows, last).sort("start_date", "version", "plan_id").unique(PUPIL, keep="last", maintain_order=True)
    base = with_pupils(state.select(*PUPIL, "time_period", "stage", data_to="day"), facts)
    stage = pl.col("stage")
    recipes = [
        Share("plan_stage", feature=stage == name, where=stage.is_not_null(), eligible=EVERYBODY, item=name.title())
        for name in STAGES
    ]
    return not_known(measure_rows(base, recipes, by=by, confidence=confidence))


@either_kind
def plan_coverage(
    facts: pl.DataFrame, plans: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils with SEN on the roll who have a plan, per 100; schools without a plan on record are eligible alone.

    A plan counts in a year in which it ran half a term or more. `as_of`: default the last date in `plans`.
    """
    require_facts(facts, (*PLACED, "pupil_id", "school_id", "on_roll"))
    rows, last = rounds(plans, as_of)
    if rows.is_empty() or last is None:
        return no_measures()
    terms = terms_between(first_day(rows), last)
    had = _by_term(rows, terms, last).select(*PUPIL, "time_period", pl.lit(True).alias("planned")).unique()
    recording = had.select("school_id", "time_period", pl.lit(True).alias("records")).unique()
    names = terms.group_by("time_period").agg(pl.col("time_identifier").first()).join(
        whole_year(terms), on="time_period", how="left"
    ).select("time_period", pl.coalesce("named", "time_identifier").alias("time_identifier"))  # fmt: skip
    roll = facts.filter(pl.col("on_roll") & pl.col("sen_provision").is_in(SEND)).join(names, on="time_period")
    base = roll.join(had, on=[*PUPIL, "time_period"], how="left").join(
        recording, on=["school_id", "time_period"], how="left"
    ).with_columns(pl.lit(last).alias("data_to"))  # fmt: skip
    recipe = Share("plan_coverage", feature=pl.col("planned"), where=pl.col("records").fill_null(False),
                   eligible=EVERYBODY)  # fmt: skip
    return not_known(measure_rows(base, [recipe], by=by, confidence=confidence))


@either_kind
def plan_costs(
    plans: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Mean yearly cost of a pupil's plans in pounds, by school year of the start; the latest round of each kind counts.

    A pupil with a plan whose cost is not recorded is in `eligible_subjects` alone.
    """
    rows, _ = rounds(plans, None)
    if rows["annual_cost"].drop_nulls().is_empty():
        return no_measures()
    rows = rows.with_columns(period_of_date("start_date").alias("time_period"))
    last_rounds = latest(rows, [*PUPIL, "time_period", "plan_type"])
    costs = last_rounds.group_by(*PUPIL, "time_period").agg(
        pl.when(pl.col("annual_cost").is_not_null().all()).then(pl.col("annual_cost").sum()).alias("cost"),
        pl.col("start_date").max().alias("data_to"),
    )
    cost = pl.col("cost")
    recipe = Mean("plan_annual_cost", of=cost, where=cost.is_not_null(), eligible=EVERYBODY)
    return not_known(measure_rows(with_pupils(costs, facts), [recipe], by=by, confidence=confidence))


def _by_term(rows: pl.DataFrame, terms: pl.DataFrame, last: date) -> pl.DataFrame:
    """A row a pupil, school and term in which a plan ran long enough, and one for the year: reviewed, with parents."""
    crossed = rows.join(terms, how="cross")
    days = (
        pl.min_horizontal("until", "ends", pl.lit(last)) - pl.max_horizontal("start_date", "begins")
    ).dt.total_days()
    seen = pl.col("reviewed_on").is_between("begins", pl.min_horizontal("ends", pl.lit(last))).fill_null(False)
    per_term = crossed.with_columns(ran=days + 1 >= HALF_A_TERM, seen=seen).group_by(*PUPIL, *PERIOD).agg(
        pl.col("ran").any(), pl.col("seen").any().alias("reviewed"), pl.min_horizontal("ends", pl.lit(last)).max(),
        pl.when("seen").then("parents_attended").otherwise(False).any(ignore_nulls=False).alias("with_parents"),
    ).rename({"ends": "data_to"}).filter("ran")  # fmt: skip
    return _and_years(per_term, terms, ["reviewed", "with_parents"])


def _due_by_term(rows: pl.DataFrame, terms: pl.DataFrame, last: date) -> pl.DataFrame:
    """A row a pupil, school and term in which a review fell due, and one for the year: whether each was on time."""
    due = rows.filter((pl.col("review_due") <= last).fill_null(False)).join(terms, how="cross")
    due = due.filter(pl.col("review_due").is_between("begins", "ends"))
    in_time = (pl.col("reviewed_on") <= pl.col("review_due")).fill_null(False)
    per_term = due.group_by(*PUPIL, *PERIOD).agg(
        in_time.all().alias("on_time"), pl.min_horizontal("ends", pl.lit(last)).max().alias("data_to")
    )
    return _and_years(per_term, terms, ["on_time"])


def _and_years(per_term: pl.DataFrame, terms: pl.DataFrame, flags: Sequence[str]) -> pl.DataFrame:
    """Rows of terms, and of years: a flag of a year holds where it holds in each of its terms."""
    years = per_term.join(whole_year(terms), on="time_period", how="inner").group_by(
        *PUPIL, "time_period", pl.col("named").alias("time_identifier")
    ).agg(*(pl.col(name).all(ignore_nulls=False) for name in flags), pl.col("data_to").max())  # fmt: skip
    columns = [*PUPIL, *PERIOD, *flags, "data_to"]
    return pl.concat([per_term.select(columns), years.select(columns)]).sort(*PUPIL, *PERIOD)
