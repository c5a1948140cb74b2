"""The provision map: reach, dose, costs, change from entry to exit and its part of chance, absence around it."""

from datetime import date

import polars as pl
import pytest
from hand_made import ELM, OAK, facts, table
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sendlab import sample
from sendlab.facts import make_facts
from sendlab.metrics import cards, intervention_gain
from sendlab.metrics.publication import published_measures
from sendlab.metrics.support.change import intervention_absence, intervention_change, intervention_transfer
from sendlab.metrics.support.costs import NOT_SHOWN, intervention_cost_per_point, intervention_costs
from sendlab.metrics.support.provision_map import NOT_ON_RECORD, intervention_dose, intervention_reach, support_hours
from sendlab.schema.measures import as_measures

LA, SCHOOL = "Local authority", "School"
SCHOOL_ID = ELM["school_id"]


def find(rows, measure, *, item="Total", level=LA, provision="Total", **more):
    plain = pl.all_horizontal(
        pl.col(name) == "Total" for name in ("need_area", "sen_primary_need", "sex", "fsm_status", "nc_year")
    )
    got = rows.filter(plain, measure=measure, item=item, geographic_level=level, sen_provision=provision, **more)
    assert got.height == 1, got
    return got.row(0, named=True)


def counts(row):
    return tuple(row[name] for name in ("numerator", "base_subjects", "eligible_subjects"))


def took(*rows, intervention="Story", **common):
    """Rows of `interventions`: pupils p0, p1, ... in one intervention of the year unless said otherwise."""
    usual = {"school_id": SCHOOL_ID, "time_period": "202526", "intervention": intervention, "subject": "reading",
             "measure": "Test"}  # fmt: skip
    return table("interventions", *({**usual, "pupil_id": f"p{n}", **common, **row} for n, row in enumerate(rows)))


def pupils(number, **common):
    return facts(*({} for _ in range(number)), **common)


# ---- reach


def test_reach_is_of_the_roll_of_years_on_record():
    """One of two on SEN support, none of one with a plan, took part; once is enough; last year nobody recorded any."""
    roll = facts({"sen_provision": "SEN support"}, {"sen_provision": "SEN support"}, {"sen_provision": "EHC plan"},
                 {"time_period": "202425"}, {"on_roll": False})  # fmt: skip
    twice = pl.concat([took({}), took({}, intervention="Numbers"), took({"pupil_id": "p4"})])
    rows = intervention_reach(roll, twice)
    assert counts(find(rows, "intervention_reach", provision="SEN support"))[:2] == (1, 2)
    assert counts(find(rows, "intervention_reach", provision="EHC plan"))[:2] == (0, 1)
    assert counts(find(rows, "intervention_reach"))[:2] == (1, 3)
    assert set(rows["time_period"]) == {"202526"}
    assert intervention_reach(roll, table("interventions")).is_empty()


def test_an_intervention_at_another_school_counts():
    assert counts(find(intervention_reach(pupils(1), took({"school_id": "9991002"})), "intervention_reach"))[0] == 1


# ---- dose


def test_sessions_hours_minutes_and_group():
    """(20 + 10) of (30 + 20) sessions; 20 * 30 and 10 * 60 minutes are 10 hours each; groups of 4, 6; one unknown."""
    rows = intervention_dose(took(
        {"sessions_attended": 20, "sessions_planned": 30, "minutes_per_session": 30, "group_size": 4},
        {"sessions_attended": 10, "sessions_planned": 20, "minutes_per_session": 60, "group_size": 6},
        {"sessions_planned": 30},
    ), pupils(3))  # fmt: skip
    attended = find(rows, "intervention_attended", item="Story")
    assert (attended["numerator"], attended["denominator"], attended["value"]) == (30, 50, 60)
    assert (attended["base_subjects"], attended["eligible_subjects"]) == (2, 3)
    hours = find(rows, "intervention_hours", item="Story")
    assert (hours["value"], *counts(hours)) == (10, 20, 2, 3)
    assert find(rows, "intervention_minutes", item="Story")["value"] == 45
    assert find(rows, "intervention_group_size", item="Story")["value"] == 5
    assert find(rows, "intervention_attended", item="Story", level=SCHOOL)["value"] == 60
    assert rows.filter(item="Total").is_empty()  # a pupil in two interventions would count twice


def test_criteria_that_nobody_judged_are_not_on_record():
    rows = intervention_dose(took({}, {}), pupils(2))
    row = find(rows, "intervention_criteria_met", item="Story")
    assert (row["value"], row["status"], row["note"], *counts(row)) == (None, "x", NOT_ON_RECORD, None, 0, 2)
    judged = intervention_dose(took({"criteria_met": True}, {"criteria_met": False}, {}), pupils(3))
    assert counts(find(judged, "intervention_criteria_met", item="Story")) == (1, 2, 3)


def test_seen_through_needs_a_start_an_entry_and_an_exit():
    day = {"start_date": date(2025, 11, 3), "entry_score": 80}
    rows = intervention_dose(took(
        {**day, "exit_score": 85}, {**day, "criteria_met": False}, day, {"entry_score": 80, "exit_score": 85},
        {"start_date": date(2025, 11, 3), "exit_score": 85},
    ), pupils(5))  # fmt: skip
    assert counts(find(rows, "intervention_seen_through", item="Story"))[:2] == (2, 5)


def test_a_pupil_whom_facts_do_not_hold_stays():
    rows = intervention_dose(took({"minutes_per_session": 30}, {"minutes_per_session": 20}), pupils(1))
    assert counts(find(rows, "intervention_minutes", item="Story"))[1:] == (2, 2)


def test_no_intervention_gives_no_row():
    nothing = table("interventions")
    assert intervention_dose(nothing, pupils(1)).is_empty()
    assert intervention_change(nothing, pupils(1), table("assessments")).is_empty()
    assert support_hours(nothing, table("intervention_catalogue"), pupils(1)).is_empty()
    assert intervention_costs(nothing, table("intervention_catalogue"), pupils(1)).is_empty()


# ---- how hours divide


def entry(school="999", name="Story", **more):
    return {"school_id": school, "intervention": name, **more}


def test_hours_by_who_how_and_on_what_evidence():
    """10 hours of a teacher in a group (strong), 30 of nobody named in what no catalogue holds; two pupils."""
    rows = pl.concat([
        took({"sessions_attended": 10, "minutes_per_session": 60, "delivered_by": "teacher"}),
        took({"sessions_attended": 20, "minutes_per_session": 60}, intervention="Own idea"),
        took({}, {"sessions_attended": 10, "minutes_per_session": 60}, intervention="Own idea").tail(1),
    ])  # fmt: skip
    catalogue = table("intervention_catalogue", entry(evidence_base="strong", mode="group"))
    found = support_hours(rows, catalogue, pupils(2))
    assert find(found, "support_by_role", item="teacher")["value"] == 25
    assert find(found, "support_by_role", item="Not recorded")["value"] == 75
    assert find(found, "support_by_mode", item="group")["value"] == 25
    assert find(found, "support_by_evidence", item="strong")["value"] == 25
    other = find(found, "support_by_evidence", item="not in the catalogue")
    assert (other["value"], other["numerator"], other["denominator"], other["base_subjects"]) == (75, 30, 40, 2)


# ---- costs


def test_cost_on_all_who_started():
    """methods 5.7: 4,680 pounds for 18 pupils is 260.00 each: 200 a pupil and 1,080 fixed; who dropped out counts."""
    catalogue = table("intervention_catalogue", entry(cost_per_pupil=200, fixed_cost=1080))
    rows = intervention_costs(took(*({"exit_score": 90} for _ in range(15)), {}, {}, {}), catalogue, pupils(18))
    planned = find(rows, "intervention_cost_planned", item="Story")
    assert (planned["value"], planned["numerator"], planned["base_subjects"]) == (4680, 4680, 18)
    each = find(rows, "intervention_cost_per_pupil", item="Story")
    assert (each["value"], each["lower"], each["upper"], each["unit"]) == (260, None, None, "£ per pupil")
    assert find(rows, "intervention_cost_planned")["value"] == 4680


def test_fixed_cost_of_the_authority_is_shared_by_schools():
    """3 starters at Elm, 1 at Oak; 400 fixed: 100 each."""
    both = facts({}, {}, {}, {**OAK})
    catalogue = table("intervention_catalogue", entry(cost_per_pupil=0, fixed_cost=400))
    rows = intervention_costs(took({}, {}, {}, {"school_id": OAK["school_id"]}), catalogue, both)
    assert find(rows, "intervention_cost_planned", item="Story", level=SCHOOL, place_code="100001")["value"] == 300
    assert find(rows, "intervention_cost_planned", item="Story", level=SCHOOL, place_code="100002")["value"] == 100
    assert find(rows, "intervention_cost_planned", item="Story")["value"] == 400


def test_a_schools_own_price_comes_first():
    catalogue = table("intervention_catalogue", entry(cost_per_pupil=10, fixed_cost=0),
                      entry(SCHOOL_ID, cost_per_pupil=50, fixed_cost=0))  # fmt: skip
    assert find(intervention_costs(took({}), catalogue, pupils(1)), "intervention_cost_planned")["value"] == 50


def test_an_unknown_price_is_no_price_of_nothing():
    """Of two pupils one is also in what has no price: the pupil's whole cost is unknown, and counted as such."""
    catalogue = table(
        "intervention_catalogue", entry(cost_per_pupil=10, fixed_cost=0), entry(name="Own", cost_per_pupil=5)
    )
    both = pl.concat([took({}, {}), took({}, intervention="Own")])
    rows = intervention_costs(both, catalogue, pupils(2))
    assert counts(find(rows, "intervention_cost_planned")) == (10, 1, 2)
    own = find(rows, "intervention_cost_planned", item="Own")
    assert (own["value"], own["status"], *counts(own)) == (None, "x", None, 0, 1)


@pytest.mark.parametrize(
    ("as_of", "pounds"),
    [
        (date(2026, 3, 1), 120),  # the pupil who attended most had 12 of 20 sessions
        (date(2026, 5, 14), 120),
        (date(2026, 5, 15), 200),  # over: all was delivered, attended or not
        (None, 200),  # the last date in the table
    ],
)
def test_cost_to_date_follows_the_sessions_delivered(as_of, pounds):
    """Two pupils at 100 pounds; 12 and 6 of 20 sessions attended."""
    rows = took({"sessions_attended": 12}, {"sessions_attended": 6}, sessions_planned=20,
                start_date=date(2025, 11, 3), end_date=date(2026, 5, 15))  # fmt: skip
    catalogue = table("intervention_catalogue", entry(cost_per_pupil=100, fixed_cost=0))
    found = intervention_costs(rows, catalogue, pupils(2), as_of=as_of)
    assert find(found, "intervention_cost_to_date", item="Story")["value"] == pytest.approx(pounds)
    assert find(found, "intervention_cost_planned", item="Story")["value"] == 200


def test_cost_by_who_pays():
    catalogue = table("intervention_catalogue", entry(cost_per_pupil=30, fixed_cost=0, funded_by="delegated"),
                      entry(name="Numbers", cost_per_pupil=10, fixed_cost=0, funded_by="LA"))  # fmt: skip
    rows = intervention_costs(pl.concat([took({}, {}), took({}, intervention="Numbers")]), catalogue, pupils(2))
    assert find(rows, "intervention_cost_by_funding", item="LA")["value"] == pytest.approx(100 / 7)
    assert find(rows, "intervention_cost_by_funding", item="delegated")["numerator"] == 60


def gain(value, lower, upper, **more):
    return as_measures(pl.DataFrame({
        "measure": ["intervention_gain"], "time_period": ["202526"], "time_identifier": ["Academic year"],
        "geographic_level": [LA], "place_code": ["999"], "item": ["Story"], "value": [value], "lower": [lower],
        "upper": [upper], "base_subjects": [18], **more,
    }, schema_overrides={"value": pl.Float64, "lower": pl.Float64, "upper": pl.Float64}))  # fmt: skip


def costs_of(pounds):
    catalogue = table("intervention_catalogue", entry(cost_per_pupil=pounds, fixed_cost=0))
    return intervention_costs(took({}), catalogue, pupils(1))


def test_cost_per_point_of_gain():
    """methods 5.7: 260 a pupil for 3 points: 86.67 a point; limits from the gain's 2 and 5: 52 and 130."""
    row = find(intervention_cost_per_point(costs_of(260), gain(3.0, 2.0, 5.0)), "intervention_cost_per_point",
               item="Story")  # fmt: skip
    assert [round(row[name], 2) for name in ("value", "lower", "upper")] == [86.67, 52.0, 130.0]
    assert (row["numerator"], row["denominator"], row["base_subjects"], row["status"]) == (260, 3, 18, "")


@pytest.mark.parametrize(
    ("gained", "note"),
    [
        ((3.0, 0.0, 6.0), NOT_SHOWN),
        ((3.0, -0.1, 6.0), NOT_SHOWN),
        ((-3.0, -6.0, -1.0), NOT_SHOWN),
        ((3.0, 0.1, 6.0), ""),
        ((None, None, None), "too few"),
    ],
)
def test_no_cost_per_point_where_it_is_not_shown_to_work(gained, note):
    row = find(intervention_cost_per_point(costs_of(260), gain(*gained, note=["too few"])),
               "intervention_cost_per_point", item="Story")  # fmt: skip
    assert (row["note"], row["status"]) == (note, "" if note == "" else "x")
    assert (row["value"] is None) == (note != "")


def test_a_gain_without_a_price_has_no_cost():
    other = intervention_costs(took({}, intervention="Numbers"), table("intervention_catalogue"), pupils(1))
    row = find(intervention_cost_per_point(other, gain(3.0, 2.0, 5.0)), "intervention_cost_per_point", item="Story")
    assert (row["value"], row["note"]) == (None, "no price known")


# ---- change from entry to exit


def test_change_is_paired_and_those_without_an_exit_are_counted():
    """Changes 1, 2, 3 and 4: mean 2.5 (0.4457, 4.5543), paired t; one has no exit."""
    rows = intervention_change(took(*({"entry_score": 80, "exit_score": 80 + n} for n in (1, 2, 3, 4)),
                                    {"entry_score": 80}), pupils(5))  # fmt: skip
    row = find(rows, "intervention_change", item="Story")
    assert [round(row[name], 4) for name in ("value", "lower", "upper")] == [2.5, 0.4457, 4.5543]
    assert (row["base_subjects"], row["eligible_subjects"], row["note"]) == (
        4,
        5,
        "description, not evidence of impact",
    )
    chance = find(rows, "intervention_change_by_chance", item="Story")
    assert (chance["value"], chance["status"], chance["base_subjects"]) == (None, "x", 0)


def test_scores_on_two_measures_are_two_items():
    rows = intervention_change(took({"entry_score": 80, "exit_score": 85}, {"entry_score": 7, "exit_score": 9,
                                    "measure": "Ages"}), pupils(2))  # fmt: skip
    assert find(rows, "intervention_change", item="Story (Test)")["value"] == 5
    assert find(rows, "intervention_change", item="Story (Ages)")["value"] == 2


def sat(pupil, first, last, test="Test", subject="reading", **more):
    days = (date(2025, 10, 9), first), (date(2026, 6, 19), last)
    return [{"pupil_id": pupil, "school_id": SCHOOL_ID, "time_period": "202526", "assessment": test, "subject": subject,
             "assessed_on": day, "score": float(score), "scale": "standardised score", **more}
            for day, score in days if score is not None]  # fmt: skip


def retested(pairs=((80, 84), (120, 116)), each=15, more=()):
    """Untreated pupils p1, p2, ...: halves at either pair of scores; the treated pupil p0 scored 80 and 90."""
    rows = [one for n in range(2 * each) for one in sat(f"p{n + 1}", *pairs[n % 2])]
    return table("assessments", *rows, *more)


def test_the_part_of_chance_in_a_change():
    """30 untreated at 80 then 84, or 120 then 116: mean 100, last = 0.8 first + 20, but correlation 1.

    A correlation of 1 leaves nothing to chance. With noise that halves it, half of the distance to the mean is chance:
    scores 80 then 80 or 120, 120 then 120 or 80, three to one: correlation (3 - 1) / 4 = 0.5; 80 is expected at 90.
    """
    pairs = [(80, 80), (120, 120)] * 3 + [(80, 120), (120, 80)]
    rows = [one for n in range(32) for one in sat(f"p{n + 1}", *pairs[n % 8])]
    found = intervention_change(took({"entry_score": 80, "exit_score": 93}), pupils(33), table("assessments", *rows))
    assert find(found, "intervention_change", item="Story")["value"] == 13
    assert find(found, "intervention_change_by_chance", item="Story")["value"] == pytest.approx(10)
    assert find(found, "intervention_change_beyond_chance", item="Story")["value"] == pytest.approx(3)


def test_chance_draws_towards_pupils_of_the_same_provision():
    """Pupils on SEN support score 80 on average: one who scores 80 is expected at 80 again, not nearer to 100."""
    pairs = [(70, 70), (90, 90)] * 3 + [(70, 90), (90, 70)]
    weak = [one for n in range(32) for one in sat(f"p{n + 1}", *pairs[n % 8])]
    strong = [one for n in range(32) for one in sat(f"p{n + 33}", *(a + 40 for a in pairs[n % 8]))]
    roll = facts(*({"sen_provision": "SEN support" if n < 33 else "No SEN"} for n in range(65)))
    found = intervention_change(took({"entry_score": 80, "exit_score": 85}), roll, table("assessments", *weak, *strong))
    assert find(found, "intervention_change_by_chance", item="Story")["value"] == pytest.approx(0)
    low = intervention_change(took({"entry_score": 70, "exit_score": 85}), roll, table("assessments", *weak, *strong))
    assert find(low, "intervention_change_by_chance", item="Story")["value"] == pytest.approx(5)


@pytest.mark.parametrize(("each", "known"), [(14, False), (15, True)])
def test_chance_is_not_known_from_fewer_than_thirty_pupils(each, known):
    """28 and 30 untreated pupils."""
    found = intervention_change(took({"entry_score": 80, "exit_score": 85}), pupils(40), retested(each=each))
    assert (find(found, "intervention_change_by_chance", item="Story")["value"] is not None) == known


def test_scores_that_are_not_standardised_have_no_part_of_chance():
    rows = retested().with_columns(pl.lit("points").alias("scale"))
    found = intervention_change(took({"entry_score": 80, "exit_score": 85}), pupils(40), rows)
    assert find(found, "intervention_change_by_chance", item="Story")["status"] == "x"


# ---- absence before and since


def term(pupil, period, name, possible, missed, school=SCHOOL_ID):
    return {"pupil_id": pupil, "school_id": school, "time_period": period, "time_identifier": name,
            "sessions_possible": float(possible), "sessions_authorised": float(missed), "sessions_unauthorised": 0.0,
            "attendance_status": ""}  # fmt: skip


def test_absence_in_the_terms_around():
    """From 3 November to 3 April (spring): the summer before, the summer after. 10 % then 4 %, 20 % then 20 %.

    The first pupil's 5 of 50 is at another school. The third has no term after. Changes -6 and 0: mean -3, t limits.
    """
    dates = {"start_date": date(2024, 11, 3), "end_date": date(2025, 4, 3)}
    rows = took({}, {}, {}, time_period="202425", **dates)
    periods = pl.DataFrame([
        term("p0", "202324", "Summer term", 50, 5, "9991002"), term("p0", "202425", "Summer term", 100, 4),
        term("p0", "202425", "Autumn term", 100, 90), term("p0", "202425", "Spring term", 100, 90),
        term("p1", "202324", "Summer term", 50, 10), term("p1", "202425", "Summer term", 50, 10),
        term("p2", "202324", "Summer term", 50, 25),
    ])  # fmt: skip
    found = intervention_absence(rows, pupils(3, time_period="202425"), periods)
    change = find(found, "intervention_absence_change", item="Story")
    assert (change["value"], *counts(change)[1:]) == (pytest.approx(-3), 2, 3)
    assert change["upper"] == pytest.approx(-3 + 12.7062047 * 3)  # t on one degree of freedom, standard error 3
    assert find(found, "intervention_absence_before", item="Story")["value"] == pytest.approx(15)
    assert find(found, "intervention_absence_since", item="Story")["value"] == pytest.approx(12)


def test_a_term_that_is_not_there_yet_is_not_on_record():
    dates = {"start_date": date(2025, 11, 3), "end_date": date(2026, 5, 3)}
    found = intervention_absence(took({}, **dates), pupils(1), pl.DataFrame([
        term("p0", "202425", "Summer term", 50, 5), term("p0", "202526", "Summer term", 50, 5)]))  # fmt: skip
    assert find(found, "intervention_absence_change", item="Story")["status"] == "x"


# ---- transfer


def test_gains_that_are_seen_in_class():
    """Three rose: in class one rose, one did not, one has no class test; the fourth did not rise at all."""
    rows = took(*({"entry_score": 80, "exit_score": score} for score in (85, 86, 87, 80)))
    classes = [*sat("p0", 10, 12, "Class"), *sat("p1", 12, 12, "Class"), *sat("p3", 1, 9, "Class"),
               *sat("p2", 80, 87), *sat("p2", 1, 9, "Class", "mathematics"),
               *sat("p2", 1, 9, "KS2")]  # fmt: skip
    found = intervention_transfer(rows, pupils(4), table("assessments", *classes))
    assert counts(find(found, "intervention_transfer", item="Story")) == (1, 2, 3)
    assert intervention_transfer(rows, pupils(4), table("assessments")).is_empty()


# ---- what holds for all


MADE = {
    "pupil_id": st.integers(0, 9).map("p{}".format), "intervention": st.sampled_from(["Story", "Numbers"]),
    "sessions_attended": st.none() | st.integers(0, 30), "sessions_planned": st.none() | st.integers(0, 30),
    "minutes_per_session": st.none() | st.integers(5, 60), "entry_score": st.none() | st.integers(60, 140),
    "exit_score": st.none() | st.integers(60, 140), "delivered_by": st.sampled_from([None, "teacher", "volunteer"]),
}  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(st.lists(st.fixed_dictionaries(MADE), max_size=25, unique_by=lambda row: (row["pupil_id"], row["intervention"])))
def test_order_of_rows_and_other_years_do_not_matter(rows):
    given_rows = took(*rows)
    other = took({}, {}, intervention="Story", time_period="202425")
    catalogue = table("intervention_catalogue", entry(cost_per_pupil=10, fixed_cost=100, mode="group"))

    def all_of(interventions):
        roll = pl.concat([pupils(10), pupils(10, time_period="202425")])
        parts = [intervention_dose(interventions, roll), intervention_costs(interventions, catalogue, roll),
                 support_hours(interventions, catalogue, roll), intervention_change(interventions, roll, retested()),
                 intervention_reach(roll, interventions)]  # fmt: skip
        return pl.concat(parts).filter(time_period="202526")

    made = all_of(given_rows)
    assert_frame_equal(made, all_of(given_rows.reverse()))
    assert_frame_equal(made, all_of(pl.concat([other, given_rows])))
    shares = made.filter(pl.col("measure") == "support_by_role", geographic_level=LA, sen_provision="Total")
    assert shares.is_empty() or shares["value"].is_null().all() or shares["value"].sum() == pytest.approx(100)


def test_pandas_in_pandas_out():
    rows = took({"sessions_attended": 20, "sessions_planned": 40}).select(
        "pupil_id", "school_id", "time_period", "intervention", "sessions_attended", "sessions_planned",
        pl.lit(30.0).alias("minutes_per_session"), pl.lit(4).alias("group_size"), pl.lit(True).alias("criteria_met"),
        pl.lit(80.0).alias("entry_score"), pl.lit(82.0).alias("exit_score"),
        pl.lit(date(2025, 9, 9)).alias("start_date"),
    )  # fmt: skip
    made = intervention_dose(rows.to_pandas(), pupils(1))
    attended = made[(made["measure"] == "intervention_attended") & (made["geographic_level"] == LA)]
    assert set(attended["value"]) == {50}


def test_every_measure_has_a_card_that_says_what_it_is_not():
    mine = {name: about for name, about in cards().items() if about.topic == "interventions"}
    for name, about in mine.items():
        assert (name in published_measures()) == (name == "intervention_gain")
        if name.startswith(("intervention_change", "intervention_absence_change", "intervention_cost_per_point")):
            assert "not evidence of impact" in about.source or "regression to the mean" in about.source


# ---- the sample


def test_the_planted_effects_show_beyond_chance():
    """TRUTH.md: Story Bridge adds 6; Reading Catch-up nothing, though its pupils gain about 4.2 without any help."""
    tables = sample.tables()
    made = make_facts(tables, la_code="999", la_name="Exampleshire (invented)")
    rows = intervention_change(tables["interventions"], made, tables["assessments"])
    for year in ("202324", "202425", "202526"):
        story = find(rows, "intervention_change_beyond_chance", item="Story Bridge", time_period=year)
        assert story["lower"] > 0
        raw = find(rows, "intervention_change", item="Reading Catch-up", time_period=year)
        beyond = find(rows, "intervention_change_beyond_chance", item="Reading Catch-up", time_period=year)
        assert raw["lower"] > 0
        assert beyond["lower"] < 0 < beyond["upper"]  # regression to the mean is not read as impact (T-14)
    gains = intervention_gain(made, tables["interventions"])
    costs = intervention_costs(tables["interventions"], tables["intervention_catalogue"], made)
    points = intervention_cost_per_point(costs, gains)
    assert find(points, "intervention_cost_per_point", item="Story Bridge", time_period="202425")["value"] > 0
    catch_up = find(points, "intervention_cost_per_point", item="Reading Catch-up", time_period="202425")
    assert (catch_up["value"], catch_up["note"]) == (None, NOT_SHOWN)
