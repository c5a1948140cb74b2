"""Published files as rows of text, and how many of their figures `sendlab.rate` reproduces to the last digit."""

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import polars as pl

import sendlab
from sendlab.schema.numbers import read_numbers
from sendlab.sources import published
from sendlab.sources.open import open_tables

LEVEL = pl.col("geographic_level").str.to_lowercase()
LA, REGION, NATION = (LEVEL.eq(level) for level in ("local authority", "regional", "national"))


@lru_cache(maxsize=2)  # large files: no more than two at a time
def load(path):
    (text,) = open_tables(path)
    return text.rows


@lru_cache(maxsize=1)
def indicators(path):
    """The figures of the Local Authority Interactive Tool: indicator, time_period, place_name, la_code, value."""
    (text,) = open_tables(path)
    return published.read(text, str(published.table_of(text.columns)), {}).tables["indicators"]


def numbers(rows, *columns):
    """The columns as numbers; a mark is null, and every cell is a number or a known mark."""
    read = [read_numbers(rows[name]) for name in columns]
    assert not any(done.unread for done in read)
    return rows.with_columns(done.values.alias(name) for name, done in zip(columns, read, strict=True))


def compared(rows, numerator, denominator, figure, decimals, **options):
    """Rows with the rate that we make and the published one, `published`, where there are both."""
    done = sendlab.rate(rows, numerator=numerator, denominator=denominator, decimals=decimals, **options)
    done = done.with_columns(read_numbers(rows[figure]).values.alias("published"))
    return done.drop_nulls(["value", "published"])


def counts(done):
    """(exact, comparable) of rows of `compared`."""
    return done.filter(pl.col("value") == pl.col("published")).height, done.height


def misses(done):
    return done.filter(pl.col("value") != pl.col("published"))


def in_range(done):
    """(in the range that rounded counts leave, comparable); rows made with `rounded_to`."""
    return done.filter(pl.col("published").is_between("least", "most")).height, done.height


def lost_in_floating_point(rows, decimals, rounding=ROUND_HALF_UP):
    """What a source gives that divides first and rounds then: 41/80 is 51.24999999999999 to it, and goes to 51.2."""
    percent = rows["numerator"].to_numpy() / rows["denominator"].to_numpy() * 100
    place = Decimal(1).scaleb(-decimals)
    return pl.Series([float(Decimal(float(value)).quantize(place, rounding)) for value in percent], dtype=pl.Float64)
