"""Sessions: possible, by attendance code, for every stay and part of a school year."""

from datetime import date

import numpy as np
import polars as pl

from sendlab.codes import valid_on
from sendlab.sample.roll import Stays
from sendlab.sample.settings import FIRST_YEAR, SCHOOL_YEARS, generator, settings
from sendlab.sample.terms import HOLIDAYS, PARTS, between

ABSENT = ("I", "M", "C", "C1", "C2", "H", "J1", "R", "O", "U", "N", "G")
CODES = ("/", "\\", "L", "B", "K", "V", "J", *ABSENT, "E", "D", "X")
OLDEST, YOUNGEST = 15, 4  # age on 31 August of those whose sessions are returned
OLD_CODES_UNTIL = 0  # last year of the sample whose sessions stand under the codes before 19 August 2024


def code_category(year: int) -> dict[str, str]:
    """{attendance code: category} of the codes in force in a year of the sample."""
    day = date(FIRST_YEAR + year, 11, 1)
    return {code: line.notes["category"] for code, line in valid_on("attendance_code", day).items()}


def _spans(stays: pl.DataFrame, people: pl.DataFrame, schools: pl.DataFrame) -> pl.DataFrame:
    """One row a stay and part with at least one school day, for those whose sessions are returned."""
    rows = stays.join(people.drop("school", "entry"), on="person").join(
        schools.select("school", "kind", "key"), on="school"
    )
    found = []
    for number, part in enumerate(PARTS):
        # no second half of the summer term for those in Year 11, who sit examinations
        oldest = OLDEST - 1 if part.part == "second half" else OLDEST
        age = pl.col("grade") + YOUNGEST + part.year
        able = rows.filter(age.is_between(YOUNGEST, oldest) & ~pl.col("boarder"))
        begin = np.maximum(able["entry"].to_numpy(), part.first)
        leaving = able["leaving"].fill_null(part.last).to_numpy()
        end = np.minimum(leaving, part.last)
        days = np.where(end >= begin, np.busday_count(begin, np.maximum(begin, end + 1), holidays=HOLIDAYS), 0)
        dual_begin = np.maximum(able["dual_from"].fill_null(part.last + 400).to_numpy(), begin)
        dual_end = np.minimum(able["dual_to"].fill_null(part.first - 400).to_numpy(), end) + 1
        dual = np.busday_count(dual_begin, np.maximum(dual_begin, dual_end), holidays=HOLIDAYS)
        found.append(
            able.with_columns(
                part=pl.lit(number), year=pl.lit(part.year), provision=pl.col(f"provision_{part.year}"),
                days=pl.Series(days), dual_days=pl.Series(dual),
                half=pl.col("part_time") & pl.lit(part.year == 0),
            ).filter(pl.col("days") > 0)
        )  # fmt: skip
    return pl.concat(found).sort("part", "stay")


def _rates(rng: np.random.Generator, spans: pl.DataFrame) -> np.ndarray:
    """Each pupil's own chance of missing a session in each part."""
    rates, planted = settings()["absence"], settings()["planted"]["absence"]
    median = np.array([rates[code]["median"] for code in spans["provision"]])
    median *= np.array([rates["kind"][kind] for kind in spans["kind"]])
    sigma = np.array([rates[code]["sigma"] for code in spans["provision"]])
    here = ((spans["key"] == planted["school"]) & (spans["provision"] == planted["provision"])).to_numpy()
    median, sigma = np.where(here, planted["median"], median), np.where(here, planted["sigma"], sigma)
    year = spans["year"].to_numpy()
    median = median * rates["each_year"] ** (year - 1.0)
    # one draw a person and year, correlated between the years
    own = spans["absence_liability"].to_numpy()
    person = spans["person"].to_numpy()
    everyone = (int(person.max()) + 1, SCHOOL_YEARS)
    fresh = rng.normal(size=everyone)[person, year]
    again = rates["year_to_year"]
    liability = again * own + np.sqrt(1 - again**2) * fresh
    severe = np.array([rates["severe"][code] for code in spans["provision"]])
    drawn = rng.random(everyone)[person, year]
    median = np.where(drawn < severe, 0.65 / np.exp(sigma * liability), median)
    wobble = rng.normal(0, rates["term_sigma"], spans.height)
    rate: np.ndarray = np.clip(median * np.exp(sigma * liability + wobble - rates["term_sigma"] ** 2 / 2), 0, 0.95)
    return rate


def _some(rng: np.random.Generator, sessions: np.ndarray, name: str, able: np.ndarray | bool = True) -> np.ndarray:
    """Sessions of a code that only some pupils have at all, among those who are able to."""
    rates = settings()["absence"]
    having = (rng.random(len(sessions)) < rates[f"{name}_pupils"]) & able
    return np.where(having, rng.binomial(sessions, rates[f"{name}_sessions"]), 0)


def _informal(rng: np.random.Generator, spans: pl.DataFrame, sessions: np.ndarray) -> dict[str, np.ndarray]:
    """Afternoons, by code, on which pupils are sent home without a suspension: at one school, with one need."""
    hidden = settings()["informal"]
    here = (pl.col("key") == hidden["school"]) & (pl.col("need_1") == hidden["need"]) & (pl.col("provision") != "N")
    away = rng.binomial(np.where(spans.select(here).to_series().to_numpy(), sessions, 0), hidden["share"])
    shares = np.array(list(hidden["codes"].values()))
    return dict(zip(hidden["codes"], rng.multinomial(away, shares / shares.sum()).T, strict=True))


def _in_force(counts: dict[str, np.ndarray], year: np.ndarray) -> None:
    """Put sessions under the code that was in force in their year."""
    rates, old = settings()["absence"], year <= OLD_CODES_UNTIL
    for codes, there in ((rates["was"], old), (rates["became"], ~old)):
        for code, other in codes.items():
            if code in counts:
                counts[other] = counts.get(other, 0) + np.where(there, counts[code], 0)
                counts[code] = np.where(there, 0, counts[code])


def make_sessions(
    seed: int, people: pl.DataFrame, schools: pl.DataFrame, stays: Stays, events: pl.DataFrame
) -> tuple[pl.DataFrame, np.ndarray]:
    """(spans, counts): one row a stay and part with `possible`; and its sessions by code, columns as in CODES.

    `informal_C2`, `informal_B`, `informal_C` say how many of the counts are afternoons of informal exclusion, Fridays
    first (0 everywhere but at one school).
    """
    rng, rates = generator(seed, "attendance"), settings()["absence"]
    spans = _spans(stays.frame, people, schools)
    total = 2 * spans["days"].to_numpy()
    away = np.round(2 * spans["dual_days"].to_numpy() * settings()["moves"]["dual_share"]).astype(int)
    subsidiary = (spans["status"] == "S").to_numpy()
    away = np.where(subsidiary, total - np.round(total * settings()["moves"]["dual_share"]).astype(int), away)
    idle = np.where(spans["half"].to_numpy(), total // 2, 0)
    possible = total - away - idle
    suspended = np.minimum(_suspended(spans, events), possible)
    absent = rng.binomial(possible - suspended, _rates(rng, spans))
    share = np.array([[rates[f"codes_{code}"].get(name, 0.0) for name in ABSENT] for code in "NKE"])
    share /= share.sum(axis=1, keepdims=True)
    chances = share[spans["provision"].replace_strict(dict(zip("NKE", range(3), strict=True))).to_numpy()]
    counts = {"E": suspended, "D": away, "X": idle}
    counts.update(zip(ABSENT, rng.multinomial(absent, chances).T, strict=True))
    rest = possible - suspended - absent
    plan = (spans["provision"] == "E").to_numpy()
    older = (spans["grade"] + spans["year"] >= 10).to_numpy()
    for code, name, able in (("L", "late", True), ("V", "visit", True), ("B", "off_site", True),
                             ("K", "arranged", plan), ("J", "interview", older)):  # fmt: skip
        counts[code] = _some(rng, rest, name, able)
        rest = rest - counts[code]
    informal = _informal(rng, spans, rest)
    for code, sessions in informal.items():
        counts[code] = counts[code] + sessions
        rest = rest - sessions
    counts["/"], counts["\\"] = (rest + 1) // 2, rest // 2
    for found in (counts, informal):
        _in_force(found, spans["year"].to_numpy())
    matrix = np.stack([counts[code] for code in CODES], axis=1)
    told = [pl.Series(f"informal_{code}", sessions) for code, sessions in informal.items()]
    return spans.with_columns(pl.Series("possible", possible), *told), matrix


def _suspended(spans: pl.DataFrame, events: pl.DataFrame) -> np.ndarray:
    """Sessions of each span lost to suspensions that began in it (code E); ten after a permanent exclusion."""
    sums = []
    for number, part in enumerate(PARTS):
        within = events.filter(between("start_date", part.first, part.last))
        sessions = pl.col("sessions").fill_null(10).sum().cast(pl.Int64)
        sums.append(within.group_by("stay").agg(sessions).with_columns(part=pl.lit(number)))
    joined = spans.select("stay", "part").join(pl.concat(sums), on=["stay", "part"], how="left", maintain_order="left")
    return joined["sessions"].fill_null(0).to_numpy()


def absence_totals(spans: pl.DataFrame, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(authorised, unauthorised) sessions of each row of the matrix, by the code set of its year."""
    year = spans["year"].to_numpy()
    found = {name: np.zeros(len(matrix), dtype=np.int64) for name in ("authorised", "unauthorised")}
    for now in range(SCHOOL_YEARS):
        category, rows = code_category(now), year == now
        for name, total in found.items():
            which = [category.get(code) == name for code in CODES]
            total[rows] = matrix[np.ix_(rows, which)].sum(axis=1)
    return found["authorised"], found["unauthorised"]
