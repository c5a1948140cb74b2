"""Annual reviews of EHC plans and phase transfers, as far as the plans of SEN2 returns tell.

Sources: Children and Families Act 2014, s 44 (a review every 12 months); SEND Regulations 2014, 20(10) (decision in
four weeks of the meeting) and 18 (phase transfers by 15 February, or 31 March); R (L, M and P) v Devon CC [2022] (the
amended final plan in 12 weeks of the meeting). A return names only the last meeting of each plan that is active on its
census day: earlier meetings of a year, plans that ended in it, and final plans other than for a phase transfer are not
in it. So of amended plans it tells the draft of all (from the return of 2025), and the final of phase transfers.
"""

from datetime import date

import polars as pl

from sendlab.coverage import period_of_date
from sendlab.metrics.ehc.cases import (
    CASE,
    CaseCount,
    CaseMean,
    CaseShare,
    census_day,
    days_between,
    placed,
)
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Recipe
from sendlab.metrics.said import not_known
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR

REVIEW_MONTHS = "12mo"  # Children and Families Act 2014, s 44(1)
DECISION_DAYS = 28  # four weeks from the meeting to the decision, and to the draft amended plan
FINAL_DAYS = 84  # 12 weeks from the meeting to the amended final plan
DEADLINES = {(2, 15): "15 February", (3, 31): "31 March"}  # SEND Regulations 2014, 18(1)
OTHER_DEADLINE = "Another day"
AMEND = "A"  # code sen2_review_outcome
IN_YEAR = pl.col("meeting").dt.year().eq(pl.col("year")).fill_null(False)
NOT_YET = "the day due had not come by the day to which the return is known"
ONLY_TRANSFERS = "a return gives the day of the final plan for phase transfers only"


@either_kind
def ehc_annual_reviews(
    plans: pl.DataFrame, requests: pl.DataFrame, *, la_code: str, la_name: str, by: By | None = None,
    as_of: date | None = None, decision_days: int = DECISION_DAYS, final_days: int = FINAL_DAYS,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Reviews due, held, on time and decided in the calendar year, of plans active on census day.

    `plans`, `requests`: the tables `ehc_plans` and `ehc_requests` (for the day on which a plan started). Measures:
    `ehc_reviews_due` (plans that were 12 months old), `ehc_reviews_held` (of those, with a meeting in the year),
    `ehc_reviews_in_12_months` (meeting within 12 months of the last one, or of the start, where that day is known from
    an earlier return), `ehc_first_reviews_in_12_months`, `ehc_reviews_decided_in_4_weeks`, `ehc_review_decision_days`
    (mean), `ehc_amendments_drafted_in_4_weeks` and `ehc_amended_in_12_weeks` (phase transfers only). A clock that has
    not run out by the census day (or by `as_of`, in the latest return) counts in no rate, whatever has happened;
    without a day of decision when it has, it was not in time.
    """
    base = review_base(plans, requests, la_code=la_code, la_name=la_name, as_of=as_of)
    recipes = [*_of_meetings(), *_of_decisions(decision_days, final_days)]
    rows = measure_rows(base, recipes, by=by, confidence=confidence, rest=False)
    asked_of_draft = base.filter(pl.col("review_draft").is_not_null().any().over("year"))
    drafted = measure_rows(asked_of_draft, [_draft(decision_days)], by=by, confidence=confidence, rest=False)
    return not_known(pl.concat([rows, drafted]))


def _of_meetings() -> list[Recipe]:
    due, first, on_time = pl.col("due"), pl.col("first"), pl.col("on_time")
    early = (pl.col("earliest") <= pl.col("anniversary")).fill_null(False)
    could = due.fill_null(True) | IN_YEAR | on_time.is_not_null()
    return [
        CaseCount("ehc_reviews_due", feature=due),
        CaseShare("ehc_reviews_held", feature=IN_YEAR, where=due, eligible=due.fill_null(True)),
        CaseShare("ehc_reviews_in_12_months", feature=on_time, where=on_time.is_not_null(), eligible=could),
        CaseShare("ehc_first_reviews_in_12_months", feature=early, where=first),
    ]


def _of_decisions(decision_days: int, final_days: int) -> list[Recipe]:
    decided, final = days_between("meeting", "last_review"), days_between("meeting", "phase_transfer_final")
    over, all_over = IN_YEAR & _run_out(decision_days), IN_YEAR & _run_out(final_days)
    amended = all_over & (pl.col("review_outcome") == AMEND)
    of_transfers = amended & pl.col("phase_transfer_due").is_not_null()
    return [
        CaseShare("ehc_reviews_decided_in_4_weeks", feature=(decided <= decision_days).fill_null(False),
                  where=over & _in_order("last_review"), eligible=over),
        CaseMean("ehc_review_decision_days", of=decided, where=over & decided.is_not_null(), eligible=over),
        CaseShare("ehc_amended_in_12_weeks", feature=(final <= final_days).fill_null(False),
                  where=of_transfers & _in_order("phase_transfer_final"), eligible=amended, note=ONLY_TRANSFERS),
    ]  # fmt: skip


def _draft(decision_days: int) -> Recipe:
    days = days_between("meeting", "review_draft")
    amended = IN_YEAR & _run_out(decision_days) & (pl.col("review_outcome") == AMEND)
    return CaseShare("ehc_amendments_drafted_in_4_weeks", feature=(days <= decision_days).fill_null(False),
                     where=amended & _in_order("review_draft"), eligible=amended)  # fmt: skip


def _run_out(days: int) -> pl.Expr:
    """The time that the law gives from the meeting has passed by the day to which the return is known."""
    return pl.col("meeting") + pl.duration(days=days) <= pl.col("known_to")


def _in_order(day: str) -> pl.Expr:
    """The day is not before the meeting; one that is not there is no contradiction."""
    return (pl.col(day) >= pl.col("meeting")).fill_null(True)


def review_base(
    plans: pl.DataFrame, requests: pl.DataFrame, *, la_code: str, la_name: str, as_of: date | None = None
) -> pl.DataFrame:
    """Active plans of each return, with `meeting`, `anniversary`, `due`, `first`, `earliest`, `on_time`, `known_to`.

    `on_time` is missing where it is not known when the last review was. A plan that should have been reviewed the year
    before and, by that year's return, never was is not on time.
    """
    rows = placed(typed(plans, "ehc_plans"), la_code=la_code, la_name=la_name).join(
        typed(requests, "ehc_requests").select(*CASE, "plan_start_date").unique(CASE, keep="first"),
        on=CASE,
        how="left",
        maintain_order="left",
    )
    rows = _known_to(rows, as_of).with_columns(
        pl.col("review_meeting").alias("meeting"),
        pl.col("plan_start_date").dt.offset_by(REVIEW_MONTHS).alias("anniversary"),
    )
    return _on_time(_with_earlier(rows))


def _with_earlier(rows: pl.DataFrame) -> pl.DataFrame:
    """What earlier returns say of the person's meetings: the last one before the year, and the first of all."""
    rows = rows.sort("pupil_id", "year", "request_number")
    new_year, meeting = pl.date("year", 1, 1), pl.col("meeting")
    rows = rows.with_columns(
        meeting.cum_max().forward_fill().shift(1).over("pupil_id").alias("before"),
        pl.col("year").shift(1).over("pupil_id").alias("return_before"),
        meeting.shift(1).over("pupil_id").alias("meeting_before"),
        meeting.cum_min().forward_fill().over("pupil_id").alias("earliest"),
        (pl.col("transfer_la").fill_null("") != "").cum_max().over("pupil_id").alias("moved_in"),
    )  # fmt: skip
    stale = pl.when(meeting < new_year).then(meeting)
    return rows.with_columns(
        pl.max_horizontal(pl.when(pl.col("before") < new_year).then("before"), stale).alias("before")
    )


def _on_time(rows: pl.DataFrame) -> pl.DataFrame:
    end, anniversary = pl.date("year", 12, 31), pl.col("anniversary")
    due = anniversary <= end
    first = anniversary.dt.year().eq(pl.col("year")) & ~pl.col("moved_in")
    new = pl.col("plan_start_date") >= pl.date(pl.col("year") - 1, 1, 1)
    since = pl.coalesce("before", pl.when(new & ~pl.col("moved_in")).then("plan_start_date"))
    deadline = since.dt.offset_by(REVIEW_MONTHS)
    skipped = (
        (pl.col("return_before") == pl.col("year") - 1) & pl.col("meeting_before").is_null()
        & pl.col("before").is_null() & (anniversary <= pl.date(pl.col("year") - 1, 12, 31)) & ~pl.col("moved_in")
    )  # fmt: skip
    judged = pl.when(skipped.fill_null(False)).then(False).when((deadline <= end) | IN_YEAR).then(
        IN_YEAR & (pl.col("meeting") <= deadline)
    )  # fmt: skip
    return rows.with_columns(due.alias("due"), first.fill_null(False).alias("first"), judged.alias("on_time"))


def _known_to(rows: pl.DataFrame, as_of: date | None) -> pl.DataFrame:
    """The day to which each return is known: its census day; of the latest return `as_of`, where it is given."""
    days = {year: census_day(year + 1) for year in rows["year"].unique()}
    if as_of is not None and days:
        days[max(days)] = as_of
    return rows.with_columns(pl.col("year").replace_strict(days, default=None, return_dtype=pl.Date).alias("known_to"))


@either_kind
def ehc_phase_transfers(
    plans: pl.DataFrame, *, la_code: str, la_name: str, by: By | None = None, as_of: date | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Plans finalised for a move between phases: by the day due (15 February; 31 March for post-16), and so far.

    By academic year of the day due, and by that day (`item`). `ehc_phase_transfers_in_time` is of those whose day has
    come by the census day of the last return that names them (or by `as_of`); before that there is no figure (x).
    `ehc_phase_transfers_final` is the state on that day. From the return of 2025 on.
    """
    rows = _known_to(placed(typed(plans, "ehc_plans"), la_code=la_code, la_name=la_name), as_of)
    rows = rows.filter(pl.col("phase_transfer_due").is_not_null()).sort("year")
    due, final = pl.col("phase_transfer_due"), pl.col("phase_transfer_final")
    names = [pl.when((due.dt.month() == m) & (due.dt.day() == d)).then(pl.lit(n)) for (m, d), n in DEADLINES.items()]
    base = rows.unique(["pupil_id", "phase_transfer_due"], keep="last", maintain_order=True).with_columns(
        period_of_date("phase_transfer_due").alias("time_period"), pl.lit(FULL_YEAR).alias("time_identifier"),
        pl.coalesce(*names, pl.lit(OTHER_DEADLINE)).alias("day_due"), pl.col("known_to").alias("data_to"),
    )  # fmt: skip
    recipes: list[Recipe] = [
        CaseShare("ehc_phase_transfers_in_time", feature=(final <= due).fill_null(False),
                  where=due <= pl.col("known_to"), eligible=EVERYBODY),
        CaseShare("ehc_phase_transfers_final", feature=(final <= pl.col("known_to")).fill_null(False)),
    ]  # fmt: skip
    return not_known(measure_rows(base, recipes, by=by, confidence=confidence, rest=False), NOT_YET)
