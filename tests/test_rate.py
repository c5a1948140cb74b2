"""The rate function: published figures reproduced to the last digit, symbols kept, exact rounding."""

from fractions import Fraction

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sendlab
from sendlab.errors import DataProblem, SendlabError
from sendlab.schema.numbers import read_numbers

EXCLUSIONS = {  # NOTES.md §1: exact / comparable, LA rows, 2 decimals
    ("perm_excl", "perm_excl_rate"): 157_539,
    ("fixed_excl", "fixed_excl_rate"): 168_323,
    ("one_plus_fixed", "one_plus_fixed_rate"): 160_473,
}
ABSENCE = {("sess_overall", "sess_overall_percent"): 8_400, ("sess_authorised", "sess_authorised_percent"): 8_400,
           ("sess_unauthorised", "sess_unauthorised_percent"): 8_400}  # fmt: skip


def exact_and_comparable(rows, count, rate, denominator, decimals):
    done = sendlab.rate(rows, numerator=count, denominator=denominator, decimals=decimals)
    published = read_numbers(rows[rate]).values
    comparable = published.is_not_null() & done["value"].is_not_null()
    return int(((published == done["value"]) & comparable).sum()), int(comparable.sum())


def test_exclusion_rates_of_local_authorities_are_reproduced(real_data):
    rows = pl.read_csv(real_data / "exclusions_by_characteristic.csv.gz", infer_schema=False)
    rows = rows.filter(pl.col("geographic_level").str.to_lowercase() == "local authority")
    for (count, rate), expected in EXCLUSIONS.items():
        assert exact_and_comparable(rows, count, rate, "headcount", 2) == (expected, expected)


def test_absence_rates_are_reproduced(real_data):
    rows = pl.read_csv(real_data / "absence_by_term.csv.gz", infer_schema=False)
    for (count, rate), expected in ABSENCE.items():
        assert exact_and_comparable(rows, count, rate, "sess_possible", 1) == (expected, expected)


def test_symbols_are_kept_beside_a_missing_value():
    rows = pl.DataFrame({"n": ["c", "4", None, "5", "0"], "d": ["10", "x", "10", "0", "8"]})
    done = sendlab.rate(rows, numerator="n", denominator="d", decimals=1)
    assert done["value"].to_list() == [None, None, None, None, 0.0]
    assert done["status"].to_list() == ["c", "x", "x", "z", ""]
    assert done.columns[:2] == ["n", "d"] and done.height == rows.height


def test_thousands_commas_are_read_and_other_texts_refused():
    done = sendlab.rate(pl.DataFrame({"n": ["749,750"], "d": ["1,000,000"]}), numerator="n", denominator="d")
    assert done["value"].to_list() == [74.975]
    with pytest.raises(DataProblem, match="1 text") as told:
        sendlab.rate(pl.DataFrame({"n": ["secret"], "d": ["1"]}), numerator="n", denominator="d")
    assert "secret" not in str(told.value)


def test_pandas_in_pandas_out_with_the_same_numbers():
    rows = pd.DataFrame({"n": [23, 1, 0], "d": [80, 3, 0]}, index=[7, 3, 9])
    done = sendlab.rate(rows, numerator="n", denominator="d", decimals=1, interval="wilson")
    assert isinstance(done, pd.DataFrame) and list(done.index) == [7, 3, 9] and "value" not in rows.columns
    same = sendlab.rate(pl.from_pandas(rows), numerator="n", denominator="d", decimals=1, interval="wilson")
    for column in ("value", "lower", "upper"):
        assert pl.from_pandas(done[column]).fill_nan(None).to_list() == same[column].to_list()


def test_a_wrong_column_or_interval_is_told():
    rows = pl.DataFrame({"n": [1], "d": [2]})
    with pytest.raises(SendlabError, match="no column 'x'"):
        sendlab.rate(rows, numerator="x", denominator="d")
    with pytest.raises(SendlabError, match="no interval"):
        sendlab.rate(rows, numerator="n", denominator="d", interval="wald")


def half_away(quotient: Fraction, decimals: int) -> float:
    scaled = abs(quotient) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return (1 if quotient >= 0 else -1) * whole / 10**decimals


@given(st.integers(-(10**10), 10**10), st.integers(1, 10**8), st.integers(0, 4))
def test_whole_numbers_round_half_away_on_the_exact_quotient(n, d, decimals):
    done = sendlab.rate(pl.DataFrame({"n": [n], "d": [d]}), numerator="n", denominator="d", decimals=decimals)
    assert done["value"][0] == half_away(Fraction(100 * n, d), decimals)


@given(st.decimals(-1000, 1000, places=3), st.decimals("0.001", 1000, places=3))
def test_fractional_counts_round_half_away_on_the_exact_quotient(n, d):
    done = sendlab.rate(pl.DataFrame({"n": [str(n)], "d": [str(d)]}), numerator="n", denominator="d", decimals=2)
    assert done["value"][0] == half_away(100 * Fraction(n) / Fraction(d), 2)
