"""Measures put together: what may be published, one row a figure, a line for what is missing, sorted, within budget."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hand_made import tables
from polars.testing import assert_frame_equal

from sendlab import store
from sendlab.budget import MEGABYTES, ROWS, SCHOOLS, within_budget, within_budget_on_disk
from sendlab.build import open_workspace
from sendlab.compare import NATIONAL, NO_SEN, REST
from sendlab.errors import WorkspaceProblem
from sendlab.facts import make_facts
from sendlab.measures import make_inputs, make_measures, publishable, with_texts
from sendlab.measures.assembled import SCHOOL_YEARS, _recent
from sendlab.measures.inputs import READ
from sendlab.metrics import cards
from sendlab.metrics.nobody import NOT_COLLECTED
from sendlab.metrics.publication import published_measures
from sendlab.schema.measures import GROUPS, MEASURE_COLUMNS, MEASURE_KEY, as_measures
from sendlab.workspace import Workspace, find_workspace

LA, SCHOOL, OTHERS = "Local authority", "School", "LA without this school"
PLACE = Workspace(Path(), "999", "Trialshire (invented)", Path(), Path(), Path(), "sample")
AUTUMN, SPRING = "Autumn term", "Spring term"


def of_tables(given: Mapping[str, pl.DataFrame], workspace: Workspace = PLACE) -> pl.DataFrame:
    """All measures of some tables, with texts."""
    made = make_facts(given, la_code=workspace.la_code, la_name=workspace.la_name)
    return with_texts(make_measures(make_inputs(made, dict(given), workspace)))


# ---- what may be published


def row(measure="absence", **more):
    usual = {"measure": measure, "time_period": "202526", "time_identifier": "Academic year", "place_code": "100001",
             "geographic_level": SCHOOL, "place_name": "Elm", "sen_provision": "EHC plan", "value": 5.0}  # fmt: skip
    return {**usual, **more}


def let_through(*rows):
    """Which of the rows may be published, as true or false."""
    named = [{**one, "place_name": str(number)} for number, one in enumerate(rows)]
    shown = publishable(as_measures(pl.DataFrame(named, infer_schema_length=None)))
    return [str(number) in set(shown["place_name"]) for number in range(len(rows))]


def test_tables_by_provision_and_by_need_of_the_year_are_published_with_the_usual_comparisons():
    usual = [row(comparator=name) for name in ("", NO_SEN, REST, NATIONAL)]
    need = row(sen_provision="All SEN", need_area="Cognition and learning")
    assert all(let_through(*usual, need, row("intervention_gain", item="Story Bridge", sen_provision="Total")))


@pytest.mark.parametrize("name", [name for name in cards() if name not in published_measures()])
def test_a_measure_whose_card_is_not_published_never_is(name):
    assert let_through(row(name)) == [False]


BY_THEMSELVES = ("sen_provision", "need_area", "sex", "fsm_status", "item")


@pytest.mark.parametrize("column", [name for name in GROUPS if name not in BY_THEMSELVES])
def test_a_breakdown_by_anything_else_never_is(column):
    assert let_through(row(**{column: "x"}), row(sen_provision="Total", **{column: "x"})) == [False, False]


@pytest.mark.parametrize("column", ["sex", "fsm_status"])
def test_sex_and_free_school_meals_are_by_themselves_and_crossed_with_provision_for_the_authority_alone(column):
    crossed, of_la = row(**{column: "x"}), row(geographic_level=LA, place_code="999", **{column: "x"})
    assert let_through(crossed, of_la, row(sen_provision="Total", **{column: "x"})) == [False, True, True]


@pytest.mark.parametrize("group", ["EHC plan", "SEN support", "No SEN", "Not recorded", "Total"])
def test_provision_crossed_with_need_never_is(group):
    assert let_through(row(sen_provision=group, need_area="Cognition and learning")) == [False]


@pytest.mark.parametrize(
    "comparator",
    ["No SEN (ratio)", "LA without this school (ratio)", "All pupils (overlapping)", "One year earlier",
     "Other schools of this phase", "Statistical neighbours", "England"],
)  # fmt: skip
def test_an_unusual_comparison_never_is(comparator):
    assert let_through(row(comparator=comparator)) == [False]


PARTS = (AUTUMN, SPRING, "Summer term", "Autumn half term 1", "Summer half term 2")


def test_a_part_of_a_year_never_is_beside_the_whole():
    """By subtraction it would tell of the rest; whichever order, place or comparison."""
    parts = [row(time_identifier=part, **more) for part in PARTS for more in ({}, {"comparator": NO_SEN},
             {"place_code": "100002"}, {"geographic_level": LA, "place_code": "999"})]  # fmt: skip
    assert let_through(*parts, row()) == [False] * len(parts) + [True]
    assert let_through(row(time_identifier="Autumn and spring term"), row()) == [False, True]


def test_schools_have_the_terms_of_an_open_year_and_the_authority_what_is_collected_of_it_too():
    parts = [row(time_identifier=part, **more) for part in (AUTUMN, SPRING, "Autumn half term 1")
             for more in ({}, {"comparator": NO_SEN}, {"geographic_level": LA, "place_code": "999"})]  # fmt: skip
    running = [row(time_identifier="Autumn and spring term", **more) for more in ({}, {"geographic_level": LA})]
    terms, half_term = [True, True, True], [False, False, True]
    assert let_through(*parts, *running) == [*terms, *terms, *half_term, False, True]


def test_a_half_term_never_is_beside_its_term():
    """A year of which only summer was returned, whole and in halves: the term is what there is of the year."""
    halves = [row(time_identifier=f"Summer half term {n}") for n in (1, 2)]
    assert let_through(*halves, row(time_identifier="Summer term")) == [False, False, True]


def test_what_a_year_has_does_not_decide_for_another_year_or_measure():
    others = [row(time_period="202425", time_identifier=AUTUMN), row("suspension_rate", time_identifier=AUTUMN)]
    assert let_through(row(), *others) == [True, True, True]


def test_a_benchmark_of_a_longer_period_takes_no_figure_away_and_its_own_part_stays():
    nation = row(geographic_level="National", place_code="E92000001", time_period="202526")
    assert let_through(nation, row(time_identifier=AUTUMN), row(time_identifier="Autumn half term 1")) == [
        True, True, False,
    ]  # fmt: skip


def test_a_table_by_need_of_which_some_is_not_collected_yet_never_is():
    """Wherever the open need stands: a school's, the authority's, or a comparison's; the table by provision stays."""
    need = {"sen_provision": "All SEN", "need_area": "Cognition and learning"}
    open_need = need | {"need_area": "Not yet collected"}
    whole, last_year = row(sen_provision="All SEN"), row(time_period="202425", **need)
    other = row("suspension_rate", **need)
    for where in ({}, {"place_code": "100002"}, {"geographic_level": LA, "place_code": "999"}, {"comparator": NO_SEN}):
        assert let_through(row(**open_need, **where), row(**need), row(comparator=NO_SEN, **need), whole, last_year,
                           other) == [False, False, False, True, True, True]  # fmt: skip


# ---- budget


def counted(rows):
    names = ["absence"] * (rows - 3) + ["ks2_subjects"] * 2 + ["severe_absence"]
    return pl.DataFrame({"measure": names[:rows]})


def test_more_rows_than_the_budget_stop_the_build_and_name_the_largest(monkeypatch):
    monkeypatch.setattr("sendlab.budget.ROWS", 100)
    within_budget(counted(100), SCHOOLS)
    within_budget(counted(100), 1)  # a small authority has the budget of 400 schools
    with pytest.raises(WorkspaceProblem, match=r"101 measure rows .* 100 allowed for 400 schools") as fault:
        within_budget(counted(101), SCHOOLS)
    assert "absence (98), ks2_subjects (2), severe_absence (1)" in str(fault.value)
    assert "cards" in fault.value.next_step


def test_a_larger_authority_gets_as_much_more(monkeypatch):
    monkeypatch.setattr("sendlab.budget.ROWS", 100)
    within_budget(counted(150), 600)
    with pytest.raises(WorkspaceProblem, match="allowed for 600 schools"):
        within_budget(counted(151), 600)


def test_a_larger_file_than_the_budget_stops_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr("sendlab.budget.MEGABYTES", 1)
    file = tmp_path / "measures.parquet"
    file.write_bytes(b"x" * 1_000_000)
    assert within_budget_on_disk(file, SCHOOLS) == 1.0
    file.write_bytes(b"x" * 1_100_001)
    with pytest.raises(WorkspaceProblem, match="1 MB, more than the 1 MB allowed for 400 schools"):
        within_budget_on_disk(file, SCHOOLS)
    assert within_budget_on_disk(file, 2 * SCHOOLS) == 1.1


def test_the_budget_is_that_of_the_issue():
    assert (SCHOOLS, ROWS, MEGABYTES) == (400, 6_000_000, 400)


# ---- little data


def census(pupil, term=SPRING, status="K"):
    return {"pupil_id": pupil, "school_id": "9991001", "time_period": "202526", "term": term, "sen_provision": status,
            "on_roll": True, "enrol_status": "C", "age_at_31_august": 9, "boarder": "N", "nc_year": "5"}  # fmt: skip


def event(pupil):
    return {"pupil_id": pupil, "school_id": "9991001", "start_date": date(2025, 10, 6), "category": "SUSP"}


@pytest.mark.parametrize("events", [[], [event("p1")]], ids=["a roll alone", "a roll and an event"])
def test_what_no_file_has_brought_is_said_once_and_never_0(events):
    """One line each for the LA; measures that are published have their grid as soon as any of them has a figure."""
    rows = of_tables(tables(pupils=[census(f"p{n}") for n in range(3)], suspensions=events))
    assert not rows.select(MEASURE_KEY).is_duplicated().any()
    about = cards()
    figures = rows.filter(comparator="")
    assert set(figures["measure"]) == set(about)
    for (measure,), some in figures.group_by("measure"):
        said = some.filter(pl.col("note") == NOT_COLLECTED)
        for name in ("value", "numerator", "denominator", "base_subjects", "with_subjects", "data_to"):
            assert said[name].null_count() == said.height, name
        if not said.is_empty() and not (measure in published_measures() and events):
            assert some.select("geographic_level", "place_code", "status").rows() == [(LA, "999", "x")], measure
    assert "ehc_within_20_weeks" in set(figures.filter(pl.col("note") == NOT_COLLECTED)["measure"])


# ---- the same whatever the order


def cut(tables_of_sample):
    """Two schools, two years and every twelfth pupil: small enough to be made twice."""
    schools = ["9992001", "9994002"]
    made = {}
    for name, rows in tables_of_sample.items():
        if "school_id" in rows.columns:
            rows = rows.filter(pl.col("school_id").is_in(schools) | pl.col("school_id").is_null())
        if "pupil_id" in rows.columns:
            some = rows["pupil_id"].unique().sort().gather_every(12)
            rows = rows.filter(pl.col("pupil_id").is_in(some.implode()))
        if "time_period" in rows.columns and name != "benchmarks":
            rows = rows.filter((pl.col("time_period") >= "202425").fill_null(True))
        made[name] = rows
    return made


@pytest.fixture(scope="module")
def sample_tables(sample_workspace):
    return {name: store.read_table(sample_workspace / "store", name) for name in READ}


def under_another_key(given):
    """The same tables with other ids of pupils, which lie in another order."""
    ids = pl.concat([rows["pupil_id"].cast(pl.String) for rows in given.values() if "pupil_id" in rows.columns])
    known = ids.drop_nulls().unique().sort()
    others = pl.Series([f"p{number:08}" for number in range(known.len())]).sample(fraction=1, shuffle=True, seed=3)
    return {
        name: rows.with_columns(pl.col("pupil_id").replace_strict(known, others, default=None))
        if "pupil_id" in rows.columns else rows
        for name, rows in given.items()
    }  # fmt: skip


def test_neither_order_of_rows_nor_ids_of_pupils_change_a_measure(sample_tables, sample_workspace):
    some, workspace = cut(sample_tables), find_workspace(sample_workspace)
    mixed = {name: rows.sample(fraction=1, shuffle=True, seed=7) for name, rows in under_another_key(some).items()}
    first, second = of_tables(some, workspace), of_tables(mixed, workspace)
    assert first.height > 10_000
    assert_frame_equal(first, second, rel_tol=1e-9, abs_tol=1e-9)  # and the rows' own order is the same


# ---- the sample's measures


@pytest.fixture(scope="module")
def built(sample_workspace):
    return open_workspace(sample_workspace)


@pytest.fixture(scope="module")
def measures(sample_workspace):
    return with_texts(pl.read_parquet(sample_workspace / "store" / "measures.parquet"))


def test_one_row_a_figure_in_the_declared_shape(measures):
    assert dict(measures.schema) == MEASURE_COLUMNS
    assert not measures.select(MEASURE_KEY).is_duplicated().any()
    assert set(measures["geographic_level"]) == {LA, SCHOOL, "National"}
    assert not measures.select(pl.col(pl.Float64).is_nan().any()).transpose()["column_0"].any()


def test_a_figure_is_missing_exactly_where_a_symbol_says_why(measures):
    odd = measures.filter(pl.col("value").is_null() != pl.col("status").is_in(["z", "x"]))
    assert odd.is_empty(), odd.select("measure", "status").unique()
    figures = measures.filter(comparator="")
    assert figures.filter(pl.col("value").is_null() & (pl.col("note") == "")).is_empty()
    assert set(figures["status"]) <= {"", "u", "x", "z"}


def test_every_card_has_rows_or_one_line_that_says_it_was_not_collected(measures):
    own = measures.filter((pl.col("comparator") == "") & (pl.col("geographic_level") != "National"))
    assert set(own["measure"]) == set(cards())
    said = own.filter(pl.col("note") == NOT_COLLECTED)
    counts = own.group_by("measure").agg(
        pl.len(), (pl.col("note") == NOT_COLLECTED).sum().alias("said"), pl.col("value").count().alias("figures")
    )
    unpublished = [name for name in cards() if name not in published_measures()]
    lines = counts.filter(pl.col("measure").is_in(unpublished) & (pl.col("said") > 0))
    assert lines.height > 0 and lines.filter((pl.col("said") != 1) | (pl.col("len") != 1)).is_empty()
    assert said["value"].null_count() == said["numerator"].null_count() == said.height


def test_rows_lie_by_place_and_in_order(measures):
    order = list(dict.fromkeys(["geographic_level", "place_code", *MEASURE_KEY]))
    assert measures.select(order).equals(measures.sort(order).select(order))
    runs = measures.select(pl.struct("geographic_level", "place_code").rle_id().max() + 1).item()
    assert runs == measures.select("geographic_level", "place_code").unique().height


def test_the_own_view_of_a_place_is_the_places_part_of_all(built, measures):
    whole = built.own_view().rows
    assert whole.height == measures.height
    for place in built.places()["place_code"]:
        own = built.own_view(place=place).rows
        assert own.height > 1000
        assert_frame_equal(own, whole.filter(pl.col("place_code") == place))
    with pytest.raises(WorkspaceProblem, match="no place has the code 'nowhere'"):
        built.own_view(place="nowhere")


def test_schools_keep_the_last_three_years_of_a_measure():
    years = [f"{y}{y - 1999}" for y in range(2019, 2026)]
    rows = [row(time_period=year, geographic_level=level) for year in years for level in (SCHOOL, OTHERS, LA)]
    rows += [row("suspension_rate", time_period=year) for year in years[:4]]  # a measure that ended in 2022/23
    kept = _recent(as_measures(pl.DataFrame(rows)))
    of = {level: kept.filter(measure="absence", geographic_level=level)["time_period"].to_list()
          for level in (SCHOOL, OTHERS, LA)}  # fmt: skip
    assert of == {SCHOOL: years[-3:], OTHERS: years[-3:], LA: years}
    assert kept.filter(measure="suspension_rate")["time_period"].to_list() == years[1:4]


def test_the_samples_schools_have_three_years_at_most(measures):
    own = measures.filter(geographic_level=SCHOOL, comparator="")
    assert own.group_by("measure").agg(pl.col("time_period").n_unique())["time_period"].max() == SCHOOL_YEARS


def test_published_rows_are_of_publishable_figures_alone(built, measures):
    """Nothing reaches protection that `publishable` did not let through, and nothing that it let through is lost."""
    shown = built.published(every_table=True).rows.select(MEASURE_KEY)
    allowed = publishable(measures).select(MEASURE_KEY)
    assert shown.join(allowed, on=MEASURE_KEY, how="anti").is_empty()
    assert allowed.join(shown, on=MEASURE_KEY, how="anti").is_empty()
    assert set(shown["measure"]) == set(published_measures())
    assert set(shown["comparator"]) <= {"", NO_SEN, REST, NATIONAL}
    own = shown.filter(pl.col("geographic_level") != "National")
    periods = own.group_by("measure", "time_period").agg(pl.col("time_identifier").n_unique().alias("parts"))
    assert periods["parts"].max() == 1


def test_benchmarks_alone_do_not_stand_for_figures_of_the_authority(sample_tables):
    """A nation's absence without a pupil's: the authority's own is still not collected, and says so."""
    little = tables(pupils=[census("p1")]) | {"benchmarks": sample_tables["benchmarks"]}
    rows = of_tables(little, replace(PLACE, la_code="999")).filter(measure="absence", comparator="")
    own = rows.filter(pl.col("geographic_level") != "National")
    assert rows.height > own.height == 1 and own["note"].to_list() == [NOT_COLLECTED]
