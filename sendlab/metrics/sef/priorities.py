"""Priorities: statements with the largest gap, who could share what works, and what evidence and plans there are."""

from datetime import date

import polars as pl

from sendlab.metrics.cards import card
from sendlab.metrics.grouping import SCHOOL, either_kind
from sendlab.metrics.plain import of_the_la, plain_figures
from sendlab.metrics.recipes import EVERYBODY, Share
from sendlab.metrics.sef.ratings import CASE_STUDY, latest, rated, settled
from sendlab.metrics.sef.statements import statements_of, wide_by_statement
from sendlab.schema.groups import FULL_YEAR
from sendlab.schema.measures import as_measures

FIRST = 5  # ranks that count as a school's priorities (own rule); ties share a rank, so there may be more statements
GAP = pl.col("target") - pl.col("now")
LIVE = ("open", "under way", "done")


@either_kind
def priorities(
    ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str, first: int = FIRST
) -> pl.DataFrame:
    """Statements ranked by gap, and those that are most often among schools' first ones.

    `sef_priority_rank`: rank of target less now within the school, 1 the largest, ties sharing the smaller rank; the
    numerator holds the gap. A gap of 0 or less is no priority, and has no rank. `sef_often_a_priority` (LA only,
    Wilson): schools with the statement at rank `first` or before, per 100 that rated it now and as a target.
    """
    ranked = _ranked(ratings, places, la_code, la_name)
    rows = _rank_rows(ranked.filter(pl.col("rank").is_not_null()))
    wide = wide_by_statement(ranked.with_columns((pl.col("rank") <= first).fill_null(False).alias("early")), "early")
    recipes = [
        Share("sef_often_a_priority", feature=pl.col(name), where=pl.col(name).is_not_null(), eligible=EVERYBODY,
              item=name)
        for name in statements_of(ranked)
    ]  # fmt: skip
    return pl.concat([rows, of_the_la(wide, recipes)])


@either_kind
def to_share(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """Schools that rate a statement 8 to 10, and so have case studies to share, per 100 that rated it (LA, Wilson)."""
    rows = latest(rated(ratings, places, la_code=la_code, la_name=la_name))
    recipes = [
        Share("sef_case_studies", feature=pl.col(name) >= CASE_STUDY, where=pl.col(name).is_not_null(),
              eligible=EVERYBODY, item=name)
        for name in statements_of(rows)
    ]  # fmt: skip
    return of_the_la(wide_by_statement(rows, "now"), recipes)


@either_kind
def with_evidence(
    ratings: pl.DataFrame, evidence: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str
) -> pl.DataFrame:
    """Statements rated now with a piece of evidence of any day, and with one offered to others, per 100 rated.

    `sef_with_evidence` and `sef_evidence_shared`, by statement, by section and in all, for each school and the LA.
    Evidence does not age here: its day is the day of recording, and a later round may rest on it.
    """
    pieces = evidence.group_by("school_id", "statement").agg(
        pl.lit(True).alias("held"), pl.col("shared").any().fill_null(False).alias("offered")
    )
    rows = latest(rated(ratings, places, la_code=la_code, la_name=la_name)).filter(pl.col("now").is_not_null())
    rows = rows.join(pieces, on=["school_id", "statement"], how="left")
    return pl.concat(
        plain_figures(rows, measure, top=pl.col(column).fill_null(False), bottom=pl.col("now").is_not_null(),
                      day="rated_on", items=("statement", "section", "all"), per=100)
        for measure, column in (("sef_with_evidence", "held"), ("sef_evidence_shared", "offered"))
    )  # fmt: skip


@either_kind
def planned_for(
    ratings: pl.DataFrame, actions: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str,
    first: int = FIRST, as_of: date | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Of a school's priorities, those that an action of its plan answers, per 100 (`sef_priorities_planned`).

    An action counts that names the statement, is not dropped, and was set between the round before the latest one of
    the year and `as_of` (default: the last day on which any was set). For each school and the LA.
    """
    ranked = _ranked(ratings, places, la_code, la_name).filter(pl.col("rank") <= first)
    rounds = settled(ratings).select("school_id", "rated_on").unique().sort("school_id", "rated_on")
    rounds = rounds.with_columns(pl.col("rated_on").shift().over("school_id").alias("since"))
    until = pl.lit(as_of or actions["set_on"].max(), dtype=pl.Date)
    answers = actions.filter(pl.col("status").is_in(LIVE).fill_null(True)).select("school_id", "statement", "set_on")
    joined = ranked.join(rounds, on=["school_id", "rated_on"]).join(answers, on=["school_id", "statement"], how="left")
    timely = (pl.col("set_on") > pl.col("since").fill_null(date.min)) & (pl.col("set_on") <= until)
    key = [name for name in joined.columns if name != "set_on"]
    one = joined.group_by(key).agg(timely.any().fill_null(False).alias("planned"))
    return plain_figures(one, "sef_priorities_planned", top=pl.col("planned"), bottom=pl.col("rank") > 0,
                         day="rated_on", per=100, nothing="no priority: no target is above now")  # fmt: skip


def _ranked(ratings: pl.DataFrame, places: pl.DataFrame, la_code: str, la_name: str) -> pl.DataFrame:
    """Statements rated now and as a target, with `gap` and its `rank` within the school where it is above 0."""
    rows = latest(rated(ratings, places, la_code=la_code, la_name=la_name)).with_columns(GAP.alias("gap"))
    wanted = pl.when(pl.col("gap") > 0).then("gap")
    rank = wanted.rank("min", descending=True).over("school_id", "time_period")
    return rows.filter(pl.col("gap").is_not_null()).with_columns(rank.alias("rank"))


def _rank_rows(ranked: pl.DataFrame) -> pl.DataFrame:
    measure = "sef_priority_rank"
    return as_measures(ranked.sort("time_period", "place_code", "rank", "statement").select(
        pl.lit(measure).alias("measure"), "time_period", pl.lit(FULL_YEAR).alias("time_identifier"),
        pl.lit(SCHOOL).alias("geographic_level"), "place_code", "place_name", "education_phase",
        pl.col("statement").alias("item"), pl.col("gap").cast(pl.Float64).alias("numerator"),
        pl.col("rank").cast(pl.Float64).alias("value"), pl.lit(card(measure).unit).alias("unit"),
        pl.col("rated_on").alias("data_to"),
    ))  # fmt: skip
