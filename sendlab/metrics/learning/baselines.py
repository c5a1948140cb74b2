"""Who has a starting point: by subject, in each of six domains of need, and marked outside the school.

Source: council guidance on measuring progress for children with SEND (2023): a baseline in each domain. Whether a later
test asks for the same content again is not recorded, so what is remembered after a gap (retention) cannot be told.
"""

import polars as pl

from sendlab.codes import read_codes
from sendlab.cohort import with_pupils
from sendlab.coverage import period_of_date
from sendlab.facts.starting_points import starting_points
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.learning.ages import AGES
from sendlab.metrics.learning.spans import require_columns
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plain import item_rows
from sendlab.metrics.recipes import EVERYBODY, Recipe, Share
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR, SEND
from sendlab.schema.measures import no_measures

EXTERNAL = "external"  # marked outside the school, as the column `source` says


@either_kind
def baselines(
    facts: pl.DataFrame, assessments: pl.DataFrame, targets: pl.DataFrame, wellbeing: pl.DataFrame, *,
    by: By | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils with SEND who have a dated starting point by the end of the year, per 100 (Wilson); by subject and domain.

    A starting point: a result marked as one, a result of an earlier year, or one with a later result after it in the
    year; in domains also a target's starting value and a first rating on a scale. Measures: baseline_by_subject,
    baseline_by_domain (`item`). Of pupils with SEND on the roll of schools that sent any such row up to that year;
    `eligible_subjects` counts those of the others too.
    """
    require_columns(facts, by)
    assessments, targets = typed(assessments, "assessments"), typed(targets, "targets")
    wellbeing = typed(wellbeing, "wellbeing")
    subjects = _of_assessments(assessments)
    held = pl.concat([subjects, _of_targets(targets), _of_wellbeing(wellbeing)])
    sent = _sent(assessments, targets, wellbeing)
    if sent.is_empty():
        return no_measures()
    send = facts.filter(pl.col("on_roll") & pl.col("sen_provision").is_in(SEND))
    base = send.with_columns(_year("time_period").alias("_year"), pl.lit(FULL_YEAR).alias("time_identifier"))
    base = base.join(sent, on="school_id", how="left", maintain_order="left")
    recipes: list[Recipe] = []
    named = {f"subject|{name}": pl.col("kind") == name for name in sorted(subjects["kind"].unique())}
    for column, rows in [
        *((name, subjects.filter(rule)) for name, rule in named.items()),
        *((f"domain|{line.label}", held.filter(_in_domain(line.notes))) for line in read_codes("progress_domain")),
    ]:
        first = rows.group_by("pupil_id").agg(pl.col("since").min().alias(column))
        base = base.join(first, on="pupil_id", how="left", maintain_order="left")
        kind, item = column.split("|", 1)
        recipes.append(
            Share(f"baseline_by_{kind}", feature=pl.col(column) <= pl.col("_year"), eligible=EVERYBODY, item=item,
                  where=pl.col("sent_since") <= pl.col("_year"))
        )  # fmt: skip
    return measure_rows(base, recipes, by=by, confidence=confidence)


@either_kind
def external_starting_points(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils whose starting point in a subject (`item`) was marked outside the school, per 100 (Wilson).

    Starting points are those from which the year's progress is taken, scores and bands; one that is external is enough.
    Of pupils of whose starting point it is told who marked it (`source`: internal, external); the others are in
    `eligible_subjects`. National tests are none of these starting points.
    """
    rows = typed(assessments, "assessments")
    starts = pl.concat([_starts(rows, "score"), _starts(rows, "age_related")])
    people = starts.sort("latest_on", "school_id", nulls_last=False).group_by(
        "pupil_id", "time_period", "subject", maintain_order=True
    ).agg(
        pl.col("school_id").last(), pl.col("external").any(ignore_nulls=False),
        pl.max_horizontal("latest_on", "start_on").max().alias("data_to"),
    )  # fmt: skip
    if people["external"].drop_nulls().is_empty():
        return no_measures()
    told = pl.col("external").is_not_null()

    def make(subject: str, here: pl.Expr) -> list[Recipe]:
        return [Share("external_starting_points", feature=pl.col("external"), where=here & told, eligible=here,
                      item=subject)]  # fmt: skip

    return item_rows(with_pupils(people, facts), "subject", make, by=by, confidence=confidence)


def _starts(rows: pl.DataFrame, value: str) -> pl.DataFrame:
    """Starting points of a pupil, year, subject and test, with whether each was marked outside (missing: not told)."""
    found = starting_points(rows, value).filter(pl.col("start_on").is_not_null() & pl.col("subject").is_not_null())
    test = ["pupil_id", "subject", "assessment"]
    marked = rows.filter(pl.col(value).is_not_null() & pl.col("source").is_not_null()).group_by(
        *test, pl.col("assessed_on").alias("start_on")
    ).agg((pl.col("source") == EXTERNAL).any().alias("external"))  # fmt: skip
    return found.join(marked, on=[*test, "start_on"], how="left").select(
        *test[:2], "school_id", "time_period", "start_on", "latest_on", "external"
    )


def _year(column: str) -> pl.Expr:
    return pl.col(column).str.slice(0, 4).cast(pl.Int32)


def _of_assessments(assessments: pl.DataFrame) -> pl.DataFrame:
    """pupil_id, kind (the subject), what it is of, and the year since when it is a starting point."""
    value = pl.any_horizontal(pl.col("score", "outcome", "age_related").is_not_null())
    start = pl.col("assessment") != "KS4"  # an end, of which nothing starts
    rows = assessments.filter(start & value & pl.col("assessed_on").is_not_null() & pl.col("subject").is_not_null())
    later = pl.col("assessed_on") < pl.col("assessed_on").max().over("pupil_id", "subject", "time_period")
    now = pl.col("is_baseline").fill_null(False) | later
    since = _year("time_period") + pl.when(now).then(0).otherwise(1)
    of = pl.when(pl.col("scale") == AGES).then(pl.lit("ages")).otherwise(pl.lit("subjects"))
    return rows.select("pupil_id", pl.col("subject").alias("kind"), of.alias("of"), since.alias("since"))


def _of_targets(targets: pl.DataFrame) -> pl.DataFrame:
    rows = targets.filter(pl.col("baseline").is_not_null() & pl.col("subject").is_not_null())
    rows = rows.with_columns(period_of_date("set_on").alias("time_period"))
    return rows.select("pupil_id", pl.col("subject").alias("kind"), pl.lit("subjects").alias("of"),
                       _year("time_period").alias("since"))  # fmt: skip


def _of_wellbeing(wellbeing: pl.DataFrame) -> pl.DataFrame:
    rows = wellbeing.filter(pl.col("score").is_not_null())
    rows = rows.with_columns(period_of_date("rated_on").alias("time_period"))
    return rows.select("pupil_id", pl.col("instrument").alias("kind"), pl.lit("instruments").alias("of"),
                       _year("time_period").alias("since"))  # fmt: skip


def _in_domain(notes: dict[str, str]) -> pl.Expr:
    return pl.any_horizontal(
        (pl.col("of") == of) & pl.col("kind").is_in(notes[of].split("|"))
        for of in ("subjects", "ages", "instruments")
        if of in notes
    )


def _sent(*tables: pl.DataFrame) -> pl.DataFrame:
    """The first year of which a school sent a row of any of the tables."""
    days = ("set_on", "rated_on")
    parts = []
    for table in tables:
        day = next((name for name in days if name in table.columns), None)
        year = table if day is None else table.with_columns(period_of_date(day).alias("time_period"))
        parts.append(year.select("school_id", _year("time_period").alias("sent_since")))
    return pl.concat(parts).drop_nulls().group_by("school_id").agg(pl.col("sent_since").min())
