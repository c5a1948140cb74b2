"""What came of pupils' individual targets: met, as expected, as challenged, in small steps, and goal attainment.

Targets are counted within pupils (ratio estimator), as a pupil's targets go together. Sources: Kiresuk and Sherman 1968
(goal attainment scaling); council guidance on measuring progress (2023) and expectations of SEND support.
"""

from datetime import date, timedelta

import polars as pl

from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.learning.spans import require_columns
from sendlab.metrics.learning.target_rows import judged, known, last_day, per_pupil
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Mean, Ratio, Recipe
from sendlab.metrics.said import not_known
from sendlab.metrics.typed import typed
from sendlab.schema.measures import no_measures
from sendlab.stats.change import goal_attainment

FEWEST_GOALS = 3  # rated goals of a pupil from which on a score is made of them
FOLLOW_UP = timedelta(days=120)  # a term: council guidance (2023), new targets each term
NOT_EASY = "near 50 where goals are well set; goals that are easily met lift it, so it ranks no schools"
NO_REASONS = "reasons are restricted free text, which this table does not hold: name a purpose to let them in"
INDEPENDENCE = "independence"  # a subject of targets that belongs to no area of need by itself


@either_kind
def goal_outcomes(
    facts: pl.DataFrame, targets: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Of reviewed targets: % met, partly met and not met; % that reached what was expected, and what was the challenge.

    `targets`: the checked table. Measures: goals_met, goals_partly_met, goals_not_met, goals_expected_reached,
    goals_challenge_reached, small_steps_met (of the small steps planned in reviewed targets). `eligible_subjects`
    counts every pupil with a target set in the year.
    """
    require_columns(facts, by)
    if targets.is_empty():
        return no_measures()
    rows = judged(targets)
    outcomes = {"goals_met": "met", "goals_partly_met": "partly", "goals_not_met": "not met"}
    stepped = pl.col("steps_done").is_not_null() & pl.col("steps_planned").is_not_null() & pl.col("reviewed")
    sums = {
        "reviewed": pl.col("reviewed").sum(),
        **{name: (pl.col("met") == word).sum() for name, word in outcomes.items()},
        **known("reached_expected"), **known("reached_challenge"),
        "steps": pl.col("steps_done").filter(stepped).sum(), "planned": pl.col("steps_planned").filter(stepped).sum(),
    }  # fmt: skip
    recipes = [
        *(share_of_targets(name, name, "reviewed") for name in outcomes),
        share_of_targets("goals_expected_reached", "reached_expected", "reached_expected_of"),
        share_of_targets("goals_challenge_reached", "reached_challenge", "reached_challenge_of"),
        share_of_targets("small_steps_met", "steps", "planned"),
    ]
    return measure_rows(per_pupil(rows, facts, sums), recipes, by=by, confidence=confidence)


def share_of_targets(measure: str, top: str, bottom: str) -> Recipe:
    """The ratio of two sums over pupils; those with none of the lower sum are eligible and not counted."""
    return Ratio(measure, top=pl.col(top), bottom=pl.col(bottom), where=pl.col(bottom) > 0, eligible=EVERYBODY)


@either_kind
def goals_by_area(
    facts: pl.DataFrame, targets: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """% of reviewed targets met in each area of need, and in independence; `item` is the area of the target itself.

    Independence is a subject of targets: such targets count in the area they were filed under too.
    """
    require_columns(facts, by)
    if targets.is_empty():
        return no_measures()
    rows = judged(targets)
    fields = _fields(rows)
    sums: dict[str, pl.Expr] = {}
    for name, rule in fields.items():
        inside = pl.col("reviewed") & rule.fill_null(False)
        sums |= {f"{name}|met": ((pl.col("met") == "met") & inside).sum(), f"{name}|of": inside.sum(),
                 f"{name}|all": rule.fill_null(False).sum()}  # fmt: skip
    recipes = [
        Ratio("goals_met_by_area", top=pl.col(f"{name}|met"), bottom=pl.col(f"{name}|of"),
              where=pl.col(f"{name}|of") > 0, eligible=pl.col(f"{name}|all") > 0, item=name)
        for name in fields
    ]  # fmt: skip
    return measure_rows(per_pupil(rows, facts, sums), recipes, by=by, confidence=confidence)


def _fields(rows: pl.DataFrame) -> dict[str, pl.Expr]:
    areas = {area: pl.col("area") == area for area in sorted(rows["area"].unique())}
    held = INDEPENDENCE in rows["subject"].unique().to_list()
    return areas | ({INDEPENDENCE.capitalize(): pl.col("subject") == INDEPENDENCE} if held else {})


@either_kind
def goal_attainment_score(
    facts: pl.DataFrame, targets: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Mean goal attainment T over pupils with three or more rated goals in the year (t interval over pupils).

    50: goals met as expected; 10: one standard deviation. All goals weigh alike, rho 0.3. Pupils with fewer rated goals
    are counted in `eligible_subjects`: of them the goals say more than a score.
    """
    require_columns(facts, by)
    if targets.is_empty():
        return no_measures()
    rated = {"levels": pl.col("attainment").drop_nulls()}
    base = per_pupil(judged(targets), facts, rated).with_columns(
        pl.col("levels").list.len().alias("goals"),
        pl.col("levels").map_elements(lambda levels: goal_attainment(levels.to_numpy()), return_dtype=pl.Float64)
        .alias("t"),
    )  # fmt: skip
    recipe = Mean("goal_attainment", of=pl.col("t"), where=pl.col("goals") >= FEWEST_GOALS,
                  eligible=pl.col("goals") > 0, note=NOT_EASY)  # fmt: skip
    return measure_rows(base, [recipe], by=by, confidence=confidence)


@either_kind
def less_than_expected(
    facts: pl.DataFrame, targets: pl.DataFrame, *, reasons: pl.DataFrame | None = None, as_of: date | None = None,
    by: By | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Targets with less progress than expected, how many have a reason on record, and how many were followed up.

    goals_less_than_expected: % of targets whose outcome is known. less_than_expected_reason: % of those with a reason;
    reasons are restricted free text, so they come from `reasons` (the notes of the table: its key and
    `less_than_expected_reason`) where a purpose lets them in, else there is no figure. less_than_expected_followed: %
    of those due at least a term before `as_of` (default: the last day a target was set) after which a new target in the
    same subject (else area of need) was set within a term.
    """
    require_columns(facts, by)
    if targets.is_empty():
        return no_measures()
    rows = _with_reason(judged(_followed(typed(targets, "targets"), as_of)), reasons)
    less = pl.col("less").fill_null(False)
    sums = {**known("less"), **known("has_reason", less), **known("followed", less)}
    base = per_pupil(rows, facts, sums)
    recipes = [share_of_targets("goals_less_than_expected", "less", "less_of")]
    recipes += [
        Ratio(name, top=pl.col(flag), bottom=pl.col(f"{flag}_of"), where=pl.col(f"{flag}_of") > 0,
              eligible=pl.col("less") > 0)
        for name, flag in (("less_than_expected_reason", "has_reason"), ("less_than_expected_followed", "followed"))
    ]  # fmt: skip
    made = measure_rows(base, recipes, by=by, confidence=confidence)
    about = pl.col("measure") == "less_than_expected_reason"
    return pl.concat([made.filter(~about), not_known(made.filter(about), NO_REASONS)])


def _with_reason(rows: pl.DataFrame, reasons: pl.DataFrame | None) -> pl.DataFrame:
    """`has_reason`; missing where the reasons are not to be seen."""
    name = "less_than_expected_reason"
    key = ["pupil_id", "school_id", "target_id"]
    if reasons is not None:
        told = reasons.filter(pl.col(name).is_not_null()).select(*key, name).unique(key)
        rows = rows.drop(name).join(told, on=key, how="left", maintain_order="left")
    held = reasons is not None or rows[name].null_count() < rows.height
    return rows.with_columns(
        (pl.col(name).is_not_null() if held else pl.lit(None, dtype=pl.Boolean)).alias("has_reason")
    )


def _followed(targets: pl.DataFrame, as_of: date | None) -> pl.DataFrame:
    """`followed`: a new target of the pupil in the same field within a term after this one was due; else missing."""
    field = pl.coalesce("subject", "need_area").fill_null("").alias("_field")
    rows = targets.with_columns(field).with_row_index("_row")
    later = rows.select("pupil_id", "_field", pl.col("set_on").alias("_next")).sort("_next")
    due = rows.filter(pl.col("due_on").is_not_null()).sort("due_on").join_asof(
        later, left_on="due_on", right_on="_next", by=["pupil_id", "_field"], strategy="forward",
        check_sortedness=False,
    ).select("_row", "_next")  # fmt: skip
    end = pl.lit(as_of or last_day(targets), dtype=pl.Date)
    ripe = pl.col("due_on") + FOLLOW_UP <= end
    soon = (pl.col("_next") <= pl.col("due_on") + FOLLOW_UP).fill_null(False)
    joined = rows.join(due, on="_row", how="left", maintain_order="left")
    return joined.with_columns(pl.when(ripe).then(soon).alias("followed")).drop("_row", "_next", "_field")
