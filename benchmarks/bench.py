"""Measures how fast and how large ingest is: a census set, registers as CSV and Parquet, a workbook; one process each.

python benchmarks/bench.py [--quick] [--only NAME]   what `make bench` runs; --quick measures a tenth of the rows

After ingest it measures build and absence (benchmarks/bench_build.py), then runs (benchmarks/bench_runs.py), then
self-evaluation (benchmarks/bench_self_evaluation.py), then the explorer (benchmarks/bench_explore.py).

Ratios compare with polars reading the same files as text and nothing else, in a process of its own, in the same run.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import bench_build
import bench_explore
import bench_runs
import bench_self_evaluation
import polars as pl
from bench_process import Figures, in_a_process, stopwatch
from bench_sessions import write

KEY, SPACE = bytes(32), '[authority]\nla_code = "999"\nla_name = "Bench"\n[pseudonyms]\nkey_id = "sample"\n'
RUNS, RATINGS, EXPLORER = "runs", "self-evaluation", "explorer"
SIZES = {"census": 120_000, "workbook": 60_000, "sessions": 45_000_000, "fewer sessions": 20_000_000}


def make_census(folder: Path, pupils: int) -> None:
    """A spring and an autumn census of so many pupils in 400 schools (fewer pupils: fewer schools)."""
    from sendlab.sample.blade import census_tables
    from sendlab.sample.world import World

    world = World(1, max(9, pupils // 300), pupils, 1)
    for census in world.censuses[-2:]:
        for name, table in census_tables(world, census).items():
            table.write_csv(folder / f"{name}.csv", line_terminator="\n")


def make_workbook(folder: Path, rows: int) -> None:
    """One sheet of meetings."""
    pupils = [f"A9992001{number:05d}" for number in range(rows)]
    pl.DataFrame({"UPN": pupils}).with_columns(
        LAESTAB=pl.lit("9992001"), kind=pl.lit("annual review"), planned_on=pl.lit("16/10/2024"),
        held_on=pl.lit("17/10/2024"), parents_attended=pl.lit("Yes"), agencies=pl.lit(2),
    ).write_excel(folder / "meetings.xlsx")  # fmt: skip


def make_register(ending: str) -> Callable[[Path, int], None]:
    """A session register by day."""
    return lambda folder, rows: write(folder / f"register.{ending}", rows, "day")


CASES: dict[str, tuple[Callable[[Path, int], None], str]] = {
    "census": (make_census, "census"),
    "workbook": (make_workbook, "workbook"),
    "sessions, Parquet": (make_register("parquet"), "sessions"),
    "fewer sessions, CSV": (make_register("csv"), "fewer sessions"),
    "sessions, CSV": (make_register("csv"), "sessions"),
}


def ingest_once(folder: Path) -> Figures:
    """One ingest in this process, measured."""
    from sendlab.ingest import ingest
    from sendlab.workspace import find_workspace

    stop = stopwatch()
    result = ingest(find_workspace(folder), force=True)
    rows = sum(record.read for record in result.records)
    assert rows == sum(record.loaded for record in result.records) + sum(r.quarantined for r in result.records)
    return {"rows": rows} | stop()


def read_only(folder: Path) -> Figures:
    """The same files read by polars as text, one after the other."""
    readers = {".csv": lambda path: pl.read_csv(path, infer_schema=False), ".parquet": pl.read_parquet,
               ".xlsx": pl.read_excel}  # fmt: skip
    stop = stopwatch()
    rows = sum(readers[path.suffix](path).height for path in (folder / "raw").iterdir())
    return {"rows": rows} | stop()


def make_files(folder: Path, case: str, rows: str) -> Figures:
    """The files of a case."""
    CASES[case][0](folder / "raw", int(rows))
    return {}


def measured(how: str, folder: Path, *more: str) -> Figures:
    """What a fresh process measured."""
    found = in_a_process(__file__, how, str(folder), *more)
    assert found is not None
    return found


def bench(share: float, only: str) -> None:
    """Every case: make the files, ingest, read only, print a line."""
    print(f"{'':22}{'rows':>12}{'rows/s':>10}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}{'CPU / plain read':>18}")
    for name, (_, size) in CASES.items():
        if only not in name:
            continue
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "raw").mkdir()
            (folder / "sendlab.toml").write_text(SPACE, encoding="utf-8")
            measured("make", folder, name, str(int(SIZES[size] * share)))  # its memory must not be ours
            ours = measured("ingest", folder)
            plain = measured("read", folder) if size != "sessions" else None
        ratio = f"{ours['cpu_seconds'] / max(plain['cpu_seconds'], 0.1):.1f}" if plain else "-"
        print(
            f"{name:22}{ours['rows']:>12,}{ours['rows'] / ours['seconds']:>10,.0f}{ours['seconds']:>9}"
            f"{ours['cpu_seconds']:>8}{ours['peak_mb']:>9,}{ratio:>18}",
            flush=True,
        )


def main() -> None:
    """Run the bench, or measure one thing in this process."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true")
    asked.add_argument(
        "--only",
        default="",
        help=f"ingest cases whose name holds this, build, absence, {RUNS}, {RATINGS} or {EXPLORER}",
    )
    asked.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.measure:
        how, folder, *more = given.measure
        job = {"ingest": ingest_once, "read": read_only, "make": make_files}[how]
        print(json.dumps(job(Path(folder), *more)))
        return
    if given.only not in (*bench_build.CASES, RUNS, RATINGS, EXPLORER):
        bench(0.1 if given.quick else 1.0, given.only)
    if given.only in ("", *bench_build.CASES):
        bench_build.bench(quick=given.quick, only=given.only)
    if given.only in ("", RUNS):
        bench_runs.bench([9] if given.quick else bench_runs.SIZES, times=1 if given.quick else 5, schools=0)
    if given.only in ("", RATINGS):
        bench_self_evaluation.bench(quick=given.quick)
    if given.only in ("", EXPLORER):
        bench_explore.bench(quick=given.quick)


if __name__ == "__main__":
    main()
