"""Attendance: overall, persistent and severe absence, 98 % and above, register codes, and who crossed since last time.

Sources: DfE, Pupil absence in schools in England: methodology (2025). A rate of sessions is taken from sums over
pupils, never from a mean of pupils' rates; who is persistently absent is judged on each enrolment's own sessions.
"""

from collections.abc import Sequence

import polars as pl

from sendlab.cohort import (
    MINIMUM_SESSIONS,
    SCHOOL_YEAR,
    attendance_base,
    require_facts,
    too_early,
)
from sendlab.facts import CODE
from sendlab.metrics.codes_of_registers import code_note, counted_codes
from sendlab.metrics.grouping import BREAKDOWNS, PLACED, By, as_breakdown, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Mean, Ratio, Recipe, Share

PERSISTENT, SEVERE = 10, 50  # % of own possible sessions missed, boundary included
ASPIRATION = 98  # % attended, boundary included: a council expectation
ILL = ("I", "M")  # illness, medical or dental appointments
ABSENT, POSSIBLE = pl.col("absent"), pl.col("sessions_possible")
NEEDED = (
    *PLACED, "sessions_possible", "sessions_authorised", "sessions_unauthorised", "attendance_status",
    "attendance_terms", "age_at_31_august", "boarder",
)  # fmt: skip


def _missed(threshold: float) -> pl.Expr:
    """Missed `threshold` % or more of own possible sessions: exact, in whole sessions."""
    return threshold * POSSIBLE <= 100 * ABSENT


@either_kind
def absence(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Overall absence rate: 100 * sessions missed / sessions possible, summed over pupils.

    `facts`: rows of `make_facts` (polars or pandas). `by`: group columns of facts, alone or crossed. Interval: ratio
    estimator over pupils. Returns measure rows; `top_share` is the largest pupil's share of the sessions missed.
    """
    return _made(facts, [Ratio("absence", top=ABSENT, bottom=POSSIBLE)], by, confidence)


@either_kind
def authorised_absence(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Authorised absence rate; with the unauthorised one it adds up to overall absence."""
    return _made(facts, [_part("authorised")], by, confidence)


@either_kind
def unauthorised_absence(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Unauthorised absence rate."""
    return _made(facts, [_part("unauthorised")], by, confidence)


def _part(name: str) -> Recipe:
    return Ratio(f"{name}_absence", top=pl.col(f"sessions_{name}"), bottom=POSSIBLE)


@either_kind
def persistent_absence(
    facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, threshold: float = PERSISTENT,
    minimum_sessions: int = MINIMUM_SESSIONS, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Enrolments that missed `threshold` % or more of their possible sessions, per 100 enrolments (Wilson interval).

    The comparison is exact: 100 * missed >= threshold * possible, in whole sessions. The official threshold is 10 %
    since 2015/16. Before half of a place's enrolments have `minimum_sessions` possible sessions there is no figure
    (status x): early in a year a cold is a tenth of it.
    """
    rows = _made(facts, [Share("persistent_absence", feature=_missed(threshold))], by, confidence)
    return too_early(rows, facts, minimum_sessions)


@either_kind
def severe_absence(
    facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, threshold: float = SEVERE,
    minimum_sessions: int = MINIMUM_SESSIONS, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Enrolments that missed half or more of their own possible sessions, per 100 enrolments (Wilson interval)."""
    rows = _made(facts, [Share("severe_absence", feature=_missed(threshold))], by, confidence)
    return too_early(rows, facts, minimum_sessions)


@either_kind
def attendance_98(
    facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, threshold: float = ASPIRATION, confidence: float = 0.95
) -> pl.DataFrame:
    """Enrolments that attended `threshold` % or more of their possible sessions, per 100 enrolments (Wilson)."""
    return _made(facts, [Share("attendance_98", feature=_attended(threshold))], by, confidence)


def _attended(threshold: float, missed: pl.Expr = ABSENT) -> pl.Expr:
    return 100 * (POSSIBLE - missed) >= threshold * POSSIBLE


@either_kind
def attendance_98_apart_from_illness(
    facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, threshold: float = ASPIRATION, confidence: float = 0.95
) -> pl.DataFrame:
    """The same, where sessions missed for illness or medical appointments (I, M) do not count as missed.

    Beside `attendance_98` it says how much of the distance to 98 % is illness. Of enrolments whose register codes are
    known; `eligible_subjects` counts all with attendance.
    """
    columns = [f"{CODE}{code}" for code in ILL if f"{CODE}{code}" in facts.columns]
    ill = pl.sum_horizontal(columns) if columns else pl.lit(0.0)
    known = pl.any_horizontal(pl.col(f"^{CODE}.*$").is_not_null()) if _has_codes(facts) else pl.lit(False)
    well = Share("attendance_98_apart_from_illness", feature=_attended(threshold, ABSENT - ill), where=known,
                 eligible=EVERYBODY)  # fmt: skip
    return _made(facts, [well], by, confidence)


@either_kind
def sessions_affordable(
    facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, threshold: float = ASPIRATION, year: int = SCHOOL_YEAR,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Sessions that a pupil may still miss and end the year at `threshold` % or above: the mean over enrolments.

    Negative: sessions missed beyond what 98 % allows. A pupil's year is the pupil's own sessions so far, and those that
    are left: `year` (190 days, 380 sessions) less the most that anyone of the authority has had in the period.
    """
    left = pl.max_horizontal(year - POSSIBLE.max().over("time_period", "time_identifier"), 0)
    allowed = ((POSSIBLE + left) * (100 - threshold) / 100).floor()
    base = _base(facts, by).with_columns((allowed - ABSENT).alias("affordable"))
    return measure_rows(base, [Mean("sessions_affordable", of=pl.col("affordable"))], by=by, confidence=confidence)


@either_kind
def sessions_by_code(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Sessions with each register code per 1,000 possible sessions; `item` is the code.

    Of enrolments whose codes are known. Codes that count as no possible session (D, Q, X, Y, Z, #) are set against
    possible sessions too. C2, B, K and D carry what to read them with, and a note where the code changed on 19 August
    2024 (DfE, Working together to improve school attendance, 2024): years before and after are not to be compared.
    """
    known = pl.any_horizontal(pl.col(f"^{CODE}.*$").is_not_null()) if _has_codes(facts) else pl.lit(False)
    recipes = [
        Ratio("sessions_by_code", top=pl.col(f"{CODE}{code}").fill_null(0), bottom=POSSIBLE, where=known, item=code,
              per=1000, clip=False, note=code_note(code), eligible=EVERYBODY)
        for code in counted_codes(facts)
    ]  # fmt: skip
    return _made(facts, recipes, by, confidence)


@either_kind
def newly_persistent(
    facts: pl.DataFrame, before: pl.DataFrame, *, by: By | None = BREAKDOWNS, threshold: float = PERSISTENT,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Of enrolments not persistently absent `before`, those that are now, per 100. Both periods at one school.

    Too early in a part of a year there is no figure (status x), as of persistent absence itself.
    """
    was = pl.col("was_persistent")
    return _crossed(facts, before, Share("newly_persistent", feature=_missed(threshold), where=~was), by, threshold,
                    confidence)  # fmt: skip


@either_kind
def no_longer_persistent(
    facts: pl.DataFrame, before: pl.DataFrame, *, by: By | None = BREAKDOWNS, threshold: float = PERSISTENT,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Of enrolments persistently absent `before`, those that are no longer, per 100. Both periods at one school.

    Some of each is regression to the mean: who missed most in one term had a bad term, and the next one is better
    without any help.
    """
    was = pl.col("was_persistent")
    return _crossed(facts, before, Share("no_longer_persistent", feature=~_missed(threshold), where=was), by, threshold,
                    confidence)  # fmt: skip


def _crossed(
    facts: pl.DataFrame, before: pl.DataFrame, recipe: Recipe, by: By | None, threshold: float, confidence: float
) -> pl.DataFrame:
    held = attendance_base(before)
    earlier = held.select("pupil_id", "school_id", _missed(threshold).alias("was_persistent"))
    earlier = earlier.unique(["pupil_id", "school_id"], keep="none")  # one period before, not several
    itself = held.select("time_period", "time_identifier").unique()  # nobody crosses from a period into itself
    now = _base(facts, by).join(itself, on=itself.columns, how="anti", maintain_order="left")
    base = now.join(earlier, on=["pupil_id", "school_id"], how="inner")
    return too_early(measure_rows(base, [recipe], by=by, confidence=confidence), facts)


def _has_codes(facts: pl.DataFrame) -> bool:
    return any(name.startswith(CODE) for name in facts.columns)


def _base(facts: pl.DataFrame, by: By | None) -> pl.DataFrame:
    columns = [name for one in by or () for name in as_breakdown(one)]
    require_facts(facts, (*NEEDED, *columns))
    return attendance_base(facts)


def _made(facts: pl.DataFrame, recipes: Sequence[Recipe], by: By | None, confidence: float) -> pl.DataFrame:
    return measure_rows(_base(facts, by), recipes, by=by, confidence=confidence)
