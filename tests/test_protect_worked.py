"""The worked tables: what the best pattern costs, what it leaves to be worked out, and a system of many schools."""

from dataclasses import replace

import numpy as np
import pytest
from full_model import interval, short_aims
from protect_tables import (
    Axis,
    base_system,
    flat,
    grouped,
    people_system,
    primaries,
    schools_by_group,
    system_of,
    with_totals,
)
from scipy.sparse import csr_array

from sendlab.disclosure.protect.attacker import Attacker
from sendlab.disclosure.protect.parts import parts_of
from sendlab.disclosure.protect.search import protect, short
from sendlab.disclosure.protect.system import NOBODY, NoPattern, System, no_rows
from sendlab.disclosure.protect.tables import Tables
from sendlab.disclosure.protect.turns import protect_in_turns

W1 = [[20, 3, 12, 0], [9, 15, 2, 7], [31, 8, 14, 6], [11, 6, 10, 17]]
W2 = [[1, 1, 18, 9], [14, 22, 7, 12], [16, 10, 25, 8]]
W3 = [[12, 3, 8, 6, 0], [9, 7, 2, 11, 5], [15, 6, 10, 4, 9], [7, 8, 6, 13, 1], [10, 0, 14, 9, 6], [5, 12, 7, 8, 16]]
NEEDS = Axis(5, ((5, (0, 1)), (6, (2, 3, 4)), (7, (5, 6))))
TABLES = {"W1": (W1, (flat(4), flat(4)), 2), "W2": (W2, (flat(3), flat(4)), 4), "W3": (W3, (grouped(6, 2), NEEDS), 8)}


def worked(name, **options):
    inner, axes, _ = TABLES[name]
    return system_of(with_totals(np.array(inner), axes), axes, **options)


@pytest.mark.parametrize("zeros_shown", [True, False])
@pytest.mark.parametrize("name", TABLES)
def test_fewest_cells_of_the_worked_tables(name, zeros_shown):
    system = worked(name, zeros_shown=zeros_shown)
    best = protect(system, prove=True)
    assert (best.cost, best.bound, best.method) == (TABLES[name][2], TABLES[name][2], "optimal")
    assert short_aims(system, best.hidden) == []
    quick = protect(system)
    assert quick.cost >= best.cost
    assert short_aims(system, quick.hidden) == []


def test_fewest_pupils_of_the_first_table():
    counts = with_totals(np.array(W1), TABLES["W1"][1]).ravel()
    assert protect(worked("W1", cost=counts), prove=True).cost == 27


@pytest.mark.parametrize(("zeros_shown", "expected"), [(True, [(2, 14), (1, 13)]), (False, [(1, 15), (0, 14)])])
def test_intervals_of_the_first_table(zeros_shown, expected):
    system = worked("W1", zeros_shown=zeros_shown)
    assert short(system, system.hidden) == [0, 1]
    best = protect(system, prove=True)
    assert [interval(system, best.hidden, aim) for aim in (0, 1)] == expected


def test_two_hidden_cells_of_one_row_do_not_protect_each_other():
    system = worked("W2")
    row_total_shown = system.hidden.copy()
    row_total_shown[[10, 11, 14]] = True  # both columns and the last but one are opened, the residual of 2 stays
    assert short(system, system.hidden) == short(system, row_total_shown) == [0, 1]


def test_nothing_to_do_costs_nothing():
    inner = np.full((2, 2), 9)
    found = protect(system_of(with_totals(inner, (flat(2), flat(2))), (flat(2), flat(2))), prove=True)
    assert (found.cost, found.method, found.hidden.any()) == (0, "nothing to do", False)
    assert found.proven


def test_proof_where_what_is_hidden_is_enough_and_nothing_else_may_be():
    """Three parts of a shown total are hidden; none is open, so the pattern is the cheapest there is."""
    counts = np.array([30.0, 10, 12, 8])
    hidden = np.array([False, True, True, True])
    rows = csr_array(np.array([[1.0, -1, -1, -1]]))
    system = System(
        counts, np.ones(4), np.full(4, np.inf), np.arange(4), np.full(4, np.inf), hidden, rows, no_rows(4),
        np.empty(0), csr_array(np.eye(4)[[1]]), np.array([4.0]),
    )  # fmt: skip
    best = protect(system, prove=True)
    assert (best.cost, best.bound, best.method) == (0, 0, "optimal")
    assert np.array_equal(best.hidden, hidden)


def test_aims_that_no_pattern_protects_are_all_named():
    """Two parts of a total of which nothing else may be hidden: each follows from the other three figures."""
    counts = np.array([12.0, 9, 3, 30, 26, 4])
    rows = csr_array(np.array([[1.0, -1, -1, 0, 0, 0], [0, 0, 0, 1, -1, -1]]))
    system = System(
        counts, np.ones(6), np.full(6, np.inf), np.arange(6), np.array([np.inf] * 5 + [1.0]), primaries(counts),
        rows, no_rows(6), np.empty(0), csr_array(np.eye(6)[[2, 5]]), np.array([4.0, 4.0]),
    )  # fmt: skip
    with pytest.raises(NoPattern) as none:
        protect(system)
    assert none.value.aims == (0, 1)


def test_a_difference_of_counts_and_an_order_between_them():
    """People without the feature, where the base is hidden: 12 people of whom 10 have it, in a school of two groups."""
    counts = np.array([40.0, 12, 28, 30, 10, 20])  # base: total and two groups; people behind the numerator likewise
    cell = np.array([0, 1, 2, 3, 4, 5])
    rows = csr_array(np.array([[1.0, -1, -1, 0, 0, 0], [0, 0, 0, 1, -1, -1]]))
    orders = csr_array(np.array([[0.0, -1, 0, 0, 1, 0], [0, 0, -1, 0, 0, 1]]))
    hidden = np.array([False, True, True, False, True, False])
    aims = csr_array(np.array([[0.0, 1, 0, 0, -1, 0]]))
    cost = np.array([np.inf, np.inf, np.inf, 5, np.inf, 1])
    system = System(counts, np.ones(6), np.full(6, np.inf), cell, cost, hidden, rows, orders, np.zeros(2), aims,
                    np.array([4.0]))  # fmt: skip
    assert short(system, hidden) == short_aims(system, hidden) == []
    fixed = System(counts, np.ones(6), np.full(6, np.inf), cell, cost, hidden & (cell == 4), rows, orders, np.zeros(2),
                   aims, np.array([2.0]))  # fmt: skip
    best = protect(fixed, prove=True)
    assert best.cost == 1
    assert short_aims(fixed, best.hidden) == []


def test_readers_are_judged_one_by_one():
    """Two schools hide each other's counts from outsiders, but each knows its own: a third one is needed."""
    axes = (flat(3), flat(2))
    table = with_totals(np.array([[4, 20], [4, 30], [8, 40]]), axes)
    holder = np.repeat([7, 8, 9, NOBODY], 3)
    system = system_of(table, axes, holder=holder)
    hidden = system.hidden.copy()
    hidden[[1, 4]] = True  # the second groups of both schools
    outsider = short(system, hidden, readers=[NOBODY])
    assert outsider == []
    assert short(system, hidden, readers=[7]) == [1]
    assert short(system, hidden, readers=[8]) == [0]
    assert short(system, hidden) == short_aims(system, hidden) == [0, 1]
    found = protect(system, prove=True)
    assert short_aims(system, found.hidden) == []


@pytest.mark.parametrize("needs", [0, 3])
def test_forty_schools_with_two_layers_are_safe_for_every_school(needs):
    rng = np.random.default_rng(5)
    counts, rows, holder = schools_by_group(rng, 40, needs)
    base = protect(base_system(counts, rows, holder))
    system = people_system(rng, counts, rows, holder, base.hidden)
    found = protect(system)
    assert short(system, system.hidden)
    picked = rng.permutation(system.aims.shape[0])[:6]
    for aim in picked.tolist():
        theirs = system.holder[system.aims.toarray()[aim] != 0]
        strangers = [
            NOBODY,
            *(school for school in (0, 13, 27, 39) if (theirs != NOBODY).all() and school not in theirs),
        ]
        for reader in strangers:
            least, most = interval(system, found.hidden, aim, reader)
            assert most - least >= 4
    again = protect(system)
    assert np.array_equal(found.hidden, again.hidden)


def turns_of(system):
    """Of each cell: provision first, then the needs of the groups, in two lots."""
    size = system.cells
    return np.where(np.arange(size) < size // 3, 0, np.where(np.arange(size) < 2 * size // 3, 1, 2))


@pytest.mark.parametrize("schools", [12, 40])
def test_a_system_decided_in_turns_is_safe_for_every_school(schools):
    rng = np.random.default_rng(5)
    counts, rows, holder = schools_by_group(rng, schools, 3)
    base = protect(base_system(counts, rows, holder))
    system = people_system(rng, counts, rows, holder, base.hidden)
    assert short(system, system.hidden)
    open_cells = int(np.isfinite(system.cost).sum())
    found = protect_in_turns(system, turns_of(system), open_cells - 1)
    assert short(system, found.hidden) == []
    assert (found.hidden | ~system.hidden).all() and not found.hidden[~np.isfinite(system.cost) & ~system.hidden].any()
    assert found.cost == pytest.approx(system.cost[found.hidden & ~system.hidden].sum())


def test_a_search_goes_on_from_tables_found_for_the_same_counts():
    """What was found for one pattern is all that it takes to see that the same pattern is safe."""
    rng = np.random.default_rng(5)
    counts, rows, holder = schools_by_group(rng, 40, 3)
    system = base_system(counts, rows, holder)
    tables = Tables()
    found = protect(system, tables=tables)
    for part in parts_of(replace(system, hidden=found.hidden))[0]:
        attacker = Attacker(part, part.hidden)
        assert attacker.reach.short.any()
        kept = tables.give(attacker)
        assert kept and not attacker.reach.short.any() and attacker.solved == 0
        shown = Attacker(part, np.zeros_like(part.hidden))
        assert tables.give(shown) == 0  # nothing moves where everything is shown
