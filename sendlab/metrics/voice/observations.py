"""Short observations of pupils: how many a pupil with SEND has in a term, who has none, and what they saw change."""

import polars as pl

from sendlab.cohort import with_pupils
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plain import item_rows
from sendlab.metrics.recipes import EVERYBODY, Ratio, Recipe, Share
from sendlab.metrics.rolls import OF_SEND, PUPIL, SCHOOL, beside_the_roll, roll_rows, year_and_terms

RECORDED = pl.col("recorded")
PUPIL_WROTE = "pupil"


@either_kind
def observations_of_pupils(
    facts: pl.DataFrame, notes: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Observations a pupil with SEND (ratio estimator), pupils with one or more, and with one of their own, per 100.

    `notes`: the declared table `observations` (its sentences are kept apart and not read). For the year as far as it
    goes and for each term, of pupils with SEND on the roll of schools that wrote any observation in it.
    """
    if notes.is_empty():
        return measure_rows(notes, [])
    rows = year_and_terms(notes, "observed_on")
    own = (pl.col("author") == PUPIL_WROTE).fill_null(False)
    sums = rows.group_by(PUPIL).agg(pl.len().alias("written"), own.any().alias("own"))
    flags = rows.group_by(SCHOOL).agg(pl.lit(True).alias("recorded"), pl.col("author").is_not_null().any().alias("by"))
    last = rows.group_by("time_period", "time_identifier").agg(pl.col("observed_on").max().alias("data_to"))
    base = beside_the_roll(facts, sums, flags).filter(OF_SEND).join(last, on=["time_period", "time_identifier"])
    recipes: list[Recipe] = [
        Ratio("observations_per_pupil", top=pl.col("written").fill_null(0), bottom=pl.lit(1.0), where=RECORDED,
              eligible=EVERYBODY, per=1, clip=False),
        Share("pupils_observed", feature=pl.col("written") > 0, where=RECORDED, eligible=EVERYBODY),
        Share("reflects_on_own_learning", feature=pl.col("own"), where=pl.col("by"), eligible=EVERYBODY),
    ]  # fmt: skip
    return roll_rows(base, recipes, by=by, confidence=confidence)


@either_kind
def observed_change(
    facts: pl.DataFrame, notes: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Observations that saw more than before, and less, per 100 that say; `item` is what they are about.

    Ratio estimator over pupils. A share of observations that somebody chose to write, no measurement of progress.
    """
    rows = with_pupils(notes, facts, day="observed_on").filter(pl.col("code").is_not_null())
    change = pl.col("change")
    key = ["pupil_id", "school_id", "code", *(name for name in rows.columns if name in _GROUPS)]
    base = rows.group_by(key).agg(
        (change == 1).sum().alias("more"), (change == -1).sum().alias("less"), change.count().alias("says"),
        pl.col("observed_on").max().alias("data_to"),
    )  # fmt: skip
    said = pl.col("says") > 0

    def make(code: str, here: pl.Expr) -> list[Ratio]:
        return [
            Ratio(f"observed_{way}", top=pl.col(way), bottom=pl.col("says"), where=here & said, eligible=here,
                  item=code)
            for way in ("more", "less")
        ]  # fmt: skip

    return item_rows(base, "code", make, by=by, confidence=confidence)


_GROUPS = (
    "time_period", "time_identifier", "place_code", "place_name", "education_phase", "la_code", "la_name",
    "sen_provision", "need_area", "sen_primary_need", "nc_year", "sex", "fsm_status", "ethnicity_major",
)  # fmt: skip
