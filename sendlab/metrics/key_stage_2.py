"""Key stage 2: expected and higher standard, the writing gap, scaled scores, codes, and progress from KS1 points.

Sources: DfE, Key stage 2 attainment methodology (2025); Primary school accountability: technical guide (2025). There
is no national progress measure for 2023/24 and 2024/25 (no KS1 baseline); such a year is missing with its reason.
"""

from collections.abc import Sequence

import polars as pl

from sendlab.cohort import ks2_eligible, require_facts
from sendlab.facts.scores import SUBJECTS, early_codes
from sendlab.metrics.grouping import BREAKDOWNS, PLACED, By, as_breakdown, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Mean, Recipe, Share
from sendlab.metrics.said import not_known
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR

# Years without a national measure: no tests in 2020 and 2021, no KS1 baseline for 2024 and 2025 (DfE 2025).
NO_MEASURE = ("201920", "202021", "202324", "202425")
NO_BASELINE = "no progress measure: this cohort has no KS1 starting point with a national reference"
NO_WRITING = f"{NO_BASELINE}, or the results file gives no score in writing"
TESTED = ("reading", "mathematics")  # writing has no test
LOWEST, HIGHEST = 80, 120  # ends of the scale of the tests (STA, Scaled scores at key stage 2, 2016)
READING, WRITING, MATHEMATICS = (pl.col(f"ks2_{name}_met") for name in ("reading", "writing", "mathematics"))
NEEDED = (*PLACED, "ks2_reading_met", "ks2_writing_met", "ks2_mathematics_met")
IN_ALL = READING.is_not_null() & WRITING.is_not_null() & MATHEMATICS.is_not_null()


@either_kind
def ks2_rwm_expected(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Pupils at the expected standard in reading, writing and mathematics, per 100 at the end of key stage 2 (Wilson).

    Pupils below the level of the tests stay in the denominator. `eligible_subjects` counts pupils with any outcome.
    """
    return _made(facts, [_share("ks2_rwm_expected", READING & WRITING & MATHEMATICS)], by, confidence)


@either_kind
def ks2_rm_not_w(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Pupils at the expected standard in reading and mathematics but not in writing, per 100 (Wilson)."""
    return _made(facts, [_share("ks2_rm_not_w", READING & MATHEMATICS & ~WRITING)], by, confidence)


@either_kind
def ks2_rwm_higher(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Pupils at the higher standard in all three, per 100 (Wilson): 110 or more in both tests, and GDS in writing."""
    _require(facts, by, *(f"ks2_{subject}_higher" for subject in SUBJECTS))
    higher = pl.all_horizontal(f"ks2_{subject}_higher" for subject in SUBJECTS)
    return _made(facts, [_share("ks2_rwm_higher", higher)], by, confidence)


@either_kind
def ks2_subjects(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Pupils at the expected and at the higher standard in each subject, per 100 with an outcome in it (Wilson).

    Measures: ks2_reading_expected, ks2_reading_higher, and so for writing and mathematics.
    """
    _require(facts, by, *(f"ks2_{subject}_higher" for subject in SUBJECTS))
    return _made(facts, [recipe for subject in SUBJECTS for recipe in _standards(subject)], by, confidence)


def _standards(subject: str) -> list[Recipe]:
    known = pl.col(f"ks2_{subject}_met").is_not_null()
    return [
        Share(f"ks2_{subject}_{name}", feature=pl.col(f"ks2_{subject}_{flag}"), where=known, eligible=EVERYBODY)
        for name, flag in (("expected", "met"), ("higher", "higher"))
    ]


@either_kind
def ks2_scaled_scores(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Mean scaled score in reading and in mathematics (t interval), and what lies beside it.

    The mean leaves out pupils without a score (working below the test, absent, no access), so beside it stand
    ks2_without_score (% of pupils with an outcome who have none; never read the mean without it) and ks2_at_limits (%
    of scores at 80 or 120, where progress cannot show); `item` is the subject, or subject and end of the scale.
    """
    _require(facts, by, *(f"ks2_{subject}_score" for subject in TESTED))
    return _made(facts, [recipe for subject in TESTED for recipe in _scores(subject)], by, confidence)


def _scores(subject: str) -> list[Recipe]:
    score, outcome = pl.col(f"ks2_{subject}_score"), pl.col(f"ks2_{subject}_met").is_not_null()
    scored = outcome & score.is_not_null()
    ends = {"floor": score <= LOWEST, "ceiling": score >= HIGHEST}
    return [
        Mean("ks2_scaled_score", of=score, where=scored, eligible=outcome, item=subject),
        Share("ks2_without_score", feature=score.is_null(), where=outcome, eligible=outcome, item=subject),
        *(Share("ks2_at_limits", feature=rule, where=scored, eligible=outcome, item=f"{subject}: {end}")
          for end, rule in ends.items()),
    ]  # fmt: skip


@either_kind
def ks2_below_the_tests(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Pupils with each code of those who work below the tests: PK1 to PK6, and EM (engagement model), per 100.

    `item` is the subject and the code. The engagement model has no levels and no place in an order, and none of the
    codes has points here. Sources: STA, Pre-key stage 2 standards (2018) and The engagement model (2020).
    """
    _require(facts, by, *(f"ks2_{subject}_outcome" for subject in SUBJECTS))
    return _made(facts, [recipe for subject in SUBJECTS for recipe in _early(facts, subject)], by, confidence)


def _early(facts: pl.DataFrame, subject: str) -> list[Recipe]:
    """Codes that anybody has in the subject."""
    code, known = pl.col(f"ks2_{subject}_outcome"), pl.col(f"ks2_{subject}_met").is_not_null()
    held = [one for one in early_codes() if one in facts[f"ks2_{subject}_outcome"].unique().to_list()]
    return [
        Share("ks2_below_the_tests", feature=code == one, where=known, eligible=EVERYBODY, item=f"{subject}: {one}")
        for one in held
    ]


def _share(measure: str, feature: pl.Expr) -> Recipe:
    return Share(measure, feature=feature, where=IN_ALL, eligible=EVERYBODY)


@either_kind
def ks2_writing_gap(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """% expected in writing minus the mean of % expected in reading and in mathematics, same pupils, in points.

    Negative where writing lags. The interval is paired: each pupil's own difference is taken first.
    """
    met = {name: column.cast(pl.Float64) for name, column in (("r", READING), ("w", WRITING), ("m", MATHEMATICS))}
    gap = 100 * (met["w"] - (met["r"] + met["m"]) / 2)
    return _made(facts, [Mean("ks2_writing_gap", of=gap, where=IN_ALL, eligible=EVERYBODY)], by, confidence)


@either_kind
def ks2_reading_progress(facts: pl.DataFrame, reference: pl.DataFrame, *, by: By | None = BREAKDOWNS) -> pl.DataFrame:
    """Mean of (KS2 reading score minus the national mean score of pupils with the same KS1 points).

    `reference`: rows of the declared table `progress_reference`. Interval: 1.96 national standard deviations over
    the root of n, as published. A year without reference or starting points is missing (x) with its reason.
    """
    return _progress(facts, reference, "reading", by)


@either_kind
def ks2_mathematics_progress(
    facts: pl.DataFrame, reference: pl.DataFrame, *, by: By | None = BREAKDOWNS
) -> pl.DataFrame:
    """The same in mathematics."""
    return _progress(facts, reference, "mathematics", by)


@either_kind
def ks2_writing_progress(facts: pl.DataFrame, reference: pl.DataFrame, *, by: By | None = BREAKDOWNS) -> pl.DataFrame:
    """The same in writing, from the score that the results file gives; none is made up for a code without one."""
    return _progress(facts, reference, "writing", by, NO_WRITING)


def pupil_progress(facts: pl.DataFrame, reference: pl.DataFrame, subject: str) -> pl.DataFrame:
    """Facts with `progress` (score minus the mean of the prior attainment group) and `national_sd`, null if unknown."""
    known = (pl.col("subject") == subject) & ~pl.col("time_period").is_in(NO_MEASURE)
    groups = typed(reference, "progress_reference").filter(known).sort("points_from")
    groups = groups.select("time_period", "points_from", "points_to", "mean_score", "national_sd")
    placed = facts.sort("ks1_points").join_asof(
        groups, left_on="ks1_points", right_on="points_from", by="time_period", check_sortedness=False
    )
    inside = pl.col("ks1_points") < pl.col("points_to")
    progress = pl.col(f"ks2_{subject}_score") - pl.col("mean_score")
    return placed.with_columns(pl.when(inside).then(progress).alias("progress"))


def _progress(
    facts: pl.DataFrame, reference: pl.DataFrame, subject: str, by: By | None, unknown: str = NO_BASELINE
) -> pl.DataFrame:
    _require(facts, by, "ks1_points", f"ks2_{subject}_score")
    scored = _in_year(pupil_progress(ks2_eligible(facts), reference, subject))
    recipe = Mean(f"ks2_{subject}_progress", of=pl.col("progress"), where=pl.col("progress").is_not_null(),
                  eligible=EVERYBODY, sd=pl.col("national_sd"))  # fmt: skip
    return not_known(measure_rows(scored, [recipe], by=by), unknown, of_nobody=True)


def _made(facts: pl.DataFrame, recipes: Sequence[Recipe], by: By | None, confidence: float) -> pl.DataFrame:
    _require(facts, by)
    return measure_rows(_in_year(ks2_eligible(facts)), recipes, by=by, confidence=confidence)


def _require(facts: pl.DataFrame, by: By | None, *more: str) -> None:
    require_facts(facts, (*NEEDED, *more, *(name for one in by or () for name in as_breakdown(one))))


def _in_year(base: pl.DataFrame) -> pl.DataFrame:
    return base.with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))
