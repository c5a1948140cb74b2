"""Before and after an intervention: scores at entry and exit, what chance alone would do, and absence before and since.

Description, not evidence of impact: pupils grow, are chosen when low, and are taught besides. Regression to the mean
(methods: Furby 1973; Campbell and Kenny 1999) is told beside every change of scores.
"""

import polars as pl

from sendlab.coverage import period_of_date, term_of_date
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.recipes import EVERYBODY, Mean, Recipe, Share
from sendlab.metrics.support.provision_map import INTERVENTION, PERSON, by_intervention, taking_part
from sendlab.schema.groups import TERMS
from sendlab.schema.measures import no_measures
from sendlab.stats.change import regression_to_mean

FEWEST_RETESTED = 30  # untreated pupils with two scores below which a test's reliability here is not known
KEY_STAGES = ("KS1", "KS2", "KS4")
CAUTION = "description, not evidence of impact"
ENTRY, EXIT = pl.col("entry_score"), pl.col("exit_score")
NORM = ("time_period", "subject", "measure")


@either_kind
def intervention_change(
    interventions: pl.DataFrame, facts: pl.DataFrame, assessments: pl.DataFrame | None = None, *,
    by: By | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Change from entry to exit by intervention (`item`), the change to expect by chance alone, and what lies beyond.

    Points of the intervention's own measure, over pupils with both scores (paired t); those without an exit are in
    `eligible_subjects`. `intervention_change_by_chance`: mean expected retest less entry. A pupil's expected retest
    lies nearer to the mean of the LA's pupils of the same SEN provision, by the correlation of first and last scores of
    untreated pupils within provisions, on the same standardised test (30 pupils or more for each).
    `intervention_change_beyond_chance` is the one less the other. An intervention scored on several measures has one
    item for each.
    """
    base = _scored(taking_part(interventions, facts), interventions, assessments, facts)
    both = ENTRY.is_not_null() & EXIT.is_not_null()
    expected = pl.col("expected")
    recipes: list[Recipe] = [
        Mean("intervention_change", of=EXIT - ENTRY, where=both, eligible=EVERYBODY, note=CAUTION),
        Mean("intervention_change_by_chance", of=expected - ENTRY, where=both & expected.is_not_null(),
             eligible=EVERYBODY, note="what regression to the mean alone would do"),
        Mean("intervention_change_beyond_chance", of=EXIT - expected, where=both & expected.is_not_null(),
             eligible=EVERYBODY, note=CAUTION),
    ]  # fmt: skip
    return by_intervention(base, recipes, by=by, confidence=confidence)


@either_kind
def intervention_absence(
    interventions: pl.DataFrame, facts: pl.DataFrame, periods: pl.DataFrame, *, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils' absence in the last term before the start and the first term after the end, and the change, in points.

    `periods`: rows of `make_periods`. Means of pupils' own rates (at whatever schools), over pupils with possible
    sessions in both terms; the change is paired (t). Others are in `eligible_subjects`.
    """
    base = taking_part(interventions, facts)
    rates = _term_rates(periods)
    for end, day, step in (("before", "start_date", -1), ("since", "end_date", 1)):
        at = (_term_number(day) + step).alias("term_number")
        base = base.with_columns(at).join(
            rates.rename({"rate": end}), on=["pupil_id", "term_number"], how="left", maintain_order="left"
        )
    before, since = pl.col("before"), pl.col("since")
    both = before.is_not_null() & since.is_not_null()
    figures = {"before": before, "since": since, "change": since - before}
    recipes: list[Recipe] = [
        Mean(f"intervention_absence_{name}", of=of, where=both, eligible=EVERYBODY, note=CAUTION)
        for name, of in figures.items()
    ]
    return by_intervention(base, recipes, by=by, confidence=confidence)


@either_kind
def intervention_transfer(
    interventions: pl.DataFrame, facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Of pupils whose score rose from entry to exit, those whose class assessments rose too, per 100 (Wilson).

    Class assessments: another assessment than the intervention's measure, in its subject and year, with two dates;
    key stage tests are none. Risers without one are in `eligible_subjects` only. Two scales: a rise, not how much.
    """
    risers = taking_part(interventions, facts).filter(EXIT > ENTRY)
    rose = _class_changes(assessments)
    beside = risers.select(*PERSON, INTERVENTION, "subject", "measure").join(
        rose, on=["pupil_id", "time_period", "subject"]
    )
    own = (pl.col("assessment") != pl.col("measure")).fill_null(True)
    carried = beside.filter(own).group_by(*PERSON, INTERVENTION).agg(pl.col("rose").any())
    if carried.is_empty():
        return no_measures()
    base = risers.join(carried, on=[*PERSON, INTERVENTION], how="left", maintain_order="left")
    recipe = Share("intervention_transfer", feature=pl.col("rose"), where=pl.col("rose").is_not_null(),
                   eligible=EVERYBODY, note=CAUTION)  # fmt: skip
    return by_intervention(base, [recipe], by=by, confidence=confidence)


def _scored(
    rows: pl.DataFrame, interventions: pl.DataFrame, assessments: pl.DataFrame | None, facts: pl.DataFrame
) -> pl.DataFrame:
    """Rows with the expected retest of each entry score; the measure joins the name where there are several."""
    several = pl.col("measure").n_unique().over("time_period", INTERVENTION) > 1
    name = pl.when(several).then(pl.format("{} ({})", INTERVENTION, pl.col("measure").fill_null("no measure named")))
    named = rows.with_columns(name.otherwise(INTERVENTION).alias(INTERVENTION))
    if assessments is None or assessments.is_empty():
        return named.with_columns(pl.lit(None, dtype=pl.Float64).alias("expected"))
    means, again = _retests(assessments, interventions, facts)
    known = named.join(means, on=[*NORM, "sen_provision"], how="left", maintain_order="left").join(
        again, on=list(NORM), how="left", maintain_order="left"
    )
    both = pl.col("mean").is_not_null() & pl.col("reliability").is_not_null()
    numbers = known.select(pl.when(both).then(name).cast(pl.Float64) for name in ("entry_score", "mean", "reliability"))
    first, mean, reliability = (numbers[name] for name in numbers.columns)
    retest = regression_to_mean(first.to_numpy(), reliability.fill_null(0).to_numpy(), mean=mean.to_numpy())
    return known.with_columns(pl.Series("expected", retest.expected, dtype=pl.Float64).fill_nan(None))


def _retests(
    assessments: pl.DataFrame, interventions: pl.DataFrame, facts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of each standardised test, subject and year: mean first score by provision; correlation of first and last.

    Means are of all pupils; the correlation is that of untreated pupils' distances from the mean of their provision.
    """
    tests = assessments.filter(
        ~pl.col("assessment").is_in(KEY_STAGES)
        & pl.col("scale").is_in(["standardised score"]).fill_null(True)
        & pl.col("score").is_not_null() & pl.col("assessed_on").is_not_null()
    ).rename({"assessment": "measure"})  # fmt: skip
    provision = facts.select("pupil_id", "time_period", "sen_provision").unique(
        ["pupil_id", "time_period"], keep="none"
    )
    pupils = _first_and_last(tests, ["pupil_id", *NORM]).join(provision, on=["pupil_id", "time_period"])
    treated = interventions.select("pupil_id", "time_period", "subject").unique()
    untreated = pupils.filter(pl.col("last").is_not_null()).join(
        treated, on=["pupil_id", "time_period", "subject"], how="anti"
    )
    apart = untreated.with_columns(
        (pl.col(name) - pl.col(name).mean().over(*NORM, "sen_provision")).alias(name) for name in ("first", "last")
    )
    enough = pl.col("pupils") >= FEWEST_RETESTED
    means = pupils.group_by(*NORM, "sen_provision").agg(pl.col("first").mean().alias("mean"), pl.len().alias("pupils"))
    again = apart.group_by(NORM).agg(
        pl.corr("first", "last").fill_nan(None).clip(0, 0.999).alias("reliability"), pl.len().alias("pupils")
    )
    return means.filter(enough).drop("pupils"), again.filter(enough).drop("pupils")


def _first_and_last(tests: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """First score, and the last where there are two dates."""
    spans = tests.sort("assessed_on").group_by(key, maintain_order=True).agg(
        pl.col("score").first().alias("first"), pl.col("score").last().alias("end"),
        pl.col("assessed_on").n_unique().alias("dates"),
    )  # fmt: skip
    return spans.with_columns(pl.when(pl.col("dates") > 1).then("end").alias("last")).drop("end", "dates")


def _class_changes(assessments: pl.DataFrame) -> pl.DataFrame:
    """Whether each pupil's score on an assessment of a subject rose within a year; with two dates only."""
    classes = assessments.filter(
        ~pl.col("assessment").is_in(KEY_STAGES) & pl.col("score").is_not_null() & pl.col("assessed_on").is_not_null()
    )
    spans = _first_and_last(classes, ["pupil_id", "time_period", "subject", "assessment"])
    rose = (pl.col("last") > pl.col("first")).alias("rose")
    return spans.filter(pl.col("last").is_not_null()).select("pupil_id", "time_period", "subject", "assessment", rose)


def _term_rates(periods: pl.DataFrame) -> pl.DataFrame:
    """Each pupil's % of possible sessions missed in each term, all schools together."""
    terms = periods.filter(
        pl.col("time_identifier").is_in(TERMS) & (pl.col("attendance_status") == "")
    ).with_columns(_number(pl.col("time_period"), pl.col("time_identifier")).alias("term_number"))  # fmt: skip
    sums = terms.group_by("pupil_id", "term_number").agg(
        pl.col("sessions_possible", "sessions_authorised", "sessions_unauthorised").sum()
    )
    missed = pl.col("sessions_authorised") + pl.col("sessions_unauthorised")
    rate = 100 * missed / pl.col("sessions_possible")
    return sums.filter(pl.col("sessions_possible") > 0).select("pupil_id", "term_number", rate.alias("rate"))


def _term_number(day: str) -> pl.Expr:
    return _number(period_of_date(day), pl.col(day).map_elements(term_of_date, return_dtype=pl.String))


def _number(period: pl.Expr, term: pl.Expr) -> pl.Expr:
    """Place of a term in time: three a year."""
    place = dict(zip(TERMS, range(len(TERMS)), strict=True))
    year = period.str.slice(0, 4).cast(pl.Int32)
    return year * len(TERMS) + term.replace_strict(place, default=None, return_dtype=pl.Int32)
