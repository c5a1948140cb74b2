"""Voice: what pupils, parents, staff and governors say in surveys; nobody's answers are joined to a pupil.

Answers run from 1 (disagree strongly) to 5 (agree strongly); questions are worded so that agreeing is good news.
"""

from collections.abc import Callable
from datetime import timedelta

import polars as pl

from sendlab.cohort import with_places
from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.plain import item_rows
from sendlab.metrics.recipes import Count, Mean, Recipe, Share
from sendlab.schema.groups import FULL_YEAR, NOT_RECORDED, PROVISION_OF_CODE

AGREE = 4  # of 5: agree, or agree strongly
ROUND_APART = timedelta(days=28)  # days without an answer after which the same survey is asked anew (own rule)
RESPONDENTS = {"pupil": "pupils", "parent": "parents", "staff": "staff", "governor": "governors"}
ANSWER = pl.col("answer")
ASKED = ("school_id", "time_period", "respondent")
HOW_MANY = "how many were asked is not recorded"


@either_kind
def agreement(
    voice: pl.DataFrame, places: pl.DataFrame, *, by: By | None = None, agree: int = AGREE, confidence: float = 0.95
) -> pl.DataFrame:
    """Respondents who agree (`agree` or more of 5) with a question, per 100 who answered it (Wilson interval).

    `voice`: the declared table; `places`: facts, or a frame of places with la_code and la_name. Measures
    `pupils_agree`, `parents_agree`, `staff_agree` and `governors_agree`; `item` is the question. The latest round of a
    question at a school in a year counts; `eligible_subjects` adds those who left the question blank. Own definition.
    """

    def make(kind: str) -> Callable[[str, pl.Expr], list[Recipe]]:
        return lambda question, here: [
            Share(f"{kind}_agree", feature=agree <= ANSWER, where=here & ANSWER.is_not_null(), eligible=here,
                  item=question, note=HOW_MANY)
        ]  # fmt: skip

    return _by_respondent(latest_rounds(voice), places, "question", make, by, confidence)


@either_kind
def mean_answer(
    voice: pl.DataFrame, places: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Mean answer, 1 to 5, of those who answered a question (t interval); as `agreement` otherwise."""

    def make(kind: str) -> Callable[[str, pl.Expr], list[Recipe]]:
        return lambda question, here: [
            Mean(f"{kind}_mean_answer", of=ANSWER, where=here & ANSWER.is_not_null(), eligible=here, item=question,
                 note=HOW_MANY)
        ]  # fmt: skip

    return _by_respondent(latest_rounds(voice), places, "question", make, by, confidence)


@either_kind
def responses(
    voice: pl.DataFrame, places: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """How many answered a survey: a count, for nobody records how many could have. `item` is the survey."""

    def make(kind: str) -> Callable[[str, pl.Expr], list[Recipe]]:
        return lambda survey, here: [
            Count(f"{kind}_responses", feature=here, where=here, eligible=here, item=survey, note=HOW_MANY)
        ]

    answered = latest_rounds(voice).filter(ANSWER.is_not_null())
    people = answered.unique([*ASKED, "survey", "asked_on", "respondent_number"], maintain_order=True)
    rows = _by_respondent(people, places, "survey", make, by, confidence)
    return rows.with_columns(pl.lit(None, dtype=pl.Int64).alias("eligible_subjects"))


def latest_rounds(voice: pl.DataFrame) -> pl.DataFrame:
    """Rows of the latest round of each question, by school, academic year and kind of respondent.

    Answers of one survey with under `ROUND_APART` between them are one round. Numbers of respondents name nobody, so
    whoever answers an earlier round too cannot be told apart, and would count twice.
    """
    rows = voice.with_columns(period_of_date("asked_on").alias("time_period"))
    survey = [*ASKED, "survey"]
    days = rows.select(*survey, "asked_on").unique().sort(*survey, "asked_on")
    pause = (pl.col("asked_on") - pl.col("asked_on").shift()).over(survey) >= ROUND_APART
    days = days.with_columns(pause.fill_null(False).cast(pl.Int32).cum_sum().over(survey).alias("round"))
    days = days.with_columns(pl.col("asked_on").max().over(*survey, "round").alias("ended"))
    rows = rows.join(days, on=[*survey, "asked_on"], maintain_order="left")
    question = [*ASKED, "question"]
    latest = rows.filter(pl.col("ended") == pl.col("ended").max().over(question))
    return latest.filter(pl.col("survey") == pl.col("survey").max().over(question))


def _by_respondent(
    rows: pl.DataFrame, places: pl.DataFrame, column: str,
    make: Callable[[str], Callable[[str, pl.Expr], list[Recipe]]], by: By | None, confidence: float,
) -> pl.DataFrame:  # fmt: skip
    provision = pl.col("sen_provision").replace_strict(PROVISION_OF_CODE, default=NOT_RECORDED, return_dtype=pl.String)
    placed = with_places(rows, places).with_columns(
        provision.fill_null(NOT_RECORDED).alias("sen_provision"), pl.col("asked_on").alias("data_to"),
        pl.lit(FULL_YEAR).alias("time_identifier"),
    )  # fmt: skip
    parts = [
        item_rows(placed.filter(pl.col("respondent") == kind), column, make(name), by=by, confidence=confidence)
        for kind, name in RESPONDENTS.items()
    ]
    return pl.concat(parts)
