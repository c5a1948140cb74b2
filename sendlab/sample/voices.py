"""How pupils fare and what is said: wellbeing, behaviour, clubs, observations, surveys, evidence and actions."""

from typing import Any

import numpy as np
import polars as pl

from sendlab.codes import read_codes
from sendlab.sample.settings import generator, period, pick
from sendlab.sample.support import (
    DAY,
    LAST_DAY,
    YEARS,
    dates,
    drawn_between,
    extra,
    first_days,
    pupil_years,
    repeated,
    school_day,
    with_sen,
)
from sendlab.sample.terms import first_day
from sendlab.sample.world import World

DIFFICULTIES = ("EMO", "CON", "HYP", "PEER")  # they make the total; prosocial behaviour does not
LAST = YEARS[-1]


def wellbeing(world: World) -> pl.DataFrame:
    """The table `wellbeing`: the SDQ as teachers see it, Boxall strands and the engagement model, before and after."""
    rng, rates = generator(world.seed, "wellbeing"), extra()["wellbeing"]
    rows = with_sen(pupil_years(world), 200).filter(pl.col("year") > min(YEARS))
    sdq = _some(rng, rows.filter(pl.col("need_1").is_in(rates["sdq_needs"])), rates["sdq"])
    boxall = _some(rng, rows.filter(pl.col("area") == "SEMH"), rates["boxall"])
    engaged = _some(rng, rows.filter(pl.col("need_1").is_in(rates["engagement_needs"])), rates["engagement"])
    strands = [line.code for line in read_codes("boxall_strand") if line.code != "SCALE"]
    areas = [line.code for line in read_codes("engagement_area")]
    parts = [
        _sdq(rng, sdq, rates),
        _scales(rng, boxall, "Boxall", strands, 12, 4),
        _scales(rng, engaged, "engagement model", areas, 3, 1),
    ]
    return pl.concat(parts).with_columns(
        rater=pl.lit("teacher"), version=pl.when(pl.col("instrument") == "SDQ").then(pl.lit("T4-17"))
    )


def _some(rng: np.random.Generator, rows: pl.DataFrame, share: float) -> pl.DataFrame:
    return rows.filter(pl.Series(rng.random(rows.height) < share))


def _rated(rng: np.random.Generator, rows: pl.DataFrame, again: int) -> np.ndarray:
    """Day of the first (0) or second (1) rating of each row."""
    start = first_days(rows["year"])
    month = np.array(extra()["wellbeing"]["months"])[again]
    return school_day(start + (month * 30 + rng.integers(0, 12, rows.height)) * DAY)


def _sdq(rng: np.random.Generator, rows: pl.DataFrame, rates: dict[str, Any]) -> pl.DataFrame:
    """The five sub-scales and the total, which is the sum of the four difficulties."""
    semh = (rows["area"] == "SEMH").to_numpy().astype(int)
    own = 0.6 * rows["event_liability"].to_numpy() + rng.normal(0, 0.6, rows.height)
    level = {name: np.array(mean)[semh] for name, mean in rates["mean"].items()}
    found = []
    for again in (0, 1):
        there = np.ones(rows.height, bool) if not again else rng.random(rows.height) > rates["exit_missing"]
        scores: dict[str, np.ndarray] = {}
        for name in rates["mean"]:
            sign = 1 if name in DIFFICULTIES else -1
            mean = level[name] + sign * (1.2 * own + again * rates["change"]) + rng.normal(0, 1.3, rows.height)
            scores[name] = np.clip(np.round(mean), 0, 10)
        scores["TOT"] = np.sum([scores[name] for name in DIFFICULTIES], axis=0)
        day = dates(_rated(rng, rows, again))
        found += [
            _ratings(rows, "SDQ", name, day, score, again).filter(pl.Series(there)) for name, score in scores.items()
        ]
    return pl.concat(found)


def _scales(
    rng: np.random.Generator, rows: pl.DataFrame, instrument: str, names: list[str], middle: float, change: float
) -> pl.DataFrame:
    """Ratings of one instrument on each of its scales; strands Q to Z of Boxall fall as things get better."""
    found = []
    for again in (0, 1):
        day = dates(_rated(rng, rows, again))
        for name in names:
            sign = -1 if instrument == "Boxall" and name >= "Q" else 1
            score = middle + sign * again * change * 0.4 + rng.normal(0, middle / 4, rows.height)
            found.append(_ratings(rows, instrument, name, day, np.maximum(np.round(score), 0), again))
    return pl.concat(found)


def _ratings(
    rows: pl.DataFrame, instrument: str, scale: str, day: pl.Series, score: np.ndarray, again: int
) -> pl.DataFrame:
    return rows.select(
        "pupil_id", "school_id", instrument=pl.lit(instrument), scale=pl.lit(scale), rated_on=day,
        score=pl.Series(score, dtype=pl.Float64), is_baseline=pl.lit(again == 0),
    )  # fmt: skip


def behaviour(world: World) -> pl.DataFrame:
    """The table `behaviour`: points of tallied weeks (only those with any), rewards, bullying; last two years."""
    rng, rates = generator(world.seed, "behaviour"), extra()["behaviour"]
    able = pl.col("kind").is_in(rates["schools"]) & (pl.col("year") > LAST - 2)
    rows = pupil_years(world).filter(able)
    sen = rows["provision"].is_in(["K", "E"]).fill_null(False).to_numpy()
    base = np.array([rates["base"][kind] for kind in rows["kind"]])
    odds = np.exp(base + rates["slope"] * rows["event_liability"].to_numpy() + rates["sen"] * sen)
    reward = np.array([rates["reward"][kind] for kind in rows["kind"]])
    weeks = np.array(rates["weeks"])
    monday = first_days(rows["year"])
    monday = monday - (monday.astype(int) + 3) % 7 * DAY
    day = school_day((monday[:, None] + weeks * 7 * DAY).ravel())
    there = (day >= np.repeat(rows["since"].to_numpy(), len(weeks))) & (
        day <= np.repeat(rows["until"].to_numpy(), len(weeks))
    )
    found = []
    for kind, chance, mean in (
        ("behaviour points", odds / (1 + odds), rates["mean_points"]),
        ("reward points", reward, 4.0),
    ):
        given = there & (rng.random(len(day)) < np.repeat(chance, len(weeks)))
        at = np.flatnonzero(given)
        found.append(
            rows[at // len(weeks)].select("pupil_id", "school_id").with_columns(
                dates(day[at]).alias("recorded_on"), pl.lit(kind).alias("kind"), pl.lit("week").alias("type"),
                pl.lit("not applicable").alias("role"),
                pl.Series("points", rng.geometric(1 / mean, len(at)).astype(float)),
            )
        )  # fmt: skip
    chance = rates["bullying"] * np.where(sen, rates["bullying_sen"], 1)
    hit = rows.filter(pl.Series(rng.random(rows.height) < chance))
    days = school_day(hit["since"].to_numpy() + rng.integers(5, 200, hit.height) * DAY)
    found.append(
        hit.select("pupil_id", "school_id").with_columns(
            dates(days).alias("recorded_on"), pl.lit("bullying").alias("kind"),
            pl.Series("type", pick(rng, rates["types"], hit.height), dtype=pl.String),
            pl.Series("role", pick(rng, rates["roles"], hit.height), dtype=pl.String),
            pl.lit(None, dtype=pl.Float64).alias("points"),
        )
    )  # fmt: skip
    return pl.concat(found)


def activities(world: World) -> pl.DataFrame:
    """The table `activities`: one club at most a pupil and year; pupils with SEN take part less often."""
    rng, rates = generator(world.seed, "activities"), extra()["activities"]
    rows = pupil_years(world).filter("january", pl.col("year_group") >= 1)
    chance = np.array([rates["share"][code or "N"] for code in rows["provision"]])
    rows = rows.filter(pl.Series(rng.random(rows.height) < chance))
    came = 1 / (1 + np.exp(-(np.log(rates["came"] / (1 - rates["came"])) - 0.5 * rows["absence_liability"].to_numpy())))
    return rows.select("pupil_id", "school_id").with_columns(
        rows["year"].replace_strict({year: period(year) for year in YEARS}).alias("time_period"),
        pl.Series("activity", rng.choice(rates["names"], rows.height)),
        pl.lit(rates["times"]).alias("times_offered"), pl.Series("times_attended", rng.binomial(rates["times"], came)),
    )  # fmt: skip


def observations(world: World) -> pl.DataFrame:
    """The table `observations`: a few a year of some pupils with EHC plans; the only table whose notes are written."""
    rng, rates = generator(world.seed, "observations"), extra()["observations"]
    rows = with_sen(pupil_years(world), 200).filter(pl.col("kind").is_in(rates["kinds"]), year=LAST, provision="E")
    rows, _ = repeated(_some(rng, rows, rates["share"]), rates["each"])
    count = rows.height
    day = school_day(rows["since"].to_numpy() + rng.integers(10, 280, count) * DAY)
    codes = ["engagement", "understanding", "mastery", "independence", "communication", "relationships"]
    return rows.select("pupil_id", "school_id").with_columns(
        dates(np.minimum(day, LAST_DAY)).alias("observed_on"), pl.Series("code", rng.choice(codes, count)),
        pl.Series("author", pick(rng, rates["authors"], count)),
        pl.Series("change", pick(rng, rates["change"], count)).cast(pl.Int64),
        pl.Series("note", rng.choice(rates["notes"], count)),
    ).with_columns(number=pl.int_range(1, pl.len() + 1).over("pupil_id", "observed_on"))  # fmt: skip


def voice(world: World) -> pl.DataFrame:
    """The table `voice`: one survey a school and year of pupils, parents and staff."""
    rng, rates, schools = generator(world.seed, "voice"), extra()["voice"], world.schools
    level = rng.normal(0, rates["school_sd"], schools.height)
    found = []
    for year in YEARS:
        day = school_day(np.array([first_day(year) + 200 * DAY]))
        for who, number in rates["respondents"].items():
            size = np.maximum(np.round(number * np.sqrt(schools["size"].to_numpy() / 180)), 3).astype(int)
            rows, which = repeated(schools.select("school_id", "school"), size)
            about = pick(rng, rates["provision"], rows.height)
            own = rates["mean"][who] + level[rows["school"].to_numpy()] + rng.normal(0, 0.5, rows.height)
            for question in rates["questions"]:
                answer = np.clip(np.round(own + rng.normal(0, rates["sd"], rows.height)), 1, 5)
                answer = np.where(rng.random(rows.height) < rates["unanswered"], np.nan, answer)
                found.append(
                    rows.select("school_id").with_columns(
                        pl.lit(rates["survey"]).alias("survey"), pl.lit(day[0].astype(object)).alias("asked_on"),
                        pl.lit(who).alias("respondent"), pl.Series("respondent_number", which + 1),
                        pl.Series("sen_provision", about if who != "staff" else [None] * rows.height, dtype=pl.String),
                        pl.lit(question).alias("question"), pl.Series("answer", answer).fill_nan(None).cast(pl.Int64),
                    )
                )  # fmt: skip
    return pl.concat(found)


def evidence(world: World) -> pl.DataFrame:
    """The table `evidence`: what schools put beside their self-evaluation."""
    rng, rates = generator(world.seed, "evidence"), extra()["evidence"]
    rows, _ = repeated(world.schools.select("school_id"), rates["each"])
    statements = [line.code for line in read_codes("sef_statement")]
    day = school_day(LAST_DAY - rng.integers(20, 600, rows.height) * DAY)
    return rows.with_columns(
        pl.Series("statement", rng.choice(statements, rows.height)), dates(day).alias("recorded_on"),
        pl.Series("type", pick(rng, rates["types"], rows.height)),
        pl.Series("shared", rng.random(rows.height) < rates["shared"]),
    ).with_columns(number=pl.int_range(1, pl.len() + 1).over("school_id", "statement", "recorded_on"))  # fmt: skip


def actions(world: World) -> pl.DataFrame:
    """The table `actions`: a few a school and year, reviewed every three or four months."""
    rng, rates = generator(world.seed, "actions"), extra()["actions"]
    each = world.schools.select("school_id").join(
        pl.DataFrame({"year": list(YEARS)}), how="cross", maintain_order="left_right"
    )
    rows, number = repeated(each, rates["each"])
    count = rows.height
    statements = [line.code for line in read_codes("sef_statement")]
    set_on = school_day(first_days(rows["year"]) + rng.integers(10, 60, count) * DAY)
    due = school_day(set_on + drawn_between(rng, rates["days"], count) * DAY)
    reviewed = np.minimum(set_on + rng.integers(85, 125, count) * DAY * rng.integers(1, 3, count), LAST_DAY)
    over = due < LAST_DAY
    status = np.where(over, pick(rng, {"done": 0.8, "dropped": 0.1, "under way": 0.1}, count), "under way")
    met = pl.when(pl.Series(status == "done")).then(pl.Series(rng.random(count) < rates["met"]))
    return rows.select(
        "school_id", action_id=pl.format("A{}-{}", pl.col("year") - min(YEARS) + 1, pl.Series(number + 1)),
        statement=pl.Series(rng.choice(statements, count)), measure=pl.Series(rng.choice(rates["measures"], count)),
        owner_role=pl.Series(pick(rng, rates["owners"], count)), set_on=dates(set_on), due_on=dates(due),
        reviewed_on=dates(school_day(reviewed)), status=pl.Series(status), criteria_met=met,
    )  # fmt: skip
