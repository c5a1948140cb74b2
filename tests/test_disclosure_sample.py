"""The gate on the sample authority's real measures: the publication holds, and the audit finds faults put into it."""

import json

import polars as pl
import pytest
from click.testing import CliRunner

from sendlab import store
from sendlab.build import open_workspace
from sendlab.build.attacked import attacked
from sendlab.cli import main
from sendlab.disclosure import hidden_summary, publish, visible_share
from sendlab.disclosure.audit import readers
from sendlab.disclosure.audit.editions import Edition, group_words
from sendlab.disclosure.audit.pack import audit
from sendlab.disclosure.log import no_releases, with_release
from sendlab.disclosure.published import PUBLISHED_COLUMNS, WITHHELD_NOTE
from sendlab.measures import publishable
from sendlab.metrics.cards import card, cards, widest
from sendlab.metrics.publication import broken_down_by, published_measures
from sendlab.schema.measures import MEASURE_KEY

KEY = list(MEASURE_KEY)
RESULTS = ("numerator", "value", "lower", "upper", "comparator_value")
BASES = ("base_subjects", "denominator", "eligible_subjects")
PEOPLE, WITHOUT = pl.col("with_subjects"), pl.col("n") - pl.col("with_subjects")
OWN = pl.col("geographic_level") != "National"
BROKEN_DOWN = broken_down_by()
FIGURE = OWN & (pl.col("comparator") == "")
OF_KIND = {kind: [name for name, card in cards().items() if card.kind == kind] for kind in ("share", "events", "sum")}
SHARES = OF_KIND["share"]


@pytest.fixture(scope="module")
def opened(sample_workspace):
    return open_workspace(sample_workspace)


@pytest.fixture(scope="module")
def truth(opened):
    return publishable(opened.own_view().rows)


@pytest.fixture(scope="module")
def exact(opened):
    """All figures, what only schools know of themselves included."""
    return opened.own_view().rows.filter(FIGURE)


@pytest.fixture(scope="module")
def published(opened):
    return opened.published(every_table=True)


@pytest.fixture(scope="module")
def both(published, truth):
    """Published figures of schools and the LA beside the true counts `n`, `with_subjects` and `x`."""
    exact = truth.select(*KEY, "with_subjects", n="base_subjects", x="numerator", was="status")
    joined = published.rows.filter(FIGURE).join(exact, on=KEY)
    assert joined.height == truth.filter(FIGURE).height
    return joined


def given_away(rows, truth, readers=None):
    """What an outsider, and every school unless readers are named, can work out of rows for the board."""
    return audit([Edition(rows.select(PUBLISHED_COLUMNS), "board", 5)], truth, readers=readers).findings


def test_the_sample_as_published_holds_against_an_outsider_and_every_school(published, exact):
    schools = exact.filter(geographic_level="School")["place_code"].n_unique()
    found = attacked([Edition(published.rows, published.audience, published.threshold)], exact)
    assert found.findings == () and found.undecided == 0
    judged = dict(found.judged.group_by("reader").agg(pl.col("counts").sum()).iter_rows())
    assert schools > 5 and min(judged["outsider"], judged["schools"]) > 2000


def test_an_attack_by_two_processes_finds_the_same(published, exact, monkeypatch):
    """A figure that was hidden is shown, so that there is something to be found."""
    monkeypatch.setattr(readers, "WORTH_PROCESSES", 1)
    people = exact.filter(pl.col("with_subjects").is_between(1, 4), geographic_level="School", comparator="")
    one = people.filter(pl.col("measure") == "persistent_absence").select(KEY)[0]
    told = published.rows.join(exact.join(one, on=KEY).select(*KEY, true="value"), on=KEY, how="left")
    told = told.with_columns(pl.coalesce("true", "value").alias("value")).drop("true").select(PUBLISHED_COLUMNS)
    edition = Edition(told, published.audience, published.threshold)
    alone, shared = (attacked([edition], exact, jobs=jobs) for jobs in (1, 2))
    assert len(alone.failures) > 0
    assert shared.findings == alone.findings and shared.judged.equals(alone.judged)
    assert shared.narrowest.equals(alone.narrowest)


def test_no_hidden_row_shows_a_result_and_no_hidden_base_a_count(published):
    hidden = published.rows.filter(OWN, pl.col("status") == "c")
    assert hidden.height > 500
    assert hidden.select(pl.col(name).count() for name in RESULTS).row(0) == (0,) * len(RESULTS)
    assert hidden.filter(pl.col("comparator") != "").select(pl.col(name).count() for name in BASES).row(0) == (0, 0, 0)
    no_base = hidden.filter(pl.col("base_subjects").is_null())
    assert no_base.select(pl.col(name).count() for name in BASES).row(0) == (0, 0, 0)
    with_base = hidden.filter(pl.col("base_subjects").is_not_null())["measure"].unique().to_list()
    assert set(with_base) <= {*OF_KIND["share"], *OF_KIND["events"], *OF_KIND["sum"]}


def test_no_small_count_or_complement_is_in_sight(both):
    of_people = pl.col("measure").is_in([name for name in published_measures() if card(name).of_people])
    counts = pl.col("measure").is_in([*SHARES, *OF_KIND["events"]])
    counted = both.filter(counts, of_people, pl.col("numerator").is_not_null())
    assert counted.height > 300
    assert counted.filter(PEOPLE.is_between(1, 4) | WITHOUT.is_between(1, 4)).is_empty()
    small = both.filter(of_people, pl.col("n").is_between(1, 4))
    assert small.height > 30 and small.filter(pl.col("base_subjects").is_not_null()).is_empty()


def test_groups_of_nobody_and_benchmarks_stand_as_they_came(published, truth):
    nobody = FIGURE & (pl.col("base_subjects") == 0) & (pl.col("eligible_subjects").fill_null(0) == 0)
    for rows in (nobody, ~OWN):
        came = truth.filter(rows).select(PUBLISHED_COLUMNS).sort(KEY)
        stands = published.rows.join(came.select(KEY), on=KEY, how="semi").sort(KEY)
        assert came.height > 20
        assert stands.equals(came)
    assert set(truth.filter(nobody)["status"]) == {"z"}


def test_bases_with_the_same_people_who_could_be_in_them_are_linked_on_their_cards(truth):
    """What one of them says of those who could count, another one's base would be subtracted from."""
    base = {name: about.base for name, about in cards().items() if about.of_people and about.says_eligible}
    cell = [name for name in KEY if name != "measure"]
    told = truth.filter(FIGURE, pl.col("eligible_subjects") > 0, pl.col("measure").is_in(list(base)))
    told = told.with_columns(base=pl.col("measure").replace_strict(base, return_dtype=pl.String))
    once = told.unique(["base", *cell]).select("base", *cell, n="eligible_subjects")
    pairs = once.join(once, on=cell, suffix="_other").filter(pl.col("base") < pl.col("base_other"))
    alike = pairs.group_by("base", "base_other").agg(cells=pl.len(), same=(pl.col("n") == pl.col("n_other")).mean())
    alike = alike.filter(pl.col("cells") >= 20, pl.col("same") > 0.9)
    assert alike.height >= 3
    assert all(widest(one) == widest(other) for one, other in alike.select("base", "base_other").iter_rows()), alike


def test_those_who_took_part_and_could_not_be_compared_hide_those_left_out_at_the_la(published, truth):
    """A whole school takes part: nobody there to compare with, so its number less the LA's base is who was left out."""
    alone = truth.filter(FIGURE, pl.col("base_subjects") == 0, pl.col("eligible_subjects") > 0)
    assert set(alone["status"]) == {"x"} and alone.height == 4
    key = ["measure", "time_period", "item"]
    left_out = pl.col("eligible_subjects") - pl.col("base_subjects")
    la = truth.filter(FIGURE, geographic_level="Local authority").select(*key, few=left_out.is_between(1, 4))
    shown = published.rows.join(alone.select(KEY), on=KEY, how="semi").join(la, on=key)
    assert set(shown["few"]) == {True, False}
    assert shown.filter("few")["eligible_subjects"].null_count() == shown.filter("few").height
    assert shown.filter(~pl.col("few"))["eligible_subjects"].null_count() == 0
    assert shown.select(pl.col(name).count() for name in RESULTS).row(0)[1:] == (0,) * 4


def test_good_news_is_shown_wherever_its_base_is(both):
    low = [name for name in (*SHARES, *OF_KIND["events"]) if cards()[name].polarity == "low"]
    high = [name for name in SHARES if cards()[name].polarity == "high"]
    good = (pl.col("measure").is_in(low) & (PEOPLE == 0)) | (pl.col("measure").is_in(high) & (WITHOUT == 0))
    seen = both.filter(good, pl.col("base_subjects") > 0)
    assert seen.height > 50
    assert seen["numerator"].equals(seen["x"], check_names=False)


def test_no_measure_is_withheld_and_most_of_each_is_open_at_the_la(both, published):
    assert WITHHELD_NOTE not in set(published.rows["note"])
    of_people = pl.col("measure").is_in([name for name in published_measures() if card(name).of_people])
    assert hidden_summary(published).filter(of_people)["shown"].min() > 0  # of few schools there are counts only
    la = both.filter(pl.col("geographic_level") == "Local authority", BROKEN_DOWN == "")
    hidden = la.filter(pl.col("status") == "c")
    own_count = PEOPLE.is_between(1, 4) | WITHOUT.is_between(1, 4) | pl.col("n").is_between(1, 4)
    assert hidden.select(own_count.all()).item()  # the whole authority's figure is no cover
    assert 8 * hidden.height < la.filter(pl.col("n") > 0).height


def test_the_order_of_rows_does_not_matter(published, truth):
    linked = ["ks2_rwm_expected", "ks2_writing_gap", "ks2_reading_progress", "ks2_mathematics_progress"]
    some = {"measure": linked, "time_period": "202526"}
    chosen = truth.filter(pl.col("measure").is_in(some["measure"]), pl.col("time_period") == some["time_period"])
    shuffled = chosen.sample(fraction=1.0, shuffle=True, seed=20250901)
    again = publish(shuffled, run_id=published.run_id).rows
    assert again.sort(KEY).equals(published.where(**some).rows.sort(KEY))


def test_every_cover_of_an_la_figure_is_needed_and_the_audit_finds_it_gone(both, published, exact):
    la = both.filter(pl.col("geographic_level") == "Local authority", pl.col("status") == "c")
    share = la.filter(pl.col("measure").is_in(SHARES), pl.col("base_subjects").is_not_null())
    cover = share.filter(PEOPLE >= 5, WITHOUT >= 5).sort(KEY)
    assert cover.height >= 2
    for row in cover.iter_rows(named=True):
        table = {name: row[name] for name in ("measure", "time_period")}
        here = pl.all_horizontal(pl.col(name) == row[name] for name in KEY)
        rows = published.where(**table).rows.with_columns(
            numerator=pl.when(here).then(pl.lit(row["x"])).otherwise(pl.col("numerator")),
            status=pl.when(here).then(pl.lit("")).otherwise(pl.col("status")),
        )
        assert attacked([Edition(rows.select(PUBLISHED_COLUMNS), "board", 5)], exact.filter(**table)).findings != ()


def test_a_base_shown_again_is_found(both, published, truth):
    bare = both.filter(pl.col("base_subjects").is_null(), pl.col("n") >= 5, pl.col("measure") == "ks2_writing_gap")
    cover = bare.filter(pl.col("geographic_level") == "Local authority").sort(KEY).row(0, named=True)
    table = {name: cover[name] for name in ("measure", "time_period")}
    here = pl.all_horizontal(pl.col(name) == cover[name] for name in KEY)
    shown = pl.when(here).then(pl.lit(cover["n"])).otherwise(pl.col("base_subjects"))
    rows = published.where(**table).rows.with_columns(base_subjects=shown)
    assert {finding.what for finding in given_away(rows, truth.filter(**table), "outsider")} >= {"base"}


@pytest.mark.parametrize("measure", ["suspended_once_or_more", "ks2_rwm_expected"])
def test_figures_published_without_protection_give_small_counts_away(measure, truth):
    chosen = truth.filter(measure=measure, time_period="202526")
    found = given_away(chosen, chosen, "outsider")
    known = {(finding.place_code, finding.group) for finding in found
             if finding.what == "people" and finding.least == finding.most}  # fmt: skip
    n = pl.col("base_subjects")
    small = chosen.filter(FIGURE, n >= 5, PEOPLE.is_between(1, 4))
    assert small.height > 5
    assert {(row["place_code"], group_words(row)) for row in small.iter_rows(named=True)} <= known


def test_hiding_small_counts_alone_is_undone_by_subtraction(truth):
    chosen = truth.filter(measure="suspended_once_or_more", time_period="202526")
    n, rest = pl.col("base_subjects"), pl.col("base_subjects") - PEOPLE
    small = PEOPLE.is_between(1, 4) | rest.is_between(1, 4) | n.is_between(1, 4)
    rows = chosen.filter(FIGURE).with_columns(
        *(pl.when(~small).then(pl.col(name)).alias(name) for name in RESULTS),
        *(pl.when(~n.is_between(1, 4)).then(pl.col(name)).alias(name) for name in BASES),
        status=pl.when(small).then(pl.lit("c")).otherwise(pl.col("status")),
    )
    found = given_away(rows, chosen.filter(FIGURE), "outsider")
    assert any(finding.least == finding.most for finding in found)


def test_audit_tells_what_each_audience_sees_and_how_it_falls(own_sample, opened, published):
    log = with_release(no_releases(), published, "2026-09-01")
    log = pl.concat([log, log.head(100).with_columns(status=pl.lit("c"), released=pl.lit("2026-12-01"))])
    store.write_table(own_sample / "releases", "board", log)
    done = CliRunner().invoke(main, ["audit", "--json", "--workspace", str(own_sample)])
    told = json.loads(done.output)
    assert (done.exit_code, told["findings"]) == (0, [])
    figures = published.rows.filter(FIGURE, ~pl.col("status").is_in(["x", "z"]))
    assert {row["measure"] for row in told["visible"]} == set(figures["measure"])
    for row in told["visible"]:
        mine = figures.filter(measure=row["measure"])
        assert row["cells"] == mine.height
        assert row["board"] == pytest.approx(100 * (mine["status"] != "c").mean(), abs=0.051)
    first, last = (row["percent_visible"] for row in told["releases"])
    assert first == visible_share(published) > last
    lines = CliRunner().invoke(main, ["audit", "--workspace", str(own_sample)]).output
    assert "visible to the board, release by release: 2026-09-01" in lines
    assert "100.0 to schools of their own figures" in lines
    assert {row["own"] for row in told["visible"]} <= {100.0, None}
    own = opened.published(place="900101", audience="school", every_table=True).rows
    assert "c" not in set(own.filter(FIGURE, pl.col("place_code") == "900101")["status"])
