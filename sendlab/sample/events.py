"""Suspensions and permanent exclusions: few pupils, several times each; the register and what each census repeats."""

import numpy as np
import polars as pl
from scipy.special import ndtri

from sendlab.sample.roll import Stays
from sendlab.sample.settings import SCHOOL_YEARS, generator, pick, settings
from sendlab.sample.terms import PARTS, SUMMER_BEFORE, between, first_day, last_day, school_days

SHORTEST = 15  # school days on roll below which nobody is suspended


def _share(rows: pl.DataFrame, year: int) -> np.ndarray:
    """Chance that a pupil is suspended once or more in a year at this school."""
    rates, planted, hidden = settings()["suspension"], settings()["planted"]["suspensions"], settings()["informal"]
    found = []
    for kind, key, code, need, grade in rows.select("kind", "key", "provision", "need_1", "grade").iter_rows():
        if kind == "nursery" or not 1 <= grade + year <= 11:
            found.append(0.0)
        elif key == planted["school"] and code == planted["provision"]:
            found.append(planted["share"])
        elif key == hidden["school"] and need == hidden["need"] and code != "N":
            found.append(hidden["suspended"])
        else:
            by_need = 1.0 if code == "N" else rates["semh"] if need == "SEMH" else rates["other_need"]
            found.append(min(rates[f"once_{code}"][kind] * by_need, 0.9))
    return np.array(found)


def _year_of_events(rng: np.random.Generator, rows: pl.DataFrame, year: int) -> pl.DataFrame:
    """Suspensions of one year (year -1: only the summer term before the sample), one row an event."""
    rates = settings()["suspension"]
    days = school_days(*SUMMER_BEFORE) if year < 0 else school_days(first_day(year), last_day(year), year)
    low = np.searchsorted(days, rows["entry"].to_numpy())
    leaving = rows["leaving"].fill_null(days[-1]).to_numpy()
    high = np.searchsorted(days, leaving, side="right")
    share = _share(rows, year) * np.clip((high - low) / len(days), 0, 1)
    share = np.where(high - low < SHORTEST, 0, share * (rates["summer_share"] if year < 0 else 1))
    again = rates["year_to_year"]
    liability = again * rows["event_liability"].to_numpy() + np.sqrt(1 - again**2) * rng.normal(size=rows.height)
    with np.errstate(divide="ignore"):
        suspended = np.flatnonzero(liability > ndtri(1 - share))
    mean = np.array([rates[f"mean_{code}"] for code in rows["provision"].to_numpy()[suspended]])
    count = np.minimum(rng.geometric(1 / mean), rates["most"])
    row = np.repeat(suspended, count)
    day = days[low[row] + (rng.random(len(row)) * (high - low)[row]).astype(int)]
    return (
        rows[row]
        .select("stay", "person", "school", "provision", "provision_later", "not_recorded")
        .with_columns(pl.Series("start_date", day), pl.lit(year).alias("year"))
    )


def _details(rng: np.random.Generator, events: pl.DataFrame) -> pl.DataFrame:
    """Category, length and reasons of each event."""
    rates, count = settings()["suspension"], events.height
    permanent = events["permanent"].to_numpy()
    lunch = (rng.random(count) < rates["lunchtime"]) & ~permanent
    first, second = pick(rng, rates["reasons"], count), pick(rng, rates["reasons"], count)
    two = (rng.random(count) < rates["second_reason"]) & (first != second)
    sessions = np.where(lunch, 1.0, pick(rng, rates["sessions"], count).astype(float))
    return events.with_columns(
        pl.Series("category", np.where(permanent, "PERM", np.where(lunch, "LNCH", "SUSP"))),
        pl.Series("sessions", np.where(permanent, np.nan, sessions)).fill_nan(None),
        pl.Series("reason_1", first),
        pl.Series("reason_2", np.where(two, second, "")).replace("", None),
        pl.lit(None, pl.String).alias("reason_3"),
    )


def _permanent(stays: Stays, people: pl.DataFrame) -> pl.DataFrame:
    """The planned permanent exclusions as events of the stay that they end."""
    events = stays.excluded.join(stays.frame.drop("leaving"), on=["person", "school"])
    year = pl.sum_horizontal(pl.col("day") >= pl.lit(first_day(year)) for year in range(1, SCHOOL_YEARS))
    rows = events.join(people, on="person").with_columns(year=year.cast(pl.Int32), start_date=pl.col("day"))

    def provision(after: int) -> pl.Expr:
        choices = [pl.when(pl.col("year") == n).then(f"provision_{n + after}") for n in range(SCHOOL_YEARS)]
        return pl.coalesce(choices)

    return rows.select(
        "stay", "person", "school", "not_recorded", "start_date", "year",
        provision=provision(0), provision_later=provision(1), permanent=pl.lit(True),
    )  # fmt: skip


def make_events(seed: int, people: pl.DataFrame, schools: pl.DataFrame, stays: Stays) -> pl.DataFrame:
    """One row an event: stay, person, school, year, start_date, category, sessions, reasons, provision on the day."""
    rng = generator(seed, "events")
    rows = stays.frame.join(people.drop("school", "entry"), on="person").join(
        schools.select("school", "kind", "key"), on="school"
    )
    found = []
    for year in range(-1, SCHOOL_YEARS):
        now, later = f"provision_{max(year, 0)}", f"provision_{year + 1}"
        of_year = rows.with_columns(provision=pl.col(now), provision_later=pl.col(later)).sort("stay")
        found.append(_year_of_events(rng, of_year, year).with_columns(permanent=pl.lit(False)))
    last = _permanent(stays, people)
    events = pl.concat([*found, last.select(found[0].columns).cast(found[0].schema)])
    events = events.unique(["stay", "start_date"], keep="last", maintain_order=True)
    ends = stays.excluded.rename({"day": "excluded_on"})
    events = events.join(ends, on=["person", "school"], how="left", maintain_order="left")
    events = events.filter(pl.col("excluded_on").is_null() | (pl.col("start_date") <= pl.col("excluded_on")))
    # A pupil who has SEN next year has it already in the summer term: status in January and at the event differ.
    summer = pl.any_horizontal([between("start_date", p.first, p.last) for p in PARTS if p.term == "Summer term"])
    code = pl.when(summer & (pl.col("provision") == "N")).then("provision_later").otherwise("provision")
    events = events.with_columns(sen_provision=pl.when(pl.col("not_recorded")).then(None).otherwise(code))
    return _details(rng, events.sort("start_date", "stay")).select(
        "stay", "person", "school", "year", "start_date", "category", "sessions", "reason_1", "reason_2", "reason_3",
        "sen_provision",
    )  # fmt: skip


def of_census(events: pl.DataFrame, first: np.datetime64, last: np.datetime64) -> pl.DataFrame:
    """The events whose first day falls in the window of a census."""
    return events.filter(between("start_date", first, last))
