"""Attendance beyond the headline, on pupils counted by hand: parts, 98 %, sessions left, codes, who crossed 10 %."""

import polars as pl
import pytest
from hand_made import OAK, TERMS, facts
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab import metrics
from sendlab.schema.groups import SEND

WHOLE, AUTUMN = TERMS, TERMS[:1]


def attended(*rows, codes=None, terms=WHOLE, **common):
    """Facts of pupils (possible, authorised, unauthorised), or dicts with these and more.

    `codes`: {code: sessions of each pupil}; None is not known.
    """
    given = [dict(zip(("possible", "authorised", "unauthorised"), r, strict=True)) if isinstance(r, tuple) else r
             for r in rows]  # fmt: skip
    made = facts(*({k: v for k, v in row.items() if k not in ("possible", "authorised", "unauthorised")}
                   for row in given), **common)  # fmt: skip
    counts = {f"sessions_{k}": [row.get(k) for row in given] for k in ("possible", "authorised", "unauthorised")}
    columns = [pl.Series(name, values, dtype=pl.Float64) for name, values in counts.items()]
    columns += [pl.Series(f"code_{code}", values, dtype=pl.Float64) for code, values in (codes or {}).items()]
    known = pl.lit(list(terms), dtype=pl.List(pl.String)).alias("attendance_terms")
    return made.with_columns(*columns, known, pl.lit("").alias("attendance_status"))


def one(made, level="School", group="Total", **where):
    """The one row of a level and group, as a dict."""
    rows = made.filter(geographic_level=level, sen_provision=group, **where)
    rows = rows.filter(pl.col("need_area") == "Total")
    assert rows.height == 1, rows
    return rows.row(0, named=True)


# ---- authorised and unauthorised

SIX = ((190, 8, 4), (190, 40, 0), (95, 0, 3), (190, 0, 0), (60, 10, 20), (1, 1, 0))


def test_authorised_and_unauthorised_rates_by_hand():
    """726 possible; 8 + 40 + 10 + 1 = 59 authorised, 4 + 3 + 20 = 27 unauthorised, 86 missed."""
    made = attended(*SIX)
    rows = {name: one(getattr(metrics, name)(made)) for name in
            ("absence", "authorised_absence", "unauthorised_absence")}  # fmt: skip
    assert [rows[n]["numerator"] for n in rows] == [86, 59, 27]
    assert {rows[n]["denominator"] for n in rows} == {726}
    assert rows["authorised_absence"]["value"] == pytest.approx(100 * 59 / 726)
    assert [rows[n]["with_subjects"] for n in rows] == [5, 4, 3]
    assert [rows[n]["top_share"] for n in rows] == pytest.approx([40 / 86, 40 / 59, 20 / 27])


_pupil = st.tuples(st.integers(1, 200), st.integers(0, 60), st.integers(0, 60)).map(
    lambda t: (t[0], min(t[1], t[0]), min(t[2], t[0] - min(t[1], t[0])))
)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(_pupil, st.sampled_from([*SEND, "No SEN"]), st.booleans()), min_size=1, max_size=12))
def test_authorised_and_unauthorised_add_up_to_overall_in_every_place_and_group(pupils):
    made = attended(*({"possible": p, "authorised": a, "unauthorised": u, "sen_provision": group,
                       **(OAK if elsewhere else {})} for (p, a, u), group, elsewhere in pupils))  # fmt: skip
    whole, *parts = (metrics.absence(made), metrics.authorised_absence(made), metrics.unauthorised_absence(made))
    for name in ("numerator", "value"):
        added = parts[0][name] + parts[1][name]
        assert added.to_list() == pytest.approx(whole[name].to_list(), nan_ok=True), name
    for part in parts:
        assert part["denominator"].equals(whole["denominator"])


# ---- 98 % and above


@pytest.mark.parametrize(
    ("possible", "missed", "reached"),
    [(100, 1, True), (100, 2, True), (100, 3, False), (380, 7, True), (380, 8, False), (50, 1, True), (49, 1, False),
     (1, 0, True), (1, 1, False), (350, 7, True)],
)  # fmt: skip
def test_98_per_cent_has_its_boundary_in_it(possible, missed, reached):
    """2 % of 380 is 7.6 sessions: 7 may be missed, 8 not."""
    assert one(metrics.attendance_98(attended((possible, missed, 0))))["numerator"] == int(reached)


@pytest.mark.parametrize(
    ("missed", "ill", "medical", "reached"),
    [(3, 1, 0, True), (3, 0, 1, True), (3, 0, 0, False), (20, 10, 8, True), (20, 10, 7, False), (2, 0, 0, True),
     (40, 40, 0, True)],
)  # fmt: skip
def test_apart_from_illness_the_sessions_of_i_and_m_are_not_missed(missed, ill, medical, reached):
    """Of 100 possible sessions two may be missed for another reason."""
    made = attended((100, missed, 0), codes={"I": [ill], "M": [medical], "C": [missed - ill - medical]})
    assert one(metrics.attendance_98_apart_from_illness(made))["numerator"] == int(reached)


def test_illness_stays_possible():
    """Ill for 50 of 100 and away for 2 more: 98 of 100, where 2 of 50 would be 96 %."""
    made = attended((100, 50, 2), codes={"I": [50], "O": [2]})
    assert one(metrics.attendance_98_apart_from_illness(made))["value"] == 100


def test_a_pupil_whose_codes_are_not_known_is_eligible_and_not_in_the_base():
    made = attended((100, 3, 0), (100, 0, 0), (100, 9, 0), codes={"I": [3, None, None], "C": [0, 0, None]})
    row = one(metrics.attendance_98_apart_from_illness(made))
    assert (row["numerator"], row["base_subjects"], row["eligible_subjects"]) == (2, 2, 3)
    assert one(metrics.attendance_98(made))["numerator"] == 1


@pytest.mark.parametrize("codes", [None, {"I": [None, None]}])
def test_where_no_codes_are_known_there_is_no_figure(codes):
    row = one(metrics.attendance_98_apart_from_illness(attended((100, 0, 0), (100, 9, 0), codes=codes)))
    assert (row["value"], row["base_subjects"], row["eligible_subjects"], row["status"]) == (None, 0, 2, "z")


def test_no_illness_anywhere_is_known_where_other_codes_are():
    row = one(metrics.attendance_98_apart_from_illness(attended((100, 3, 0), codes={"C2": [3]})))
    assert (row["numerator"], row["base_subjects"]) == (0, 1)


# ---- sessions still affordable


def affordable(made, pupil=None, **options):
    rows = metrics.sessions_affordable(made.with_columns(pl.col("pupil_id").alias("sex")), by=["sex"], **options)
    found = dict(rows.filter(geographic_level="Local authority").select("sex", "value").rows())
    return found[pupil or "Total"]


def test_of_a_year_that_is_over_two_per_cent_of_own_sessions_less_those_missed():
    """380: 7.6, so 7. p0 missed 3 and has 4; p1 missed 7 and has none; p2 missed 10 and is 3 over. Mean 1/3."""
    made = attended((380, 3, 0), (380, 0, 7), (380, 6, 4))
    assert [affordable(made, f"p{n}") for n in range(3)] == [4, 0, -3]
    assert affordable(made) == pytest.approx(1 / 3)


def test_in_a_part_of_the_year_the_sessions_that_are_left_count():
    """The most anyone has had is 140, so 240 are left. p0: 140 + 240 = 380, 7; p1: 60 + 240 = 300, 6."""
    made = attended((140, 2, 0), (60, 2, 0), terms=AUTUMN)
    assert [affordable(made, f"p{n}") for n in range(2)] == [5, 4]


def test_a_joiner_of_a_year_that_is_over_may_miss_two_per_cent_of_the_own_sessions():
    """100 possible: 2; 49 possible: 0.98, none."""
    made = attended((380, 0, 0), (100, 1, 0), (49, 0, 0))
    assert [affordable(made, f"p{n}") for n in (1, 2)] == [1, 0]


def test_a_longer_year_leaves_nothing_and_takes_nothing_away():
    """390 possible: 7.8, so 7; nothing is left, for nobody less than nothing."""
    made = attended((390, 0, 0), (350, 0, 0))
    assert [affordable(made, f"p{n}") for n in range(2)] == [7, 7]


def test_threshold_and_length_of_the_year_are_options():
    """95 % of 380: 19. A year of 300 with 100 had: 200 left, 2 % of 300 is 6."""
    assert affordable(attended((380, 0, 0)), threshold=95) == 19
    assert affordable(attended((100, 0, 0)), year=300) == 6


def test_what_is_left_is_told_by_the_authority_and_each_year_by_itself():
    """Elm's register ends in week 4 (40), Oak's at Christmas (140): 240 are left to both. Last year is over."""
    made = pl.concat([
        attended({"possible": 40, "authorised": 0, "unauthorised": 0, "pupil_id": "a"},
                 {"possible": 140, "authorised": 0, "unauthorised": 0, "pupil_id": "b", **OAK}, terms=AUTUMN),
        attended({"possible": 380, "authorised": 9, "unauthorised": 0, "pupil_id": "c"}, time_period="202425"),
    ])  # fmt: skip
    assert [affordable(made, pupil) for pupil in "abc"] == [5, 7, -2]  # 2 % of 280 is 5.6


# ---- register codes


def by_code(made, level="School", group="Total"):
    rows = metrics.sessions_by_code(made).filter(geographic_level=level, sen_provision=group, need_area="Total")
    return {row["item"]: row for row in rows.iter_rows(named=True)}


def test_codes_are_per_1_000_possible_sessions_of_those_whose_codes_are_known():
    """p0 and p1: 400 possible, 8 sessions of I, 2 of C2, 50 of D and 4 of X, which are not possible. p2: not known."""
    codes = {"I": [6, 2, None], "C2": [0, 2, None], "D": [50, 0, None], "X": [4, None, None]}
    rows = by_code(attended((300, 8, 0), (100, 4, 0), (200, 20, 0), codes=codes))
    assert {code: row["value"] for code, row in rows.items()} == {"I": 20, "C2": 5, "D": 125, "X": 10}
    assert {row["denominator"] for row in rows.values()} == {400}
    assert {(row["base_subjects"], row["eligible_subjects"]) for row in rows.values()} == {(2, 3)}
    assert (rows["I"]["with_subjects"], rows["I"]["top_share"]) == (2, 0.75)


def test_a_code_may_pass_1_000_where_it_is_not_among_possible_sessions():
    """Dual registered: at this school 10 sessions possible, 30 at the other."""
    row = by_code(attended((10, 0, 0), (10, 0, 0), codes={"D": [30, 28]}))["D"]
    assert row["value"] == 2900 and row["upper"] is not None and row["upper"] > 1000


def test_a_code_that_nobody_of_a_group_has_is_0_there():
    plan = {"possible": 100, "authorised": 0, "unauthorised": 0, "sen_provision": "EHC plan"}
    rows = by_code(attended((100, 2, 0), plan, codes={"I": [2, 0]}), group="EHC plan")
    assert (rows["I"]["value"], rows["I"]["with_subjects"]) == (0, 0)


BREAK = "changed on 19 August 2024"


@pytest.mark.parametrize(
    ("code", "changed", "word"),
    [("I", False, "Illness"), ("/", False, "Present"), ("O", False, "unknown"), ("D", False, "other school"),
     ("X", False, "compulsory"), ("C2", True, "hidden exclusion"), ("B", True, "sent away"),
     ("K", True, "arranged by the authority"), ("C", True, "exceptional"), ("C1", True, "performance"),
     ("J", True, "Interview"), ("J1", True, "Interview"), ("H", True, "holiday"), ("Y", True, "exceptional"),
     ("Y1", True, "ransport"), ("Q", True, "access arrangements"), ("T", True, "occupational")],
)  # fmt: skip
def test_codes_carry_what_to_read_them_with_and_the_break_of_august_2024(code, changed, word):
    row = by_code(attended((100, 0, 0), codes={code: [1]}))[code]
    assert (BREAK in row["note"]) is changed and word in row["note"]


def test_a_code_of_no_code_set_is_said_to_be_none():
    assert "in no code set" in by_code(attended((100, 0, 0), codes={"!": [1]}))["!"]["note"]


# ---- crossing 10 %


def two_periods():
    """Missed per hundred before and now; all at Elm unless told otherwise."""
    before = {"stays": 12, "better": 10, "worse": 9, "well": 0, "left": 50, "moved": 50}
    now = {"stays": 10, "better": 9, "worse": 10, "well": 0, "joined": 50, "moved": 50}

    def rows(missed, year, **more):
        return [{"possible": 100, "authorised": n, "unauthorised": 0, "pupil_id": p, "time_period": year,
                 **more.get(p, {})} for p, n in missed.items()]  # fmt: skip

    return attended(*rows(now, "202526", moved=OAK)), attended(*rows(before, "202425"))


def test_newly_persistent_is_of_those_who_were_not_and_were_here_in_both():
    """Not persistent before, here in both: worse and well. Of them worse is now: 1 of 2."""
    row = one(metrics.newly_persistent(*two_periods()), place_code="100001")
    assert (row["numerator"], row["denominator"], row["value"]) == (1, 2, 50)


def test_no_longer_persistent_is_of_those_who_were_and_were_here_in_both():
    """Persistent before (10 % is), here in both: stays and better. better is no longer: 1 of 2."""
    row = one(metrics.no_longer_persistent(*two_periods()), place_code="100001")
    assert (row["numerator"], row["denominator"], row["value"]) == (1, 2, 50)


def test_who_joined_left_or_moved_school_is_in_neither():
    now, before = two_periods()
    for metric in (metrics.newly_persistent, metrics.no_longer_persistent):
        assert one(metric(now, before), "Local authority")["denominator"] == 2
        assert "100002" not in set(metric(now, before)["place_code"])


def test_threshold_is_the_same_on_both_sides():
    """At 50 %: nobody who was here in both was, and nobody is."""
    now, before = two_periods()
    assert one(metrics.newly_persistent(now, before, threshold=50))["numerator"] == 0
    row = one(metrics.no_longer_persistent(now, before, threshold=50))
    assert (row["denominator"], row["value"], row["status"]) == (0, None, "z")


def test_groups_are_those_of_now():
    now, before = two_periods()
    now = now.with_columns(pl.lit("EHC plan").alias("sen_provision"))
    made = metrics.newly_persistent(now, before)
    assert one(made, group="EHC plan")["denominator"] == 2
    assert made.filter(sen_provision="No SEN").is_empty()


def test_several_periods_before_are_no_period_before():
    """A pupil with two rows before has no one status before, and is left out."""
    now, before = two_periods()
    twice = pl.concat([before, before.with_columns(pl.lit("202324").alias("time_period"))])
    assert metrics.newly_persistent(now, twice).is_empty()


def test_nobody_crosses_from_a_period_into_itself():
    """Facts that hold the period before as well: only the other one has rows."""
    now, before = two_periods()
    alone, both = metrics.newly_persistent(now, before), metrics.newly_persistent(pl.concat([now, before]), before)
    assert set(both["time_period"]) == set(alone["time_period"]) and both.height == alone.height
    assert metrics.no_longer_persistent(before, before).is_empty()


def test_nobody_before_gives_no_rows():
    now, before = two_periods()
    assert metrics.newly_persistent(now, before.clear()).is_empty()
    assert metrics.no_longer_persistent(now.clear(), before).is_empty()
