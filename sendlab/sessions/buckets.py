"""Rows of session registers by a hash of their school: parts while files are read, then sorted Parquet files."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from sendlab.schema.problems import file_problem, no_problems
from sendlab.schema.tables import TABLES
from sendlab.sessions.ids import Ids, Names, school_hash
from sendlab.store import SESSIONS, replace_file

PARTS = 64  # of the rows under way; a power of two, as is the number of files, so that parts make up files
BUCKET_ROWS = 1_000_000  # about so many rows a file at most
ROW_GROUP = 100_000  # a school is found by the least and greatest value of each
KEY = ["school", "pupil", "session_date", "session"]
UNDER_WAY = pa.schema([("pupil", pa.uint32()), ("school", pa.uint32()), ("session_date", pa.date32()),
                       ("session", pa.uint8()), ("attendance_code", pa.uint8())])  # fmt: skip


class Parts:
    """The rows of one file on their way to their schools' parts: an Arrow stream for each, opened when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._open, self._streams = folder, ExitStack(), dict[int, pa.RecordBatchStreamWriter]()

    def __enter__(self) -> "Parts":
        return self

    def __exit__(self, *fault: object) -> None:
        self._open.close()

    def write(self, rows: pl.DataFrame, school_ids: pl.Series) -> None:
        """Add rows to the parts of their schools."""
        part_of = pl.Series([school_hash(school) % PARTS for school in school_ids], dtype=pl.UInt8)
        numbers = [pl.col(name).to_physical() for name in ("session", "attendance_code")]
        kept = rows.select("pupil", "school", "session_date", *numbers)
        placed = kept.with_columns(part_of.gather(kept["school"]).alias("part"))
        for (part,), some in placed.partition_by("part", as_dict=True, include_key=False).items():
            self._stream(int(part)).write_table(some.to_arrow().cast(UNDER_WAY))

    def _stream(self, part: int) -> pa.RecordBatchStreamWriter:
        if part not in self._streams:
            sink = self._open.enter_context(pa.OSFile(str(self._folder / f"{part:02d}.arrow"), "wb"))
            writer = pa.ipc.new_stream(sink, UNDER_WAY, options=pa.ipc.IpcWriteOptions(compression="lz4"))
            self._streams[part] = self._open.enter_context(writer)
        return self._streams[part]


class Written(NamedTuple):
    """What became of the rows: how many repeats were merged, what is to be said of them, and counts by code."""

    merged: int
    problems: pl.DataFrame
    code_pieces: Callable[[], Iterator[pl.DataFrame]]


def write_buckets(
    parts: Path, target: Path, ids: Ids, rows_loaded: int, leave_out: Collection[str], term_of: Callable[[date], str]
) -> Written:
    """Each bucket alone: repeats merged, sorted, written. All stand ready before the first takes its place."""
    count = 1
    while count < PARTS and rows_loaded > count * BUCKET_ROWS:
        count *= 2
    names = Names(ids, leave_out)
    all_merged, contradictions, ready, counts = 0, 0, list[tuple[Path, Path]](), list[pl.DataFrame]()
    for bucket in range(count):
        streams = [path for part in range(bucket, PARTS, count) for path in sorted(parts.glob(f"*/{part:02d}.arrow"))]
        rows, merged, contradicted = _without_repeats(names.known(_concat(streams)))
        all_merged, contradictions = all_merged + merged, contradictions + contradicted
        aside = target / f".bucket-{bucket:03d}.{os.getpid()}.tmp"
        names.written_out(rows).write_parquet(aside, compression="zstd", row_group_size=ROW_GROUP, statistics=True)
        ready.append((aside, target / f"bucket-{bucket:03d}.parquet"))
        counts.append(names.counted(rows, term_of))
    _put_in_place(target, ready)
    counted = pl.concat(counts).sort("school", "pupil", maintain_order=True)
    return Written(all_merged, _contradicted(contradictions), lambda: names.code_pieces(counted))


def _concat(streams: list[Path]) -> pl.DataFrame:
    empty = pl.DataFrame(pl.from_arrow(UNDER_WAY.empty_table()))
    return pl.concat([empty, *(pl.read_ipc_stream(path) for path in streams)])


def _put_in_place(target: Path, ready: list[tuple[Path, Path]]) -> None:
    for aside, place in ready:
        replace_file(aside, place)
    places = {place for _, place in ready}
    for path in [*target.glob("bucket-*.parquet"), *target.glob(".bucket-*.tmp")]:
        if path not in places:
            path.unlink()


def _without_repeats(rows: pl.DataFrame) -> tuple[pl.DataFrame, int, int]:
    """Rows in order, one a key; how many were merged, and how many keys had marks that contradict each other.

    The first row of a key counts; one with a mark comes before one without, for a missing mark contradicts nothing.
    """
    rows = rows.with_columns(pl.col("attendance_code").is_null().alias("unmarked"))
    rows = rows.sort(*KEY, "unmarked", maintain_order=True).drop("unmarked")
    repeat = rows.select(pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in KEY).fill_null(False))
    again = repeat.to_series()
    if not again.any():
        return rows, 0, 0
    touched = rows.filter(again | again.shift(-1, fill_value=False))
    marks = touched.group_by(KEY).agg(pl.col("attendance_code").drop_nulls().n_unique())
    return rows.filter(~again), int(again.sum()), int((marks["attendance_code"] > 1).sum())


def _contradicted(count: int) -> pl.DataFrame:
    if not count:
        return no_problems()
    return file_problem(
        file=f"table {SESSIONS}", rule="rows_contradict", severity="warning", count=count,
        column=", ".join(TABLES[SESSIONS].key), message="repeated rows of one key disagree: the first counts",
        remedy="correct the files so that they agree",
    )  # fmt: skip
