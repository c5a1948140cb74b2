"""What a reader must grant hidden counts, and what is an aim, figure by figure."""

import numpy as np
import polars as pl

from sendlab.disclosure.protect.counts import DENOMINATOR, NUMBER, PEOPLE, figures_of, group_of_nobody
from sendlab.disclosure.protect.families import _family, _orders
from sendlab.disclosure.protect.family_aims import family_aims
from sendlab.disclosure.protect.judged import primary_rows
from sendlab.disclosure.protect.made import numerator_limits
from sendlab.schema.measures import as_measures


def one_figure(measure, given, *, base_hidden=False, **counts):
    """The family of one figure of a school."""
    row = {
        "measure": measure, "time_period": "202425", "time_identifier": "Autumn and spring term",
        "geographic_level": "School", "place_code": "100001", "place_name": "a place", **counts,
    }  # fmt: skip
    rows = as_measures(pl.DataFrame([row])).with_columns(given=pl.lit(given), base_given=pl.lit(given))
    figures = figures_of(rows)
    family = _family(figures, np.array([0]), np.array([base_hidden]))
    return family, primary_rows(figures.rows, 5)


def places(family, lines):
    """(what, weight) of each term of some lines."""
    return set(lines.join(family.counts, left_on="count", right_on="var").select("what", "weight").iter_rows())


ABSENCE = {"numerator": 115.0, "denominator": 1200.0, "base_subjects": 8, "with_subjects": 5, "value": 9.6}


def test_a_hidden_sum_is_not_nought_beside_a_base_in_sight_where_low_is_good():
    counts = pl.DataFrame({"what": ["number"], "name": ["absence"], "denominator": [500.0]})
    least, most = numerator_limits(counts, np.array([10.0]), np.array([False]))
    assert (least.item(), most.item()) == (1, 500)
    least, most = numerator_limits(counts, np.array([10.0]), np.array([True]))
    assert (least.item(), most.item()) == (0, np.inf)


def test_what_one_pupil_makes_up_is_an_aim_though_the_figure_is_not_published():
    family, primary = one_figure("absence", "context", top_share=0.6, **ABSENCE)
    aims = family_aims(family, primary, 5)
    assert places(family, aims.lines) == {(NUMBER, 1.0)} and aims.width.tolist() == [4 * 115 / 5]
    even, primary = one_figure("absence", "context", top_share=0.4, **ABSENCE)
    assert family_aims(even, primary, 5).width.size == 0


def test_that_nobody_reached_a_standard_is_an_aim_though_the_figure_is_not_published():
    nobody = {"numerator": 0.0, "denominator": 12.0, "base_subjects": 12, "with_subjects": 0, "value": 0.0}
    family, primary = one_figure("attendance_98", "context", **nobody)
    aims = family_aims(family, primary, 5)
    assert places(family, aims.lines) == {(PEOPLE, 1.0)} and aims.width.tolist() == [4]


def test_sessions_missed_are_among_possible_ones_that_are_hidden_as_well():
    family, _ = one_figure("absence", "", base_hidden=True, **ABSENCE)
    assert places(family, _orders(family)) == {(NUMBER, 1.0), (DENOMINATOR, -1.0)}
    in_sight, _ = one_figure("absence", "", **ABSENCE)
    assert _orders(in_sight).is_empty()  # there the denominator is a limit of the number


def test_what_only_its_own_school_knows_is_no_aim():
    few = {"numerator": 2.0, "denominator": 8.0, "base_subjects": 8, "with_subjects": 2, "value": 25.0}
    family, primary = one_figure("persistent_absence", "context", base_hidden=True, **few)
    assert places(family, family_aims(family, primary, 5).lines) == {(PEOPLE, 1.0)}  # six without it are enough
    family, primary = one_figure("persistent_absence", "untold", base_hidden=True, **few)
    assert family_aims(family, primary, 5).width.size == 0


def bases_of(measure, **words):
    """How the base of a figure is bound, by part of the year; `words` are what binds it in each."""
    row = {
        "measure": measure, "time_period": "202425", "geographic_level": "School", "place_code": "100001",
        "numerator": 3.0, "denominator": 30.0, "base_subjects": 30, "with_subjects": 3, "value": 10.0,
    }  # fmt: skip
    rows = [{**row, "time_identifier": period.replace("_", " "), "base_given": word} for period, word in words.items()]
    bound = as_measures(pl.DataFrame(rows).drop("base_given"))
    bases = figures_of(bound.with_columns(pl.Series("base_given", [one["base_given"] for one in rows]))).bases
    return dict(bases.select("time_identifier", "given").iter_rows())


def test_a_base_counted_on_one_day_is_hidden_or_shown_once_for_all_parts_of_the_year():
    assert bases_of("suspension_rate", Autumn_term="hidden", Academic_year="") == {"Academic year": "hidden"}
    apart = bases_of("persistent_absence", Autumn_term="hidden", Academic_year="")
    assert apart == {"Autumn term": "hidden", "Academic year": ""}


def test_a_base_that_is_told_is_not_closed_by_rows_that_only_limit_it():
    assert bases_of("suspension_rate", Summer_term="context", Academic_year="") == {"Academic year": ""}
    assert bases_of("suspension_rate", Summer_term="untold", Academic_year="hidden") == {"Academic year": "hidden"}
    assert bases_of("suspension_rate", Summer_term="untold", Spring_term="context") == {"Academic year": "context"}
    assert bases_of("suspension_rate", Summer_term="untold") == {"Academic year": "untold"}


def test_a_group_of_nobody_on_the_day_of_the_census_is_one_of_somebody_who_came_later():
    row = {"time_period": "202425", "geographic_level": "School", "place_code": "100001", "base_subjects": 0}
    came = {"Autumn term": 0, "Spring term": 1}
    of = {
        measure: as_measures(pl.DataFrame([
            {**row, "measure": measure, "time_identifier": period, "with_subjects": some, "numerator": float(some)}
            for period, some in came.items()
        ])).select(group_of_nobody()).to_series().to_list()
        for measure in ("suspension_rate", "persistent_absence")
    }  # fmt: skip
    assert of == {"suspension_rate": [False, False], "persistent_absence": [True, False]}
