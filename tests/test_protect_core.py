"""Patterns against brute force: safe for every reader, and proven ones the cheapest of all."""

import numpy as np
import pytest
from full_model import full_model, no_cheaper_pattern, short_aims
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from protect_tables import Axis, flat, grouped, system_of, with_totals

from sendlab.disclosure.protect.covering import Search
from sendlab.disclosure.protect.parts import parts_of
from sendlab.disclosure.protect.search import protect, short
from sendlab.disclosure.protect.system import NOBODY, NoPattern

COUNTS = st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 8, 11, 15, 30])
SHAPES = {
    "two-way": (flat(3), flat(3)),
    "tree": (Axis(3, ((3, (0, 1)), (4, (2, 3)))), flat(2)),
    "three-way": (flat(2), flat(2), flat(2)),
    "larger tree": (grouped(4, 2), flat(3)),
}


def inner_of(axes):
    size = int(np.prod([axis.leaves for axis in axes]))
    shape = [axis.leaves for axis in axes]
    return st.lists(COUNTS, min_size=size, max_size=size).map(lambda counts: np.reshape(counts, shape))


def drawn(data, axes, **options):
    table = with_totals(data.draw(inner_of(axes)), axes)
    system = system_of(table, axes, zeros_shown=data.draw(st.booleans()), **options)
    assume(system.aims.shape[0] > 0)
    return system


def solved(system, **options):
    try:
        return protect(system, **options)
    except NoPattern as none:
        return none


def check(system, data):
    """Both ways agree that there is a pattern, both are safe, and the proven one is no dearer than the other."""
    quick, best = solved(system), solved(system, prove=True)
    everything = system.hidden | np.isfinite(system.cost)
    if isinstance(quick, NoPattern):
        assert list(quick.aims) == list(best.aims) == short_aims(system, everything)
        return None
    assert short_aims(system, everything) == []
    assert short_aims(system, quick.hidden) == short_aims(system, best.hidden) == []
    assert best.proven
    assert best.method == "optimal"
    assert best.cost == pytest.approx(best.bound)
    assert quick.cost >= best.cost - 1e-9
    pattern = np.array(data.draw(st.lists(st.booleans(), min_size=system.cells, max_size=system.cells)))
    some = system.hidden | (pattern & everything)
    assert short(system, some) == short_aims(system, some)
    return best


@pytest.mark.parametrize("name", ["two-way", "tree"])
@settings(max_examples=8, deadline=None)  # on many more tables: the soak's "protection of small tables"
@given(data=st.data())
def test_optimum_of_small_tables_is_the_cheapest_of_all_patterns(name, data):
    system = drawn(data, SHAPES[name])
    best = check(system, data)
    if best is not None and best.cost <= 3:
        assert no_cheaper_pattern(system, best.cost)


@pytest.mark.parametrize("name", ["larger tree", "three-way"])
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_optimum_is_that_of_the_full_model(name, data):
    system = drawn(data, SHAPES[name])
    assume(system.aims.shape[0] <= 7)
    best = check(system, data)
    if best is not None:
        whole = full_model(system)
        assert best.cost == pytest.approx(whole) if name != "three-way" else best.cost >= whole - 1e-6


def test_the_full_model_finds_what_a_solver_once_missed():
    """Its own presolve had HiGHS call 6 the optimum of this table: 5 cells are enough, as enumeration says as well."""
    axes = SHAPES["larger tree"]
    inner = np.reshape([15, 2, 5, 4, 3, 6, 8, 2, 4, 8, 1, 5], [axis.leaves for axis in axes])
    system = system_of(with_totals(inner, axes), axes, zeros_shown=False)
    best = solved(system, prove=True)
    assert short_aims(system, best.hidden) == []
    assert best.cost == pytest.approx(5) == full_model(system)


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_costs_that_differ(data):
    axes = (flat(3), flat(2))
    cells = 12
    cost = np.array(data.draw(st.lists(st.integers(1, 9), min_size=cells, max_size=cells))) / 4.0
    system = drawn(data, axes, cost=cost)
    best = check(system, data)
    if best is not None:
        assert best.cost == pytest.approx(full_model(system))
        assert no_cheaper_pattern(system, best.cost)


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_schools_that_know_their_own_counts(data):
    axes = (flat(data.draw(st.sampled_from([3, 4]))), flat(2))
    holder = np.repeat([*range(axes[0].leaves), NOBODY], axes[1].codes)
    system = drawn(data, axes, holder=holder)
    best = check(system, data)
    if best is not None and best.cost <= 3:
        assert no_cheaper_pattern(system, best.cost)


def ends_of(part, tables):
    """Least and most of each aim for each reader, from every table that leaves the reader's counts alone."""
    least, most = np.zeros(part.judged.shape), np.zeros(part.judged.shape)
    for counts, moves in tables:
        worth = part.aims[:, counts] @ moves
        for reader in range(part.judged.shape[1]):
            if reader == part.judged.shape[1] - 1 or reader not in part.holder[counts]:
                least[:, reader] = np.minimum(least[:, reader], worth)
                most[:, reader] = np.maximum(most[:, reader], worth)
    return least, most


@pytest.mark.parametrize("cell", range(6))
def test_a_dropped_cell_takes_its_tables_with_it_and_comes_back(cell):
    axes = (flat(4), flat(3))
    table = with_totals(np.array([[3, 20, 9], [14, 2, 11], [8, 30, 4], [25, 6, 12]]), axes)
    part = parts_of(system_of(table, axes, holder=np.repeat([0, 1, 2, 3, NOBODY], axes[1].codes)))[0][0]
    reach = Search(part).run(0).reach
    used = np.unique(np.concatenate([part.cell[counts] for counts, _ in reach.tables()]))
    before = reach.least.copy(), reach.most.copy(), reach.short.copy()
    gone = reach.forget(int(used[cell]))
    assert gone.aims.size
    assert not any(used[cell] in part.cell[counts] for counts, _ in reach.tables())
    for now, then in zip((reach.least, reach.most), ends_of(part, reach.tables()), strict=True):
        assert now == pytest.approx(then, abs=1e-6)
    reach.restore(gone)
    for now, then in zip((reach.least, reach.most, reach.short), before, strict=True):
        assert np.array_equal(now, then)
