"""Absence straight from session registers: by school, SEN provision and any part of a year, and by weekday."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sendlab.cohort import attendance_base, require_facts
from sendlab.facts.marks import Part, pieces_by_part
from sendlab.metrics.attendance import PERSISTENT, SEVERE
from sendlab.metrics.grouping import PLACED, number
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import Ratio
from sendlab.schema.measures import no_measures
from sendlab.stats.intervals import wilson
from sendlab.stats.sums import ratio_of_sums_from

SUMS, SHARES = ("a", "m", "aa", "am", "mm"), ("persistent", "severe")
COUNTED = {"n": pl.Int64, **dict.fromkeys(SUMS, pl.Float64), **dict.fromkeys(SHARES, pl.Int64)}


def absence_of_registers(store: Path, pupils: pl.DataFrame, parts: Sequence[Part]) -> pl.DataFrame:
    """Overall, persistent and severe absence of each school by SEN provision and part of a year, from session rows.

    `store`: the folder of the store. `pupils`: pupil_id, school_id, sen_provision, one row a pupil and school; who is
    not among them is not counted. `parts`: (school year, name, first day, last day) of each part, which do not overlap.
    Returns school_id, sen_provision, time_period, time_identifier, enrolments, sessions_possible, sessions_missed,
    `absence` with `lower` and `upper` (ratio estimator over pupils), `persistent` and `severe` (pupils, and `_percent`
    with limits by Wilson). One piece of whole schools at a time is held, however long the registers are.
    """
    key = ["school_id", "sen_provision", "time_period", "time_identifier"]
    found = [_sums(piece, pupils, key) for piece in pieces_by_part(store, parts)] if parts else []
    nothing = pl.DataFrame(schema={**dict.fromkeys(key, pl.String), **COUNTED})
    rows = pl.concat(found or [nothing]).sort(key)
    absent = ratio_of_sums_from(*(rows[name].to_numpy() for name in ("n", *SUMS)))
    shares = {name: wilson(rows[name].to_numpy(), rows["n"].to_numpy()) for name in SHARES}
    return rows.select(
        *key, pl.col("n").alias("enrolments"), pl.col("m").alias("sessions_possible"),
        pl.col("a").alias("sessions_missed"), (100 * pl.col("a") / pl.col("m")).alias("absence"),
        number(100 * absent[0]).alias("lower"), number(100 * absent[1]).alias("upper"),
        *(column for name, limits in shares.items() for column in (
            pl.col(name), (100 * pl.col(name) / pl.col("n")).alias(f"{name}_percent"),
            number(100 * limits[0]).alias(f"{name}_lower"), number(100 * limits[1]).alias(f"{name}_upper"))),
    )  # fmt: skip


def _sums(piece: pl.DataFrame, pupils: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    here = pupils.filter(pl.col("school_id").is_in(piece["school_id"].unique().implode()))
    missed = (pl.col("sessions_authorised") + pl.col("sessions_unauthorised")).alias("a")
    rows = piece.filter(pl.col("sessions_possible") > 0).select(
        *key[:1], "pupil_id", *key[2:], missed, pl.col("sessions_possible").alias("m")
    )
    a, m = pl.col("a"), pl.col("m")
    return rows.join(here, on=["pupil_id", "school_id"], how="inner").group_by(key).agg(
        pl.len().cast(pl.Int64).alias("n"), a.sum(), m.sum(), (a * a).sum().alias("aa"), (a * m).sum().alias("am"),
        (m * m).sum().alias("mm"), (100 * a >= PERSISTENT * m).sum().cast(pl.Int64).alias("persistent"),
        (100 * a >= SEVERE * m).sum().cast(pl.Int64).alias("severe"),
    )  # fmt: skip


def absence_by_weekday(facts: pl.DataFrame, weekdays: pl.DataFrame, *, confidence: float = 0.95) -> pl.DataFrame:
    """Sessions missed per 100 possible on each weekday morning and afternoon; `item` is "Monday AM" and so on.

    `weekdays`: rows of `sessions_by_weekday`; schools without a session register are not in it. Of pupils in the
    attendance base; interval: ratio estimator over pupils.
    """
    require_facts(facts, (*PLACED, "pupil_id", "school_id"))
    if weekdays.is_empty():
        return no_measures()
    kinds = [name for name in weekdays.columns if name.startswith("sessions_")]
    base = attendance_base(facts).drop(*kinds, "absent")
    rows = base.join(weekdays, on=["pupil_id", "school_id", "time_period"], how="inner")
    missed = pl.col("sessions_authorised") + pl.col("sessions_unauthorised")
    parts = [
        measure_rows(
            rows.filter(pl.col("weekday_session") == name),
            [Ratio("absence_by_weekday", top=missed, bottom=pl.col("sessions_possible"), item=name)],
            confidence=confidence,
        )
        for name in sorted(rows["weekday_session"].unique())
    ]
    return pl.concat([no_measures(), *parts])
