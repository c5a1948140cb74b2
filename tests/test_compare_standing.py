"""Rank, quarter, neighbours, region and England: worked on twelve authorities, and on the published lists."""

import numpy as np
import polars as pl
import pytest
from hand_made import table

from sendlab.compare import (
    ENGLAND,
    NEIGHBOURS,
    REGION,
    authority_gap_rows,
    authority_rows,
    indicator_rows,
    regions_of,
    standing,
)
from sendlab.compare.neighbours import FEWEST_NEIGHBOURS
from sendlab.compare.standing import FEW, FEWEST_AUTHORITIES, NO_PUPILS_SAID, SMALL, STANDING
from sendlab.schema.measures import as_measures
from sendlab.sources import published
from sendlab.sources.ees import read_authorities
from sendlab.sources.open import open_tables

LA = "Local authority"
NAMES = [f"{code}" for code in range(301, 313)]  # twelve authorities


def figures(values, measure="persistent_absence", **more):
    """Published figures of authorities, in the order of NAMES."""
    rows = [
        {"measure": measure, "time_period": "202425", "time_identifier": "Academic year", "geographic_level": LA,
         "place_code": code, "place_name": code, "unit": "% of pupils", "method": "published", "value": value,
         "status": "" if value is not None else "x", **more}
        for code, value in zip(NAMES, values, strict=False)
    ]  # fmt: skip
    return as_measures(pl.DataFrame(rows, infer_schema_length=None))


def neighbours(of="301", names=NAMES[1:11]):
    closeness = ["Very close"] * 3 + ["Very Close"] + ["Close"] * 5 + ["Not close"]
    return table("neighbours", *({"la_code": of, "rank": k + 1, "neighbour_la_code": name, "neighbour_name": name,
                                  "closeness": closeness[k]} for k, name in enumerate(names)))  # fmt: skip


REGIONS = pl.DataFrame({"place_code": NAMES, "region": ["North"] * 6 + ["South"] * 6})
VALUES = [20.0, 18.0, 22.0, 19.0, 25.0, 24.0, 23.0, 21.0, 26.0, 17.0, 27.0, 28.0]


def one(made, code="301"):
    got = made.filter(place_code=code)
    assert got.height == 1
    return got.row(0, named=True)


# ---- ranks and quarters


def test_rank_begins_at_the_good_end():
    """Persistent absence: low is good; 17, 18, 19, 20: the fourth of twelve is the second quarter's first."""
    row = one(standing(figures(VALUES), neighbours(), REGIONS))
    assert (row["rank"], row["authorities"], row["tied"], row["quarter"]) == (4, 12, 1, 2)
    assert row["rank_order"] == "1 is the lowest (good)"
    row = one(standing(figures(VALUES, "ks2_rwm_expected"), neighbours(), REGIONS))
    assert (row["rank"], row["quarter"], row["rank_order"]) == (9, 3, "1 is the highest (good)")


def test_quarters_are_of_three_each():
    made = standing(figures(VALUES), neighbours(), REGIONS).sort("rank")
    assert made["quarter"].to_list() == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert made.columns == list(STANDING)


def test_measure_without_polarity_has_a_rank_and_no_quarter():
    row = one(standing(figures(VALUES, "sen_prevalence"), neighbours(), REGIONS))
    assert (row["rank"], row["quarter"], row["rank_order"]) == (9, None, "1 is the highest")


def test_ties_share_their_rank_and_their_quarter():
    made = standing(figures([20.0, 20.0, 20.0, 20.0, *VALUES[4:]]), neighbours(), REGIONS)
    same = made.filter(pl.col("value") == 20.0)
    assert same.select("rank", "tied", "quarter").unique().rows() == [(2, 4, 1)]  # 17 is the first


def test_authority_without_a_figure_has_no_rank_and_counts_for_nobody():
    made = standing(figures([None, *VALUES[1:]]), neighbours(), REGIONS)
    row = one(made)
    assert (row["value"], row["rank"], row["quarter"], row["authorities"], row["status"]) == (None, None, None, 11, "x")
    assert one(made, "310")["rank"] == 1


@pytest.mark.parametrize("many", [FEWEST_AUTHORITIES - 1, FEWEST_AUTHORITIES])
def test_few_authorities_have_no_quarter(many):
    row = one(standing(figures(VALUES[:many]), neighbours(), REGIONS))
    assert (row["quarter"] is None) == (many < FEWEST_AUTHORITIES) == (FEW in row["note"])
    assert row["rank"] == 3


@pytest.mark.parametrize(("pupils", "ranked"), [(29, False), (30, True), (6, False)])
@pytest.mark.parametrize("told_by", ["publication", "own figure"])
def test_no_rank_and_no_quarter_below_thirty_pupils(pupils, ranked, told_by):
    """T-13: a quartile's colour on 6 pupils."""
    rows, own = figures(VALUES), None
    if told_by == "publication":
        rows = figures(VALUES, numerator=5.0, denominator=float(pupils))
    else:
        own = figures(VALUES[:1], base_subjects=pupils)
    row = one(standing(rows, neighbours(), REGIONS, la_code="301", own=own))
    assert (row["rank"] is not None) == ranked == (row["quarter"] is not None)
    assert (row["status"], SMALL in row["note"]) == (("", False) if ranked else ("u", True))
    assert row["value"] == 20.0


# ---- intervals of ranks


def test_rank_has_an_interval_only_where_counts_are_published():
    row = one(standing(figures(VALUES), neighbours(), REGIONS))
    assert (row["rank_lower"], row["rank_upper"], row["note"]) == (None, None, NO_PUPILS_SAID)


def test_interval_of_a_rank_shrinks_with_the_number_of_pupils():
    def limits(n):
        parts = [figures([v], numerator=v * n / 100, denominator=float(n)).with_columns(
            place_code=pl.lit(code)) for v, code in zip(VALUES, NAMES, strict=True)]  # fmt: skip
        row = one(standing(pl.concat(parts), neighbours(), REGIONS, la_code="301"))
        return row["rank_lower"], row["rank_upper"]

    assert limits(10_000_000) == (4.0, 4.0)
    low, high = limits(300)
    assert 1 <= low < 4 < high <= 12


def test_same_table_gives_the_same_interval_in_any_order():
    rows = pl.concat([figures([v], numerator=v * 3, denominator=300.0).with_columns(place_code=pl.lit(code))
                      for v, code in zip(VALUES, NAMES, strict=True)])  # fmt: skip
    assert standing(rows, neighbours(), REGIONS).equals(standing(rows.reverse(), neighbours(), REGIONS))


# ---- neighbours, region, England


def test_neighbours_have_a_mean_and_a_spread():
    """Of 302 to 311: 18 22 19 25 24 23 21 26 17 27: mean 22.2, sd 3.359894 (n - 1), 17 to 27."""
    row = one(standing(figures(VALUES), neighbours(), REGIONS))
    assert (row["neighbours"], row["neighbours_with_figure"]) == (10, 10)
    assert (row["neighbours_lowest"], row["neighbours_highest"]) == (17.0, 27.0)
    assert (row["neighbours_mean"], row["neighbours_sd"]) == pytest.approx((22.2, np.std(VALUES[1:11], ddof=1)))
    assert row["closeness"] == "4 very close, 5 close, 1 not close"
    assert one(standing(figures(VALUES), neighbours(), REGIONS), "302")["neighbours"] is None


@pytest.mark.parametrize("known", [FEWEST_NEIGHBOURS - 1, FEWEST_NEIGHBOURS])
def test_mean_needs_half_of_the_neighbours(known):
    values = [20.0, *VALUES[1 : known + 1], *[None] * (11 - known)]
    row = one(standing(figures(values), neighbours(), REGIONS))
    assert row["neighbours_with_figure"] == known
    assert (row["neighbours_mean"] is None) == (known < FEWEST_NEIGHBOURS) == (row["neighbours_sd"] is None)
    assert row["neighbours_lowest"] == 18.0


def test_neighbour_that_has_no_code_is_found_by_its_name():
    rows = figures(VALUES).with_columns(
        pl.when(pl.col("place_code") == "302").then(pl.lit("Elsewhere")).otherwise("place_code").alias("place_code")
    )
    listed = neighbours().with_columns(
        pl.when(pl.col("rank") > 1).then("neighbour_la_code").alias("neighbour_la_code"),
        pl.when(pl.col("rank") > 1).then("neighbour_name").otherwise(pl.lit("Elsewhere")).alias("neighbour_name"),
    )
    assert one(standing(rows, listed, REGIONS))["neighbours_with_figure"] == 10


def placed(level, code, name, value):
    return figures([value]).with_columns(
        geographic_level=pl.lit(level), place_code=pl.lit(code), place_name=pl.lit(name)
    )


NATION, NORTH = placed("National", "E92000001", "England", 21.5), placed("Regional", "North", "North", 20.5)


def test_region_and_england_are_the_published_ones():
    row = one(standing(pl.concat([figures(VALUES), NATION, NORTH]), neighbours(), REGIONS))
    assert (row["region"], row["region_value"], row["england_value"]) == ("North", 20.5, 21.5)
    assert row["authorities"] == 12  # neither of them is an authority
    assert (
        one(standing(pl.concat([figures(VALUES), NATION, NORTH]), neighbours(), REGIONS), "312")["region_value"] is None
    )


# ---- as measure rows


def own(year="202526", value=24.0, **more):
    given = {"time_period": year, "lower": value - 3, "upper": value + 4, "base_subjects": 500, **more}
    return figures([value], **{name: v for name, v in given.items() if name != "time_period"}).with_columns(
        time_period=pl.lit(year)
    )


def test_own_figures_stand_beside_neighbours_region_and_england():
    """24 % in 2025/26 beside what was published for 2024/25: 22.2, 20.5, 21.5; the limits are the own ones."""
    rows = authority_gap_rows(own(), pl.concat([figures(VALUES), NATION, NORTH]), neighbours(), REGIONS, la_code="301")
    found = {row["comparator"]: row for row in rows.iter_rows(named=True)}
    for name, other in ((NEIGHBOURS, 22.2), (REGION, 20.5), (ENGLAND, 21.5)):
        row = found[name]
        got = (row["value"], row["lower"], row["upper"], row["comparator_value"])
        assert got == pytest.approx((24 - other, 21 - other, 28 - other, other))
        assert (row["comparator_period"], row["geographic_level"], row["unit"]) == ("202425", LA, "percentage points")
    assert found[NEIGHBOURS]["note"] == "mean of 10 of 10 neighbours, from 17.0 to 27.0"
    assert len(found) == rows.height == 3


@pytest.mark.parametrize(("year", "beside"), [("202627", True), ("202728", False), ("202324", False)])
def test_published_figures_may_be_two_years_old_and_never_later(year, beside):
    rows = authority_gap_rows(own(year), pl.concat([figures(VALUES), NATION]), neighbours(), REGIONS, la_code="301")
    assert (rows.height == 2) == beside == (not rows.is_empty())


def test_few_neighbours_with_a_figure_are_a_row_without_a_value():
    rows = authority_gap_rows(own(), figures([20.0, 18.0, 22.0]), neighbours(), REGIONS, la_code="301")
    row = rows.filter(comparator=NEIGHBOURS).row(0, named=True)
    assert (row["value"], row["comparator_value"], row["status"]) == (None, None, "x")
    assert "fewer than 5" in row["note"]


def test_schools_and_other_authorities_have_no_such_rows():
    rows = pl.concat(
        [own().with_columns(geographic_level=pl.lit("School")), own().with_columns(place_code=pl.lit("302"))]
    )
    assert authority_gap_rows(rows, figures(VALUES), neighbours(), REGIONS, la_code="301").is_empty()


# ---- the published lists


@pytest.fixture(scope="module")
def lists(real_data):
    (text,) = open_tables(real_data / "bds_long_0.parquet")
    indicators = published.read(text, "indicators", {}).tables["indicators"]
    (text,) = open_tables(real_data / "sn_may_2025.xlsx")
    listed = published.read(text, str(published.table_of(text.columns)), {}).tables["neighbours"]
    return indicators, listed


TEN = {  # sn_may_2025.xlsx, in order
    "301": ["308", "821", "313", "333", "336"],
    "302": ["320", "870"],
}


def test_neighbours_are_those_of_the_published_list(lists):
    indicators, listed = lists
    for code, first in TEN.items():
        assert listed.filter(la_code=code).sort("rank")["neighbour_la_code"].to_list()[: len(first)] == first
    made = standing(indicator_rows(indicators), listed, regions_of(indicators), la_code="301")
    row = made.filter(measure="absence", time_period="202324", education_phase="Total").row(0, named=True)
    codes = listed.filter(la_code="301")["neighbour_la_code"].to_list()
    year = indicators.filter(indicator="TotAbs", time_period="2024")
    values = year.filter(pl.col("la_code").is_in(codes))["value"]
    assert (row["neighbours"], row["neighbours_with_figure"], values.len()) == (10, 10, 10)
    assert (row["neighbours_mean"], row["neighbours_lowest"]) == pytest.approx((values.mean(), values.min()))
    assert row["england_value"] == 7.15
    region = year.filter(place_name="London (Outer)")["value"]
    assert (row["region"], row["region_value"]) == ("London (Outer)", pytest.approx(region[0]))
    authorities = year.filter(pl.col("la_code").is_not_null()).drop_nulls("value")
    assert row["authorities"] == authorities.height == 153
    assert row["rank"] == 1 + (authorities["value"] < row["value"] - 1e-9).sum()


def test_rank_by_a_department_file_has_an_interval(lists, real_data):
    (text,) = open_tables(real_data / "exclusions_by_characteristic.csv.gz")
    files = read_authorities(text).filter(
        time_period="201617", measure="suspended_once_or_more", education_phase="Total"
    )
    rows = authority_rows(lists[0].filter(time_period="2016/17"), files)
    made = standing(rows, lists[1], regions_of(lists[0]), la_code="330").filter(
        measure="suspended_once_or_more", education_phase="Total"
    )
    assert made["sen_provision"].to_list() == ["EHC plan", "No SEN", "SEN support", "Total"]
    assert (made["rank_lower"] <= made["rank"]).all() and (made["rank"] <= made["rank_upper"]).all()
    assert (made["rank_upper"] <= made["authorities"]).all()
