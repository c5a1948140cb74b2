"""Attendance, exclusions and key stage 2 from facts: of the year as far as data cover it, then of its parts."""

from collections.abc import Callable
from itertools import pairwise

import polars as pl

from sendlab import metrics
from sendlab.cohort import in_period
from sendlab.measures.inputs import Inputs
from sendlab.metrics.cards import Card, cards
from sendlab.metrics.learning import key_stage_4
from sendlab.metrics.registers import absence_by_weekday
from sendlab.schema.groups import AUTUMN_AND_SPRING, HALF_TERMS, TERMS

# Metrics of facts alone; those that also look at another table, or at facts of another period, stand below.
OF_FACTS: tuple[Callable[..., pl.DataFrame], ...] = (
    metrics.absence, metrics.authorised_absence, metrics.unauthorised_absence, metrics.persistent_absence,
    metrics.severe_absence, metrics.attendance_98, metrics.attendance_98_apart_from_illness,
    metrics.sessions_affordable, metrics.sessions_by_code,
    metrics.suspension_rate, metrics.suspended_once_or_more, metrics.suspended_again, metrics.permanent_exclusion_rate,
    metrics.days_lost, metrics.suspension_length, metrics.part_day_suspensions, metrics.suspension_reasons,
    metrics.ks2_rwm_expected, metrics.ks2_rwm_higher, metrics.ks2_rm_not_w, metrics.ks2_writing_gap,
    metrics.ks2_subjects, metrics.ks2_scaled_scores, metrics.ks2_below_the_tests,
)  # fmt: skip
OF_FACTS_AND_REFERENCE = (
    metrics.ks2_reading_progress, metrics.ks2_writing_progress, metrics.ks2_mathematics_progress,
)  # fmt: skip
CROSSED = (metrics.newly_persistent, metrics.no_longer_persistent)  # of this period and the one before


def of_facts(inputs: Inputs) -> list[pl.DataFrame]:
    """Measures of the year, then of terms and half terms as each card declares; a part that is the whole is left out."""
    facts, reference = inputs.counted, inputs.tables["progress_reference"]
    year = [metric(facts, by=None) for metric in OF_FACTS]
    year += [metric(facts, reference, by=None) for metric in OF_FACTS_AND_REFERENCE]
    year += [absence_by_weekday(facts, inputs.weekdays), *_crossed_since_last_year(facts)]
    assessments = inputs.tables["assessments"]
    year += [key_stage_4.attainment_8(facts, assessments), key_stage_4.progress_8(facts, assessments, reference),
             key_stage_4.qualifications(facts, assessments)]  # fmt: skip
    held = pl.concat(part.select("measure", "time_period", "time_identifier").unique() for part in year)
    return [*year, *(part.join(held, on=held.columns, how="anti") for part in _of_parts(inputs))]


def _of_parts(inputs: Inputs) -> list[pl.DataFrame]:
    facts, parts = inputs.counted, []
    for word in (AUTUMN_AND_SPRING, *TERMS, *HALF_TERMS):
        kind = "half-term" if word in HALF_TERMS else "term"
        some = [metric for metric in OF_FACTS if kind in _periods(metric)]
        here = in_period(facts, inputs.periods, word)
        parts += [metric(here, by=None) for metric in some]
        if word in TERMS[1:]:
            before = in_period(facts, inputs.periods, TERMS[TERMS.index(word) - 1])
            for year in sorted(here["time_period"].unique()):
                both = [rows.filter(pl.col("time_period") == year) for rows in (here, before)]
                parts += [metric(*both, by=None) for metric in CROSSED]
    return parts


def _crossed_since_last_year(facts: pl.DataFrame) -> list[pl.DataFrame]:
    """Who became persistently absent, or is no longer, against the year before."""
    years = sorted(facts["time_period"].unique())
    made = []
    for earlier, later in pairwise(years):
        both = [facts.filter(pl.col("time_period") == year) for year in (later, earlier)]
        made += [metric(*both, by=None) for metric in CROSSED]
    return made


def _periods(metric: Callable[..., pl.DataFrame]) -> tuple[str, ...]:
    """Periods that the metric's card declares; a metric of several measures is made for the year alone."""
    card: Card | None = cards().get(metric.__name__)
    return card.periods if card else ("year",)
