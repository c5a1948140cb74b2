"""The gate from measure rows to published figures: attacked, and looked at rule by rule."""

import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab.disclosure import Published, hidden_summary, publish
from sendlab.disclosure.audit.editions import Edition
from sendlab.disclosure.audit.pack import audit
from sendlab.disclosure.log import no_releases, with_release
from sendlab.disclosure.published import PUBLISHED_COLUMNS, WITHHELD_NOTE, _published
from sendlab.errors import GateError, SendlabError
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, SEN_PROVISION, TOTAL
from sendlab.schema.measures import MEASURE_KEY, as_measures

LA = "E09000007"
W1 = [[20, 3, 12, 0], [9, 15, 2, 7], [31, 8, 14, 6], [11, 6, 10, 17]]
W2 = [[1, 1, 18, 9], [14, 22, 7, 12], [16, 10, 25, 8]]
NUMBERS = (
    "numerator",
    "denominator",
    "base_subjects",
    "eligible_subjects",
    "value",
    "lower",
    "upper",
    "comparator_value",
)


def row(measure, place, group, base, people, *, numerator=None, denominator=None, value=None, **more):
    """One measure row; a share unless a numerator, denominator or value says otherwise."""
    if numerator is None:
        numerator = value * base if people is None and value is not None and base else people  # of a mean: its sum
    denominator = base if denominator is None else denominator
    value = 100 * numerator / denominator if value is None and denominator and numerator is not None else value
    return {
        "measure": measure, "time_period": "202425", "time_identifier": "Academic year",
        "geographic_level": {LA: "Local authority", "E92000001": "National"}.get(place, "School"),
        "place_code": place, "place_name": place, "sen_provision": group[0], "need_area": group[1],
        "numerator": numerator, "denominator": denominator, "base_subjects": base, "with_subjects": people,
        "value": value, "lower": value and value - 1.2, "upper": value and value + 1.2,
        "eligible_subjects": base, "data_to": datetime.date(2025, 7, 1), "method": "wilson",
    } | more  # fmt: skip


def by_provision(measure, bases, people=None, **more):
    """Rows of the table by SEN provision from schools x provisions; groups of nobody have no row."""
    bases = np.asarray(bases)
    with_people = people is not None
    people = np.asarray(people) if with_people else np.zeros_like(bases)
    rows = []
    for school in [*range(len(bases)), None]:
        b, w = (bases.sum(axis=0), people.sum(axis=0)) if school is None else (bases[school], people[school])
        place = LA if school is None else str(100001 + school)
        for name, n, x in zip([TOTAL, *SEN_PROVISION], [b.sum(), *b], [w.sum(), *w], strict=True):
            if n > 0:
                rows.append(row(measure, place, (name, TOTAL), int(n), int(x) if with_people else None, **more))
    return rows


def measures(*groups):
    return as_measures(pl.DataFrame([each for group in groups for each in group], infer_schema_length=None))


def released(frame, **settings_):
    return publish(frame, run_id="test", **settings_)


def given_away(published, truth, readers=None):
    """What an outsider, and every school unless readers are named, can work out of the published figures."""
    return audit([Edition(published.rows, published.audience, published.threshold)], truth, readers=readers).findings


def exactly_known(published, truth):
    """(place, what, count) of what an outsider works out to the last pupil."""
    found = given_away(published, truth, "outsider")
    return {(each.place_code, each.what, each.least) for each in found if each.least == each.most}


def one(published, place, group, measure=None, comparator=""):
    found = published.rows.filter(
        (pl.col("place_code") == place) & (pl.col("sen_provision") == group[0]) & (pl.col("need_area") == group[1]),
        pl.col("comparator") == comparator,
    )
    found = found if measure is None else found.filter(pl.col("measure") == measure)
    assert found.height == 1
    return found.row(0, named=True)


def nothing_in(found, names=NUMBERS):
    return all(found[name] is None for name in names)


# Tables -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inner", [W1, W2])
def test_primary_hiding_alone_is_recovered_and_the_whole_gate_is_not(inner):
    truth = measures(by_provision("ks2_reading_progress", inner, value=0.5))
    primary = pl.col("base_subjects") < 5
    hidden = [pl.when(~primary).then(pl.col(name)).alias(name) for name in NUMBERS]
    only = truth.with_columns(*hidden, status=pl.when(primary).then(pl.lit("c")).otherwise(pl.lit("")))
    leaky = _published(only.select(PUBLISHED_COLUMNS), audience="board", threshold=5, run_id="test")
    found = exactly_known(leaky, truth)
    small = truth.filter(primary, geographic_level="School")
    assert small.height == 2
    assert {(place, count) for place, what, count in found if what == "base"} == set(
        small.select("place_code", pl.col("base_subjects").cast(pl.Float64)).iter_rows()
    )
    assert {what for _, what, _ in found} == {"base", "mean"}  # and with the base what its mean adds up to
    assert given_away(released(truth), truth) == ()


def test_a_group_that_nobody_was_in_when_counted_is_not_told_by_another_measure():
    """One pupil excluded who was on no January roll: their group's base of 0 is hidden, so it is hidden everywhere."""
    bases = [[11, 27, 195, 0], [0, 31, 180, 0], [14, 22, 160, 0], [17, 30, 150, 0]]
    excluded = [[0, 2, 0, 0], [1, 2, 3, 0], [0, 0, 1, 0], [0, 6, 0, 0]]
    suspended = [[2, 6, 7, 0], [0, 5, 9, 0], [1, 7, 8, 0], [6, 8, 12, 0]]
    truth = measures(
        by_provision("permanent_exclusion_rate", bases, excluded),
        by_provision("suspension_rate", bases, suspended),
        [row("permanent_exclusion_rate", "100002", ("EHC plan", TOTAL), 0, 1, value=None, denominator=0)],
        [row("suspension_rate", "100002", ("EHC plan", TOTAL), 0, 0, value=None, denominator=0)],
    )
    published = released(truth)
    here = [one(published, "100002", ("EHC plan", TOTAL), name)
            for name in ("permanent_exclusion_rate", "suspension_rate")]  # fmt: skip
    assert [(found["status"], found["base_subjects"], found["numerator"]) for found in here] == [("c", None, None)] * 2
    assert given_away(published, truth) == ()
    alone = released(truth.filter(measure="suspension_rate"))  # where no measure has anybody there, it is no secret
    assert one(alone, "100002", ("EHC plan", TOTAL))["base_subjects"] == 0


def test_one_hidden_part_beside_a_shown_total_gets_company():
    # Permanent exclusions in Camden, 2016/17: total 30, No SEN 18, SEN support 11, EHC plan hidden, hence 1.
    truth = measures(by_provision("permanent_exclusion_rate", [[900, 3000, 20000, 0]], [[1, 11, 18, 0]]))
    published = released(truth)
    shown = {name: one(published, LA, (name, TOTAL))["numerator"] for name in (TOTAL, *SEN_PROVISION[:3])}
    assert shown["EHC plan"] is None
    assert sum(count is None for count in shown.values()) >= 2
    assert one(published, LA, ("EHC plan", TOTAL))["base_subjects"] == 900
    assert given_away(published, truth) == ()


def test_the_two_tables_are_joined_by_their_pupils_with_sen():
    # EHC plan and No SEN would protect each other in the first table; the second shows all pupils with SEN.
    rows = by_provision("ks2_reading_progress", [[3, 40, 200, 8]], value=0.5)
    rows += [row("ks2_reading_progress", place, (ALL_SEN, area), n, None, value=0.5) for place in ("100001", LA)
             for area, n in ((TOTAL, 43), (NEED_AREAS[0], 20), (NEED_AREAS[1], 23))]  # fmt: skip
    truth = measures(rows)
    published = released(truth)
    assert nothing_in(one(published, "100001", ("EHC plan", TOTAL)))
    both = [one(published, "100001", group)["base_subjects"] for group in (("SEN support", TOTAL), (ALL_SEN, TOTAL))]
    assert None in both
    assert given_away(published, truth) == ()


@st.composite
def small_tables(draw):
    schools = draw(st.integers(1, 4))
    count = st.one_of(st.integers(0, 12), st.integers(0, 60))
    bases = draw(st.lists(st.lists(count, min_size=4, max_size=4), min_size=schools, max_size=schools))
    people = [[draw(st.integers(0, n)) for n in line] for line in bases]
    return bases, people


def linked_rows(bases, people):
    """Shares that are good when low and when high on one base, events, a mean, and both tables."""
    bases, people = np.array(bases), np.array(people)
    rows = by_provision("suspended_once_or_more", bases, people)
    rows += [dict(each, measure="suspension_rate", numerator=each["with_subjects"] * 3) for each in rows]
    rows += [dict(each, measure="persistent_absence") for each in rows if each["measure"] == "suspended_once_or_more"]
    rows += [dict(each, measure="attendance_98") for each in rows if each["measure"] == "persistent_absence"]
    both = (bases[:, 0] + bases[:, 1], people[:, 0] + people[:, 1])
    first = bases[:, 0], people[:, 0]  # plans all in one area of need, support in another
    for place in [*range(len(bases)), None]:
        pick = (lambda counts: int(counts.sum())) if place is None else (lambda counts, at=place: int(counts[at]))
        code = LA if place is None else str(100001 + place)
        parts = ((TOTAL, both), (NEED_AREAS[0], first), (NEED_AREAS[3], (both[0] - first[0], both[1] - first[1])))
        for area, (n, x) in parts:
            if pick(n) > 0:
                rows.append(row("persistent_absence", code, (ALL_SEN, area), pick(n), pick(x)))
    rows = [each for each in rows if each["base_subjects"] > 0]
    empty = dict.fromkeys((*NUMBERS, "with_subjects")) | {"status": "x", "place_code": "100009"}
    first_school = [each for each in rows if each["place_code"] == "100001"]
    return rows + [each | empty for each in first_school]  # a school where nobody was counted


@settings(max_examples=10, deadline=None)  # on many more: the soak's "protection of linked bases"
@given(small_tables())
def test_no_table_gives_a_small_count_away(table):
    truth = linked_rows(*table)
    if not truth:
        return
    frame = measures(truth)
    published = released(frame)
    assert given_away(published, frame) == ()
    exact = frame.select(*MEASURE_KEY, people="with_subjects", n="base_subjects", exact="numerator")
    both = published.rows.join(exact, on=list(MEASURE_KEY))
    assert both.height == frame.height
    seen = both.filter(pl.col("numerator").is_not_null())
    assert (seen["numerator"] == seen["exact"]).all()  # what is shown is true, so totals still add up
    assert seen.filter(pl.col("people").is_between(1, 4) | (pl.col("n") - pl.col("people")).is_between(1, 4)).is_empty()
    assert both.filter(pl.col("n").is_between(1, 4), pl.col("base_subjects").is_not_null()).is_empty()


@settings(max_examples=4, deadline=None)
@given(small_tables(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(table, random):
    rows = linked_rows(*table)
    if not rows:
        return
    first = released(measures(rows)).rows
    random.shuffle(rows)
    assert first.equals(released(measures(rows)).rows)


# Counts and polarity -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "hidden"), [(0, False), (4, True), (5, False), (95, False), (96, True), (100, False)]
)
def test_threshold_for_people_and_for_their_complement(people, hidden):
    published = released(measures([row("persistent_absence", LA, (TOTAL, TOTAL), 100, people)]))
    found = one(published, LA, (TOTAL, TOTAL))
    assert (found["status"] == "c") is hidden
    assert nothing_in(found, ("numerator", "value", "lower", "upper")) is hidden
    assert found["base_subjects"] == found["denominator"] == 100


@pytest.mark.parametrize(("base", "hidden"), [(4, True), (5, False)])
def test_threshold_for_bases(base, hidden):
    published = released(measures([row("persistent_absence", LA, (TOTAL, TOTAL), base, 0)]))
    assert nothing_in(one(published, LA, (TOTAL, TOTAL))) is hidden


@pytest.mark.parametrize(
    ("measure", "base", "people", "hidden"),
    [
        ("suspended_once_or_more", 12, 0, False),  # nobody suspended: good news
        ("suspended_once_or_more", 12, 12, True),  # all were
        ("suspended_once_or_more", 20, 20, False),
        ("ks2_rwm_expected", 19, 0, True),  # nobody reached the standard
        ("ks2_rwm_expected", 20, 0, False),
        ("ks2_rwm_expected", 12, 12, False),
    ],
)
def test_zeros_and_full_groups_follow_polarity(measure, base, people, hidden):
    published = released(measures([row(measure, LA, (TOTAL, TOTAL), base, people)]))
    assert (one(published, LA, (TOTAL, TOTAL))["status"] == "c") is hidden


@pytest.mark.parametrize(("measure", "bad", "good"), [("ks2_rwm_expected", 0, 40), ("persistent_absence", 40, 0)])
def test_bad_news_about_a_large_group_may_be_cover_and_good_news_never_is(measure, bad, good):
    # The first school's count needs company; that of the second is cheapest to hide, where it may be hidden at all. The
    # third is hidden too: each of the others knows its own count, and would have the first school's by subtraction.
    bases = [[40, 0, 0, 0], [40, 0, 0, 0], [900, 0, 0, 0]]
    hidden = {}
    for edge in (bad, good):
        truth = measures(by_provision(measure, bases, [[4, 0, 0, 0], [edge, 0, 0, 0], [400, 0, 0, 0]]))
        published = released(truth)
        hidden[edge] = one(published, "100002", ("EHC plan", TOTAL))["status"] == "c"
        assert given_away(published, truth) == ()
    assert hidden == {bad: True, good: False}


def test_a_group_of_nobody_stands_as_it_came_and_is_no_cover():
    rows = by_provision("attendance_98", [[20, 3, 40, 0], [30, 25, 60, 0], [22, 9, 50, 0]])
    counts = dict.fromkeys(("value", "lower", "upper", "eligible_subjects")) | {"method": ""}
    rows += [row("attendance_98", place, ("Not recorded", TOTAL), 0, 0, status="z", note="no pupils here") | counts
             for place in ("100001", "100002", "100003", LA)]  # fmt: skip
    truth = measures(rows)
    published = released(truth)
    nobody = truth.filter(pl.col("base_subjects") == 0).select(PUBLISHED_COLUMNS)
    assert published.where(sen_provision="Not recorded").rows.equals(nobody.sort(MEASURE_KEY))
    assert given_away(published, truth) == ()


def two_schools_of_good_news():
    """Good attendance that can be protected, and absence that cannot: the LA's zero does not fit its school's count.

    It is good news, so it stands wherever its base does, and leaves the count no room.
    """
    fits, broken = (by_provision(name, [[100, 0, 0, 0], [90, 0, 0, 0]], [[30, 0, 0, 0], [40, 0, 0, 0]])
                    for name in ("attendance_98", "persistent_absence"))  # fmt: skip
    for each in broken:
        each["with_subjects"] = each["numerator"] = 2 if each["place_code"] == "100001" else 0
    return fits, broken


def test_a_base_is_hidden_where_nothing_else_protects_a_numerator():
    truth = measures(*two_schools_of_good_news())
    published = released(truth)
    for measure in ("attendance_98", "persistent_absence"):
        assert nothing_in(one(published, "100001", ("EHC plan", TOTAL), measure))
    assert WITHHELD_NOTE not in set(published.rows["note"])
    assert given_away(published, truth) == ()


def test_a_measure_that_nothing_can_protect_is_withheld_and_says_so():
    # The bases went out before, so they cannot be hidden now.
    fits, broken = two_schools_of_good_news()
    truth = measures(fits, broken)
    published = released(truth, log=with_release(no_releases(), released(measures(fits)), "2025-09-01"))
    withheld = published.where(measure="persistent_absence").rows
    assert set(withheld["status"]) == {"c"}
    assert set(withheld["note"]) == {WITHHELD_NOTE}
    assert withheld["numerator"].is_null().all()
    assert published.where(measure="attendance_98").rows["numerator"].null_count() == 0
    assert WITHHELD_NOTE not in set(published.where(measure="attendance_98").rows["note"])
    assert given_away(published, truth) == ()


def test_events_are_judged_by_the_pupils_behind_them():
    rows = [row("suspension_rate", LA, (TOTAL, TOTAL), 300, 1, numerator=12)]
    assert nothing_in(one(released(measures(rows)), LA, (TOTAL, TOTAL)), ("numerator", "value", "lower", "upper"))


@pytest.mark.parametrize(
    ("people", "top_share", "hidden"),
    [(0, None, False), (4, 0.3, True), (5, 0.5, False), (5, 0.51, True), (30, 0.2, False)],
)
def test_sums_need_enough_people_and_no_one_who_makes_up_most(people, top_share, hidden):
    rows = [
        row("absence", LA, (TOTAL, TOTAL), 30, people, numerator=people * 10, denominator=9000, top_share=top_share)
    ]
    found = one(released(measures(rows)), LA, (TOTAL, TOTAL))
    assert (found["numerator"] is None) is hidden
    assert found["denominator"] == 9000


@pytest.mark.parametrize(
    ("base", "people", "freedom", "hidden"),
    [(5, 5, 10, False), (5, 5, 9, True), (4, 20, 10, True), (12, 4, 10, True), (12, 1, 10, True)],
)
def test_effects_need_treated_and_untreated_pupils_and_residual_degrees_of_freedom(base, people, freedom, hidden):
    rows = [row("intervention_gain", LA, (TOTAL, TOTAL), base, people, denominator=freedom, value=1.26,
                item="Paired reading")]  # fmt: skip
    found = one(released(measures(rows)), LA, (TOTAL, TOTAL))
    assert nothing_in(found) is hidden
    assert found["value"] == (None if hidden else 1.3)


def test_means_keep_their_number_of_pupils_and_lose_their_sum():
    rows = [row("ks2_reading_progress", LA, (TOTAL, TOTAL), 12, None, numerator=15.06, value=1.255)]
    found = one(released(measures(rows)), LA, (TOTAL, TOTAL))
    assert (found["numerator"], found["denominator"], found["value"]) == (None, 12, 1.3)


def writing_gaps(values):
    """Means of a bounded value at three schools of 12, 30 and 40 pupils and the LA, and a share on the same base."""
    bases = dict(zip(("100001", "100002", "100003", LA), (12, 30, 40, 82), strict=True))
    means = zip(bases, (*values, -31.7), strict=True)
    rows = [row("ks2_writing_gap", place, (TOTAL, TOTAL), bases[place], None, value=mean) for place, mean in means]
    return [*rows, *(row("ks2_rwm_expected", place, (TOTAL, TOTAL), n, n // 2) for place, n in bases.items())]


@pytest.mark.parametrize(("mean", "hidden"), [(-100.0, True), (100.0, True), (-95.8, False)])
def test_a_mean_at_its_edge_tells_of_a_small_group_and_is_hidden_with_its_base(mean, hidden):
    truth = measures(writing_gaps((mean, -22.5, -18.3)))
    published = released(truth)
    for measure in ("ks2_writing_gap", "ks2_rwm_expected"):
        assert nothing_in(one(published, "100001", (TOTAL, TOTAL), measure)) is hidden
    assert given_away(published, truth) == ()


def test_a_mean_at_its_edge_is_shown_for_a_large_group():
    published = released(measures(writing_gaps((-50.0, -100.0, -18.3))))
    assert one(published, "100002", (TOTAL, TOTAL), "ks2_writing_gap")["value"] == -100


def test_the_attack_finds_a_mean_at_its_edge_and_a_base_that_tells_why_it_was_hidden():
    truth = measures(writing_gaps((-100.0, -22.5, -18.3)))
    gone = (pl.col("place_code") == "100001") & (pl.col("measure") == "ks2_writing_gap")
    hidden = [pl.when(~gone).then(pl.col(name)).alias(name) for name in NUMBERS]
    alone = truth.with_columns(*hidden, status=pl.when(gone).then(pl.lit("c")).otherwise(pl.lit("")))
    for rows in (truth, alone):
        leaky = _published(rows.select(PUBLISHED_COLUMNS), audience="board", threshold=5, run_id="test")
        found = given_away(leaky, truth, "outsider")
        assert [(finding.place_code, finding.group) for finding in found] == [("100001", TOTAL)]


def test_a_gap_to_a_small_rest_at_its_edge_is_hidden():
    own = row("ks2_writing_gap", "100001", (TOTAL, TOTAL), 40, None, value=-20.0)
    la = row("ks2_writing_gap", LA, (TOTAL, TOTAL), 52, None, value=(40 * -20.0 + 12 * -100.0) / 52)
    compared = gap(own, "LA without this school", 80.0, -100.0)
    found = one(released(measures([own, la, compared])), "100001", (TOTAL, TOTAL), comparator="LA without this school")
    assert nothing_in(found)
    assert found["status"] == "c"


# Places without anybody counted ---------------------------------------------------------------------------------------


def with_a_place_of_nobody(measure, status="x", eligible=None):
    """Schools of 30, 27 and 3 pupils that make up the LA's 60, and one where nobody was counted."""
    people = {"100001": (30, 12), "100002": (27, 11), "100003": (3, 1), LA: (60, 24)}
    mean = measure == "ks2_reading_progress"
    rows = [row(measure, place, (TOTAL, TOTAL), n, None if mean else x, value=1.0 if mean else None)
            for place, (n, x) in people.items()]  # fmt: skip
    empty = dict.fromkeys((*NUMBERS, "with_subjects")) | {"status": status, "note": "nobody here", "method": ""}
    return [*rows, rows[0] | empty | {"place_code": "100004", "place_name": "100004", "eligible_subjects": eligible}]


def hiding(truth, places, names=NUMBERS):
    """The truth with nothing hidden but these places, stamped as if it had been published."""
    gone = pl.col("place_code").is_in(places)
    rows = truth.with_columns(
        *(pl.when(~gone).then(pl.col(name)).alias(name) for name in names),
        status=pl.when(gone).then(pl.lit("c")).otherwise(pl.col("status")),
    )
    return _published(rows.select(PUBLISHED_COLUMNS), audience="board", threshold=5, run_id="test")


@pytest.mark.parametrize("status", ["x", "z"])
@pytest.mark.parametrize("measure", ["ks2_reading_progress", "persistent_absence"])
def test_a_place_of_nobody_does_not_hide_a_sum(measure, status):
    truth = measures(with_a_place_of_nobody(measure, status))
    known = exactly_known(hiding(truth, ["100003"]), truth)
    assert ("100003", "base", 3) in known
    published = released(truth)
    assert given_away(published, truth) == ()
    assert published.rows.filter(status="c").height == 3  # and two more: a school knows its own
    came = truth.filter(place_code="100004").select(PUBLISHED_COLUMNS)
    assert published.where(place_code="100004").rows.equals(came)


def test_a_place_of_nobody_does_not_hide_a_sum_of_numerators():
    rows = with_a_place_of_nobody("persistent_absence")
    for each, n in zip(rows[:4], (30, 27, 40, 97), strict=True):
        each["base_subjects"] = each["denominator"] = each["eligible_subjects"] = n
    truth = measures(rows)
    family = ("numerator", "value", "lower", "upper")
    assert ("100003", "people", 1) in exactly_known(hiding(truth, ["100003"], family), truth)
    published = released(truth)
    assert given_away(published, truth) == ()
    assert published.rows.filter(status="c").height == 3  # and two more: a school knows its own


def test_an_unknown_place_still_ends_a_sum_and_a_place_of_nobody_without_others_makes_none():
    truth = measures(with_a_place_of_nobody("ks2_reading_progress", status=""))
    assert released(truth).rows.filter(status="c").height == 1
    rows = with_a_place_of_nobody("ks2_reading_progress")
    alone = measures([rows[2] | {"place_code": LA, "geographic_level": "Local authority"}, rows[4]])
    published = released(alone)
    assert published.where(place_code=LA).rows["status"].to_list() == ["c"]
    assert given_away(published, alone) == ()


def test_pupils_left_out_of_a_place_where_nobody_was_counted_are_protected():
    rows = with_a_place_of_nobody("persistent_absence", eligible=3)
    for each, n in zip(rows[:4], (30, 27, 40, 97), strict=True):
        each["base_subjects"] = each["denominator"] = n
        each["numerator"] = each["with_subjects"] = n // 2
    left_out = (10, 0, 8, 21)
    for each, more in zip(rows[:4], left_out, strict=True):
        each["eligible_subjects"] = each["base_subjects"] + more
    truth = measures(rows)
    gone = pl.col("place_code") == "100004"
    leaky = truth.with_columns(eligible_subjects=pl.when(~gone).then(pl.col("eligible_subjects")))
    leaky = _published(leaky.select(PUBLISHED_COLUMNS), audience="board", threshold=5, run_id="test")
    assert exactly_known(leaky, truth) == {("100004", "left out", 3)}
    published = released(truth)
    assert nothing_in(one(published, "100004", (TOTAL, TOTAL)))
    assert published.rows["eligible_subjects"].is_null().sum() == 3  # and two more: a school knows its own
    assert given_away(published, truth) == ()


def test_changing_the_rows_one_was_given_does_not_change_what_was_published():
    published = released(measures([row("persistent_absence", LA, (TOTAL, TOTAL), 400, 50)]))
    given_rows = published.rows
    given_rows[0, "value"] = 999.0
    other = published.to_pandas()
    other.loc[0, "value"] = 999.0
    assert given_rows["value"].to_list() == other["value"].to_list() == [999.0]
    assert published.rows["value"].to_list() == [12.5]


# Families hidden together --------------------------------------------------------------------------------------------


def test_a_hidden_base_is_hidden_in_every_measure_that_shares_it():
    bases = [[20, 30, 200, 7], [3, 25, 150, 0], [18, 40, 300, 9]]
    people = [[9, 10, 20, 0], [1, 9, 10, 0], [8, 11, 30, 0]]
    shared = ("persistent_absence", "attendance_98")
    truth = measures(*(by_provision(name, bases, people) for name in shared))
    published = released(truth)
    patterns = [
        published.where(measure=name).rows.select("place_code", "sen_provision", pl.col("base_subjects").is_null())
        for name in shared
    ]
    assert patterns[0].equals(patterns[1])
    assert patterns[0]["base_subjects"].sum() >= 4
    lost = published.rows.filter(pl.col("base_subjects").is_null())
    assert all(
        nothing_in(found) and found["status"] == "c" and found["note"] == "" for found in lost.iter_rows(named=True)
    )
    assert given_away(published, truth) == ()


def test_events_and_the_pupils_behind_them_are_hidden_in_the_same_cells():
    bases = [[60, 70, 500, 0], [40, 90, 400, 0], [55, 80, 450, 0]]
    pupils = by_provision("suspended_once_or_more", bases, [[2, 9, 12, 0], [6, 8, 11, 0], [7, 7, 9, 0]])
    events = [dict(each, measure="suspension_rate", numerator=each["with_subjects"] * 4 - 1) for each in pupils]
    truth = measures(pupils, events)
    published = released(truth)
    patterns = [
        published.where(measure=name).rows.select("place_code", "sen_provision", "status")
        for name in ("suspended_once_or_more", "suspension_rate")
    ]
    assert patterns[0].equals(patterns[1])
    assert given_away(published, truth) == ()


def test_a_hidden_row_does_not_date_its_last_event():
    late = datetime.date(2025, 7, 20)
    early = datetime.date(2025, 3, 4)
    rows = [
        row("suspension_rate", LA, (TOTAL, TOTAL), 300, 40, numerator=90, data_to=late),
        row("suspension_rate", "100001", (TOTAL, TOTAL), 300, 1, numerator=1, data_to=early),
    ]
    assert one(released(measures(rows)), "100001", (TOTAL, TOTAL))["data_to"] == late


@pytest.mark.parametrize(("eligible", "shown"), [(100, 100), (104, None), (105, 105)])
def test_coverage_is_shown_where_it_tells_of_nobody_or_of_enough(eligible, shown):
    rows = [row("persistent_absence", LA, (TOTAL, TOTAL), 100, 30, eligible_subjects=eligible)]
    assert one(released(measures(rows)), LA, (TOTAL, TOTAL))["eligible_subjects"] == shown


def test_coverage_cannot_be_had_by_subtraction():
    rows = by_provision("persistent_absence", [[50, 60, 200, 0], [40, 70, 300, 0]], [[10, 12, 40, 0], [9, 15, 60, 0]])
    left_out = {"EHC plan": (2, 9), "SEN support": (7, 8), "No SEN": (20, 30), TOTAL: (29, 47)}
    for each in rows:
        first, second = left_out[each["sen_provision"]]
        extra = {"100001": first, "100002": second, LA: first + second}[each["place_code"]]
        each["eligible_subjects"] += extra
    truth = measures(rows)
    published = released(truth)
    assert published.rows["eligible_subjects"].is_null().sum() >= 4
    assert published.rows["base_subjects"].is_null().sum() == 0
    assert given_away(published, truth) == ()


def gap(figure, comparator, value, other):
    return dict(figure, comparator=comparator, value=value, comparator_value=other, comparator_period="202425")


def gap_rows(people):
    """Two schools with EHC plans and No SEN, and the gaps of the first; `people` absent there with a plan."""
    rows = by_provision("persistent_absence", [[40, 0, 300, 0], [60, 0, 400, 0]], [[people, 0, 50, 0], [20, 0, 90, 0]])
    own = next(each for each in rows if each["place_code"] == "100001" and each["sen_provision"] == "EHC plan")
    gaps = [gap(own, "No SEN", 8.34, 16.67), gap(own, "LA without this school", -8.34, 33.33),
            gap(own, "Same group nationally", -3.26, 28.26)]  # fmt: skip
    return [*rows, *gaps]


def test_gaps_are_rounded_to_their_coarser_side():
    published = released(measures(gap_rows(10)))
    shown = {name: one(published, "100001", ("EHC plan", TOTAL), comparator=name)
             for name in ("No SEN", "LA without this school", "Same group nationally")}  # fmt: skip
    assert [found["value"] for found in shown.values()] == [8, -8, -3]
    assert [found["comparator_value"] for found in shown.values()] == [16.7, 33, 28.26]
    assert shown["No SEN"]["base_subjects"] == 40


def test_gaps_are_hidden_with_their_own_figure():
    truth = measures(gap_rows(3))
    published = released(truth)
    for name in ("No SEN", "LA without this school", "Same group nationally"):
        found = one(published, "100001", ("EHC plan", TOTAL), comparator=name)
        assert nothing_in(found)
        assert found["status"] == "c"
    assert given_away(published, truth) == ()


@pytest.mark.parametrize(("people", "seen"), [(10, True), (3, False)])
def test_gaps_of_schools_of_any_phase_are_matched_with_the_la(people, seen):
    rows = [each | {"education_phase": "Total" if each["place_code"] == LA else "Primary"} for each in gap_rows(people)]
    truth = measures(rows)
    published = released(truth)
    found = one(published, "100001", ("EHC plan", TOTAL), comparator="LA without this school")
    assert (found["value"] is not None) is seen
    assert given_away(published, truth) == ()


def test_a_gap_is_hidden_with_its_other_side():
    rows = gap_rows(10)
    for each in rows:  # three pupils with No SEN absent at the first school: that side is hidden, the plan's is not
        if each["sen_provision"] in ("No SEN", TOTAL) and each["place_code"] in ("100001", LA):
            each["with_subjects"] -= 47
            each["numerator"] -= 47
    published = released(measures(rows))
    own = one(published, "100001", ("EHC plan", TOTAL))
    found = one(published, "100001", ("EHC plan", TOTAL), comparator="No SEN")
    assert nothing_in(found)
    assert found["status"] == "c"
    assert one(published, "100001", ("EHC plan", TOTAL), comparator="Same group nationally")["status"] == own["status"]


def test_a_gap_to_the_rest_is_hidden_where_the_rest_is_small():
    own = row("ks2_reading_progress", "100001", (TOTAL, TOTAL), 40, None, value=1.0)
    rest = row("ks2_reading_progress", "100002", (TOTAL, TOTAL), 3, None, value=0.5)
    la = row("ks2_reading_progress", LA, (TOTAL, TOTAL), 43, None, value=41.5 / 43)
    published = released(measures([own, rest, la, gap(own, "LA without this school", 0.5, 0.5)]))
    found = one(published, "100001", (TOTAL, TOTAL), comparator="LA without this school")
    assert nothing_in(found)


def test_the_attack_sees_a_gap_left_beside_a_hidden_figure():
    truth = measures(gap_rows(3))
    safe = released(truth)
    value = pl.when(pl.col("comparator") == "No SEN").then(pl.lit(9.0)).otherwise(pl.col("value"))
    torn = _published(safe.rows.with_columns(value=value), audience="board", threshold=5, run_id="test")
    found = [finding.what for finding in given_away(torn, truth, "outsider")]
    assert found == ["part of a hidden family in sight (No SEN)"]


# Rounding and what passes through ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "people", "value"), [(99, 12, 12.0), (400, 49, 12.3), (9, 0, None)])
def test_percentages_are_as_fine_as_their_base_allows(base, people, value):
    found = one(released(measures([row("persistent_absence", LA, (TOTAL, TOTAL), base, people)])), LA, (TOTAL, TOTAL))
    assert (found["value"], found["numerator"]) == (value, people)
    few = base < 10
    assert found["status"] == ("u" if few else "")
    assert found["note"] == ("fewer than 10 pupils: counts only" if few else "")


def test_benchmarks_and_ratings_pass():
    national = row("persistent_absence", "E92000001", ("EHC plan", TOTAL), None, None, value=34.567, method="published")
    rating = row(
        "sef_now", "100001", (TOTAL, TOTAL), None, None, numerator=31, denominator=4, value=7.75, item="Section 1"
    )
    published = released(measures([national, rating]))
    assert one(published, "E92000001", ("EHC plan", TOTAL))["value"] == 34.567
    assert one(published, "100001", (TOTAL, TOTAL))["value"] == 7.8


def test_a_figure_that_is_not_there_keeps_its_reason():
    rows = [row("absence", LA, (TOTAL, TOTAL), None, None, status="x", note="no return", value=None)]
    found = one(released(measures(rows)), LA, (TOTAL, TOTAL))
    assert (found["status"], found["note"], found["value"]) == ("x", "no return", None)


def test_the_summary_counts_what_is_shown():
    summary = hidden_summary(
        released(measures(by_provision("persistent_absence", [[50, 60, 200, 0]], [[2, 12, 50, 0]])))
    )
    assert summary.select("cells", "shown", "counts_only", "hidden", "percent_visible").row(0) == (8, 4, 0, 4, 50.0)


# What the gate refuses -----------------------------------------------------------------------------------------------


def test_published_figures_are_not_made_by_hand():
    with pytest.raises(GateError, match="not by hand"):
        Published(pl.DataFrame(), audience="board", threshold=5, run_id="x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"geographic_level": "Regional"}, "geographic_level that no rule covers"),
        ({"comparator": "Last year"}, "comparator that no rule covers"),
        ({"need_area": NEED_AREAS[0]}, "outside the declared tables"),
        ({"base_subjects": None}, "without base_subjects"),
        ({"with_subjects": None}, "without with_subjects"),
        ({"measure": "absence", "top_share": None}, "without top_share"),
        ({"measure": "intervention_gain", "denominator": None}, "degrees of freedom"),
        ({"measure": "persistent_absense"}, "did you mean persistent_absence"),
    ],
)
def test_rows_that_cannot_be_judged_are_refused(change, words):
    with pytest.raises(SendlabError, match=words):
        released(measures([row("persistent_absence", "100001", ("EHC plan", TOTAL), 40, 20) | change]))


def test_refusals_name_the_cell_and_never_a_count():
    with pytest.raises(GateError) as refusal:
        released(measures([row("persistent_absence", "100001", ("EHC plan", TOTAL), None, 37)]))
    assert "100001" in str(refusal.value)
    assert "37" not in str(refusal.value)


def test_figures_of_two_las_or_twice_the_same_are_refused():
    once = row("persistent_absence", LA, (TOTAL, TOTAL), 400, 50)
    with pytest.raises(GateError, match="2 LAs"):
        released(measures([once, dict(once, place_code="E09000008")]))
    with pytest.raises(GateError, match="more than one row"):
        released(measures([once, once]))


def test_a_place_in_two_phases_is_refused():
    once = row("persistent_absence", "100001", (TOTAL, TOTAL), 400, 50, education_phase="Primary")
    with pytest.raises(GateError, match="more than one phase"):
        released(measures([once, dict(once, education_phase="Secondary")]))


def test_measures_that_do_not_share_the_base_they_declare_are_refused():
    rows = [row("persistent_absence", LA, (TOTAL, TOTAL), 400, 50), row("attendance_98", LA, (TOTAL, TOTAL), 399, 50)]
    with pytest.raises(GateError, match="share the base 'attendance'"):
        released(measures(rows))


@pytest.mark.parametrize(
    ("wrong", "words"), [({"audience": "school"}, "cannot be published for"), ({"threshold": 1}, "protects nobody")]
)
def test_settings_that_protect_nobody_are_refused(wrong, words):
    with pytest.raises(GateError, match=words):
        released(measures([row("persistent_absence", LA, (TOTAL, TOTAL), 400, 50)]), **wrong)
