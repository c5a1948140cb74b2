"""The engine: sums over places and groups, breakdowns that share a total, and what a recipe makes of them."""

import polars as pl
import pytest
from hand_made import OAK, facts

from sendlab.errors import SendlabError
from sendlab.metrics.grouping import REST, grouped
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Count, Events, Mean, Ratio, Share

SEND = {"sen_provision": "SEN support"}
WORLD = facts(
    {
        "possible": 100,
        "missed": 10,
        "need_area": "Cognition and learning",
        "sen_primary_need": "MLD",
        "sex": "Male",
        **SEND,
    },
    {
        "possible": 100,
        "missed": 30,
        "need_area": "Cognition and learning",
        "sen_primary_need": "SLD",
        "sex": "Female",
        **SEND,
    },
    {"possible": 100, "missed": 0, "sex": "Female"},
    {"possible": 50, "missed": 5, "sex": "Male", **OAK},
).with_columns(
    absent=pl.col("sessions_authorised") + pl.col("sessions_unauthorised"), time_identifier=pl.lit("Academic year")
)
MISSED = Ratio("absence", top=pl.col("absent"), bottom=pl.col("sessions_possible"))
N = pl.len().cast(pl.Int64).alias("n")


def one(rows, **equals):
    found = rows.filter(**equals)
    assert found.height == 1, found
    return found.row(0, named=True)


def la(rows, **equals):
    named = {"sen_provision": "Total", "need_area": "Total", "sen_primary_need": "Total", "sex": "Total", **equals}
    return one(rows, geographic_level="Local authority", **named)


def test_two_tables_by_need_share_one_total_of_pupils_with_sen():
    """Two pupils with SEN: by area and by need, in one go or one of them for the LA alone, never four."""
    for by, la_only in ((["need_area", "sen_primary_need"], []), (["need_area"], ["sen_primary_need"]),
                        ([], ["sen_primary_need"])):  # fmt: skip
        rows = grouped(WORLD, [N], by=by, la_only=la_only)
        assert la(rows, sen_provision="All SEN")["n"] == 2
        assert la(rows, sen_provision="All SEN", sen_primary_need="MLD")["n"] == 1
        assert (
            rows.select("geographic_level", "place_code", "sen_provision", "need_area", "sen_primary_need")
            .is_unique()
            .all()
        )


def test_crossed_breakdowns_are_of_both_columns_at_once():
    rows = grouped(WORLD, [N], by=[("sen_provision", "sex")])
    assert la(rows, sen_provision="No SEN", sex="Male")["n"] == 1
    assert la(rows, sen_provision="SEN support", sex="Female")["n"] == 1
    assert la(rows)["n"] == 4


def test_breakdowns_of_the_authority_alone_give_schools_no_rows():
    rows = grouped(WORLD, [N], by=[], la_only=["sex"])
    assert set(rows.filter(geographic_level="School")["sex"]) == {"Total"}
    assert la(rows, sex="Male")["n"] == 2


def test_rows_without_a_place_count_for_the_authority_only():
    placeless = WORLD.with_columns(place_code=pl.lit(None, dtype=pl.String))
    rows = grouped(placeless, [N], by=[])
    assert rows["geographic_level"].to_list() == ["Local authority"] and la(rows)["n"] == 4


def test_the_authority_without_a_school_is_the_rest():
    rows = grouped(WORLD, [N], by=[])
    assert one(rows, geographic_level=REST, place_name="Elm")["n"] == 1
    assert one(rows, geographic_level=REST, place_name="Oak")["n"] == 3


def test_recipes_of_one_base_are_summed_together_and_stay_apart():
    """45 of 350 sessions; two of four at 10 % or more; 1.75 on average."""
    recipes = [MISSED, Share("persistent_absence", feature=10 * pl.col("absent") >= pl.col("sessions_possible")),
               Mean("sessions_affordable", of=pl.col("absent"))]  # fmt: skip
    rows = measure_rows(WORLD, recipes, by=[])
    assert la(rows, measure="absence")["value"] == pytest.approx(100 * 45 / 350)
    assert la(rows, measure="persistent_absence")["numerator"] == 3
    assert la(rows, measure="sessions_affordable")["value"] == pytest.approx(45 / 4)


def test_who_is_eligible_is_counted_beside_who_is_in_the_base():
    known = Share("ks2_rwm_expected", feature=pl.lit(True), where=pl.col("sex") == "Male", eligible=EVERYBODY)
    row = la(measure_rows(WORLD, [known], by=[]))
    assert (row["base_subjects"], row["eligible_subjects"], row["with_subjects"]) == (2, 4, 2)


def test_a_group_without_anybody_in_the_base_has_no_value_and_says_z():
    nobody = Share("ks2_rwm_expected", feature=EVERYBODY, where=pl.col("sex") == "Unknown")
    row = la(measure_rows(WORLD, [nobody], by=[]))
    assert (row["value"], row["lower"], row["status"], row["base_subjects"]) == (None, None, "z", 0)


def test_a_count_of_none_is_a_true_zero():
    row = la(measure_rows(WORLD, [Count("ehc_open_cases", feature=pl.col("sex") == "Unknown")], by=[]))
    assert (row["value"], row["numerator"], row["lower"]) == (0, 0, None)


def test_events_of_those_who_left_count_and_their_base_does_not():
    rows = WORLD.with_columns(events=pl.Series([3, 0, 1, 0]), roll=pl.Series([False, True, True, True]))
    row = la(measure_rows(rows, [Events("suspension_rate", count=pl.col("events"), where=pl.col("roll"))], by=[]))
    assert (row["numerator"], row["base_subjects"], row["with_subjects"], row["top_share"]) == (4, 3, 2, 0.75)


def test_a_breakdown_that_the_base_does_not_hold_is_told():
    with pytest.raises(SendlabError, match="shoe_size"):
        measure_rows(WORLD, [MISSED], by=["shoe_size"])


def test_one_column_of_ones_own_at_a_time():
    mine = WORLD.with_columns(tutor=pl.lit("a"), house=pl.lit("b"))
    by_code = Ratio("sessions_by_code", top=pl.col("absent"), bottom=pl.col("sessions_possible"), item="I")
    assert set(measure_rows(mine, [by_code], by=["tutor"])["item"]) == {"I", "I: a"}
    with pytest.raises(SendlabError, match="one column of your own"):
        measure_rows(mine, [MISSED], by=["tutor", "house"])


def test_nothing_to_count_is_no_row():
    assert measure_rows(WORLD.clear(), [MISSED]).is_empty()
    assert measure_rows(WORLD, []).is_empty()
