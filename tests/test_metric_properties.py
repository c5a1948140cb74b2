"""What holds for every metric, whatever the numbers: facts made up by hypothesis, other tables from the sample.

Metrics are found by looking (every_metric.py), so a new one is held to these properties as soon as it is there.
"""

import functools

import numpy as np
import pandas as pd
import polars as pl
import pytest
from every_metric import (
    DATA,
    EVERY,
    OF_FACTS,
    OF_METRICS,
    OF_TABLES,
    PLACES,
    PUPILS,
    ROLLS,
    WITH_EVERYTHING,
    facts_made_up,
    given_facts,
    gives_measures,
    sample_given,
)
from hand_made import OAK
from hypothesis import Phase, given, settings
from polars.testing import assert_frame_equal

from sendlab import metrics
from sendlab.metrics import cards
from sendlab.metrics.grouping import LA, REST, SCHOOL
from sendlab.schema.measures import GROUPS, MEASURE_KEY

# No shrinking: examples are small as they are, and one check is of three dozen metrics.
few = settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
of_tables = pytest.mark.parametrize("metric", OF_TABLES.values(), ids=OF_TABLES)
ADDITIVE = ("numerator", "denominator", "base_subjects", "with_subjects", "eligible_subjects")
KEY = [name for name in MEASURE_KEY if name != "comparator"]


def same(first, second):
    """The same rows in whatever order, to a billionth; limits, roots of small differences, to a millionth."""
    limits = [name for name in ("lower", "upper") if name in first.columns]
    by = [name for name, kind in first.schema.items() if kind not in (pl.Float64, pl.List(pl.String))]
    first, second = first.sort(by), second.sort(by)
    assert_frame_equal(first.drop(limits), second.drop(limits), rel_tol=1e-9, abs_tol=1e-9)
    assert_frame_equal(first.select(limits), second.select(limits), rel_tol=1e-6, abs_tol=1e-5)


def shuffled(frames):
    return {name: f.sample(fraction=1, shuffle=True, seed=7) if is_frame(f) else f for name, f in frames.items()}


def is_frame(thing):
    return isinstance(thing, pl.DataFrame)


# Faults that these properties found and that are not mended yet: when one is, its line here fails, and goes.


def test_every_exported_metric_is_held_to_these_properties():
    functions = {name for name in metrics.__all__ if hasattr(getattr(metrics, name), "__wrapped__")}
    told_apart = {"card", "cards", *OF_METRICS}
    assert functions - told_apart <= set(EVERY)
    assert set(OF_FACTS) >= {"absence", "persistent_absence", "suspension_rate", "ks2_rwm_expected", "newly_persistent"}


def for_each_metric(check, metrics_held=OF_FACTS):
    """The check for every metric of facts (made-up facts serve all of them); all that fail it are told at once."""
    failed = []
    for name, metric in metrics_held.items():
        try:
            check(metric)
        except (AssertionError, Exception) as error:  # noqa: BLE001
            error.add_note(f"metric: {name}")
            failed.append(error)
    if failed:
        raise ExceptionGroup(f"{len(failed)} metric(s): {', '.join(e.__notes__[-1] for e in failed)}", failed)


# ---- shape and sense of the rows


def check_rows(rows):
    """Value, numerator, denominator, interval and status belong together, as the kind of measure says."""
    assert not rows.select(MEASURE_KEY).is_duplicated().any()
    assert not rows.select(pl.col(pl.Float64).is_nan().any()).transpose()["column_0"].any()
    known = cards()
    for (measure,), some in rows.group_by("measure"):
        check_measure(some, known[measure])


def check_measure(rows, about):
    shown = rows.filter(pl.col("value").is_not_null())
    assert shown["status"].is_in(["", "u"]).all(), "a value has no mark"
    assert rows.filter(pl.col("value").is_null())["status"].is_in(["z", "x"]).all(), "no value, no mark"
    assert shown.filter((pl.col("base_subjects") == 0) & pl.lit(about.kind != "count")).is_empty(), "nobody has a value"
    limited = shown.filter(pl.col("lower").is_not_null())
    assert limited.filter(pl.col("lower") > pl.col("value") + 1e-9).is_empty(), "a value below its interval"
    assert limited.filter(pl.col("value") > pl.col("upper") + 1e-9).is_empty(), "a value above its interval"
    assert rows.filter(pl.col("with_subjects") < 0).is_empty()
    assert rows.filter(pl.col("eligible_subjects") < pl.col("base_subjects")).is_empty(), "more counted than eligible"
    if about.kind in ("share", "events", "sum", "mean"):
        check_counted(shown, about)


NO_INTERVAL = {"unseen_needs_by_chance": "worked out from the pupils' own rates, no sample of anything"}
INTERVAL_FROM = {"share": 1, "events": 1, "sum": 2, "mean": 2}  # people in the base from whom on there is an interval


def check_counted(shown, about):
    """Numerator, denominator and base beside a value; an interval wherever chance had a part, or words why not."""
    chance = about.measure not in NO_INTERVAL
    for name in ("numerator", "denominator", "base_subjects", *(["with_subjects"] if chance else [])):
        assert shown[name].null_count() == 0, f"a value without its {name}"
    factor = shown.filter(pl.col("numerator").abs() > 1e-9)
    factor = factor.select(pl.col("value") * pl.col("denominator") / pl.col("numerator")).to_series()
    assert factor.is_empty() or np.allclose(factor, factor[0]), "value is not per * numerator / denominator"
    bare = shown.filter(pl.col("lower").is_null() | pl.col("upper").is_null())
    said = pl.col("method").str.contains("no interval") | (pl.col("status") == "u")
    few_people = pl.col("base_subjects") < INTERVAL_FROM[about.kind]
    nobody_had = (pl.col("value") == 0) & pl.lit(about.kind == "sum")  # a ratio of sums of nothing has no width
    assert not chance or bare.filter(~said & ~few_people & ~nobody_had).is_empty(), "a value without an interval"
    if about.kind == "share":
        assert (shown["with_subjects"] == shown["numerator"]).all(), "a share counts people"


@few
@given(PUPILS)
def test_rows_make_sense(pupils):
    made = given_facts(facts_made_up(pupils))

    def check(metric):
        rows = metric(made)
        if gives_measures(rows):
            check_rows(rows)

    for_each_metric(check)


@few
@given(PUPILS)
def test_order_of_rows_does_not_matter(pupils):
    made = given_facts(facts_made_up(pupils))
    mixed = shuffled(made)
    for_each_metric(lambda metric: same(metric(made), metric(mixed)))


# ---- unrelated rows

# What a school's figure takes from the rest of its authority, on purpose.
LOOKS_AT_THE_AUTHORITY = {
    "sessions_affordable": "the sessions of the year so far are the most that anyone of the authority has had",
    "exclusion_comparisons": "false discoveries are controlled over all schools of the authority",
    "exclusion_ratios": "the same",
    "exclusion_ratios_like_for_like": "expected at the authority's rates of pupils alike",
    "sessions_by_code": "a year in which nobody's codes are known has no rows",
    "value_added": "what to expect is the line through all pupils of the authority",
    "signal_comparisons": "expected at the rates of the other schools of the authority",
    "intervention_costs": "a fixed cost of the authority's catalogue is shared among all who started",
    "intervention_change": "the retest to expect rests on all pupils of the authority with two scores",
}


@few
@given(PUPILS, PUPILS)
def test_pupils_of_another_year_change_nothing(pupils, others):
    here = facts_made_up(pupils)
    both = given_facts(pl.concat([here, facts_made_up(others, "q", time_period="202324")]))
    alone = given_facts(here)
    for_each_metric(lambda metric: same(metric(alone), of_keys(metric(both), metric(alone))))


@few
@given(PUPILS, PUPILS)
def test_pupils_of_another_school_change_no_school(pupils, others):
    elsewhere = {**OAK, "school_id": "9991003", "place_code": "100003", "place_name": "Fir"}
    here = facts_made_up(pupils)
    both = pl.concat([here, facts_made_up(others, "q", school=elsewhere)])

    def check(metric):
        school = (pl.col("geographic_level") == SCHOOL) & (pl.col("place_code") != "100003")
        alone, among = (metric(given_facts(rows)).filter(school) for rows in (here, both))
        same(alone, of_keys(among, alone))

    for_each_metric(check, {name: one for name, one in OF_FACTS.items() if name not in LOOKS_AT_THE_AUTHORITY})


def of_keys(rows, others):
    """Rows that are also among the others."""
    key = [name for name in KEY if name in rows.columns]  # comparisons are no measure rows, and have some of it
    return rows.join(others.select(key), on=key, how="semi", nulls_equal=True)


# ---- missing is never 0


@few
@given(PUPILS)
def test_pupil_without_data_is_counted_nowhere_but_among_the_eligible(pupils):
    """Every second pupil's data gone: numerator, denominator and value as if those pupils were not there.

    Each school has a roll with data: where a roll is known, and of nobody the events, leavers' events count.
    """
    whole = pl.concat([facts_made_up(ROLLS, "r"), facts_made_up(pupils)])
    second = pl.int_range(pl.len()) % 2 == 1
    data = [*DATA, *(name for name in whole.columns if name.startswith(("code_", "reason_")))]
    gone = given_facts(whole.with_columns(pl.when(~second).then(name).alias(name) for name in data))
    away = given_facts(whole.filter(~second))
    figures = [*KEY, "numerator", "denominator", "base_subjects", "with_subjects", "value", "lower", "upper"]

    def check(metric):
        with_gaps, without = metric(gone, by=["sex"]), metric(away, by=["sex"])
        same(of_keys(with_gaps, without).select(figures), of_keys(without, with_gaps).select(figures))
        new = with_gaps.join(without.select(KEY), on=KEY, how="anti", nulls_equal=True)
        assert new["value"].drop_nulls().is_empty() and new["numerator"].fill_null(0).sum() == 0

    for_each_metric(check, {name: one for name, one in BY_ANYTHING.items() if name not in COUNTS_THE_ROLL})


BY_ANYTHING = {name: one for name, one in OF_FACTS.items() if one.takes_by}  # the others have groups of their own
COUNTS_THE_ROLL = {"sen_prevalence": "a pupil on the roll has the data that it takes: provision"}


# ---- groups add up


@few
@given(PUPILS)
def test_girls_and_boys_add_up_to_all(pupils):
    made = given_facts(facts_made_up(pupils))
    for_each_metric(lambda metric: check_parts_add_up(metric(made, by=["sex"]), "sex"), BY_ANYTHING)


def check_parts_add_up(rows, column):
    """The rows of a breakdown sum to the rows of all, in each place, period and item."""
    if rows.is_empty():
        return
    rows = rows.filter(pl.col("geographic_level") != REST)
    where = [name for name in KEY if name != column]
    added = pl.col(ADDITIVE).fill_null(0).sum()
    parts = rows.filter(pl.col(column) != "Total").group_by(where).agg(added).sort(where)
    whole = rows.filter(pl.col(column) == "Total").group_by(where).agg(added).sort(where)
    assert_frame_equal(parts, whole, rel_tol=1e-9, abs_tol=1e-9)


@few
@given(PUPILS)
def test_schools_add_up_to_the_authority(pupils):
    made = given_facts(facts_made_up(pupils))
    keys = [name for name in KEY if name not in ("geographic_level", "place_code", "education_phase")]
    added = pl.col(ADDITIVE).fill_null(0).sum()

    def check(metric):
        rows = metric(made, by=["sex", "sen_provision"])
        school, whole = (rows.filter(geographic_level=level).group_by(keys).agg(added) for level in (SCHOOL, LA))
        same(school, whole)

    for_each_metric(check, BY_ANYTHING)


# ---- pandas and polars


def check_pandas(metric, made):
    """Pandas in, pandas out, with the numbers of polars; what was given is left as it was."""
    given_pandas = {name: f.to_pandas() if is_frame(f) else f for name, f in made.items()}
    before = {name: f.copy(deep=True) for name, f in given_pandas.items() if isinstance(f, pd.DataFrame)}
    kept = {name: f.clone() for name, f in made.items() if is_frame(f)}
    from_polars, from_pandas = metric(made), metric(given_pandas)
    assert isinstance(from_polars, pl.DataFrame) and isinstance(from_pandas, pd.DataFrame)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, given_pandas[name])
    for name, frame in kept.items():
        assert_frame_equal(frame, made[name])
    assert from_pandas.columns.to_list() == from_polars.columns and len(from_pandas) == from_polars.height
    for name, kind in from_polars.schema.items():
        if kind.is_numeric():
            numbers = from_pandas[name].astype(float).to_numpy()
            assert np.allclose(numbers, from_polars[name].cast(pl.Float64).to_numpy(), equal_nan=True), name
        elif kind == pl.String:
            words = [None if pd.isna(word) else word for word in from_pandas[name]]
            assert words == from_polars[name].to_list(), name


@settings(few, max_examples=3)
@given(PUPILS)
def test_pandas_and_polars_agree_and_leave_their_input_alone(pupils):
    """A column without anything loses its type in pandas, so one pupil has everything."""
    made = given_facts(facts_made_up([*pupils, WITH_EVERYTHING]))
    for_each_metric(lambda metric: check_pandas(metric, made))


# ---- metrics of other tables, on the sample


@pytest.fixture(scope="module")
def sample(sample_workspace):
    """Tables of the sample with facts and places; of each table the school with most rows, and all that is of none."""
    made = sample_given(sample_workspace)
    kept = {rows["school_id"].drop_nulls().mode().min() for rows in made.values() if "school_id" in rows.columns}
    mine = {name: of_schools(rows, kept) for name, rows in made.items()}
    return mine | {"places": mine["facts"].select(PLACES).unique(maintain_order=True)}


@pytest.fixture(scope="module")
def measured(sample):
    """The rows of a metric on the sample, made once."""
    return functools.cache(lambda metric: metric(metric.given(sample)))


@pytest.fixture(scope="module")
def small_sample(sample):
    """The two schools that most tables have rows of: frames of pandas are slow to make and to compare."""
    met = pl.concat([rows.select("school_id").unique() for rows in sample.values() if "school_id" in rows.columns])
    two = (
        met["school_id"]
        .drop_nulls()
        .value_counts()
        .sort("count", "school_id", descending=True)["school_id"]
        .head(2)
        .to_list()
    )
    return {name: of_schools(rows, two) for name, rows in sample.items()}


def of_schools(rows, schools):
    return rows.filter(pl.col("school_id").is_in(schools)) if "school_id" in rows.columns else rows


def test_the_sample_has_something_for_most_metrics(measured):
    """What it has nothing for has hand-made tables in tests of its own; were it much, these would say little."""
    nothing = [name for name, metric in OF_TABLES.items() if measured(metric).is_empty()]
    assert len(nothing) <= len(OF_TABLES) / 4, nothing


@of_tables
def test_rows_of_tables_make_sense(metric, measured):
    rows = measured(metric)
    if rows.is_empty():
        pytest.skip("the sample has nothing for it")
    if gives_measures(rows):
        check_rows(rows)


@of_tables
def test_order_of_rows_of_tables_does_not_matter(metric, sample, measured):
    same(measured(metric), metric(shuffled(metric.given(sample))))


@of_tables
def test_tables_of_pandas_and_polars_agree(metric, small_sample):
    check_pandas(metric, metric.given(small_sample))


@of_tables
def test_empty_tables_give_no_value(metric, sample, measured):
    """Nothing known is no 0."""
    nothing = metric({name: frame.clear() for name, frame in metric.given(sample).items()})
    assert nothing.columns == measured(metric).columns
    assert not gives_measures(nothing) or nothing["value"].drop_nulls().is_empty()


@of_tables
def test_groups_of_tables_add_up(metric, measured):
    rows = measured(metric)
    if not gives_measures(rows):
        return
    known = cards()
    plain = rows.filter(pl.col("measure").is_in([name for name, card in known.items() if card.kind in INTERVAL_FROM]))
    for column in ("sex", "fsm_status", "nc_year", "ethnicity_major"):
        others = [name for name in GROUPS if name not in (column, "item")]
        one_way = plain.filter(pl.all_horizontal(pl.col(name) == "Total" for name in others))
        broken = one_way.filter(pl.col(column) != "Total")
        places = [name for name in KEY if name != column]
        check_parts_add_up(one_way.join(broken.select(places).unique(), on=places, how="semi"), column)


@of_tables
def test_rows_of_another_school_change_no_school(metric, sample, measured):
    """One school once more, under another id and with other pupils, in every table: the figures of the rest stay."""
    if metric.name in LOOKS_AT_THE_AUTHORITY:
        pytest.skip(LOOKS_AT_THE_AUTHORITY[metric.name])
    made = metric.given(sample)
    largest = sample["facts"]["school_id"].mode().min()
    alone, among = measured(metric), metric({name: with_another_school(rows, largest) for name, rows in made.items()})
    if "geographic_level" in alone.columns:
        alone = alone.filter(geographic_level=SCHOOL)
    same(alone, of_keys(among, alone))


def with_another_school(frame, school_id):
    if "school_id" not in frame.columns:
        return frame
    ids = {"school_id": "9990000", "place_code": "190000", "school_urn": "190000", "urn": "190000"}
    people = [name for name in frame.columns if name in ("pupil_id", "person_id")]
    again = frame.filter(pl.col("school_id") == school_id).with_columns(
        *(pl.lit(new).alias(name) for name, new in ids.items() if name in frame.columns),
        *(pl.col(name) + "-again" for name in people),
    )  # fmt: skip
    return pl.concat([frame, again])
