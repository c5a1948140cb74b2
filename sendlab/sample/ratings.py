"""Self-evaluation: each school's ratings of the 45 statements, one round a year."""

import numpy as np
import polars as pl

from sendlab.codes import read_codes
from sendlab.sample.settings import generator, period, settings


def self_evaluation(seed: int, schools: pl.DataFrame) -> pl.DataFrame:
    """The table `self_evaluation`; some statements are not applicable (0) and some are left blank."""
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
