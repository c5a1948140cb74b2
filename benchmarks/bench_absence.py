"""Measures absence by school, SEN provision and term from session rows: ours, duckdb and pandas on the same files.

Each runs in a fresh process; seconds are of the question, not of imports. No time is printed before the three have
given the same counts.
"""

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
from bench_process import Figures, in_a_process, stopwatch

FIRST, EASTER, LAST = date(2025, 8, 1), date(2026, 4, 5), date(2026, 7, 31)
TERMS = ("Autumn term", "Spring term", "Summer term")
DAYS = (FIRST, date(2026, 1, 1), date(2026, 4, 6))  # first day of each term
PARTS = tuple(zip(["202526"] * 3, TERMS, DAYS, (date(2025, 12, 31), EASTER, LAST), strict=True))
PUPILS = "pupils_sen.parquet"  # pupil_id, school_id, sen_provision; made beforehand, the same for all
KEY = ["school_id", "sen_provision", "term"]
COUNTS = ["enrolments", "sessions_possible", "sessions_missed", "persistent", "severe"]
AIM_SECONDS, AIM_MB = 2, 250


def make_pupils(store: Path, folder: Path) -> None:
    """Pupils with the SEN provision of their last census at each school."""
    pupils = pl.read_parquet(store / "pupils.parquet").filter(pl.col("sen_provision").is_not_null())
    last = pupils.sort("time_period", "term").group_by("pupil_id", "school_id").agg(pl.col("sen_provision").last())
    last.sort("school_id", "pupil_id").write_parquet(folder / PUPILS)


def codes() -> tuple[list[str], list[str]]:
    """Register codes of 2025/26 that count as possible, and those of them that count as missed."""
    from sendlab.codes import valid_on

    lines = valid_on("attendance_code", FIRST)
    possible = [code for code, line in lines.items() if line.notes.get("possible") == "1"]
    return possible, [code for code in possible if lines[code].notes.get("category") in ("authorised", "unauthorised")]


def ours(store: Path, folder: Path) -> Figures:
    """`absence_of_registers`, which gives limits and percentages too."""
    from sendlab.metrics.registers import absence_of_registers

    stop = stopwatch()
    rows = absence_of_registers(store, pl.read_parquet(folder / PUPILS), PARTS)
    found = stop()
    return _kept(rows.rename({"time_identifier": "term"}), folder / "ours.parquet") | found


def by_duckdb(store: Path, folder: Path) -> Figures:
    """One query with all of duckdb's threads."""
    import duckdb

    possible, missed = (", ".join(f"'{code}'" for code in some) for some in codes())
    term = " ".join(
        f"when session_date between date '{first}' and date '{last}' then '{name}'" for _, name, first, last in PARTS
    )
    query = f"""
        with enrolments as (
            select school_id, pupil_id, case {term} end as term,
                count(*) filter (attendance_code in ({possible})) as possible,
                count(*) filter (attendance_code in ({missed})) as missed
            from read_parquet('{store.as_posix()}/sessions/*.parquet') group by all
        )
        select school_id, sen_provision, term, count(*) as enrolments, sum(possible) as sessions_possible,
            sum(missed) as sessions_missed, count(*) filter (100 * missed >= 10 * possible) as persistent,
            count(*) filter (100 * missed >= 50 * possible) as severe
        from enrolments join read_parquet('{(folder / PUPILS).as_posix()}') using (pupil_id, school_id)
        where term is not null and possible > 0 group by all order by all"""
    stop = stopwatch()
    rows = duckdb.sql(query).fetchall()
    found = stop()
    return _kept(pl.DataFrame(rows, schema=[*KEY, *COUNTS], orient="row"), folder / "duckdb.parquet") | found


def by_pandas(store: Path, folder: Path) -> Figures:
    """File by file, only the columns needed, ids and marks as categories."""
    import numpy as np
    import pandas as pd
    import pyarrow.parquet

    possible, missed = codes()
    ids = ["school_id", "pupil_id"]
    first_days = np.array(DAYS, dtype="datetime64[ms]")
    stop = stopwatch()
    parts = []
    for path in sorted((store / "sessions").glob("*.parquet")):
        columns = [*ids, "session_date", "attendance_code"]
        table = pyarrow.parquet.read_table(path, columns=columns, read_dictionary=ids)
        rows = table.to_pandas(date_as_object=False)
        rows = rows[(rows["session_date"] >= first_days[0]) & (rows["session_date"] <= np.datetime64(LAST))]
        counted = pd.DataFrame({
            "school_id": rows["school_id"], "pupil_id": rows["pupil_id"],
            "term": np.searchsorted(first_days, rows["session_date"].to_numpy(), side="right") - 1,
            "sessions_possible": rows["attendance_code"].isin(possible),
            "sessions_missed": rows["attendance_code"].isin(missed),
        })  # fmt: skip
        parts.append(counted.groupby([*ids, "term"], observed=True).sum().reset_index().astype(dict.fromkeys(ids, str)))
    each = pd.concat(parts).query("sessions_possible > 0").merge(pd.read_parquet(folder / PUPILS), on=ids)
    each["enrolments"] = 1
    each["persistent"] = 100 * each["sessions_missed"] >= 10 * each["sessions_possible"]
    each["severe"] = 100 * each["sessions_missed"] >= 50 * each["sessions_possible"]
    rows = each.groupby(KEY)[COUNTS].sum().reset_index()
    found = stop()
    rows["term"] = rows["term"].map(dict(enumerate(TERMS)))
    return _kept(pl.from_pandas(rows), folder / "pandas.parquet") | found


def _kept(rows: pl.DataFrame, path: Path) -> Figures:
    rows.select(*KEY, pl.col(COUNTS).cast(pl.Int64)).sort(KEY).write_parquet(path)
    return {"rows": rows.height}


ENGINES: dict[str, Callable[[Path, Path], Figures]] = {"ours": ours, "duckdb": by_duckdb, "pandas": by_pandas}


def bench(store: Path, folder: Path, *, times: int = 3) -> None:
    """The three engines in turn, `times` over; prints the least of each, and of those the ratios to ours."""
    make_pupils(store, folder)
    sessions = pl.scan_parquet(store / "sessions" / "*.parquet").select(pl.len()).collect().item()
    runs = [{name: _run(name, store, folder) for name in ENGINES} for _ in range(times)]
    found = {name: pl.read_parquet(folder / f"{name}.parquet") for name in ENGINES}
    unlike = [name for name in ENGINES if not found[name].equals(found["ours"])]
    if unlike:
        sys.exit(f"absence: {', '.join(unlike)} gave other counts than ours")
    least = {name: {key: min(run[name][key] for run in runs) for key in runs[0][name]} for name in ENGINES}
    groups = found["ours"].height
    print(f"\nabsence by school x SEN x term: {sessions:,} session rows, {groups:,} groups, least of {times} runs")
    print(f"{'':22}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}{'wall / ours':>13}{'CPU / ours':>12}")
    for name, figures in least.items():
        wall, cpu = (figures[key] / least["ours"][key] for key in ("seconds", "cpu_seconds"))
        measured = f"{figures['seconds']:>9}{figures['cpu_seconds']:>8}{figures['peak_mb']:>9,}"
        print(f"{name:22}{measured}{wall:>13.1f}{cpu:>12.1f}")
    print(f"aim for ours: at most {AIM_SECONDS} s and {AIM_MB} MB, and ahead of both", flush=True)


def _run(name: str, store: Path, folder: Path) -> Figures:
    found = in_a_process(str(Path(__file__).with_name("bench_build.py")), name, str(store), str(folder))
    assert found is not None
    return found
