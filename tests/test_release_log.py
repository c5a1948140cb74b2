"""Releases in a row: shown once is a constant, hidden once stays hidden, small changes are held; own editions."""

import numpy as np
import polars as pl
import pytest

from sendlab.build.attacked import NOW, attacked, earlier_editions
from sendlab.disclosure import own_figures, publish, school_edition
from sendlab.disclosure.audit.editions import Edition
from sendlab.disclosure.audit.pack import audit
from sendlab.disclosure.context import beside
from sendlab.disclosure.fives import FIVES_NOTE, in_fives, to_fives
from sendlab.disclosure.log import bound, latest, no_releases, read_log, with_release
from sendlab.disclosure.published import _published
from sendlab.disclosure.release import HELD_NOTE, release
from sendlab.errors import GateError
from sendlab.schema.groups import AUTUMN_AND_SPRING, FULL_YEAR, HALF_TERMS, SEN_PROVISION, TERMS, TOTAL
from sendlab.schema.measures import MEASURE_KEY, as_measures

LA = "E09000007"
KEY = [name for name in MEASURE_KEY if name != "education_phase"]
BASES = np.array([[21, 34, 240, 0], [12, 28, 190, 0], [9, 25, 210, 0], [14, 40, 260, 0], [30, 22, 205, 0]])
PEOPLE = np.array([[3, 9, 11, 0], [6, 8, 14, 0], [2, 7, 9, 0], [7, 11, 20, 0], [8, 3, 12, 0]])


def table(people=PEOPLE, bases=BASES, measure="persistent_absence", period="Academic year"):
    """Measure rows by SEN provision of schools and their sum."""
    made = []
    for school in [*range(len(bases)), None]:
        base, who = (bases.sum(axis=0), people.sum(axis=0)) if school is None else (bases[school], people[school])
        groups = zip([TOTAL, *SEN_PROVISION], [base.sum(), *base], [who.sum(), *who], strict=True)
        made += [
            {
                "measure": measure, "time_period": "202425", "time_identifier": period, "sen_provision": group,
                "geographic_level": "Local authority" if school is None else "School",
                "place_code": LA if school is None else str(100001 + school), "place_name": "a place",
                "numerator": float(x), "denominator": float(n), "base_subjects": int(n), "with_subjects": int(x),
                "value": 100 * x / n, "lower": 0.0, "upper": 100.0, "eligible_subjects": int(n), "method": "wilson",
            }
            for group, n, x in groups if n > 0
        ]  # fmt: skip
    return as_measures(pl.DataFrame(made))


def cell(published, place, group):
    found = published.rows.filter(pl.col("place_code") == place, pl.col("sen_provision") == group, comparator="")
    assert found.height == 1
    return found.row(0, named=True)


def attack(editions, *truths):
    exact = pl.concat(truths).unique(KEY, keep="last", maintain_order=True)
    return audit(editions, exact).findings


def test_the_same_figures_again_are_no_news_and_come_out_alike():
    first = publish(table(), run_id="one")
    log = with_release(no_releases(), first, "2025-10-01")
    again = publish(table(), run_id="two", log=log)
    assert again.rows.equals(first.rows)
    assert with_release(log, again, "2025-11-01").equals(log)


def test_hidden_once_stays_hidden_though_it_would_be_large_enough_now():
    first = publish(table(), run_id="one")
    log = with_release(no_releases(), first, "2025-10-01")
    assert cell(first, "100001", "EHC plan")["status"] == "c"
    more = PEOPLE.copy()
    more[0, 0] = 12  # of 21: no small count any longer
    later = publish(table(more), run_id="two", log=log)
    assert cell(later, "100001", "EHC plan")["status"] == "c"
    assert cell(publish(table(more), run_id="two"), "100001", "EHC plan")["status"] == ""


def test_a_change_of_a_few_people_is_held_and_one_of_many_is_shown():
    first = publish(table(), run_id="one")
    log = with_release(no_releases(), first, "2025-10-01")
    assert cell(first, "100004", "No SEN")["numerator"] == 20
    few, many = PEOPLE.copy(), PEOPLE.copy()
    few[3, 2], many[3, 2] = 22, 60
    held = cell(publish(table(few), run_id="two", log=log), "100004", "No SEN")
    assert (held["numerator"], held["note"]) == (20, HELD_NOTE)
    assert cell(publish(table(many), run_id="two", log=log), "100004", "No SEN")["numerator"] == 60


def test_a_held_change_cannot_be_worked_out_from_the_new_totals():
    few = PEOPLE.copy()
    few[3, 2] = 22
    first = publish(table(), run_id="one")
    second = publish(table(few), run_id="two", log=with_release(no_releases(), first, "1"))
    editions = [Edition(each.rows, "board", 5, released=day) for day, each in (("1", first), ("2", second))]
    assert not [each for each in audit(editions, {"1": table(), "2": table(few)}).findings if each.needed > 0]


def sessions(missed, bases=BASES, days=190):
    """Rows of absence: sessions missed, out of two a day for everybody, and nobody's a large part of them."""
    rows = table(np.minimum(missed, bases), bases, measure="absence")
    total = table(missed, bases)["numerator"]
    return rows.with_columns(
        numerator=total, denominator=2.0 * days * pl.col("base_subjects"), top_share=pl.lit(0.1),
        value=100 * total / (2.0 * days * pl.col("base_subjects")),
    )  # fmt: skip


def built_after(first, second):
    """What a build makes of the second figures once the first were released, and what its attack finds then."""
    log = with_release(no_releases(), publish(first, run_id="one"), "2025-10-01")
    made = publish(second, run_id="two", log=log, all_measures=second)
    now = Edition(made.rows, "board", 5, released=NOW)
    return made, attacked([*earlier_editions(log, "board", 5, "two"), now], second).findings


def test_a_correction_after_a_release_is_built_and_held_where_it_may_be_one_pupils():
    """One absence more in the census of one school: every figure that holds it would not be the present one."""
    one = PEOPLE * 20
    one[3, 2] += 1
    made, found = built_after(sessions(PEOPLE * 20), sessions(one))
    assert found == ()
    for place in ("100004", LA):
        row = cell(made, place, "No SEN")
        assert row["note"] == HELD_NOTE
        assert (
            row["numerator"] == sessions(PEOPLE * 20).filter(place_code=place, sen_provision="No SEN")["numerator"][0]
        )
    assert cell(made, "100001", "No SEN")["note"] == ""


def test_a_term_that_comes_late_is_more_than_a_few_pupils_can_have():
    made, found = built_after(sessions(PEOPLE * 20), sessions(PEOPLE * 30, days=250))
    assert found == ()
    assert set(made.rows.filter(pl.col("base_subjects") > 40)["note"]) == {""}
    # 120 sessions more each: of fewer than 34 pupils no more than four can have, twice 500 each
    assert cell(made, "100004", "EHC plan")["note"] == HELD_NOTE
    assert cell(made, LA, "No SEN")["numerator"] == 30 * PEOPLE.sum(axis=0)[2]


def test_a_base_in_sight_before_stays_where_it_would_be_hidden_now():
    """21 pupils with a plan, 3 of them absent: the base was told; 8 came in, and 3 of 4 left at another school."""
    bases = BASES.copy()
    bases[0, 0], bases[2, 0] = 29, 3
    made, found = built_after(table(), table(np.minimum(PEOPLE, bases), bases))
    assert found == ()
    gone = publish(table(np.minimum(PEOPLE, bases), bases), run_id="alone").rows.filter(
        pl.col("base_subjects").is_null(), comparator=""
    )
    told = publish(table(), run_id="one").rows.filter(pl.col("base_subjects").is_not_null(), comparator="")
    both = gone.select(KEY).join(told.select(*KEY, then="base_subjects"), on=KEY)
    assert both.height > 1
    stands = both.join(made.rows.select(*KEY, "base_subjects"), on=KEY)
    assert stands["base_subjects"].equals(stands["then"], check_names=False)


def test_events_are_held_up_to_what_a_few_pupils_can_have():
    more = PEOPLE.copy()
    more[3, 2] += 90 * 4
    held, found = built_after(table(measure="suspension_rate"), table(more, measure="suspension_rate"))
    assert found == () and cell(held, "100004", "No SEN")["note"] == HELD_NOTE
    more[3, 2] += 1
    shown, found = built_after(table(measure="suspension_rate"), table(more, measure="suspension_rate"))
    assert found == () and cell(shown, "100004", "No SEN")["numerator"] == more[3, 2]


def test_terms_released_before_are_protected_when_the_year_is_released():
    first, second, third = (PEOPLE // 3 + 5 * (PEOPLE > 8) for _ in TERMS)
    people = dict(zip(TERMS, (first, second, third), strict=True))
    people[TERMS[2]][3, 2] = 2  # two pupils in summer: the year less autumn and spring
    parts = {term: table(people[term], period=term, measure="suspension_rate") for term in TERMS}
    year = table(sum(people.values()), measure="suspension_rate")
    everything = pl.concat([*parts.values(), year])
    log, editions = no_releases(), []
    for day, rows in enumerate([parts[TERMS[0]], pl.concat([parts[TERMS[0]], parts[TERMS[1]]]), year], 1):
        made = publish(rows, run_id=f"run {day}", log=log, all_measures=everything)
        log = with_release(log, made, f"2025-0{day}-01")
        editions.append(Edition(made.rows, "board", 5, released=str(day)))
    assert attack(editions, everything) == ()
    careless = publish(year, run_id="run 3")
    assert attack([*editions[:2], Edition(careless.rows, "board", 5, released="3")], everything) != ()


def test_what_follows_from_what_was_told_is_protected_beside_it():
    periods = [*HALF_TERMS[:2], *TERMS, AUTUMN_AND_SPRING, FULL_YEAR]
    exact = {period: table(period=period, measure="suspension_rate") for period in periods}
    everything = pl.concat(exact.values())
    of_la = exact[AUTUMN_AND_SPRING].filter(geographic_level="Local authority")

    def periods_beside(*told):
        found = beside(everything, pl.concat(told), no_releases())
        assert found.join(pl.concat(told), on=KEY, how="semi").is_empty()
        return set(found.select("time_identifier", "geographic_level").iter_rows())

    autumn, spring, year = exact[TERMS[0]], exact[TERMS[1]], exact[FULL_YEAR]
    assert periods_beside(autumn, spring) == set()
    assert periods_beside(autumn, of_la) == {(AUTUMN_AND_SPRING, "School")}  # at least autumn's, and add up to the LA's
    assert periods_beside(autumn, year) == set()  # what is left of the year is an aim by itself
    both_levels = {(TERMS[2], "School"), (TERMS[2], "Local authority")}
    assert periods_beside(autumn, spring, year) == both_levels  # the year less autumn and spring


def test_a_school_that_knows_its_own_half_terms_learns_nothing_of_the_others():
    halves, term = HALF_TERMS[:2], TERMS[0]
    ehc = {halves[0]: [4, 1, 0, 0, 0], halves[1]: [3, 1, 1, 0, 0], term: [0, 2, 1, 0, 0]}  # 3 of 3 that others can have
    exact = {}
    for period, of_schools in ehc.items():
        people = PEOPLE.copy()
        people[:, 0] = of_schools
        exact[period] = table(people, measure="severe_absence", period=period)
    of_la = [exact[half].filter(geographic_level="Local authority") for half in halves]
    told, everything = pl.concat([exact[term], *of_la]), pl.concat(exact.values())

    def found(**known):
        return attacked([Edition(publish(told, run_id="one", **known).rows, "board", 5)], everything).failures

    assert {one.reader for one in found()} == {"100001"}
    assert found(all_measures=everything) == ()


def test_a_hidden_half_term_of_the_authority_is_at_least_what_one_school_knows_it_to_be():
    halves, term = HALF_TERMS[:2], TERMS[0]
    by_group = {  # EHC plan, SEN support: the first school knows that all of the first half term are its own
        halves[0]: ([1, 1, 0, 0, 0], [9, 0, 0, 0, 0]),
        halves[1]: ([0, 0, 0, 0, 0], [9, 8, 9, 8, 10]),
        term: ([1, 1, 0, 0, 0], [9, 7, 7, 9, 6]),
    }
    many = PEOPLE[:, 2] + 10
    exact = {
        period: table(np.column_stack([ehc, sen, many, 0 * many]), measure="severe_absence", period=period)
        for period, (ehc, sen) in by_group.items()
    }
    of_la = [exact[half].filter(geographic_level="Local authority") for half in halves]
    everything = pl.concat(exact.values())
    board = publish(pl.concat([exact[term], *of_la]), run_id="one", all_measures=everything)
    assert attacked([Edition(board.rows, "board", 5)], everything).failures == ()


def test_a_school_that_knows_its_own_crossed_table_learns_nothing_of_the_others():
    by_sex = {  # no boy at the second school, and no girl with an EHC plan at the last three
        "Female": np.array([[8, 9, 12, 0], [2, 7, 9, 0], [0, 8, 9, 0], [0, 11, 20, 0], [0, 8, 12, 0]]),
        "Male": np.array([[7, 9, 11, 0], [0, 0, 0, 0], [6, 7, 9, 0], [7, 11, 20, 0], [8, 8, 12, 0]]),
    }
    bases = dict.fromkeys(by_sex, np.array([[30, 40, 200, 0]] * 5))
    people = by_sex["Female"] + by_sex["Male"]
    plain = table(people, 2 * bases["Male"])
    crossed = [table(by_sex[sex], bases[sex]).with_columns(sex=pl.lit(sex)) for sex in by_sex]
    of_all = pl.col("sen_provision") == TOTAL
    everything = pl.concat([plain, *crossed])
    of_la = [one.filter(~of_all, geographic_level="Local authority") for one in crossed]
    told = pl.concat([plain, *(one.filter(of_all) for one in crossed), *of_la])

    def found(**known):
        return attacked([Edition(publish(told, run_id="one", **known).rows, "board", 5)], everything).failures

    assert {one.reader for one in found()} == {"100001"}
    assert found(all_measures=everything) == ()


def test_what_went_out_before_and_is_not_told_again_is_protected_beside_the_year():
    autumn, year = (table(period=period, measure="suspension_rate") for period in (TERMS[0], FULL_YEAR))
    log = with_release(no_releases(), publish(autumn, run_id="one"), "2026-01-01")
    assert beside(pl.concat([autumn, year]), year, log).select(KEY).equals(autumn.select(KEY))


def test_how_many_were_left_out_is_hidden_or_shown_in_every_release_alike():
    left = pl.when(pl.col("sen_provision") == "No SEN").then(9).otherwise(0)  # of a school; five make the authority's
    rows = table().with_columns(eligible_subjects=pl.col("base_subjects") + left)
    first = publish(rows, run_id="one")
    log = with_release(no_releases(), first, "2025-10-01")
    here = (pl.col("place_code") == "100003") & (pl.col("sen_provision") == "No SEN")
    assert cell(first, "100003", "No SEN")["eligible_subjects"] == 219
    hidden = log.with_columns(eligible_subjects=pl.when(~here).then("eligible_subjects"))
    assert cell(publish(rows, run_id="two", log=hidden), "100003", "No SEN")["eligible_subjects"] is None
    assert set(bound(rows, hidden, 5)["coverage_given"]) == {"shown", "hidden"}
    more = rows.with_columns(eligible_subjects=pl.when(here).then(220).otherwise("eligible_subjects"))
    assert bound(more.filter(here), log, 5)["coverage_given"].to_list() == ["held"]
    assert cell(publish(more, run_id="two", log=log), "100003", "No SEN")["eligible_subjects"] is None


def test_the_log_is_read_back_as_it_was_written(tmp_path):
    log = with_release(no_releases(), publish(table(), run_id="one"), "2025-10-01")
    log.write_parquet(tmp_path / "board.parquet")
    assert read_log(tmp_path / "board.parquet").equals(log)
    assert read_log(tmp_path / "none.parquet").equals(no_releases())
    assert latest(log).height == log.height


def test_a_school_sees_all_its_own_figures_and_of_others_what_the_board_sees():
    board = publish(table(), run_id="one")
    own = own_figures(table(), board)
    edition = school_edition(board, own, "100003")
    assert (edition.audience, edition.place, edition.sensitivity) == ("school", "100003", "OFFICIAL-SENSITIVE")
    mine = cell(edition, "100003", "EHC plan")
    assert (mine["numerator"], mine["base_subjects"], mine["value"], mine["status"]) == (2, 9, None, "u")
    assert cell(edition, "100003", "SEN support")["value"] == 28
    others = pl.col("place_code") != "100003"
    assert edition.rows.filter(others).equals(board.rows.filter(others))
    assert edition.rows.filter(~others, pl.col("status") == "c").is_empty()
    with pytest.raises(GateError, match="no figures of a school"):
        school_edition(board, own, LA)


def test_what_a_school_knows_of_itself_gives_no_other_school_away():
    board = publish(table(), run_id="one")
    assert attack([Edition(board.rows, "board", 5)], table()) == ()
    careless = board.rows.filter(pl.col("place_code") != "100003").vstack(
        school_edition(board, own_figures(table(), board), "100003").rows.filter(pl.col("place_code") == "100003")
    )
    assert attack([Edition(careless, "board", 5)], table()) != ()


def test_the_public_see_no_more_than_the_board():
    board = publish(table(), run_id="one")
    public = publish(table(), audience="public", run_id="one", board=board)
    assert public.threshold == 10
    both = public.rows.join(board.rows, on=KEY, suffix="_board", nulls_equal=True)
    assert both.filter(pl.col("status_board") == "c", pl.col("status") != "c").is_empty()
    editions = [Edition(board.rows, "board", 5), Edition(public.rows, "public", 10)]
    assert attack(editions, table()) == ()


def test_what_is_withheld_is_hidden_whole_and_says_so():
    made = release(table(), run_id="one", withhold=[("persistent_absence", "202425")])
    rows = made.published.rows
    assert made.withheld == ("persistent_absence",)
    assert set(rows["status"]) == {"c"} and rows["note"].str.contains("withheld").all()


def test_a_family_in_fives_hides_up_to_seven_and_rounds_the_rest():
    figures = table().with_columns(
        withheld=pl.lit(True), base_hidden=pl.lit(False), hidden=pl.lit(True), _kind=pl.lit("share"),
        _polarity=pl.lit("low"),
    )  # fmt: skip
    made = to_fives(in_fives(figures))
    shown = made.filter(~pl.col("hidden"))
    assert made.filter("rounded").height == made.height
    assert shown["with_subjects"].min() >= 8 and (shown["base_subjects"] % 5 == 0).all()
    one = shown.filter(pl.col("place_code") == "100004", pl.col("sen_provision") == "No SEN").row(0, named=True)
    assert (one["numerator"], one["denominator"], one["value"], one["lower"]) == (20, 260, 8, None)
    assert set(shown["note"]) == {FIVES_NOTE}


def test_half_terms_of_a_year_are_no_table_of_schools():
    rows = table(period=HALF_TERMS[0])
    assert publish(rows, run_id="one").rows.height == rows.height  # what is published is chosen before the gate


def test_a_school_sees_no_less_of_itself_than_the_board():
    bases = BASES.copy()
    bases[2, 0] = 6  # sessions of six pupils are a rate for the board
    rows = table(PEOPLE, bases, measure="absence").with_columns(
        with_subjects=pl.col("base_subjects"), numerator=pl.col("base_subjects") * 10.0, value=pl.lit(10.0),
        denominator=pl.col("base_subjects") * 100.0, top_share=pl.lit(0.1),
    )  # fmt: skip
    board = publish(rows, run_id="one")
    edition = school_edition(board, own_figures(rows, board), "100003")
    assert cell(board, "100003", "EHC plan")["value"] == cell(edition, "100003", "EHC plan")["value"] == 10
    seen = edition.rows.join(board.rows.filter(pl.col("value").is_not_null()).select(KEY), on=KEY, how="semi")
    assert seen["value"].null_count() == 0


def test_the_public_is_not_told_how_many_were_left_out_where_the_board_is_not():
    rows = table(3 * PEOPLE, 3 * BASES).with_columns(eligible_subjects=pl.col("base_subjects") + 20)
    board = publish(rows, run_id="one")
    here = (pl.col("place_code") == "100003") & (pl.col("sen_provision") == "No SEN")
    free = publish(rows, audience="public", run_id="one", board=board)
    assert cell(free, "100003", "No SEN")["eligible_subjects"] is not None
    kept = board.rows.with_columns(eligible_subjects=pl.when(~here).then("eligible_subjects"))
    less = _published(kept, audience="board", threshold=5, run_id="one")
    public = publish(rows, audience="public", run_id="one", board=less)
    assert cell(public, "100003", "No SEN")["eligible_subjects"] is None
