"""Key stage results from one ability each: KS1 points, KS2 scores and codes, Attainment 8 with its KS2 baseline."""

from datetime import date

import numpy as np
import polars as pl

from sendlab.sample.settings import SCHOOL_YEARS, generator, period, settings

SUBJECTS = ("reading", "writing", "mathematics")
_PRE_KEY_STAGE = np.array(["PK6", "PK5", "PK4", "PK3", "PK2", "PK1"])


def subject_ability(seed: int, people: pl.DataFrame) -> dict[str, np.ndarray]:
    """{subject: ability of each person in it}; the same in every test that they sit."""
    rng, sd = generator(seed, "subjects"), settings()["ability"]["subject_sd"]
    general = people["ability"].to_numpy()
    return {subject: general + rng.normal(0, sd, len(general)) for subject in SUBJECTS}


def on_roll(stays: pl.DataFrame, people: pl.DataFrame, schools: pl.DataFrame, day: date, year: int) -> pl.DataFrame:
    """Stays that count on a day (subsidiary registrations left out), with the person's year group and provision."""
    here = (
        (pl.col("entry") <= day)
        & (pl.col("leaving").is_null() | (pl.col("leaving") >= day))
        & (pl.col("status") != "S")
    )
    rows = stays.filter(here).join(people.drop("school", "entry"), on="person")
    rows = rows.join(schools.select("school", "school_id", "kind"), on="school")
    return rows.with_columns(year_group=pl.col("grade") + year, provision=pl.col(f"provision_{year}")).sort("stay")


def as_table(
    rows: pl.DataFrame,
    time_period: str,
    assessment: str,
    subject: str,
    day: date,
    score: np.ndarray,
    outcome: np.ndarray | None = None,
    scale: str | None = None,
    is_baseline: bool | None = None,
) -> pl.DataFrame:
    """Rows of the table `assessments`; NaN is no score, an empty outcome is none."""  # fmt: skip
    codes = np.full(len(score), "") if outcome is None else outcome
    return rows.select(
        pl.col("upn").alias("pupil_id"), "school_id",
        pl.lit(time_period).alias("time_period"), pl.lit(assessment).alias("assessment"),
        pl.lit(subject).alias("subject"), pl.lit(day, pl.Date).alias("assessed_on"),
        pl.Series("score", score, dtype=pl.Float64).fill_nan(None),
        pl.Series("outcome", codes, dtype=pl.String).replace("", None),
        pl.lit(scale, pl.String).alias("scale"), pl.lit(is_baseline, pl.Boolean).alias("is_baseline"),
    )  # fmt: skip


def _below(rng: np.random.Generator, rows: pl.DataFrame) -> np.ndarray:
    """Who works below the level of the tests."""
    rates = settings()["ks2"]["below_test"]
    chance = [
        rates["special"] if kind == "special" else rates[code]
        for kind, code in rows.select("kind", "provision").iter_rows()
    ]
    return rng.random(rows.height) < np.array(chance)


def _test(rng: np.random.Generator, latent: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(scaled score, outcome) of a KS2 test; no score for B and A."""
    ks2 = settings()["ks2"]
    score = np.floor(ks2["centre"] + ks2["spread"] * latent + 0.5).clip(80, 120)
    outcome = np.where(score >= 100, "AS", "NS")
    absent = rng.random(len(score)) < ks2["absent"]
    outcome = np.where(below, "B", np.where(absent, "A", outcome))
    return np.where(below | absent, np.nan, score), outcome


def _writing(latent: np.ndarray, below: np.ndarray, rows: pl.DataFrame) -> np.ndarray:
    """Teacher assessment of writing: GDS, EXS, WTS, and PK6 to PK1 or EM for those below."""
    ks2 = settings()["ks2"]
    steps = np.searchsorted(-np.array(ks2["pre_key_stage"]), -latent)
    lowest = np.where((rows["need_1"] == "PMLD").to_numpy(), "EM", _PRE_KEY_STAGE[steps])
    met = np.where(latent > ks2["writing_depth"], "GDS", np.where(latent > ks2["writing_expected"], "EXS", "WTS"))
    return np.where(below | (latent <= ks2["writing_towards"]), lowest, met)


def _key_stage_2(
    rng: np.random.Generator, rows: pl.DataFrame, ability: dict[str, np.ndarray], effect: np.ndarray, year: int
) -> list[pl.DataFrame]:
    """KS2 of one year: reading, writing, mathematics."""
    ks2, planted = settings()["ks2"], settings()["planted"]["writing_gap"]
    person, below = rows["person"].to_numpy(), _below(rng, rows)
    penalty = np.where(rows["provision"].to_numpy() == planted["provision"], planted["penalty"], 0.0)
    found = []
    for subject in SUBJECTS:
        day = rng.normal(0, ks2["sitting_sd"], rows.height)
        latent = ability[subject][person] + effect[rows["school"].to_numpy()] + day
        if subject == "writing":
            score, outcome = np.full(rows.height, np.nan), _writing(latent - penalty, below, rows)
        else:
            score, outcome = _test(rng, latent, below)
        scale = None if subject == "writing" else "scaled score"
        found.append(as_table(rows, period(year), "KS2", subject, ks2["held"][year], score, outcome, scale))
    return found


def _key_stage_1(rng: np.random.Generator, rows: pl.DataFrame, ability: dict[str, np.ndarray]) -> list[pl.DataFrame]:
    """KS1 points (2021/22) of those who reach the end of KS2 in 2025/26; none exist for the year before."""
    ks1 = settings()["ks1"]
    rows = rows.filter(pl.Series(rng.random(rows.height) >= ks1["missing"]))
    found = []
    for subject in SUBJECTS:
        latent = ability[subject][rows["person"].to_numpy()] + rng.normal(0, ks1["noise"], rows.height)
        points = np.array(ks1["points"], dtype=float)[np.searchsorted(ks1["cuts"], latent)]
        found.append(as_table(rows, "202122", "KS1", subject, ks1["held"], points, None, "points", True))
    return found


def _key_stage_4(
    rng: np.random.Generator, rows: pl.DataFrame, ability: dict[str, np.ndarray], effect: np.ndarray, year: int
) -> list[pl.DataFrame]:
    """Attainment 8 of one year's Year 11, with the KS2 results of those who had any: only the cohort of 2023/24."""
    ks4, person = settings()["ks4"], rows["person"].to_numpy()
    ability_of = {subject: ability[subject][person] for subject in SUBJECTS}
    latent = np.mean(list(ability_of.values()), axis=0) + rng.normal(0, ks4["day_sd"], rows.height)
    points = ks4["centre"] + ks4["spread"] * (latent + effect[rows["school"].to_numpy()])
    few = (rows["kind"] == "special").to_numpy() & (rng.random(rows.height) < ks4["below"]["special"])
    points = np.where(few, rng.exponential(ks4["below"]["score"], rows.height), points)
    score = np.floor(points + 0.5).clip(0, 90)
    found = [as_table(rows, period(year), "KS4", "attainment 8", ks4["held"][year], score, None, "points")]
    known = ~few & (rng.random(rows.height) >= ks4["prior_missing"])
    if year == 0:
        lead = np.array([ks4["prior_lead"][code] for code in rows["provision"]])
        for subject in ("reading", "mathematics"):
            before = ability_of[subject] + lead + rng.normal(0, ks4["prior_sd"], rows.height)
            score, outcome = _test(rng, before, np.zeros(rows.height, dtype=bool))
            sat = as_table(
                rows, "201819", "KS2", subject, ks4["prior_held"], score, outcome, "scaled score", is_baseline=True
            )
            found.append(sat.filter(pl.Series(known)))
    return found


def key_stages(
    seed: int, people: pl.DataFrame, schools: pl.DataFrame, stays: pl.DataFrame, ability: dict[str, np.ndarray]
) -> pl.DataFrame:
    """KS1, KS2 and KS4 rows of the table `assessments`."""
    rng = generator(seed, "key stages")
    effect = rng.normal(0, settings()["ability"]["school_sd"], schools.height)
    found: list[pl.DataFrame] = []
    for year in range(SCHOOL_YEARS):
        rows = on_roll(stays, people, schools, settings()["ks2"]["held"][year], year)
        finishing = rows.filter(pl.col("year_group") == 6)
        if year == SCHOOL_YEARS - 1:
            found += _key_stage_1(rng, finishing, ability)
        found += _key_stage_2(rng, finishing, ability, effect, year)
        found += _key_stage_4(rng, rows.filter(pl.col("year_group") == 11), ability, effect, year)
    return pl.concat(found)


def progress_reference() -> pl.DataFrame:
    """Invented national means by prior attainment: KS2 in 2025/26 and Attainment 8 in 2023/24.

    The cohorts of the other years took no tests two key stages before.
    """
    reference, source = settings()["progress"], settings()["progress"]["source"]
    plans = [(period(2), "reading", reference), (period(2), "mathematics", reference),
             (period(0), "attainment 8", settings()["progress_8"])]  # fmt: skip
    rows = [
        {
            "time_period": year, "subject": subject, "group": group + 1,
            "points_from": float(plan["edges"][group]), "points_to": float(plan["edges"][group + 1]),
            "mean_score": float(mean), "national_sd": float(plan["sd"][subject]), "source": source,
        }
        for year, subject, plan in plans
        for group, mean in enumerate(plan[subject])
    ]  # fmt: skip
    return pl.DataFrame(rows)
