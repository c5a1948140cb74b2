"""The table of whole numbers nearest to a known one that has so much of an aim: a few numbers move, most stay."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from sendlab.disclosure.audit.knowledge import TINY, Contradiction, Floats, Knowledge
from sendlab.disclosure.audit.program import Program, is_table, rounded

TRIES = 4  # each with other costs of a move: of tables equally near, most are whole, and another is found
SEED = 20_071


def nearest(known: Knowledge, centre: Floats, aim: Floats, least: float) -> Floats | None:
    """A table of whole numbers with `least` of the aim or more; None where none was found. `centre`: one of less.

    Steps from a table of whole numbers to the nearest others are mostly whole themselves, so that a program in
    fractions finds them: far sooner than a search among all tables of whole numbers does.

    >>> known = Knowledge(np.zeros(3), np.full(3, 9.0), csr_array([[1.0, 1.0, 1.0]]), np.array([6.0]), np.array([6.0]),
    ...                   np.full(3, True))
    >>> nearest(known, np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 0.0]), 2.0)[0]
    np.float64(2.0)
    """
    program, draw, size = Program(_steps(known, centre, aim, least)), np.random.default_rng(SEED), centre.size
    for turn in range(TRIES):
        cost = np.ones(2 * size) + (draw.random(2 * size) if turn else 0.0)
        try:
            steps = program.most(-cost).table
        except Contradiction:
            return None
        if steps is None:
            return None
        table = centre + steps[:size] - steps[size:]
        found = rounded(table, known.whole)
        if (np.abs(found - table) < TINY).all() and is_table(known, found) and float(aim @ found) >= least - TINY:
            return found
    return None


def _steps(known: Knowledge, centre: Floats, aim: Floats, least: float) -> Knowledge:
    """What is known of the steps up, and then of those down, to a table with so much of the aim."""
    sums = csr_array(vstack([known.sums, csr_array(aim[None, :])]))
    at = sums @ centre
    return Knowledge(
        np.zeros(2 * centre.size), np.concatenate([known.high - centre, centre - known.low]),
        csr_array(hstack([sums, -sums])), np.append(known.sum_low, least) - at, np.append(known.sum_high, np.inf) - at,
        np.concatenate([known.whole, known.whole]),
    )  # fmt: skip
