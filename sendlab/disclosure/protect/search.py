"""Which cells to hide so that no reader can pin down what must be protected."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from sendlab.disclosure.protect.attacker import FEW_HOLDERS, Attacker
from sendlab.disclosure.protect.covering import Search
from sendlab.disclosure.protect.parts import Part, parts_of
from sendlab.disclosure.protect.proof import Proof
from sendlab.disclosure.protect.rounds import short_in
from sendlab.disclosure.protect.solver import SolverFailed
from sendlab.disclosure.protect.system import NOBODY, Bools, NoPattern, Pattern, System
from sendlab.disclosure.protect.tables import Tables

# How much work goes into showing again what was not needed, in counts times linear programs.
_EFFORT, _EFFORT_WITH_HOLDERS = 2_000_000, 600_000


def protect(system: System, *, prove: bool = False, nodes: int = 2_000, tables: Tables | None = None) -> Pattern:
    """A pattern under which every aim has its width for every reader: the outsider, and each holder.

    A quick search finds a safe pattern and shows again what turns out not to be needed, dearest cells first. With
    `prove`, cut generation looks for the cheapest pattern and bounds from below what any can cost; it is meant for
    systems of up to about a thousand counts and stops by counts of programs, rounds and `nodes` of branch and bound,
    never by time. Costs may be any numbers; where all are multiples of 0.001 the bound is rounded up to what patterns
    can cost. Among patterns of one cost fixed weights decide, the same on every machine; together they weigh less than
    the smallest difference of costs. No count is followed further than 30 times the widest aim from the truth: in
    tables of two dimensions nothing is lost by that, in others the pattern can only be more cautious.

    `tables` are those found for other systems of the same counts: the search goes on from what holds here, and adds
    what it finds, also where there is no pattern.

    Raises NoPattern with all aims that no pattern protects. Every pattern is checked in full before it is returned.

    Method: Fischetti and Salazar (2001), Management Science 47:1008-1027.

    A total of 30 with one hidden part needs a second one:

    >>> from scipy.sparse import csr_array
    >>> from sendlab.disclosure.protect.system import no_rows
    >>> counts = np.array([30.0, 18, 11, 1])
    >>> system = System(
    ...     truth=counts, lower=np.ones(4), upper=np.full(4, np.inf), cell=np.arange(4),
    ...     cost=np.array([9.0, 2, 1, 1]), hidden=counts == 1, relations=csr_array(np.array([[1.0, -1, -1, -1]])),
    ...     orders=no_rows(4), room=np.empty(0), aims=csr_array(np.array([[0.0, 0, 0, 1]])), width=np.array([4.0]))
    >>> protect(system, prove=True)
    Pattern(hidden=array([False, False,  True,  True]), cost=1.0, bound=1.0, method='optimal')
    """
    parts, stuck = parts_of(system)
    impossible: list[NoPattern] = [NoPattern(lambda: stuck)] if len(stuck) else []
    hidden, bound, proven = system.hidden.copy(), 0.0, prove
    for part in parts:
        try:
            best, least = _protect_part(part, prove, nodes, Tables() if tables is None else tables)
        except NoPattern as none:
            impossible.append(none.with_traceback(None))  # which would keep all that was tried
            continue
        hidden[part.cells] |= best
        bound += least
        proven &= part.cost[best & ~part.hidden].sum() <= least + 1e-9
    if impossible:
        raise NoPattern(lambda: [aim for none in impossible for aim in none.aims])
    if not parts:
        return Pattern(hidden, 0.0, 0.0, "nothing to do")
    cost = float(system.cost[hidden & ~system.hidden].sum())
    return Pattern(hidden, cost, bound, "optimal" if proven else "heuristic")


def _protect_part(part: Part, prove: bool, nodes: int, tables: Tables) -> tuple[Bools, float]:
    """A checked pattern of one part, and the least that any can cost as far as that is known."""
    effort = _EFFORT_WITH_HOLDERS if part.judged.shape[1] - 1 > FEW_HOLDERS else _EFFORT
    programs = effort // part.low.size
    search = Search(part)
    known = tables.give(search.attacker)
    try:
        found = search.run(programs)
    finally:
        tables.take(search.attacker, known)
    best, bound = found.hidden, 0.0
    if prove:
        proof = Proof(part, best, programs)
        proof.run(nodes)
        best, bound = proof.best, min(proof.bound, proof.best_cost)
    if short_in(Attacker(part, best), found.reach.tables()):
        raise SolverFailed("the pattern found by disclosure control does not pass its own check")
    return best, bound


def short(system: System, hidden: Bools, *, readers: Collection[int] | None = None) -> list[int]:
    """Places of the aims that are not wide enough under a pattern for some reader.

    `hidden` has one place a cell. `readers` are holders, NOBODY for the outsider; all of them if not given. A holder
    without a count that matters knows what the outsider knows.
    """
    parts, stuck = parts_of(system)
    found = list(stuck)
    for part in parts:
        judged = part.judged if readers is None else _only(part, readers)
        aims = short_in(Attacker(replace(part, judged=judged), hidden[part.cells]))
        found += part.names_of(np.array(aims, dtype=np.int64))
    return sorted(found)


def _only(part: Part, readers: Collection[int]) -> Bools:
    """Which aims are judged for whom, if only for these readers."""
    asked = np.isin(part.names, list(readers))
    asked[-1] = NOBODY in readers or not set(readers) <= set(part.names.tolist())
    return part.judged & asked
