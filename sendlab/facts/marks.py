"""From session rows: what each pupil had and missed in each part of a year, and on each weekday morning and afternoon.

The store holds sessions sorted by school, pupil and day, so a pupil's rows stand together, and so do those of a part of
a year: where these runs end says nearly all, and no row is looked at by its ids. Files are taken one or two at a time,
and of a file one column, so memory does not grow.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from sendlab.codes import valid_on
from sendlab.schema.groups import half_term
from sendlab.sources.session_rules import CODE as CODE_TYPE
from sendlab.store import session_files

CHANGE = date(2024, 8, 19)  # register codes of before and after (DfE, Working together to improve attendance, 2024)
KINDS = ("possible", "authorised", "unauthorised")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HALVES = ("AM", "PM")
CODES = CODE_TYPE.categories.to_list()
Dates = Sequence[tuple[str, int, date, date]]  # school year, number of the part, first and last day
Part = tuple[str, str, date, date]  # school year, name, first and last day
FILES_AT_ONCE = 2  # of a file little runs side by side; more than two would only cost memory
FIRST_YEAR, OF_A_WEEK, MOST_SLOTS = 2010, len(WEEKDAYS) * len(HALVES), 2**10
SCHEMA = {**dict.fromkeys(("pupil_id", "school_id"), pl.String), "slot": pl.Int64,
          **{f"sessions_{kind}": pl.Float64 for kind in KINDS}}  # fmt: skip
NAMED = {**dict.fromkeys(("pupil_id", "school_id", "time_period", "time_identifier"), pl.String),
         **{f"sessions_{kind}": pl.Float64 for kind in KINDS}}  # fmt: skip


def sessions_by_half_term(store: Path, half_terms: Dates) -> pl.DataFrame:
    """Sessions by pupil, school, year and half term: possible, authorised, unauthorised; half terms as in settings.

    `store`: the folder of the store. Rows of days outside every half term are not counted. Without dates there is no
    half term and so no row. A missing mark is neither possible nor missed.
    """
    return sessions_by_part(store, [(year, half_term(number), first, last) for year, number, first, last in half_terms])


def sessions_by_part(store: Path, parts: Sequence[Part]) -> pl.DataFrame:
    """The same for any parts of years: (school year, name, first day, last day), which do not overlap."""
    pieces = list(pieces_by_part(store, parts)) if parts else []
    return pl.concat([pl.DataFrame(schema=NAMED), *pieces]).sort(
        "school_id", "pupil_id", "time_period", maintain_order=True
    )


def pieces_by_part(store: Path, parts: Sequence[Part]) -> Iterator[pl.DataFrame]:
    """The same piece by piece, each of whole schools, so that a whole authority never has to be held."""
    names = pl.DataFrame([part[:2] for part in parts], schema=["time_period", "time_identifier"], orient="row")
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        for found in pool.map(lambda path: _of_runs(path, parts), session_files(store)):
            yield pl.concat([found, names[found["slot"]]], how="horizontal").select(list(NAMED))


def sessions_by_weekday(store: Path) -> pl.DataFrame:
    """Sessions by pupil, school, year, and weekday and session ("Monday AM"): possible, authorised, unauthorised."""
    parts = [_of_weekdays(path) for path in session_files(store)]
    counted = pl.concat([pl.DataFrame(schema=SCHEMA), *parts])
    of_week = {place: f"{day} {half}" for place, (day, half) in enumerate((d, h) for d in WEEKDAYS for h in HALVES)}
    year = FIRST_YEAR + pl.col("slot") // OF_A_WEEK
    period = year.cast(pl.String) + ((year + 1) % 100).cast(pl.String).str.zfill(2)
    when = (pl.col("slot") % OF_A_WEEK).replace_strict(of_week, return_dtype=pl.String)
    named = counted.with_columns(period.alias("time_period"), when.alias("weekday_session"))
    key = ["pupil_id", "school_id", "time_period", "weekday_session"]
    return named.select(*key, *(f"sessions_{kind}" for kind in KINDS)).sort(key)


def _of_runs(path: Path, parts: Sequence[Part]) -> pl.DataFrame:
    """Sessions of each kind by pupil, school and number of the part (`slot`); days outside every part do not count.

    A run ends where the pupil, the school or the part changes. What it holds of a kind is how many of the rows of that
    kind lie before its end, less those before its begin.
    """
    rows = pl.scan_parquet(path)
    alike = {"pupil_id": pl.col("pupil_id"), "school_id": pl.col("school_id"), "slot": _slot_of_day(parts)}
    runs = {name: rows.select(what.rle().alias("run")).unnest("run").collect() for name, what in alike.items()}
    ends = {name: run["len"].cum_sum() for name, run in runs.items()}
    end = pl.concat(ends.values()).unique().sort()
    begin = end.shift(1, fill_value=0)
    before = _before(rows, end, min(part[2] for part in parts), max(part[3] for part in parts))
    return pl.DataFrame({
        **{name: run["value"].gather(ends[name].search_sorted(begin, side="right")) for name, run in runs.items()},
        **{f"sessions_{kind}": (n - n.shift(1, fill_value=0)).cast(pl.Float64) for kind, n in before.items()},
    }).filter(pl.col("slot").is_not_null())  # fmt: skip


def _before(rows: pl.LazyFrame, end: pl.Series, first: date, last: date) -> dict[str, pl.Series]:
    """How many rows of each kind lie before each end. Most rows are possible: of these the others are noted."""
    noted = {kind: _is(kind, first, last) for kind in KINDS}
    noted["possible"] = ~noted["possible"]
    where = rows.select(mark.arg_true().implode().alias(kind) for kind, mark in noted.items()).collect()
    before = {kind: where[kind].explode(empty_as_null=False).search_sorted(end) for kind in KINDS}
    return before | {"possible": end - before["possible"]}


def _of_weekdays(path: Path) -> pl.DataFrame:
    """Sessions of each kind by pupil, school, and school year, weekday and half as one number (`slot`)."""
    rows = pl.scan_parquet(path)
    span = rows.select(first=pl.col("session_date").min(), last=pl.col("session_date").max()).collect().row(0)
    # a pupil's rows at a school stand together: the number of the run grows where either changes
    run = (pl.col("pupil_id").rle_id() + pl.col("school_id").rle_id()).cast(pl.UInt64) * MOST_SLOTS
    kinds = [_is(kind, *span).alias(f"sessions_{kind}") for kind in KINDS]
    placed = rows.select("pupil_id", "school_id", *kinds, (run + _slot_of_weekday()).alias("run"))
    sums = [pl.col(f"sessions_{kind}").sum().cast(pl.Float64) for kind in KINDS]
    found = placed.group_by("run").agg(pl.col("pupil_id", "school_id").first(), *sums)
    counted = found.filter(pl.col("run").is_not_null())
    return (
        counted.with_columns((pl.col("run") % MOST_SLOTS).cast(pl.Int64).alias("slot")).select(list(SCHEMA)).collect()
    )


def _is(kind: str, first: date, last: date) -> pl.Expr:
    """Whether a row is possible, authorised or unauthorised absence, by the code set valid on its day.

    The code sets agree on most codes: the day is looked at only where days of both are among the rows.
    """
    code, late = pl.col("attendance_code"), pl.col("session_date") >= CHANGE
    before, after = (
        code.is_in([one for one in CODES if one in _codes(kind, day)]) for day in (CHANGE - timedelta(days=1), CHANGE)
    )
    if first is None or first >= CHANGE:
        return after.fill_null(False)
    return (before if last < CHANGE else pl.when(late).then(after).otherwise(before)).fill_null(False)


def _codes(kind: str, day: date) -> set[str]:
    lines = valid_on("attendance_code", day)
    if kind == "possible":
        return {code for code, line in lines.items() if line.notes.get("possible") == "1"}
    return {code for code, line in lines.items() if line.notes.get("category") == kind}


def _slot_of_day(parts: Sequence[Part]) -> pl.Expr:
    """Which part a row's day falls in, by an array that holds every day from the first to the last."""
    begin, end = min(part[2] for part in parts), max(part[3] for part in parts)
    of_day: list[int | None] = [None] * ((end - begin).days + 3)  # the first and last place are for days outside
    for number, (_, _, first, last) in enumerate(parts):
        for place in range((first - begin).days, (last - begin).days + 1):
            of_day[place + 1] = number
    day = pl.col("session_date").to_physical() - ((begin - date(1970, 1, 1)).days - 1)
    return pl.lit(pl.Series(of_day, dtype=pl.UInt16)).gather(day.clip(0, len(of_day) - 1))


def _slot_of_weekday() -> pl.Expr:
    """School year, weekday and half of the day as one number."""
    day = pl.col("session_date")
    year = day.dt.year().cast(pl.Int64) - (day.dt.month() < 8).cast(pl.Int64) - FIRST_YEAR
    half = pl.col("session").to_physical().cast(pl.Int64)
    slot = year * OF_A_WEEK + (day.dt.weekday().cast(pl.Int64) - 1) * len(HALVES) + half
    return pl.when(slot.is_between(0, MOST_SLOTS - 1)).then(slot).cast(pl.UInt64)
