"""Session registers: each term's counts by code laid out as marks on school days, morning and afternoon."""

from typing import Any

import numpy as np
import polars as pl

from sendlab.sample.attendance import CODES
from sendlab.sample.settings import generator
from sendlab.sample.support import YEARS, extra
from sendlab.sample.terms import HOLIDAYS, PARTS
from sendlab.sample.world import World

AM, PM, LATE = CODES.index("/"), CODES.index("\\"), CODES.index("L")
LONGEST = 30  # days from the first day of a suspension within which its sessions fall
SCHEMA = {"pupil_id": pl.String, "school_id": pl.String, "session_date": pl.Date, "session": pl.String,
          "attendance_code": pl.String}  # fmt: skip


def session_rows(world: World, school_id: str, years: tuple[int, ...] | None = None) -> pl.DataFrame:
    """One row a pupil, school day and session of one school (table `sessions`): as many of each code as the terms say.

    Sorted by year, pupil, day and session. `years` are years of the sample (0, 1, ...); all that the world shows where
    it is not given. Marks of absence run over days that follow each other, more of them about a weekend; E stands on
    the days of suspensions and D on those of the other registration, where the counts allow.
    """
    shown = range(world.first_year, YEARS[-1] + 1) if years is None else years
    empty = pl.DataFrame(schema=SCHEMA)
    return pl.concat([empty, *(_year_of_marks(world, school_id, year) for year in shown)])


def _year_of_marks(world: World, school_id: str, year: int) -> pl.DataFrame:
    """The marks of one year, from a random stream of its own."""
    spans, matrix = world.sessions
    school = world.schools.filter(school_id=school_id)["school"]
    rows = spans.with_columns(row=pl.int_range(pl.len())).filter(pl.col("school").is_in(school.implode()), year=year)
    rows = rows.sort("upn", "part", "entry")  # so the marks come out in order
    if rows.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    informal = _informal(rows)
    rng = generator(world.seed, f"marks {school_id} {year}")
    days = _Days(rng, rows, world.events, informal.sum(axis=1) > 0)
    morning, afternoon = _lay_out(matrix[rows["row"].to_numpy()], informal, days)
    return _as_rows(rows, days, morning, afternoon, school_id)


def _informal(rows: pl.DataFrame) -> np.ndarray:
    """By code, how many marks of each span are afternoons of informal exclusion (columns `informal_<code>`)."""
    columns = [f"informal_{code}" for code in CODES]
    found = [rows[name] if name in rows.columns else pl.zeros(rows.height, eager=True) for name in columns]
    return np.stack([column.to_numpy() for column in found], axis=1).astype(np.int64)


class _Days:
    """Every school day of every span in one long array: date, span, and the order in which absence takes days."""

    def __init__(self, rng: np.random.Generator, rows: pl.DataFrame, events: pl.DataFrame, habit: np.ndarray) -> None:
        self.length = rows["days"].to_numpy().astype(np.int64)
        self.span = np.repeat(np.arange(rows.height), self.length)
        self.starts = np.concatenate([[0], np.cumsum(self.length)[:-1]])
        begin = np.maximum(rows["entry"].to_numpy(), np.array([PARTS[p].first for p in rows["part"]]))
        begin = np.busday_offset(begin.astype("datetime64[D]"), 0, roll="forward", holidays=HOLIDAYS)
        within = np.arange(len(self.span)) - self.starts[self.span]
        self.date = np.busday_offset(begin[self.span], within, holidays=HOLIDAYS)
        self.weekday = (self.date.astype(np.int64) + 3) % 7  # Monday is 0
        self._known = self._known_days(rows, events)
        self._scattered = self._runs(rng, extra()["register"], habit)

    def _known_days(self, rows: pl.DataFrame, events: pl.DataFrame) -> np.ndarray:
        """0 on days of a suspension, 1 to 2 on days of the other registration (by weekday), 9 on others."""
        level = np.full(len(self.span), 9.0)
        both = rows.select(since="dual_from", until="dual_to", sub=pl.col("status") == "S")
        since = both["since"].to_numpy()[self.span]
        inside = ~np.isnat(since) & (self.date >= since) & (self.date <= both["until"].to_numpy()[self.span])
        subsidiary = both["sub"].to_numpy()[self.span]
        # early in the week at the main school's partner, late in the week back at the main school
        level = np.where(inside, 1 + self.weekday / 10, level)
        level = np.where(subsidiary, 2 - self.weekday / 10, level)
        begun = {place: part.first.astype(object) for place, part in enumerate(PARTS)}
        mine = rows.select("stay", span=pl.int_range(pl.len()), begun=pl.col("part").replace_strict(begun)).join(
            events.select("stay", "start_date", pl.col("sessions").fill_null(10)), on="stay"
        )
        mine = mine.filter(pl.col("start_date") >= pl.col("begun"))
        span, start, sessions = (mine[name].to_numpy() for name in ("span", "start_date", "sessions"))
        first = np.searchsorted(_sort_key(self.span, self.date), _sort_key(span, start))
        for step in range(int(sessions.max(initial=0)) // 2 + 1):
            there = (sessions > 2 * step) & (first + step < len(self.span))
            at = (first + step)[there]
            near = (self.date[at] - start[there]).astype(int) < LONGEST
            level[at[(self.span[at] == span[there]) & near]] = 0
        return level

    def _runs(self, rng: np.random.Generator, rates: dict[str, Any], habit: np.ndarray) -> np.ndarray:
        """A number a day, equal within a run of days: the lower, the sooner absence falls on it."""
        new = rng.random(len(self.span)) < 1 / rates["run_days"]
        new[self.starts] = True
        run = np.cumsum(new) - 1
        number = rng.random(run[-1] + 1)
        edge = np.isin(self.weekday[np.flatnonzero(new)], [0, 4])
        number -= rates["weekend_pull"] * edge
        # single afternoons are taken from the end of the order: there stand the days of the habit
        return np.where(habit[self.span] & (self.weekday == rates["habit_day"]), 2.0, number[run])

    def order(self, known: np.ndarray | None = None) -> np.ndarray:
        """Positions of the days, span by span: by what is known, or (given who is taken already) by runs."""
        level = self._known if known is None else np.where(known, -1.0, self._scattered)
        # days of a run keep their order: the sort is stable
        return np.argsort(self.span * 100.0 + level * 4 + 10, kind="stable")


def _sort_key(span: np.ndarray, date: np.ndarray) -> np.ndarray:
    """Rising with the span and, within it, with the day."""
    key: np.ndarray = span.astype(np.int64) * 100_000 + date.astype("datetime64[D]").astype(np.int64)
    return key


def _halves(counts: np.ndarray, informal: np.ndarray, days: _Days) -> tuple[np.ndarray, np.ndarray]:
    """Marks other than present in the mornings and the afternoons of each span: columns CODES, then informal ones."""
    absent = counts - informal
    absent[:, [AM, PM]] = 0
    odd = (absent % 2).astype(bool)
    am = absent // 2 + (odd & (np.cumsum(odd, axis=1) % 2 == 1))
    am[:, LATE] = absent[:, LATE]
    absent, am = np.hstack([absent, informal]), np.hstack([am, np.zeros_like(informal)])
    # what is too many in one half goes over to the other, code by code, what belongs to one half last
    order = np.array([*(c for c in range(len(CODES)) if c != LATE), LATE, *range(len(CODES), 2 * len(CODES))])
    mornings = days.length - counts[:, AM]
    for sign in (1, -1):
        excess = np.maximum(sign * (am.sum(axis=1) - mornings), 0)
        free = (am if sign == 1 else absent - am)[:, order]
        before = np.cumsum(free, axis=1) - free
        am[:, order] -= sign * np.clip(excess[:, None] - before, 0, free)
    return am, absent - am


def _lay_out(counts: np.ndarray, informal: np.ndarray, days: _Days) -> tuple[np.ndarray, np.ndarray]:
    """(morning, afternoon): position in CODES of the mark of every day."""
    am, pm = _halves(counts, informal, days)
    whole = np.minimum(am, pm)
    whole[:, [LATE, *range(len(CODES), 2 * len(CODES))]] = 0
    first = [CODES.index(code) for code in ("E", "D")]
    rest = [code for code in range(whole.shape[1]) if code not in first]
    morning, afternoon = np.full(len(days.span), AM), np.full(len(days.span), PM)
    # first the whole days that are known, then the other whole days, then single sessions from both ends
    taken = _fill(days.order(), days, whole, first, (morning, afternoon))
    known = np.zeros(len(days.span), dtype=bool)
    known[taken] = True
    place = days.order(known)
    _fill(place, days, whole, rest, (morning, afternoon), whole[:, first].sum(axis=1))
    _fill(place, days, am - whole, [*first, *rest], (morning,), whole.sum(axis=1))
    left = pm - whole
    _fill(place, days, left, [*first, *rest], (afternoon,), days.length - left.sum(axis=1))
    return morning, afternoon


def _fill(
    place: np.ndarray, days: _Days, counts: np.ndarray, codes: list[int], halves: tuple[np.ndarray, ...],
    offset: np.ndarray | int = 0,
) -> np.ndarray:  # fmt: skip
    """Write these codes their number of times, in the order `place`, from day `offset` of each span; days written."""
    counts = counts[:, codes]
    total = counts.sum(axis=1)
    span = np.repeat(np.arange(len(total)), total)
    within = np.arange(len(span)) - np.repeat(np.cumsum(total) - total, total)
    code = np.repeat(np.tile(np.array(codes) % len(CODES), len(total)), counts.ravel())
    at: np.ndarray = place[days.starts[span] + within + np.broadcast_to(offset, len(total))[span]]
    for half in halves:
        half[at] = code
    return at


def _as_rows(
    rows: pl.DataFrame, days: _Days, morning: np.ndarray, afternoon: np.ndarray, school_id: str
) -> pl.DataFrame:
    """The marks as rows of the table `sessions`."""
    codes = pl.Series(CODES).gather(np.stack([morning, afternoon], axis=1).ravel())
    return pl.DataFrame(
        {
            "pupil_id": rows["upn"].gather(np.repeat(days.span, 2)),
            "school_id": pl.repeat(school_id, len(codes), eager=True),
            "session_date": np.repeat(days.date, 2),
            "session": pl.Series(["AM", "PM"]).gather(np.arange(len(codes)) % 2),
            "attendance_code": codes,
        }
    )
