"""Schools, and who arrives at which school in which year: the people of the sample before anything happens to them."""

from typing import Any

import numpy as np
import polars as pl

from sendlab.errors import SendlabError
from sendlab.sample.settings import FIRST_YEAR, SCHOOL_YEARS, generator, pick, settings
from sendlab.sample.terms import first_day, last_day, school_days

UPN_LETTERS = np.array(list("ABCDEFGHJKLMNPQRTUVWXYZ"))
YEARS = SCHOOL_YEARS + 1  # those of the sample and the roll of the October after
MINIMUM_SCHOOLS = 8
ACADEMY = "49"  # census type of school


def make_schools(schools: int, pupils: int) -> pl.DataFrame:
    """One row a school: position, LAESTAB, URN, name, kind, and its number of pupils.

    `pattern` is its key in settings.toml. A school that becomes an academy has its URN as it is now, the one before
    (`predecessor_urn`) and the day (`converted_on`); its LAESTAB stays. Nursery pupils come on top of `pupils`.

    >>> make_schools(9, 1500)["kind"].to_list()[4:]
    ['secondary', 'secondary', 'special', 'pru', 'nursery']
    """
    pattern: list[dict[str, Any]] = settings()["school"]
    if schools < MINIMUM_SCHOOLS or pupils < 60 * schools:
        raise SendlabError(
            f"a sample of {schools} schools and {pupils} pupils is too small for what is planted in it",
            next_step=f"ask for at least {MINIMUM_SCHOOLS} schools and 60 pupils a school",
        )
    rows = [
        _school(pattern[position % len(pattern)], position // len(pattern), position) for position in range(schools)
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None).with_row_index("school")
    whole = pl.col("weight").filter(pl.col("kind") != "nursery").sum()
    size = (pl.col("weight") * pupils / whole).round(0, mode="half_away_from_zero").cast(pl.Int64)
    return frame.with_columns(size=size)


def _school(school: dict[str, Any], turn: int, position: int) -> dict[str, Any]:
    """One school of the pattern, in the given turn of it."""
    area, after = settings()["area"], "" if turn == 0 else f" {turn + 1}"
    urn, converts = area["first_urn"] + position, "converted_on" in school
    return {
        **{key: school[key] for key in ("kind", "phase", "type", "establishment_type", "low", "high", "weight")},
        "pattern": school["key"],
        "key": school["key"] + after,
        "school_name": school["name"] + after,
        "school_id": f"{area['la_code']}{school['establishment'] + 10 * turn}",
        "school_urn": str(urn + area["new_urn"] if converts else urn),
        "predecessor_urn": str(urn) if converts else None,
        "converted_on": school.get("converted_on"),
        "type_before": school.get("type_before"),
        "academy": school["type"] == ACADEMY,
    }


def scale_of(schools: pl.DataFrame) -> float:
    """How many times 1,500 pupils the authority has: counts of people in settings.toml are for 1,500."""
    return float(schools.filter(pl.col("kind") != "nursery")["size"].sum()) / 1500


def _intake(rng: np.random.Generator, schools: pl.DataFrame, row: dict[str, Any]) -> np.ndarray:
    """Year groups of those who enter a school from outside the authority's schools in September of a later year."""
    span = row["high"] - row["low"] + 1
    if row["kind"] == "pru":
        return np.asarray(rng.choice([7, 8, 9, 10], size=round(row["size"] * 0.2)))
    places = row["size"] / span
    moves = settings()["moves"]
    if row["kind"] == "secondary":
        year_6 = schools.filter(kind="primary").select(pl.col("size") / (pl.col("high") - pl.col("low") + 1))
        leaving = year_6["size"].sum() * moves["stay_for_secondary"]
        places -= leaving / schools.filter(kind="secondary").height
    if row["kind"] == "primary" and row["low"] == 0:
        leaving = schools.filter(kind="nursery")["size"].sum() / 2 * moves["stay_for_primary"]
        places -= leaving / schools.filter(kind="primary", low=0).height
    return np.full(max(round(places), 0), row["low"])


def _arrivals(rng: np.random.Generator, schools: pl.DataFrame) -> dict[str, np.ndarray]:
    """Who comes from outside: school, year group in year 0 (`grade`), and the day they enter."""
    moves = settings()["moves"]
    pru = {int(grade): share for grade, share in moves["pru_grades"].items()}
    found: list[tuple[int, np.ndarray, int]] = []  # school, year groups in year 0, year of arrival
    for row in schools.iter_rows(named=True):
        grades = row["low"] + np.arange(row["size"]) % (row["high"] - row["low"] + 1)
        if row["kind"] == "pru":
            grades = rng.choice(list(pru), size=row["size"], p=list(pru.values()))
        found.append((row["school"], grades, 0))
        found += [(row["school"], _intake(rng, schools, row) - year, year) for year in range(1, YEARS)]
    school = np.concatenate([np.full(len(grades), place) for place, grades, _ in found])
    grade = np.concatenate([grades for _, grades, _ in found])
    year = np.concatenate([np.full(len(grades), when) for _, grades, when in found])
    low = schools["low"].to_numpy()[school]
    entry = np.array([first_day(int(when)) for when in np.where(year == 0, np.minimum(low - grade, 0), year)])
    joiners = _joiners(rng, schools, round(moves["joiners"] * scale_of(schools)))
    first = {"school": school, "grade": grade, "arrival_year": year, "entry": entry}
    return {name: np.concatenate([first[name], joiners[name]]) for name in first}


def _joiners(rng: np.random.Generator, schools: pl.DataFrame, a_year: int) -> dict[str, np.ndarray]:
    """People who join a mainstream school from elsewhere in the middle of a year."""
    mainstream = schools.filter(pl.col("kind").is_in(["primary", "secondary"]))
    picked = rng.choice(mainstream.height, size=SCHOOL_YEARS * a_year)
    year = np.repeat(np.arange(SCHOOL_YEARS), a_year)
    low, high = (mainstream[name].to_numpy()[picked] for name in ("low", "high"))
    days = [school_days(first_day(when) + 14, last_day(when) - 30, when) for when in range(SCHOOL_YEARS)]
    entry = np.concatenate([rng.choice(of_year, size=a_year) for of_year in days])
    return {
        "school": mainstream["school"].to_numpy()[picked].astype(np.int64),
        "grade": rng.integers(low, high) - year,
        "arrival_year": year,
        "entry": entry,
    }


def check_letter(digits: np.ndarray) -> np.ndarray:
    """Check letters of UPNs from their twelve digits (one row a UPN).

    >>> check_letter(np.array([[int(c) for c in "674123101121"]])).tolist()
    ['R']
    """
    return np.asarray(UPN_LETTERS[(digits * np.arange(2, 14)).sum(axis=1) % 23])


def _upns(rng: np.random.Generator, schools: pl.DataFrame, grade: np.ndarray) -> np.ndarray:
    """Valid UPNs: LA 999, a primary school's number, the year of Reception, a serial number."""
    primaries = schools.filter(kind="primary")["school_id"].str.slice(3).cast(pl.Int64).to_numpy()
    estab = primaries[rng.integers(len(primaries), size=len(grade))]
    year = (FIRST_YEAR - grade) % 100
    serial = pl.DataFrame({"estab": estab, "year": year}).select(pl.int_range(1, pl.len() + 1).over("estab", "year"))
    number = 999 * 10**9 + estab * 10**5 + year * 10**3 + serial.to_series().to_numpy()
    digits = number[:, None] // 10 ** np.arange(11, -1, -1) % 10
    return np.char.add(check_letter(digits), number.astype(str))


def _provision(rng: np.random.Generator, kind: np.ndarray, key: np.ndarray, grade: np.ndarray) -> np.ndarray:
    """SEN provision in each year, one row a person: support comes and goes, an EHC plan stays."""
    rates = settings()["provision"]
    youngest = {"nursery": -2, "primary": 0, "secondary": 7, "special": 0, "pru": 7}
    span = {"nursery": 1, "primary": 6, "secondary": 4, "special": 13, "pru": 4}
    age = np.array([(g - youngest[name]) / span[name] for g, name in zip(grade, kind, strict=True)]).clip(0, 1)

    def share(code: str) -> np.ndarray:
        first, last = (np.array([rates[f"{code}_{end}"][name] for name in kind]) for end in ("first", "last"))
        return np.asarray(first + (last - first) * age)

    plan, support = share("EHC"), share("support")
    for school, unit in settings()["resourced"].items():
        plan = np.where(key == school, unit["EHC"], plan)
    drawn = _evenly(rng, key, grade)
    now = np.where(drawn < plan, "E", np.where(drawn < plan + support, "K", "N"))
    years = [now]
    for _ in range(1, YEARS):
        drawn = rng.random(len(kind))
        moved = np.where((now == "N") & (drawn < rates["none_to_support"]), "K", now)
        moved = np.where((now == "K") & (drawn < rates["support_to_none"]), "N", moved)
        moved = np.where((now == "K") & (drawn > 1 - rates["support_to_EHC"]), "E", moved)
        now = np.where(kind == "special", now, moved)
        years.append(now)
    return np.stack(years, axis=1)


def _evenly(rng: np.random.Generator, key: np.ndarray, grade: np.ndarray) -> np.ndarray:
    """Numbers from 0 to 1 spread evenly over each school's year group, so that its provision lies near the rates."""
    shuffled = pl.DataFrame({"key": key, "grade": grade, "drawn": rng.random(len(key))})
    rank = pl.col("drawn").rank("ordinal").over("key", "grade") - 1
    return shuffled.select((rank + rng.random(len(key))) / pl.len().over("key", "grade")).to_series().to_numpy()


def _needs(
    rng: np.random.Generator, kind: np.ndarray, key: np.ndarray, ever: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Needs of rank 1 and 2; a pupil keeps them for as long as there is provision."""
    rates = settings()["need"]
    first = np.empty(len(kind), dtype="<U4")
    for code in ("E", "K"):
        for name in ("nursery", "primary", "secondary", "special", "pru"):
            rows = np.flatnonzero((ever == code) & (kind == name))
            shares = rates[f"{code}_{'primary' if name == 'nursery' else name}"]
            first[rows] = pick(rng, shares, len(rows))
    for school, unit in settings()["resourced"].items():
        rows = np.flatnonzero((ever == "E") & (key == school))
        first[rows] = pick(rng, unit["need"], len(rows)) if "need" in unit else first[rows]
    first[(rng.random(len(kind)) < rates["none_given"]) & (ever != "N")] = ""
    second = pick(rng, rates["K_secondary"], len(kind)).astype("<U4")
    none = (second == first) | (second == "NSA") | (first == "") | (first == "NSA")
    second[none | (rng.random(len(kind)) > rates["second_need"])] = ""
    return first, second


def make_people(seed: int, schools: pl.DataFrame) -> pl.DataFrame:
    """One row a person: identity, characteristics, provision in each year, ability, and the school they arrive at."""
    rng = generator(seed, "people")
    frame = _arrivals(rng, schools)
    grade, count = frame["grade"], len(frame["grade"])
    kind = schools["kind"].to_numpy()[frame["school"]]
    key = schools["key"].to_numpy()[frame["school"]]
    provision = _provision(rng, kind, key, grade + frame["arrival_year"])
    ever = np.where((provision == "E").any(axis=1), "E", np.where((provision == "K").any(axis=1), "K", "N"))
    first, second = _needs(rng, kind, key, ever)
    girls = np.array([settings()["girls"][code] for code in ever])
    number = np.char.zfill(np.arange(1, count + 1).astype(str), max(4, len(str(count))))
    born = np.array([np.datetime64(f"{FIRST_YEAR - 5 - g}-09-01") for g in grade]) + rng.integers(0, 365, count)
    ability = settings()["ability"]
    theta = np.array([ability["mean"][code] for code in ever])
    for school, unit in settings()["resourced"].items():
        theta = np.where((ever == "E") & (key == school) & ("ability" in unit), unit.get("ability", 0.0), theta)
    theta = theta + rng.normal(0, ability["sd"], count)
    return pl.DataFrame(
        {
            "upn": _upns(rng, schools, grade),
            "surname": np.char.add("SURNAME", number),
            "forename": np.char.add("FORENAME", number),
            "dob": born,
            "sex": np.where(rng.random(count) < girls, "F", "M"),
            **frame,
            **{f"provision_{year}": provision[:, year] for year in range(YEARS)},
            "need_1": first,
            "need_2": second,
            "ability": theta + rng.normal(0, ability["school_sd"], schools.height)[frame["school"]],
            "absence_liability": rng.normal(size=count),
            "event_liability": rng.normal(size=count),
            "motivation": rng.normal(size=count),  # recorded nowhere
            **_background(rng, ever),
            **_marks(rng, kind, grade, scale_of(schools)),
        }
    ).with_row_index("person")


def _background(rng: np.random.Generator, ever: np.ndarray) -> dict[str, np.ndarray]:
    """Ethnicity, language and the period of free school meals."""
    rates, count = settings()["background"], len(ever)
    eligible = rng.random(count) < np.array([rates["free_meals"][code] for code in ever])
    start = np.datetime64("2020-01-06") + rng.integers(0, 2100, count)
    end = np.where(
        rng.random(count) < rates["free_meals_ended"], start + rng.integers(200, 900, count), np.datetime64("NaT", "D")
    )
    return {
        "ethnicity": pick(rng, rates["ethnicity"], count),
        "language": pick(rng, rates["language"], count),
        "free_meals_from": np.where(eligible, start, np.datetime64("NaT", "D")),
        "free_meals_to": np.where(eligible, end, np.datetime64("NaT", "D")),
    }


def _marks(rng: np.random.Generator, kind: np.ndarray, grade: np.ndarray, scale: float) -> dict[str, np.ndarray]:
    """The few who board, who are part-time in Reception, and whose SEN provision is recorded nowhere."""
    moves = settings()["moves"]
    wanted = {
        "boarder": (kind == "special") & (grade >= 7),
        "part_time": (kind == "primary") & (grade == 0),
        "not_recorded": np.isin(kind, ["primary", "secondary"]) & (grade >= 0),
    }
    marks = {}
    for name, able in wanted.items():
        marks[name] = np.zeros(len(kind), dtype=bool)
        size = min(round(moves[name] * scale), int(able.sum()))
        marks[name][rng.choice(np.flatnonzero(able), size=size, replace=False)] = True
    return marks
