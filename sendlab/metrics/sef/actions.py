"""Actions of SEND development plans: looked at again every four months, done, and their criterion of success met."""

from datetime import date

import polars as pl

from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import either_kind
from sendlab.metrics.plain import plain_figures, with_limits_of_one_school
from sendlab.schema.measures import no_measures

CYCLE = "4mo"  # council SEND self-evaluation tool (2023): revisited every three to four months
UNFINISHED = ("open", "under way")
DROPPED, DONE = "dropped", "done"
BY_STATEMENT = ("statement", "all")


@either_kind
def plan_actions(
    plan: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str, as_of: date | None = None,
    cycle: str = CYCLE, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Actions in their review cycle, done, and with their criterion met, per 100; for each school and the LA.

    `plan`: the declared table `actions`; `item`: the self-evaluation statement that an action answers, Total all.
    `actions_in_cycle`: of actions open or under way on `as_of` (default: the last day in the table), those reviewed, or
    set, within four months before it (boundary included), in the year of `as_of`. `actions_done`: of actions due by
    then and not dropped, those done, by the year in which they were set. `actions_criteria_met`: of done actions that
    say, those whose criterion was met. A school's interval is Wilson's over its actions; the LA's are all of them.
    """
    if plan.is_empty():
        return no_measures()
    day = as_of or _last_day(plan)
    rows = plan.join(places, on="school_id").filter(pl.col("set_on") <= day).with_columns(
        pl.lit(la_code).alias("la_code"), pl.lit(la_name).alias("la_name"), pl.lit(day).alias("day"),
        period_of_date("set_on").alias("time_period"), pl.max_horizontal("set_on", "reviewed_on").alias("touched"),
    )  # fmt: skip
    live = rows.filter(pl.col("status").is_in(UNFINISHED)).with_columns(period_of_date("day").alias("time_period"))
    in_time = pl.col("touched").dt.offset_by(cycle) >= pl.col("day")
    due = rows.filter((pl.col("due_on") <= day) & (pl.col("status") != DROPPED))
    done = rows.filter(pl.col("status") == DONE)
    parts = [
        _share(live, "actions_in_cycle", in_time, pl.col("touched").is_not_null()),
        _share(due, "actions_done", pl.col("status") == DONE, pl.col("status").is_not_null()),
        _share(done, "actions_criteria_met", pl.col("criteria_met"), pl.col("criteria_met").is_not_null()),
    ]
    return with_limits_of_one_school(pl.concat(parts), confidence)


def _share(rows: pl.DataFrame, measure: str, top: pl.Expr, bottom: pl.Expr) -> pl.DataFrame:
    named = rows.with_columns(pl.col("statement").fill_null("no statement"))
    return plain_figures(named, measure, top=top & bottom, bottom=bottom, day="day", items=BY_STATEMENT, per=100,
                         nothing="not recorded")  # fmt: skip


def _last_day(plan: pl.DataFrame) -> date:
    last = plan.select(pl.max_horizontal(pl.col("set_on", "reviewed_on").max())).item()
    return last if isinstance(last, date) else date.max
