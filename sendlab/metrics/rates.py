"""The one function that makes every rate: per * numerator / denominator, with what stood in the way kept beside it."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import narwhals as nw
import numpy as np
import polars as pl

from sendlab.errors import DataProblem, SendlabError
from sendlab.schema.numbers import Numbers, read_numbers
from sendlab.stats import intervals
from sendlab.stats.arrays import Limits
from sendlab.stats.rounding import exact_rates, rate_bounds

Frame = TypeVar("Frame")
Columns = str | Sequence[str]
NOT_APPLICABLE = "z"
NATIONAL_SD = "national sd"  # means of a score: the Department's progress intervals
INTERVALS: dict[str, Callable[..., Limits]] = {
    "wilson": intervals.wilson,  # shares of people
    "garwood": intervals.garwood,  # counts of events
}


def rate(
    frame: Frame, *, numerator: Columns, denominator: Columns, per: int = 100, decimals: int | None = None,
    interval: Literal["wilson", "garwood", "national sd"] | None = None, confidence: float = 0.95,
    national_sd: float | str | None = None, rounded_to: float | None = None,
) -> Frame:  # fmt: skip
    """A rate for each row: per * numerator / denominator, rounded half away from zero on the exact quotient.

    `numerator` and `denominator` name a column of the frame, or several that are added up (pandas or polars; numbers,
    or texts as they stand in published files: thousands commas are read, symbols such as c, x, z are kept). `per` is
    100 for a percentage and 1 for a mean (sum of scores / pupils). `decimals=None` leaves the quotient unrounded.

    `interval` asks for limits: "wilson" where the numerator counts people, "garwood" where it counts events, "national
    sd" for a mean: 1.96 `national_sd` (a number, or the column that holds it) / root of the denominator either side.
    The default gives none, as for published counts of whole populations. Limits stay unrounded.
    `rounded_to` says that counts were rounded (to 5, say) after the rate was made: `least` and `most` then hold the
    range in which a published rate with these `decimals` must lie; for counts, not for sums below 0.

    Returns the same kind of frame with the same rows in the same order, and the columns `numerator`, `denominator`,
    `value`, `lower`, `upper`, `method`, `status` (and `least`, `most`) added, or replaced where they stood. `status`
    is "" where there is a value; else the symbol that stood in the numerator (or, failing that, the denominator), "x"
    for a blank, "z" where the denominator is 0. A missing number is never taken as 0. A text that is neither number
    nor symbol raises DataProblem; options that do not go together raise SendlabError.

    Source: DfE suspension, absence and SEN2 statistics; rounding found by reproducing them (2011/12 to 2025). DfE,
    Primary school accountability: technical guide (2025), for the interval of a progress score.

    >>> rows = pl.DataFrame({"susp": ["4", "x", "0"], "headcount": ["1,200", "90", "0"]})
    >>> done = rate(rows, numerator="susp", denominator="headcount", decimals=2)
    >>> done["value"].to_list(), done["status"].to_list()
    ([0.33, None, None], ['', 'x', 'z'])
    """
    top, bottom = _added(frame, numerator), _added(frame, denominator)
    x, n = (np.asarray(part.values.to_numpy(), dtype=np.float64) for part in (top, bottom))
    values = exact_rates(x, n, per=per, decimals=decimals)
    lower, upper = _limits(x, n, interval, confidence, per, _deviation(frame, national_sd))
    made: Frame = _attach(
        frame,
        {
            "numerator": x,
            "denominator": n,
            "value": values,
            "lower": lower,
            "upper": upper,
            "method": np.full(len(x), interval or "", dtype=object),
            "status": _status(top, bottom, values),
            **_range(x, n, per, decimals, rounded_to),
        },
    )
    return made


def _added(frame: Any, names: Columns) -> Numbers:
    """A column, or several added up: one missing makes the sum missing, under the first symbol met."""
    if isinstance(names, str):
        return _column(frame, names)
    parts = [_column(frame, name) for name in names]
    if not parts:
        raise SendlabError("no columns to make a rate of", next_step="name one column, or several to add up")
    values, status = parts[0].values, parts[0].status
    for part in parts[1:]:
        values, status = values + part.values, status.zip_with(status != "", part.status)
    return Numbers(values, status, [])


def _column(frame: Any, name: str) -> Numbers:
    native = nw.from_native(_eager(frame), eager_only=True)
    if name not in native.columns:
        columns = ", ".join(map(str, native.columns))
        raise SendlabError(f"no column '{name}' to make a rate of", next_step=f"columns: {columns}")
    read = read_numbers(_as_series(native[name]))
    unread = sorted({*read.unread, *read.values.is_infinite().arg_true().to_list()})
    if unread:
        rows = ", ".join(str(place + 1) for place in unread[:5])
        texts = [f"column '{name}': {len(unread)} text(s) that are no number and no known symbol (rows {rows})"]
        raise DataProblem("rate", texts, next_step="correct them, or use the symbols of codes/data_symbol.csv")
    return read


def _eager(frame: Any) -> Any:
    if isinstance(frame, pl.LazyFrame):
        raise SendlabError("a rate is made of rows, not of a plan for them", next_step="collect() the frame first")
    return frame


def _as_series(column: nw.Series[Any]) -> pl.Series:
    """A column of any kind of frame as polars; whatever that kind takes for missing (NaN, NA, None) is missing."""
    native = column.to_native()
    if isinstance(native, pl.Series):
        return native
    cells = zip(column.to_list(), column.is_null().to_list(), strict=True)
    return pl.Series(column.name, [None if missing else cell for cell, missing in cells], strict=False)


def _deviation(frame: Any, given: float | str | None) -> Any:
    return _column(frame, given).values.to_numpy() if isinstance(given, str) else given


def _limits(x: Any, n: Any, interval: str | None, confidence: float, per: int, sd: Any) -> tuple[Any, Any]:
    if (sd is None) == (interval == NATIONAL_SD):
        raise SendlabError(
            f"interval '{interval}' and national_sd do not go together" if sd is not None else "national_sd is missing",
            next_step=f"give both interval='{NATIONAL_SD}' and national_sd=, or neither",
        )
    if interval is None:
        return np.full(len(x), np.nan), np.full(len(x), np.nan)
    if interval == NATIONAL_SD:
        return _around_mean(x, n, confidence, per, sd)
    if interval not in INTERVALS:
        choice = ", ".join([*INTERVALS, NATIONAL_SD])
        raise SendlabError(f"no interval is called '{interval}'", next_step=f"choose from {choice}")
    lower, upper = INTERVALS[interval](np.where(x < 0, np.nan, x), n, confidence=confidence)  # a count is never below 0
    return per * lower, per * upper


def _around_mean(x: Any, n: Any, confidence: float, per: int, sd: Any) -> tuple[Any, Any]:
    if confidence != 0.95:
        raise SendlabError("the Department's interval is one of 95 %", next_step="leave confidence at 0.95")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0, x / n, np.nan)
    lower, upper = intervals.mean_known_sd(mean, n, sd)
    return per * lower, per * upper


def _range(x: Any, n: Any, per: int, decimals: int | None, rounded_to: float | None) -> dict[str, Any]:
    """Where a published rate must lie, its counts having been rounded; nothing where that was not asked."""
    if rounded_to is None:
        return {}
    if decimals is None or rounded_to < 0:
        raise SendlabError(
            "the range of a rate needs the places that it was published with, and counts rounded to 0 or more",
            next_step="give decimals=, and rounded_to= as 5 or 10",
        )
    least, most = rate_bounds(np.where(x < 0, np.nan, x), n, per=per, decimals=decimals, rounded_to=rounded_to)
    return {"least": least, "most": most}


def _status(top: Numbers, bottom: Numbers, values: Any) -> Any:
    first, second = top.status.to_numpy(), bottom.status.to_numpy()
    mark = np.where(first != "", first, second)
    return np.where(np.isfinite(values), "", np.where(mark != "", mark, NOT_APPLICABLE)).astype(object)


def _attach(frame: Any, columns: dict[str, Any]) -> Any:
    if isinstance(frame, pl.DataFrame):
        made = [pl.Series(name, values, strict=False) for name, values in columns.items()]
        return frame.with_columns(series.fill_nan(None) if series.dtype == pl.Float64 else series for series in made)
    native = nw.from_native(frame, eager_only=True)
    if native.implementation.is_pandas():
        return frame.assign(**columns)
    known = {name: [None if value != value else value for value in values] for name, values in columns.items()}
    made_nw = [nw.new_series(name, values, backend=native.implementation) for name, values in known.items()]
    return native.with_columns(*made_nw).to_native()
