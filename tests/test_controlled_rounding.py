"""Controlled rounding: the worked table, and what holds for every table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protect_tables import flat, relations, with_totals
from scipy.sparse import csr_array

from sendlab.disclosure.protect.controlled import NoRounding, controlled


def rounded(inner, axes, base=5):
    table = with_totals(np.array(inner), axes)
    return table.ravel(), controlled(table.ravel(), relations(axes), base=base)


def test_worked_table_changes_by_22_in_all():
    counts, found = rounded([[3, 12, 7], [1, 4, 9], [6, 2, 11]], (flat(3), flat(3)))
    assert np.abs(found - counts).sum() == 22
    expected = [[5, 10, 5, 20], [0, 5, 10, 15], [5, 5, 10, 20], [10, 20, 25, 55]]  # the only one with 22
    assert found.reshape(4, 4).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=12, max_size=12),
    st.sampled_from([3, 5, 10]),
)
def test_two_dimensions_always_round_to_adjacent_multiples_that_add_up(counts, base):
    axes = (flat(4), flat(3))
    before, after = rounded(np.reshape(counts, (4, 3)), axes, base)
    assert (np.abs(after - before) < base).all()
    assert (after % base == 0).all()
    assert (after == before)[before % base == 0].all()
    assert (relations(axes) @ after == 0).all()
    nearest = np.minimum(before % base, base - before % base).sum()
    assert np.abs(after - before).sum() >= nearest


def outcome(inner):
    axes = (flat(2), flat(2), flat(2))
    try:
        return rounded(inner, axes)
    except NoRounding as none:
        return str(none)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=8, max_size=8))
def test_three_dimensions_round_or_say_that_they_cannot(counts):
    """Every choice of multiples for the eight inner counts is tried."""
    axes = (flat(2), flat(2), flat(2))
    inner = np.reshape(counts, (2, 2, 2))
    found = outcome(inner)
    table = with_totals(inner, axes)
    possible = []
    for choice in range(256):
        up = np.array([choice >> place & 1 for place in range(8)]).reshape(2, 2, 2)
        tried = with_totals(inner // 5 * 5 + 5 * up, axes)
        if (np.abs(tried - table) < 5).all():
            possible.append(np.abs(tried - table).sum())
    if isinstance(found, str):
        assert not possible
        assert "multiples of 5" in found
    else:
        before, after = found
        assert np.abs(after - before).sum() == min(possible)


def impossible_sums():
    """a + b, b + c and a + c are published: 1 + 1, where all are 1 of base 2, cannot all stay beside one another."""
    rows = np.array([[1.0, 1.0, 0.0, -1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0, -1.0, 0.0], [1.0, 0.0, 1.0, 0.0, 0.0, -1.0]])
    return np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0]), rows


def test_sums_that_no_rounding_keeps_are_said_to_be_so():
    counts, rows = impossible_sums()
    with pytest.raises(NoRounding, match="multiples of 2"):
        controlled(counts, csr_array(rows), base=2)


def test_counts_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="add up"):
        controlled(np.array([1.0, 2.0, 4.0]), csr_array(np.array([[1.0, 1.0, -1.0]])))
