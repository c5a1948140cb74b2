"""How needs were identified: teaching was looked at before SEN support began, and an assessment stands behind an entry.

Expectation: quality first teaching is considered before SEN is identified, and assessment is comprehensive (SEND
self-evaluation tool of a council, 2023; SEND code of practice 2015, 6.37 and 6.38). Observations name no pupil, so what
is told is whether teaching at the pupil's school was looked at, not whether it was that pupil's.
"""

from datetime import date

import polars as pl

from sendlab.cohort import with_pupils
from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plans.rounds import PUPIL
from sendlab.metrics.plans.sen_register import current_entries
from sendlab.metrics.plans.terms import last_day
from sendlab.metrics.recipes import EVERYBODY, Share
from sendlab.metrics.resources.teaching import NOT_GRADED
from sendlab.metrics.said import not_known
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR, PROVISION_OF_CODE, SEND, TOTAL
from sendlab.schema.measures import no_measures

TEACHING = ("lesson", "learning walk")  # observations of everyday teaching
BEFORE = "1y"  # how long before the first day of SEN support teaching may have been seen (project rule, 2026)
SUPPORT = "SEN support"
# Kinds of assessment that the register names; any other text is told as "other", for it may hold a name.
ASSESSORS = ("school", "educational psychologist", "speech and language therapist", "health")
OTHER = "other"
NO_RECORD_BEFORE = "no observation of teaching has come from here for the time before"
NOT_FILLED = "no entry from here says which assessment stands behind it"


@either_kind
def teaching_seen_before_support(
    register: pl.DataFrame, facts: pl.DataFrame, seen: pl.DataFrame, *, by: By | None = None,
    before: str = BEFORE, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Of pupils whose SEN support began in the year: teaching at their school was graded in the 12 months before.

    `register`: sen_register, of which a pupil's first entry counts if it is one of SEN support; `seen`: the table
    lesson_observations, lessons and learning walks with a grade. Per 100 pupils (Wilson). Pupils of a school whose
    first observation on record is no earlier than their first day are eligible alone; years in which that is so for
    everybody have no row. `before`: how long before, in polars' words ("1y", "6mo").
    """
    register, seen = typed(register, "sen_register"), typed(seen, "lesson_observations")
    base = _with_observations(_begun(register), seen, before)
    base = base.filter(pl.col("seen").is_not_null().any().over(period_of_date("start_date")))
    if base.is_empty():
        return no_measures()
    placed = with_pupils(base, facts, day="start_date").with_columns(
        pl.lit(SUPPORT).alias("sen_provision"), pl.col("start_date").alias("data_to")
    )
    told = pl.col("seen").is_not_null()
    recipe = Share("teaching_seen_before_support", feature=pl.col("seen"), where=told, eligible=EVERYBODY)
    return not_known(measure_rows(placed, [recipe], by=by, confidence=confidence), NO_RECORD_BEFORE)


def _begun(register: pl.DataFrame) -> pl.DataFrame:
    """Pupils whose first entry on any register is one of SEN support: pupil_id, school_id, start_date."""
    provision = pl.col("sen_provision").replace_strict(PROVISION_OF_CODE, default=None, return_dtype=pl.String)
    entries = register.with_columns(provision.alias("registered")).filter(pl.col("registered").is_in(SEND))
    first = entries.sort("start_date", "registered", "school_id").unique("pupil_id", keep="first", maintain_order=True)
    return first.filter(pl.col("registered") == SUPPORT).select(*PUPIL, "start_date")


def _with_observations(begun: pl.DataFrame, seen: pl.DataFrame, before: str) -> pl.DataFrame:
    """Adds `seen`: whether teaching was graded in the time before; missing where the school's record begins later."""
    graded = pl.col("grade").is_not_null() & (pl.col("grade") != NOT_GRADED) & pl.col("type").is_in(TEACHING)
    days = seen.filter(graded).select("school_id", "observed_on").sort("observed_on")
    record = seen.group_by("school_id").agg(pl.col("observed_on").min().alias("record_begins"))
    rows = begun.sort("start_date").join_asof(
        days, left_on="start_date", right_on="observed_on", by="school_id", strategy="backward",
        allow_exact_matches=False, check_sortedness=False,
    ).join(record, on="school_id", how="left", maintain_order="left")  # fmt: skip
    lately = pl.col("observed_on") >= pl.col("start_date").dt.offset_by(f"-{before}")
    known = pl.col("record_begins") < pl.col("start_date")
    return rows.with_columns(pl.when(known).then(lately.fill_null(False)).alias("seen"))


@either_kind
def register_assessments(
    register: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils now on the SEN register with an assessment behind the entry, per 100 (Wilson); `item` says by whom.

    A state on `as_of` (default: the last date in `register`). Items: Total, school, educational psychologist, speech
    and language therapist, health, and other where there is any. Pupils of schools that fill the column for nobody are
    eligible alone.
    """
    register = typed(register, "sen_register")
    last = as_of or last_day(register)
    if last is None:
        return no_measures()
    entries = current_entries(register, last).with_columns(_assessor().alias("who"))
    if entries["who"].drop_nulls().is_empty():
        return no_measures()
    filled = pl.col("who").is_not_null().any().over("school_id").alias("filled")
    rows = entries.with_columns(filled, period_of_date("data_to").alias("time_period"))
    base = with_pupils(rows, facts).with_columns(
        pl.col("registered").alias("sen_provision"), pl.lit(FULL_YEAR).alias("time_identifier")
    )
    who = pl.col("who")
    names = (*ASSESSORS, *((OTHER,) if (entries["who"] == OTHER).any() else ()))
    features = {TOTAL: who.is_not_null(), **{name: who == name for name in names}}
    recipes = [
        Share("register_assessed", feature=has, where=pl.col("filled"), eligible=EVERYBODY, item=name)
        for name, has in features.items()
    ]
    return not_known(measure_rows(base, recipes, by=by, confidence=confidence), NOT_FILLED)


def _assessor() -> pl.Expr:
    """The kind of assessment as one of the known ones, or `other`; missing where nothing is written."""
    text = pl.col("assessed_by").str.strip_chars().str.to_lowercase()
    return pl.when(text.is_in(ASSESSORS)).then(text).when(text != "").then(pl.lit(OTHER))
