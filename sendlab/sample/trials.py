"""Standardised tests in autumn and summer, and the interventions between, chosen in ways that mislead or do not."""

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from sendlab.sample.people import scale_of
from sendlab.sample.scores import as_table, on_roll
from sendlab.sample.settings import SCHOOL_YEARS, generator, period, settings

SUBJECTS = ("reading", "mathematics")
WHOLE_SCHOOLS_FROM = 1  # year in which schools begin: the year before shows how they did without


class _Year(NamedTuple):
    """What is known in one autumn: pupils of the tested years, their first scores, and how many 1,500s there are."""

    rows: pl.DataFrame
    scores: dict[str, np.ndarray]
    scale: float


def _sit(rng: np.random.Generator, true_score: np.ndarray, rows: pl.DataFrame) -> np.ndarray:
    """Observed scores of one sitting: with error, and missing more often where ability is low."""
    test = settings()["test"]
    score = np.floor(true_score + rng.normal(0, test["error"], len(true_score)) + 0.5).clip(60, 140)
    odds = np.exp(test["missing_base"] - test["missing_slope"] * rows["ability"].to_numpy())
    chance = np.maximum(odds / (1 + odds), np.where(rows["kind"] == "special", test["missing_special"], 0.0))
    return np.where(rng.random(len(score)) < chance, np.nan, score)


def _choose(rng: np.random.Generator, plan: dict[str, Any], now: _Year, taken: np.ndarray) -> np.ndarray:
    """Rows that take part in an intervention; `taken` are in another one in the subject."""
    rows = now.rows
    if plan["chosen"] == "whole school":
        return np.flatnonzero((rows["pattern"] == plan["schools"]).to_numpy())
    grades = rows["year_group"].is_between(*plan["grades"])
    able = (rows["kind"].is_in(["primary", "secondary"]) & grades).to_numpy() & ~taken
    weight = np.ones(rows.height)
    if plan["chosen"] == "random":
        able &= (rows["provision"] == "K").to_numpy() & ~rows["not_recorded"].to_numpy()
    elif plan["chosen"] == "low score":
        able &= now.scores[plan["subject"]] < plan["below"]
    else:  # by motivation: a pupil one sd above another is e**2 times as likely to come
        able &= (rows["provision"] == "N").to_numpy()
        weight = np.exp(2 * rows["motivation"].to_numpy())
    size, chance = min(round(plan["pupils"] * now.scale), int(able.sum())), weight * able
    return np.sort(rng.choice(rows.height, size=size, replace=False, p=chance / chance.sum()))


def _programme(rng: np.random.Generator, plan: dict[str, Any], rows: pl.DataFrame, year: int) -> pl.DataFrame:
    """Rows of the table `interventions` for one intervention and year, with the person, still without exit scores."""
    programme = settings()["programme"]
    attended = rng.binomial(programme["sessions"], programme["attended"], rows.height)
    return rows.select(
        "person", pl.col("upn").alias("pupil_id"), "school_id", pl.lit(period(year)).alias("time_period"),
        pl.lit(plan["name"]).alias("intervention"), pl.lit(plan["subject"]).alias("subject"),
        pl.lit(programme["start"][year], pl.Date).alias("start_date"),
        pl.lit(programme["end"][year], pl.Date).alias("end_date"),
        pl.lit(float(programme["sessions"])).alias("sessions_planned"),
        pl.Series("sessions_attended", attended.astype(float)),
        pl.lit(float(plan["minutes"])).alias("minutes_per_session"), pl.lit(plan["group_size"]).alias("group_size"),
        pl.lit(plan["delivered_by"]).alias("delivered_by"), pl.lit(settings()["test"]["name"]).alias("measure"),
        pl.lit(None, pl.Boolean).alias("criteria_met"),
    )  # fmt: skip


def _sittings(
    rng: np.random.Generator, rows: pl.DataFrame, true: dict[str, np.ndarray], year: int, season: str
) -> tuple[list[pl.DataFrame], dict[str, np.ndarray]]:
    """The table rows of one season, and the observed scores (NaN where there is none)."""
    test, tables, scores = settings()["test"], [], {}
    for subject in SUBJECTS:
        scores[subject] = _sit(rng, true[subject][rows["person"].to_numpy()], rows)
        table = as_table(rows, period(year), test["name"], subject, test[season][year], scores[subject])
        tables.append(table.filter(pl.col("score").is_not_null()))
    return tables, scores


def _scored(programme: pl.DataFrame, name: str, rows: pl.DataFrame, scores: dict[str, np.ndarray]) -> pl.DataFrame:
    """A programme with the observed score of its pupils in its subject."""
    subject = programme["subject"][0]
    seen = rows.select("person", pl.Series(name, scores[subject]).fill_nan(None)).unique("person", keep="first")
    return programme.join(seen, on="person", how="left", maintain_order="left")


def tests_and_interventions(
    seed: int, people: pl.DataFrame, schools: pl.DataFrame, stays: pl.DataFrame, ability: dict[str, np.ndarray]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(`assessments` rows of the standardised tests, `interventions`) of all years."""
    rng, test = generator(seed, "trials"), settings()["test"]
    placed = schools.select("school", "pattern")
    tables: list[pl.DataFrame] = []
    programmes: list[pl.DataFrame] = []
    for year in range(SCHOOL_YEARS):
        ages = pl.col("year_group").is_between(*test["grades"])
        rows = on_roll(stays, people, schools, test["autumn"][year], year).filter(ages)
        rows = rows.join(placed, on="school", maintain_order="left")
        true = {subject: 100 + test["spread"] * ability[subject] for subject in SUBJECTS}
        autumn, scores = _sittings(rng, rows, true, year, "autumn")
        given = _give(rng, _Year(rows, scores, scale_of(schools)), true, year)
        of_school = rng.normal(0, test["school_sd"], (schools.height, len(SUBJECTS)))
        drift = test["motivation"] * people["motivation"].to_numpy()
        for place, subject in enumerate(SUBJECTS):
            true[subject] = true[subject] + drift + rng.normal(0, test["change"], people.height)
            true[subject][rows["person"].to_numpy()] += of_school[rows["school"].to_numpy(), place]
        later = on_roll(stays, people, schools, test["summer"][year], year).filter(ages)
        summer, after = _sittings(rng, later, true, year, "summer")
        tables += [*autumn, *summer]
        programmes += [
            _scored(_scored(taken, "entry_score", rows, scores), "exit_score", later, after) for taken in given
        ]
    return pl.concat(tables), pl.concat(programmes)


def _give(rng: np.random.Generator, now: _Year, true: dict[str, np.ndarray], year: int) -> list[pl.DataFrame]:
    """The programmes of one year; their effects are added to the true scores."""
    found, person = [], now.rows["person"].to_numpy()
    taken = {subject: np.zeros(now.rows.height, dtype=bool) for subject in SUBJECTS}
    plans = settings()["intervention"]
    for plan in sorted(plans, key=lambda plan: plan["chosen"] != "whole school"):  # whole schools are settled first
        if plan["chosen"] == "whole school" and year < WHOLE_SCHOOLS_FROM:
            continue
        subject = plan["subject"]
        chosen = _choose(rng, plan, now, taken[subject])
        taken[subject][chosen] = True
        found.append(_programme(rng, plan, now.rows[chosen], year))
        true[subject][person[chosen]] += plan["effect"]
    return found


def catalogue(schools: pl.DataFrame) -> pl.DataFrame:
    """The table `intervention_catalogue`: an intervention for all, or for the schools that give it."""
    rows = []
    for plan in settings()["intervention"]:
        given = plan["chosen"] == "whole school"
        places = schools.filter(pattern=plan["schools"])["school_id"] if given else [settings()["area"]["la_code"]]
        told = {name: plan[name] for name in ("evidence_base", "mode", "funded_by", "subject")}
        cost = {name: float(plan[name]) for name in ("cost_per_pupil", "fixed_cost")}
        kind = {"given_to": "whole schools" if given else "pupils", "external": plan["delivered_by"] == "volunteer"}
        rows += [{"school_id": place, "intervention": plan["name"], **told, **kind, **cost} for place in places]
    return pl.DataFrame(rows).with_columns(need_area=pl.lit(None, pl.String))
