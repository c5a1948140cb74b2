"""Interventions: how far pupils came beside untreated pupils of the same first score, provision and year group.

A description. Pupils are chosen for interventions, and analysis of covariance mends only what it is told of; whether
an intervention *worked* is another question.
"""

from collections.abc import Iterator

import polars as pl

from sendlab.cohort import require_facts
from sendlab.metrics.cards import card
from sendlab.metrics.grouping import PLACED, either_kind
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import as_measures
from sendlab.stats.models import Effect, ancova

MEASURE = "intervention_gain"
LEVELS = (("Local authority", "la_code", "la_name"), ("School", "place_code", "place_name"))


@either_kind
def intervention_gain(facts: pl.DataFrame, interventions: pl.DataFrame, *, confidence: float = 0.95) -> pl.DataFrame:
    """Adjusted difference in the last score of the year between pupils in an intervention and untreated pupils.

    Analysis of covariance of the last on the first score of the same standardised test in the intervention's subject,
    with one constant for each SEN provision and year group; untreated are pupils of the same place with no
    intervention in that subject that year, at any school. For the LA and each school; `item` is the intervention.
    `base_subjects` counts treated pupils in the comparison, `with_subjects` the untreated, `eligible_subjects` all
    who took part, `denominator` the residual degrees of freedom.
    """
    scores = (f"{subject}_{which}" for subject in interventions["subject"].unique() for which in ("first", "last"))
    require_facts(facts, (*PLACED, "pupil_id", "school_id", "nc_year", *scores))
    rows = [row for level in LEVELS for row in _level(facts, interventions, level, confidence)]
    return (
        as_measures(pl.DataFrame(rows, infer_schema_length=None))
        if rows
        else as_measures(pl.DataFrame({"measure": []}, schema={"measure": pl.String}))
    )


def _level(
    facts: pl.DataFrame, interventions: pl.DataFrame, level: tuple[str, str, str], confidence: float
) -> Iterator[dict[str, object]]:
    name, code, label = level
    pupils = interventions.select("pupil_id", "school_id", "time_period", "intervention", "subject")
    located = facts.select("pupil_id", "school_id", "time_period", code).unique()
    taking_part = pupils.join(located, on=["pupil_id", "school_id", "time_period"], how="inner").sort(
        "time_period", code, "intervention", "subject"
    )
    for (period, place, intervention, subject), members in taking_part.group_by(
        "time_period", code, "intervention", "subject", maintain_order=True
    ):
        here = facts.filter((pl.col("time_period") == period) & (pl.col(code) == place))
        effect = _effect(here, taking_part, str(intervention), str(subject), confidence)
        eligible = members["pupil_id"].n_unique()
        yield _row(name, here, code, label, str(intervention), effect, eligible)


def _effect(
    here: pl.DataFrame, taking_part: pl.DataFrame, intervention: str, subject: str, confidence: float
) -> Effect:
    keys = ["pupil_id", "school_id", "time_period"]
    any_treatment = taking_part.filter(pl.col("subject") == subject)
    this = any_treatment.filter(pl.col("intervention") == intervention).select(keys).unique()
    first, last = f"{subject}_first", f"{subject}_last"
    scored = here.filter(pl.col(first).is_not_null() & pl.col(last).is_not_null())
    treated = scored.join(this, on=keys, how="semi").with_columns(pl.lit(1).alias("treated"))
    nowhere = scored.join(any_treatment, on=["pupil_id", "time_period"], how="anti")
    untreated = nowhere.with_columns(pl.lit(0).alias("treated"))
    rows = pl.concat([treated, untreated]).sort("place_code", first, last, "treated")  # no order from pseudonyms
    strata = rows.select(pl.concat_str("sen_provision", pl.col("nc_year").fill_null("?"), separator=" | "))
    return ancova(rows[last], rows[first], rows["treated"], strata.to_series(), confidence=confidence)


def _row(
    level: str, here: pl.DataFrame, code: str, label: str, item: str, effect: Effect, eligible: int
) -> dict[str, object]:
    shown = effect.value == effect.value  # not a number: too few pupils to compare
    return {
        "measure": MEASURE, "time_period": here["time_period"][0], "time_identifier": "Academic year",
        "geographic_level": level, "place_code": here[code][0], "place_name": here[label][0],
        "education_phase": here["education_phase"][0] if level == "School" else TOTAL, "item": item,
        "denominator": float(effect.residual_df), "base_subjects": effect.treated, "with_subjects": effect.comparison,
        "eligible_subjects": eligible, "unit": card(MEASURE).unit, "method": "analysis of covariance, t interval",
        "value": effect.value if shown else None, "lower": effect.lower if shown else None,
        "upper": effect.upper if shown else None, "status": "" if shown else "x",
        "note": "" if shown else "too few pupils with two scores, or no untreated pupils like them",
    }  # fmt: skip
