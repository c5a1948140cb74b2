"""Rounding half away from zero, on exact quotients: the one place where a figure loses digits.

Source: published rates of the Department for Education are reproduced by rounding half up (away from zero) the exact
quotient, not by rounding half to even, which is what Python, numpy and polars do by default.
"""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_EXACT_INTEGER = 2**53  # above it a float no longer holds every whole number


def round_half_away(values: npt.ArrayLike, decimals: int) -> Floats:
    """Values rounded to `decimals` places, ties away from zero, judged on the shortest decimal form of each value.

    >>> round_half_away([62.25, -0.5, 2.675], 1).tolist(), round_half_away([2.675], 2).tolist()
    ([62.3, -0.5, 2.7], [2.68])
    """
    flat = np.asarray(values, dtype=np.float64)
    rounded = [_round_one(value, decimals) for value in flat.ravel()]
    return np.array(rounded, dtype=np.float64).reshape(flat.shape)


def _round_one(value: float, decimals: int) -> float:
    if not np.isfinite(value):
        return value
    quantum = Decimal(1).scaleb(-decimals)
    # repr gives the shortest decimal that is this float: 62.25 and not 62.249999...
    return float(Decimal(repr(float(value))).quantize(quantum, ROUND_HALF_UP)) + 0.0


def format_number(value: float, decimals: int) -> str:
    """A number as text with a fixed number of places, thousands commas and a real minus sign.

    >>> format_number(-1234.25, 1), format_number(-0.04, 1)
    ('−1,234.3', '0.0')
    """
    rounded = _round_one(float(value), decimals) + 0.0
    text = f"{abs(rounded):,.{decimals}f}"
    return f"−{text}" if rounded < 0 else text


def exact_rates(numerators: Floats, denominators: Floats, *, per: int, decimals: int | None) -> Floats:
    """per * numerator / denominator, rounded half away from zero on the exact quotient; no denominator, no value.

    Where every number is whole, integer arithmetic decides; fractional counts (averages, shares of a pupil) go
    through exact fractions. With `decimals=None` the quotient is left unrounded.

    >>> exact_rates(np.array([23.0]), np.array([80.0]), per=100, decimals=1).tolist()
    [28.8]
    """
    usable = np.isfinite(numerators) & np.isfinite(denominators) & (denominators != 0)
    rates = np.full(numerators.shape, np.nan)
    if decimals is None:
        rates[usable] = per * numerators[usable] / denominators[usable]
        return rates
    scale = per * 10**decimals
    whole = usable & _whole(numerators, 2 * scale) & _whole(denominators, 2)
    top, bottom = numerators[whole].astype(np.int64), denominators[whole].astype(np.int64)
    sign = np.sign(top) * np.sign(bottom)
    top, bottom = np.abs(top), np.abs(bottom)
    rates[whole] = sign * ((2 * scale * top + bottom) // (2 * bottom)) / 10**decimals
    for place in np.flatnonzero(usable & ~whole):
        rates[place] = _fraction_rate(numerators[place], denominators[place], scale) / 10**decimals
    return rates


def rate_bounds(
    numerators: npt.ArrayLike, denominators: npt.ArrayLike, *, per: int, decimals: int, rounded_to: float
) -> tuple[Floats, Floats]:
    """The range in which a published rate must lie when its counts were rounded to `rounded_to` after the rate.

    Counts may be off by half of `rounded_to` (0: not at all) but are never negative; the range is widened by half a
    unit of the rate's last place. Where the denominator may have been nothing, the upper end is infinite; no
    denominator, no range. Ends are a billionth of the last place wide, so that floating numbers refuse nothing.
    ValueError: a negative `rounded_to`.

    >>> [round(float(end), 4) for end in rate_bounds(120, 4000, per=100, decimals=2, rounded_to=5)]
    [2.9307, 3.0694]
    """
    if not rounded_to >= 0:
        raise ValueError(f"counts cannot be rounded to {rounded_to}")
    n, d = (np.asarray(values, dtype=np.float64) for values in (numerators, denominators))
    half, place = rounded_to / 2, 10.0**-decimals
    slack = place / 2 + place * 1e-9
    with np.errstate(invalid="ignore", divide="ignore"):
        lower = per * np.maximum(n - half, 0) / (d + half) - slack
        upper = np.where(d > half, per * (n + half) / (d - half), np.inf) + slack
        known = (d > 0) & (n >= 0) & np.isfinite(n)  # a count is never negative
        return np.where(known, np.maximum(lower, 0), np.nan), np.where(known, upper, np.nan)


def _whole(values: Floats, factor: int) -> npt.NDArray[np.bool_]:
    """Whole numbers that stay exact in 64 bits when multiplied by the factor."""
    with np.errstate(invalid="ignore"):
        small = np.abs(values) < min(_EXACT_INTEGER, (2**62) / factor)
        result: npt.NDArray[np.bool_] = small & (values == np.floor(values))
        return result


def _fraction_rate(numerator: float, denominator: float, scale: int) -> int:
    quotient = scale * Fraction(repr(float(numerator))) / Fraction(repr(float(denominator)))
    half_up = (2 * abs(quotient.numerator) + quotient.denominator) // (2 * quotient.denominator)
    return half_up if quotient >= 0 else -half_up
