"""Self-evaluation: each school's ratings of the 45 statements, two rounds a year; single raters of one school."""

import numpy as np
import polars as pl

from sendlab.codes import read_codes
from sendlab.sample.settings import generator, period, settings


def self_evaluation(seed: int, schools: pl.DataFrame) -> pl.DataFrame:
    """The table `self_evaluation`: what each school agreed on, and what single raters of one school said."""
    spring = _agreed_in_spring(seed, schools)
    agreed = pl.concat([spring, _agreed_before(seed, spring)]).with_columns(
        unit=pl.lit("setting"), rater=pl.lit("agreed"), rater_number=pl.lit(None, pl.Int64)
    )
    return pl.concat([agreed, _single_raters(seed, schools, spring)])


def _agreed_before(seed: int, spring: pl.DataFrame) -> pl.DataFrame:
    """The rounds of November: between the spring before and the one that follows; a random stream of their own."""
    rng, days = generator(seed, "rating rounds"), settings()["self_evaluation"]["before"]
    years = {period(year): day for year, day in enumerate(days)}
    last = spring.sort("time_period").with_columns(
        pl.col("rating_now").shift().over("school_id", "statement").alias("last")
    ).sort("time_period", "school_id", "statement")  # fmt: skip
    now, step = pl.col("rating_now"), pl.Series("step", rng.integers(0, 2, last.height))
    middle = (now + pl.when(pl.col("last") > 0).then("last").otherwise(now - 1) + step) // 2
    between = pl.when(now > 0).then(middle.clip(1, 10)).otherwise(now)
    return last.with_columns(step).with_columns(
        between.alias("rating_now"),
        pl.when(pl.col("rating_target") < between).then(between).otherwise("rating_target").alias("rating_target"),
        pl.col("time_period").replace_strict(years, return_dtype=pl.Date).alias("rated_on"),
    ).select(spring.columns)  # fmt: skip


def _single_raters(seed: int, schools: pl.DataFrame, spring: pl.DataFrame) -> pl.DataFrame:
    """What each of several people said in the last round of one school, around what was agreed."""
    rng, rates = generator(seed, "raters"), settings()["self_evaluation"]
    apart = rates["seen_differently"]
    where = schools.filter(pl.col("key") == rates["survey"])["school_id"]
    rows = spring.filter(pl.col("school_id").is_in(where.implode()), pl.col("rated_on") == rates["rounds"][-1])
    rows = rows.filter(pl.col("rating_now").is_not_null()).sort("statement")
    found = []
    for number, (role, unit) in enumerate(rates["raters"], 1):
        more = pl.when(pl.col("statement") == apart["statement"]).then(apart.get(role, 0)).otherwise(0)
        drawn = pl.Series(np.round(rng.normal(0, rates["rater_sd"], rows.height)).astype(int))
        now = pl.when(pl.col("rating_now") > 0).then((pl.col("rating_now") + drawn + more).clip(1, 10)).otherwise(0)
        aimed = pl.when(now > 0).then(pl.max_horizontal("rating_target", now)) if unit == "setting" else pl.lit(None)
        found.append(rows.with_columns(
            now.alias("rating_now"), aimed.cast(pl.Int64).alias("rating_target"),
            pl.when(aimed.is_not_null()).then(12).cast(pl.Int64).alias("target_months"),
            unit=pl.lit(unit), rater=pl.lit(role), rater_number=pl.lit(number, pl.Int64),
        ))  # fmt: skip
    return pl.concat(found)


def _agreed_in_spring(seed: int, schools: pl.DataFrame) -> pl.DataFrame:
    """The rounds of March; some statements are not applicable (0) and some are left blank."""
    rng, rates = generator(seed, "ratings"), settings()["self_evaluation"]
    planted = [settings()["planted"][name] for name in ("ratings", "modest")]
    statements = [line.code for line in read_codes("sef_statement")]
    size = (schools.height, len(statements))
    level = rng.normal(rates["mean"], rates["school_sd"], schools.height)
    for school in planted:
        level = np.where(schools["key"] == school["school"], school["mean"], level)
    own = level[:, None] + rng.normal(0, rates["statement_sd"], size)
    found = []
    for year, day in enumerate(rates["rounds"]):
        now = np.floor(own + year * rates["rise"] + rng.normal(0, 0.5, size) + 0.5).clip(1, 10)
        target = np.minimum(now + rng.poisson(rates["target"], size), 10)
        drawn = rng.random(size)
        now = np.where(drawn < rates["not_applicable"], 0, now)
        blank = drawn > 1 - rates["blank"]
        months = rng.choice([6, 12], size=size)
        found.append(
            pl.DataFrame(
                {
                    "school_id": np.repeat(schools["school_id"].to_numpy(), len(statements)),
                    "time_period": period(year),
                    "rated_on": day,
                    "statement": statements * schools.height,
                    "rating_now": now.astype(int).ravel(),
                    "rating_target": target.astype(int).ravel(),
                    "target_months": months.ravel(),
                    "blank": blank.ravel(),
                }
            )
        )
    told = ~pl.col("blank")
    aimed = told & (pl.col("rating_now") > 0)
    return pl.concat(found).with_columns(
        rating_now=pl.when(told).then("rating_now"),
        rating_target=pl.when(aimed).then("rating_target"),
        target_months=pl.when(aimed).then("target_months"),
    ).drop("blank")  # fmt: skip
