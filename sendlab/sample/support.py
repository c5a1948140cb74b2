"""Support of pupils: SEN register, targets, plans and meetings, made from the people's traits."""

import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl

from sendlab.sample.settings import FIRST_YEAR, generator, pick
from sendlab.sample.terms import HOLIDAYS, PARTS, first_day, last_day
from sendlab.sample.world import World

DAY = np.timedelta64(1, "D")
YEARS = tuple(sorted({part.year for part in PARTS}))  # the whole years of the sample
LAST_DAY = PARTS[-1].last  # the day on which the sample stands still


@cache
def extra() -> dict[str, Any]:
    """Everything in extra.toml: rates and words of the further tables.

    >>> extra()["register"]["run_days"] > 1
    True
    """
    return tomllib.loads((files(__package__) / "extra.toml").read_text(encoding="utf-8"))


def january(year: int) -> np.datetime64:
    """Census day of the January in a school year: its third Thursday.

    >>> january(YEARS[0]).astype(object).weekday()
    3
    """
    first: np.datetime64 = np.datetime64(f"{FIRST_YEAR + year + 1}-01-01")
    day: np.datetime64 = np.busday_offset(first, 2, roll="forward", weekmask="Thu")
    return day


def area_of(need: str) -> pl.Expr:
    """Broad area of a column of need types; null where there is none."""
    return pl.col(need).replace_strict(extra()["need_area"], default=None, return_dtype=pl.String)


@lru_cache(maxsize=1)
def pupil_years(world: World) -> pl.DataFrame:
    """One row a stay and year (subsidiary registrations left out): the person's traits and the stay's days in it.

    Adds `year`, `since`, `until`, `provision` (null where it is recorded nowhere), `year_group`, `january` (on roll
    on census day), and the school's id, key and kind.
    """
    people = world.people.drop("school", "entry").rename({"upn": "pupil_id"})
    rows = world.stays.frame.filter(pl.col("status") != "S").join(people, on="person", maintain_order="left")
    rows = rows.join(world.schools.select("school", "school_id", "key", "kind"), on="school", maintain_order="left")
    found = []
    for year in YEARS:
        first, last, day = pl.lit(first_day(year)), pl.lit(last_day(year)), pl.lit(january(year))
        leaving = pl.col("leaving").fill_null(last)
        found.append(
            rows.filter((pl.col("entry") <= last) & (leaving >= first)).with_columns(
                year=pl.lit(year),
                since=pl.max_horizontal("entry", first), until=pl.min_horizontal(leaving, last),
                provision=pl.when(~pl.col("not_recorded")).then(f"provision_{year}"),
                year_group=pl.col("grade") + year,
                january=(pl.col("entry") <= day) & (leaving >= day),
                area=area_of("need_1"),
            )
        )  # fmt: skip
    return pl.concat(found).sort("person", "since", "stay")


def with_sen(rows: pl.DataFrame, shortest: int = 60) -> pl.DataFrame:
    """Rows of pupils with SEN support or an EHC plan who were there for so many days of the year."""
    there = (pl.col("until") - pl.col("since")).dt.total_days() >= shortest
    return rows.filter(pl.col("provision").is_in(["K", "E"]) & there)


def first_days(years: pl.Series) -> np.ndarray:
    """First school day of each of these years of the sample."""
    days: np.ndarray = np.array([first_day(year) for year in YEARS])[years.to_numpy() - YEARS[0]]
    return days


def school_day(days: np.ndarray) -> np.ndarray:
    """The day itself, or the next that is no weekend, bank holiday or half term."""
    return np.asarray(np.busday_offset(days.astype("datetime64[D]"), 0, roll="forward", holidays=HOLIDAYS))


def dates(values: np.ndarray, known: np.ndarray | None = None) -> pl.Series:
    """Days as a series of dates; null where not known."""
    shown = values.astype("datetime64[D]")
    if known is not None:
        shown = np.where(known, shown, np.datetime64("NaT", "D"))
    return pl.Series(shown, dtype=pl.Date)


def drawn_between(rng: np.random.Generator, bounds: list[int], size: int) -> np.ndarray:
    """Whole numbers from the lower bound to just below the upper one."""
    low, high = bounds
    return rng.integers(low, high, size)


def repeated(rows: pl.DataFrame, times: int | np.ndarray) -> tuple[pl.DataFrame, np.ndarray]:
    """(every row so many times, which one of its repeats each is: 0, 1, ...)."""
    count = np.broadcast_to(times, rows.height)
    number = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return rows[np.repeat(np.arange(rows.height), count)], number


def sen_register(world: World, plan_starts: pl.DataFrame) -> pl.DataFrame:
    """The table `sen_register`. `plan_starts`: person, and the day on which the EHC plan was issued (`plan_start`)."""
    rng, rates = generator(world.seed, "sen register"), extra()["sen_register"]
    rows = pupil_years(world).filter(pl.col("provision").is_in(["K", "E"]))
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in ("stay", "provision"))
    goes_on = (same & (pl.col("year") == pl.col("year").shift() + 1)).fill_null(False)
    held = rows.group_by((~goes_on).cum_sum().alias("turn"), maintain_order=True).agg(
        pl.first("person", "stay", "pupil_id", "school_id", "provision", "need_1", "need_2", "entry", "since"),
        pl.last("until", "leaving"), first_year=pl.first("year"), last_year=pl.last("year"),
    )  # fmt: skip
    held = held.join(plan_starts, on="person", how="left", maintain_order="left")
    held = held.with_columns(drawn=pl.Series(rng.random(held.height)))
    old = (pl.col("first_year") == YEARS[0]) & (pl.col("entry") < pl.col("since"))
    before = pl.duration(days=(pl.col("drawn") * (pl.col("since") - pl.col("entry")).dt.total_days()).floor())
    plan = pl.max_horizontal(pl.min_horizontal("plan_start", pl.col("until").clip(None, pl.lit(LAST_DAY))), "entry")
    held = held.with_columns(
        start=pl.when(pl.col("provision") == "E", pl.col("plan_start").is_not_null()).then(plan)
        .when(old).then(pl.col("entry") + before)
        .otherwise(pl.col("since") + pl.duration(days=(pl.col("drawn") * 20).floor()))
    )  # fmt: skip
    next_start = pl.when(pl.col("stay") == pl.col("stay").shift(-1)).then(pl.col("start").shift(-1))
    still = (pl.col("last_year") == YEARS[-1]) & (pl.col("leaving").is_null() | (pl.col("leaving") > pl.col("until")))
    end = pl.when(next_start.is_not_null()).then(next_start - pl.duration(days=1)).when(~still).then("until")
    overdue = rng.random(held.height) < rates["overdue"]
    ago = np.where(overdue, drawn_between(rng, rates["overdue_days"], held.height), rng.integers(5, 90, held.height))
    held = held.with_columns(pl.Series("ago", ago), end=end)
    held = held.with_columns(reviewed=pl.coalesce("end", pl.lit(LAST_DAY)) - pl.duration(days="ago"))
    return held.filter(pl.col("end").is_null() | (pl.col("end") >= pl.col("start"))).select(
        "pupil_id", "school_id", pl.col("provision").alias("sen_provision"),
        pl.col("need_1").replace("", None).alias("sen_primary_need"),
        pl.col("need_2").replace("", None).alias("sen_secondary_need"),
        pl.col("start").alias("start_date"), pl.col("end").alias("end_date"),
        pl.when(pl.col("reviewed") >= pl.col("start")).then("reviewed").alias("reviewed_on"),
        pl.col("need_1").replace_strict(rates["assessed_by"], default="school").alias("assessed_by"),
    )  # fmt: skip


def targets(world: World) -> pl.DataFrame:
    """The table `targets`: a few a pupil with SEN and year; challenge lies above what prediction expects."""
    rng, rates = generator(world.seed, "targets"), extra()["targets"]
    rows = with_sen(pupil_years(world))
    wanted = np.where(rows["provision"] == "E", rates["with_plan"], rates["with_support"])
    rows, number = repeated(rows, wanted)
    subjects = rates["subject"]
    names = [area if area in subjects else "OTHER" for area in rows["area"].fill_null("OTHER")]
    choice = [subjects[area][int(at)] for area, at in zip(names, number, strict=True)]
    count, ability = rows.height, rows["ability"].to_numpy()
    set_on = school_day(rows["since"].to_numpy() + rng.integers(7, 35, count) * DAY)
    due = school_day(set_on + drawn_between(rng, rates["days"], count) * DAY)
    baseline = np.clip(rates["centre"] + rates["spread"] * ability + rng.normal(0, 2, count), 1, None).round()
    expected = baseline + np.maximum(np.round(rates["growth"] + 0.6 * ability + rng.normal(0, 0.7, count)), 1)
    challenge = expected + rng.integers(1, 4, count)
    reached = np.maximum(np.round(expected + rates["bias"] + rng.normal(0, rates["noise"], count)), baseline - 2)
    known = (due <= LAST_DAY) & (due <= rows["until"].to_numpy() + 14 * DAY) & (rng.random(count) > rates["unrated"])
    steps = rng.integers(4, 9, count)
    share = np.clip((reached - baseline) / (expected - baseline), 0.05, 1)
    attainment = np.clip(np.round((reached - expected) / rates["noise"] * 1.1), -2, 2).astype(int)
    met = np.where(reached >= expected, "met", np.where(reached > baseline, "partly", "not met"))
    return rows.select("pupil_id", "school_id", "year").with_columns(
        pl.format("T{}-{}", pl.col("year") - min(YEARS) + 1, pl.Series(np.arange(count) + 1)).alias("target_id"),
        rows["area"].alias("need_area"), pl.Series("subject", choice), dates(set_on).alias("set_on"),
        pl.Series("set_by", pick(rng, rates["set_by"], count)), dates(due).alias("due_on"),
        pl.Series("baseline", baseline), pl.Series("expected", expected), pl.Series("challenge", challenge),
        pl.Series("achieved", np.where(known, reached, np.nan)).fill_nan(None), pl.Series("steps_planned", steps),
        _known(np.minimum(rng.binomial(steps, share), steps), known).alias("steps_met"),
        _known(attainment, known).alias("attainment"), pl.Series("met", np.where(known, met, "open")),
    )  # fmt: skip


def _known(values: np.ndarray, known: np.ndarray) -> pl.Series:
    """Whole numbers, null where not known."""
    return pl.Series(np.where(known, values, np.nan)).fill_nan(None).cast(pl.Int64)


def plans(world: World) -> pl.DataFrame:
    """The table `plans`: one a pupil with SEN and year, in cycles of assess, plan, do, review."""
    rng, rates = generator(world.seed, "plans"), extra()["plans"]
    rows = with_sen(pupil_years(world))
    count, plan = rows.height, (rows["provision"] == "E").to_numpy()
    start = school_day(rows["since"].to_numpy() + rng.integers(5, 40, count) * DAY)
    due = school_day(start + np.where(plan, rates["plan_days"], rates["support_days"]) * DAY)
    late = np.where(rng.random(count) < rates["late"], rng.integers(8, 60, count), rng.integers(-7, 5, count))
    reviewed = school_day(due + late * DAY)
    held = (reviewed <= LAST_DAY) & (rng.random(count) > rates["never"])
    semh = (rows["area"] == "SEMH").fill_null(False).to_numpy()
    kind = np.where(plan, "EHC plan", np.where(semh & (rng.random(count) < 0.3), "pastoral support", "SEN support"))
    median = np.where(plan, rates["plan_cost"], rates["support_cost"])
    cost = np.round(median * np.exp(rng.normal(0, 0.4, count)), -1)
    issue = np.where(semh, pick(rng, rates["issue_semh"], count), pick(rng, rates["issue"], count))
    return rows.select("pupil_id", "school_id").with_columns(
        pl.Series("plan_id", np.char.add("P", (np.arange(count) + 1).astype(str))), pl.Series("plan_type", kind),
        pl.Series("stage", np.where(held, "review", pick(rng, rates["stage"], count))),
        pl.Series("issue", issue), pl.Series("version", rng.integers(1, 4, count)),
        dates(start).alias("start_date"), dates(due).alias("review_due"), dates(reviewed, held).alias("reviewed_on"),
        _flags(rng, rates["parents"], held).alias("parents_attended"),
        _flags(rng, rates["pupil"], held).alias("pupil_attended"),
        _known(rng.poisson(np.where(plan, 1.1, 0.3)), held).alias("agencies"), pl.Series("annual_cost", cost),
    )  # fmt: skip


def _flags(rng: np.random.Generator, share: float, known: np.ndarray) -> pl.Series:
    drawn = pl.Series(rng.random(len(known)) < share)
    return pl.select(pl.when(pl.Series(known)).then(drawn)).to_series()


def meetings(world: World) -> pl.DataFrame:
    """The table `meetings`: a structured conversation a term for pupils with SEN, planned for the whole year, and an
    annual review of every EHC plan."""
    rng, rates = generator(world.seed, "meetings"), extra()["meetings"]
    with_parts = with_sen(pupil_years(world))
    talks, number = repeated(with_parts, 3)
    first = np.array([[first_day(year) + day * DAY for day in rates["term_days"]] for year in YEARS])
    year = talks["year"].to_numpy() - min(YEARS)
    day = first[year, number] + rng.integers(0, 28, talks.height) * DAY
    reviews = with_parts.filter(provision="E")
    review_day = first[reviews["year"].to_numpy() - min(YEARS), 0] + rng.integers(20, 270, reviews.height) * DAY
    rows = pl.concat([talks, reviews]).select("pupil_id", "school_id", "absence_liability", "since", "until")
    planned, count = school_day(np.concatenate([day, review_day])), rows.height
    review = np.arange(count) >= talks.height
    # families of pupils who miss much school come less often
    chance = 1 / (1 + np.exp(-(rates["held"] - 0.4 * rows["absence_liability"].to_numpy() + 0.8 * review)))
    there = (planned >= rows["since"].to_numpy()) & (planned <= rows["until"].to_numpy())
    held = (rng.random(count) < chance) & (planned <= LAST_DAY)
    held_on = school_day(planned + np.where(rng.random(count) < 0.25, rng.integers(1, 15, count), 0) * DAY)
    return rows.select("pupil_id", "school_id").with_columns(
        pl.Series("kind", np.where(review, "annual review", "structured conversation")),
        dates(planned).alias("planned_on"), dates(held_on, held).alias("held_on"),
        _flags(rng, rates["parents"], held).alias("parents_attended"),
        _flags(rng, rates["pupil"], held).alias("pupil_attended"),
        _known(rng.poisson(np.where(review, 1.2, 0.1)), held).alias("agencies"),
        _known(rng.poisson(1.5, count), held).alias("targets_set"),
        pl.Series("coordinated_by", np.where(review, "SENCo", pick(rng, rates["led_by"], count))),
        pl.Series("evidence", pick(rng, rates["evidence"], count)),
    ).filter(pl.Series(there)).unique(["pupil_id", "school_id", "kind", "planned_on"], maintain_order=True)  # fmt: skip
