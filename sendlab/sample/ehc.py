"""The EHC process: requests, plans and placements, and what each January's SEN2 return says of them."""

from typing import NamedTuple

import numpy as np
import polars as pl

from sendlab.sample.people import check_letter
from sendlab.sample.settings import FIRST_YEAR, generator, pick, settings
from sendlab.sample.support import DAY, YEARS, dates, drawn_between, extra, first_days, january, pupil_years
from sendlab.sample.world import World
from sendlab.sources.reading import as_declared

PERSON = ("pupil_id", "surname", "forename", "dob", "sex", "ethnicity")


class Return(NamedTuple):
    """One year's return: its census day, the persons (with their names) and the rows of the three tables."""

    year: str
    day: np.datetime64
    persons: pl.DataFrame
    requests: pl.DataFrame
    plans: pl.DataFrame
    placements: pl.DataFrame


def plan_starts(cases: pl.DataFrame) -> pl.DataFrame:
    """person and plan_start of those in the authority's schools."""
    known = cases.filter(pl.col("person").is_not_null() & pl.col("start").is_not_null())
    return known.select("person", plan_start="start").unique("person", keep="first", maintain_order=True)


def make_cases(world: World) -> pl.DataFrame:
    """One row a request or plan: the person, the days of the process, its outcomes, and how the plan ends."""
    rng = generator(world.seed, "ehc")
    scale = world.number_of_pupils / 1500
    held = _timed(rng, pl.concat([_school_plans(rng, world), *_outsiders(rng, scale)], how="diagonal_relaxed"))
    cases = pl.concat([held, _refused(rng, world, scale)], how="diagonal_relaxed").with_row_index("case")
    rates, count = extra()["ehc"], cases.height
    budget = rng.random(count) < rates["personal_budget"]
    homes = rates["residential"]
    away = pick(rng, {**homes, "": 1 - sum(homes.values())}, count)
    return cases.with_columns(
        pl.Series("source", pick(rng, rates["source"], count)),
        pl.Series("tribunal", rng.random(count) < rates["tribunal"]),
        pl.Series("mediation", rng.random(count) < rates["mediation"]), pl.Series("budget", budget),
        pl.Series("direct", np.where(budget, pick(rng, rates["direct_payment"], count), "")).replace("", None),
        pl.Series("away", away).replace("", None), pl.Series("drawn", rng.random(count)),
    )  # fmt: skip


def _school_plans(rng: np.random.Generator, world: World) -> pl.DataFrame:
    """Plans of those who have one while in the authority's schools: the day it was issued, and how it ends."""
    rates, rows = extra()["ehc"], pupil_years(world)
    rows = rows.group_by("person", maintain_order=True).agg(
        pl.first("pupil_id", "surname", "forename", "dob", "sex", "ethnicity", "need_1", "need_2", "grade", "entry"),
        pl.last("leaving"), since_year=pl.first("year"), last_year=pl.last("year"),
        first_plan=pl.col("year").filter(pl.col("provision") == "E").first(),
    ).filter(pl.col("first_plan").is_not_null())  # fmt: skip
    count, drawn = rows.height, rng.random(rows.height)
    year, entry, born = (rows[name].to_numpy() for name in ("first_plan", "entry", "dob"))
    turned = year > rows["since_year"].to_numpy()
    joined = (year > min(YEARS)) & ~turned
    september = entry <= first_days(rows["first_plan"]) + 7 * DAY
    reception = (rows["grade"].to_numpy() + year) <= 0
    # who comes in the year, or later than to Reception, may bring a plan from another authority
    middle = joined & (~september | (~reception & (rng.random(count) < rates["transferred"])))
    calendar = np.array([np.datetime64(f"{FIRST_YEAR + y}-02-01") for y in year])
    recent = np.datetime64(f"{FIRST_YEAR + min(YEARS)}-01-04")
    earliest = np.maximum(born + 1150 * DAY, np.datetime64("2015-09-01"))
    latest = np.maximum(np.where(joined, entry - 20 * DAY, recent - 10 * DAY), earliest + DAY)
    older = earliest + ((latest - earliest).astype(int) * drawn).astype(int) * DAY
    fresh = ~joined & (rng.random(count) < rates["issued_before"])
    older = np.where(fresh | (older > recent) & ~joined, recent + (drawn * 230).astype(int) * DAY, older)
    # a child of two or three has the plan before coming to nursery school
    older = np.minimum(older, np.where(joined, entry - 20 * DAY, first_days(rows["first_plan"])))
    start = np.where(turned, calendar + (drawn * 230).astype(int) * DAY, older)
    oldest = (rows["grade"] + rows["last_year"] >= 11).to_numpy()
    on = np.where(oldest, rates["goes_on"]["older"], rates["goes_on"]["younger"])
    leaving = rows["leaving"].to_numpy()
    ends = ~np.isnat(leaving) & (rng.random(count) > on)
    reason = np.where(oldest, pick(rng, rates["cease_older"], count), "5")
    return rows.select("person", *PERSON, "need_1", "need_2").with_columns(
        dates(start).alias("start"), dates(leaving + 25 * DAY, ends).alias("cease"),
        pl.Series("cease_reason", np.where(ends, reason, "")).replace("", None),
        pl.Series("transfer_la", np.where(middle, rng.choice(rates["transfer_from"], count), "")).replace("", None),
        dates(entry, middle).alias("came"),
    )  # fmt: skip


def _outsiders(rng: np.random.Generator, scale: float) -> list[pl.DataFrame]:
    """Plans of children under five and of young people over sixteen who are in no school of the authority."""
    rates = extra()["ehc"]
    first = np.datetime64(f"{FIRST_YEAR + min(YEARS)}-01-01")
    young = max(round(rates["early"] * scale), 1) * len(YEARS)
    old = max(round(rates["post_16"] * scale), 1)
    count = young + old
    start = np.where(np.arange(count) < young, first + rng.integers(5, 365 * len(YEARS) - 5, count) * DAY,
                     first - rng.integers(400, 3000, count) * DAY)  # fmt: skip
    born = np.where(np.arange(count) < young, start - rng.integers(1130, 1500, count) * DAY,
                    first - rng.integers(17 * 366, 22 * 366, count) * DAY)  # fmt: skip
    # a young child's plan passes to another authority in the second summer; a young person's ends by and by
    later = np.where(np.arange(count) < young, start + rng.integers(400, 600, count) * DAY,
                     first + rng.integers(30, 2500, count) * DAY)  # fmt: skip
    reason = np.where(np.arange(count) < young, "5", pick(rng, rates["cease_older"], count))
    serial = np.arange(count)
    number = 999 * 10**9 + rates["establishment"] * 10**5 + (18 + serial // 1000) * 1000 + serial % 1000
    digits = number[:, None] // 10 ** np.arange(11, -1, -1) % 10
    names = np.char.zfill((serial + 1).astype(str), 4)
    frame = pl.DataFrame(
        {
            "pupil_id": np.char.add(check_letter(digits), number.astype(str)),
            "surname": np.char.add("SURNAMEX", names), "forename": np.char.add("FORENAMEX", names),
            "sex": pick(rng, {"M": 0.7, "F": 0.3}, count), "ethnicity": pick(rng, rates["ethnicity"], count),
            "need_1": pick(rng, rates["need"], count), "need_2": [""] * count,
        }
    ).with_columns(
        dates(born).alias("dob"), dates(start).alias("start"), dates(later).alias("cease"),
        pl.Series("cease_reason", reason),
    )  # fmt: skip
    return [frame]


def _timed(rng: np.random.Generator, plans: pl.DataFrame) -> pl.DataFrame:
    """Plans with the days from request to plan, spread evenly over the plans of each calendar year."""
    rates = extra()["ehc"]
    year = plans.select(pl.col("start").dt.year(), drawn=pl.Series(rng.random(plans.height)))
    place = year.select(((pl.col("drawn").rank("ordinal") - 0.5) / pl.len()).over("start")).to_series().to_numpy()
    share = rates["within_20_weeks"]
    in_time = 80 + 60 * np.sqrt(place / share)
    late = 141 + 250 * np.maximum((place - share) / (1 - share), 0) ** 2
    days = np.where(place <= share, np.minimum(in_time, 140), late).astype(int)
    received = plans["start"].to_numpy().astype("datetime64[D]") - days * DAY
    return plans.with_columns(
        dates(received).alias("received"), dates(received + np.clip(days // 3, 14, 60) * DAY).alias("decided"),
        dates(received + days * 3 // 4 * DAY).alias("assessed"), pl.lit("Y").alias("outcome"),
        pl.lit("Y").alias("assessed_outcome"),
        pl.Series("week20", (place > share) & (rng.random(plans.height) < rates["exceptions"])),
    )  # fmt: skip


def _refused(rng: np.random.Generator, world: World, scale: float) -> pl.DataFrame:
    """Requests for pupils with SEN support who never get a plan: refused, withdrawn, or assessed and no plan issued."""
    rates, rows = extra()["ehc"], pupil_years(world)
    ever = rows.group_by("person").agg((pl.col("provision") == "E").any().alias("ever"))
    able = rows.join(ever, on="person", maintain_order="left").filter(~pl.col("ever"), provision="K", january=True)
    found = []
    for year in YEARS:
        here = able.filter(year=year)
        size = min(max(round(rates["refused"] * scale), 1), here.height)
        found.append(here[np.sort(rng.choice(here.height, size=size, replace=False))])
    rows = pl.concat(found).unique("person", keep="first", maintain_order=True)
    count = rows.height
    received = (
        np.array([np.datetime64(f"{FIRST_YEAR + y}-01-08") for y in rows["year"]]) + rng.integers(0, 350, count) * DAY
    )
    outcome = pick(rng, rates["outcome"], count)
    one = rows.select("person", *PERSON).with_columns(
        dates(received).alias("received"), dates(received + rng.integers(15, 52, count) * DAY).alias("decided"),
        pl.Series("outcome", outcome), pl.lit(False).alias("week20"),
        dates(received + rng.integers(80, 125, count) * DAY, outcome == "Y").alias("assessed"),
        pl.Series("assessed_outcome", np.where(outcome == "Y", "N", "")).replace("", None),
    )  # fmt: skip
    again = one.filter((pl.col("outcome") == "N") & pl.Series(rng.random(count) < rates["again"])).with_columns(
        pl.col("received").dt.offset_by("100d"), pl.col("decided").dt.offset_by("110d"), pl.lit("W").alias("outcome")
    )
    return pl.concat([one, again])


def make_returns(world: World, cases: pl.DataFrame) -> list[Return]:
    """The returns of the Januaries of the sample, earliest first."""
    return [_return(world, cases, year) for year in YEARS]


def _return(world: World, cases: pl.DataFrame, year: int) -> Return:
    rng, calendar, day = generator(world.seed, f"sen2 {year}"), FIRST_YEAR + year, january(year)
    first, last = pl.date(calendar, 1, 1), pl.date(calendar, 12, 31)
    moved_in = pl.col("transfer_la").is_not_null()
    there = pl.when(moved_in).then(pl.col("came") <= pl.lit(day)).otherwise(pl.col("received") <= last)
    ended = (pl.col("cease") <= last).fill_null(False)
    begun = (pl.col("start") <= last).fill_null(False)
    flow = (pl.max_horizontal("received", "decided", "assessed", "start") >= first) & ~moved_in
    active = begun & (pl.col("cease").is_null() | (pl.col("cease") > pl.lit(day)))
    rows = cases.filter(there).with_columns(
        flow=flow, active=active, ended=ended & (pl.col("cease") >= first), return_year=pl.lit(str(calendar + 1))
    )
    rows = rows.filter(pl.col("flow") | pl.col("active") | pl.col("ended")).sort("pupil_id", "received")
    rows = rows.with_columns(request_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("pupil_id"))
    names = rows.select(PERSON)
    active_rows = rows.filter("active")
    named = rows.filter((pl.col("start") <= last).fill_null(False))
    places = [_places(rng, world, active_rows, "active", day), _places(rng, world, named, "named", day)]
    return Return(
        str(calendar + 1), day, names.unique("pupil_id", maintain_order=True),
        as_declared(_requests(rows, calendar), "ehc_requests"),
        as_declared(_plans(rng, active_rows, calendar), "ehc_plans"), pl.concat(places),
    )  # fmt: skip


def _requests(rows: pl.DataFrame, calendar: int) -> pl.DataFrame:
    """Rows of `ehc_requests`: what was known at the end of the calendar year; H where the plan is older."""
    last, flow = pl.date(calendar, 12, 31), pl.col("flow")
    decided = flow & (pl.col("decided") <= last)
    assessing = decided & (pl.col("outcome") == "Y")
    assessed = assessing & (pl.col("assessed") <= last)
    issued = (pl.col("start") <= last) & (assessed | ~flow)
    ended = issued & (pl.col("cease") <= last)

    def known(when: pl.Expr, column: str) -> pl.Expr:
        return pl.when(when).then(column)

    return rows.select(
        "pupil_id", "request_number", "return_year", "sex", "ethnicity", la_code=pl.lit(settings()["area"]["la_code"]),
        age_at_31_august=(calendar - pl.col("dob").dt.year() - (pl.col("dob").dt.month() > 8).cast(pl.Int64)),
        received_date=known(flow, "received"), rya=pl.when(flow).then(False),
        request_source=known(flow & pl.lit(calendar >= 2024), "source"),
        request_outcome=pl.when(~flow).then(pl.lit("H")).when(decided).then("outcome").otherwise(pl.lit("A")),
        request_outcome_date=known(decided, "decided"),
        request_mediation=known(flow, "mediation"), request_tribunal=known(flow, "tribunal"),
        assessment_outcome=pl.when(~flow).then(pl.lit("H")).when(assessed).then("assessed_outcome")
        .when(assessing).then(pl.lit("A")),
        assessment_outcome_date=known(assessed, "assessed"),
        assessment_mediation=pl.when(assessed).then(False), assessment_tribunal=pl.when(assessed).then(False),
        other_mediation=pl.when(assessed).then(False), other_tribunal=pl.when(assessed).then(False),
        week20=known(assessed, "week20"), plan_start_date=known(issued, "start"),
        residential=known(issued, "away"), personal_budget=known(issued, "budget"),
        organised_arrangement=pl.when(issued).then(pl.col("budget") & pl.col("direct").is_null()),
        direct_payment=known(issued, "direct"), cease_date=known(ended, "cease"),
        cease_reason=known(ended, "cease_reason"),
    )  # fmt: skip


def _plans(rng: np.random.Generator, rows: pl.DataFrame, calendar: int) -> pl.DataFrame:
    """Rows of `ehc_plans`: reviews of the calendar year, and phase transfers of those who finish Year 6 or 11."""
    rates, count = extra()["ehc"], rows.height
    meeting = np.datetime64(f"{calendar}-01-10") + rng.integers(0, 320, count) * DAY
    old = (meeting - rows["start"].to_numpy()) / DAY > 200
    reviewed = old & (rng.random(count) < rates["reviewed"])
    decided = meeting + drawn_between(rng, rates["decision_days"], count) * DAY
    known = reviewed & (decided <= np.datetime64(f"{calendar + 1}-01-12"))
    outcome = pick(rng, rates["review_outcome"], count)
    new_fields = calendar >= 2024  # came with the return of 2025
    school_year = (
        calendar - rows.select(pl.col("dob").dt.year() + (pl.col("dob").dt.month() > 8)).to_series().to_numpy()
    )
    transfer = np.isin(school_year, [10, 15]) & new_fields
    due = np.where(school_year == 10, np.datetime64(f"{calendar + 1}-02-15"), np.datetime64(f"{calendar + 1}-03-31"))
    final = due + rng.integers(-40, 3, count) * DAY
    return rows.with_columns(
        pl.when(pl.col("came").dt.year() == calendar).then("transfer_la").alias("transfer_la"),
        dates(meeting, reviewed).alias("review_meeting"),
        pl.Series("review_outcome", np.where(known, outcome, "")).replace("", None),
        dates(decided, known).alias("last_review"),
        dates(decided + 5 * DAY, known & (outcome == "A") & new_fields).alias("review_draft"),
        dates(due, transfer).alias("phase_transfer_due"),
        dates(final, transfer & (final <= np.datetime64(f"{calendar + 1}-01-20"))).alias("phase_transfer_final"),
        pl.col("need_1").replace("", None).fill_null("OTH").alias("sen_primary_need"),
        pl.col("need_2").replace("", None).alias("sen_secondary_need"),
    )  # fmt: skip


def _places(rng: np.random.Generator, world: World, rows: pl.DataFrame, plan: str, day: np.datetime64) -> pl.DataFrame:
    """Rows of `ehc_placements`: schools of the authority by the roll, other places by age; a few have a second one."""
    rates = extra()["ehc"]
    # what an older plan named is not known any more: its place of today stands for it
    on = pl.when(pl.lit(plan == "named") & pl.col("flow")).then("start").otherwise(pl.lit(day))
    schools = world.schools.select("school", "key", "predecessor_urn", "converted_on", urn="school_urn")
    stays = world.stays.frame.select("person", "school", "entry", "leaving", "status")
    stays = stays.join(schools, on="school", maintain_order="left")
    told = rows.select(
        "case", "pupil_id", "request_number", "return_year", "person", "dob", "drawn", "start", "away", "cease", on=on
    )
    at = told.join(stays, on="person", maintain_order="left").filter(
        (pl.col("entry") <= pl.col("on")) & (pl.col("leaving").is_null() | (pl.col("leaving") >= pl.col("on")))
    )
    at = at.sort("case", "status", "entry").unique(["case", "urn"], keep="last", maintain_order=True)
    before = (pl.col("on") < pl.col("converted_on")).fill_null(False)
    held = list(settings()["resourced"])
    at = at.with_columns(
        school_urn=pl.when(before & pl.col("predecessor_urn").is_not_null()).then("predecessor_urn").otherwise("urn"),
        resourced_provision=pl.col("key").is_in(held),
        sen_unit=pl.lit(False),
    )
    other = told.join(at.select("case").unique(), on="case", how="anti", maintain_order="left")
    age = (other["on"] - other["dob"]).dt.total_days().to_numpy() / 365.25
    kind = pick(rng, rates["older_place"], other.height)
    kind = np.where(age < 5, "EYP", np.where(age < 16, "school", kind))
    kind = np.where((plan == "named") & (kind == "NEET"), "OTH", kind)
    setting = np.where(np.isin(kind, ["school", "college", "work"]), "", kind)
    other = other.with_columns(
        pl.Series("sen_setting", setting).replace("", None),
        entry=pl.col("start") + pl.duration(days=20),
        school_urn=pl.Series(np.where(kind == "school", rates["outside_urn"], "")).replace("", None),
        ukprn=pl.Series(np.where(np.isin(kind, ["college", "work"]), rates["college_ukprn"], "")).replace("", None),
        work_based=pl.Series(np.where(kind == "work", "S", "")).replace("", None),
    )
    second = at.filter(pl.col("drawn") < rates["second_place"]).unique("case", keep="first", maintain_order=True)
    second = second.select(told.columns).with_columns(
        ukprn=pl.lit(rates["college_ukprn"]), entry=pl.col("on") - pl.duration(days=60)
    )
    every = pl.concat([at, other, second], how="diagonal_relaxed").with_columns(
        placement_rank=pl.int_range(1, pl.len() + 1).over("case").cast(pl.String), plan=pl.lit(plan)
    )
    entry = pl.col("entry") if plan == "active" else pl.lit(None, dtype=pl.Date)
    home = pl.col("away") if plan == "active" else pl.lit(None, dtype=pl.String)
    work = pl.col("work_based") if plan == "active" else pl.lit(None, dtype=pl.String)
    every = every.with_columns(entry_date=entry, residential=home, work_based=work)
    return as_declared(
        every.filter(pl.col("placement_rank").is_in(["1", "2"])).sort("case", "placement_rank"), "ehc_placements"
    )


def ehc_tables(returns: list[Return]) -> dict[str, pl.DataFrame]:
    """The three tables of all returns: each return as it stands."""
    return {
        "ehc_requests": pl.concat(found.requests for found in returns),
        "ehc_plans": pl.concat(found.plans for found in returns),
        "ehc_placements": pl.concat(found.placements for found in returns),
    }
