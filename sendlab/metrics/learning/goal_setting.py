"""How individual targets are set: for whom, each term, with whom, in which areas, how ambitious, and reviewed in time.

Sources: SEND code of practice (2015), 6.44-6.56; council guidance on measuring progress (2023): targets each term,
covering communication, cognition, social and emotional health, physical and sensory needs, and independence.
"""

from datetime import date

import polars as pl
from dateutil.easter import easter

from sendlab.cohort import period_covered
from sendlab.coverage import term_of_date
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.learning.goals import INDEPENDENCE, share_of_targets
from sendlab.metrics.learning.spans import require_columns
from sendlab.metrics.learning.target_rows import KEY, judged, known, last_day, per_pupil
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Ratio, Share
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR, NEED_AREAS, SEND, TERMS
from sendlab.schema.measures import no_measures


@either_kind
def goal_setting(
    facts: pl.DataFrame, targets: pl.DataFrame, *, as_of: date | None = None, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Of the targets set in the year: % set with parents, % with the pupil too, % ambitious, and % overdue.

    goals_with_parents and goals_with_pupil: of targets that say who set them. goals_ambitious: whose challenge goes
    beyond what prediction expects. goals_overdue: of targets due by `as_of` (default: the last day a target was set),
    those still open.
    """
    require_columns(facts, by)
    if targets.is_empty():
        return no_measures()
    end = pl.lit(as_of or last_day(typed(targets, "targets")), dtype=pl.Date)
    due = (pl.col("due_on") < end) & pl.col("met").is_not_null()
    rows = judged(targets).with_columns(pl.when(due).then(pl.col("met") == "open").alias("overdue"))
    flags = {"goals_with_parents": "parents", "goals_with_pupil": "pupil", "goals_ambitious": "ambitious",
             "goals_overdue": "overdue"}  # fmt: skip
    sums = {name: expr for flag in flags.values() for name, expr in known(flag).items()}
    recipes = [share_of_targets(measure, flag, f"{flag}_of") for measure, flag in flags.items()]
    return measure_rows(per_pupil(rows, facts, sums), recipes, by=by, confidence=confidence)


@either_kind
def goal_areas(
    facts: pl.DataFrame, targets: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils with a target in each area of need, and in independence, per 100 pupils with a target (Wilson)."""
    require_columns(facts, by)
    if targets.is_empty():
        return no_measures()
    fields = {area: pl.col("area") == area for area in NEED_AREAS if area != NEED_AREAS[-1]}
    fields["Independence"] = pl.col("subject") == INDEPENDENCE
    base = per_pupil(judged(targets), facts, {name: rule.fill_null(False).any() for name, rule in fields.items()})
    recipes = [Share("goal_areas", feature=pl.col(name), eligible=EVERYBODY, item=name) for name in fields]
    return measure_rows(base, recipes, by=by, confidence=confidence)


@either_kind
def goal_coverage(
    facts: pl.DataFrame, targets: pl.DataFrame, *, as_of: date | None = None, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils with SEND who have a target, per 100 (Wilson), and the terms in which they were set a new one.

    pupils_with_goals: one or more set in the year. goals_each_term: % of the terms that were over by `as_of` (default:
    the last day a target was set) in which the pupil was set a target (ratio estimator over pupils); `time_identifier`
    names those terms, so that a part of a year is not set beside a whole one. Of pupils with SEND on the roll of
    schools that sent any target that year; `eligible_subjects` counts those of the others too.
    """
    require_columns(facts, by)
    if targets.is_empty():
        return no_measures()
    end = as_of or last_day(typed(targets, "targets"))
    base = _terms(facts, judged(targets), end)
    sent = pl.col("sent").fill_null(False)
    recipes = [
        Share("pupils_with_goals", feature=pl.col("set") > 0, where=sent, eligible=EVERYBODY),
        Ratio("goals_each_term", top=pl.col("terms_set"), bottom=pl.col("terms_due"), eligible=EVERYBODY,
              where=sent & (pl.col("terms_due") > 0)),
    ]  # fmt: skip
    return measure_rows(base, recipes, by=by, confidence=confidence)


def _terms(facts: pl.DataFrame, rows: pl.DataFrame, end: date | None) -> pl.DataFrame:
    """Pupils with SEND on the roll, with terms that are over and those in which a target was set."""
    years = rows["time_period"].unique().sort()
    over = {year: terms_over(year, end) for year in years}
    done = pl.struct("time_period", "term").map_elements(
        lambda row: row["term"] in over[row["time_period"]], return_dtype=pl.Boolean
    )
    placed = rows.with_columns(pl.col("set_on").map_elements(term_of_date, return_dtype=pl.String).alias("term"))
    pupils = placed.with_columns(done.alias("done")).group_by(KEY).agg(
        pl.len().alias("set"), pl.col("term").filter("done").n_unique().alias("terms_set"),
        pl.col("set_on").max().alias("data_to"),
    )  # fmt: skip
    sent = rows.select("school_id", "time_period", pl.lit(True).alias("sent")).unique()
    due = pl.col("time_period").replace_strict({y: len(terms) for y, terms in over.items()}, default=0,
                                               return_dtype=pl.Int64)  # fmt: skip
    covered = {year: period_covered(terms) if terms else FULL_YEAR for year, terms in over.items()}
    named = pl.col("time_period").replace_strict(covered, default=FULL_YEAR, return_dtype=pl.String)
    counted = pl.col("on_roll") & pl.col("sen_provision").is_in(SEND) & pl.col("time_period").is_in(list(over))
    send = facts.filter(counted)
    return send.join(pupils, on=list(KEY), how="left", maintain_order="left").join(
        sent, on=["school_id", "time_period"], how="left", maintain_order="left"
    ).with_columns(
        pl.col("set", "terms_set").fill_null(0), due.alias("terms_due"), named.alias("time_identifier")
    )  # fmt: skip


def terms_over(time_period: str, end: date | None) -> list[str]:
    """Terms of an academic year that were over by a day: autumn to 31 December, spring to Easter, summer to 31 July.

    >>> terms_over("202526", date(2026, 4, 5)), terms_over("202526", date(2026, 4, 4))
    (['Autumn term', 'Spring term'], ['Autumn term'])
    """
    year = int(time_period[:4])
    last = (date(year, 12, 31), easter(year + 1), date(year + 1, 7, 31))
    return [term for term, day in zip(TERMS, last, strict=True) if end is not None and day <= end]
