"""The further tables of the synthetic authority, checked, and as files: extracts, registers, SEN2, references."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from sendlab.sample import resources, support, voices
from sendlab.sample.ehc import Return, ehc_tables, make_cases, make_returns, plan_starts
from sendlab.sample.marks import SCHEMA, session_rows
from sendlab.sample.reference_files import reference_tables, write_references, write_sheet
from sendlab.sample.sen2_files import write_returns
from sendlab.sample.settings import period
from sendlab.sample.support import YEARS, extra
from sendlab.sample.terms import PARTS, first_day
from sendlab.sample.world import World
from sendlab.schema.tables import TABLES
from sendlab.sources.reading import as_declared

DAY = "%d/%m/%Y"  # as a spreadsheet writes it
SHEET_ROWS = 50_000  # beyond it a table comes as CSV: nobody keeps such a workbook
REGISTER = pa.schema([(name, pa.date32() if kind == pl.Date else pa.string()) for name, kind in SCHEMA.items()])


@dataclass(frozen=True)
class _Extra:
    """What the tables and the files share."""

    tables: dict[str, pl.DataFrame]
    returns: list[Return]


def extra_tables(world: World) -> dict[str, pl.DataFrame]:
    """{table: rows} of every further table but `sessions` (see `marks.session_rows`), with the declared columns.

    They follow from the people, stays and events of the world: equal worlds give equal tables. UPNs stand in pupil_id.

    >>> "sen_register" in extra_tables(World(1, 9, 1500))
    True
    """
    return dict(_make(world).tables)


@lru_cache(maxsize=1)  # the tables and the files of one world share it
def _make(world: World) -> _Extra:
    cases = make_cases(world)
    returns = make_returns(world, cases)[world.first_year :]
    found = {
        "sen_register": support.sen_register(world, plan_starts(cases)),
        "targets": support.targets(world),
        "plans": support.plans(world),
        "meetings": support.meetings(world),
        "transitions": resources.transitions(world),
        "alternative_provision": resources.alternative_provision(world),
        **resources.funding(world),
        **resources.staff(world),
        "inspections": resources.inspections(world),
        "local_offer": resources.local_offer(world),
        "wellbeing": voices.wellbeing(world),
        "behaviour": voices.behaviour(world),
        "activities": voices.activities(world),
        "observations": voices.observations(world),
        "voice": voices.voice(world),
        "evidence": voices.evidence(world),
        "actions": voices.actions(world),
        **ehc_tables(returns),
        **reference_tables(world),
    }
    tables = {name: _shown(name, as_declared(rows, name), world.first_year) for name, rows in found.items()}
    return _Extra({name: rows.sort(TABLES[name].key) for name, rows in tables.items()}, returns)


def _shown(name: str, rows: pl.DataFrame, first: int) -> pl.DataFrame:
    """The rows of the years that the world shows; what has no year is always shown."""
    if "time_period" in rows.columns and name != "indicators":
        return rows.filter(pl.col("time_period") >= period(first))
    if "financial_year" in rows.columns:
        return rows.filter(pl.col("financial_year").str.slice(0, 4) >= period(first)[:4])
    if name in (dated := extra()["shown_by"]):
        day = pl.col(dated[name])
        return rows.filter(day.is_null() | (day >= pl.lit(first_day(first))))
    return rows


def write_extra(world: World, folder: Path) -> list[Path]:
    """Write the further files into a folder that is there; returns their paths in order of name.

    Extracts as CSV and XLSX, SEN2 returns in three formats, session registers as CSV (two schools, one term) and
    Parquet (the rest), GIAS, neighbours and indicators. Byte for byte the same from one world.
    """
    made = _make(world)
    paths = [_write_extract(name, made.tables[name], world, folder) for name in extra()["extract"]]
    paths += write_returns(made.returns, folder)
    paths += write_references(world, folder)
    return sorted([*paths, *_write_registers(world, folder)])


def _write_extract(name: str, rows: pl.DataFrame, world: World, folder: Path) -> Path:
    """One table under headers such as authorities use, with the dirt that a clean reader takes in its stride."""
    rules = extra()["extract"][name]
    texts = _as_written(rows, rules, world)
    if "title" not in rules or rows.height > SHEET_ROWS:
        path = folder / f"{name}.csv"
        path.write_bytes(texts.write_csv(line_terminator="\r\n").encode(rules.get("encoding", "utf-8")))
        return path
    cells = [[rules["title"]], [], texts.columns, *map(list, texts.rows())]
    return write_sheet(folder / f"{name}.xlsx", rules.get("sheet", "Export"), cells)


def _as_written(rows: pl.DataFrame, rules: dict[str, Any], world: World) -> pl.DataFrame:
    """Columns with anything in them, renamed; dates as in a spreadsheet, flags as words, whole numbers without '.0'."""
    headers = rules["headers"]
    kept = [column for column in rows.columns if rows[column].null_count() < rows.height]
    words = dict(zip((False, True), rules.get("flags", ["No", "Yes"]), strict=True))
    year = pl.concat_str(pl.col("time_period").str.slice(0, 4), pl.lit("/"), pl.col("time_period").str.slice(4))
    school = _school_as(rules.get("school", "laestab"), world)
    whole = [c for c in kept if rows[c].dtype == pl.Float64 and not (rows[c] % 1 != 0).any()]
    return rows.select(kept).with_columns(
        pl.selectors.date().dt.strftime(rules.get("date", DAY)),
        pl.selectors.boolean().replace_strict(words, return_dtype=pl.String),
        *(pl.col(column).cast(pl.Int64) for column in whole),
        *([year.alias("time_period")] if "time_period" in kept else []),
        *([school] if "school_id" in kept else []),
    ).rename({column: headers.get(column, column) for column in kept})  # fmt: skip


def _school_as(way: str, world: World) -> pl.Expr:
    """The school's number as a file gives it: LAESTAB, LAESTAB with a stroke, or URN."""
    school = pl.col("school_id")
    if way == "stroke":
        return pl.concat_str(school.str.slice(0, 3), pl.lit("/"), school.str.slice(3)).alias("school_id")
    if way == "urn":
        return school.replace(dict(zip(world.schools["school_id"], world.schools["school_urn"], strict=True)))
    return school


def _write_registers(world: World, folder: Path) -> list[Path]:
    """One term of the two smallest schools as CSV, long and wide; all else as Parquet, school after school."""
    returned = world.sessions[0]["school"].unique()
    schools = world.schools.filter(pl.col("school").is_in(returned.implode())).sort("size", "school_id")["school_id"]
    term = next(part for part in PARTS if part.year == YEARS[-1])
    in_term = pl.col("session_date").is_between(pl.lit(term.first), pl.lit(term.last))
    paths, path = [], folder / "session_registers.parquet"
    with pq.ParquetWriter(path, REGISTER, compression="zstd", compression_level=6, write_statistics=False) as whole:
        for school, write in zip_longest(schools, (_long_register, _wide_register)):
            rows = session_rows(world, school)
            if write:
                name = f"register_{school}_{term.term.split()[0].lower()}.csv"
                paths.append(write(rows.filter(in_term), folder / name))
                rows = rows.filter(~in_term)
            # each pupil's mornings, then afternoons: equal marks stand side by side, and the file is small
            rows = rows.sort("pupil_id", "session", "session_date")
            whole.write_table(rows.to_arrow().cast(REGISTER))
    return [*paths, path]


def _long_register(rows: pl.DataFrame, path: Path) -> Path:
    """One row a pupil, date and session, under names as an interface to school systems gives them."""
    shown = rows.with_columns(pl.col("session_date").dt.strftime("%Y-%m-%d")).rename(
        {
            "pupil_id": "upn",
            "school_id": "school_laestab",
            "session_date": "date",
            "attendance_code": "attendance_code_id",
        }
    )
    shown.write_csv(path, line_terminator="\n")
    return path


def _wide_register(rows: pl.DataFrame, path: Path) -> Path:
    """One row a pupil, one column a date with the marks of morning and afternoon; blank where not on roll."""
    pair = rows.group_by("pupil_id", "school_id", "session_date", maintain_order=True).agg(
        pl.col("attendance_code").filter(session="AM").first().alias("am"),
        pl.col("attendance_code").filter(session="PM").first().alias("pm"),
    ).with_columns(long=(pl.col("am").str.len_chars() > 1) | (pl.col("pm").str.len_chars() > 1))  # fmt: skip
    cell = pl.concat_str("am", pl.when("long").then(pl.lit(" ")).otherwise(pl.lit("")), "pm")
    pair = pair.with_columns(cell=cell).sort("session_date")
    wide = pair.with_columns(pl.col("session_date").dt.strftime(DAY)).pivot(
        on="session_date", index=["pupil_id", "school_id"], values="cell"
    )
    wide.sort("pupil_id").rename({"pupil_id": "UPN", "school_id": "LAESTAB"}).write_csv(path, line_terminator="\r\n")
    return path
