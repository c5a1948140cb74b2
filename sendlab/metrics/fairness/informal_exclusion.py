"""Register habits that may hide informal exclusion: part-time timetables, off site without a placement, sent home.

None of them is proof: each has innocent explanations (`INNOCENT`), which stand in the note of every row. What to ask a
school is in `informal_signals`. Sources: DfE, Suspension and permanent exclusion: statutory guidance (2024), 19 (being
sent home without a recorded suspension is unlawful); DfE, Working together to improve school attendance (2024).
"""

import polars as pl

from sendlab.cohort import attendance_base, require_facts
from sendlab.facts import CODE
from sendlab.metrics.fairness.sent_home import KEY
from sendlab.metrics.grouping import PLACED, By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Ratio, Recipe, Share

A_SCHOOL_WEEK = 10  # sessions from which a code is no one-off (own threshold, 2026)
ONE_IN_TEN = 10  # % of mornings present that are followed by an afternoon away (own threshold, 2026)
C2_FROM = "202425"  # C2 exists since 19 August 2024; before, part-time timetables stood under C
EXTERNAL = "external"  # role in `interventions` of an outside agency, which may teach off site
INNOCENT = {
    "part_time_timetable": "a question, no finding: may be a planned return after illness or from another setting, "
                           "agreed with parents, short and reviewed",
    "off_site_without_placement": "a question, no finding: may be a placement, college link or sports programme that "
                                  "nobody wrote down; before August 2024 the code also held remote learning",
    "sent_home_often": "a question, no finding: may be therapy or treatment in the afternoon, illness that shows "
                       "during the day, an agreed part-time timetable, or a late register",
}  # fmt: skip
NEEDED = (*PLACED, *KEY, "sessions_possible", "attendance_status", "attendance_terms", "age_at_31_august", "boarder")
AFTERNOONS, MORNINGS = pl.col("afternoons_away"), pl.col("mornings")


@either_kind
def part_time_timetable(
    facts: pl.DataFrame, *, sessions: float = A_SCHOOL_WEEK, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils with `sessions` or more under code C2 (part-time timetable) per 100 whose codes are known (Wilson).

    From 2024/25 on, when the code came; `eligible_subjects` counts all with attendance.
    """
    base = part_time_base(facts, sessions)
    return measure_rows(base, [_share("part_time_timetable")], by=by, confidence=confidence)


@either_kind
def off_site_without_placement(
    facts: pl.DataFrame, alternative_provision: pl.DataFrame, interventions: pl.DataFrame | None = None, *,
    sessions: float = A_SCHOOL_WEEK, by: By | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils with `sessions` or more under code B and no placement on record in the year, per 100 (Wilson).

    A placement: a row of `alternative_provision` that overlaps the year, or an intervention given by an outside
    agency. Where the authority records no placement at all there is no figure: all would be without one.
    """
    base = off_site_base(facts, alternative_provision, interventions, sessions)
    return measure_rows(base, [_share("off_site_without_placement")], by=by, confidence=confidence)


@either_kind
def sent_home_at_midday(
    facts: pl.DataFrame, sent_home: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Afternoons away after a morning present; pupils with whom it is a pattern; and how many fall on a Friday.

    `sent_home`: rows of `sent_home_days`. Measures: `sent_home_at_midday` (% of mornings present, ratio estimator),
    `sent_home_often` (% of pupils with 10 such afternoons or more that are one in ten of their mornings; Wilson) and
    `sent_home_on_fridays` (% of the afternoons away; a fifth of the school week is Friday).
    """
    base = sent_home_base(facts, sent_home)
    known, away = pl.col("counted"), pl.col("counted") & (AFTERNOONS > 0)
    recipes: list[Recipe] = [
        Ratio("sent_home_at_midday", top=AFTERNOONS, bottom=MORNINGS, where=known, eligible=EVERYBODY,
              note=INNOCENT["sent_home_often"]),
        _share("sent_home_often"),
        Ratio("sent_home_on_fridays", top=pl.col("fridays_away"), bottom=AFTERNOONS, where=away,
              note="chance alone gives about 20 %, were absence alike on all days"),
    ]  # fmt: skip
    return measure_rows(base, recipes, by=by, confidence=confidence)


def _share(measure: str) -> Share:
    return Share(
        measure, feature=pl.col("feature"), where=pl.col("counted"), eligible=EVERYBODY, note=INNOCENT[measure]
    )


def part_time_base(facts: pl.DataFrame, sessions: float = A_SCHOOL_WEEK) -> pl.DataFrame:
    """Enrolments with attendance: `counted` (codes are known) and `feature` (so many sessions under C2)."""
    base = _registered(facts).filter(pl.col("time_period") >= C2_FROM)
    return base.with_columns((_sessions(base, "C2") >= sessions).alias("feature"))


def off_site_base(
    facts: pl.DataFrame, alternative_provision: pl.DataFrame, interventions: pl.DataFrame | None = None,
    sessions: float = A_SCHOOL_WEEK,
) -> pl.DataFrame:  # fmt: skip
    """Enrolments with attendance: `counted`, and `feature` (so many sessions under B, and no placement)."""
    base = _registered(facts)
    if alternative_provision.is_empty():
        return base.clear()
    placed = _placed(base, alternative_provision, interventions).with_columns(pl.lit(True).alias("placed"))
    joined = base.join(placed, on=["pupil_id", "time_period"], how="left")
    without = pl.col("placed").is_null()
    return joined.with_columns(((_sessions(base, "B") >= sessions) & without).alias("feature")).drop("placed")


def sent_home_base(facts: pl.DataFrame, sent_home: pl.DataFrame) -> pl.DataFrame:
    """Enrolments with attendance, with the columns of `sent_home_days`: `counted` and `feature` (it is a pattern)."""
    require_facts(facts, NEEDED)
    if sent_home.is_empty():
        return attendance_base(facts).clear()
    base = attendance_base(facts).join(sent_home, on=list(KEY), how="left")
    pattern = (AFTERNOONS >= A_SCHOOL_WEEK) & (100 * AFTERNOONS >= ONE_IN_TEN * MORNINGS)
    known = MORNINGS.is_not_null()
    # a year in which no register holds anybody is not collected, rather than nobody's
    return base.with_columns(known.alias("counted"), pattern.alias("feature")).filter(
        known.any().over("time_period", "time_identifier")
    )


def _registered(facts: pl.DataFrame) -> pl.DataFrame:
    """Enrolments with attendance and whether their register codes are known; none where no code is known at all."""
    require_facts(facts, NEEDED)
    base = attendance_base(facts)
    columns = [name for name in base.columns if name.startswith(CODE)]
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in columns) if columns else pl.lit(False)
    base = base.with_columns(known.alias("counted"))
    return base.filter(pl.col("counted").any().over("time_period", "time_identifier"))


def _sessions(base: pl.DataFrame, code: str) -> pl.Expr:
    """Sessions with a code; no column of it means that nobody had one."""
    return pl.col(f"{CODE}{code}").fill_null(0) if f"{CODE}{code}" in base.columns else pl.lit(0.0)


def _placed(
    base: pl.DataFrame, alternative_provision: pl.DataFrame, interventions: pl.DataFrame | None
) -> pl.DataFrame:
    """Pupils and years with a placement on record."""
    year = pl.col("time_period").str.slice(0, 4).cast(pl.Int32)
    begins, ends = pl.date(year, 8, 1), pl.date(year + 1, 7, 31)
    within = (pl.col("entry_date") <= ends) & (pl.col("leaving_date").is_null() | (pl.col("leaving_date") >= begins))
    rows = alternative_provision.select("pupil_id", "entry_date", "leaving_date")
    found = [base.select("time_period").unique().join(rows, how="cross").filter(within)]
    if interventions is not None:
        found.append(interventions.filter(pl.col("delivered_by") == EXTERNAL))
    return pl.concat(part.select("pupil_id", "time_period") for part in found).unique()
