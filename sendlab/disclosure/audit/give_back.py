"""Which hidden counts of a published table adding and subtracting give back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from sendlab.disclosure.audit.intervals import reach
from sendlab.disclosure.audit.knowledge import TINY, Bools, Contradiction, Floats, Ints, Knowledge
from sendlab.disclosure.audit.links import find_sums
from sendlab.disclosure.audit.shown import Shown, narrow_by_rates, show
from sendlab.disclosure.audit.table import PublishedTable, read_table

ENOUGH_SUMS = 1  # complete sums with nothing hidden and two parts above nought that a kind of sum must have
HOLDING_SHARE = 0.98  # of these that must hold for the kind to be taken for one that always holds
FEW = 4.0  # a hidden count with fewer than five values left is narrow
PLACES_FIRST = "geographic_level="  # kinds of sums that are given up first where numbers contradict each other


@dataclass(frozen=True)
class IndicatorAudit:
    """What the attack found of one indicator."""

    indicator: str
    hidden: int  # counts with a symbol in place of the number
    at: Ints  # rows whose hidden count is known exactly
    value: Floats
    narrow: int  # hidden counts with two to four values left
    links: tuple[str, ...]  # kinds of sums that hold in this indicator
    left_out: int  # sums that cannot be true for the numbers shown


@dataclass(frozen=True)
class TableAudit:
    """What the attack found in a file, the indicator that gives most back first."""

    table: PublishedTable
    asked: tuple[str, ...]  # links the audit was limited to; none: all
    rule: tuple[float, float] | None
    rates: tuple[str, ...]
    indicators: tuple[IndicatorAudit, ...]

    @property
    def recoverable(self) -> int:
        """Hidden counts that the file gives back."""
        return sum(found.at.size for found in self.indicators)


@dataclass(frozen=True)
class _Sums:
    """Entries of sums as arrays; sums are numbered from 0."""

    link: Ints
    number: Ints
    at: Ints
    weight: Floats
    full: Bools
    count: int

    def entries(self, kept: Bools) -> _Sums:
        """Some of the entries, of the sums as they are numbered."""
        return _Sums(
            self.link[kept], self.number[kept], self.at[kept], self.weight[kept], self.full[kept], self.count
        )  # fmt: skip

    def only(self, kept: Bools) -> _Sums:
        """The entries of the sums that are kept."""
        return self.entries(kept[self.number])

    def total(self, values: Floats | Bools) -> Floats:
        """Sum of a value of each entry, for each sum."""
        return np.bincount(self.number, values, self.count).astype(np.float64)


def audit_table(path: Path, *, links: Sequence[str] = (), known_rule: tuple[float, float] | None = None) -> TableAudit:
    """Attack a published file: each hidden count that what is shown fixes to a single value.

    `links` limits the sums to some kinds (`link_names`); `known_rule` is the least and most a hidden count can be.
    Errors: DataProblem where the file is not laid out as expected; UnknownLink.
    """
    table = read_table(path)
    found = find_sums(table, links)
    names = found["link"].unique().sort().to_list()
    link = found["link"].replace_strict({name: at for at, name in enumerate(names)}, return_dtype=pl.Int64)
    sums = _Sums(
        link.to_numpy(), found["sum"].to_numpy(), found["at"].to_numpy(), found["weight"].to_numpy(),
        found["full"].to_numpy(), found["sum"].n_unique(),
    )  # fmt: skip
    shown, rates = narrow_by_rates(table, {name: show(table, name, known_rule) for name in table.counts})
    audits = [_audit(table, name, shown[name], sums, names) for name in table.counts]
    ordered = sorted(audits, key=lambda audit: (-audit.at.size, audit.indicator))
    return TableAudit(table, tuple(links), known_rule, tuple(rates), tuple(ordered))


def _audit(table: PublishedTable, name: str, shown: Shown, sums: _Sums, names: list[str]) -> IndicatorAudit:
    sums = _without_absent(sums, shown.absent)
    holding = _holding(sums, shown, len(names))
    sums = sums.only(holding)
    possible = _possible(sums, shown)
    usable = sums.only(possible & (sums.total(shown.hidden[sums.at]) > 0))
    # a percentage may give a count back by itself
    alone = np.flatnonzero(shown.hidden & ~shown.rounded & (shown.high - shown.low < TINY))
    at, least, most, dropped = [alone], [shown.low[alone]], [shown.high[alone]], 0
    for block in _blocks(table, usable):
        places, low, high, gone = _attack(block, shown, names)
        at, least, most, dropped = [*at, places], [*least, low], [*most, high], dropped + gone
    places, first = np.unique(np.concatenate(at), return_index=True)
    low, high = np.concatenate(least)[first], np.concatenate(most)[first]
    fixed = high - low < TINY
    with_hidden = sums.total(shown.hidden[sums.at]) > 0
    return IndicatorAudit(
        name, int(shown.hidden.sum()), places[fixed], low[fixed], int((~fixed & (high - low < FEW)).sum()),
        tuple(names[at] for at in np.unique(usable.link)), int((with_hidden & ~possible).sum()) + dropped,
    )  # fmt: skip


def _without_absent(sums: _Sums, absent: Bools) -> _Sums:
    """Not applicable: a part that is not there, or a total that is none."""
    gone = absent[sums.at]
    totals_gone = sums.total(gone & (sums.weight < 0)) > 0
    return sums.entries(~gone & ~totals_gone[sums.number])


def _holding(sums: _Sums, shown: Shown, kinds: int) -> Bools:
    """Whether the kind of each sum is one that holds: in nearly all sums with nothing hidden that can tell.

    Sums that lack a part are judged by themselves: whether an absent row is nobody depends on the file.
    """
    middle, half = (shown.low + shown.high) / 2, (shown.high - shown.low) / 2
    seen = sums.total(shown.hidden[sums.at]) == 0
    with np.errstate(invalid="ignore"):
        miss, room = np.abs(sums.total(sums.weight * middle[sums.at])), sums.total(half[sums.at])
        parts = sums.weight > 0
        size = sums.total(np.where(parts, middle[sums.at], 0.0))
    telling = seen & (sums.total(parts & (shown.low[sums.at] > 0)) > 1) & (size > 2 * room)
    kind = np.zeros(sums.count, dtype=np.int64)
    kind[sums.number] = 2 * sums.link + sums.full
    asked = np.bincount(kind[telling], minlength=2 * kinds)
    held = np.bincount(kind[telling & (miss <= room + TINY)], minlength=2 * kinds)
    holds = (asked >= ENOUGH_SUMS) & (held >= HOLDING_SHARE * asked)
    return np.asarray(holds[kind])


def _possible(sums: _Sums, shown: Shown) -> Bools:
    """Whether a sum can be true by itself."""
    ends = sums.weight * shown.low[sums.at], sums.weight * shown.high[sums.at]
    least, most = sums.total(np.minimum(*ends)), sums.total(np.maximum(*ends))
    return np.asarray((least <= TINY) & (most >= -TINY))


def _blocks(table: PublishedTable, sums: _Sums) -> list[_Sums]:
    """The sums of each period: nothing ties one period to another."""
    period = np.full(table.shown.height, -1, dtype=np.int64)
    ranks = table.keys.select(pl.struct(table.time).rank("dense")).to_series().cast(pl.Int64)
    period[table.keys["at"].to_numpy()] = ranks.to_numpy()
    of_sum = np.full(sums.count, -1, dtype=np.int64)
    of_sum[sums.number] = period[sums.at]
    return [sums.only(of_sum == one) for one in np.unique(of_sum[of_sum >= 0])]


def _attack(sums: _Sums, shown: Shown, names: list[str]) -> tuple[Ints, Floats, Floats, int]:
    """Rows with a hidden count, the least and most of each, and how many sums were given up as contradictory.

    Where a level is rounded, what is hidden would have been rounded too: no count of it is known exactly.
    """
    order = sorted(np.unique(sums.link), key=lambda link: (not names[link].startswith(PLACES_FIRST), names[link]))
    for given_up in range(len(order) + 1):
        kinds = np.ones(len(names), dtype=np.bool_)
        kinds[order[:given_up]] = False
        of_sum = np.zeros(sums.count, dtype=np.bool_)
        of_sum[sums.number] = kinds[sums.link]
        try:
            places, least, most = _solve(sums.only(of_sum), shown)
        except Contradiction:
            continue
        return places, least, most, int(np.unique(sums.number).size - of_sum.sum())
    raise AssertionError("no sums cannot contradict each other")


def _solve(sums: _Sums, shown: Shown) -> tuple[Ints, Floats, Floats]:
    places, column = np.unique(sums.at, return_inverse=True)
    _, row = np.unique(sums.number, return_inverse=True)
    height = int(row.max()) + 1 if row.size else 0
    matrix = csr_array((sums.weight, (row, column)), shape=(height, places.size))
    low, high = shown.low[places], shown.high[places]
    whole = (low == np.round(low)) & ((high == np.round(high)) | np.isinf(high))
    asked = np.flatnonzero((shown.hidden & ~shown.rounded)[places])
    goals = csr_array((np.ones(asked.size), (np.arange(asked.size), asked)), shape=(asked.size, places.size))
    nought = np.zeros(height)
    least, most = reach(Knowledge(low, high, matrix, nought, nought, whole), goals, np.full(asked.size, FEW))
    return places[asked], least, most
