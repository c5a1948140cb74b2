"""The SEN register: how many pupils have SEN, and whether the register is reviewed each term and right.

Expectation: the register is accurate and reviewed at least termly (SEND self-evaluation tool of a council, 2023). A
register holds the day of the last review alone, so "termly" is judged by the days since: at most a third of a year.
"""

from datetime import date

import polars as pl

from sendlab.cohort import require_facts, with_pupils
from sendlab.coverage import period_of_date
from sendlab.facts import JANUARY_CENSUS
from sendlab.metrics.grouping import PLACED, By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plans.terms import TERM_DAYS, last_day
from sendlab.metrics.recipes import EVERYBODY, Mean, Recipe, Share
from sendlab.metrics.said import not_known, noted
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR, NOT_RECORDED, PROVISION_OF_CODE, SEND
from sendlab.schema.measures import no_measures

PUPIL = ("pupil_id", "school_id")
OVERLAP_NOTE = "of the pupils whom both the register and the census hold"


@either_kind
def register_reviews(
    register: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    term_days: int = TERM_DAYS, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils now on the SEN register: entry reviewed within a term, days since, need recorded, census agreeing.

    A state on `as_of` (default: the last date in `register`). `register_reviewed_termly`: % of pupils whose entry was
    reviewed, or made, in the last `term_days` days; `register_days_since_review`: mean days since then.
    `register_need_recorded`: % with a primary need. `register_matches_census`: % whose provision (EHC plan, SEN
    support) is that of the census of the school year, of pupils in both. Groups are those of the register itself.
    """
    register = typed(register, "sen_register")
    last = as_of or last_day(register)
    if last is None:
        return no_measures()
    base = _with_census(current_entries(register, last), facts)
    if base.is_empty():
        return no_measures()
    since, census = pl.col("since"), pl.col("census")
    recipes: list[Recipe] = [
        Share("register_reviewed_termly", feature=since <= term_days),
        Mean("register_days_since_review", of=since),
        Share("register_need_recorded", feature=pl.col("sen_primary_need_on_register").is_not_null()),
        Share("register_matches_census", feature=census == pl.col("sen_provision"), where=census.is_not_null(),
              eligible=EVERYBODY, note=OVERLAP_NOTE),
    ]  # fmt: skip
    return not_known(measure_rows(base, recipes, by=by, confidence=confidence))


def current_entries(register: pl.DataFrame, day: date) -> pl.DataFrame:
    """The entry of SEN support or an EHC plan that holds on a day, one a pupil and school (the latest).

    Adds `registered` (the provision), `since` (days since the last review or, before any, the first day), `data_to`.
    A review after the day has not happened yet.
    """
    holds = (pl.col("start_date") <= day) & (pl.col("end_date") >= day).fill_null(True)
    provision = pl.col("sen_provision").replace_strict(PROVISION_OF_CODE, default=None, return_dtype=pl.String)
    latest = register.filter(holds).sort("start_date", "sen_provision").unique(PUPIL, keep="last", maintain_order=True)
    reviewed = pl.when(pl.col("reviewed_on") <= day).then("reviewed_on")
    seen = pl.max_horizontal(reviewed, "start_date")
    return latest.with_columns(
        provision.alias("registered"), (pl.lit(day) - seen).dt.total_days().alias("since"),
        pl.lit(day).alias("data_to"),
    ).filter(pl.col("registered").is_in(SEND))  # fmt: skip


def _with_census(entries: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Entries with place and groups, the provision of the register, and that of the census of the year (`census`)."""
    rows = entries.with_columns(period_of_date("data_to").alias("time_period"))
    rows = rows.rename({"sen_primary_need": "sen_primary_need_on_register"})
    in_census = facts.filter(pl.col("on_roll") & (pl.col("sen_provision") != NOT_RECORDED))
    census = in_census.select(*PUPIL, "time_period", pl.col("sen_provision").alias("census"))
    return (
        with_pupils(rows, facts)
        .with_columns(pl.col("registered").alias("sen_provision"))
        .join(census, on=[*PUPIL, "time_period"], how="left", maintain_order="left")
    )


@either_kind
def sen_prevalence(facts: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95) -> pl.DataFrame:
    """Pupils with an EHC plan, and on SEN support, per 100 pupils on the roll; `item` is the provision.

    Of pupils whose provision is recorded; `eligible_subjects` counts the whole roll. The roll is that of January, or
    the latest census before it (DfE, Special educational needs in England: methodology, 2025).
    """
    require_facts(facts, (*PLACED, "on_roll", "roll_basis"))
    base = facts.filter("on_roll").with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))
    provision = pl.col("sen_provision")
    recipes = [
        Share("sen_prevalence", feature=provision == name, where=provision != NOT_RECORDED, eligible=EVERYBODY,
              item=name)
        for name in SEND
    ]  # fmt: skip
    others = pl.col("roll_basis").filter(pl.col("roll_basis") != JANUARY_CENSUS).unique().sort().str.join(", ")
    said = pl.when(others != "").then(pl.lit("roll of the ") + others).otherwise(pl.lit(""))
    notes = base.group_by("time_period").agg(said.alias("said"))
    return noted(not_known(measure_rows(base, recipes, by=by, confidence=confidence)), notes)
