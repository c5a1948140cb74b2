"""The last round of the self-evaluation as it comes in: of one school the form, of another a survey export."""

from pathlib import Path
from typing import Any

import polars as pl

from sendlab.codes import read_codes
from sendlab.forms import write_self_evaluation_form
from sendlab.sample.settings import settings
from sendlab.sample.world import World

SURVEY = "self_evaluation_survey.csv"
LATEST, HOUR = 4, "%d/%m/%Y 15:45"  # answers come in over so many days, the last on the day of the round
ROLES = {"SENCo": "SENDCo", "senior leader": "Deputy head", "teaching assistant": "TA"}  # as people call them
UNITS = {"setting": "Whole school", "own practice": "My own practice"}


def _school(world: World, way: str) -> dict[str, Any]:
    """The school whose last round comes that way: `form` or `survey`."""
    return world.schools.filter(pl.col("key") == settings()["self_evaluation"][way]).row(0, named=True)


def _comes_as(world: World, way: str) -> pl.Expr:
    """Whether a row is of the round that comes that way; single raters' rows are the survey's."""
    last = pl.col("rated_on") == settings()["self_evaluation"]["rounds"][-1]
    here, agreed = pl.col("school_id") == pl.lit(_school(world, way)["school_id"]), pl.col("rater") == "agreed"
    mine: pl.Expr = last & here & (agreed if way == "form" else ~agreed)
    return mine


def in_the_extract(ratings: pl.DataFrame, world: World) -> pl.DataFrame:
    """Ratings that stand in the authority's own extract, which knows of no raters."""
    return ratings.filter(~_comes_as(world, "form") & ~_comes_as(world, "survey"))


def write_round(ratings: pl.DataFrame, world: World, folder: Path) -> list[Path]:
    """The form of one school and the survey of another; returns their paths."""
    school, rows = _school(world, "form"), ratings.filter(_comes_as(world, "form"))
    form = folder / f"self-evaluation-{school['school_id']}.xlsx"
    write_self_evaluation_form(form, school_id=school["school_id"], school_name=school["school_name"],
                               round_on=rows["rated_on"][0], ratings=rows)  # fmt: skip
    survey = folder / SURVEY
    _as_exported(ratings.filter(_comes_as(world, "survey"))).write_csv(survey, line_terminator="\r\n")
    return [form, survey]


def _as_exported(rows: pl.DataFrame) -> pl.DataFrame:
    """A row a respondent; each question twice, now and in 12 months, under its code and words."""
    lines = {line.code: f"{line.code}. {line.label}" for line in read_codes("sef_statement")}
    index = ["rater_number", "rater", "unit", "school_id", "rated_on"]
    now, target = (
        rows.pivot("statement", index=index, values=name, aggregate_function="first").sort("rater_number")
        for name in ("rating_now", "rating_target")
    )
    asked = [code for code in lines if code in now.columns]
    days = pl.col("rated_on").dt.offset_by(pl.format("-{}d", (pl.len() - pl.col("rater_number")).clip(0, LATEST)))
    return now.select(
        pl.col("rater_number").alias("Respondent ID"), days.dt.strftime(HOUR).alias("Submitted"),
        pl.col("school_id").alias("LAESTAB"), pl.col("rater").replace(ROLES).alias("Your role"),
        pl.col("unit").replace(UNITS).alias("What are you rating?"),
        *(pl.col(code).alias(f"{lines[code]} [now]") for code in asked),
        *(target[code].alias(f"{lines[code]} [in 12 months]") for code in asked),
    )  # fmt: skip
