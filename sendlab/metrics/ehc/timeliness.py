"""EHC plans in 20 weeks by exact day count, from the persons of SEN2 returns, and always the cases still open beside.

Sources: SEND Regulations 2014, 13(2) (20 weeks) and DfE, Education, health and care plans: methodology (2025). The
clock runs from the day of the request to the day on which the plan starts; a plan counts in the calendar year of that
day. Published figures come from the same return; those of EES files are reproduced by `sendlab.rate`.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl

from sendlab.metrics.ehc.cases import (
    CASE,
    HISTORICAL,
    YES,
    CaseMean,
    CaseShare,
    days_between,
    placed,
)
from sendlab.metrics.ehc.open_cases import counts_of_open, open_cases, undated
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Recipe
from sendlab.metrics.said import not_known, noted
from sendlab.metrics.typed import typed

WITHIN_DAYS = 140  # 20 weeks; the 140th day is within (SEND Regulations 2014, 13(2); DfE SEN2 guide 2025)
YEAR_DAYS = 364  # 52 weeks: where the published bands are cut (EES, timeliness_20_week, 2025)
EXCEPTIONS_SHARE = 50  # % of plans with an exception above which the figure without them says little: project rule
BANDS = ("20 weeks or less", "Over 20 to 52 weeks", "Over 52 weeks")
DAYS, USABLE = pl.col("days"), pl.col("days").is_not_null()
PLAIN = ~pl.col("week20")  # no exception; missing where the return does not say


@either_kind
def ehc_20_weeks(
    requests: pl.DataFrame, plans: pl.DataFrame, *, la_code: str, la_name: str, by: By | None = None,
    within_days: int = WITHIN_DAYS, as_of: date | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """First plans issued within 20 weeks of the request, with and without exceptions, and the cases still open.

    `requests`, `plans`: the tables `ehc_requests` and `ehc_plans`. Measures: `ehc_within_20_weeks` (without exceptions,
    the headline) and `ehc_within_20_weeks_all`, by month of issue (`item`); `ehc_time_bands`, `ehc_mean_weeks` and the
    same with `_all`; `ehc_open_cases`, `ehc_open_past_20_weeks`, `ehc_open_due_soon` and `ehc_undecided_past_6_weeks`
    on 31 December, or on `as_of` if that is earlier (`data_to` says the day). Rows for the LA by calendar year.
    Plans whose dates are missing or the wrong way round are in `eligible_subjects` and in no figure, and the note
    counts them. Where more than half of the plans have an exception the note says so.
    """
    options = {"la_code": la_code, "la_name": la_name}
    issued, waiting = plans_issued(requests, plans, **options), open_cases(requests, as_of=as_of, **options)
    rows = measure_rows(issued, list(_of_plans(within_days)), by=by, confidence=confidence, rest=False)
    still = measure_rows(waiting, list(counts_of_open(within_days)), by=by, confidence=confidence, rest=False)
    return pl.concat([noted(not_known(rows), _doubts(issued)), noted(still, undated(waiting))])


def _of_plans(within: int) -> Iterator[Recipe]:
    inside = (within >= DAYS, (within < DAYS) & (DAYS <= YEAR_DAYS), YEAR_DAYS < DAYS)
    plain: dict[str, Any] = {"where": USABLE & PLAIN, "eligible": ~pl.col("week20").fill_null(False)}
    every: dict[str, Any] = {"where": USABLE, "eligible": EVERYBODY}
    for end, whom in (("", plain), ("_all", every)):
        yield CaseShare(f"ehc_within_20_weeks{end}", feature=inside[0], **whom)
        yield CaseMean(f"ehc_mean_weeks{end}", of=DAYS / 7, **whom)
        for band, rule in zip(BANDS, inside, strict=True):
            yield CaseShare(f"ehc_time_bands{end}", feature=rule, item=band, **whom)


def plans_issued(requests: pl.DataFrame, plans: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """First plans by the calendar year in which they start: one row a plan, with `days`, `week20`, `month_of_issue`.

    Decided to issue (assessment outcome Y, not H), with a request in the return, started in the return's own year, and
    not transferred in. `days` is missing where a date is, or where the plan starts before the request.
    """
    rows = _started(placed(typed(requests, "ehc_requests"), la_code=la_code, la_name=la_name), plans)
    return rows.filter(pl.col("left_out").is_null()).drop("left_out").with_columns(
        days_between("received_date", "plan_start_date").alias("days"),
        pl.col("plan_start_date").dt.strftime("%B").alias("month_of_issue"),
    )  # fmt: skip


def plans_left_out(requests: pl.DataFrame, plans: pl.DataFrame) -> pl.DataFrame:
    """Plans in returns that are no first plans of the year: return_year, reason, plans. Most are older (H)."""
    rows = _started(placed(typed(requests, "ehc_requests"), la_code="", la_name=""), plans).filter(
        pl.col("left_out").is_not_null()
    )
    return rows.group_by("return_year", pl.col("left_out").alias("reason")).len("plans").sort(pl.all())


def _started(rows: pl.DataFrame, plans: pl.DataFrame) -> pl.DataFrame:
    """Cases with a plan, and why one is not in the cohort of its return's year."""
    moved = (
        typed(plans, "ehc_plans")
        .filter(pl.col("transfer_la").fill_null("") != "")
        .select(*CASE, pl.lit(True).alias("moved"))
        .unique()
    )
    rows = rows.filter(pl.col("plan_start_date").is_not_null()).join(moved, on=CASE, how="left", maintain_order="left")
    older = (pl.col("request_outcome") == HISTORICAL).fill_null(False) & pl.col("received_date").is_null()
    reason = (
        pl.when(pl.col("moved").fill_null(False)).then(pl.lit("transferred from another authority"))
        .when(older | (pl.col("assessment_outcome") == HISTORICAL).fill_null(False))
        .then(pl.lit("older than the year of the return"))
        .when((pl.col("assessment_outcome") != YES).fill_null(True))
        .then(pl.lit("no decision to issue a plan on record"))
        .when(pl.col("plan_start_date").dt.year() != pl.col("year")).then(pl.lit("started in another year"))
    )  # fmt: skip
    return rows.with_columns(reason.alias("left_out")).drop("moved")


def _doubts(issued: pl.DataFrame) -> pl.DataFrame:
    """What is to be said of a year's plans: those without usable dates, and exceptions on more than half."""
    if issued.is_empty():
        return pl.DataFrame(schema={"time_period": pl.String, "said": pl.String})
    sums = issued.group_by("time_period").agg(
        (~USABLE).sum().alias("odd"), pl.col("week20").fill_null(False).sum().alias("with"), pl.len().alias("all")
    )
    odd = pl.when(pl.col("odd") > 0).then(
        pl.format("{} of the year's plans left out: a date is missing, or the plan starts before the request", "odd")
    )
    many = pl.when(100 * pl.col("with") > EXCEPTIONS_SHARE * pl.col("all")).then(
        pl.format(
            "exceptions on {} of the year's {} plans, more than half: read the figure of all plans", "with", "all"
        )
    )
    return sums.select("time_period", pl.concat_str(odd, many, separator="; ", ignore_nulls=True).alias("said"))
