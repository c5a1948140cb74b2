"""Published national suspension rates whose counts were rounded to 5 afterwards: every one lies in its range.

The counts no longer give the rates back exactly (2,622 of 4,363 do); see shared/real/NOTES.md, finding 2.
"""

import polars as pl
import pytest

from sendlab.schema.numbers import read_numbers
from sendlab.stats.rounding import exact_rates, rate_bounds


@pytest.fixture(scope="module")
def national(real_data):
    """Count, headcount and published rate of the national rows by characteristic that have all three."""
    rows = pl.read_csv(real_data / "exclusions_by_characteristic.csv.gz", infer_schema=False)
    rows = rows.filter(pl.col("geographic_level") == "national")
    columns = ("fixed_excl", "headcount", "fixed_excl_rate")
    return pl.DataFrame({name: read_numbers(rows[name]).values for name in columns}).drop_nulls().to_numpy().T


def test_every_national_rate_lies_in_the_range_of_counts_rounded_to_five(national):
    count, headcount, published = national
    lower, upper = rate_bounds(count, headcount, per=100, decimals=2, rounded_to=5)
    assert published.size == 4363
    assert ((lower <= published) & (published <= upper)).sum() == 4363
    assert (exact_rates(count, headcount, per=100, decimals=2) == published).sum() == 2622


def test_the_range_of_counts_not_rounded_is_too_narrow_for_them(national):
    count, headcount, published = national
    lower, upper = rate_bounds(count, headcount, per=100, decimals=2, rounded_to=0)
    assert ((lower <= published) & (published <= upper)).sum() == 2622
