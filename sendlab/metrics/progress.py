"""Progress from starting point to latest result, on standardised tests and scaled scores.

A standardised score says where a pupil stands among others of the same age: holding it is a year's normal progress in a
year. Pupils without a starting point, or without a later result, are counted (`eligible_subjects`) and never dropped.
"""

from collections.abc import Callable, Iterable

import polars as pl

from sendlab.facts.starting_points import STANDARDISED
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.learning.manuals import Manuals, manual_of, manuals
from sendlab.metrics.learning.spans import both, of, spans
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.ratio_recipe import OpenRatio
from sendlab.metrics.recipes import Mean, Recipe, Share
from sendlab.metrics.said import not_known

MONTHS_OF_A_TERM = 4  # three terms a year
SCALED, SCALED_ENDS = "scaled score", (80.0, 120.0)  # DfE, Scaled scores at key stage 2 (2016)
NO_LIMITS = "nobody here has both scores on a test whose lowest and highest score are on file: see the test's manual"


@either_kind
def standardised_change(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Mean change of standardised scores from starting point to latest, and the same per term; `item` is the subject.

    0 is a year's normal progress in a year. `assessments`: the checked table. Measures: standardised_change (t interval
    over pupils) and standardised_pace (sum of changes / sum of terms elapsed, ratio estimator over pupils).
    """
    made = spans(facts, assessments, STANDARDISED, by=by)
    recipes = [*of_each(made.subjects, _change("standardised_change")), *of_each(made.subjects, _pace)]
    return measure_rows(made.base, recipes, by=by, confidence=confidence)


@either_kind
def scaled_score_change(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Mean change of scaled scores (80 to 120) on practice tests of the year; national tests are not among them."""
    made = spans(facts, assessments, SCALED, by=by)
    recipes = of_each(made.subjects, _change("scaled_score_change"))
    return measure_rows(made.base, recipes, by=by, confidence=confidence)


def of_each(subjects: Iterable[str], recipe: Callable[[str], Recipe]) -> list[Recipe]:
    """The same recipe for every subject."""
    return [recipe(subject) for subject in subjects]


def change(subject: str) -> pl.Expr:
    """Latest less starting point, in the scale's own units."""
    return of(subject, "latest") - of(subject, "start")


def _change(measure: str) -> Callable[[str], Recipe]:
    def recipe(subject: str) -> Recipe:
        return Mean(measure, of=change(subject), where=both(subject), eligible=of(subject, "eligible"), item=subject)

    return recipe


def _pace(subject: str) -> Recipe:
    return OpenRatio("standardised_pace", top=change(subject), bottom=of(subject, "months") / MONTHS_OF_A_TERM, per=1,
                     where=both(subject), eligible=of(subject, "eligible"), item=subject)  # fmt: skip


@either_kind
def scores_at_limits(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, own: Manuals | None = None, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils whose starting or latest standardised score is the lowest or the highest that the test can give, per 100.

    Their change cannot show: a pupil at the floor may have fallen behind, one at the ceiling may have gained, unseen.
    `item` is the subject and which end. Where the test's limits are not known (`own` adds tests) there is no figure.
    """
    known = manuals(own)
    made = spans(facts, assessments, STANDARDISED, by=by)

    def recipe(subject: str, end: str) -> Recipe:
        limit = manual_of(f"{subject}|assessment", end, known)
        first, last = of(subject, "start"), of(subject, "latest")
        there = (first <= limit) | (last <= limit) if end == "floor" else (first >= limit) | (last >= limit)
        return Share("scores_at_limits", feature=there, where=both(subject) & limit.is_not_null(),
                     eligible=of(subject, "eligible"), item=f"{subject}: {end}")  # fmt: skip

    recipes = [recipe(subject, end) for subject in made.subjects for end in ("floor", "ceiling")]
    return not_known(measure_rows(made.base, recipes, by=by, confidence=confidence), NO_LIMITS)
