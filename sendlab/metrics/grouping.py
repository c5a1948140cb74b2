"""From a base of pupils to sums for every place and group: LA, schools, and the LA without each school."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import narwhals as nw
import polars as pl

from sendlab.metrics.cards import card
from sendlab.schema.groups import ALL_SEN, SEND, TOTAL
from sendlab.schema.measures import as_measures

BREAKDOWNS = ("sen_provision", "need_area")
PLACE = ("geographic_level", "place_code", "place_name", "education_phase")
GROUPS = ("sen_provision", "need_area", "item")
KEY = ("time_period", *PLACE, *GROUPS)
PLACED = ("time_period", "la_code", "la_name", *PLACE[1:], "sen_provision")  # what every metric needs of facts
REST = "LA without this school"  # a geographic level of our own: it serves comparisons and is never published


def either_kind(metric: Callable[..., pl.DataFrame]) -> Callable[..., Any]:
    """Let a metric take polars or pandas frames and give back the kind of the first; the input stays untouched."""

    @functools.wraps(metric)
    def wrapper(frame: Any, *args: Any, **options: Any) -> Any:
        made = metric(
            _as_polars(frame), *map(_as_polars, args), **{name: _as_polars(value) for name, value in options.items()}
        )
        return made.to_pandas() if nw.from_native(frame, eager_only=True).implementation.is_pandas() else made

    return wrapper


def _as_polars(thing: Any) -> Any:
    """A frame as polars; anything else as it is."""
    native = nw.from_native(thing, eager_only=True, pass_through=True)
    return native.to_polars() if isinstance(native, nw.DataFrame) else thing


def grouped(
    base: pl.DataFrame, sums: Sequence[pl.Expr], *, by: Sequence[str] = BREAKDOWNS, peaks: Sequence[pl.Expr] = ()
) -> pl.DataFrame:
    """Sums for the LA, each school and the LA without it, in total and by each breakdown (one way at a time).

    `sums` are additive over schools; `peaks` (largest single values) are not, and are null for the LA without a school.
    """
    cells = pl.concat([_cells(base, column) for column in ("", *by)], how="diagonal")
    parts = [
        cells.group_by("time_period", *names, *GROUPS)
        .agg(*sums, *peaks)
        .rename(dict(zip(names, ("place_code", "place_name"), strict=False)))
        .with_columns(pl.lit(level).alias("geographic_level"), *phase)
        for level, names, phase in (
            ("Local authority", ("la_code", "la_name"), [pl.lit(TOTAL).alias("education_phase")]),
            ("School", ("place_code", "place_name", "education_phase"), []),
        )
    ]
    whole, schools = (part.select(*KEY, pl.exclude(KEY)) for part in parts)
    rest = _rest(whole, schools, [name for name in whole.columns if name not in KEY], _names(peaks, cells))
    return pl.concat([whole, schools, rest.select(whole.columns)], how="vertical_relaxed").sort(KEY)


def _names(expressions: Sequence[pl.Expr], frame: pl.DataFrame) -> list[str]:
    return list(frame.lazy().select(expressions).collect_schema().names()) if expressions else []


def _cells(base: pl.DataFrame, column: str) -> pl.DataFrame:
    """The base with its group columns filled for one breakdown; need areas are those of pupils with SEN."""
    total = {name: pl.lit(TOTAL).alias(name) for name in GROUPS}
    if column == "":
        return base.with_columns(total.values())
    if column == "need_area":
        send = base.filter(pl.col("sen_provision").is_in(SEND))
        known = send.filter(pl.col("need_area").is_not_null())
        named = [pl.lit(ALL_SEN).alias("sen_provision"), total["item"]]
        return pl.concat(
            [send.with_columns(*named, total["need_area"]), known.with_columns(*named, pl.col("need_area"))]
        )
    if column == "sen_provision":
        return base.with_columns(total["need_area"], total["item"])
    name = pl.col(column).cast(pl.String).fill_null("Not recorded").alias("item")
    return base.with_columns(name).with_columns(total["sen_provision"], total["need_area"])


def _rest(whole: pl.DataFrame, schools: pl.DataFrame, values: list[str], peaks: list[str]) -> pl.DataFrame:
    """The LA's sums less a school's own."""
    link = ["time_period", *GROUPS]
    both = schools.join(whole.select(*link, *values), on=link, suffix="_la")
    less = [
        pl.lit(None, dtype=schools.schema[v]).alias(v) if v in peaks else (pl.col(f"{v}_la") - pl.col(v)).alias(v)
        for v in values
    ]
    return both.with_columns(pl.lit(REST).alias("geographic_level"), *less)


def measured(rows: pl.DataFrame, measure: str, **columns: pl.Expr | pl.Series | str) -> pl.DataFrame:
    """Measure rows from grouped rows and the columns that the metric worked out (a text stands for itself)."""
    values = {name: pl.lit(value) if isinstance(value, str) else value for name, value in columns.items()}
    named = [value.alias(name) for name, value in values.items()]
    return as_measures(
        rows.select(*KEY, pl.lit(measure).alias("measure"), pl.lit(card(measure).unit).alias("unit"), *named)
    )


def number(values: Any) -> pl.Series:
    """A float column in which 'not a number' is missing."""
    return pl.Series(values, dtype=pl.Float64).fill_nan(None)
