"""The audit of a publication: leaks of every kind made by hand, readers, releases, and agreement with brute force."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab.build import open_workspace
from sendlab.disclosure.audit.editions import AuditProblem, Edition, as_intervals
from sendlab.disclosure.audit.pack import audit
from sendlab.disclosure.audit.percentages import bases_behind, people_behind
from sendlab.measures import publishable
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, SEN_PROVISION, TOTAL
from sendlab.schema.measures import MEASURE_KEY, as_measures

LA = "999"
NUMBERS = ("numerator", "denominator", "base_subjects", "eligible_subjects", "value", "lower", "upper")
FAMILY = ("numerator", "value", "lower", "upper")
W1 = [[20, 3, 12, 0], [9, 15, 2, 7], [31, 8, 14, 6], [11, 6, 10, 17]]
W2 = [[1, 1, 18, 9], [14, 22, 7, 12], [16, 10, 25, 8]]
W3 = [
    [12, 3, 8, 6, 0], [9, 7, 2, 11, 5], [15, 6, 10, 4, 9],
    [7, 8, 6, 13, 1], [10, 0, 14, 9, 6], [5, 12, 7, 8, 16],
]  # fmt: skip


def row(measure, place, base, people, group=(TOTAL, TOTAL), **more):
    """One measure row of a share, unless `more` says otherwise."""
    level = "Local authority" if place == LA else "School"
    numerator = None if people is None else float(people)
    return {
        "measure": measure, "time_period": "202425", "time_identifier": "Academic year", "geographic_level": level,
        "place_code": place, "sen_provision": group[0], "need_area": group[1], "numerator": numerator,
        "denominator": None if base is None else float(base), "base_subjects": base, "with_subjects": people,
        "value": 100 * people / base if people is not None and base else None,
    } | more  # fmt: skip


def by_school(measure, counts, **more):
    """Rows of schools 1, 2, ... with (base, people), and the authority's."""
    rows = [row(measure, str(1 + place), base, people, **more) for place, (base, people) in enumerate(counts)]
    total = [sum(each) for each in zip(*counts, strict=True)]
    return [*rows, row(measure, LA, *total, **more)]


def measures(*groups):
    return as_measures(pl.DataFrame([one for group in groups for one in group], infer_schema_length=None))


def hiding(truth, which, names=FAMILY):
    """What would be published if these rows, and nothing else, were hidden; percentages are left out."""
    shown = [pl.when(~which).then(pl.col(name)).alias(name) for name in names if name in truth.columns]
    bare = truth.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("value", "lower", "upper"))
    rows = bare.with_columns(*shown[:1] if names == FAMILY else shown)
    marked = rows.with_columns(status=pl.when(which).then(pl.lit("c")).otherwise(pl.col("status")))
    return marked.drop("with_subjects", "top_share", "least", "most")


def board(rows, **more):
    return Edition(rows, "board", 5, **more)


def place_is(*places):
    return pl.col("place_code").is_in(places)


def told(done, reader="outsider"):
    return {(one.place_code, one.what, one.least, one.most) for one in done.findings if one.reader == reader}


# What adding and subtracting tells ------------------------------------------------------------------------------------


def table_of_bases(inner):
    """Bases of schools (rows) by provision, with totals, as rows of a mean."""
    inner = np.array(inner)
    rows = []
    for school in [*range(len(inner)), None]:
        counts = inner.sum(axis=0) if school is None else inner[school]
        place = LA if school is None else str(1 + school)
        for name, n in zip([TOTAL, *SEN_PROVISION], [counts.sum(), *counts], strict=True):
            if n:
                rows.append(row("ks2_reading_progress", place, int(n), None, (name, TOTAL), value=None))
    return measures(rows)


def cell_is(*cells):
    return pl.any_horizontal(
        (pl.col("place_code") == str(1 + school)) & (pl.col("sen_provision") == [*SEN_PROVISION, TOTAL][column])
        for school, column in cells
    )


@pytest.mark.parametrize("inner", [W1, W2])
def test_primary_hiding_alone_is_undone(inner):
    truth = table_of_bases(inner)
    few = truth["base_subjects"] < 5
    found = audit([board(hiding(truth, pl.lit(few), NUMBERS))], truth, readers="outsider")
    small = [(one.place_code, one.least, one.most) for one in found.findings if one.what == "base"]
    assert len(small) == int(few.sum())
    assert all(least == most for _, least, most in small)
    assert found.exit_status == 1


def test_w1_with_its_two_secondary_cells_holds():
    truth = table_of_bases(W1)
    pattern = cell_is((0, 1), (1, 2), (0, 2), (1, 1))
    done = audit([board(hiding(truth, pattern, NUMBERS))], truth, readers="outsider")
    assert done.findings == ()
    assert done.exit_status == 0
    assert done.lines() == [
        f"board: 0 of {done.judged['counts'].sum()} protected counts can be narrowed by an outsider"
    ]


def test_w2_holds_with_four_secondary_cells_and_not_with_its_columns_alone():
    truth = table_of_bases(W2)
    columns = cell_is((0, 0), (0, 1), (2, 0), (2, 1))
    rows = pl.col("place_code").is_in(["1", "3"]) & (pl.col("sen_provision") == TOTAL)
    assert audit([board(hiding(truth, columns | rows, NUMBERS))], truth, readers="outsider").findings == ()
    found = audit([board(hiding(truth, columns, NUMBERS))], truth, readers="outsider")
    exact = {(one.place_code, one.group, one.least, one.most) for one in found.findings if one.what == "base"}
    assert exact == {("1", "EHC plan", 1, 1), ("1", "SEN support", 1, 1)}


def test_w3_as_needs_within_areas_gives_every_primary_cell_back():
    needs = ["SLCN", "ASD", "SPLD", "MLD", "SLD"]
    areas = {NEED_AREAS[0]: [0, 1], NEED_AREAS[1]: [2, 3, 4]}
    rows = []
    for school in [*range(6), None]:
        counts = np.array(W3).sum(axis=0) if school is None else np.array(W3)[school]
        place = LA if school is None else str(1 + school)
        make = {"measure": "ks2_reading_progress", "place": place, "people": None, "value": None}
        rows.append(row(base=int(counts.sum()), group=(ALL_SEN, TOTAL), **make))
        rows += [row(base=int(counts[at].sum()), group=(ALL_SEN, area), **make) for area, at in areas.items()]
        rows += [row(base=int(n), group=(ALL_SEN, TOTAL), sen_primary_need=need, **make)
                 for need, n in zip(needs, counts, strict=True) if n]  # fmt: skip
    truth = measures(rows)
    few = (pl.col("base_subjects") < 5) & (pl.col("sen_primary_need") != TOTAL)
    places = pl.lit(truth.select(few).to_series())
    found = audit([board(hiding(truth, places, NUMBERS))], truth, readers="outsider")
    exact = {(one.place_code, one.group, one.least, one.most) for one in found.findings if one.what == "base"}
    assert exact == {("1", "All SEN, ASD", 3, 3), ("2", "All SEN, SPLD", 2, 2), ("3", "All SEN, MLD", 4, 4),
                     ("4", "All SEN, SLD", 1, 1)}  # fmt: skip
    # without the rows of needs of one area, its needs are only known by the rows of the authority
    whole = places | (pl.col("sen_primary_need") != TOTAL)
    assert audit([board(hiding(truth, whole, NUMBERS))], truth, readers="outsider").findings == ()


def test_one_hidden_part_beside_its_total():
    # Permanent exclusions in Camden, 2016/17: total 30, No SEN 18, SEN support 11, hence EHC plan 1.
    counts = {TOTAL: (23900, 30), "EHC plan": (900, 1), "SEN support": (3000, 11), "No SEN": (20000, 18)}
    truth = measures([row("permanent_exclusion_rate", LA, *n, (name, TOTAL)) for name, n in counts.items()])
    found = audit([board(hiding(truth, pl.col("sen_provision") == "EHC plan"))], truth)
    assert {(one.what, one.least, one.most) for one in found.findings} >= {("events", 1, 1), ("people", 1, 1)}


def test_the_parts_of_a_measure_add_up_to_it():
    lines = {"absence": 700.0, "authorised_absence": 640.0, "unauthorised_absence": 60.0}
    rows = [row(name, LA, 40, people, numerator=number, denominator=9000.0, top_share=0.3)
            for (name, number), people in zip(lines.items(), (38, 36, 3), strict=True)]  # fmt: skip
    truth = measures(rows)
    hidden = pl.col("measure") == "unauthorised_absence"
    found = audit([board(hiding(truth, hidden))], truth)
    assert {(one.measure, one.what, one.least, one.most, one.needed) for one in found.findings} == {
        ("unauthorised_absence", "sum", 60, 60, 80)
    }
    alone = truth.filter(pl.col("measure") != "authorised_absence")
    assert audit([board(hiding(alone, hidden))], alone).findings == ()


def test_half_terms_add_up_to_their_term():
    periods = {"Autumn term": (900.0, 30), "Autumn half term 1": (880.0, 29), "Autumn half term 2": (20.0, 2)}
    rows = [row("absence", LA, 40, people, numerator=number, denominator=9000.0, time_identifier=name, top_share=0.3)
            for name, (number, people) in periods.items()]  # fmt: skip
    truth = measures(rows)
    found = audit([board(hiding(truth, pl.col("time_identifier") == "Autumn half term 2"))], truth)
    assert ("sum", 20, 20) in {(one.what, one.least, one.most) for one in found.findings}


def test_a_base_of_one_day_is_the_same_in_every_period():
    rows = [row("suspension_rate", place, base, base // 2, time_identifier=period)
            for period in ("Autumn term", "Academic year")
            for place, base in (("1", 4), ("2", 46), (LA, 50))]  # fmt: skip
    truth = measures(rows)
    hidden = place_is("1") | (place_is("2") & (pl.col("time_identifier") == "Academic year"))
    found = audit([board(hiding(truth, hidden, NUMBERS))], truth, readers="outsider")
    assert ("1", "base", 4, 4) in told(found)
    both = audit([board(hiding(truth, place_is("1", "2"), NUMBERS))], truth, readers="outsider")
    assert {what for _, what, *_ in told(both)} & {"base"} == set()


def test_people_left_out_are_not_to_be_had_by_subtraction():
    rows = by_school("persistent_absence", [(50, 20), (60, 25)])
    for one, more in zip(rows, (3, 20, 23), strict=True):
        one["eligible_subjects"] = one["base_subjects"] + more
    truth = measures(rows)
    untold = pl.when(~place_is("1")).then(pl.col("eligible_subjects"))
    rows = hiding(truth, pl.lit(False)).with_columns(eligible_subjects=untold)
    assert ("1", "left out", 3, 3) in told(audit([board(rows)], truth, readers="outsider"))


# Percentages and means ------------------------------------------------------------------------------------------------


def test_percentages_turn_back_into_counts_as_worked():
    assert people_behind(23, (12.95, 13.05), (None, None), (None, None)) == (3, 3)
    assert people_behind(23, (12.5, 13.5), (None, None), (None, None)) == (3, 3)
    assert people_behind(310, (6.5, 7.5), (None, None), (None, None)) == (21, 23)
    assert people_behind(310, (7.35, 7.45), (None, None), (None, None)) == (23, 23)
    assert people_behind(10, (12.95, 13.05), (None, None), (None, None)) is None
    assert bases_behind((42.85, 42.95), (15.75, 15.85), (74.95, 75.05)) == (7, 7)


@pytest.mark.parametrize("names", [("value",), ("lower",), ("upper",)])  # 3 of 23: 13 %, Wilson limits 4.5 to 32.1
def test_a_percentage_or_limit_in_sight_is_a_count(names):
    truth = measures(by_school("persistent_absence", [(23, 3), (40, 12), (44, 13)]))
    rows = hiding(truth, place_is("1", "2"))
    printed = {"value": 13.0, "lower": 5.0, "upper": 32.0}
    first = place_is("1")
    torn = rows.with_columns(
        *(pl.when(first).then(pl.lit(printed[name])).otherwise(pl.col(name)).alias(name) for name in names),
        status=pl.when(first).then(pl.lit("")).otherwise(pl.col("status")), method=pl.lit("wilson"),
    )  # fmt: skip
    assert ("1", "people", 3, 3) in told(audit([board(torn)], truth, readers="outsider"))
    assert told(audit([board(rows)], truth, readers="outsider")) == set()


def test_a_rate_with_both_counts_hidden_ties_them_together():
    truth = measures(by_school("suspension_rate", [(4, 2), (40, 12), (44, 13)], time_period="202324"))
    rows = hiding(truth, place_is("1", "2"), NUMBERS)
    rate = rows.with_columns(value=pl.when(place_is("1")).then(50.0), status=pl.lit("c"))
    assert {one.what for one in audit([board(rate)], truth, readers="outsider").findings} >= {
        "part of a hidden family in sight (figure)"
    }


def test_means_of_a_whole_and_of_nearly_all_of_it_give_the_rest_away():
    rows = [row("ks2_reading_progress", place, base, None, value=mean, numerator=base * mean)
            for place, base, mean in (("1", 37, 1.0), ("2", 3, 5.0), (LA, 40, 1.3))]  # fmt: skip
    truth = measures(rows)
    shown = hiding(truth, place_is("2"), NUMBERS).with_columns(
        value=pl.when(~place_is("2")).then(truth["value"]), numerator=pl.lit(None, pl.Float64)
    )
    found = audit([board(shown)], truth, readers="outsider")
    assert ("2", "base", 3, 3) in told(found)
    (sums,) = [one for one in found.findings if one.what == "mean"] or [None]
    assert sums is None  # 40 pupils' mean is printed to 0.1: the sum of the three is open by more than 5 x 0.1
    few = measures([one | {"base_subjects": n, "denominator": float(n), "numerator": n * one["value"]}
                    for one, n in zip(rows, (2, 1, 3), strict=True)])  # fmt: skip
    with_means = (
        few.with_columns(status=pl.lit(""))
        .drop("with_subjects", "top_share")
        .with_columns(numerator=pl.lit(None, pl.Float64))
    )
    assert "mean" in {one.what for one in audit([board(with_means)], few, readers="outsider").findings}


# Families and editions ------------------------------------------------------------------------------------------------


def plain():
    """Four schools of which two are hidden: for everybody and for each school nothing is to be had."""
    truth = measures(by_school("persistent_absence", [(60, 3), (70, 30), (65, 28), (80, 33), (75, 31)]))
    return truth, hiding(truth, place_is("1", "2", "3"))


def test_a_publication_that_holds_holds_for_every_reader():
    truth, rows = plain()
    done = audit([board(rows)], truth)
    assert done.findings == ()
    assert set(done.judged["reader"]) == {"outsider", "schools"}
    assert done.narrowest["width"].min() >= 4


def test_a_school_that_knows_the_only_other_hidden_count_is_told():
    truth, _ = plain()
    done = audit([board(hiding(truth, place_is("1", "2")))], truth)
    assert told(done) == set()
    assert told(done, "2") == {("1", "people", 3, 3)}
    assert audit([board(hiding(truth, place_is("1", "2")))], truth, readers=["1"]).findings == ()
    assert "1 of 1 protected counts of other schools can be narrowed by a school (1 school(s), 1 time(s))" in "".join(
        done.lines()
    )


def test_numbers_in_a_hidden_row_and_gaps_of_hidden_figures_are_found():
    truth, rows = plain()
    torn = rows.with_columns(upper=pl.when(place_is("2")).then(50.0).otherwise(pl.col("upper")))
    found = audit([board(torn)], truth, readers="outsider")
    assert {one.what for one in found.findings} >= {"part of a hidden family in sight (figure)"}
    gap = {"comparator": "LA without this school", "value": 5.0, "comparator_value": 40.0, "status": ""}
    gaps = rows.filter(place_is("2", "4")).with_columns(pl.lit(value).alias(name) for name, value in gap.items())
    found = audit([board(pl.concat([rows, gaps]))], truth, readers="outsider")
    assert [(one.place_code, one.what) for one in found.findings] == [
        ("2", "a gap in sight whose own figure is hidden (LA without this school)")
    ]


def test_public_shows_nothing_that_board_hides():
    truth, rows = plain()
    open_rows = hiding(truth, place_is("1", "2"))
    found = audit([board(rows), Edition(open_rows, "public", 5)], truth, readers="outsider")
    assert ("3", "shown here and hidden in the board edition", 0, 0) in told(found)


def test_a_school_edition_shows_no_other_schools_hidden_row():
    truth, rows = plain()
    own = hiding(truth, place_is("2", "3"))
    fine = audit([board(rows), Edition(own, "school", 5, place="1")], truth)
    assert fine.findings == ()
    wrong = audit([board(rows), Edition(hiding(truth, place_is("3")), "school", 5, place="1")], truth)
    assert told(wrong, "1") == {("2", "shown here and hidden in the board edition", 0, 0)}


def test_a_cell_hidden_in_one_release_and_shown_in_another():
    truth, rows = plain()
    later = hiding(truth, place_is("1", "2"))
    editions = [board(rows, released="1"), board(later, released="2")]
    found = audit(editions, truth, readers="outsider")
    assert [(one.place_code, one.what) for one in found.findings] == [
        ("3", "shown here and hidden in the board, released 1 edition")
    ]
    other = [board(hiding(truth, place_is("1", "3")), released="1"), board(later, released="2")]
    assert ("1", "people", 3, 3) in told(audit(other, truth, readers="outsider"))


def test_a_period_released_twice_differs_by_nobody_or_enough_people():
    first = measures(by_school("persistent_absence", [(60, 20), (70, 30)]))
    second = measures(by_school("persistent_absence", [(60, 22), (70, 40)]))
    editions = [board(hiding(one, pl.lit(False)), released=name) for name, one in (("1", first), ("2", second))]
    found = audit(editions, {"1": first, "2": second}, readers="outsider")
    assert {(one.place_code, one.what) for one in found.findings} == {
        ("1", "differs by 1 to 4 people from the board, released 2 edition")
    }
    same = audit([editions[0], board(hiding(first, pl.lit(False)), released="2")], {"1": first, "2": first})
    assert same.findings == ()


def test_a_revised_figure_still_tells_what_was_hidden_before():
    first = measures(by_school("persistent_absence", [(60, 3), (70, 30), (65, 28)]))
    second = measures(by_school("persistent_absence", [(60, 3), (70, 30), (65, 38)]))
    editions = [board(hiding(first, place_is("1", "2")), released="1"),
                board(hiding(second, place_is("1", "3")), released="2")]  # fmt: skip
    found = audit(editions, {"1": first, "2": second}, readers="outsider")
    assert ("1", "people", 3, 3) in told(found)


def test_figures_that_were_public_already_are_no_failure():
    truth, _ = plain()
    rows = hiding(truth, place_is("1"))
    assert audit([board(rows)], truth, readers="outsider").exit_status == 1
    done = audit([board(rows)], truth, readers="outsider", known=truth.filter(place_is("1")))
    assert [(one.place_code, one.public) for one in done.findings] == [("1", True)]
    assert done.exit_status == 0
    assert "1 count(s) follow from figures that were public already" in done.lines()


def test_a_number_that_is_not_the_true_one_is_reported_and_not_believed():
    truth, rows = plain()
    wrong = rows.with_columns(numerator=pl.when(place_is("4")).then(34.0).otherwise(pl.col("numerator")))
    found = audit([board(wrong)], truth, readers="outsider")
    assert told(found) == {("4", "a number in sight that is not the true one", 0, 0)}


def test_the_public_is_judged_by_its_own_threshold():
    truth = measures(by_school("persistent_absence", [(60, 7), (70, 30), (65, 28)]))
    rows = hiding(truth, pl.lit(False))
    assert audit([board(rows)], truth, readers="outsider").findings == ()
    assert ("1", "people", 7, 7) in told(audit([Edition(rows, "public", 10)], truth, readers="outsider"))


# Counts to the nearest 5 ----------------------------------------------------------------------------------------------


def to_fives(truth, exact=()):
    """The fallback: few people, or few without, hidden; other counts to the nearest 5."""
    people, base = pl.col("with_subjects"), pl.col("base_subjects")
    hidden = people.is_between(1, 7) | (base - people).is_between(1, 7)
    near = {name: (pl.col(name) / 5).round() * 5 for name in ("base_subjects", "denominator")}
    number = pl.when(~hidden).then((pl.col("numerator") / 5).round() * 5)
    rows = truth.with_columns(
        numerator=pl.when(place_is(*exact)).then(pl.col("numerator")).otherwise(number), **near,
        status=pl.when(hidden).then(pl.lit("c")).otherwise(pl.lit("")), note=pl.lit("counts rounded to 5"),
    )  # fmt: skip
    return rows.drop("with_subjects", "top_share", "value")


def test_counts_rounded_to_fives_hold_and_do_not_where_one_total_is_exact():
    truth = measures(by_school("persistent_absence", [(61, 3), (70, 30), (66, 28)]))
    done = audit([board(to_fives(truth))], truth, readers="outsider")
    assert done.findings == ()
    intervals = as_intervals(to_fives(truth)).filter(place_is("2"))
    assert intervals.select("numerator_low", "numerator_high").row(0) == (28, 32)
    exact = hiding(truth, place_is("1"))
    assert ("1", "people", 3, 3) in told(audit([board(to_fives(truth)), board(exact)], truth, readers="outsider"))


# Claims read from files -----------------------------------------------------------------------------------------------


def test_numbers_may_be_given_as_intervals():
    truth, _ = plain()
    key = ["measure", "time_period", "time_identifier", "geographic_level", "place_code", "sen_provision", "need_area"]
    read = truth.filter(~place_is("1")).select(
        *key, *(pl.col("numerator").alias(f"numerator_{end}") for end in ("low", "high")),
        *(pl.col("base_subjects").cast(pl.Float64).alias(f"base_subjects_{end}") for end in ("low", "high")),
    )  # fmt: skip
    assert ("1", "people", 3, 3) in told(audit([board(read)], truth, readers="outsider"))
    second = place_is("2")
    vague = read.with_columns(
        numerator_high=pl.when(second).then(36.0).otherwise(pl.col("numerator_high")),
        numerator_low=pl.when(second).then(27.0).otherwise(pl.col("numerator_low")),
    )
    assert audit([board(vague)], truth, readers="outsider").findings == ()


# Brute force ----------------------------------------------------------------------------------------------------------

GROUPS = (TOTAL, "EHC plan", "No SEN")
CELLS = [(place, group) for place in ("1", "2", "3", LA) for group in GROUPS]


@st.composite
def tiny_publications(draw):
    """People of three schools in two groups of 5 or 6, and which cells are hidden (never good news)."""
    people = {(place, group): draw(st.integers(0, 5)) for place in "123" for group in GROUPS[1:]}
    for place in "123":
        people[place, TOTAL] = sum(people[place, group] for group in GROUPS[1:])
    for group in GROUPS:
        people[LA, group] = sum(people[place, group] for place in "123")
    may = [cell for cell in CELLS if people[cell] > 0]
    return people, draw(st.lists(st.sampled_from(may), max_size=6, unique=True)) if may else []


def base_of(cell):
    place, group = cell
    return 6 * (3 if place == LA else 1) * (2 if group == TOTAL else 1)


def tables(people, hidden, own=""):
    """All counts that agree with what is shown, the rules and the reader's own, as lists of values by cell."""
    free = [cell for cell in hidden if cell[0] != own]
    ranges = [np.arange(1, base_of(cell) + 1) for cell in free]
    size = int(np.prod([r.size for r in ranges])) if ranges else 1
    index = np.unravel_index(np.arange(size), [r.size for r in ranges]) if ranges else ()
    values = {cell: np.full(size, people[cell]) for cell in CELLS}
    values |= {cell: r[at] for cell, r, at in zip(free, ranges, index, strict=True)}
    agrees = np.ones(size, dtype=bool)
    for place in ("1", "2", "3", LA):
        agrees &= values[place, TOTAL] == values[place, "EHC plan"] + values[place, "No SEN"]
    for group in GROUPS:
        agrees &= values[LA, group] == sum(values[place, group] for place in "123")
    return {cell: each[agrees] for cell, each in values.items()}


def narrowed(people, hidden, own=""):
    """(place, group, kind, least, most) of the counts and complements that are too narrow by enumeration."""
    values, found = tables(people, hidden, own), set()
    for cell in CELLS:
        base, count = base_of(cell), people[cell]
        if own and cell[0] in (own, LA):
            continue
        ends = int(values[cell].min()), int(values[cell].max())
        if 0 < count < 5 and ends[1] - ends[0] < 4:
            found.add((*cell, "people", *ends))
        everybody = count == base and base < 20
        if (0 < base - count < 5 or everybody) and ends[1] - ends[0] < 4:
            found.add((*cell, "complement", base - ends[1], base - ends[0]))
    return found


@settings(max_examples=40, deadline=None)
@given(tiny_publications())
def test_the_audit_agrees_with_enumeration(publication):
    people, hidden = publication
    if np.prod([float(base_of(cell)) for cell in hidden]) > 20_000:
        hidden = hidden[:3]
    truth = measures([row("persistent_absence", place, base_of((place, group)), people[place, group], (group, TOTAL))
                      for place, group in CELLS])  # fmt: skip
    gone = pl.any_horizontal(
        pl.lit(False), *((pl.col("place_code") == p) & (pl.col("sen_provision") == g) for p, g in hidden)
    )
    done = audit([board(hiding(truth, gone))], truth)
    everybody = narrowed(people, hidden)
    for reader, own in (("outsider", ""), ("1", "1"), ("2", "2"), ("3", "3")):
        found = {(one.place_code, one.group, one.what, one.least, one.most) for one in done.findings
                 if one.reader == reader and one.what in ("people", "complement")}  # fmt: skip
        known = narrowed(people, hidden, own)
        before = {one[:3] for one in everybody} if own else set()
        assert found == {one for one in known if one[:3] not in before}


# What the older attack was tried on -----------------------------------------------------------------------------------


def test_a_mean_at_its_edge_and_a_base_that_tells_why_it_is_hidden():
    means = zip(("1", "2", "3", LA), (12, 30, 40, 82), (-100.0, -22.5, -18.3, -31.7), strict=True)
    truth = measures([row("ks2_writing_gap", place, n, None, value=mean) for place, n, mean in means],
                     [row("ks2_rwm_expected", place, n, n // 2)
                      for place, n in (("1", 12), ("2", 30), ("3", 40), (LA, 82))])  # fmt: skip
    shown = truth.drop("with_subjects", "top_share", "least", "most")
    gone = place_is("1") & (pl.col("measure") == "ks2_writing_gap")
    alone = shown.with_columns(*(pl.when(~gone).then(pl.col(name)).alias(name) for name in NUMBERS),
                               status=pl.when(gone).then(pl.lit("c")).otherwise(pl.lit("")))  # fmt: skip
    for rows in (shown, alone):
        assert told(audit([board(rows)], truth, readers="outsider")) == {("1", "base", 12, 12)}


@pytest.mark.parametrize("status", ["x", "z"])
def test_a_place_of_nobody_does_not_hide_a_sum(status):
    empty = dict.fromkeys((*NUMBERS, "with_subjects")) | {"status": status}
    rows = [
        *by_school("persistent_absence", [(30, 12), (27, 11), (3, 1)]),
        row("persistent_absence", "4", 0, 0) | empty,
    ]
    truth = measures(rows)
    found = audit([board(hiding(truth, place_is("3"), NUMBERS))], truth, readers="outsider")
    assert ("3", "base", 3, 3) in told(found)


def test_pupils_left_out_where_nobody_was_counted():
    rows = by_school("persistent_absence", [(30, 15), (27, 13), (40, 20)])
    for one, more in zip(rows, (10, 0, 8, 21), strict=True):
        one["eligible_subjects"] = one["base_subjects"] + more
    empty = dict.fromkeys((*NUMBERS, "with_subjects")) | {"status": "x", "eligible_subjects": 3}
    truth = measures(rows, [row("persistent_absence", "4", 0, 0) | empty])
    shown = hiding(truth, pl.lit(False)).with_columns(
        eligible_subjects=pl.when(~place_is("4")).then(pl.col("eligible_subjects"))
    )
    assert told(audit([board(shown)], truth, readers="outsider")) == {("4", "left out", 3, 3)}


@pytest.mark.parametrize(("measure", "base", "safe"), [("ks2_rwm_expected", 5, True), ("persistent_absence", 5, True),
                                                       ("ehc_time_bands_all", 5, False)])  # fmt: skip
def test_a_small_base_leaves_room_only_on_the_adverse_side(measure, base, safe):
    truth = measures([row(measure, "1", base, 3)])
    done = audit([board(hiding(truth, place_is("1")))], truth, readers="outsider")
    assert (done.exit_status == 0) is safe


# The sample -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample(sample_workspace):
    opened = open_workspace(sample_workspace)
    return opened.published(every_table=True), publishable(opened.own_view().rows)


def test_the_sample_as_published_holds_against_an_outsider(sample):
    published, truth = sample
    done = audit([board(published.rows)], truth, readers="outsider")
    assert done.judged["counts"].sum() > 1000
    assert {one.what.split()[0] for one in done.findings} <= {"difference"}


def test_a_cover_of_the_sample_that_is_shown_again_is_found(sample):
    published, truth = sample
    key = list(MEASURE_KEY)
    exact = truth.filter(comparator="", geographic_level="Local authority").select(*key, "with_subjects", x="numerator")
    people, rest = pl.col("with_subjects"), pl.col("base_subjects") - pl.col("with_subjects")
    cover = published.rows.join(exact, on=key).filter(
        pl.col("measure").is_in(["persistent_absence", "severe_absence", "suspended_once_or_more", "ks2_rwm_expected"]),
        pl.col("status") == "c", people >= 5, rest >= 5,
    ).sort(key)  # fmt: skip
    found = [_with_one_shown(published.rows, truth, shown) for shown in cover.head(COVERS).iter_rows(named=True)]
    assert any(each.findings for each in found)  # some cover is there for the sake of schools that know their own
    assert all(one.most - one.least < one.needed for each in found for one in each.findings)


COVERS = 12


def _with_one_shown(rows, truth, shown):
    """What an outsider finds where one hidden numerator is shown; nothing where it is not."""
    here = pl.all_horizontal(pl.col(name) == shown[name] for name in MEASURE_KEY)
    leaky = rows.with_columns(
        numerator=pl.when(here).then(pl.lit(shown["x"])).otherwise(pl.col("numerator")),
        status=pl.when(here).then(pl.lit("")).otherwise(pl.col("status")),
    )
    same = (pl.col("measure") == shown["measure"]) & (pl.col("time_period") == shown["time_period"])
    assert audit([board(rows.filter(same))], truth.filter(same), readers="outsider").findings == ()
    return audit([board(leaky.filter(same))], truth.filter(same), readers="outsider")


def test_what_the_sample_shows_unprotected_is_found_whole(sample):
    _, truth = sample
    chosen = truth.filter(measure="suspended_once_or_more", time_period="202526", comparator="")
    found = audit([board(chosen.drop("with_subjects", "top_share", "least", "most"))], chosen, readers="outsider")
    small = chosen.filter(pl.col("with_subjects").is_between(1, 4))
    exact = {(one.place_code, one.group) for one in found.findings if one.what == "people" and one.least == one.most}
    assert small.height == len(exact) > 5


def test_what_cannot_be_audited_is_said():
    truth, rows = plain()
    with pytest.raises(AuditProblem, match="no edition for the board"):
        audit([Edition(rows, "school", 5, place="1")], truth)
    with pytest.raises(AuditProblem, match="no school of the truth is called 77"):
        audit([board(rows)], truth, readers=["77"])
    with pytest.raises(AuditProblem, match="audience 'analyst'"):
        Edition(rows, "analyst", 5)
    with pytest.raises(AuditProblem, match="protects nobody"):
        Edition(rows, "board", 1)
    with pytest.raises(AuditProblem, match="two rows give different counts"):
        audit([board(rows)], pl.concat([truth, truth.with_columns(pl.col("base_subjects") + 1)]))
    with pytest.raises(AuditProblem, match="no truth is given for release '3'"):
        audit([board(rows, released="3")], {"1": truth})
