"""The interval engine of the audit: beside exhaustive enumeration, beside worked intervals, and its refusals."""

import ast
from dataclasses import replace
from itertools import product
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array

from sendlab.disclosure.audit import program
from sendlab.disclosure.audit.intervals import Contradiction, Knowledge, examine, reach
from sendlab.disclosure.audit.nearest import nearest
from sendlab.disclosure.audit.whole import beside

MANY = settings(max_examples=150, deadline=None, derandomize=True)
INF = np.inf


def knowledge(truth, hidden, sums, *, least=0.0, most=INF):
    """A reader who sees all but `hidden`, and every sum exactly."""
    truth, hidden = np.asarray(truth, dtype=float).ravel(), np.asarray(hidden, dtype=bool).ravel()
    low, high = np.where(hidden, least, truth), np.where(hidden, most, truth)
    totals = sums @ truth
    return Knowledge(low, high, sums, totals, totals, np.full(truth.size, True))


def lines_of(shape):
    """Sums over every line of a box of numbers."""
    places = np.arange(np.prod(shape)).reshape(shape)
    rows = [line for axis in range(len(shape)) for line in np.moveaxis(places, axis, -1).reshape(-1, shape[axis])]
    return matrix(rows, places.size)


def matrix(rows, columns):
    made = np.zeros((len(rows), columns))
    for at, row in enumerate(rows):
        made[at, row] = 1.0
    return csr_array(made)


def one_by_one(known, places=None):
    return csr_array(np.eye(known.low.size)[slice(None) if places is None else places])


def margins(inner):
    """A table with its totals in the last row and column, and the relations total minus parts."""
    inner = np.asarray(inner)
    table = np.vstack([inner, inner.sum(axis=0)])
    table = np.hstack([table, table.sum(axis=1, keepdims=True)])
    places = np.arange(table.size).reshape(table.shape)
    relations = []
    for line in [*places, *places.T]:
        relation = np.zeros(table.size)
        relation[line[:-1]], relation[line[-1]] = 1.0, -1.0
        relations.append(relation)
    return table, csr_array(np.array(relations))


def enumerated(known, goals):
    """Least and most of each goal over every table that agrees with the knowledge."""
    choices = [range(int(low), int(high) + 1) for low, high in zip(known.low, known.high, strict=True)]
    tables = np.array(list(product(*choices)), dtype=float)
    sums = tables @ known.sums.T.toarray()
    fits = ((sums >= known.sum_low) & (sums <= known.sum_high)).all(axis=1)
    values = tables[fits] @ goals.T.toarray()
    return values.min(axis=0), values.max(axis=0)


def agrees(known, goals):
    least, top = enumerated(known, goals)
    assert [end.tolist() for end in reach(known, goals)] == [least.tolist(), top.tolist()]
    enough = np.full(goals.shape[0], 2.0)
    some_least, some_most = reach(known, goals, enough)
    assert ((least <= some_least) & (some_most <= top)).all()
    wide = top - least >= enough
    assert (some_most - some_least >= enough).tolist() == wide.tolist()
    assert (some_least[~wide] == least[~wide]).all()
    assert (some_most[~wide] == top[~wide]).all()


@st.composite
def tables(draw, shape, largest, most_hidden):
    size = int(np.prod(shape))
    truth = np.array(draw(st.lists(st.integers(0, largest), min_size=size, max_size=size)), dtype=float)
    hidden = np.zeros(size, dtype=bool)
    hidden[draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=most_hidden))] = True
    return truth, hidden


@MANY
@given(tables((3, 4), 3, 7), st.sampled_from([0.0, 1.0]))
def test_two_way_tables_agree_with_enumeration(table, least):
    truth, hidden = table
    known = knowledge(np.maximum(truth, least), hidden, lines_of((3, 4)), least=least, most=3.0)
    agrees(known, one_by_one(known))


@MANY
@given(tables((3, 4), 3, 12), st.booleans())
def test_goals_looked_at_together_or_in_fractions_lie_on_their_sides_of_the_truth(table, fractions):
    """Together alone: no wider than they are. In fractions: no narrower."""
    truth, hidden = table
    known = knowledge(truth, hidden, lines_of((3, 4)), most=3.0)
    goals, enough = one_by_one(known), np.full(truth.size, 2.0)
    least, most = reach(known, goals)
    seen = examine(known, goals, enough, exact=False, fractions=fractions, alone=False, witness=truth)
    assert (least <= seen.least).all() and (seen.least <= seen.most).all() and (seen.most <= most).all()
    assert ((seen.least <= truth) & (truth <= seen.most)).all()
    wide = examine(known, goals, fractions=True, witness=truth)
    assert (wide.least <= least).all() and (most <= wide.most).all()


@MANY
@given(tables((3, 4), 3, 12))
def test_ends_found_by_steps_from_the_true_table_are_those_found_without_it(table):
    truth, hidden = table
    known = knowledge(truth, hidden, lines_of((3, 4)), most=3.0)
    goals = csr_array(np.vstack([np.eye(12), np.tile([1.0, -1.0, 0.0, 1.0], 3)[None, :]]))
    seen, (least, most) = examine(known, goals, witness=truth), reach(known, goals)
    assert np.array_equal(seen.least, least) and np.array_equal(seen.most, most)
    for at, (low, high) in enumerate(zip(least, most, strict=True)):
        aim = goals[[at]].toarray().ravel()
        found = nearest(known, truth.astype(float).ravel(), aim, high)
        assert found is None or (aim @ found == high and (known.sums @ found == known.sum_low).all())
        assert nearest(known, truth.astype(float).ravel(), aim, high + 1) is None and low <= high


HIERARCHY = matrix([[0, 1, 6], [2, 3, 7], [6, 7, 8], [4, 5, 9], [8, 9, 10]], 11) - 2 * matrix(
    [[6], [7], [8], [9], [10]], 11
)


@MANY
@given(tables((6,), 2, 6), st.integers(0, 2**5 - 1))
def test_hierarchies_agree_with_enumeration(table, hidden_totals):
    parts, hidden = table
    a, b, c = parts[:2].sum(), parts[2:4].sum(), parts[4:].sum()
    truth = np.array([*parts, a, b, a + b, c, a + b + c])
    hidden = np.array([*hidden, *(hidden_totals >> bit & 1 for bit in range(4)), False], dtype=bool)
    known = knowledge(truth, hidden, csr_array(HIERARCHY), most=np.array([2] * 6 + [4, 4, 8, 4, 12.0]))
    if hidden.sum() < 8:
        agrees(known, one_by_one(known))


@MANY
@given(tables((3, 3, 3), 2, 10))
def test_three_way_tables_agree_with_enumeration(table):
    truth, hidden = table
    known = knowledge(truth, hidden, lines_of((3, 3, 3)), most=2.0)
    agrees(known, one_by_one(known, np.flatnonzero(hidden)))


@MANY
@given(tables((2, 4), 4, 6), st.lists(st.integers(-2, 2), min_size=8, max_size=8))
def test_weighed_goals_agree_with_enumeration(table, weights):
    truth, hidden = table
    known = knowledge(truth, hidden, lines_of((2, 4)), most=4.0)
    agrees(known, csr_array(np.array([weights, np.ones(8)], dtype=float)))


W1 = [[20, 3, 12, 0], [9, 15, 2, 7], [31, 8, 14, 6], [11, 6, 10, 17]]
W2 = [[1, 1, 18, 9], [14, 22, 7, 12], [16, 10, 25, 8]]


def hidden_at(table, cells):
    hidden = np.zeros(table.shape, dtype=bool)
    hidden[tuple(zip(*cells, strict=True))] = True
    return hidden


def ends(inner, cells, asked, least):
    table, relations = margins(inner)
    known = knowledge(table, hidden_at(table, cells), relations, least=least)
    places = [row * table.shape[1] + column for row, column in asked]
    low, high = reach(known, one_by_one(known, places))
    return list(zip(low.tolist(), high.tolist(), strict=True))


def test_worked_table_1():
    primary, cover = [(0, 1), (1, 2)], [(0, 2), (1, 1)]
    assert ends(W1, primary, primary, 1.0) == [(3, 3), (2, 2)]
    assert ends(W1, primary + cover, primary, 1.0) == [(2, 14), (1, 13)]
    assert ends(W1, primary + cover, primary, 0.0) == [(1, 15), (0, 14)]


def test_worked_table_2_each_column_gives_its_cell_back():
    primary, rest = [(0, 0), (0, 1)], [(2, 0), (2, 1)]
    assert ends(W2, primary, primary, 1.0) == [(1, 1), (1, 1)]
    assert ends(W2, primary + rest, primary, 1.0) == [(1, 1), (1, 1)]  # zeros are shown: 2 for two cells
    assert ends(W2, primary + rest, primary, 0.0) == [(0, 2), (0, 2)]
    covered = ends(W2, [*primary, (0, 4), (2, 0), (2, 1), (2, 4)], primary, 1.0)
    assert all(most - least >= 4 for least, most in covered)


def test_worked_table_3_in_two_hierarchies():
    inner = np.array([[12, 3, 8, 6, 0], [9, 7, 2, 11, 5], [15, 6, 10, 4, 9],
                      [7, 8, 6, 13, 1], [10, 0, 14, 9, 6], [5, 12, 7, 8, 16]])  # fmt: skip
    rows = np.vstack([inner, inner[:3].sum(0), inner[3:].sum(0), inner.sum(0)])
    table = np.column_stack([rows, rows[:, :2].sum(1), rows[:, 2:].sum(1), rows.sum(1)])
    places = np.arange(table.size).reshape(table.shape)
    groups_of_rows, groups_of_columns = (
        [((0, 1, 2), 6), ((3, 4, 5), 7), ((6, 7), 8)],
        [((0, 1), 5), ((2, 3, 4), 6), ((5, 6), 7)],
    )
    relations = []
    for lines, groups in ((places.T, groups_of_rows), (places, groups_of_columns)):
        for line in lines:
            for parts, total in groups:
                relation = np.zeros(table.size)
                relation[line[list(parts)]], relation[line[total]] = 1.0, -1.0
                relations.append(relation)
    primary = [(0, 1), (1, 2), (2, 3), (3, 4)]
    known = knowledge(table, hidden_at(table, primary), csr_array(np.array(relations)), least=1.0)
    low, high = reach(known, one_by_one(known, [places[cell] for cell in primary]))
    assert low.tolist() == high.tolist() == [3, 2, 4, 1]
    cover = [(0, 0), (2, 0), (2, 1), (0, 3), (1, 3), (2, 2), (3, 3), (5, 3), (5, 4)]
    known = knowledge(table, hidden_at(table, primary + cover), csr_array(np.array(relations)), least=1.0)
    low, high = reach(known, one_by_one(known, [places[cell] for cell in primary]))
    assert ((low <= [3, 2, 4, 1]) & (high >= [3, 2, 4, 1]) & (high > low)).all()


def rounded_to_5(cells, total):
    """Cells and their total, each published to the nearest 5."""
    low = np.maximum(np.array(cells, dtype=float) - 2, 0)
    sums = matrix([range(len(cells))], len(cells))
    return Knowledge(low, np.array(cells) + 2.0, sums, np.array([total - 2.0]), np.array([total + 2.0]),
                     np.full(len(cells), True))  # fmt: skip


@pytest.mark.parametrize(("cells", "total", "expected"), [
    ([5, 5], 15, [(6, 7), (6, 7)]),
    ([0, 0, 0], 5, [(0, 2), (0, 2), (0, 2)]),
    ([10, 5, 0], 15, [(8, 12), (3, 7), (0, 2)]),
])  # fmt: skip
def test_rounded_numbers_are_intervals(cells, total, expected):
    known = rounded_to_5(cells, total)
    low, high = reach(known, one_by_one(known))
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == expected


# A box of 3 x 3 x 3 with its totals, and which of the 64 numbers are hidden: fractions reach half a unit too far.
BOX = [[[4, 5, 1], [1, 7, 5], [6, 4, 6]], [[1, 1, 0], [0, 5, 5], [5, 0, 6]], [[0, 0, 8], [5, 3, 6], [5, 8, 4]]]
HIDDEN_IN_BOX = "1110111001011010110010001011111111110001110001010101111011110110"
WIDER_IN_FRACTIONS = 28


def box():
    inner, places, relations = np.array(BOX), np.arange(64).reshape(4, 4, 4), []
    for axis in range(3):
        inner = np.concatenate([inner, inner.sum(axis=axis, keepdims=True)], axis=axis)
        for line in np.moveaxis(places, axis, -1).reshape(-1, 4):
            relation = np.zeros(64)
            relation[line[:-1]], relation[line[-1]] = 1.0, -1.0
            relations.append(relation)
    hidden = np.array([sign == "1" for sign in HIDDEN_IN_BOX])
    return knowledge(inner, hidden, csr_array(np.array(relations)))


def test_fractions_reach_further_than_whole_numbers_in_three_ways():
    known = box()
    aim, limits = np.eye(64)[WIDER_IN_FRACTIONS], np.column_stack([known.low, known.high])
    equal = {"A_eq": known.sums.toarray(), "b_eq": known.sum_low, "bounds": limits}
    fractions = [sign * linprog(sign * aim, **equal).fun for sign in (1, -1)]
    assert fractions == pytest.approx([1.0, 10.5])
    goal = one_by_one(known, [WIDER_IN_FRACTIONS])
    assert [float(end[0]) for end in reach(known, goal)] == [1.0, 10.0]
    asked = [float(end[0]) for end in reach(known, goal, np.array([9.0]))]
    assert asked == [1.0, 10.0]  # 9.5 in fractions is within 1 of what is asked
    beyond = examine(known, goal, np.array([10.0]))
    assert (beyond.least[0], beyond.most[0], beyond.undecided[0]) == (1.0, 10.0, False)


@MANY
@given(
    inner=st.lists(st.integers(0, 9), min_size=27, max_size=27),
    hidden=st.lists(st.booleans(), min_size=27, max_size=27),
    aim=st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=27, max_size=27),
    shift=st.lists(st.sampled_from([0.0, 0.0, 0.5]), min_size=9, max_size=9),
)
def test_a_whole_table_beside_one_of_fractions_is_a_table(inner, hidden, aim, shift):
    """Sums are known to within half a number, so that the best table is often one of fractions."""
    known = knowledge(inner, hidden, lines_of((3, 3, 3)), most=12.0)
    room = np.tile(shift, 3)
    known = replace(known, sum_low=known.sum_low - room, sum_high=known.sum_high + room)
    best = program.Program(known).most(np.array(aim)).table
    if not np.allclose(best, np.round(best)):
        found = beside(known, best, np.array(aim))
        assert found is not None
        assert (found == np.round(found)).all() and (found >= known.low).all() and (found <= known.high).all()
        sums = known.sums.toarray() @ found
        assert (sums >= known.sum_low).all() and (sums <= known.sum_high).all()
        assert np.array(aim) @ found <= np.array(aim) @ best + 1e-6


def test_a_whole_table_is_found_beside_one_of_fractions():
    """Three pairs that each hold at most 3 between them: fractions reach 4.5, whole numbers 4."""
    pairs = csr_array(np.array([[1.0, 1, 0], [0, 1, 1], [1, 0, 1]]))
    known = Knowledge(np.zeros(3), np.full(3, 9.0), pairs, np.zeros(3), np.full(3, 3.0), np.full(3, True))
    found = beside(known, np.full(3, 1.5), np.ones(3))
    assert program.is_table(known, found) and found.sum() == 4


def test_a_search_that_gets_stuck_begins_again():
    """One of the few orders of aims in which the kept simplex ends without an answer."""
    sums = csr_array(np.array([[0.0, -1, -1], [3, -1, 1]]))
    low, high = np.array([-3.2287979647290728, 7.156688575712242]), np.array([-2.765083839550413, 9.573571267386344])
    known = Knowledge(np.zeros(3), np.full(3, 4.0), sums, low, high, np.full(3, True))
    goals = np.vstack([np.eye(3), [[1, -1, 0], [-1, 0, 0], [1, 1, -1], [-1, -1, 1], [0, 0, -1], [0, 0, 1]]])
    tables = np.array(list(product(range(5), repeat=3)), dtype=float)
    true = tables[((tables @ sums.T.toarray() >= low) & (tables @ sums.T.toarray() <= high)).all(axis=1)] @ goals.T
    least, most = reach(known, csr_array(goals))
    assert least == pytest.approx(true.min(axis=0)) and most == pytest.approx(true.max(axis=0))


def test_a_search_that_meets_its_limit_reads_the_narrower_interval_and_says_so(monkeypatch):
    monkeypatch.setattr(program, "SEARCH_LIMITS", {**program.SEARCH_LIMITS, "mip_max_nodes": 1})
    weights = np.random.default_rng(3).integers(0, 100, (3, 20)).astype(float)  # as hard as whole numbers can be
    halves = np.floor(weights.sum(axis=1) / 2)
    known = Knowledge(np.zeros(20), np.ones(20), csr_array(weights), halves, halves, np.full(20, True))
    with pytest.warns(UserWarning, match=r"met its limit for 20 goal"):
        least, most = reach(known, one_by_one(known))
    assert (least == most).all()
    assert set(least) <= {0.0, 1.0}


def test_numbers_that_cannot_be_true_together_are_refused():
    known = Knowledge(np.array([0.0, 0.0]), np.array([2.0, 2.0]), csr_array([[1.0, 1.0]]), np.array([5.0]),
                      np.array([5.0]), np.full(2, True))  # fmt: skip
    with pytest.raises(Contradiction, match="inconsistent"):
        reach(known, one_by_one(known))


def test_contradictions_that_no_single_sum_shows_are_refused():
    pairs = csr_array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    totals = np.array([4.0, 4.0, 4.0, 7.0])
    known = Knowledge(np.zeros(3), np.full(3, 10.0), pairs, totals, totals, np.full(3, False))
    with pytest.raises(Contradiction, match="inconsistent"):
        reach(known, one_by_one(known))


def test_halves_are_a_contradiction_among_whole_numbers_only():
    pairs, ones = csr_array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]), np.ones(3)
    least, most = reach(Knowledge(0 * ones, 5 * ones, pairs, ones, ones, np.full(3, False)), csr_array(np.eye(3)))
    assert least.tolist() == most.tolist() == pytest.approx([0.5, 0.5, 0.5])
    with pytest.raises(Contradiction):
        reach(Knowledge(0 * ones, 5 * ones, pairs, ones, ones, np.full(3, True)), csr_array(np.eye(3)))


def test_what_nothing_limits_is_endless():
    known = Knowledge(np.zeros(3), np.full(3, INF), csr_array([[1.0, 1.0, -1.0]]), np.zeros(1), np.zeros(1),
                      np.full(3, True))  # fmt: skip
    goals = csr_array([[1.0, 0.0, 0.0], [1.0, 0.0, -1.0], [1.0, 1.0, -1.0]])
    least, most = reach(known, goals)
    assert (least.tolist(), most.tolist()) == ([0, -INF, 0], [INF, 0, 0])
    least, most = reach(known, goals, np.full(3, 4.0))
    assert (most - least >= [4, 4, 0]).all()


def test_fixed_numbers_count_in_goals_and_sums_between_limits_hold():
    known = Knowledge(np.array([7.0, 0.0, 0.0]), np.array([7.0, 9.0, 9.0]), csr_array([[1.0, 1.0, 1.0]]),
                      np.array([10.0]), np.array([12.5]), np.full(3, True))  # fmt: skip
    least, most = reach(known, csr_array([[1.0, 1.0, 0.0], [2.0, 1.0, 1.0], [0.5, 0.0, 0.0]]))
    assert (least.tolist(), most.tolist()) == ([7, 17, 3.5], [12, 19, 3.5])


def schools_by_groups(schools, groups, hidden, seed):
    draw = np.random.default_rng(seed)
    truth = draw.negative_binomial(0.8, 0.05, (schools, groups)).astype(float)
    small = np.flatnonzero((truth.ravel() > 0) & (truth.ravel() < 5))
    rest = draw.permutation(np.setdiff1d(np.arange(truth.size), small))[: hidden - small.size]
    chosen = np.zeros(truth.size, dtype=bool)
    chosen[np.union1d(small, rest)] = True
    return knowledge(truth, chosen, lines_of((schools, groups))), small


def test_a_whole_authority_takes_seconds():
    known, small = schools_by_groups(400, 11, 1500, seed=1)
    goals, before = one_by_one(known, small[:900]), process_time()
    least, most = reach(known, goals, np.full(900, 4.0))
    assert process_time() - before < 5
    assert [end.tolist() for end in reach(known, goals, np.full(900, 4.0))] == [least.tolist(), most.tolist()]
    narrow = most - least < 4
    exact = reach(known, goals)
    assert ((exact[1] - exact[0] < 4) == narrow).all()
    assert (exact[0][narrow] == least[narrow]).all()


def test_the_audit_shares_no_code_with_protection():
    """Modules of the audit import nothing of protection and none of the older solving code."""
    foreign = {"protect", "secondary", "systems", "layers"}
    folder = Path(program.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            assert not foreign & {part for name in names for part in name.split(".")}, path.name
