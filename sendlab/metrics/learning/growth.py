"""Was it more than chance, and more than others gained from the same start: value added, reliable change, low starters.

Descriptions, no proof of what caused them. Sources: Jacobson and Truax 1991 (reliable change); Campbell and Kenny 1999
(regression to the mean); own definition of value added against the authority, as no national one exists for school
tests.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy import stats

from sendlab.facts.starting_points import STANDARDISED, starting_points
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.learning.manuals import MEAN, SD, Manuals, manual_of, manuals
from sendlab.metrics.learning.spans import Spans, both, of, one_test, require_columns, spans, wide
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.progress import change, of_each
from sendlab.metrics.recipes import Mean, Recipe, Share
from sendlab.metrics.said import not_known
from sendlab.metrics.typed import typed
from sendlab.stats import change as chance

FEWEST = 30  # pupils of the authority with both scores, from which on a line through them is drawn (project rule, 2026)
LOW_SCORE = MEAN - SD  # one standard deviation below the mean: the cut by which pupils are picked for help
SUMS_TO_ZERO = "against the authority's own pupils with the same starting score: over the authority it sums to zero"
TOO_FEW = f"nobody here has both scores on a test that at least {FEWEST} pupils of the authority took twice"
NO_RELIABILITY = "nobody here has both scores on a test whose reliability is on file: give it from the test's manual"
BY_CHANCE = "part of this is chance: pupils picked for a low score rise at a second test without any help"


@either_kind
def value_added(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Latest standardised score less the one that the authority's pupils with the same starting score reached.

    The mean of residuals from one straight line a year, subject and test, through all pupils of `facts` with both
    scores; t interval over pupils. Over the authority it sums to zero, so it says who gained more than others, not
    whether all gained. A group that starts low shows a little below zero for measurement error alone.
    """
    require_columns(facts, by)
    rows = one_test(starting_points(typed(assessments, "assessments")).filter(pl.col("scale") == STANDARDISED))
    counted = rows.join(facts, on=["pupil_id", "school_id", "time_period"], how="semi", maintain_order="left")
    made = wide(facts, _with_residuals(counted), ("residual",))

    def recipe(subject: str) -> Recipe:
        residual = of(subject, "residual")
        return Mean("value_added", of=residual, where=residual.is_not_null(), eligible=of(subject, "eligible"),
                    item=subject, note=SUMS_TO_ZERO)  # fmt: skip

    return not_known(_rows(made, of_each(made.subjects, recipe), by, confidence), TOO_FEW)


def _with_residuals(rows: pl.DataFrame) -> pl.DataFrame:
    parts = [part.with_columns(_residuals(part)) for part in rows.partition_by("time_period", "subject", "assessment")]
    return pl.concat(parts) if parts else rows.with_columns(pl.lit(None, dtype=pl.Float64).alias("residual"))


def _residuals(rows: pl.DataFrame) -> pl.Series:
    """Latest less fitted, of pupils with both scores; from the mean where all start alike."""
    x, y = (rows[name].cast(pl.Float64).to_numpy() for name in ("start", "latest"))
    held = ~(np.isnan(x) | np.isnan(y))
    found = np.full(len(x), np.nan)
    if held.sum() >= FEWEST:
        a, b = x[held], y[held]
        line = stats.linregress(a, b) if np.ptp(a) > 0 else None
        found[held] = b - (line.intercept + line.slope * a) if line else b - b.mean()
    return pl.Series("residual", found).fill_nan(None)


@either_kind
def reliable_change(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, own: Manuals | None = None, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils whose standardised score rose, and whose score fell, by more than measurement error, per 100 (Wilson).

    Beyond 1.96 standard errors of a difference, from the norm's standard deviation of 15 and the test's reliability
    (`sendlab.metrics.manuals`; `own` adds tests of the authority). Without a reliability there is no verdict.
    """
    made = _with_reliability(spans(facts, assessments, STANDARDISED, by=by), manuals(own))

    def recipe(subject: str, name: str, sign: int) -> Recipe:
        verdict = of(subject, "verdict")
        return Share(f"reliably_{name}", feature=verdict == sign, where=verdict.is_not_null(),
                     eligible=of(subject, "eligible"), item=subject)  # fmt: skip

    recipes = [recipe(subject, name, sign) for name, sign in (("up", 1), ("down", -1)) for subject in made.subjects]
    return not_known(_rows(made, recipes, by, confidence), NO_RELIABILITY)


def _with_reliability(made: Spans, known: Manuals) -> Spans:
    """The base with each subject's `verdict` (1 rose, -1 fell, 0 within error) and `retest` (the score to expect)."""
    columns = []
    for subject in made.subjects:
        reliability = made.base.select(manual_of(f"{subject}|assessment", "reliability", known)).to_series()
        r = reliability.fill_null(0).to_numpy()
        first, last = (made.base[f"{subject}|{name}"].cast(pl.Float64).to_numpy() for name in ("start", "latest"))
        found = {
            "verdict": chance.reliable_change(first, last, SD, r).reliable,
            "retest": chance.regression_to_mean(first, r, mean=MEAN, sd=SD).expected,
        }
        for name, values in found.items():
            known_only = np.where(reliability.is_null().to_numpy(), np.nan, values)
            columns.append(pl.Series(f"{subject}|{name}", known_only).fill_nan(None))
    return Spans(made.base.with_columns(columns), made.subjects)


@either_kind
def low_starters(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, own: Manuals | None = None, below: float = LOW_SCORE,
    by: By | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Change of pupils whose starting score is under `below`, and what of it goes beyond regression to the mean.

    low_start_change is the plain mean change, which chance alone lifts above 0. low_start_beyond_chance is the latest
    score less the one to expect at a second test had nothing changed: 100 + reliability * (first score - 100); only
    for tests whose reliability is known (`own` adds those of the authority), else missing with the reason.
    """
    made = _with_reliability(spans(facts, assessments, STANDARDISED, by=by), manuals(own))

    def recipe(measure: str, subject: str, gain: pl.Expr, note: str) -> Recipe:
        low = of(subject, "start") < below
        return Mean(measure, of=gain, where=low & both(subject) & gain.is_not_null(), eligible=low, item=subject,
                    note=note)  # fmt: skip

    plain = [recipe("low_start_change", s, change(s), BY_CHANCE) for s in made.subjects]
    beyond = [recipe("low_start_beyond_chance", s, of(s, "latest") - of(s, "retest"), "") for s in made.subjects]
    unknown = not_known(_rows(made, beyond, by, confidence), NO_RELIABILITY)
    return pl.concat([_rows(made, plain, by, confidence), unknown])


def _rows(made: Spans, recipes: Sequence[Recipe], by: By | None, confidence: float) -> pl.DataFrame:
    return measure_rows(made.base, recipes, by=by, confidence=confidence)
