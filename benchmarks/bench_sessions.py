"""Measures one load of a made-up session register in a fresh process: rows a second, CPU seconds, peak memory.

python benchmarks/bench_sessions.py --rows 45000000 --kind csv [--order school]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet

PUPILS, SCHOOLS, DAYS = 120_000, 400, 190
LETTERS = np.array(list("ABCDEFGHJKLMNPQRTUVWXYZ"))
CODES, SHARES = np.array(list("/LIMVBCOGDX")), [0.889, 0.01, 0.04, 0.01, 0.01, 0.01, 0.005, 0.01, 0.008, 0.004, 0.004]
PUPILS_AT_ONCE = 3_000


def upns() -> np.ndarray:
    """Valid UPNs of authority 999, which does not exist."""
    texts = [f"999{2000 + number % SCHOOLS:04d}18{number // SCHOOLS:03d}" for number in range(PUPILS)]
    digits = np.array([[int(digit) for digit in text] for text in texts])
    letters = LETTERS[(digits * np.arange(2, digits.shape[1] + 2)).sum(axis=1) % len(LETTERS)]
    return np.char.add(letters, np.array(texts))


def school_days() -> np.ndarray:
    """The first 190 weekdays of a school year, as they stand in a file."""
    days = (date(2024, 9, 2) + timedelta(place) for place in range(2 * DAYS))
    return np.array([day.strftime("%d/%m/%Y") for day in days if day.weekday() < 5][:DAYS])


def parts(rows: int, order: str) -> Iterator[pl.DataFrame]:
    """A register of so many rows, by day (every pupil each time) or by school (every day each time)."""
    rng = np.random.default_rng(3)
    names, days = upns(), school_days()
    by_school = np.argsort(np.arange(PUPILS) % SCHOOLS, kind="stable")
    left, per_pupil = rows, -(-rows // PUPILS)
    steps = range(DAYS) if order == "day" else range(0, PUPILS, PUPILS_AT_ONCE)
    for step in steps:
        if order == "day":
            pupil = np.repeat(np.arange(PUPILS), 2)
            day, half = np.full(2 * PUPILS, step), np.tile([0, 1], PUPILS)
        else:
            pupil = np.repeat(by_school[step : step + PUPILS_AT_ONCE], per_pupil)
            place = np.tile(np.arange(per_pupil), PUPILS_AT_ONCE)
            day, half = place // 2, place % 2
        mark = CODES[rng.choice(len(CODES), len(pupil), p=SHARES)]
        made = pl.DataFrame({
            "UPN": names[pupil], "LAESTAB": np.char.add("999", (2000 + pupil % SCHOOLS).astype(str)), "Date": days[day],
            "Session": np.array(["AM", "PM"])[half], "Mark": np.where((mark == "/") & (half == 1), "\\", mark),
        }).head(left)  # fmt: skip
        left -= made.height
        yield made
        if left <= 0:
            return


def write(path: Path, rows: int, order: str) -> None:
    """The register as CSV or Parquet, a part at a time."""
    if path.suffix == ".csv":
        with path.open("wb") as handle:
            for place, part in enumerate(parts(rows, order)):
                part.write_csv(handle, include_header=place == 0)
        return
    writer = None
    for part in parts(rows, order):
        table = part.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer:
        writer.close()


def load(path: Path) -> dict[str, float | int | str]:
    """One load in this process, measured."""
    from sendlab.sessions import load_sessions
    from sendlab.sources.registers import RegisterFile, shape_of

    shape = shape_of(["UPN", "LAESTAB", "Date", "Session", "Mark"])
    assert shape is not None
    wall, cpu = time.perf_counter(), time.process_time()
    done = load_sessions([RegisterFile(path, shape)], path.parent, key=bytes(32), schools={})
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    record, peak = done.records[0], peak_mb()
    stored = sum(file.stat().st_size for file in (path.parent / "sessions").glob("*.parquet"))
    return {
        "read": record.read, "loaded": record.loaded, "merged": done.merged, "input_mb": path.stat().st_size >> 20,
        "stored_mb": stored >> 20, "seconds": round(wall, 1), "cpu_seconds": round(cpu, 1),
        "rows_a_second": round(record.read / wall), "peak_mb": peak,
        "code_rows": done.codes_frame.height, "peak_with_codes_mb": peak_mb(),
    }  # fmt: skip


def peak_mb() -> int:
    """Most memory this process ever held."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset) >> 20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)


def main() -> None:
    """Make the register, load it in a process of its own, print what was measured as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--kind", choices=["csv", "parquet"], default="csv")
    asked.add_argument("--order", choices=["day", "school"], default="day")
    asked.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.load:
        print(json.dumps(load(given.load)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"register.{given.kind}"
        write(path, min(given.rows, PUPILS * DAYS * 2), given.order)
        found = subprocess.run([sys.executable, __file__, "--load", str(path)], capture_output=True, text=True)
    if found.returncode:
        sys.exit(found.stderr)
    print(json.dumps({"kind": given.kind, "order": given.order, **json.loads(found.stdout)}))


if __name__ == "__main__":
    main()
