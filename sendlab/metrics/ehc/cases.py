"""Cases of SEN2 returns as bases: one row a request, assessment or plan, for the LA alone, and what is counted of them.

A return of January 2026 holds what happened in the calendar year 2025 and the plans active on its census day. A case
counts in the year of its event when the return of that very year gives it; rows with outcome H (historical) only carry
an older plan. One person may have two cases in a year, so cases and people are counted apart.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from sendlab.metrics.grouping import number
from sendlab.metrics.recipes import Count, Mean, Recipe, Share
from sendlab.schema.groups import SEX_OF_CODE
from sendlab.stats.intervals import wilson
from sendlab.stats.sums import mean_t

YES, NO, AWAITED, WITHDRAWN, HISTORICAL = "Y", "N", "A", "W", "H"  # codes sen2_request_outcome, sen2_assessment_outcome
CASE = ["pupil_id", "return_year", "request_number"]
CALENDAR_YEAR = "Calendar year"


def census_day(return_year: int) -> date:
    """Census day of a SEN2 return: the third Thursday of January.

    >>> census_day(2026)
    datetime.date(2026, 1, 15)
    """
    first = date(return_year, 1, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 14)


def placed(rows: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """Rows of returns as a base of the LA alone: persons of a return are no pupils of a school.

    Adds `year` (the calendar year of the return's flows), `time_period`, `time_identifier`, `data_to` (its last day)
    and the place; sex in words. A return year that is no number is left out.
    """
    nowhere = pl.lit(None, dtype=pl.String)
    year = pl.col("return_year").cast(pl.Int32, strict=False) - 1
    rows = rows.with_columns(year.alias("year")).filter(pl.col("year").is_not_null())
    sex = {"sex": pl.col("sex").replace_strict(SEX_OF_CODE, default="Unknown")} if "sex" in rows.columns else {}
    return rows.with_columns(
        time_period=pl.col("year").cast(pl.String), time_identifier=pl.lit(CALENDAR_YEAR),
        data_to=pl.date("year", 12, 31), la_code=pl.lit(la_code), la_name=pl.lit(la_name), place_code=nowhere,
        place_name=nowhere, education_phase=nowhere, **sex,
    )  # fmt: skip


def of_own_year(day: str) -> pl.Expr:
    """The event fell in the calendar year of its return; a row without the day is taken at the return's word."""
    return (pl.col(day).dt.year() == pl.col("year")).fill_null(True)


def days_between(earlier: str, later: str) -> pl.Expr:
    """Whole days from one date to another; missing where either is, or where they stand the wrong way round."""
    days = (pl.col(later) - pl.col(earlier)).dt.total_days()
    return pl.when(days >= 0).then(days)


def people(rule: pl.Expr) -> pl.Expr:
    """How many people a rule holds for."""
    return pl.col("pupil_id").filter(rule.fill_null(False)).n_unique().cast(pl.Int64)


def cases(rule: pl.Expr) -> pl.Expr:
    """How many cases a rule holds for."""
    return pl.col("pupil_id").filter(rule.fill_null(False)).len().cast(pl.Int64)


class _OfCases(Recipe):
    """A recipe whose denominator is cases and whose subjects are the people they belong to."""

    def counted(self) -> dict[str, pl.Expr]:
        """The sums, with people and cases of the base, and people who could have been in it."""
        could = {} if self.eligible is None else {"eligible": people(self.eligible)}
        return {"n": people(self.where), "cases": cases(self.where), **self.sums(), **could}


@dataclass(frozen=True)
class CaseShare(_OfCases, Share):
    """Cases with a feature, per 100 cases; Wilson's interval, which takes each case for itself."""

    method = "wilson"

    def sums(self) -> dict[str, pl.Expr]:
        """Cases and people with the feature."""
        having = self.where & self.feature
        return {"x": cases(having), "with": people(having)}

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        """Columns of measure rows from the sums."""
        lower, upper = wilson(rows["x"].to_numpy(), rows["cases"].to_numpy(), confidence=confidence)
        return {
            "numerator": pl.col("x"), "denominator": pl.col("cases"), "with_subjects": pl.col("with"),
            "value": self.per * pl.col("x") / pl.col("cases"), "lower": number(self.per * lower),
            "upper": number(self.per * upper),
        }  # fmt: skip


@dataclass(frozen=True)
class CaseMean(_OfCases, Mean):
    """The mean of a value over cases; t interval."""

    method = "t interval over cases"

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        """Columns of measure rows from the sums."""
        sums = (rows[name].to_numpy() for name in ("cases", "total", "squares"))
        lower, upper = mean_t(*sums, confidence=confidence)
        return {
            "numerator": pl.col("total"), "denominator": pl.col("cases"), "with_subjects": pl.col("n"),
            "value": pl.col("total") / pl.col("cases"), "lower": number(lower), "upper": number(upper),
        }  # fmt: skip


@dataclass(frozen=True)
class CaseCount(_OfCases, Count):
    """How many cases have a feature: a number, no rate."""

    def sums(self) -> dict[str, pl.Expr]:
        """Cases and people with the feature."""
        having = self.where & self.feature
        return {"x": cases(having), "with": people(having)}

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        """Columns of measure rows from the sums."""
        return {"numerator": pl.col("x"), "with_subjects": pl.col("with"), "value": pl.col("x")}
