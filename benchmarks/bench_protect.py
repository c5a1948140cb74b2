"""Measures protection: the cheapest pattern, its bound, the quick search, in CPU seconds, for tables of many sizes.

python benchmarks/bench_protect.py [NAME ...]   the names of the tables; all if none is given
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from protect_tables import (
    NEEDS,
    PROVISION,
    base_system,
    flat,
    grouped,
    people_system,
    schools_by_group,
    sen_counts,
    system_of,
    with_totals,
)

from sendlab.disclosure.protect.search import protect

BROAD = (28.0, 16.0, 6.0, 4.0)
TABLES = {
    "30 x 13": ((flat(30), flat(13)), NEEDS),
    "30 x 13, in 3 areas and 4 broad": ((grouped(30, 3), grouped(13, 4)), NEEDS),
    "30 x 4": ((flat(30), flat(4)), PROVISION),
    "150 in 10 areas x 4": ((grouped(150, 10), flat(4)), PROVISION),
    "10 x 2 x 4": ((flat(10), flat(2), flat(4)), np.outer((0.25, 0.75), BROAD)),
    "30 x 2 x 4": ((flat(30), flat(2), flat(4)), np.outer((0.25, 0.75), BROAD)),
    "10 x 4 x 13": ((flat(10), flat(4), flat(13)), np.outer((0.2, 0.5, 0.2, 0.1), NEEDS)),
}
LAS = {"400 schools, provision": 0, "400 schools, provision and needs": 6}


def timed(system, **options):
    """A pattern, and the CPU seconds that it took."""
    start = time.process_time()
    found = protect(system, **options)
    return found, time.process_time() - start


def measure_table(name):
    """Quick search and proof under both zero rules, for the outsider."""
    axes, shares = TABLES[name]
    table = with_totals(sen_counts(np.random.default_rng(7), axes, shares), axes)
    for zeros_shown in (True, False):
        system = system_of(table, axes, zeros_shown=zeros_shown)
        quick, seconds = timed(system)
        best, proof = timed(system, prove=True)
        print(
            f"{name}, zeros {'shown' if zeros_shown else 'hideable'}: "
            f"{system.cells} cells, {system.aims.shape[0]} primary; "
            f"{best.bound:g} <= optimum <= {best.cost:g} ({proof:.1f} s); quick {quick.cost:g} ({seconds:.1f} s)",
            flush=True,
        )


def measure_la(name):
    """Bases, then people beneath them, safe for every school."""
    rng = np.random.default_rng(3)
    counts, rows, holder = schools_by_group(rng, 400, LAS[name])
    base, seconds = timed(base_system(counts, rows, holder))
    people = people_system(rng, counts, rows, holder, base.hidden)
    found, more = timed(people)
    print(f"{name}: {counts.size} cells; bases {base.cost:g} ({seconds:.1f} s); ", end="")
    print(f"people, {people.aims.shape[0]} to protect: {found.cost:g} ({more:.1f} s)", flush=True)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or [*TABLES, *LAS]:
        measure_la(wanted) if wanted in LAS else measure_table(wanted)
