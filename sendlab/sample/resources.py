"""Moves, alternative provision, money, staff, observations of teaching, inspections and the local offer."""

import numpy as np
import polars as pl

from sendlab.sample.settings import FIRST_YEAR, generator, period, pick, settings
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
from sendlab.sample.terms import last_day
from sendlab.sample.world import World

TERMS = ("Autumn term", "Spring term", "Summer term")


def transitions(world: World) -> pl.DataFrame:
    """The table `transitions`: moves between schools, into secondary school, back from the PRU, and after Year 11."""
    rng, rates = generator(world.seed, "transitions"), extra()["transitions"]
    rows = _moves(rng, world, rates)
    count = rows.height
    provision = [code or "N" for code in rows["provision"]]
    shares = {code: pick(rng, shares, count) for code, shares in rates["after_16"].items()}
    after = np.array([shares[code][at] for at, code in enumerate(provision)])
    kind, moved = rows["kind_of_move"].to_numpy(), rows["moved_on"].to_numpy()
    destination = np.where(
        kind == "post-16", after, np.where(rows["onward"].is_not_null(), "school", "school elsewhere")
    )
    sen = np.array(provision) != "N"
    checked = moved + 120 * DAY
    told = (checked <= LAST_DAY) & (destination != "not known")
    stayed = rng.random(count) < np.array([rates["sustained"][code] for code in provision])
    given = rng.random(count) < np.array([rates["package"][code] for code in provision])
    sent = school_day(moved - rng.integers(-30, 45, count) * DAY)
    return rows.select("pupil_id", "school_id", "moved_on").with_columns(
        pl.Series("kind", kind), rows["onward"].alias("destination_school_id"), pl.Series("destination", destination),
        pl.Series("distance_km", np.round(rates["distance_km"] * np.exp(rng.normal(0, 0.7, count)), 1)),
        pl.Series("package", given), dates(sent, sen & (rng.random(count) < 0.85)).alias("records_sent_on"),
        dates(checked, told).alias("sustained_on"),
        pl.select(pl.when(pl.Series(told)).then(pl.Series(stayed))).to_series().alias("sustained"),
    ).unique(["pupil_id", "kind", "moved_on"], keep="first", maintain_order=True)  # fmt: skip


def _moves(rng: np.random.Generator, world: World, rates: dict[str, float]) -> pl.DataFrame:
    """One row a stay that ended in the sample: kind of move, first day elsewhere, next school where it is ours."""
    rows = pupil_years(world).unique("stay", keep="last", maintain_order=True).sort("person", "entry")
    following = [pl.col(name).shift(-1).over("person") for name in ("school_id", "entry")]
    rows = rows.with_columns(following[0].alias("onward"), following[1].alias("onward_from"))
    rows = rows.filter(pl.col("leaving") <= pl.lit(LAST_DAY))
    summer = pl.col("leaving").dt.month().is_in([6, 7])
    managed = (pl.col("event_liability") > 0.5) & pl.Series(rng.random(rows.height) < rates["managed"])
    kind = (
        pl.when(summer & (pl.col("year_group") >= 11)).then(pl.lit("post-16"))
        .when(summer & (pl.col("kind").is_in(["primary", "nursery"]))).then(pl.lit("phase"))
        .when(managed & pl.col("onward").is_not_null()).then(pl.lit("managed move"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip
    next_day = pl.coalesce("onward_from", pl.col("leaving").dt.offset_by("40d"))
    whole = rows.select(
        "pupil_id", "school_id", "provision", kind.alias("kind_of_move"), next_day.alias("moved_on"), "onward"
    )
    # back from the PRU to the main school, at the end of a dual registration
    stays = world.stays.frame.join(world.people.select("person", pl.col("upn").alias("pupil_id")), on="person")
    stays = stays.join(world.schools.select("school", "school_id"), on="school", maintain_order="left")
    main = stays.filter(pl.col("dual_from").is_not_null()).select("person", pl.col("school_id").alias("onward"))
    back = stays.filter((pl.col("status") == "S") & (pl.col("leaving") <= pl.lit(LAST_DAY)))
    back = back.join(main, on="person", maintain_order="left").select(
        "pupil_id", "school_id", pl.lit("K").alias("provision"),
        pl.lit("from alternative provision").alias("kind_of_move"),
        pl.col("leaving").dt.offset_by("45d").alias("moved_on"), "onward",
    )  # fmt: skip
    return pl.concat([whole, back]).sort("moved_on", "pupil_id")


def alternative_provision(world: World) -> pl.DataFrame:
    """The table `alternative_provision`: days at the PRU beside a main school, and placements in invented provision."""
    rng, rates = generator(world.seed, "alternative provision"), extra()["alternative_provision"]
    schools = world.schools.select("school", "school_id", "school_urn")
    stays = world.stays.frame.join(world.people.select("person", pl.col("upn").alias("pupil_id")), on="person")
    main = stays.filter(pl.col("dual_from").is_not_null()).join(schools, on="school").select("person", "school_id")
    dual = stays.filter(pl.col("status") == "S").join(schools.select("school", setting_urn="school_urn"), on="school")
    dual = dual.join(main, on="person", maintain_order="left").select(
        "pupil_id", "school_id", "setting_urn", entry_date="entry", leaving_date="leaving",
        setting_type=pl.lit("pupil referral unit"), pattern=pl.lit("part-time"), sessions_per_week=pl.lit(6.0),
        reason=pl.lit("behaviour"), sen_provision=pl.lit("K"),
    )  # fmt: skip
    able = with_sen(pupil_years(world), 120).filter(kind="secondary", area="SEMH")
    some = able.filter(pl.Series(rng.random(able.height) < rates["share"]))
    start = school_day(some["since"].to_numpy() + rng.integers(15, 90, some.height) * DAY)
    end = np.minimum(start + drawn_between(rng, rates["days"], some.height) * DAY, some["until"].to_numpy())
    other = some.select("pupil_id", "school_id").with_columns(
        pl.Series("setting_urn", rng.choice(rates["urns"], some.height), dtype=pl.String),
        dates(start).alias("entry_date"), dates(end, end < LAST_DAY).alias("leaving_date"),
        pl.lit("independent provider").alias("setting_type"), pl.lit("part-time").alias("pattern"),
        pl.Series("sessions_per_week", drawn_between(rng, rates["sessions_per_week"], some.height).astype(float)),
        pl.Series("reason", pick(rng, rates["reason"], some.height), dtype=pl.String),
        some["provision"].alias("sen_provision"),
    )  # fmt: skip
    return pl.concat([dual.sort("pupil_id"), other])


def funding(world: World) -> dict[str, pl.DataFrame]:
    """The tables `funding` and `pupil_funding`, by financial year (the April in each school year begins one)."""
    rng, rates = generator(world.seed, "funding"), extra()["funding"]
    rows = pupil_years(world).filter("january").with_columns(
        financial_year=pl.format("{}-{}", pl.col("year") + FIRST_YEAR, (pl.col("year") + FIRST_YEAR + 1) % 100),
        meals=pl.col("free_meals_from").is_not_null(),
    )  # fmt: skip
    plans = rows.filter(provision="E")
    hours = np.round(rng.uniform(rates["hours"][0], rates["hours"][1], plans.height))
    share = np.clip(rng.normal(0.93, 0.09, plans.height), 0.4, 1.0)
    middle = np.where(plans["kind"].is_in(["special", "pru"]), rates["top_up_special"], rates["top_up"])
    amount = np.round(middle * np.exp(rng.normal(0, 0.3, plans.height)), -1)
    pupils = plans.select("pupil_id", "school_id", "financial_year").with_columns(
        pl.lit("high needs top-up").alias("stream"), pl.Series("amount", amount), pl.Series("hours_specified", hours),
        pl.Series("hours_delivered", np.round(hours * share, 1)),
    )  # fmt: skip
    by = ["school_id", "kind", "financial_year"]
    sums = rows.group_by(by, maintain_order=True).agg(
        pl.len().alias("all"), pl.col("meals").sum().alias("premium"),
        pl.col("provision").is_in(["K", "E"]).sum().alias("sen"), (pl.col("provision") == "E").sum().alias("plans"),
    ).join(pupils.group_by("school_id", "financial_year").agg(pl.sum("amount")), on=["school_id", "financial_year"],
           how="left", maintain_order="left")  # fmt: skip
    special = pl.col("kind").is_in(["special", "pru"])
    streams = [
        ("notional SEN", ~special, pl.col("all") * rates["notional_per_pupil"], "sen"),
        ("high needs top-up", pl.col("plans") > 0, pl.col("amount"), "plans"),
        ("high needs place", special, pl.col("all") * rates["place"], "all"),
        ("pupil premium", pl.col("premium") > 0, pl.col("premium") * rates["premium"], "premium"),
    ]
    whole = pl.concat(
        sums.filter(where).select(
            "school_id", "financial_year", stream=pl.lit(name), budget=money.round(0), pupils=pl.col(count).cast(float)
        )
        for name, where, money, count in streams
    )
    lines = pl.DataFrame({"line": ["all", *rates["lines"]], "share": [1.0, *rates["lines"].values()]})
    split = whole.join(lines, how="cross", maintain_order="left_right")
    split = split.filter((pl.col("line") == "all") | (pl.col("stream") == "notional SEN"))
    spent = np.clip(rng.normal(1.01, 0.06, split.height), 0.7, 1.3)
    done = split.with_columns(
        budget=(pl.col("budget") * pl.col("share")).round(0),
        spend=(pl.col("budget") * pl.col("share") * spent).round(0),
    )
    # what is spent in all is the sum of its lines, where there are any
    parts = (
        done.filter(pl.col("line") != "all").group_by("school_id", "financial_year", "stream").agg(sum=pl.sum("spend"))
    )
    done = done.join(parts, on=["school_id", "financial_year", "stream"], how="left", maintain_order="left")
    whole_line = (pl.col("line") == "all") & pl.col("sum").is_not_null()
    return {
        "funding": done.with_columns(spend=pl.when(whole_line).then("sum").otherwise("spend")),
        "pupil_funding": pupils,
    }


def staff(world: World) -> dict[str, pl.DataFrame]:
    """The tables `staff_training`, `staff_deployment` and `lesson_observations`."""
    rng, rates, schools = generator(world.seed, "staff"), extra()["staff"], world.schools
    people = np.maximum(np.round(schools["size"].to_numpy() * rates["per_pupil"]), 4).astype(int)
    each = schools.select("school_id").with_columns(pl.Series("staff_total", people)).join(
        pl.DataFrame({"year": list(YEARS)}), how="cross", maintain_order="left_right"
    )  # fmt: skip
    courses, number = repeated(each, rates["a_year"])
    names = list(rates["courses"])
    at = (rng.integers(0, len(names), each.height).repeat(rates["a_year"]) + number) % len(names)
    first = first_days(courses["year"])
    held = school_day(first + rng.integers(2, 280, courses.height) * DAY)
    trained = rng.binomial(courses["staff_total"].to_numpy(), 0.62)
    training = courses.select("school_id", "staff_total").with_columns(
        pl.Series("course", [names[i] for i in at]), pl.Series("need_area", [rates["courses"][names[i]] for i in at]),
        dates(held).alias("held_on"), pl.Series("staff_trained", trained),
        pl.Series("sustained", rng.random(courses.height) < 0.58),
    )  # fmt: skip
    roles = pl.DataFrame(rates["roles"], schema=["role", "mode", "hours"], orient="row")
    terms = each.join(pl.DataFrame({"term": TERMS}), how="cross", maintain_order="left_right")
    posts = terms.join(roles, how="cross", maintain_order="left_right")
    hours = (
        posts["hours"].to_numpy()
        * np.sqrt(posts["staff_total"].to_numpy() / 25)
        * rng.uniform(0.85, 1.15, posts.height)
    )
    deployed = posts.with_columns(
        pl.col("year").replace_strict({year: period(year) for year in YEARS}).alias("time_period"),
        pl.Series("hours_per_week", np.round(hours * 2) / 2),
        pl.Series("reviewed", rng.random(posts.height) < rates["reviewed"]),
    )  # fmt: skip
    seen, _ = repeated(each, rates["observations"])
    first = first_days(seen["year"])
    day = school_day(first + rng.integers(10, 290, seen.height) * DAY)
    kinds = {"lesson": 0.45, "learning walk": 0.25, "intervention": 0.15, "book scrutiny": 0.15}
    observed = seen.select("school_id").with_columns(
        dates(day).alias("observed_on"), pl.Series("type", pick(rng, kinds, seen.height)),
        pl.Series("subject", rng.choice(rates["subjects"], seen.height)),
        pl.Series("grade", pick(rng, rates["grade"], seen.height)),
        pl.Series("core_standards_met", rng.random(seen.height) < rates["standards"]),
    ).with_columns(number=pl.int_range(1, pl.len() + 1).over("school_id", "observed_on"))  # fmt: skip
    return {"staff_training": training, "staff_deployment": deployed, "lesson_observations": observed}


def inspections(world: World) -> pl.DataFrame:
    """The table `inspections`: each school under one framework or two, each in the words of its time; and the area."""
    rng, rates, schools = generator(world.seed, "inspections"), extra()["inspections"], world.schools["school_id"]
    found = []
    for at, school in enumerate(schools):
        for era in (("graded", "card") if at % 2 else ("graded", "key"))[: 1 + (at % 3 > 0)]:
            rule = rates[era]
            day = school_day(np.array([np.datetime64(rule["from"])]) + int(rng.integers(rule["days"])) * DAY)[0]
            grades = list(pick(rng, rule["grades"], len(rule["areas"])))
            areas = list(rule["areas"])
            if era == "card":
                areas, grades = [*areas, "safeguarding"], [*grades, "MET"]
            told = (day.astype(object), (day + 40 * DAY).astype(object))
            for area, grade in zip(areas, grades, strict=True):
                found.append((school, told[0], rates["names"][era], area, str(grade), told[1]))
    area = rates["area"]
    found.append((settings()["area"]["la_code"], area["inspected_on"], area["framework"], "area SEND", area["grade"],
                  area["published_on"]))  # fmt: skip
    names = ["school_id", "inspected_on", "framework", "judgement_area", "grade", "published_on"]
    return pl.DataFrame(found, schema=names, orient="row")


def local_offer(world: World) -> pl.DataFrame:
    """The table `local_offer`: four items a school."""
    rng, rates = generator(world.seed, "local offer"), extra()["local_offer"]
    rows = world.schools.select("school_id").join(
        pl.DataFrame({"item": rates["items"]}), how="cross", maintain_order="left_right"
    )
    day = last_day(YEARS[-1]) - rng.integers(40, 700, rows.height) * DAY
    return rows.with_columns(
        dates(day).alias("published_on"), pl.Series("findable", rng.random(rows.height) < rates["findable"]),
        pl.Series("complete", rng.random(rows.height) < rates["complete"]),
    )  # fmt: skip
