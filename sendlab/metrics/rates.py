"""The one function that makes every rate: per * numerator / denominator, with what stood in the way kept beside it."""

from typing import Any, Literal, TypeVar

import narwhals as nw
import numpy as np
import polars as pl

from sendlab.errors import DataProblem, SendlabError
from sendlab.schema.numbers import Numbers, read_numbers
from sendlab.stats import intervals
from sendlab.stats.rounding import exact_rates

Frame = TypeVar("Frame")
NOT_APPLICABLE = "z"
INTERVALS = {
    "wilson": intervals.wilson,  # shares of people
    "garwood": intervals.garwood,  # counts of events
}


def rate(
    frame: Frame,
    *,
    numerator: str,
    denominator: str,
    per: int = 100,
    decimals: int | None = None,
    interval: Literal["wilson", "garwood"] | None = None,
    confidence: float = 0.95,
) -> Frame:
    """A rate for each row: per * numerator / denominator, rounded half away from zero on the exact quotient.

    `numerator` and `denominator` name columns of the frame (pandas or polars; numbers, or texts as they stand in
    published files: thousands commas are read, symbols such as c, x, z are kept). `per` is 100 for a percentage.
    `decimals=None` leaves the quotient unrounded. `interval` asks for limits: "wilson" where the numerator counts
    people, "garwood" where it counts events; the default gives none, as for published counts of whole populations.

    Returns the same kind of frame with the same rows in the same order, and the columns `numerator`, `denominator`,
    `value`, `lower`, `upper`, `method`, `status` added. `status` is "" where there is a value; else the symbol that
    stood in the numerator (or, failing that, the denominator), "x" for a blank, "z" where the denominator is 0.
    A missing number is never taken as 0. A text that is neither number nor symbol raises DataProblem.

    Source: DfE suspension, absence and SEN2 statistics; rounding found by reproducing them (2011/12 to 2025).

    >>> rows = pl.DataFrame({"susp": ["4", "x", "0"], "headcount": ["1,200", "90", "0"]})
    >>> done = rate(rows, numerator="susp", denominator="headcount", decimals=2)
    >>> done["value"].to_list(), done["status"].to_list()
    ([0.33, None, None], ['', 'x', 'z'])
    """
    top, bottom = _column(frame, numerator), _column(frame, denominator)
    x, n = top.values.to_numpy(), bottom.values.to_numpy()
    x, n = np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64)
    values = exact_rates(x, n, per=per, decimals=decimals)
    lower, upper = _limits(x, n, interval, confidence, per)
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
        },
    )
    return made


def _column(frame: Any, name: str) -> Numbers:
    native = nw.from_native(frame, eager_only=True)
    if name not in native.columns:
        raise SendlabError(f"no column '{name}' to make a rate of", next_step=f"columns: {', '.join(native.columns)}")
    read = read_numbers(pl.Series(name, native[name].to_list(), strict=False))
    if read.unread:
        rows = ", ".join(str(place + 1) for place in read.unread[:5])
        texts = [f"column '{name}': {len(read.unread)} text(s) that are no number and no known symbol (rows {rows})"]
        raise DataProblem("rate", texts, next_step="correct them, or use the symbols of codes/data_symbol.csv")
    return read


def _limits(x: Any, n: Any, interval: str | None, confidence: float, per: int) -> tuple[Any, Any]:
    if interval is None:
        return np.full(len(x), np.nan), np.full(len(x), np.nan)
    if interval not in INTERVALS:
        raise SendlabError(f"no interval is called '{interval}'", next_step=f"choose from {', '.join(INTERVALS)}")
    lower, upper = INTERVALS[interval](x, n, confidence=confidence)
    return per * lower, per * upper


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
    made_nw = [nw.new_series(name, list(values), backend=native.implementation) for name, values in columns.items()]
    return native.with_columns(*made_nw).to_native()
