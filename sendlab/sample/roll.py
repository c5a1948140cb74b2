"""Stays: who is on which school's roll from when to when, with moves, transfers, exclusions and dual registration."""

from typing import NamedTuple

import numpy as np
import polars as pl

from sendlab.sample.people import YEARS, scale_of
from sendlab.sample.settings import SCHOOL_YEARS, generator, settings
from sendlab.sample.terms import YEAR_11_LEAVES, first_day, last_day, school_days

_NEVER = np.datetime64("NaT", "D")
_NOWHERE = -1


class _Roll(NamedTuple):
    """Where each person is now, since when, and the stays that have ended."""

    school: np.ndarray
    entry: np.ndarray
    ended: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]  # person, school, entry, leaving

    def leave(self, people: np.ndarray, day: np.ndarray) -> None:
        """End the stays of these people."""
        self.ended.append((people, self.school[people], self.entry[people], day))
        self.school[people] = _NOWHERE

    def enter(self, people: np.ndarray, school: np.ndarray, day: np.ndarray) -> None:
        """Put these people on a roll."""
        self.school[people], self.entry[people] = school, day


class Stays(NamedTuple):
    """`frame`: stay, person, school, entry, leaving, status, dual_from, dual_to. `excluded`: person, school, day."""

    frame: pl.DataFrame
    excluded: pl.DataFrame


def _among(rng: np.random.Generator, candidates: np.ndarray, size: int) -> np.ndarray:
    return np.sort(rng.choice(np.flatnonzero(candidates), size=min(size, int(candidates.sum())), replace=False))


def _transfer(
    rng: np.random.Generator, roll: _Roll, waiting: np.ndarray, grade: np.ndarray, schools: pl.DataFrame, year: int
) -> None:
    """September: those who finished nursery or primary school start at a primary or secondary school."""
    primaries, secondaries = schools.filter(kind="primary", low=0)["school"], schools.filter(kind="secondary")["school"]
    for older, places in ((False, primaries.to_numpy()), (True, secondaries.to_numpy())):
        people = np.flatnonzero(waiting & ((grade + year > 0) == older))
        roll.enter(people, rng.choice(places, size=len(people)), np.repeat(first_day(year), len(people)))
    waiting[:] = False


def _move_about(rng: np.random.Generator, roll: _Roll, schools: pl.DataFrame, year: int, size: int) -> None:
    """During the year: some leave a mainstream school, half of them for another one of the same phase."""
    kind = schools["kind"].to_numpy()
    here = np.where(roll.school == _NOWHERE, "", kind[roll.school])
    people = _among(rng, np.isin(here, ["primary", "secondary"]) & (roll.entry <= first_day(year)), size)
    days = rng.choice(school_days(first_day(year) + 20, last_day(year) - 40, year), size=len(people))
    old = roll.school[people]
    roll.leave(people, days)
    onward = rng.random(len(people)) < settings()["moves"]["move_on"]
    for person, school, day in zip(people[onward], old[onward], days[onward], strict=True):
        others = np.flatnonzero((kind == kind[school]) & (np.arange(len(kind)) != school))
        roll.enter(np.array([person]), rng.choice(others, size=1), np.array([day + 7]))


def _exclude(
    rng: np.random.Generator, roll: _Roll, schools: pl.DataFrame, people: pl.DataFrame, year: int, size: int
) -> pl.DataFrame:
    """Permanent exclusions from secondary schools: the pupil leaves a fortnight later and goes to a PRU."""
    kind, grade = schools["kind"].to_numpy(), people["grade"].to_numpy() + year
    here = np.where(roll.school == _NOWHERE, "", kind[roll.school])
    sen = people[f"provision_{year}"].to_numpy() != "N"
    able = (here == "secondary") & (grade >= 8) & (grade <= 10) & (people["event_liability"].to_numpy() > 0.8)
    chosen = _among(rng, able & sen & (roll.entry <= first_day(year)), size)
    days = rng.choice(school_days(first_day(year) + 50, last_day(year) - 60, year), size=len(chosen))
    excluded = pl.DataFrame({"person": chosen, "school": roll.school[chosen], "day": days})
    roll.leave(chosen, days + 14)
    roll.enter(chosen, rng.choice(np.flatnonzero(kind == "pru"), size=len(chosen)), days + 17)
    return excluded


def _finish(rng: np.random.Generator, roll: _Roll, schools: pl.DataFrame, grade: np.ndarray, year: int) -> np.ndarray:
    """July: the oldest year group leaves. True for those who go on to its next school."""
    oldest = (roll.school != _NOWHERE) & (grade + year == schools["high"].to_numpy()[roll.school])
    kind = schools["kind"].to_numpy()[roll.school]
    people = np.flatnonzero(oldest)
    roll.leave(people, np.where(grade[people] + year == 11, YEAR_11_LEAVES[year], last_day(year)))
    moves, drawn = settings()["moves"], rng.random(len(grade))
    onward = ((kind == "primary") & (drawn < moves["stay_for_secondary"])) | (
        (kind == "nursery") & (drawn < moves["stay_for_primary"])
    )
    return np.asarray(oldest & onward)


def _dual(
    rng: np.random.Generator, stays: pl.DataFrame, people: pl.DataFrame, schools: pl.DataFrame, size: int
) -> pl.DataFrame:
    """Pupils who stay on a secondary roll (main) and are registered at a PRU (subsidiary) until July."""
    kind, grade = schools["kind"].to_numpy(), people["grade"].to_numpy()
    person = stays["person"].to_numpy()
    place = kind[stays["school"].to_numpy()] == "secondary"
    since, until = (np.full(stays.height, _NEVER) for _ in range(2))
    extra = []
    for year in range(SCHOOL_YEARS):
        stay_on = (stays["leaving"].is_null() | (stays["leaving"] > last_day(year).astype(object))).to_numpy()
        there = place & stay_on & (stays["entry"].to_numpy() <= first_day(year)) & np.isnat(since)
        sen = people[f"provision_{year}"].to_numpy()[person] != "N"
        rows = _among(rng, there & sen & np.isin(grade[person] + year, [8, 9, 10]), size)
        since[rows] = rng.choice(school_days(first_day(year) + 15, first_day(year) + 60, year), size=len(rows))
        until[rows] = last_day(year)
        pru = rng.choice(np.flatnonzero(kind == "pru"), size=len(rows))
        extra.append({"person": person[rows], "school": pru, "entry": since[rows], "leaving": until[rows]})
    subsidiary = [pl.DataFrame(rows).with_columns(pl.lit("S").alias("status")) for rows in extra]
    main = stays.with_columns(pl.lit("C").alias("status"), pl.Series("dual_from", since), pl.Series("dual_to", until))
    return pl.concat([main, *subsidiary], how="diagonal")


def make_stays(seed: int, people: pl.DataFrame, schools: pl.DataFrame) -> Stays:
    """Every stay of every person from before 2023/24 to October 2026."""
    rng, moves = generator(seed, "roll"), settings()["moves"]
    scale = scale_of(schools)
    grade, arrival = people["grade"].to_numpy(), people["arrival_year"].to_numpy()
    roll = _Roll(np.full(people.height, _NOWHERE), np.full(people.height, _NEVER), [])
    waiting, excluded = np.zeros(people.height, dtype=bool), []
    for year in range(YEARS):
        new = np.flatnonzero(arrival == year)
        roll.enter(new, people["school"].to_numpy()[new], people["entry"].to_numpy()[new])
        _transfer(rng, roll, waiting, grade, schools, year)
        if year < SCHOOL_YEARS:
            excluded.append(_exclude(rng, roll, schools, people, year, round(moves["permanent_exclusions"] * scale)))
            _move_about(rng, roll, schools, year, round(moves["leavers"] * scale))
            waiting = _finish(rng, roll, schools, grade, year)
    still = np.flatnonzero(roll.school != _NOWHERE)
    roll.leave(still, np.repeat(_NEVER, len(still)))
    person, school, entry, leaving = (np.concatenate(parts) for parts in zip(*roll.ended, strict=True))
    stays = pl.DataFrame(
        {"person": person, "school": school, "entry": entry, "leaving": leaving},
        schema={"person": pl.Int64, "school": pl.Int64, "entry": pl.Date, "leaving": pl.Date},
    )
    stays = _dual(rng, stays.sort("person", "entry"), people, schools, round(moves["dual"] * scale))
    return Stays(stays.sort("person", "entry", "school").with_row_index("stay"), pl.concat(excluded))
