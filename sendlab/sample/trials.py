"""Standardised tests in autumn and summer, and the interventions between: one works, one does not, one seems to."""

from typing import Any

import numpy as np
import polars as pl

from sendlab.sample.scores import as_table, on_roll
from sendlab.sample.settings import generator, period, settings


def _sit(rng: np.random.Generator, true_score: np.ndarray, rows: pl.DataFrame) -> np.ndarray:
    """Observed scores of one sitting: with error, and missing more often where ability is low."""
    test = settings()["test"]
    score = np.floor(true_score + rng.normal(0, test["error"], len(true_score)) + 0.5).clip(60, 140)
    odds = np.exp(test["missing_base"] - test["missing_slope"] * rows["ability"].to_numpy())
    chance = np.maximum(odds / (1 + odds), np.where(rows["kind"] == "special", test["missing_special"], 0.0))
    return np.where(rng.random(len(score)) < chance, np.nan, score)


def _choose(
    rng: np.random.Generator,
    plan: dict[str, Any],
    rows: pl.DataFrame,
    scores: dict[str, np.ndarray],
    taken: np.ndarray,
    scale: float,
) -> np.ndarray:
    """Rows that take part in an intervention; nobody is in two."""  # fmt: skip
    mainstream = rows["kind"].is_in(["primary", "secondary"]).to_numpy() & ~taken
    if plan["chosen"] == "random":
        able = mainstream & (rows["provision"] != "N").to_numpy() & ~rows["not_recorded"].to_numpy()
    else:
        able = mainstream & (scores[plan["subject"]] < plan["below"])
    size = min(round(plan["pupils"] * scale), int(able.sum()))
    return np.sort(rng.choice(np.flatnonzero(able), size=size, replace=False))


def _programme(rng: np.random.Generator, plan: dict[str, Any], rows: pl.DataFrame, year: int) -> pl.DataFrame:
    """Rows of the table `interventions` for one intervention and year."""
    programme = settings()["programme"]
    attended = rng.binomial(programme["sessions"], programme["attended"], rows.height)
    return rows.select(
        pl.col("upn").alias("pupil_id"), "school_id", pl.lit(period(year)).alias("time_period"),
        pl.lit(plan["name"]).alias("intervention"), pl.lit(plan["subject"]).alias("subject"),
        pl.lit(programme["start"][year], pl.Date).alias("start_date"),
        pl.lit(programme["end"][year], pl.Date).alias("end_date"),
        pl.lit(float(programme["sessions"])).alias("sessions_planned"),
        pl.Series("sessions_attended", attended.astype(float)),
    )  # fmt: skip


def _sittings(
    rng: np.random.Generator, rows: pl.DataFrame, true: dict[str, np.ndarray], year: int, season: str
) -> tuple[list[pl.DataFrame], dict[str, np.ndarray]]:
    """The table rows of one season, and the observed scores (NaN where there is none)."""
    test, tables, scores = settings()["test"], [], {}
    for subject in ("reading", "mathematics"):
        scores[subject] = _sit(rng, true[subject][rows["person"].to_numpy()], rows)
        table = as_table(rows, period(year), test[subject], subject, test[season][year], scores[subject])
        tables.append(table.filter(pl.col("score").is_not_null()))
    return tables, scores


def tests_and_interventions(
    seed: int, people: pl.DataFrame, schools: pl.DataFrame, stays: pl.DataFrame, ability: dict[str, np.ndarray]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(`assessments` rows of the standardised tests, `interventions`) of both years."""
    rng, test = generator(seed, "trials"), settings()["test"]
    scale = int(schools["size"].sum()) / 1500
    tables: list[pl.DataFrame] = []
    programmes: list[pl.DataFrame] = []
    for year in (0, 1):
        ages = pl.col("year_group").is_between(*test["grades"])
        rows = on_roll(stays, people, schools, test["autumn"][year], year).filter(ages)
        true = {subject: 100 + test["spread"] * ability[subject] for subject in ("reading", "mathematics")}
        autumn, scores = _sittings(rng, rows, true, year, "autumn")
        taken = np.zeros(rows.height, dtype=bool)
        for plan in settings()["intervention"]:
            chosen = _choose(rng, plan, rows, scores, taken, scale)
            taken[chosen] = True
            programmes.append(_programme(rng, plan, rows[chosen], year))
            true[plan["subject"]][rows["person"].to_numpy()[chosen]] += plan["effect"]
        for subject in true:
            true[subject] = true[subject] + rng.normal(0, test["change"], people.height)
        later = on_roll(stays, people, schools, test["summer"][year], year).filter(ages)
        summer, _ = _sittings(rng, later, true, year, "summer")
        tables += [*autumn, *summer]
    return pl.concat(tables), pl.concat(programmes)
