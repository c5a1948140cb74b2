"""`sendlab.rate` on whatever a published file may hold: marks, blanks, commas, fractions, no or too small denominators.

And its options for published figures: columns added up, the national deviation, counts rounded afterwards.
"""

from decimal import Decimal
from fractions import Fraction

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sendlab
from sendlab.codes import symbols
from sendlab.errors import DataProblem, SendlabError
from sendlab.sources.open import open_tables

ADDED = ["numerator", "denominator", "value", "lower", "upper", "method", "status"]


def rate_of(top, bottom, **options):
    """The one row of a rate of two cells."""
    return rates([top], [bottom], **options).row(0, named=True)


def rates(top, bottom, **options):
    frame = pl.DataFrame({"n": pl.Series(top, strict=False), "d": pl.Series(bottom, strict=False)})
    return sendlab.rate(frame, numerator="n", denominator="d", **options)


MARKS = sorted(symbols())


@pytest.mark.parametrize("mark", [*MARKS, *(mark.upper() for mark in ("c", "x", "low", "k")), " c ", "supp"])
def test_a_mark_is_kept_and_is_no_number(mark):
    for top, bottom in ((mark, "10"), ("3", mark)):
        row = rate_of(top, bottom, decimals=1)
        assert (row["value"], row["status"]) == (None, mark.strip())


def test_the_mark_of_the_numerator_comes_first():
    assert rate_of("c", "x")["status"] == "c"
    assert rate_of("c", "0")["status"] == "c"
    assert rate_of("", "x")["status"] == "x"


@pytest.mark.parametrize("blank", ["", "  ", None, float("nan")])
def test_a_blank_is_not_available_and_not_0(blank):
    assert rate_of(blank, 10)["status"] == "x" == rate_of(3, blank)["status"]
    assert rate_of(blank, 10)["value"] is None is rate_of(3, blank)["value"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234", 1234), ("1,234,567.5", 1234567.5), ("0.333333", 0.333333), (" 12 ", 12), ("\u00a012", 12), ("+4", 4),
     ("-3", -3), ("5.", 5), (".5", 0.5), ("1e3", 1000), ("64.5489130434783", 64.5489130434783), ("007", 7)],
)  # fmt: skip
def test_numbers_as_they_stand_in_files(text, number):
    assert rate_of(text, "100")["value"] == number


@pytest.mark.parametrize(
    "text",
    ["secret", "1,23", "12,34,567", "92%", "1 234", "12 [r]", "04-Jan", "−3", "inf", "1e999", "True", "£5", "1-2"],
)
def test_what_is_neither_number_nor_mark_is_refused_and_not_repeated(text):
    with pytest.raises(DataProblem, match=r"column 'n': 1 text\(s\).*rows 2") as told:
        rates(["1", text], ["2", "2"])
    assert text not in str(told.value)


@pytest.mark.parametrize(("top", "bottom"), [("0", "0"), ("5", "0"), ("-0", "0"), ("5", "0.0")])
def test_nothing_to_divide_by_is_not_applicable(top, bottom):
    row = rate_of(top, bottom, decimals=2, interval="wilson")
    assert (row["value"], row["lower"], row["upper"], row["status"]) == (None, None, None, "z")


def test_0_of_many_is_0():
    row = rate_of("0", "40", decimals=2, interval="garwood")
    assert (row["value"], row["lower"], round(row["upper"], 4), row["status"]) == (0.0, 0.0, 9.2222, "")


def test_more_above_than_below_is_a_rate_without_limits_of_a_share():
    """122,268 plans on a roll of 121,738 stand in a census; of events a rate above 100 is usual."""
    share = rate_of("122,268", "121,738", decimals=1, interval="wilson")
    assert (share["value"], share["lower"], share["upper"], share["status"]) == (100.4, None, None, "")
    events = rate_of(12, 10, interval="garwood")
    assert events["lower"] < 120 < events["upper"]


def test_a_sum_below_0_has_no_limits_of_a_count():
    for interval in ("wilson", "garwood"):
        row = rate_of(-3, 10, interval=interval)
        assert (row["value"], row["lower"], row["upper"]) == (-30.0, None, None)


@pytest.mark.parametrize(
    ("top", "bottom", "decimals", "expected"),
    [(41, 80, 1, 51.3), (23, 80, 1, 28.8), (1, 8, 2, 12.5), (5, 1000, 0, 1.0), (-1, 8, 1, -12.5), (-41, 80, 1, -51.3),
     (0.5, 4, 1, 12.5), ("1.1", "3", 2, 36.67), (0.333333, 100, 3, 0.333), (2, 3, 0, 67.0)],
)  # fmt: skip
def test_ties_go_away_from_0_on_the_exact_quotient(top, bottom, decimals, expected):
    assert rate_of(top, bottom, decimals=decimals)["value"] == expected


# ---- kinds of frames

CELLS = ["4", "c", None, "1,200"]
FRAMES = {
    "pandas text": pd.DataFrame({"n": CELLS, "d": [10, 10, 10, 10]}),
    "pandas objects": pd.DataFrame({"n": pd.Series([4, "c", None, 1200.0], dtype=object), "d": [10, 10, 10, 10]}),
    "pandas text of its own": pd.DataFrame({"n": pd.array(CELLS, dtype="string"), "d": [10, 10, 10, 10]}),
    "pandas categories": pd.DataFrame({"n": pd.Categorical(CELLS), "d": [10, 10, 10, 10]}),
    "pandas decimals": pd.DataFrame(
        {"n": pd.Series([Decimal(4), "c", None, Decimal(1200)], dtype=object), "d": pd.array([10] * 4, dtype="Int64")}
    ),
    "polars categories": pl.DataFrame({"n": pl.Series(CELLS, dtype=pl.Categorical), "d": [10, 10, 10, 10]}),
    "arrow": pa.table({"n": CELLS, "d": [10, 10, 10, 10]}),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_the_same_figures_in_any_kind_of_frame(frame):
    made = sendlab.rate(frame, numerator="n", denominator="d", decimals=1)
    assert type(made) is type(frame)
    columns = {name: made[name].to_pylist() if isinstance(made, pa.Table) else made[name].to_list()
               for name in ("value", "status")}  # fmt: skip
    assert [None if pd.isna(value) else value for value in columns["value"]] == [40.0, None, None, 12000.0]
    assert columns["status"] == ["", "c", "x", ""]


@pytest.mark.parametrize("kind", ["Int64", "Float64", "float64"])
def test_missing_numbers_of_pandas(kind):
    frame = pd.DataFrame({"n": pd.array([4, None], dtype=kind), "d": pd.array([10, 10], dtype=kind)})
    made = sendlab.rate(frame, numerator="n", denominator="d", decimals=1)
    assert made["value"][0] == 40.0 and made["value"].isna().tolist() == [False, True]
    assert made["status"].tolist() == ["", "x"]


@pytest.mark.parametrize("frame", [pl.DataFrame({"n": [], "d": []}), pd.DataFrame({"n": [], "d": []})])
def test_no_rows_are_no_rates(frame):
    made = sendlab.rate(frame, numerator="n", denominator="d", decimals=1, interval="wilson")
    assert len(made) == 0 and list(made.columns) == ["n", "d", *ADDED]


def test_a_plan_for_rows_is_refused():
    with pytest.raises(SendlabError, match="collect"):
        sendlab.rate(pl.LazyFrame({"n": [1], "d": [2]}), numerator="n", denominator="d")


def test_a_file_with_a_byte_order_mark_padded_codes_and_commas(tmp_path):
    text = (
        "\ufefftime_period,new_la_code,la_name,headcount,susp,rate\n"
        '202425,"E10000028           ",Staffordshire,"749,750","12,345",1.65\n'
        "202425,E06000021,Stoke-on-Trent,1000,low,~\n"
        "202425,E09000012,Hackney,:,:,:\n"
    )
    (tmp_path / "figures.csv").write_text(text, encoding="utf-8")
    (read,) = open_tables(tmp_path / "figures.csv")
    assert read.rows["new_la_code"].str.strip_chars().to_list()[0] == "E10000028" and "time_period" in read.columns
    made = sendlab.rate(read.rows, numerator="susp", denominator="headcount", decimals=2)
    assert made["value"].to_list() == [1.65, None, None]
    assert made["status"].to_list() == ["", "low", ":"]


# ---- columns added up


def test_several_columns_are_added_up():
    """Bands of absence: 7 + 3 of 40 + 50 + 7 + 3 pupils."""
    rows = pl.DataFrame({"pct5": [40, 1], "pct10": [50, 1], "pct15": ["7", "c"], "pct20": ["3", "x"]})
    bands = ["pct5", "pct10", "pct15", "pct20"]
    made = sendlab.rate(rows, numerator=bands[2:], denominator=bands, decimals=1)
    assert made["value"].to_list() == [10.0, None] and made["status"].to_list() == ["", "c"]
    assert made.select("numerator", "denominator").row(0) == (10.0, 100.0)
    with pytest.raises(SendlabError, match="no columns"):
        sendlab.rate(rows, numerator=[], denominator=bands)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
def test_one_part_over_its_whole_and_the_others_make_100(parts):
    names = [f"p{place}" for place in range(len(parts))]
    row = pl.DataFrame({name: [part] for name, part in zip(names, parts, strict=True)})
    shares = [sendlab.rate(row, numerator=name, denominator=names)["value"][0] for name in names]
    assert shares == [None] * len(parts) if sum(parts) == 0 else sum(shares) == pytest.approx(100)


# ---- the national deviation

TWELVE = pl.DataFrame({"sum": [-3.7], "n": [12], "sd": [6.1]})  # methods of the field: -3.759733, 3.143067


@pytest.mark.parametrize("sd", [6.1, "sd"])
def test_mean_with_the_national_deviation(sd):
    made = sendlab.rate(TWELVE, numerator="sum", denominator="n", per=1, decimals=2, interval="national sd",
                        national_sd=sd).row(0, named=True)  # fmt: skip
    assert (made["value"], made["method"]) == (-0.31, "national sd")
    assert (made["lower"], made["upper"]) == pytest.approx((-3.759733, 3.143067), abs=5e-7)


def test_nobody_has_no_mean_and_no_limits():
    made = sendlab.rate(pl.DataFrame({"sum": [0.0], "n": [0]}), numerator="sum", denominator="n", per=1,
                        interval="national sd", national_sd=6.1).row(0, named=True)  # fmt: skip
    assert (made["value"], made["lower"], made["upper"], made["status"]) == (None, None, None, "z")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"interval": "national sd"}, "national_sd is missing"), ({"national_sd": 6.1}, "do not go together"),
     ({"interval": "wilson", "national_sd": 6.1}, "do not go together"),
     ({"interval": "national sd", "national_sd": 6.1, "confidence": 0.99}, "95 %"),
     ({"interval": "national sd", "national_sd": "none such"}, "no column 'none such'"),
     ({"rounded_to": 5}, "places"), ({"rounded_to": -5, "decimals": 1}, "0 or more")],
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(SendlabError, match=message):
        sendlab.rate(TWELVE, numerator="sum", denominator="n", **options)


# ---- counts rounded afterwards


def test_the_range_of_a_rate_whose_counts_were_rounded_to_five():
    """120 of 4,000: 117.5 / 4002.5 to 122.5 / 3997.5, and half a unit of the second place."""
    row = rate_of(120, 4000, decimals=2, rounded_to=5)
    assert (row["value"], round(row["least"], 4), round(row["most"], 4)) == (3.0, 2.9307, 3.0694)
    assert "least" not in rate_of(120, 4000, decimals=2)


def test_no_range_where_there_is_no_rate_or_a_sum_below_0():
    made = rates(["c", "5", "-5"], ["10", "0", "10"], decimals=1, rounded_to=5)
    assert made["least"].to_list() == [None] * 3 == made["most"].to_list()


@given(st.integers(0, 5000), st.integers(1, 5000), st.sampled_from([5, 10]), st.integers(0, 2))
def test_a_rate_lies_in_the_range_of_its_own_rounded_counts(n, d, rounded_to, decimals):
    published = rate_of(n, d, decimals=decimals)["value"]
    shown = [rounded_to * int(Fraction(count, rounded_to) + Fraction(1, 2)) for count in (n, d)]
    row = rate_of(*shown, decimals=decimals, rounded_to=rounded_to)
    assert row["least"] is None if shown[1] == 0 else row["least"] <= published <= row["most"]


# ---- properties over whole columns

cells = st.one_of(
    st.none(), st.sampled_from(MARKS), st.integers(0, 10**7).map(lambda n: f"{n:,}"),
    st.decimals(0, 10**4, places=3).map(str),
)  # fmt: skip


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_each_row_for_itself_whatever_its_neighbours_and_their_order(rows, random):
    """Types of columns are those of text; a row alone gives the row among others, in any order; value or status."""
    whole = rates(*map(list, zip(*rows, strict=True)), decimals=2, interval="garwood").drop("n", "d")
    order = list(range(len(rows)))
    random.shuffle(order)
    mixed = rates(*map(list, zip(*(rows[place] for place in order), strict=True)), decimals=2, interval="garwood")
    assert mixed.drop("n", "d").rows() == whole[order].rows()
    assert (whole["value"].is_null() == (whole["status"] != "")).all()
    limits = whole.drop_nulls("lower")
    assert (limits["lower"] <= limits["value"] + 0.005).all() and (limits["value"] - 0.005 <= limits["upper"]).all()


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=12))
def test_pandas_gives_what_polars_gives_and_keeps_its_input(rows):
    top, bottom = map(list, zip(*rows, strict=True))
    frame = pd.DataFrame({"n": pd.Series(top, dtype=object), "d": pd.Series(bottom, dtype=object)})
    before = frame.copy(deep=True)
    made = sendlab.rate(frame, numerator="n", denominator="d", decimals=2)
    pd.testing.assert_frame_equal(frame, before)
    same = rates(pl.Series(top, dtype=pl.String), pl.Series(bottom, dtype=pl.String), decimals=2)
    assert [None if pd.isna(value) else value for value in made["value"]] == same["value"].to_list()
    assert made["status"].tolist() == same["status"].to_list()
