"""Key stage results: KS1 points and KS2 scores and codes of those who finish primary school, from one ability each."""

from datetime import date

import numpy as np
import polars as pl

from sendlab.sample.settings import generator, period, settings

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
) -> pl.DataFrame:
    """Rows of the table `assessments`; NaN is no score, an empty outcome is none."""  # fmt: skip
    codes = np.full(len(score), "") if outcome is None else outcome
    return rows.select(
        pl.col("upn").alias("pupil_id"), "school_id",
        pl.lit(time_period).alias("time_period"), pl.lit(assessment).alias("assessment"),
        pl.lit(subject).alias("subject"), pl.lit(day, pl.Date).alias("assessed_on"),
        pl.Series("score", score, dtype=pl.Float64).fill_nan(None),
        pl.Series("outcome", codes, dtype=pl.String).replace("", None),
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
        found.append(as_table(rows, period(year), "KS2", subject, ks2["held"][year], score, outcome))
    return found


def _key_stage_1(rng: np.random.Generator, rows: pl.DataFrame, ability: dict[str, np.ndarray]) -> list[pl.DataFrame]:
    """KS1 points (2021/22) of those who reach the end of KS2 in 2025/26; none exist for the year before."""
    ks1 = settings()["ks1"]
    rows = rows.filter(pl.Series(rng.random(rows.height) >= ks1["missing"]))
    found = []
    for subject in SUBJECTS:
        latent = ability[subject][rows["person"].to_numpy()] + rng.normal(0, ks1["noise"], rows.height)
        points = np.array(ks1["points"], dtype=float)[np.searchsorted(ks1["cuts"], latent)]
        found.append(as_table(rows, "202122", "KS1", subject, ks1["held"], points))
    return found


def key_stages(
    seed: int, people: pl.DataFrame, schools: pl.DataFrame, stays: pl.DataFrame, ability: dict[str, np.ndarray]
) -> pl.DataFrame:
    """KS1 and KS2 rows of the table `assessments`."""
    rng = generator(seed, "key stages")
    effect = rng.normal(0, settings()["ability"]["school_sd"], schools.height)
    found: list[pl.DataFrame] = []
    for year in (0, 1):
        rows = on_roll(stays, people, schools, settings()["ks2"]["held"][year], year).filter(pl.col("year_group") == 6)
        if year == 1:
            found += _key_stage_1(rng, rows, ability)
        found += _key_stage_2(rng, rows, ability, effect, year)
    return pl.concat(found)


def progress_reference() -> pl.DataFrame:
    """Invented national means by prior attainment, for 2025/26 only: the cohort before has no KS1 results."""
    reference = settings()["progress"]
    edges = [float(edge) for edge in reference["edges"]]
    rows = [
        {
            "time_period": period(1), "subject": subject, "group": group + 1,
            "points_from": edges[group], "points_to": edges[group + 1],
            "mean_score": float(reference[subject][group]), "national_sd": float(reference["sd"][subject]),
            "source": reference["source"],
        }
        for subject in ("reading", "mathematics")
        for group in range(len(edges) - 1)
    ]  # fmt: skip
    return pl.DataFrame(rows)
