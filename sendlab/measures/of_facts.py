"""Attendance, exclusions and key stage 2 from facts: of the year as far as data cover it, then of its parts."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import polars as pl

from sendlab import metrics
from sendlab.cohort import in_period
from sendlab.measures.inputs import Inputs
from sendlab.metrics.cards import Card, cards
from sendlab.metrics.learning import key_stage_4
from sendlab.metrics.registers import absence_by_weekday
from sendlab.schema.groups import AUTUMN_AND_SPRING, HALF_TERMS, TERMS

Metric = Callable[..., pl.DataFrame]
# Metrics of facts alone, by topic; those that also look at another table, or at facts of another period, stand below.
ATTENDANCE: tuple[Metric, ...] = (
    metrics.absence, metrics.authorised_absence, metrics.unauthorised_absence, metrics.persistent_absence,
    metrics.severe_absence, metrics.attendance_98, metrics.attendance_98_apart_from_illness,
    metrics.sessions_affordable, metrics.sessions_by_code,
)  # fmt: skip
EXCLUSIONS: tuple[Metric, ...] = (
    metrics.suspension_rate, metrics.suspended_once_or_more, metrics.suspended_again, metrics.permanent_exclusion_rate,
    metrics.days_lost, metrics.suspension_length, metrics.part_day_suspensions, metrics.suspension_reasons,
)  # fmt: skip
KEY_STAGE_2: tuple[Metric, ...] = (
    metrics.ks2_rwm_expected, metrics.ks2_rwm_higher, metrics.ks2_rm_not_w, metrics.ks2_writing_gap,
    metrics.ks2_subjects, metrics.ks2_scaled_scores, metrics.ks2_below_the_tests,
)  # fmt: skip
OF_FACTS = (*ATTENDANCE, *EXCLUSIONS, *KEY_STAGE_2)
OF_FACTS_AND_REFERENCE = (
    metrics.ks2_reading_progress, metrics.ks2_writing_progress, metrics.ks2_mathematics_progress,
)  # fmt: skip
CROSSED = (metrics.newly_persistent, metrics.no_longer_persistent)  # of this period and the one before


def of_facts(inputs: Inputs) -> Iterator[list[pl.DataFrame]]:
    """Measures topic by topic: of the year, then of its terms and half terms as cards declare."""
    facts, reference, assessments = inputs.counted, inputs.tables["progress_reference"], inputs.tables["assessments"]
    year = [metric(facts, by=None) for metric in ATTENDANCE]
    year += [absence_by_weekday(facts, inputs.weekdays), *_crossed_since_last_year(facts)]
    yield with_parts(year, ATTENDANCE, inputs)
    yield with_parts([metric(facts, by=None) for metric in EXCLUSIONS], EXCLUSIONS, inputs)
    year = [metric(facts, by=None) for metric in KEY_STAGE_2]
    year += [metric(facts, reference, by=None) for metric in OF_FACTS_AND_REFERENCE]
    year += [metric(facts, assessments) for metric in (key_stage_4.attainment_8, key_stage_4.qualifications)]
    yield [*year, key_stage_4.progress_8(facts, assessments, reference)]


def with_parts(year: list[pl.DataFrame], some: tuple[Metric, ...], inputs: Inputs) -> list[pl.DataFrame]:
    """Measures of the year and of its parts, which `some` metrics of facts alone make.

    A part that is all of what a year covers is left out.
    """
    held = pl.concat(part.select("measure", "time_period", "time_identifier").unique() for part in year)
    return [*year, *(part.join(held, on=held.columns, how="anti") for part in _of_parts(some, inputs))]


def _of_parts(some: tuple[Metric, ...], inputs: Inputs) -> Iterator[pl.DataFrame]:
    for word in (AUTUMN_AND_SPRING, *TERMS, *HALF_TERMS):
        kind = "half-term" if word in HALF_TERMS else "term"
        here = in_period(inputs.counted, inputs.periods, word)
        yield from (metric(here, by=_one_way(metric)) for metric in some if kind in _periods(metric))
        if word in TERMS[1:] and some is ATTENDANCE:
            before = in_period(inputs.counted, inputs.periods, TERMS[TERMS.index(word) - 1])
            for year in sorted(here["time_period"].unique()):
                both = [rows.filter(pl.col("time_period") == year) for rows in (here, before)]
                yield from (metric(*both, by=None) for metric in CROSSED)


def _crossed_since_last_year(facts: pl.DataFrame) -> list[pl.DataFrame]:
    """Who became persistently absent, or is no longer, against the year before."""
    years = sorted(facts["time_period"].unique())
    made = []
    for earlier, later in pairwise(years):
        both = [facts.filter(pl.col("time_period") == year) for year in (later, earlier)]
        made += [metric(*both, by=None) for metric in CROSSED]
    return made


def _one_way(metric: Metric) -> list[str]:
    """Breakdowns by one column: parts of a year are not crossed, nor broken down finely for the LA."""
    return [names[0] for names in cards()[metric.__name__].breakdowns if len(names) == 1]


def _periods(metric: Metric) -> tuple[str, ...]:
    """Periods that the metric's card declares; a metric of several measures is made for the year alone."""
    card: Card | None = cards().get(metric.__name__)
    return card.periods if card else ("year",)
