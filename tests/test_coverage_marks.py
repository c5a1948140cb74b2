"""Marks of coverage: too few count, or groups unevenly; what bounds the figure; where the mark itself would tell."""

import re

import polars as pl
import pytest
from hand_made import facts, table
from polars.testing import assert_frame_equal

from sendlab import metrics
from sendlab.compare import gap_rows
from sendlab.disclosure import publish
from sendlab.metrics import completeness
from sendlab.metrics.completeness import mark_coverage, without_marks
from sendlab.metrics.grouping import REST
from sendlab.schema.measures import as_measures

LOW, UNEVEN = completeness.TOO_FEW, completeness.UNEVENLY
SHARE, MEAN = "attendance_98_apart_from_illness", "standardised_change"


def figure(base=100, eligible=100, x=50.0, *, measure=SHARE, group="Total", place="100001", **more):
    """A figure of a school: `x` with the feature, of `base` who count, of `eligible` who could."""
    level = "Local authority" if place == "999" else "School"
    usual = {"measure": measure, "time_period": "202526", "time_identifier": "Academic year", "place_code": place,
             "geographic_level": level, "place_name": place, "sen_provision": group, "numerator": x,
             "denominator": float(base), "base_subjects": base, "with_subjects": int(x or 0),
             "eligible_subjects": eligible, "unit": "% of pupils"}  # fmt: skip
    return {**usual, "value": 100 * x / base if base else None, **more}


def marked(*rows, **options):
    made = mark_coverage(as_measures(pl.DataFrame(list(rows), infer_schema_length=None)), **options)
    return made.rows(named=True)


def marks(*rows, **options):
    return [(row["status"], row["note"]) for row in marked(*rows, **options)]


# ---- too few


@pytest.mark.parametrize(
    ("base", "eligible", "mark"),
    [(79, 100, "u"), (80, 100, ""), (81, 100, ""), (100, 100, ""), (4, 5, ""), (799, 1000, "u"), (1, 100, "u"),
     (3, None, "")],
)  # fmt: skip
def test_under_80_per_cent_is_unreliable_and_80_is_not(base, eligible, mark):
    """A measure that does not say who could count has no coverage."""
    assert marks(figure(base, eligible, 1.0)) == [(mark, LOW if mark else "")]


def test_thresholds_are_options():
    assert marks(figure(80, 100), enough=81) == [("u", LOW)]
    assert marks(figure(79, 100), enough=79) == [("", "")]


def test_shares_are_bounded_by_none_and_by_all_of_those_who_are_missing():
    """30 of 60 have the feature, 100 could: with none of the 40 it is 30 %, with all of them 70 %."""
    (row,) = marked(figure(60, 100, 30.0))
    assert (row["value"], row["least"], row["most"]) == (50, 30, 70)
    assert (row["numerator"], row["base_subjects"], row["eligible_subjects"]) == (30, 60, 100)


@pytest.mark.parametrize(("x", "bounds"), [(0.0, (0, 40)), (60.0, (60, 100))])
def test_bounds_of_none_and_of_all(x, bounds):
    (row,) = marked(figure(60, 100, x))
    assert (row["least"], row["most"]) == bounds


def test_a_mean_has_no_bounds_and_a_figure_that_is_sound_has_none():
    low, sound = marked(figure(60, 100, 30.0, measure=MEAN), figure(90, 100, place="100002"))
    assert (low["status"], low["least"], low["most"]) == ("u", None, None)
    assert (sound["status"], sound["least"], sound["most"]) == ("", None, None)


def test_no_figure_no_mark():
    row = figure(0, 50, 0.0, status="z", note="nobody to count in this group")
    assert marks(row) == [("z", "nobody to count in this group")]


def test_what_was_said_before_stays_and_a_mark_of_its_own_too():
    assert marks(figure(60, 100, note="provisional")) == [("u", f"provisional; {LOW}")]
    assert marks(figure(60, 100, status="u", note="few")) == [("u", f"few; {LOW}")]


def test_comparisons_are_not_marked_for_themselves():
    assert marks(figure(60, 100, comparator="No SEN")) == [("", "")]


# ---- unevenly


def groups(plans, support, others, place="100001", **more):
    """The coverage of three groups of a hundred, and of their total."""
    counts = {"EHC plan": plans, "SEN support": support, "No SEN": others}
    rows = [figure(n, 100, 1.0, group=group, place=place, **more) for group, n in counts.items()]
    return [*rows, figure(sum(counts.values()), 300, 3.0, place=place, **more)]


@pytest.mark.parametrize(
    ("plans", "support", "others", "uneven"),
    [(90, 90, 100, False), (89, 90, 100, True), (90, 89, 100, True), (100, 90, 89, True), (100, 100, 90, False),
     (90, 100, 95, False), (81, 100, 90, False), (80, 91, 90, False)],
)  # fmt: skip
def test_more_than_10_points_between_sen_and_no_sen_marks_every_figure_of_the_place(plans, support, others, uneven):
    """The last two: plans and support differ by more among themselves, and neither by more than 10 from no SEN."""
    made = marks(*groups(plans, support, others))
    assert made == [("u", UNEVEN) if uneven else ("", "")] * 4


def test_uneven_shares_have_bounds_too():
    *_, total = marked(*groups(89, 100, 100))
    assert (total["least"], total["most"]) == (100 * 3 / 300, pytest.approx(100 * (3 + 11) / 300))


def test_too_few_is_said_before_unevenly():
    assert marks(*groups(70, 90, 100))[:2] == [("u", LOW), ("u", UNEVEN)]


def test_each_place_measure_period_and_item_is_even_or_not_by_itself():
    uneven, even = groups(85, 100, 100), groups(95, 100, 100, place="100002")
    last_year = groups(95, 95, 100, time_period="202425")
    autumn = groups(95, 95, 100, time_identifier="Autumn term")
    other_item = groups(95, 95, 100, item="B")
    rows = [*uneven, *even, *last_year, *autumn, *other_item]
    made = marks(*rows)
    assert [bool(status) for status, _ in made] == [True] * 4 + [False] * 16


def test_needs_and_other_breakdowns_are_marked_with_their_place_and_do_not_decide():
    """Need areas of SEN cover 50 % here and 100 % there; what decides is provision as a whole."""
    area = {"group": "All SEN", "need_area": "Cognition and learning"}
    of_need = figure(100, 100, 1.0, **area)
    assert marks(*groups(85, 100, 100), of_need)[-1] == ("u", UNEVEN)
    girls = [figure(n, 100, 1.0, group=g, sex="Female") for g, n in (("EHC plan", 100), ("No SEN", 85))]
    assert marks(*groups(95, 95, 100), *girls) == [("", "")] * 6


def test_without_a_group_without_sen_there_is_nothing_to_differ_from():
    assert marks(figure(85, 100, 1.0, group="EHC plan"), figure(100, 100, 1.0)) == [("", "")] * 2


def test_rows_keep_their_number_and_order():
    rows = as_measures(pl.DataFrame([*groups(85, 100, 100), figure(60, 100, place="100002")]))
    made = mark_coverage(rows)
    same = [name for name in rows.columns if name not in ("status", "note", "least", "most")]
    assert_frame_equal(made.select(same), rows.select(same))
    assert mark_coverage(rows.clear()).is_empty()


# ---- what is published


def test_no_note_holds_a_number():
    """Notes are published, and counts behind them may have to be hidden."""
    for text in (LOW, UNEVEN):
        assert not re.search(r"\d", text)
    assert not any(re.search(r"\d", row["note"]) for row in marked(*groups(70, 90, 100), figure(1, 7)))


def test_marks_go_where_the_rule_says_and_other_words_and_marks_stay():
    rows = mark_coverage(as_measures(pl.DataFrame([
        figure(60, 100, place="1"), figure(60, 100, place="2", note="provisional"), figure(60, 100, place="3"),
        figure(90, 100, place="4", status="u", note="more people counted than in the base: those who left count"),
    ])))  # fmt: skip
    away = without_marks(rows, pl.col("place_code") != "3")
    assert away.select("status", "note").rows() == [
        ("", ""), ("", "provisional"), ("u", LOW),
        ("u", "more people counted than in the base: those who left count"),
    ]  # fmt: skip


def ks2(pupil, met, group="No SEN", points=13.5, score=104.0):
    """A pupil of Year 6 with all three outcomes; without KS1 points there is no progress."""
    made = {"pupil_id": pupil, "sen_provision": group, "ks1_points": points, "ks2_mathematics_score": score}
    for subject in ("reading", "writing", "mathematics"):
        made |= {f"ks2_{subject}_met": met, f"ks2_{subject}_outcome": "AS"}
    return made


REFERENCE = table(
    "progress_reference",
    {"time_period": "202526", "subject": "mathematics", "group": 1, "points_from": 0.0, "points_to": 30.0,
     "mean_score": 103.0, "national_sd": 6.1, "source": "invented"},
)  # fmt: skip
ELM, OAK = {"place_code": "100001", "school_id": "1"}, {"place_code": "100002", "school_id": "2"}


def progress(lacking):
    """Published mathematics progress of two schools: at Elm so many of 40 pupils on SEN support have no start."""
    pupils = [
        {**ks2(f"{place['school_id']}{group}{n}", True, group, score=95.0 + n % 12,
               points=None if place is ELM and group == "SEN support" and n < lacking else 13.5), **place}
        for place in (ELM, OAK) for group in ("SEN support", "No SEN") for n in range(40)
    ]  # fmt: skip
    figures = mark_coverage(metrics.ks2_mathematics_progress(facts(*pupils), REFERENCE))
    rows = pl.concat([figures.filter(pl.col("geographic_level") != REST), gap_rows(figures)])
    return publish(rows, audience="board", threshold=5, run_id="r").rows.filter(place_code="100001")


def told(rows):
    return rows.filter(pl.col("note").str.contains("see the coverage"))


def test_a_mark_of_coverage_is_published_where_the_coverage_is():
    """20 of 40 have no start: who counts and who could are no secret, and the mark stands on figures and gaps."""
    rows = progress(20)
    support = rows.filter(comparator="", sen_provision="SEN support").row(0, named=True)
    assert (support["base_subjects"], support["eligible_subjects"]) == (20, 40)
    assert (support["status"], support["note"]) == ("u", LOW)
    assert set(told(rows)["comparator"]) == {"", "No SEN", "LA without this school"}


def test_a_mark_goes_where_the_coverage_is_hidden_from_figures_and_from_their_gaps():
    """37 of 40 have no start: 3 count, which is hidden, and no row of the place may tell how few they are."""
    rows = progress(37)
    support = rows.filter(comparator="", sen_provision="SEN support").row(0, named=True)
    assert (support["status"], support["base_subjects"], support["eligible_subjects"]) == ("c", None, None)
    assert rows.filter(comparator="No SEN").height and rows.filter(comparator="LA without this school").height
    assert told(rows).is_empty()
    assert not {"least", "most"} & set(rows.columns)  # bounds would give the numbers away
