"""Wellbeing beside progress as a correlation, and starting points marked outside the school."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hand_made import ELM, OAK, facts, table
from hypothesis import given
from hypothesis import strategies as st
from laws import SCHOOL, figure, find, holds
from scipy import stats as scipy_stats

from sendlab.metrics import cards
from sendlab.metrics.learning.baselines import external_starting_points
from sendlab.metrics.voice.beside_progress import FEWEST, wellbeing_beside_progress
from sendlab.stats.association import correlation

AUTUMN, SUMMER = date(2025, 10, 6), date(2026, 6, 8)
MEASURE = "wellbeing_beside_progress"
COUNTS = ("numerator", "base_subjects", "eligible_subjects", "value")

# ---- the correlation itself


def test_correlation_by_hand():
    """1 to 5 beside 2, 1, 4, 3, 5: products of deviations add up to 8, squares to 10 and 10: r = 0.8.

    artanh 0.8 = 1.098612; 1.959964 / root(2) = 1.385904; tanh(-0.287291) = -0.279640, tanh(2.484516) = 0.986196.
    """
    found = correlation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
    assert found[:3] == pytest.approx((0.8, -0.279640, 0.986196), abs=1e-6)
    assert found.n == 5


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(-30, 30)), min_size=4, max_size=30))
def test_correlation_agrees_with_a_second_library(pairs):
    x, y = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
    found = correlation(x, y)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(found[:3]).all()
        return
    with np.errstate(all="ignore"):
        other = scipy_stats.pearsonr(x, y)
        limits = other.confidence_interval()
    assert found[:3] == pytest.approx((other.statistic, *limits), abs=1e-7)


def test_few_people_have_no_limits_and_a_perfect_line_has_none_beyond_it():
    assert np.isnan(correlation([1], [2]).r)
    three = correlation([1, 2, 3], [2, 4, 7])
    assert three.r == pytest.approx(5 / np.sqrt(2 * 38 / 3)) and np.isnan(three.lower)  # 5 / root(2 * 12.6667)
    assert correlation([1, 2, 3, 4], [2, 4, 6, 8])[:3] == pytest.approx((1, 1, 1))


# ---- wellbeing beside progress


def sdq(pupil, fall, rater="teacher", school=ELM):
    """Total difficulties of 20 at the start, fewer by `fall` at the end; None: not rated again."""
    row = {"pupil_id": pupil, "school_id": school["school_id"], "instrument": "SDQ", "scale": "TOT", "rater": rater}
    start = {**row, "rated_on": AUTUMN, "score": 20.0, "is_baseline": True}
    return [start] if fall is None else [start, {**row, "rated_on": SUMMER, "score": 20.0 - fall, "is_baseline": False}]


def scores(pupil, gain, subject="reading", school=ELM, **given):
    """A standardised score of 90 at the start, more by `gain` at the end."""
    row = {"pupil_id": pupil, "school_id": school["school_id"], "time_period": "202526", "assessment": "Test A",
           "subject": subject, "scale": "standardised score"} | given  # fmt: skip
    return [{**row, "assessed_on": AUTUMN, "score": 90.0}, {**row, "assessed_on": SUMMER, "score": 90.0 + gain}]


def roll(number, **common):
    return facts(*({"pupil_id": f"p{n}"} for n in range(number)), **{"sen_provision": "SEN support", **common})


FALLS = (1, 2, 3, 4, 5, 1, 2, 3, 4, 5)
GAINS = (2, 1, 4, 3, 5, 2, 1, 4, 3, 5)


def made_of(falls=FALLS, gains=GAINS, people=None, **options):
    ratings = [row for n, fall in enumerate(falls) for row in sdq(f"p{n}", fall)]
    tests = [row for n, gain in enumerate(gains) for row in scores(f"p{n}", gain)]
    people = roll(len(falls)) if people is None else people
    return wellbeing_beside_progress(people, table("wellbeing", *ratings), table("assessments", *tests), **options)


def test_ten_pupils_whose_wellbeing_and_reading_go_together():
    """The five pairs above twice: r = 0.8 still; 1.959964 / root(7) = 0.740797: tanh(0.357815), tanh(1.839409)."""
    row = find(made_of(), MEASURE, item="reading, teacher")
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((0.8, 0.343287, 0.950738), abs=1e-5)
    assert (row["base_subjects"], row["eligible_subjects"], row["denominator"]) == (10, 10, 8)
    assert cards()[MEASURE].model_residual_df == FEWEST - 2 == 8
    assert "not a cause" in row["note"] and row["data_to"] == SUMMER


def test_fewer_than_ten_pupils_give_no_figure_and_the_reason():
    """The tenth was not rated again: nine of ten who were rated at the start."""
    row = find(made_of(falls=(*FALLS[:9], None)), MEASURE, item="reading, teacher")
    assert (row["value"], row["lower"], row["status"]) == (None, None, "x")
    assert (row["note"], row["base_subjects"], row["eligible_subjects"]) == (
        "fewer than 10 pupils with both changes",
        9,
        10,
    )
    assert figure(made_of(falls=(*FALLS[:9], None), fewest=9), MEASURE, "status", item="reading, teacher") == ("",)


def test_a_pupil_without_a_score_is_eligible_alone():
    row = find(made_of(gains=GAINS[:9]), MEASURE, item="reading, teacher")
    assert (row["base_subjects"], row["eligible_subjects"], row["status"]) == (9, 10, "x")


def test_all_alike_give_no_figure():
    row = find(made_of(falls=(2,) * 10), MEASURE, item="reading, teacher")
    assert (row["value"], row["status"]) == (None, "x") and "changed alike" in row["note"]


def test_better_wellbeing_is_a_fall_of_difficulties():
    """More difficulties beside a greater gain: below 0."""
    worse = made_of(falls=tuple(-fall for fall in FALLS))
    assert figure(worse, MEASURE, "value", item="reading, teacher") == pytest.approx((-0.8,))


def test_support_and_plans_stand_apart():
    people = facts(
        *({"pupil_id": f"p{n}", "sen_provision": "EHC plan" if n < 10 else "SEN support"} for n in range(20))
    )
    rows = made_of(FALLS * 2, (*GAINS, *(-gain for gain in GAINS)), people)
    assert figure(rows, MEASURE, "value", provision="EHC plan", item="reading, teacher") == pytest.approx((0.8,))
    assert figure(rows, MEASURE, "value", provision="SEN support", item="reading, teacher") == pytest.approx((-0.8,))
    assert figure(rows, MEASURE, "base_subjects", item="reading, teacher") == (20,)


def test_raters_subjects_and_schools_stand_apart():
    ratings = [row for n in range(10) for row in (*sdq(f"p{n}", FALLS[n]), *sdq(f"p{n}", -FALLS[n], "parent"))]
    tests = [row for n in range(10) for row in (*scores(f"p{n}", GAINS[n]), *scores(f"p{n}", -GAINS[n], "mathematics"))]
    other = [sdq("q", 4, school=OAK), scores("q", 1, school=OAK), scores("p0", 9, "writing")]
    people = pl.concat([roll(10), facts({"pupil_id": "q", **OAK})])
    ratings, tests = [*ratings, *other[0]], [*tests, *other[1], *other[2]]
    rows = wellbeing_beside_progress(people, table("wellbeing", *ratings), table("assessments", *tests))
    elm = {"level": SCHOOL, "place_code": ELM["place_code"]}
    for item, r in {"reading, teacher": 0.8, "reading, parent": -0.8, "mathematics, teacher": -0.8,
                    "mathematics, parent": 0.8}.items():  # fmt: skip
        assert figure(rows, MEASURE, "value", item=item, **elm) == pytest.approx((r,))
    assert (
        find(rows, MEASURE, level=SCHOOL, place_code=OAK["place_code"], item="reading, teacher")["base_subjects"] == 1
    )
    assert not rows["item"].str.contains("writing").any()


def test_another_scale_or_year_is_no_gain_of_this_year():
    tests = [row for n in range(10) for row in scores(f"p{n}", GAINS[n], scale="age in months")]
    tests += [row for n in range(10) for row in scores(f"p{n}", GAINS[n], time_period="202425")]
    ratings = [row for n in range(10) for row in sdq(f"p{n}", FALLS[n])]
    rows = wellbeing_beside_progress(roll(10), table("wellbeing", *ratings), table("assessments", *tests))
    assert find(rows, MEASURE, item="reading, teacher")["base_subjects"] == 0


def test_laws_of_the_correlation():
    ratings = [row for n in range(12) for row in sdq(f"p{n}", n % 5)]
    tests = [row for n in range(12) for row in scores(f"p{n}", n % 7)]
    holds(wellbeing_beside_progress, roll(12), table("wellbeing", *ratings), table("assessments", *tests))


# ---- starting points marked outside the school


def marked(pupil, source, subject="reading", **given):
    """A start in autumn with who marked it, and a result in summer that the school marked."""
    first, last = scores(pupil, 5, subject, **given)
    return [{**first, "source": source}, {**last, "source": "internal"}]


def externals(*rows):
    return external_starting_points(roll(4), table("assessments", *(row for part in rows for row in part)))


def test_starting_points_marked_outside_the_school():
    """External, internal, and one of which it is not told: 1 of 2, three eligible; nobody in mathematics is known."""
    rows = externals(marked("p0", "external"), marked("p1", "internal"), marked("p2", None),
                     marked("p0", None, "mathematics"))  # fmt: skip
    assert figure(rows, "external_starting_points", *COUNTS, item="reading") == (1, 2, 3, 50)
    assert figure(rows, "external_starting_points", *COUNTS, item="reading", provision="SEN support") == (1, 2, 3, 50)
    assert find(rows, "external_starting_points", item="mathematics")["status"] == "x"


def test_the_start_counts_and_not_the_latest_result():
    """The summer's result was marked outside; the year began from one of the school's own. A lone result is a start."""
    first, last = marked("p0", "internal")
    rows = externals([first, {**last, "source": "external"}], [{**last, "pupil_id": "p1", "source": "external"}])
    assert figure(rows, "external_starting_points", *COUNTS, item="reading") == (1, 2, 2, 50)


def test_one_external_start_of_several_tests_is_enough():
    rows = externals(marked("p0", "internal"), marked("p0", "external", assessment="Test B"))
    assert figure(rows, "external_starting_points", *COUNTS, item="reading") == (1, 1, 1, 100)


def test_national_tests_and_untold_sources_are_none():
    assert externals(marked("p0", "external", assessment="KS1")).is_empty()
    assert externals(marked("p0", None)).is_empty()


def test_laws_of_external_starting_points():
    tests = [*marked("p0", "external"), *marked("p1", "internal"), *marked("p2", None)]
    holds(external_starting_points, roll(4), table("assessments", *tests))
