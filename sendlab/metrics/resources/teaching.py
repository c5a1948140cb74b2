"""Teaching that was seen: lessons, walks, books and interventions graded good or better, and core standards met.

Counted by school, never by teacher or observer: outcomes by teacher are restricted and off.
"""

import polars as pl

from sendlab.cohort import with_places
from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plain import item_rows, with_limits_of_one_school
from sendlab.metrics.recipes import EVERYBODY, Ratio, Recipe
from sendlab.metrics.said import not_known
from sendlab.schema.groups import FULL_YEAR, TOTAL
from sendlab.schema.measures import no_measures

GOOD_OR_BETTER = ("good", "outstanding")  # council SEND self-evaluation tool (2023): consistently good or better
NOT_GRADED = "not graded"
INTERVENTION = "intervention"
NOTHING_SAID = "seen, but not graded"


@either_kind
def teaching_seen(
    seen: pl.DataFrame, places: pl.DataFrame, *, good: tuple[str, ...] = GOOD_OR_BETTER, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Observations graded good or better per 100 graded, and with core standards met per 100 that say.

    `seen`: the declared table `lesson_observations`. `teaching_good` and `core_standards_met`, in all and by what was
    seen (`item`: lesson, learning walk, intervention, book scrutiny); `intervention_teaching_good`: of interventions.
    For the LA the interval is over schools; for a school, Wilson's over what was seen there. Leaders choose what they
    look at, so this is no sample of all teaching.
    """
    rows = with_places(seen, places).with_columns(
        period_of_date("observed_on").alias("time_period"), pl.lit(FULL_YEAR).alias("time_identifier")
    )
    if rows.is_empty():
        return no_measures()
    whole, by_type = _sums(rows, [], good), _sums(rows, ["type"], good)
    totals = not_known(measure_rows(whole, _recipes(TOTAL, EVERYBODY), by=by, confidence=confidence), NOTHING_SAID)
    types = item_rows(by_type, "type", _recipes, by=by, confidence=confidence)
    only = [_good("intervention_teaching_good", TOTAL, pl.col("type") == INTERVENTION)]
    alone = not_known(measure_rows(by_type, only, by=by, confidence=confidence), NOTHING_SAID)
    alone = alone.filter(pl.col("eligible_subjects") > 0)
    return with_limits_of_one_school(pl.concat([totals, types, alone]), confidence)


def _sums(rows: pl.DataFrame, more: list[str], good: tuple[str, ...]) -> pl.DataFrame:
    graded = pl.col("grade").is_not_null() & (pl.col("grade") != NOT_GRADED)
    place = ("place_code", "place_name", "education_phase", "la_code", "la_name")
    met = pl.col("core_standards_met")
    return rows.group_by("school_id", "time_period", "time_identifier", *place, *more).agg(
        pl.len().alias("seen"), graded.sum().alias("graded"), pl.col("grade").is_in(good).sum().alias("good"),
        met.sum().alias("met"), met.count().alias("says"), pl.col("observed_on").max().alias("data_to"),
    )  # fmt: skip


def _recipes(item: str, here: pl.Expr) -> list[Recipe]:
    met = Ratio("core_standards_met", top=pl.col("met"), bottom=pl.col("says"), where=here & (pl.col("says") > 0),
                eligible=here, item=item)  # fmt: skip
    return [_good("teaching_good", item, here), met]


def _good(measure: str, item: str, here: pl.Expr) -> Recipe:
    return Ratio(measure, top=pl.col("good"), bottom=pl.col("graded"), where=here & (pl.col("graded") > 0),
                 eligible=here, item=item)  # fmt: skip
