"""Figures of any cohort for the analyst's own screen: unprotected, and there in a moment."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from sendlab.codes import read_codes
from sendlab.disclosure.guard import ASKABLE, COLUMNS, KEY_STAGE, Question
from sendlab.disclosure.guard.counted import facts_of_year, metric_of
from sendlab.disclosure.guard.question import key_stages, label
from sendlab.disclosure.published import OwnView
from sendlab.explore.selection import BANDS, INTERVENTION, ON_SCREEN, Selection
from sendlab.metrics.summed import Rule, Summed, summed
from sendlab.schema.groups import ALL_SEN, NOT_RECORDED, SEND, TOTAL

if TYPE_CHECKING:
    from sendlab.build.opened import OpenWorkspace

SUMMED_BY = (*COLUMNS, KEY_STAGE, *ON_SCREEN)
_EAL = {"english": "English", "other_than_english": "Other than English"}


class OwnFigures:
    """The sums behind an analyst's own views, kept as long as the workspace is open."""

    def __init__(self, opened: OpenWorkspace) -> None:
        self._opened = opened
        self._years: dict[tuple[str, str], pl.DataFrame] = {}
        self._summed: dict[tuple[str, str, str, tuple[str, ...]], Summed] = {}

    def view(self, selection: Selection) -> OwnView:
        """The figures of a selection, and of what it is held to."""
        parts = [self.rows(selection, place) for place in selection.question.places]
        if selection.earlier is not None:
            parts.append(self.rows(selection.earlier, selection.question.places[0]))
        return OwnView(pl.concat(parts))

    def rows(self, selection: Selection, place: str) -> pl.DataFrame:
        """Exact measure rows of the cohort and its groups at one place."""
        question = selection.question
        by = {name: "nc_year" if name == KEY_STAGE else name for name in question.by}
        rows = self.sums(selection).rows(place, rule_of(selection), by)
        return labelled(rows, question)

    def sums(self, selection: Selection) -> Summed:
        """The measure of a selection, summed by every column; made once."""
        question, had = selection.question, dict(selection.on_screen).get(INTERVENTION, ())
        key = (question.measure, question.time_period, question.part, had)
        if key not in self._summed:
            facts = self.facts(question.time_period, question.part)
            facts = facts.filter(pl.col("pupil_id").is_in(self._pupils_with(had, question))) if had else facts
            self._summed[key] = summed(metric_of(question.measure), facts, SUMMED_BY)
        return self._summed[key]

    def prepare(self, time_period: str) -> None:
        """Sum every measure of a year ahead, so that whoever changes the measure does not wait for it."""
        for measure in ASKABLE:
            self.sums(Selection(Question(measure, time_period, (self._opened.workspace.la_code,))))

    def facts(self, time_period: str, part: str = "") -> pl.DataFrame:
        """Facts of one year, with the columns that only the own screen knows."""
        if (time_period, part) not in self._years:
            rows: pl.DataFrame = facts_of_year(self._opened.facts(period=part), time_period)
            self._years[time_period, part] = self._joined(rows)
        return self._years[time_period, part]

    def _joined(self, facts: pl.DataFrame) -> pl.DataFrame:
        band = {year: name for name, years in key_stages().items() for year in years}
        stage = pl.col("nc_year").cast(pl.String).replace(band).alias(KEY_STAGE)
        told = facts.join(self._of_census, on=["pupil_id", "time_period"], how="left", maintain_order="left")
        return told.with_columns(stage, attendance_band().alias("attendance_band"))

    @cached_property
    def _of_census(self) -> pl.DataFrame:
        """First language and whether they left care, by pupil and year: as the last census of the year has it."""
        rows: pl.DataFrame = self._opened.table("pupils").sort(
            "time_period", pl.col("term").replace_strict(_TERMS, default=0)
        )
        language = {
            line.code: _EAL.get(line.notes.get("eal_group", ""), NOT_RECORDED) for line in read_codes("language")
        }
        care = {
            line.code: "Not declared" if line.code == "N" else "Left care" for line in read_codes("post_looked_after")
        }
        return rows.group_by("pupil_id", "time_period").agg(
            _named("language", language).drop_nulls().last().alias("first_language"),
            _named("post_looked_after", care).drop_nulls().last().alias("left_care"),
        )

    def _pupils_with(self, names: tuple[str, ...], question: Question) -> list[str]:
        """Pupils who had one of these interventions in the year."""
        rows: pl.DataFrame = self._opened.table("interventions")
        rows = rows.filter(pl.col("time_period") == question.time_period)
        return rows.filter(pl.col("intervention").is_in(names))["pupil_id"].unique().to_list()

    def interventions(self, selection: Selection) -> pl.DataFrame:
        """What the pupils of a cohort had in the year: intervention, pupils; most pupils first."""
        pupils = self.facts(selection.question.time_period, selection.question.part).filter(
            *(pl.col(name).cast(pl.String).fill_null(NOT_RECORDED).is_in(list(values))
              for name, values in rule_of(selection).items()),
            *_at(selection.question),
        )  # fmt: skip
        rows: pl.DataFrame = self._opened.table("interventions")
        rows = rows.filter(pl.col("time_period") == selection.question.time_period)
        had = rows.join(pupils.select("pupil_id").unique(), on="pupil_id", how="semi")
        counted = had.group_by("intervention").agg(pl.col("pupil_id").n_unique().cast(pl.Int64).alias("pupils"))
        return counted.sort(-pl.col("pupils"), "intervention")


_TERMS = {"Autumn term": 0, "Spring term": 1, "Summer term": 2}


def _named(column: str, names: Mapping[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(names, default=None, return_dtype=pl.String)


def _at(question: Question) -> list[pl.Expr]:
    place = question.places[0]
    return [(pl.col("place_code") == place) | (pl.col("la_code") == place)]


def rule_of(selection: Selection) -> Rule:
    """Who is in a cohort: values by column."""
    rule: dict[str, Any] = dict(selection.question.within)
    if selection.question.of_send:  # needs are those of pupils with SEN, whatever else is chosen
        rule["sen_provision"] = tuple(name for name in rule.get("sen_provision", SEND) if name in SEND)
    return rule | {name: values for name, values in selection.on_screen if name != INTERVENTION}


def labelled(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Measure rows with what the question holds fast in its columns, as the guard's answers have it."""
    by = {"nc_year" if name == KEY_STAGE else name for name in question.by}
    fixed = {name: label(name, values) for name, values in question.within if name not in by}
    rows = rows.with_columns(pl.lit(text).alias(name) for name, text in fixed.items())
    if not question.of_send or "sen_provision" not in by:
        return rows
    total = pl.all_horizontal(pl.col(name) == TOTAL for name in by)
    return rows.with_columns(pl.when(total).then(pl.lit(ALL_SEN)).otherwise("sen_provision").alias("sen_provision"))


def attendance_band() -> pl.Expr:
    """The band of a pupil's own attendance: exact, in whole sessions, boundaries as in the measures of these names."""
    absent = pl.col("sessions_authorised") + pl.col("sessions_unauthorised")
    possible = pl.col("sessions_possible")
    known = (possible > 0) & absent.is_not_null() & (pl.col("attendance_status") == "")
    return (
        pl.when(~known.fill_null(False)).then(pl.lit(BANDS[4]))
        .when(100 * absent >= 50 * possible).then(pl.lit(BANDS[3]))
        .when(100 * absent >= 10 * possible).then(pl.lit(BANDS[2]))
        .when(100 * (possible - absent) >= 98 * possible).then(pl.lit(BANDS[0]))
        .otherwise(pl.lit(BANDS[1]))
    )  # fmt: skip
