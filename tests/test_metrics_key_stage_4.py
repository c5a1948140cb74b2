"""Attainment 8, Progress 8 and qualifications on hand-made tables, with worked and published numbers."""

from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hand_made import ELM, OAK, facts, table
from polars.testing import assert_frame_equal
from statsmodels.stats.weightstats import DescrStatsW

from sendlab.errors import SendlabError
from sendlab.metrics.learning import key_stage_4
from sendlab.schema.measures import GROUPS, MEASURE_KEY

LA = "Local authority"


def find(rows, measure, item="Total", level=LA, provision="Total", **more):
    """The one row asked for, as a dict."""
    groups = {**dict.fromkeys(GROUPS, "Total"), "sen_provision": provision, "item": item}
    got = rows.filter(measure=measure, geographic_level=level, **{**groups, **more})
    assert got.height == 1, got
    return got.row(0, named=True)


def figure(rows, measure, *names, **which):
    row = find(rows, measure, **which)
    return tuple(row[name] for name in names)


def year_11(count, year="202324", **common):
    return facts(*({} for _ in range(count)), **{"nc_year": "11", "time_period": year, **common})


def a8(pupil, score, year="202324", **more):
    usual = {"school_id": ELM["school_id"], "time_period": year, "assessment": "KS4", "subject": "attainment 8"}
    return {"pupil_id": pupil, "score": score, "assessed_on": date(2024, 6, 17), "scale": "points", **usual, **more}


def ks2(pupil, reading, mathematics):
    key = {"pupil_id": pupil, "school_id": "9990000", "time_period": "201819", "assessment": "KS2"}
    scores = {"reading": reading, "mathematics": mathematics}
    return [{**key, "subject": s, "score": v, "assessed_on": date(2019, 5, 13)} for s, v in scores.items()]


def reference(year="202324", groups=((80, 100, 30.0), (100, 110, 46.5), (110, 121, 55.4)), sd=1.27):
    rows = [
        {"time_period": year, "subject": "attainment 8", "group": n, "points_from": float(low),
         "points_to": float(high), "mean_score": mean, "national_sd": sd, "source": "worked"}
        for n, (low, high, mean) in enumerate(groups, 1)
    ]  # fmt: skip
    return table("progress_reference", *rows)


# ---- Attainment 8


def test_attainment_8_with_its_floor_and_ceiling():
    """Points 0, 0.5, 45, 90; one of Year 11 without a result. Mean 33.875 of 4; above zero 45.166667 of 3."""
    scores = [0.0, 0.5, 45.0, 90.0]
    rows = table("assessments", *(a8(f"p{n}", score) for n, score in enumerate(scores)))
    made = key_stage_4.attainment_8(year_11(5), rows)
    assert figure(made, "attainment_8", "value", "denominator", "eligible_subjects") == (33.875, 4, 5)
    row = find(made, "attainment_8")
    assert (row["lower"], row["upper"]) == pytest.approx(DescrStatsW(np.array(scores)).tconfint_mean())
    assert find(made, "attainment_8_above_zero")["value"] == pytest.approx(135.5 / 3)
    assert figure(made, "attainment_8_above_zero", "denominator", "eligible_subjects") == (3, 4)
    names = ("numerator", "denominator", "value")
    assert figure(made, "attainment_8_at_limits", *names, item="floor") == (1, 4, 25.0)
    assert figure(made, "attainment_8_at_limits", *names, item="ceiling") == (1, 4, 25.0)


def test_zero_is_said_not_to_be_a_failure():
    """Everybody at zero: the mean is 0, but above zero there is nobody and no figure."""
    rows = table("assessments", a8("p0", 0.0), a8("p1", 0.0))
    made = key_stage_4.attainment_8(year_11(2), rows)
    assert "not a failure" in find(made, "attainment_8_at_limits", "floor")["note"]
    assert figure(made, "attainment_8", "value") == (0.0,)
    assert figure(made, "attainment_8_above_zero", "value", "status") == (None, "z")


def test_who_is_in_year_11():
    """A result counts in any year group; without one Year 11 on the roll is eligible, others are not."""
    there = facts({"nc_year": "12"}, {"nc_year": "11"}, {"nc_year": "11", "on_roll": False}, {"nc_year": "10"},
                  time_period="202324")  # fmt: skip
    made = key_stage_4.attainment_8(there, table("assessments", a8("p0", 40.0)))
    assert figure(made, "attainment_8", "denominator", "eligible_subjects") == (1, 2)


def test_a_pupil_who_moved_counts_at_the_school_of_the_result():
    there = facts({"pupil_id": "p0", **OAK}, {"pupil_id": "p0", **ELM, "on_roll": False}, nc_year="11",
                  time_period="202324")  # fmt: skip
    made = key_stage_4.attainment_8(there, table("assessments", a8("p0", 40.0)))
    assert figure(made, "attainment_8", "denominator", "eligible_subjects") == (1, 1)
    assert made.filter(geographic_level="School", place_code=OAK["place_code"]).is_empty()


def test_results_that_do_not_count_and_years_without_any_are_left_out():
    rows = table("assessments", a8("p0", 40.0, counted=False), a8("p1", 50.0))
    made = key_stage_4.attainment_8(pl.concat([year_11(2), year_11(2, "202223")]), rows)
    assert figure(made, "attainment_8", "denominator", "eligible_subjects") == (1, 2)
    assert set(made["time_period"]) == {"202324"}
    assert key_stage_4.attainment_8(year_11(2), table("assessments")).is_empty()


# ---- Progress 8


def test_progress_8_of_the_worked_pupils():
    """41.0 against 46.5 is -0.55; 58.0 against 55.4 is 0.26 (methods 3.2): mean -0.145."""
    rows = table("assessments", a8("p0", 41.0), *ks2("p0", 104.0, 105.0), a8("p1", 58.0), *ks2("p1", 112.0, 111.0))
    row = find(key_stage_4.progress_8(year_11(2), rows, reference()), "progress_8")
    half = 1.96 * 1.27 / np.sqrt(2)
    assert [row[n] for n in ("value", "lower", "upper")] == pytest.approx([-0.145, -0.145 - half, -0.145 + half])


def test_progress_8_interval_of_a_school_of_142():
    """Score 0.31, national sd 1.27, n 142: 0.101111 to 0.518889 (methods 3.2)."""
    rows = [row for n in range(142) for row in (a8(f"p{n}", 49.6), *ks2(f"p{n}", 104.0, 104.0))]
    row = find(key_stage_4.progress_8(year_11(142), table("assessments", *rows), reference()), "progress_8")
    assert [row[n] for n in ("value", "lower", "upper")] == pytest.approx([0.31, 0.101111, 0.518889], abs=1e-6)


@pytest.mark.parametrize(
    ("average", "mean"), [(99.5, 30.0), (100.0, 46.5), (109.5, 46.5), (110.0, 55.4), (120.0, 55.4)]
)
def test_groups_take_their_lower_edge_in_and_leave_the_upper_out(average, mean):
    rows = table("assessments", a8("p0", 40.0), *ks2("p0", average, average))
    made = key_stage_4.progress_8(year_11(1), rows, reference())
    assert find(made, "progress_8")["value"] == pytest.approx((40 - mean) / 10)


def test_pupils_without_a_starting_point_are_counted_and_zeros_stand_apart():
    """p0 -0.65; p1 at zero: -4.65; p2 has no mathematics score; p3 no result yet: 2 of 4 counted; above zero 1 of 3."""
    rows = table("assessments", a8("p0", 40.0), *ks2("p0", 104.0, 104.0), a8("p1", 0.0), *ks2("p1", 104.0, 104.0),
                 a8("p2", 40.0), *ks2("p2", 104.0, None))  # fmt: skip
    made = key_stage_4.progress_8(year_11(4), rows, reference())
    names = ("denominator", "eligible_subjects")
    assert figure(made, "progress_8", *names) == (2, 4)
    assert find(made, "progress_8")["value"] == pytest.approx((-0.65 - 4.65) / 2)
    assert figure(made, "progress_8_above_zero", *names) == (1, 3)
    assert find(made, "progress_8_above_zero")["value"] == pytest.approx(-0.65)


@pytest.mark.parametrize("year", ["201920", "202021", "202425", "202526"])
def test_years_without_a_national_baseline_are_missing_whatever_the_reference_holds(year):
    rows = table("assessments", a8("p0", 40.0, year), *ks2("p0", 104.0, 104.0))
    row = find(key_stage_4.progress_8(year_11(1, year), rows, reference(year)), "progress_8")
    assert (row["value"], row["denominator"], row["status"], row["eligible_subjects"]) == (None, None, "x", 1)
    assert "nobody here has a key stage 2 starting point" in row["note"]


def test_a_year_without_a_reference_is_missing():
    rows = table("assessments", a8("p0", 40.0), *ks2("p0", 104.0, 104.0))
    made = key_stage_4.progress_8(year_11(1), rows, reference("202223"))
    assert figure(made, "progress_8", "value", "status") == (None, "x")


# ---- qualifications


def test_qualifications_entered_and_achieved():
    """GCSE: p0 U and 4 (achieved), p1 U, p2 awaited. Entry level: p1 entry 3."""
    kind = {"assessment": "examination", "assessed_on": date(2024, 6, 1)}
    rows = table(
        "assessments",
        a8("p0", None, subject="english", outcome="U", qualification="GCSE", **kind),
        a8("p0", None, subject="mathematics", outcome="4", qualification="GCSE", **kind),
        a8("p1", None, subject="english", outcome=" u ", qualification="GCSE", **kind),
        a8("p2", None, subject="english", qualification="GCSE", **kind),
        a8("p1", None, subject="mathematics", outcome="Entry 3", qualification="entry level", **kind),
    )
    made = key_stage_4.qualifications(year_11(4), rows)
    assert figure(made, "qualifications_entered", "value", "status", item="GCSE") == (3, "")
    assert figure(made, "qualifications_entered", "value", item="entry level") == (1,)
    names = ("numerator", "denominator", "eligible_subjects", "value")
    assert figure(made, "qualifications_achieved", *names, item="GCSE") == (1, 2, 3, 50.0)
    assert figure(made, "qualifications_achieved", *names, item="entry level") == (1, 1, 1, 100.0)
    assert key_stage_4.qualifications(year_11(4), table("assessments", a8("p0", 40.0))).is_empty()


# ---- what holds for every one of them

SCHOOLS = [OAK if n % 3 == 0 else ELM for n in range(12)]
PUPILS = facts(*({"sen_provision": ["SEN support", "No SEN"][n % 2], **school} for n, school in enumerate(SCHOOLS)),
               nc_year="11", time_period="202324")  # fmt: skip
EXAM = {"subject": "english", "assessment": "exam", "qualification": "GCSE"}
ROWS = table("assessments", *(
    row for n, school in enumerate(SCHOOLS[:10]) for row in (
        a8(f"p{n}", float(7 * n), school_id=school["school_id"]), *ks2(f"p{n}", 95.0 + n, 99.0 + n),
        a8(f"p{n}", float(n), school_id=school["school_id"], **EXAM),
    )
))  # fmt: skip
EVERY = {
    "attainment_8": key_stage_4.attainment_8,
    "progress_8": lambda people, rows, **more: key_stage_4.progress_8(
        people, rows, reference().to_pandas() if isinstance(people, pd.DataFrame) else reference(), **more
    ),
    "qualifications": key_stage_4.qualifications,
}
every = pytest.mark.parametrize("metric", list(EVERY.values()), ids=list(EVERY))


@every
def test_order_of_rows_does_not_matter_and_schools_add_up(metric):
    key = list(MEASURE_KEY)
    made = metric(PUPILS, ROWS)
    assert made.select(key).is_duplicated().sum() == 0
    other = metric(PUPILS.sample(fraction=1, shuffle=True, seed=1), ROWS.sample(fraction=1, shuffle=True, seed=2))
    assert_frame_equal(made.sort(key), other.sort(key), abs_tol=1e-9)
    sums, group = ("numerator", "base_subjects", "eligible_subjects"), ("measure", "item")
    plain = metric(PUPILS, ROWS, by=[]).with_columns(pl.col(sums).cast(pl.Float64))
    parts = plain.filter(geographic_level="School").group_by(group).agg(pl.col(sums).sum()).sort(group)
    assert_frame_equal(parts, plain.filter(geographic_level=LA).select(*group, *sums).sort(group), abs_tol=1e-6)


@every
def test_pandas_in_pandas_out_with_the_same_numbers(metric):
    made = metric(PUPILS.drop("attendance_terms", "event_terms").to_pandas(), ROWS.to_pandas())
    assert isinstance(made, pd.DataFrame)
    wanted = metric(PUPILS, ROWS)["value"].cast(pl.Float64).to_numpy()
    assert made["value"].to_numpy(dtype=float) == pytest.approx(wanted, nan_ok=True)


@every
def test_unknown_group_column_is_named(metric):
    with pytest.raises(SendlabError, match="shoe_size"):
        metric(PUPILS, ROWS, by=["shoe_size"])
