"""Requests for EHC assessments and what is decided of them: in time, refused, disputed; what was tried before.

Sources: SEND Regulations 2014, 5(1) (six weeks to decide whether to assess) and 10(1) (16 weeks to say that no plan
will be issued); DfE, Education, health and care plans: methodology (2025). A decision counts in the calendar year of
its day, from the return of that year; withdrawn requests are no decisions.
"""

from collections.abc import Iterator

import polars as pl

from sendlab.codes import labels
from sendlab.cohort import require_facts
from sendlab.metrics.ehc.cases import (
    HISTORICAL,
    NO,
    YES,
    CaseCount,
    CaseMean,
    CaseShare,
    days_between,
    of_own_year,
    placed,
)
from sendlab.metrics.ehc.open_cases import DECIDE_DAYS
from sendlab.metrics.grouping import PLACED, By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Recipe, Share
from sendlab.metrics.said import not_known
from sendlab.metrics.typed import typed
from sendlab.schema.measures import no_measures

NOT_ISSUE_DAYS = 112  # 16 weeks from the request (SEND Regulations 2014, 10(1))
STAGES = {"Decision on the request": "request", "Decision after assessment": "assessment", "Other": "other"}
LOOK_BACK = "12mo"  # interventions must be on record so long before a request to say what was tried: our own choice
TRIED_SINCE = "interventions are on record from {} on: of requests within a year of it nothing can be said"


@either_kind
def ehc_requests_received(
    requests: pl.DataFrame, *, la_code: str, la_name: str, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """How many requests for an EHC assessment came in the calendar year, and who asked (`item`; from 2024 on).

    Measures `ehc_requests_received` (cases) and `ehc_request_sources` (% of those whose source is known). Numbers
    only: persons of 0 to 25 who might have asked are no roll that the workspace holds.
    """
    came = _received(placed(typed(requests, "ehc_requests"), la_code=la_code, la_name=la_name))
    known = pl.col("request_source").is_not_null()
    sources = came.filter(known.any().over("year"))  # not a field of returns before 2025
    shares = [
        CaseShare("ehc_request_sources", feature=pl.col("request_source") == code, where=known, eligible=EVERYBODY,
                  item=label)
        for code, label in labels("sen2_request_source").items()
    ]  # fmt: skip
    counted = measure_rows(came, [CaseCount("ehc_requests_received")], by=by, confidence=confidence, rest=False)
    return pl.concat([counted, measure_rows(sources, shares, by=by, confidence=confidence, rest=False)])


def _received(rows: pl.DataFrame) -> pl.DataFrame:
    """Requests that came in the year of their return; those that only carry an older plan did not."""
    older = (pl.col("request_outcome") == HISTORICAL).fill_null(False)
    return rows.filter((pl.col("received_date").dt.year() == pl.col("year")).fill_null(False) & ~older)


@either_kind
def ehc_decisions(
    requests: pl.DataFrame, *, la_code: str, la_name: str, by: By | None = None, decide_days: int = DECIDE_DAYS,
    not_issue_days: int = NOT_ISSUE_DAYS, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Decisions of the calendar year: whether in time, and which way they went.

    `ehc_decided_in_6_weeks` and `ehc_refused_to_assess` (of requests decided), `ehc_not_issued_in_16_weeks` (of
    decisions not to issue), `ehc_assessed_in_16_weeks` and `ehc_assessments_to_plan` (of assessments decided). Cases
    whose days are missing or the wrong way round are in `eligible_subjects` alone. A rate of decisions does not see
    requests that nobody has decided: see `ehc_undecided_past_6_weeks`.
    """
    rows = placed(typed(requests, "ehc_requests"), la_code=la_code, la_name=la_name)
    asked, assessed = _decided(rows, "request"), _decided(rows, "assessment")
    days, refused = pl.col("days"), pl.col("outcome") == NO
    timed = days.is_not_null()
    of_requests: list[Recipe] = [
        CaseShare("ehc_decided_in_6_weeks", feature=days <= decide_days, where=timed, eligible=EVERYBODY),
        CaseShare("ehc_refused_to_assess", feature=refused),
    ]
    of_assessments: list[Recipe] = [
        CaseShare("ehc_not_issued_in_16_weeks", feature=days <= not_issue_days, where=timed & refused,
                  eligible=refused),
        CaseShare("ehc_assessed_in_16_weeks", feature=days <= not_issue_days, where=timed, eligible=EVERYBODY),
        CaseShare("ehc_assessments_to_plan", feature=~refused),
    ]  # fmt: skip
    both = ((asked, of_requests), (assessed, of_assessments))
    return not_known(
        pl.concat(measure_rows(base, some, by=by, confidence=confidence, rest=False) for base, some in both)
    )


def _decided(rows: pl.DataFrame, stage: str) -> pl.DataFrame:
    """Cases decided one way or the other in the year of their return, with `outcome` and `days` since the request."""
    outcome, day = f"{stage}_outcome", f"{stage}_outcome_date"
    return rows.filter(pl.col(outcome).is_in([YES, NO]) & of_own_year(day)).with_columns(
        pl.col(outcome).alias("outcome"), days_between("received_date", day).alias("days")
    )


@either_kind
def ehc_disputes(
    requests: pl.DataFrame, *, la_code: str, la_name: str, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Cases decided in the calendar year in which mediation (`ehc_mediation`) or the tribunal (`ehc_tribunal`) came in.

    In total and by stage (`item`). Of cases whose return says so. The appeal rate that the Ministry of Justice
    publishes has another denominator (appealable decisions, those of reviews included), so the two do not compare.
    """
    rows = placed(typed(requests, "ehc_requests"), la_code=la_code, la_name=la_name)
    either = pl.concat([_decided(rows, "request"), _decided(rows, "assessment")]).unique(
        ["pupil_id", "return_year", "request_number"], keep="last", maintain_order=True
    )
    recipes = [recipe for way in ("mediation", "tribunal") for recipe in _of_way(way)]
    return not_known(measure_rows(either, recipes, by=by, confidence=confidence, rest=False))


def _of_way(way: str) -> Iterator[Recipe]:
    """Any stage at all; then each by itself, of those who reached it."""
    flags = [pl.col(f"{stage}_{way}") for stage in STAGES.values()]
    known = pl.any_horizontal(flag.is_not_null() for flag in flags)
    anywhere = pl.any_horizontal(flag.fill_null(False) for flag in flags)
    yield CaseShare(f"ehc_{way}", feature=anywhere, where=known, eligible=EVERYBODY)
    for (name, stage), flag in zip(STAGES.items(), flags, strict=True):
        reached = EVERYBODY if stage == "request" else pl.col("assessment_outcome").is_in([YES, NO])
        yield CaseShare(f"ehc_{way}", feature=flag, where=flag.is_not_null() & reached, eligible=reached, item=name)


@either_kind
def ehc_approaches_before(
    requests: pl.DataFrame, interventions: pl.DataFrame, facts: pl.DataFrame, *, la_code: str, la_name: str,
    by: By | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Different interventions that a pupil had begun before the request for an EHC assessment.

    `ehc_approaches_before` (mean) and `ehc_any_approach_before` (% with one or more), of requests received in the
    calendar year for pupils whom `facts` hold in a year up to that of the request, once interventions have been on
    record for a year; `eligible_subjects` counts all, and the note says from when on interventions are on record.
    """
    interventions = typed(interventions, "interventions")
    first = interventions.select(pl.col("start_date").min()).item()
    if first is None:
        return no_measures()
    came = _received(placed(typed(requests, "ehc_requests"), la_code=la_code, la_name=la_name)).with_row_index(
        "request"
    )
    held = facts.group_by("pupil_id").agg(pl.col("time_period").min().str.slice(0, 4).cast(pl.Int32).alias("since"))
    base = came.join(_tried(came, interventions), on="request", how="left").join(held, on="pupil_id", how="left")
    on_record = pl.lit(first).dt.offset_by(LOOK_BACK) <= pl.col("received_date")
    here = (pl.col("since") <= pl.col("year")).fill_null(False) & on_record
    tried, note = pl.col("tried").fill_null(0), TRIED_SINCE.format(first)
    recipes: list[Recipe] = [
        CaseMean("ehc_approaches_before", of=tried, where=here, eligible=EVERYBODY, note=note),
        CaseShare("ehc_any_approach_before", feature=tried > 0, where=here, eligible=EVERYBODY, note=note),
    ]
    return not_known(measure_rows(base, recipes, by=by, confidence=confidence, rest=False))


def _tried(came: pl.DataFrame, interventions: pl.DataFrame) -> pl.DataFrame:
    """How many different interventions began before each request."""
    begun = interventions.select("pupil_id", "intervention", "start_date")
    before = came.join(begun, on="pupil_id", how="inner").filter(pl.col("start_date") < pl.col("received_date"))
    return before.group_by("request").agg(pl.col("intervention").n_unique().alias("tried"))


@either_kind
def ehc_requests_from_sen_support(
    facts: pl.DataFrame, requests: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Of pupils on SEN support on a January roll, those for whom an assessment was asked in that calendar year.

    For the LA and each school, by calendar year: the roll is that of the academic year in which it begins. Only years
    whose return is there. Returns measure rows of `ehc_requests_from_sen_support` (Wilson interval).
    """
    require_facts(facts, (*PLACED, "pupil_id", "on_roll"))
    rows = placed(typed(requests, "ehc_requests"), la_code="", la_name="")
    named = _received(rows).select("pupil_id", "year", pl.lit(True).alias("asked")).unique()
    year = pl.col("time_period").str.slice(0, 4).cast(pl.Int32) + 1
    roll = facts.filter(pl.col("on_roll") & (pl.col("sen_provision") == "SEN support")).with_columns(year.alias("year"))
    base = roll.join(rows.select("year").unique(), on="year", how="semi").join(
        named, on=["pupil_id", "year"], how="left"
    )
    base = base.with_columns(
        time_period=pl.col("year").cast(pl.String), time_identifier=pl.lit("Calendar year"),
        data_to=pl.date("year", 12, 31),
    )  # fmt: skip
    recipe = Share("ehc_requests_from_sen_support", feature=pl.col("asked").fill_null(False))
    return measure_rows(base, [recipe], by=by, confidence=confidence)
