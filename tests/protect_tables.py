"""Random tables of counts of pupils with SEN, as systems to be protected."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.sparse import block_diag, csr_array

from sendlab.disclosure.protect.system import NOBODY, System, no_rows

Sum = tuple[int, tuple[int, ...]]  # a total and its parts, as places in a list of codes
T = 5


@dataclass(frozen=True)
class Axis:
    """Codes of one dimension: the leaves first, then the totals, each the sum of its parts; the last is of all."""

    leaves: int
    sums: tuple[Sum, ...]

    @property
    def codes(self):
        return self.leaves + len(self.sums)


def flat(leaves):
    return Axis(leaves, ((leaves, tuple(range(leaves))),))


def grouped(leaves, groups):
    """Leaves in so many groups (the first groups are the larger ones), and the total of the groups."""
    parts = [tuple(int(leaf) for leaf in part) for part in np.array_split(np.arange(leaves), groups)]
    sums = [(leaves + number, part) for number, part in enumerate(parts)]
    return Axis(leaves, (*sums, (leaves + groups, tuple(range(leaves, leaves + groups)))))


def with_totals(inner, axes):
    """The leaves with all their totals."""
    table = np.zeros([axis.codes for axis in axes])
    table[tuple(slice(axis.leaves) for axis in axes)] = inner
    for number, axis in enumerate(axes):
        view = np.moveaxis(table, number, 0)
        for total, parts in axis.sums:
            view[total] = view[list(parts)].sum(axis=0)
    return table


def relations(axes):
    """One row a sum: total minus parts."""
    shape = tuple(axis.codes for axis in axes)
    entries, row = [], 0
    for number, axis in enumerate(axes):
        others = [range(one.codes) for place, one in enumerate(axes) if place != number]
        for rest in product(*others):
            for total, parts in axis.sums:
                for code, weight in ((total, 1.0), *((part, -1.0) for part in parts)):
                    cell = np.ravel_multi_index((*rest[:number], code, *rest[number:]), shape)
                    entries.append((row, int(cell), weight))
                row += 1
    rows, columns, weights = zip(*entries, strict=True)
    return csr_array((weights, (rows, columns)), shape=(row, int(np.prod(shape))))


def primaries(counts):
    return (counts > 0) & (counts < T)


def system_of(table, axes, *, zeros_shown=True, cost=None, hidden=None, holder=None):
    """Cells of 1-4 are hidden and need a width of 4; the grand total is always shown, zeros if `zeros_shown`."""
    counts = table.ravel().astype(float)
    hidden = primaries(counts) if hidden is None else hidden
    price = np.ones(counts.size) if cost is None else np.asarray(cost, dtype=float).copy()
    price[-1] = np.inf
    least = 1.0 if zeros_shown else 0.0
    price[(counts == 0) & zeros_shown] = np.inf
    at = np.flatnonzero(primaries(counts))
    aims = csr_array((np.ones(at.size), (np.arange(at.size), at)), shape=(at.size, counts.size))
    return System(
        counts, np.minimum(least, counts), np.full(counts.size, np.inf), np.arange(counts.size), price, hidden,
        relations(axes), no_rows(counts.size), np.empty(0), aims, np.full(at.size, T - 1.0),
        np.empty(0, dtype=np.int64) if holder is None else holder,
    )  # fmt: skip


def sen_counts(rng, axes, shares):
    """Leaf counts: schools differ in size, and each in what its pupils need; `shares` are the means of a school."""
    shape = tuple(axis.leaves for axis in axes)
    size = rng.gamma(4.0, 0.25, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    taste = rng.gamma(1.5, 1 / 1.5, shape)
    return rng.poisson(size * taste * np.asarray(shares, dtype=float))


PROVISION = (12.0, 45.0, 300.0, 8.0)  # EHC plan, SEN support, no SEN, not recorded
NEEDS = (9.0, 8.0, 7.0, 6.0, 4.0, 3.0, 2.5, 2.0, 1.5, 1.0, 0.8, 0.6, 0.4)  # thirteen areas of need


def schools_by_group(rng, schools, needs):
    """An LA: schools by Total, All SEN, EHC plan, SEN support, No SEN and areas of need within All SEN; last the LA.

    Returns the counts (schools + 1, groups), the relations, and the holder of each count.
    """
    shares = np.array([12.0, 10.0, 6.0, 2.0, 1.0, 0.5])[:needs]
    sen = rng.poisson(shares * rng.gamma(1.0, 1.0, (schools, needs)) * rng.gamma(2.0, 0.5, (schools, 1)))
    all_sen = sen.sum(axis=1) if needs else rng.poisson(30.0 * rng.gamma(2.0, 0.5, schools))
    plan = rng.binomial(all_sen, 0.15)
    without = rng.poisson(rng.gamma(3.0, 90.0, schools))
    school = np.column_stack([all_sen + without, all_sen, plan, all_sen - plan, without, sen])
    counts = np.vstack([school, school.sum(axis=0)]).astype(float)
    return counts, *sums_of_schools(schools, needs)


def sums_of_schools(schools, needs):
    groups = 5 + needs
    place = np.arange((schools + 1) * groups).reshape(schools + 1, groups)
    sums = [(row[0], (row[1], row[4])) for row in place] + [(row[1], (row[2], row[3])) for row in place]
    sums += [(row[1], tuple(row[5:])) for row in place if needs]
    sums += [(place[-1, group], tuple(place[:-1, group])) for group in range(groups)]
    entries = [(number, int(cell), weight) for number, (total, parts) in enumerate(sums)
               for cell, weight in ((total, 1.0), *((part, -1.0) for part in parts))]  # fmt: skip
    rows, columns, weights = zip(*entries, strict=True)
    holder = np.repeat(np.append(np.arange(schools), NOBODY), groups)
    return csr_array((weights, (rows, columns)), shape=(len(sums), place.size)), holder


def price_of_groups(counts):
    """Parts of schools are cheapest, totals dearer, the LA's dearest; its total is always shown."""
    one = np.ones(counts.shape)
    one[:, :2] = 4.0
    one[-1] *= 12.0
    price = np.round(one * (1.0 + np.log1p(counts) / 5.0), 3)
    price[-1, 0] = np.inf
    return price.ravel()


def base_system(counts, rows, holder):
    """Bases of 1-4 are hidden; nobody is always shown."""
    size = counts.ravel()
    hidden = primaries(size)
    price = np.where(size == 0, np.inf, price_of_groups(counts))
    at = np.flatnonzero(hidden)
    aims = csr_array((np.ones(at.size), (np.arange(at.size), at)), shape=(at.size, size.size))
    return System(
        size, np.minimum(1.0, size), np.full(size.size, np.inf), np.arange(size.size), price, hidden, rows,
        no_rows(size.size), np.empty(0), aims, np.full(at.size, T - 1.0), holder,
    )  # fmt: skip


def people_system(rng, counts, rows, holder, base_hidden, rate=0.2):
    """People with a feature beneath bases of which the pattern is given: two counts a cell.

    Small numbers of people, or of people without, are hidden; zeros are good news and shown where the base is.
    """
    schools, groups = counts.shape[0] - 1, counts.shape[1]
    people = people_of(rng, counts, rate).ravel()
    base = counts.ravel()
    size = base.size
    without = base - people
    small = primaries(people) | (primaries(without) & ~base_hidden)
    hidden = small | base_hidden
    price = np.where((people == 0) & ~base_hidden, np.inf, price_of_groups(people.reshape(schools + 1, groups)))
    price[base == 0] = np.inf
    upper = np.where(base_hidden, np.inf, base)
    lower = np.where(base_hidden, 0.0, np.minimum(1.0, people))
    wanted = np.flatnonzero(small)
    differ = np.flatnonzero(primaries(without) & base_hidden)
    aims = csr_array(
        (np.concatenate([np.ones(wanted.size + differ.size), -np.ones(differ.size)]),
         (np.concatenate([np.arange(wanted.size + differ.size), wanted.size + np.arange(differ.size)]),
          np.concatenate([size + wanted, differ, size + differ]))),
        shape=(wanted.size + differ.size, 2 * size),
    )  # fmt: skip
    within = np.flatnonzero(base_hidden)
    orders = csr_array(
        (np.concatenate([np.ones(within.size), -np.ones(within.size)]),
         (np.tile(np.arange(within.size), 2), np.concatenate([size + within, within]))),
        shape=(within.size, 2 * size),
    )  # fmt: skip
    both = csr_array(block_diag([rows, rows]))
    cell = np.concatenate([np.arange(size), size + np.arange(size)])
    return System(
        np.concatenate([base, people]), np.concatenate([np.minimum(1.0, base), lower]),
        np.concatenate([np.full(size, np.inf), upper]), cell,
        np.concatenate([np.full(size, np.inf), price]), np.concatenate([base_hidden, hidden]),
        both, orders, np.zeros(within.size), aims, np.full(wanted.size + differ.size, T - 1.0),
        np.tile(holder, 2),
    )  # fmt: skip


def people_of(rng, counts, rate):
    """People with the feature that add up as their bases do: drawn for the smallest cells, then summed."""
    schools, groups = counts.shape[0] - 1, counts.shape[1]
    base = counts[:schools].astype(int)
    chance = np.clip(rate * rng.gamma(2.0, 0.5, (schools, 1)), 0.0, 0.9)
    without, plan = rng.binomial(base[:, 4], chance[:, 0]), rng.binomial(base[:, 2], chance[:, 0])
    made = np.zeros(base.shape, dtype=int)
    if groups > 5:
        made[:, 5:] = rng.binomial(base[:, 5:], chance)
        made[:, 1] = made[:, 5:].sum(axis=1)
        made[:, 2] = rng.hypergeometric(made[:, 1], base[:, 1] - made[:, 1], base[:, 2])
        made[:, 3] = made[:, 1] - made[:, 2]
    else:
        made[:, 2], made[:, 3] = plan, rng.binomial(base[:, 3], chance[:, 0])
        made[:, 1] = made[:, 2] + made[:, 3]
    made[:, 4] = without
    made[:, 0] = made[:, 1] + without
    return np.vstack([made, made.sum(axis=0)]).astype(float)
