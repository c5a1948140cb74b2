"""Protection by brute force: one linear program for each count and reader, every pattern, or one large model."""

from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import block_diag, csr_array, eye_array, hstack, vstack

from sendlab.disclosure.protect.system import NOBODY

CAP = 200.0
SLACK = 1e-6


def interval(system, hidden, aim, reader=NOBODY):
    """The least and the most that a reader must grant an aim, in whole numbers."""
    weights = system.aims.toarray()[aim]
    moves = hidden[system.cell]
    if reader != NOBODY:
        moves = moves & (system.holder != reader)
    low = np.where(moves, np.minimum(system.lower, system.truth), system.truth)
    high = np.where(moves, np.minimum(system.upper, system.truth + CAP), system.truth)
    orders = system.orders.shape[0] > 0
    ends = []
    for sign in (1.0, -1.0):
        answer = linprog(
            sign * weights, A_eq=system.relations, b_eq=system.relations @ system.truth,
            A_ub=system.orders if orders else None, b_ub=system.room if orders else None,
            bounds=np.column_stack([low, high]),
        )  # fmt: skip
        assert answer.status == 0
        ends.append(sign * answer.fun)
    return int(np.ceil(ends[0] - SLACK)), int(np.floor(ends[1] + SLACK))


def readers_of(system, aim):
    """The outsider, and who holds none of the counts, if all of them are held."""
    if system.holder.size == 0:
        return [NOBODY]
    theirs = system.holder[system.aims.toarray()[aim] != 0]
    if (theirs == NOBODY).any():
        return [NOBODY]
    return [NOBODY, *sorted(set(system.holder.tolist()) - set(theirs.tolist()) - {NOBODY})]


def short_aims(system, hidden):
    """Aims that some reader knows too well."""
    return [aim for aim in range(system.aims.shape[0]) if not _wide(system, hidden, aim)]


def _wide(system, hidden, aim):
    for reader in readers_of(system, aim):
        least, most = interval(system, hidden, aim, reader)
        if most - least < system.width[aim]:
            return False
    return True


def no_cheaper_pattern(system, cost):
    """Whether every pattern cheaper than this leaves some aim short: all of them are tried.

    Hiding more never narrows an interval, so of equal costs only the patterns with the most cells need a look.
    """
    open_cells = np.flatnonzero(np.isfinite(system.cost) & ~system.hidden)
    price = system.cost[open_cells]
    same = price.size and np.ptp(price) == 0
    sizes = [min(int(np.ceil(cost / price[0] - SLACK)) - 1, price.size)] if same else range(price.size + 1)
    last = 0
    for size in sizes:
        for chosen in combinations(range(open_cells.size), max(size, 0)):
            if price[list(chosen)].sum() >= cost - SLACK:
                continue
            hidden = system.hidden.copy()
            hidden[open_cells[list(chosen)]] = True
            order = [last, *(aim for aim in range(system.aims.shape[0]) if aim != last)]
            narrow = next((aim for aim in order if not _wide(system, hidden, aim)), None)
            if narrow is None:
                return False
            last = narrow
    return True


def full_model(system):
    """The cost of the cheapest pattern for the outsider: two tables an aim in one model. None if there is none."""
    cells, counts, aims = system.cells, system.counts, system.aims.shape[0]
    down, up = np.minimum(system.lower - system.truth, 0.0), np.minimum(system.upper - system.truth, CAP)
    tables = 2 * aims
    size = cells + tables * counts
    own = csr_array((np.ones(counts), (np.arange(counts), system.cell)), shape=(counts, cells))
    moves = block_diag([eye_array(counts)] * tables)
    below = hstack([vstack([-own.multiply(up[:, None])] * tables), moves])
    above = hstack([vstack([own.multiply(-down[:, None])] * tables), moves])
    sums = hstack([csr_array((system.relations.shape[0] * tables, cells)), block_diag([system.relations] * tables)])
    apart = np.zeros((aims, size))
    for aim, weights in enumerate(system.aims.toarray()):
        first = cells + 2 * aim * counts
        apart[aim, first : first + counts], apart[aim, first + counts : first + 2 * counts] = weights, -weights
    fixed = np.isinf(system.cost) | system.hidden
    low = np.concatenate([np.where(fixed, system.hidden, 0.0), np.full(tables * counts, -np.inf)])
    high = np.concatenate([np.where(fixed, system.hidden, 1.0), np.full(tables * counts, np.inf)])
    answer = milp(
        np.concatenate([np.where(fixed, 0.0, system.cost), np.zeros(tables * counts)]),
        integrality=np.concatenate([np.ones(cells), np.zeros(tables * counts)]), bounds=Bounds(low, high),
        constraints=[
            LinearConstraint(csr_array(below), -np.inf, 0.0), LinearConstraint(csr_array(above), 0.0, np.inf),
            LinearConstraint(csr_array(sums), 0.0, 0.0), LinearConstraint(apart, system.width, np.inf),
        ],
        # with presolve HiGHS 1.12.0 (scipy 1.17.1) once called 6 optimal where 5 is feasible, as enumeration says too
        options={"mip_rel_gap": 0.0, "presolve": False},
    )  # fmt: skip
    return None if answer.status == 2 else float(answer.fun)
