"""Ratios, overlapping comparisons, the other schools of a phase, and special schools apart: worked numbers."""

import numpy as np
import polars as pl
import pytest
from hand_made import ELM, OAK, facts
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab import metrics
from sendlab.compare import (
    ALL_PUPILS,
    NATIONAL,
    NO_SEN,
    PEERS,
    RATIO,
    REST,
    gap_rows,
    overlapping_gap_rows,
    ratio_rows,
)
from sendlab.compare.clustering import squares_of
from sendlab.compare.sides import NO_PEERS, NOT_ALIKE
from sendlab.schema.measures import MEASURE_COLUMNS, as_measures
from sendlab.stats.intervals import clustered_events, newcombe
from sendlab.stats.ratios import clustered_rate_ratio

LA, SCHOOL = "Local authority", "School"
ASH = {"school_id": "9991003", "place_code": "100003", "place_name": "Ash", "education_phase": "Special"}
FIR = {"school_id": "9991004", "place_code": "100004", "place_name": "Fir", "education_phase": "Special"}
BAY = {"school_id": "9991005", "place_code": "100005", "place_name": "Bay", "education_phase": "Primary"}


def one(rows, comparator, provision="SEN support", **equals):
    got = rows.filter(comparator=comparator, sen_provision=provision, need_area="Total", **equals)
    assert got.height == 1, got
    return got.row(0, named=True)


def absent(counts, **common):
    """x of n pupils of each group persistently absent."""
    rows = [
        {"possible": 100, "missed": 10 * (k < x), "sen_provision": provision}
        for provision, (x, n) in counts.items()
        for k in range(n)
    ]
    return facts(*rows, **common)


def suspended(counts, **common):
    """Pupils of each group with the suspensions listed, and others without up to n."""
    rows = [
        {"events": events, "sen_provision": provision}
        for provision, (listed, n) in counts.items()
        for events in [*listed, *[0] * (n - len(listed))]
    ]
    return facts(*rows, **common)


# ---- ratios


def test_ratio_of_shares_is_the_risk_ratio_of_the_methods_page():
    """methods.md 2: 30/120 against 45/600 is 3.333333 (2.193817, 5.064739)."""
    rows = ratio_rows(metrics.persistent_absence(absent({"SEN support": (30, 120), "No SEN": (45, 600)})))
    row = one(rows, f"{NO_SEN}{RATIO}", geographic_level=LA)
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((3.333333, 2.193817, 5.064739), abs=1e-6)
    assert (row["comparator_value"], row["unit"], row["status"], row["numerator"]) == (7.5, "times", "", None)
    assert dict(rows.schema) == MEASURE_COLUMNS


def test_ratio_of_events_is_the_exact_one_where_nobody_has_two():
    """methods.md 1.4: 23 in 95 against 46 in 900 is 4.73684 (2.74046, 7.97705)."""
    frame = suspended({"SEN support": ([1] * 23, 95), "No SEN": ([1] * 46, 900)})
    row = one(ratio_rows(metrics.suspension_rate(frame)), f"{NO_SEN}{RATIO}", geographic_level=LA)
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((4.73684, 2.74046, 7.97705), abs=5e-6)


def test_ratio_of_events_is_widened_where_they_cluster():
    """40 events of 150 pupils (15 with one, 5 with five), 60 of 900 (15 with one, 15 with three)."""
    groups = {"SEN support": ([1] * 15 + [5] * 5, 150), "No SEN": ([1] * 15 + [3] * 15, 900)}
    row = one(ratio_rows(metrics.suspension_rate(suspended(groups))), f"{NO_SEN}{RATIO}", geographic_level=LA)
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((4.0, 1.8424, 8.2386), abs=5e-5)
    exact = clustered_rate_ratio(40, 150, 140, 60, 900, 150)
    assert (row["lower"], row["upper"]) == pytest.approx((float(exact.lower), float(exact.upper)), rel=1e-6)


@pytest.mark.parametrize("metric", [metrics.suspension_rate, metrics.suspended_once_or_more])
def test_no_events_in_the_group_have_a_ratio_of_nought_with_the_exact_upper_limit(metric):
    """methods.md 1.4: 0 in 40 against 25 in 500 is 0 (0, 1.98747); for shares the log-normal limits are undefined."""
    frame = suspended({"SEN support": ([], 40), "No SEN": ([1] * 25, 500)})
    row = one(ratio_rows(metric(frame)), f"{NO_SEN}{RATIO}", geographic_level=LA)
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((0, 0, 1.98747), abs=1e-5)


def test_ratio_to_nothing_has_no_value_and_says_why():
    frame = suspended({"SEN support": ([2], 40), "No SEN": ([], 500)})
    row = one(ratio_rows(metrics.suspension_rate(frame)), f"{NO_SEN}{RATIO}", geographic_level=LA)
    assert (row["value"], row["lower"], row["upper"], row["status"]) == (None, None, None, "z")
    assert "comparator's figure is 0" in row["note"]


def test_ratio_of_sums_turns_round_with_its_groups():
    first = absent({"SEN support": (5, 30), "No SEN": (4, 60)})
    second = absent({"SEN support": (4, 60), "No SEN": (5, 30)})
    here, there = (
        one(ratio_rows(metrics.absence(f)), f"{NO_SEN}{RATIO}", geographic_level=LA) for f in (first, second)
    )
    assert here["value"] == pytest.approx((5 / 30) / (4 / 60))
    assert (1 / here["value"], 1 / here["upper"], 1 / here["lower"]) == pytest.approx(
        (there["value"], there["lower"], there["upper"])
    )


def test_means_have_no_ratio():
    rows = ratio_rows(metrics.sessions_affordable(absent({"SEN support": (5, 30), "No SEN": (4, 60)})))
    assert rows.is_empty() and dict(rows.schema) == MEASURE_COLUMNS


def test_ratio_to_the_published_figure_has_the_own_limits():
    figures = metrics.persistent_absence(absent({"SEN support": (6, 20)}))
    bench = as_measures(pl.DataFrame([{
        "measure": "persistent_absence", "time_period": "202425", "time_identifier": "Academic year",
        "geographic_level": "National", "place_code": "E92000001", "sen_provision": "SEN support", "value": 20.0,
        "unit": "% of pupils",
    }]))  # fmt: skip
    row = one(
        ratio_rows(pl.concat([figures, bench]), comparators=[NATIONAL]), f"{NATIONAL}{RATIO}", geographic_level=LA
    )
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((1.5, 14.5476 / 20, 51.8980 / 20), abs=1e-4)


def test_school_against_the_rest_keeps_its_clustering():
    """The rest's rows do not say who had most: its dispersion is read from its limits."""
    here = suspended({"SEN support": ([4, 2, 1], 30)}, **ELM)
    there = suspended({"SEN support": ([6, 1, 1, 3], 50)}, **OAK)
    row = one(ratio_rows(metrics.suspension_rate(pl.concat([here, there]))), f"{REST}{RATIO}", place_code="100001")
    exact = clustered_rate_ratio(7, 30, 21, 11, 50, 47)
    assert (row["lower"], row["upper"]) == pytest.approx((float(exact.lower), float(exact.upper)), rel=1e-6)


def test_unknown_comparator_is_an_error_with_the_known_ones():
    with pytest.raises(ValueError, match="LA without this school"):
        ratio_rows(metrics.absence(absent({"No SEN": (1, 9)})), comparators=["Everybody"])


def test_pandas_in_pandas_out():
    figures = metrics.persistent_absence(absent({"SEN support": (30, 120), "No SEN": (45, 600)}))
    for function in (gap_rows, ratio_rows, overlapping_gap_rows):
        made = function(figures.to_pandas())
        assert type(made).__module__.startswith("pandas")
        assert np.allclose(made["value"], function(figures)["value"].to_numpy(), equal_nan=True)


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(0, 60))
def test_sum_of_squares_is_read_back_from_the_limits(events, more):
    """Of any events of any pupils, with and without knowing who had most."""
    n, k, squares = len(events) + more, sum(events), sum(e * e for e in events)
    _, upper = clustered_events([k], [n], [squares])
    row = {"numerator": k, "denominator": n, "value": 100 * k / n, "upper": 100 * float(upper[0])}
    known = {"with_subjects": len(events), "top_share": max(events) / k}
    for told in (known, {"with_subjects": len(events), "top_share": None}):
        found = squares_of(pl.DataFrame([{**row, **told}], schema_overrides={"top_share": pl.Float64}))
        # a dispersion below 1 counts as 1: then the squares are those of events that do not cluster
        again = clustered_events([k], [n], found)[1]
        assert n == 1 or float(again[0]) == pytest.approx(float(upper[0]), rel=1e-6)


# ---- all pupils, the group among them


def test_gap_to_all_pupils_is_that_to_the_others_scaled():
    """25 % of 120 against 75 of 720: 14.5833 points, five sixths of the 17.5 to the other 600."""
    rows = overlapping_gap_rows(metrics.persistent_absence(absent({"SEN support": (30, 120), "No SEN": (45, 600)})))
    row = one(rows, ALL_PUPILS, geographic_level=LA)
    assert row["value"] == pytest.approx(25 - 100 * 75 / 720) == pytest.approx(17.5 * 5 / 6)
    expected = [100 * 5 / 6 * float(limit) for limit in newcombe(30, 120, 45, 600)]
    assert (row["lower"], row["upper"]) == pytest.approx(expected)
    assert (row["unit"], row["comparator_value"]) == ("percentage points", pytest.approx(100 * 75 / 720))


def test_overlapping_interval_of_a_rate_is_that_of_group_and_rest():
    """Both groups alike, so that the whole varies as its parts do: the rest's limits follow from the whole's."""
    figures = metrics.absence(absent({"SEN support": (20, 100), "No SEN": (20, 100)}))
    row = one(overlapping_gap_rows(figures), ALL_PUPILS, geographic_level=LA)
    side = one(figures, "", geographic_level=LA)
    half = (side["upper"] - side["lower"]) / 2
    # w = 1/2: the gap is half the difference of two groups with this half-width, and smaller than both taken apart
    assert row["value"] == pytest.approx(0)
    assert (row["upper"] - row["lower"]) / 2 == pytest.approx(np.sqrt(2) * half / 2, rel=0.01)


def test_group_that_is_everybody_has_no_gap_and_no_limits():
    for metric in (metrics.persistent_absence, metrics.absence):
        row = one(overlapping_gap_rows(metric(absent({"SEN support": (3, 12)}))), ALL_PUPILS, geographic_level=LA)
        assert (row["value"], row["lower"], row["upper"]) == (0.0, None, None)


# ---- schools of one kind


def five_schools():
    sizes = ((ELM, (2, 9)), (BAY, (3, 12)), (OAK, (3, 14)), (ASH, (6, 7)), (FIR, (5, 11)))
    return pl.concat([absent({"EHC plan": (k, n), "No SEN": (k, 3 * n)}, **place) for place, (k, n) in sizes])


@pytest.mark.parametrize("metric", [metrics.persistent_absence, metrics.absence])
def test_other_schools_of_the_phase_are_counted_together(metric):
    """Elm beside Bay, both primary; Ash beside Fir, both special; Oak, the only secondary, beside nobody."""
    rows = gap_rows(metric(five_schools()), comparators=[PEERS])
    for place, other in (("100001", "100005"), ("100005", "100001"), ("100003", "100004")):
        alone = metric(five_schools().filter(pl.col("place_code") == other))
        there = alone.filter(geographic_level=LA, sen_provision="EHC plan", need_area="Total").row(0, named=True)
        row = one(rows, PEERS, "EHC plan", place_code=place)
        assert row["comparator_value"] == pytest.approx(there["value"])
    row = one(rows, PEERS, "EHC plan", place_code="100002")
    assert (row["value"], row["status"], row["note"]) == (None, "z", NO_PEERS)


def test_interval_to_the_other_schools_is_newcombes_for_shares():
    row = one(gap_rows(metrics.persistent_absence(five_schools()), comparators=[PEERS]), PEERS, "EHC plan",
              place_code="100003")  # fmt: skip
    expected = [100 * float(limit) for limit in newcombe(6, 7, 5, 11)]
    assert (row["lower"], row["upper"]) == pytest.approx(expected)


def test_one_other_school_has_its_own_limits():
    figures = metrics.absence(five_schools())
    row = one(gap_rows(figures, comparators=[PEERS]), PEERS, "EHC plan", place_code="100003")
    other, own = (
        one(figures, "", "EHC plan", place_code=code, geographic_level=SCHOOL) for code in ("100004", "100003")
    )
    down = np.hypot(own["value"] - own["lower"], other["upper"] - other["value"])
    assert row["value"] - row["lower"] == pytest.approx(down)


def test_hidden_figure_of_another_school_hides_the_others_together():
    figures = metrics.persistent_absence(five_schools()).with_columns(
        pl.when(pl.col("place_code") == "100004").then(pl.lit("c")).otherwise("status").alias("status"),
        pl.when(pl.col("place_code") != "100004").then("value").alias("value"),
    )
    row = one(gap_rows(figures, comparators=[PEERS]), PEERS, "EHC plan", place_code="100003")
    assert (row["value"], row["status"]) == (None, "c")


def test_special_school_is_not_set_beside_mainstream_pupils():
    """Neither beside the rest of the LA nor beside a figure of all phases: a row that says so."""
    nation = pl.DataFrame([
        {"measure": "persistent_absence", "time_period": "202526", "time_identifier": "Academic year",
         "geographic_level": "National", "place_code": "E92000001", "sen_provision": provision, "value": value,
         "education_phase": phase, "unit": "% of pupils"}
        for provision, phase, value in (("EHC plan", "Total", 36.0), ("No SEN", "Total", 15.0),
                                        ("No SEN", "Special", 20.0))
    ])  # fmt: skip
    rows = gap_rows(pl.concat([metrics.persistent_absence(five_schools()), as_measures(nation)]))
    for comparator in (REST, NATIONAL):
        row = one(rows, comparator, "EHC plan", place_code="100003")
        got = tuple(row[name] for name in ("value", "lower", "upper", "comparator_value", "status", "note"))
        assert got == (None, None, None, None, "z", NOT_ALIKE)
    # nor is a mainstream school's group beside all phases of the nation; the rest of the LA is what there is
    assert one(rows, NATIONAL, "EHC plan", place_code="100001")["note"] == NOT_ALIKE
    assert one(rows, REST, "EHC plan", place_code="100001")["value"] is not None
    assert one(rows, NATIONAL, "No SEN", place_code="100003")["comparator_value"] == 20.0
    assert one(rows, NATIONAL, "EHC plan", geographic_level=LA)["value"] is not None


def test_own_mark_of_a_special_school_stays():
    figures = metrics.persistent_absence(five_schools())
    marked = figures.with_columns(
        pl.when(pl.col("geographic_level") == SCHOOL).then(pl.lit("x")).otherwise("status").alias("status"),
        pl.when(pl.col("geographic_level") != SCHOOL).then("value").alias("value"),
    )
    assert one(gap_rows(marked), REST, "EHC plan", place_code="100003")["status"] == "x"
