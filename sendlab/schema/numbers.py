"""Numbers as they stand in files: thousands commas, trailing blanks, and symbols that are no numbers.

A symbol (codes/data_symbol.csv; c, z, x, low, SUPP, NA, ...) becomes a status beside a missing value; it is never
turned into 0 and never dropped. A text that is neither number nor known symbol is reported, not guessed.
"""

from dataclasses import dataclass

import polars as pl

from sendlab.codes import symbols

PLAIN = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
WITH_COMMAS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"


@dataclass(frozen=True)
class Numbers:
    """The outcome of reading a text column: numbers, symbols beside the missing ones, and places of unread texts."""

    values: pl.Series  # Float64, null where there is no number
    status: pl.Series  # "" or the symbol as it stood, trimmed
    unread: list[int]  # positions of texts that are neither a number nor a symbol


def read_numbers(column: pl.Series) -> Numbers:
    """Numbers and symbols of a column of any type; blanks are missing, with status x (not available).

    >>> read = read_numbers(pl.Series(["749,750", " c ", "", "12.0"]))
    >>> read.values.to_list(), read.status.to_list(), read.unread
    ([749750.0, None, None, 12.0], ['', 'c', 'x', ''], [])
    """
    if column.dtype.is_numeric():
        values = column.cast(pl.Float64).fill_nan(None)
        return Numbers(values, values.is_null().replace_strict({True: "x", False: ""}, return_dtype=pl.String), [])
    text = column.cast(pl.String).str.strip_chars().fill_null("")
    number = text.str.contains(PLAIN) | text.str.contains(WITH_COMMAS)
    values = text.str.replace_all(",", "").set(~number, None).cast(pl.Float64)
    symbol = text.str.to_lowercase().is_in(list(symbols()))
    status = text.set(number, "").set(text == "", "x")
    unread = (~number & ~symbol & (text != "")).arg_true().to_list()
    return Numbers(values, status, unread)
