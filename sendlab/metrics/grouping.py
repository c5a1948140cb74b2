"""From a base (one row a person, place and period) to sums for every place and group: LA, schools, LA without each."""

import functools
from collections.abc import Callable, Sequence
from datetime import time
from typing import Any

import narwhals as nw
import polars as pl

from sendlab.schema.groups import ALL_SEN, SEND, TOTAL
from sendlab.schema.measures import GROUPS
from sendlab.schema.tables import POLARS_TYPE, TABLES

BREAKDOWNS = ("sen_provision", "need_area")
PLACE = ("geographic_level", "place_code", "place_name", "education_phase")
PERIOD = ("time_period", "time_identifier")
KEY = (*PERIOD, *PLACE, *GROUPS)
PLACED = ("time_period", "la_code", "la_name", *PLACE[1:], "sen_provision")  # what every metric needs of facts
OF_SEND = ("need_area", "sen_primary_need")  # broken down for pupils with SEN only
REST = "LA without this school"  # a geographic level of our own: it serves comparisons and is never published
LA, SCHOOL = "Local authority", "School"
UNKNOWN = "Not recorded"
By = Sequence[str | Sequence[str]]


def either_kind(metric: Callable[..., pl.DataFrame]) -> Callable[..., Any]:
    """Let a metric take polars or pandas frames and give back the kind of the first; the input stays untouched."""

    @functools.wraps(metric)
    def wrapper(frame: Any, *args: Any, **options: Any) -> Any:
        if isinstance(options.get("by"), str):
            options["by"] = [options["by"]]
        made = metric(
            _as_polars(frame), *map(_as_polars, args), **{name: _as_polars(value) for name, value in options.items()}
        )
        return made.to_pandas() if nw.from_native(frame, eager_only=True).implementation.is_pandas() else made

    return wrapper


def _as_polars(thing: Any) -> Any:
    """A frame as polars; anything else as it is. What pandas has no type for comes back: dates, and empty columns."""
    native = nw.from_native(thing, eager_only=True, pass_through=True)
    if not isinstance(native, nw.DataFrame) or native.implementation.is_polars():
        return thing
    frame = native.to_polars()
    return frame.with_columns(_restored(column) for column in frame.iter_columns())


def _restored(column: pl.Series) -> pl.Series:
    """A column that went through pandas: moments that are all midnight are dates, nothing has its declared type."""
    if column.dtype == pl.Datetime and bool((column.dt.time() == time()).all()):
        return column.cast(pl.Date)
    if column.dtype == pl.String and column.null_count() == len(column):
        return column.cast(_declared_type(column.name))
    return column


FLAGS = ("_met", "_higher")  # ends of columns of facts that say yes or no


def _declared_type(name: str) -> type[pl.DataType]:
    found = (column.kind for table in TABLES.values() for column in table.columns if column.name == name)
    kind = next(found, "flag" if name.endswith(FLAGS) else "text")
    return POLARS_TYPE[kind]


def as_breakdown(given: str | Sequence[str]) -> tuple[str, ...]:
    """The columns of a breakdown: a name, or several that are crossed."""
    return (given,) if isinstance(given, str) else tuple(given)


def grouped(
    base: pl.DataFrame, sums: Sequence[pl.Expr], *, by: By = BREAKDOWNS, peaks: Sequence[pl.Expr] = (),
    la_only: By = (), rest: bool = True,
) -> pl.DataFrame:  # fmt: skip
    """Sums for the LA, each school and the LA without it, in total and by each breakdown.

    `sums` are additive over schools; `peaks` are largest values. A breakdown is a column or several that are crossed;
    those of needs are of pupils with SEN; a column that is no group column of measure rows goes to `item`. `la_only`
    names breakdowns of the LA alone. Rows without a `place_code` count for the LA only.
    """
    base = base if "time_identifier" in base.columns else base.with_columns(pl.lit("").alias("time_identifier"))
    exprs = [*sums, *peaks]
    peak_names = [expr.meta.output_name() for expr in peaks]
    sum_names = [expr.meta.output_name() for expr in sums]
    everywhere, of_la = (dict.fromkeys(as_breakdown(one) for one in some) for some in (by, la_only))
    wanted = [((), False), *((one, False) for one in everywhere if one), *((one, True) for one in of_la
              if one not in everywhere)]  # fmt: skip
    first = next((columns for columns, _ in wanted if len(columns) == 1 and columns[0] in OF_SEND), None)
    cells = pl.concat(
        [_cells(base, columns, exprs, whole, with_total=columns == first) for columns, whole in wanted],
        how="vertical_relaxed",
    )
    placeless = pl.col("place_code").is_null()
    schools = _named(cells.filter(~placeless & ~pl.col("la_only")), base)
    merged = [*(pl.col(n).sum() for n in sum_names), *(pl.col(n).max() for n in peak_names)]
    whole = _of_la(cells.group_by(*PERIOD, *GROUPS).agg(merged), base)
    parts = [frame.select(*KEY, *sum_names, *peak_names) for frame in (whole, schools)]
    if rest:
        parts.append(_rest(parts[0], parts[1], sum_names, peak_names))
    return pl.concat(parts, how="vertical_relaxed").sort(KEY)


def _cells(
    base: pl.DataFrame, columns: tuple[str, ...], exprs: list[pl.Expr], whole: bool, with_total: bool
) -> pl.DataFrame:
    """One row a school, period and group of a breakdown, with the sums; the group columns filled.

    `with_total`: of a table by need also its total, all pupils with SEN; tables by need share it, so one brings it.
    """
    of_send = [name for name in columns if name in OF_SEND]
    parts = []
    if of_send:
        base = base.filter(pl.col("sen_provision").is_in(SEND))
        if with_total:
            parts.append(_counted(base, (), exprs, {"sen_provision": ALL_SEN}, whole))
        base = base.filter(*(pl.col(name).is_not_null() for name in of_send))
    fixed = {"sen_provision": ALL_SEN} if of_send and "sen_provision" not in columns else {}
    parts.append(_counted(base, columns, exprs, fixed, whole))
    return pl.concat(parts, how="vertical_relaxed")


def _counted(
    base: pl.DataFrame, columns: tuple[str, ...], exprs: list[pl.Expr], fixed: dict[str, str], whole: bool
) -> pl.DataFrame:
    keys = {name: name if name in GROUPS else "item" for name in columns}
    named = [pl.col(name).cast(pl.String).fill_null(UNKNOWN).alias(f"_{key}") for name, key in keys.items()]
    sums = base.group_by(*PERIOD, "place_code", *named).agg(exprs)
    filled = {key: pl.col(f"_{key}") for key in keys.values()} | {key: pl.lit(v) for key, v in fixed.items()}
    groups = [filled.get(name, pl.lit(TOTAL)).alias(name) for name in GROUPS]
    others = pl.exclude(*PERIOD, "place_code", *(f"_{key}" for key in keys.values()))
    return sums.select(*PERIOD, "place_code", *groups, pl.lit(whole).alias("la_only"), others)


def _named(cells: pl.DataFrame, base: pl.DataFrame) -> pl.DataFrame:
    places = base.select("place_code", "place_name", "education_phase").unique("place_code", keep="first")
    return cells.join(places, on="place_code", how="left").with_columns(pl.lit(SCHOOL).alias("geographic_level"))


def _of_la(sums: pl.DataFrame, base: pl.DataFrame) -> pl.DataFrame:
    code, name = (pl.lit(base[column].first() if base.height else None, dtype=pl.String) for column in
                  ("la_code", "la_name"))  # fmt: skip
    return sums.with_columns(
        pl.lit(LA).alias("geographic_level"), code.alias("place_code"), name.alias("place_name"),
        pl.lit(TOTAL).alias("education_phase"),
    )  # fmt: skip


def _rest(whole: pl.DataFrame, schools: pl.DataFrame, sums: list[str], peaks: list[str]) -> pl.DataFrame:
    """The LA's sums less a school's own."""
    link = [*PERIOD, *GROUPS]
    both = schools.join(whole.select(*link, *sums), on=link, suffix="_la")
    less = [
        *((pl.col(f"{name}_la") - pl.col(name)).alias(name) for name in sums),
        *(pl.lit(None, dtype=schools.schema[name]).alias(name) for name in peaks),
    ]
    return both.with_columns(pl.lit(REST).alias("geographic_level"), *less).select(whole.columns)


def number(values: Any) -> pl.Series:
    """A float column in which 'not a number' is missing."""
    return pl.Series(values, dtype=pl.Float64).fill_nan(None)
