"""Provision map: who takes part in interventions, how much they get, in what groups, from whom, on what evidence.

Description throughout: what was given, not whether it worked.
"""

import polars as pl

from sendlab.cohort import require_facts, with_pupils
from sendlab.metrics.grouping import PLACED, UNKNOWN, By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Mean, Ratio, Recipe, Share
from sendlab.schema.groups import FULL_YEAR, TOTAL
from sendlab.schema.measures import no_measures

INTERVENTION = "intervention"
NOT_IN_CATALOGUE = "not in the catalogue"
NOT_ON_RECORD = "not on record for any pupil of this group"
PERSON = ("pupil_id", "school_id", "time_period")
ATTENDED, PLANNED, MINUTES = (pl.col(n) for n in ("sessions_attended", "sessions_planned", "minutes_per_session"))
HOURS = pl.col("hours")
OF_CATALOGUE = ("evidence_base", "mode", "funded_by", "external", "cost_per_pupil", "fixed_cost")


@either_kind
def intervention_reach(
    facts: pl.DataFrame, interventions: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils on the roll who took part in any intervention in the year, per 100 (Wilson), at whatever school it was.

    Of years for which any intervention is on record; a school that records none looks like one that gives none.
    """
    require_facts(facts, (*PLACED, "pupil_id", "on_roll"))
    took = interventions.select("pupil_id", "time_period").unique().with_columns(pl.lit(True).alias("took_part"))
    roll = facts.filter(pl.col("on_roll") & pl.col("time_period").is_in(took["time_period"].unique().to_list()))
    base = roll.join(took, on=["pupil_id", "time_period"], how="left").with_columns(
        pl.lit(FULL_YEAR).alias("time_identifier")
    )
    recipe = Share("intervention_reach", feature=pl.col("took_part").fill_null(False))
    return measure_rows(base, [recipe], by=by, confidence=confidence)


@either_kind
def intervention_dose(
    interventions: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """What each intervention (`item`) gave its pupils, and how far it was seen through.

    Measures: sessions attended of those planned (%), hours a pupil, minutes a session, size of the group, criteria of
    success met (% of pupils judged), entry and exit on record (% of pupils). Pupils whose record lacks what is needed
    are in `eligible_subjects` only.
    """
    base = taking_part(interventions, facts)
    both = ATTENDED.is_not_null() & PLANNED.is_not_null()
    exit_known = pl.col("exit_score").is_not_null() | pl.col("criteria_met").is_not_null()
    seen_through = pl.col("start_date").is_not_null() & pl.col("entry_score").is_not_null() & exit_known
    recipes: list[Recipe] = [
        Ratio("intervention_attended", top=ATTENDED, bottom=PLANNED, where=both, eligible=EVERYBODY),
        Mean("intervention_hours", of=HOURS, where=HOURS.is_not_null(), eligible=EVERYBODY),
        Mean("intervention_minutes", of=MINUTES, where=MINUTES.is_not_null(), eligible=EVERYBODY),
        Mean("intervention_group_size", of=pl.col("group_size"), where=pl.col("group_size").is_not_null(),
             eligible=EVERYBODY),
        Share("intervention_criteria_met", feature=pl.col("criteria_met"), where=pl.col("criteria_met").is_not_null(),
              eligible=EVERYBODY),
        Share("intervention_seen_through", feature=seen_through),
    ]  # fmt: skip
    return by_intervention(base, recipes, by=by, confidence=confidence)


@either_kind
def support_hours(
    interventions: pl.DataFrame, catalogue: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """How pupils' hours in interventions divide: by who gives them, how, and on what evidence (`item` is the category).

    Measures: `support_by_role`, `support_by_mode` (class, group, individual), `support_by_evidence`. Per 100 pupil
    hours (ratio estimator over pupils); what the catalogue does not hold is a category of its own.
    """
    rows = catalogued(taking_part(interventions, facts), catalogue)
    kinds = {"support_by_role": "delivered_by", "support_by_mode": "mode", "support_by_evidence": "evidence_base"}
    return pl.concat([shared_out(rows, measure, column, HOURS, by, confidence) for measure, column in kinds.items()])


def taking_part(interventions: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """One row a pupil, school, year and intervention with place, groups and `hours` (attended, where known)."""
    require_facts(facts, (*PLACED, "pupil_id", "school_id"))
    rows = with_pupils(interventions, facts)
    return rows.with_columns((ATTENDED * MINUTES / 60).alias("hours"))


def catalogued(rows: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Rows with what the catalogue says: the school's own entry, else the LA's; `entry` names the one that holds."""
    told = catalogue.select(pl.col("school_id").alias("entry"), INTERVENTION, *OF_CATALOGUE)
    own = rows.select("school_id", "la_code", INTERVENTION).unique()
    found = pl.concat(
        own.with_columns(pl.col(whose).alias("entry")).join(told, on=["entry", INTERVENTION])
        for whose in ("school_id", "la_code")
    ).unique(["school_id", INTERVENTION], keep="first", maintain_order=True)
    return rows.join(found.drop("la_code"), on=["school_id", INTERVENTION], how="left", maintain_order="left")


def by_intervention(
    base: pl.DataFrame, recipes: list[Recipe], *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Measure rows by intervention of a base with a row a pupil and intervention, in which no total counts people."""
    asked = by if by is None else [INTERVENTION, *(one for one in by if one != INTERVENTION)]
    rows = measure_rows(base, recipes, by=asked, confidence=confidence).filter(pl.col("item") != TOTAL)
    unknown = (pl.col("base_subjects") == 0) & (pl.col("eligible_subjects") > 0)
    return rows.with_columns(
        *(pl.when(~unknown).then(name).alias(name) for name in ("numerator", "denominator", "with_subjects", "value")),
        pl.when(unknown).then(pl.lit("x")).otherwise("status").alias("status"),
        pl.when(unknown).then(pl.lit(NOT_ON_RECORD)).otherwise("note").alias("note"),
    )


def shared_out(
    rows: pl.DataFrame, measure: str, column: str, amount: pl.Expr, by: By | None, confidence: float
) -> pl.DataFrame:
    """How an amount divides into the categories of a column: per 100 of it, one `item` a category."""
    if rows.is_empty():
        return no_measures()
    missing = pl.lit(NOT_IN_CATALOGUE if column in OF_CATALOGUE else UNKNOWN)
    named = rows.with_columns(amount.alias("amount"), pl.col(column).fill_null(missing).alias("category"))
    # a category that a year does not have is no line of it
    years = named.partition_by("time_period", maintain_order=True)
    return pl.concat([_shared_out_in_a_year(year, measure, by, confidence) for year in years])


def _shared_out_in_a_year(named: pl.DataFrame, measure: str, by: By | None, confidence: float) -> pl.DataFrame:
    categories = named["category"].unique().sort().to_list()
    parts = [pl.col("amount").filter(pl.col("category") == name).sum().alias(f"of|{name}") for name in categories]
    whole = pl.when(pl.col("amount").is_not_null().any()).then(pl.col("amount").sum()).alias("amount")
    recipes = [
        Ratio(measure, top=pl.col(f"of|{name}"), bottom=pl.col("amount"), where=pl.col("amount") > 0,
              eligible=EVERYBODY, item=name)
        for name in categories
    ]  # fmt: skip
    return measure_rows(one_a_person(named, [whole, *parts]), recipes, by=by, confidence=confidence)


def one_a_person(rows: pl.DataFrame, sums: list[pl.Expr]) -> pl.DataFrame:
    """One row a pupil, school and year from rows a pupil and intervention: place and groups, and the sums."""
    own = {"hours", INTERVENTION, *OF_CATALOGUE, "entry"}
    groups = [name for name in rows.columns if name in _GROUPS and name not in own]
    return rows.group_by(*PERSON, *groups, maintain_order=True).agg(sums)


_GROUPS = {
    "time_identifier", "place_code", "place_name", "education_phase", "la_code", "la_name", "sen_provision",
    "need_area", "sen_primary_need", "nc_year", "sex", "fsm_status", "ethnicity_major",
}  # fmt: skip
