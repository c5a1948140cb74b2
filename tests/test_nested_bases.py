"""Few left out of a base: not to be had by subtracting it from a wider one, nor from what another measure says."""

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sendlab.disclosure import publish
from sendlab.disclosure.audit.editions import Edition
from sendlab.disclosure.audit.pack import audit
from sendlab.disclosure.protect.counts import figures_of
from sendlab.disclosure.protect.coverage import coverage_hidden
from sendlab.metrics.cards import cards, widest
from sendlab.schema.groups import ALL_SEN, SEN_PROVISION, TOTAL
from sendlab.schema.measures import as_measures

LA = "999"
WIDE, NARROW, OTHER = "ks2_writing_gap", "ks2_reading_progress", "ks2_mathematics_progress"
LEFT_OUT = {"left out"}
NUMBERS, RESULTS = ("numerator", "denominator", "base_subjects"), ("value", "lower", "upper")


def row(measure, place, n, could, group=TOTAL, **more):
    """One row of a mean on n pupils, of so many who could count."""
    level = "Local authority" if place == LA else "School"
    return {
        "measure": measure, "time_period": "202526", "time_identifier": "Academic year", "geographic_level": level,
        "place_code": place, "place_name": place, "sen_provision": group, "base_subjects": n, "denominator": float(n),
        "eligible_subjects": could, "numerator": 2.0 * n, "value": 2.0, "lower": 1.0, "upper": 3.0, "method": "t",
    } | more  # fmt: skip


def totals(measure, counts, more=0):
    """Rows of schools 100001, ... and the authority, with (n, who could count)."""
    rows = [row(measure, str(100001 + at), n, n + left + more) for at, (n, left) in enumerate(counts)]
    n, could = (sum(one[name] for one in rows) for name in ("base_subjects", "eligible_subjects"))
    return [*rows, row(measure, LA, n, could)]


def measures(*groups):
    return as_measures(pl.DataFrame([one for group in groups for one in group], infer_schema_length=None))


def edition(rows):
    return Edition(rows, "board", 5)


def whole(truth):
    """All of the truth, as if it had been published with nothing hidden."""
    return edition(truth.drop("with_subjects", "top_share", "least", "most"))


def told(shown, truth):
    """What an outsider learns of those left out: place, least, most."""
    found = audit([shown], truth, readers="outsider").findings
    return {(one.place_code, one.least, one.most) for one in found if one.what in LEFT_OUT}


def of_rows(rows, measure, place=LA):
    return rows.filter(measure=measure, place_code=place).row(0, named=True)


def test_cards_of_one_base_agree_and_name_a_base_that_there_is():
    by_base = {about.base: about.among for about in cards().values()}
    assert all(by_base[about.base] == about.among for about in cards().values())
    assert {among for among in by_base.values() if among} < set(by_base)
    assert widest("ks2_writing_progress") == "ks2" == widest("ks2")


def test_a_difference_of_two_bases_tells_and_is_not_published():
    """Worked: 30 have an outcome in all three, 29 of them a starting point: one has none."""
    wide, narrow = [(30, 0), (40, 0), (50, 0), (60, 0)], [(29, 1), (30, 10), (40, 10), (48, 12)]
    truth = measures(totals(WIDE, wide), totals(NARROW, narrow))
    bare = truth.with_columns(eligible_subjects=pl.lit(None, pl.Int64))
    assert told(whole(bare), truth) == {("100001", 1, 1)}
    published = publish(truth, run_id="test").rows
    assert audit([edition(published)], truth).findings == ()
    assert published.filter(measure=WIDE, status="c").is_empty()
    assert of_rows(published, NARROW, "100001")["base_subjects"] is None
    assert of_rows(published, NARROW)["base_subjects"] == 147
    # two more as cover: a school knows its own
    assert published.filter(measure=NARROW, status="c").height == 3


@pytest.mark.parametrize(("left", "hidden"), [(0, False), (1, True), (4, True), (5, False), (30, False)])
def test_only_a_few_left_out_are_hidden(left, hidden):
    truth = measures(totals(WIDE, [(40, 0)]), totals(NARROW, [(40 - left, left)]))
    published = publish(truth, run_id="test").rows
    assert (of_rows(published, NARROW)["status"] == "c") == hidden
    assert of_rows(published, WIDE)["status"] == ""


def test_who_could_count_is_one_number_for_linked_measures():
    """3 of 43 have no outcome in all three: what progress says of the 43 would tell so."""
    truth = measures(totals(WIDE, [(40, 3), (60, 0)]), totals(NARROW, [(30, 13), (45, 15)]))
    of_wide = pl.col("measure") == WIDE
    bare = truth.with_columns(eligible_subjects=pl.when(~of_wide).then("eligible_subjects"))
    assert told(whole(bare), truth) == {("100001", 3, 3), (LA, 3, 3)}
    published = publish(truth, run_id="test").rows
    assert audit([edition(published)], truth).findings == ()
    assert of_rows(published, NARROW, "100001")["eligible_subjects"] is None
    assert of_rows(published, NARROW, "100001")["base_subjects"] == 30


def test_who_could_count_goes_with_the_widest_base_though_another_of_its_size_is_in_sight():
    """39 of 39 in mathematics and 37 in reading: the 39 who could, told by mathematics, would give the two away."""
    rows = [row(measure, LA, n, 39) for measure, n in ((WIDE, 39), (OTHER, 39), (NARROW, 37))]
    figures = figures_of(measures(rows))
    for gone, hidden in (({"ks2"}, True), ({OTHER, NARROW}, False), (set(), False)):
        base_hidden = figures.bases["base"].is_in(gone).to_numpy()
        assert coverage_hidden(figures, base_hidden, 5, 100).tolist() == [hidden] * 3


def test_where_nobody_has_a_starting_point_the_row_says_no_more_than_the_wide_base():
    """A year without the measure: its rows have nobody in the base, and all who could count."""
    of_nobody = {"status": "x", "value": None, "lower": None, "upper": None, "numerator": None}
    wide, all_narrow = (totals(measure, [(3, 0), (40, 0), (50, 0)]) for measure in (WIDE, NARROW))
    narrow = [one | of_nobody | {"base_subjects": 0, "denominator": 0.0} for one in all_narrow]
    truth = measures(wide, narrow)
    bare = truth.with_columns(base_subjects=pl.when(pl.col("measure") == NARROW).then("base_subjects"))
    assert ("100001", 3, 3) in told(whole(bare), truth)
    published = publish(truth, run_id="test").rows
    assert audit([edition(published)], truth).findings == ()
    gone = published.filter(pl.col("eligible_subjects").is_null()).select("measure", "place_code").rows()
    assert len(gone) == 6 and {place for measure, place in gone if measure == NARROW} == {
        place for measure, place in gone if measure == WIDE
    }


def test_limits_without_a_width_tell_of_every_pupil_of_a_small_group():
    alike = {"lower": 0.0, "upper": 0.0, "value": 0.0, "numerator": 0.0}
    rows = totals(WIDE, [(7, 0), (40, 0), (50, 0)])
    rows[0] |= alike
    truth = measures(rows)
    found = audit([whole(truth)], truth, readers="outsider").findings
    assert [(one.place_code, one.what, one.least) for one in found] == [("100001", "base", 7)]
    published = publish(truth, run_id="test").rows
    assert audit([edition(published)], truth).findings == ()
    assert of_rows(published, WIDE, "100001")["status"] == "c"
    large = measures([one | alike | {"base_subjects": 20, "denominator": 20.0} for one in rows[:1]])
    assert publish(large, run_id="test").rows["status"].to_list() == [""]


# Bases whose total is a group of a wider one: pupils with SEN of schools that record plans ---------------------------

ROLL, PLANS = "suspended_once_or_more", "plan_coverage"


def share(measure, place, n, people, group=TOTAL):
    """One row of a share, half of whose pupils have the feature unless it says otherwise."""
    return row(measure, place, n, n, group, numerator=float(people), with_subjects=people, value=100 * people / n)


def of_rolls(schools, *, recording=None):
    """Rows of rolls by provision, from (EHC plan, SEN support, no SEN) a school; of plans where schools record them."""
    recording = range(len(schools)) if recording is None else recording
    rows = []
    for measure, which, names in ((ROLL, range(len(schools)), 3), (PLANS, recording, 2)):
        some = {str(100001 + at): schools[at][:names] for at in which}
        some[LA] = tuple(map(sum, zip(*some.values(), strict=True)))
        for place, counts in some.items():
            groups = {**dict(zip(SEN_PROVISION, counts, strict=False)), ALL_SEN: sum(counts[:2]), TOTAL: sum(counts)}
            rows += [share(measure, place, n, n // 2, group) for group, n in groups.items() if n]
    return measures(rows)


def test_the_total_of_plans_is_all_sen_of_the_roll():
    """3 with an EHC plan and 12 on support: plans say 15 in all, the roll says 12, so 3 is told."""
    truth = of_rolls([(3, 12, 222), (20, 30, 240), (25, 40, 250), (22, 35, 260)])
    bare = truth.with_columns(eligible_subjects=pl.lit(None, pl.Int64))
    plans, group = pl.col("measure") == PLANS, pl.col("sen_provision")
    told = pl.when(plans).then(group == TOTAL).otherwise(group.is_in([TOTAL, "SEN support"]))
    gone = (pl.col("place_code") == "100001") & ~told | (pl.col("place_code") == "100002") & (group == "EHC plan")
    leaky = bare.with_columns(
        *(pl.when(~gone).then(pl.col(name)).alias(name) for name in (*NUMBERS, *RESULTS)),
        status=pl.when(gone).then(pl.lit("c")).otherwise("status"),
    )
    found = audit([whole(leaky)], truth, readers="outsider").findings
    assert {(one.place_code, one.least, one.most) for one in found if one.what == "base"} == {("100001", 3, 3)}
    published = publish(truth, run_id="test").rows
    assert audit([edition(published)], truth).findings == ()
    assert published.filter(measure=PLANS)["eligible_subjects"].to_list() == [None] * 20


@settings(max_examples=10, deadline=None)  # on many more: the soak's "protection of linked bases"
@given(st.lists(st.tuples(*[st.integers(0, 30)] * 3), min_size=2, max_size=4), st.data())
def test_random_rolls_and_plans_give_nobody_away(schools, data):
    recording = data.draw(st.sets(st.integers(0, len(schools) - 1), min_size=1))
    truth = of_rolls(schools, recording=sorted(recording))
    assume(truth.height > 3)
    published = publish(truth, run_id="test").rows
    assert audit([edition(published)], truth).findings == ()


# ---------------------------------------------------------------------------------------------------------------------

PEOPLE = st.one_of(st.integers(0, 8), st.integers(0, 45))
COUNTS = st.tuples(*[PEOPLE] * 4, st.integers(0, 2))


@settings(max_examples=16, deadline=None)
@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), min_size=2, max_size=4))
def test_random_publications_give_nobody_away(schools):
    """Schools x provisions: how many in both subjects, left out of one, of both, of the wide base, of that alone."""
    rows = []
    for place, provisions in [*((str(100001 + at), one) for at, one in enumerate(schools)), (LA, None)]:
        each = provisions or [tuple(map(sum, zip(*one, strict=True))) for one in zip(*schools, strict=True)]
        together = tuple(map(sum, zip(*each, strict=True)))
        for group, (both, one, none, without, odd) in zip([*SEN_PROVISION, TOTAL], [*each, together], strict=True):
            could = both + one + none + without + odd
            for measure, n in ((WIDE, both + one + none), (NARROW, both + odd), (OTHER, both + one)):
                if could:
                    rows.append(row(measure, place, n, could, group))
    assume(rows)
    truth = measures(rows)
    published = publish(truth, run_id="test").rows
    assert audit([edition(published)], truth).findings == ()


def test_a_wider_base_that_was_not_collected_limits_nothing():
    """3 and 4 with an outcome are hidden; that the wider base was not collected must not be read as 0 people."""
    nothing = dict.fromkeys((*NUMBERS, *RESULTS, "eligible_subjects")) | {"status": "x"}
    narrow = [one | {"eligible_subjects": None} for one in totals(NARROW, [(3, 0), (4, 0), (30, 0), (40, 0)])]
    wide = [row(WIDE, one["place_code"], 0, 0) | nothing for one in narrow]
    truth = measures(wide, narrow)
    published = publish(truth, run_id="test").rows
    assert published.filter(measure=NARROW, status="c").height >= 2
    assert audit([edition(published)], truth).findings == ()
