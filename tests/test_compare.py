"""Gaps to a named comparator: worked numbers, which benchmark is taken, and what is planted in the sample."""

import json
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hand_made import ELM, OAK, facts

from sendlab import metrics
from sendlab.build import open_workspace
from sendlab.compare import NATIONAL, NO_SEN, gap_rows
from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import REST
from sendlab.schema import MEASURE_COLUMNS, as_measures
from sendlab.schema.measures import GROUPS, MEASURE_KEY
from sendlab.sessions import scan_sessions
from sendlab.stats.intervals import clustered_events, difference, newcombe

LA, SCHOOL = "Local authority", "School"


def gap(rows, comparator, provision="SEN support", need="Total", **equals):
    """The one gap row asked for, as a dict."""
    got = rows.filter(comparator=comparator, sen_provision=provision, need_area=need, **equals)
    assert got.height == 1, got
    return got.row(0, named=True)


def absent(counts, **common):
    """Pupils of whom x are persistently absent and n - x never absent, for each {provision: (x, n)}."""
    rows = [
        {"possible": 100, "missed": 10 * (k < x), "sen_provision": provision}
        for provision, (x, n) in counts.items()
        for k in range(n)
    ]
    return facts(*rows, **common)


def persistent(frame):
    return metrics.persistent_absence(frame)


# ---- to pupils without SEN


def test_gap_of_two_shares_has_newcombes_interval():
    """56 of 70 (80 %) on SEN support, 48 of 80 (60 %) with no SEN: 20 points (5.2431, 33.3873)."""
    figures = persistent(absent({"SEN support": (56, 70), "No SEN": (48, 80)}))
    row = gap(gap_rows(figures), NO_SEN, geographic_level=LA)
    assert row["value"] == pytest.approx(20.0)
    assert (row["lower"], row["upper"]) == pytest.approx((5.2431, 33.3873), abs=5.1e-5)
    assert (row["comparator_value"], row["comparator_period"]) == (60.0, "202526")
    assert (row["unit"], row["status"], row["numerator"]) == ("percentage points", "", None)


def test_gaps_are_for_pupils_with_sen_at_every_place_and_never_of_no_sen_to_itself():
    counts = {"EHC plan": (5, 8), "SEN support": (3, 9), "No SEN": (1, 20), "Not recorded": (1, 4)}
    figures = persistent(pl.concat([absent(counts, **ELM), absent(counts, **OAK)]))
    rows = gap_rows(figures).filter(comparator=NO_SEN)
    assert set(rows["sen_provision"]) == {"EHC plan", "SEN support"}
    assert sorted(rows["place_code"].unique()) == ["100001", "100002", "999"]
    assert rows.height == 6
    assert dict(rows.schema) == MEASURE_COLUMNS


def test_gap_of_rates_of_sessions_comes_from_both_limits():
    figures = metrics.absence(absent({"SEN support": (5, 9), "No SEN": (4, 30)}))
    side = {r["sen_provision"]: r for r in figures.filter(geographic_level=LA).iter_rows(named=True)}
    row = gap(gap_rows(figures), NO_SEN, geographic_level=LA)
    names = ("value", "lower", "upper")
    lower, upper = difference(*(side[p][n] for p in ("SEN support", "No SEN") for n in names))
    assert (row["lower"], row["upper"]) == pytest.approx((float(lower), float(upper)))
    assert row["value"] == pytest.approx(50 / 9 - 40 / 30)  # 50 of 900 sessions, 40 of 3,000


def test_gap_of_suspension_rates_keeps_its_unit():
    """4 suspensions of one of 8 pupils against 1 in 40: 50 - 2.5 per 100."""
    here = [{"events": 4 * (n == 0), "sen_provision": "SEN support"} for n in range(8)]
    there = [{"events": int(n == 0), "sen_provision": "No SEN"} for n in range(40)]
    row = gap(gap_rows(metrics.suspension_rate(facts(*here, *there))), NO_SEN, geographic_level=LA)
    assert (row["value"], row["unit"]) == (pytest.approx(47.5), "per 100 pupils")
    sides = [(g, *(100 * float(v[0]) for v in clustered_events(*c)))
             for g, c in ((50, (4, 8, 16)), (2.5, (1, 40, 1)))]  # fmt: skip
    assert (row["lower"], row["upper"]) == pytest.approx([float(v) for v in difference(*sides[0], *sides[1])])


def test_swapping_the_groups_negates_the_gap():
    first = persistent(absent({"SEN support": (9, 20), "No SEN": (11, 50)}))
    second = persistent(absent({"SEN support": (11, 50), "No SEN": (9, 20)}))
    one, other = (gap(gap_rows(f), NO_SEN, geographic_level=LA) for f in (first, second))
    assert (one["value"], one["lower"], one["upper"]) == pytest.approx(
        (-other["value"], -other["upper"], -other["lower"])
    )


# ---- to the authority without the school


def three_schools():
    """Groups and needs in three schools."""
    ash = {"school_id": "9991003", "place_code": "100003", "place_name": "Ash", "education_phase": "Secondary"}
    sizes = ((ELM, (4, 9)), (OAK, (3, 14)), (ash, (6, 7)))
    parts = [
        absent({"EHC plan": (k, n), "SEN support": (k + 1, n + 5), "No SEN": (k, 3 * n)}, **place)
        for place, (k, n) in sizes
    ]
    rows = pl.concat(parts)
    areas = pl.Series("need_area", ["Cognition and learning", "Sensory and/or physical"] * rows.height)
    return rows.with_columns(areas.head(rows.height))


def test_authority_without_the_school_is_what_is_measured_without_it():
    everyone = three_schools()
    rows = gap_rows(persistent(everyone))
    for place in ("100001", "100002", "100003"):
        own = persistent(everyone).filter(geographic_level=SCHOOL, place_code=place)
        without = persistent(everyone.filter(pl.col("place_code") != place)).filter(geographic_level=LA)
        assert own.height == 7  # total, three groups, all SEN, two areas
        for figure in own.iter_rows(named=True):
            group = {"sen_provision": figure["sen_provision"], "need_area": figure["need_area"]}
            rest = without.filter(**group).row(0, named=True)
            row = gap(rows, REST, figure["sen_provision"], figure["need_area"], place_code=place)
            assert row["comparator_value"] == pytest.approx(rest["value"])
            assert row["value"] == pytest.approx(figure["value"] - rest["value"])
            counts = (side[name] for side in (figure, rest) for name in ("numerator", "denominator"))
            expected = [100 * float(v) for v in newcombe(*counts)]
            assert (row["lower"], row["upper"]) == pytest.approx(expected)


def test_authority_has_no_gap_to_itself_and_a_group_of_one_school_none_to_nobody():
    """Pupils with EHC plans are at Elm alone: nothing to compare them with, and no figure."""
    rows = gap_rows(persistent(pl.concat([absent({"EHC plan": (2, 5)}, **ELM), absent({"No SEN": (1, 9)}, **OAK)])))
    assert set(rows.filter(comparator=REST)["geographic_level"]) == {SCHOOL}
    row = gap(rows, REST, "EHC plan", place_code="100001")
    assert (row["value"], row["lower"], row["upper"], row["comparator_value"]) == (None, None, None, None)
    assert row["status"] == "z"


# ---- to the same group nationally


def benchmark(value, year="202425", provision="SEN support", phase="Total", identifier="Academic year", **more):
    row = {
        "measure": "persistent_absence", "time_period": year, "time_identifier": identifier, "method": "published",
        "geographic_level": "National", "place_code": "E92000001", "place_name": "England", "education_phase": phase,
        "sen_provision": provision, "value": value, "unit": "% of pupils",
    }  # fmt: skip
    return as_measures(pl.DataFrame([{**row, **more}]))


FIGURES = persistent(absent({"EHC plan": (4, 10), "SEN support": (6, 20), "No SEN": (3, 60)}, **ELM))


def to_national(*benchmarks):
    return gap_rows(pl.concat([FIGURES, *benchmarks])).filter(comparator=NATIONAL)


def test_gap_to_the_published_figure_has_the_own_limits_only():
    """30 % against 26.5 %: 3.5 points; limits are Wilson's of 6/20 (14.5476, 51.8980) less 26.5."""
    row = gap(to_national(benchmark(26.5)), NATIONAL, geographic_level=LA)
    assert row["value"] == pytest.approx(3.5)
    assert (row["lower"], row["upper"]) == pytest.approx((14.5476 - 26.5, 51.8980 - 26.5), abs=1e-3)
    assert (row["comparator_value"], row["comparator_period"]) == (26.5, "202425")
    assert "published" in row["method"]


def test_same_group_only():
    rows = to_national(benchmark(26.5), benchmark(40.1, provision="EHC plan"))
    assert set(rows["sen_provision"]) == {"EHC plan", "SEN support"}
    assert gap(rows, NATIONAL, "EHC plan", geographic_level=LA)["comparator_value"] == 40.1


@pytest.mark.parametrize(
    ("year", "compared"), [("202526", 1), ("202425", 1), ("202324", 1), ("202223", 0), ("202627", 0)]
)
def test_benchmark_may_be_two_years_old_and_not_three_and_not_of_the_future(year, compared):
    rows = to_national(benchmark(26.5, year=year)).filter(geographic_level=LA)
    assert rows.height == compared
    assert rows["comparator_period"].to_list() == [year] * compared


def test_latest_benchmark_is_taken():
    rows = to_national(benchmark(20.0, year="202324"), benchmark(21.0, year="202425"), benchmark(9.0, year="201819"))
    row = gap(rows, NATIONAL, geographic_level=LA)
    assert (row["comparator_value"], row["comparator_period"]) == (21.0, "202425")


@pytest.mark.parametrize("order", [1, -1])
def test_schools_are_compared_within_their_phase_where_there_is_one(order):
    bench = [benchmark(20.0), benchmark(15.0, phase="Primary"), benchmark(30.0, phase="Secondary")][::order]
    rows = to_national(*bench)
    assert gap(rows, NATIONAL, geographic_level=SCHOOL)["comparator_value"] == 15.0
    assert gap(rows, NATIONAL, geographic_level=LA)["comparator_value"] == 20.0
    older = to_national(benchmark(20.0), benchmark(15.0, phase="Primary", year="202324"))
    assert gap(older, NATIONAL, geographic_level=SCHOOL)["comparator_period"] == "202324"
    only_other = to_national(benchmark(30.0, phase="Secondary"))
    assert only_other.is_empty()


@pytest.mark.parametrize(
    "other", [{"identifier": "Autumn and spring term"}, {"measure": "severe_absence"}, {"need_area": "Other"}]
)
def test_another_part_of_the_year_measure_or_need_is_no_comparator(other):
    assert to_national(benchmark(26.5, **other)).is_empty()


def test_published_values_are_passed_on_as_they_are():
    value = 26.123456789
    rows = to_national(benchmark(value, numerator=1.0, denominator=3.0))
    assert gap(rows, NATIONAL, geographic_level=LA)["comparator_value"] == value


# ---- what is not there


def test_side_without_a_value_gives_the_sides_symbol():
    """The comparator is suppressed; then the group itself."""
    for hidden in ("No SEN", "SEN support"):
        mask = pl.col("sen_provision") == hidden
        figures = FIGURES.with_columns(
            *(pl.when(~mask).then(name).alias(name) for name in ("value", "lower", "upper", "numerator")),
            pl.when(mask).then(pl.lit("c")).otherwise("status").alias("status"),
        )
        row = gap(gap_rows(figures), NO_SEN, geographic_level=LA)
        assert (row["value"], row["lower"], row["upper"], row["status"]) == (None, None, None, "c"), hidden


def test_benchmark_that_was_suppressed_is_no_number():
    rows = to_national(benchmark(None, status="c"))
    row = gap(rows, NATIONAL, geographic_level=LA)
    names = ("value", "lower", "upper", "comparator_value", "status")
    assert tuple(row[name] for name in names) == (None, None, None, None, "c")


def test_no_figures_no_gaps():
    assert gap_rows(FIGURES.clear()).is_empty()


def test_gaps_have_unique_keys_whatever_the_order_of_rows():
    everyone = persistent(three_schools())
    bench = benchmark(20.0)
    there = gap_rows(pl.concat([everyone, bench])).sort(MEASURE_KEY)
    back = gap_rows(pl.concat([everyone, bench]).reverse()).sort(MEASURE_KEY)
    assert there.equals(back)
    assert not there.select(MEASURE_KEY).is_duplicated().any()


# ---- what is planted in the sample, found by the measures (own view: nothing hidden, nothing rounded)

TRUTHS = json.loads((Path(__file__).parents[1] / "data" / "sample" / "truth.json").read_text(encoding="utf-8"))
CASES = [(truth, period) for truth in TRUTHS for period in truth["time_periods"]]


@pytest.fixture(scope="module")
def opened(sample_workspace):
    return open_workspace(sample_workspace)


# The year as a whole, and no breakdown but those that a truth names.
WHOLE = {"time_identifier": "Academic year", **dict.fromkeys(GROUPS, "Total")}


@cache
def years(opened):
    """The own view of whole years, without breakdowns that no truth names: some rows of very many."""
    names = {"sen_provision", "need_area", "item"}
    return opened.own_view().where(**{name: value for name, value in WHOLE.items() if name not in names})


def figure(opened, truth, period, **other):
    """The one row of the own view that a truth names."""
    keys = ("measure", "place_code", "sen_provision", "need_area", "item", "comparator")
    named = {**WHOLE, **{name: truth[name] for name in keys}, **other}
    rows = years(opened).where(time_period=period, **named).rows
    assert rows.height == 1
    return rows.row(0, named=True)


def seen(opened, truth, period):
    """(value, lower, upper) of the figure or gap; a rating as its distance from what its truth is told beside."""
    row = figure(opened, truth, period)
    if "beside" not in truth:
        return row["value"], row["lower"], row["upper"]
    assert truth["beside"] == "mean of the other schools"
    same = {name: row[name] for name in ("measure", "time_period", "time_identifier", *GROUPS)}
    others = years(opened).where(geographic_level=SCHOOL, comparator="", **same).rows
    others = others.filter(pl.col("place_code") != row["place_code"])["value"]
    assert others.len() == 8
    return row["value"] - others.mean(), None, None


def test_truths_say_how_they_can_be_seen():
    assert {truth["shown_by"] for truth in TRUTHS} == set(SHOWN_BY)
    for truth in TRUTHS:
        sized = truth["shown_by"] in ("each year's figure", "the years together")
        assert sized == (truth["size"] is not None) == (truth["seed_sd"] is not None)
        assert truth["time_periods"] == sorted(set(truth["time_periods"])) != []
        assert (truth["status"] != "") == (truth["shown_by"] == "status")


@pytest.mark.parametrize(("truth", "period"), CASES, ids=[f"{t['truth']} {p}" for t, p in CASES])
def test_planted_truths_are_found(opened, truth, period):
    """What truth.json says of each year: a size, a status, figures of schools, or tables in which to look."""
    SHOWN_BY[truth["shown_by"]](opened, truth, period)


def by_size(opened, truth, period):
    """Within three standard deviations over seeds of what was planted; where one year suffices, seen for what it is."""
    value, lower, upper = seen(opened, truth, period)
    assert abs(value - truth["size"]) < 3 * truth["seed_sd"]
    if truth["shown_by"] == "the years together":
        return
    sign = {"higher": 1, "lower": -1, "none": 0}[truth["direction"]]
    assert sign == 0 or sign * value > 0
    if lower is not None:
        assert (lower > 0, upper < 0) == (sign == 1, sign == -1)


def by_status(opened, truth, period):
    row = figure(opened, truth, period)
    assert (row["value"], row["status"]) == (None, truth["status"])
    assert "no KS1 starting point" in row["note"]


def by_schools(opened, truth, period):
    """Nothing but noise: rates far apart, and yet no school's interval clear of another's."""
    rows = pl.DataFrame([figure(opened, truth, period, place_code=code) for code in truth["schools"]])
    assert rows.height == 4
    assert rows["value"].max() > 3 * rows["value"].min()
    assert rows["lower"].max() < rows["upper"].min()


def by_tables(opened, truth, period):
    """Hardly a suspension; and the marks that hide it, in the counts of codes and in the sessions themselves."""
    assert (truth["direction"], truth["tables"]) == ("hidden", ["attendance_codes", "sessions"])
    assert figure(opened, truth, period, measure="suspended_once_or_more")["with_subjects"] <= 1
    assert figure(opened, truth, period)["value"] < figure(opened, truth, period, place_code="999")["value"] / 5
    group = opened.facts().filter(
        pl.col("sen_provision").is_in(["EHC plan", "SEN support"]), time_period=period, need_area=truth["need_area"]
    )
    group = group.select("pupil_id", "school_id", "place_code")
    marked, present = pl.col("attendance_code").is_in(truth["codes"]), pl.col("attendance_code").is_in(["/", "\\"])
    counted = opened.table("attendance_codes").filter(time_period=period).join(group, on=["pupil_id", "school_id"])
    shares = counted.group_by("place_code").agg(
        share=pl.col("sessions").filter(marked).sum() / pl.col("sessions").filter(marked | present).sum()
    )
    shares = dict(shares.iter_rows())
    assert shares.pop(truth["place_code"]) == pytest.approx(truth["share_when_present"], abs=0.03)
    assert len(shares) == 7 and max(shares.values()) < truth["share_when_present"] / 2
    here = group.filter(place_code=truth["place_code"])
    marks = scan_sessions(opened.workspace.store, here["school_id"][0]).filter(
        pl.col("attendance_code").cast(pl.String).is_in(truth["codes"]), period_of_date("session_date") == period
    )
    afternoon, friday = pl.col("session") == "PM", pl.col("session_date").dt.weekday() == 5
    habit = marks.select("pupil_id", late=afternoon, friday=afternoon & friday).collect()
    theirs, others = (habit.join(here, on="pupil_id", how=how).mean() for how in ("semi", "anti"))
    assert theirs["late"][0] > 2 / 3 > others["late"][0]
    assert theirs["friday"][0] > 0.5 > 2 * others["friday"][0]


SHOWN_BY = {
    "each year's figure": by_size,
    "the years together": by_size,
    "status": by_status,
    "figures of the schools": by_schools,
    "tables": by_tables,
}


@pytest.mark.parametrize(
    "truth", [t for t in TRUTHS if t["shown_by"] == "the years together"], ids=lambda t: t["truth"]
)
def test_truths_too_small_for_one_year_show_in_all_years_together(opened, truth):
    """The mean of the years lies within three standard errors of the size, on its side of nought."""
    values = [seen(opened, truth, period)[0] for period in truth["time_periods"]]
    mean = sum(values) / len(values)
    assert len(values) == 3
    assert abs(mean - truth["size"]) < 3 * truth["seed_sd"] / len(values) ** 0.5
    assert mean * truth["size"] > 0 and abs(mean) > abs(truth["size"]) / 2


def test_order_of_schools_that_differ_by_chance_changes(opened):
    (truth,) = (t for t in TRUTHS if t["shown_by"] == "figures of the schools")
    highest = [
        max(truth["schools"], key=lambda code: figure(opened, truth, period, place_code=code)["value"])
        for period in truth["time_periods"]
    ]
    assert len(set(highest)) > 1
