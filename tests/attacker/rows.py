"""Claims as rows of a published table with intervals for numbers, and the counts that follow by arithmetic."""

from collections.abc import Iterable, Mapping
from math import ceil, floor, inf
from typing import Any

import numpy as np
import polars as pl

from attacker.claims import COUNTS, Claim
from attacker.sentences import REST_OF_LA
from sendlab.metrics.cards import Card, card
from sendlab.schema.measures import GROUPS
from sendlab.stats.intervals import wilson

Key = tuple[Any, ...]  # measure, period, part of year, place, groups, comparator
Interval = tuple[float, float]
Known = dict[str, Interval]
COLUMN = {"base": "base_subjects", "eligible": "eligible_subjects"}
NUMBERS = ("numerator", "denominator", "base", "eligible", "value", "lower", "upper", "comparator_value")
_LARGEST = 5000  # a base is not looked for beyond this many people
_EXACT = 1e-9
PER = 100.0


def known_of(claims: Iterable[Claim]) -> dict[Key, Known]:
    """{row: {number: interval}}: where several files tell one number, the part that all of them allow."""
    rows: dict[Key, Known] = {}
    for claim in (claim for claim in claims if claim.what != "bases"):  # those are of several rows
        known = rows.setdefault(claim.key, {})
        if claim.told and claim.what in (*NUMBERS, "share"):
            low, high = known.get(claim.what, (-inf, inf))
            low, high = max(low, claim.low), min(high, claim.high)
            known[claim.what] = (low, high) if low <= high + _EXACT else (claim.low, claim.high)
    return rows


def hidden_keys(claims: Iterable[Claim]) -> dict[Key, set[str]]:
    """{row: which of its numbers stand under the mark of hiding}."""
    hidden: dict[Key, set[str]] = {}
    for claim in claims:
        if claim.mark == "c":
            hidden.setdefault(claim.key, set()).add(claim.what)
    return hidden


def as_published_rows(claims: Iterable[Claim], levels: Mapping[str, str] | None = None) -> pl.DataFrame:
    """Rows in the layout of published rows, each number as `<name>_low` and `<name>_high`; null where nothing is told.

    `levels` is {place code: geographic level} (`Read.levels`). Counts that follow from percentages, limits and other
    rows are in it (`with_arithmetic`). `status` is "c" where a file marks the figure as hidden.
    """
    told = list(claims)
    known, hidden = with_arithmetic(known_of(told), levels or {}), hidden_keys(told)
    return pl.DataFrame(
        [_row(key, known[key], hidden, levels or {}) for key in sorted(known)], infer_schema_length=None
    )


def _row(key: Key, known: Known, hidden: Mapping[Key, set[str]], levels: Mapping[str, str]) -> dict[str, Any]:
    measure, period, part, place, groups, comparator = key
    row = {
        "measure": measure, "time_period": period, "time_identifier": part, "geographic_level": levels.get(place, ""),
        "place_code": place, **dict(zip(GROUPS, groups, strict=True)), "comparator": comparator,
        "status": "c" if hidden.get(key, set()) - {"base", "denominator"} else "",
    }  # fmt: skip
    for what in NUMBERS:
        low, high = known.get(what, (None, None))
        row |= {f"{COLUMN.get(what, what)}_low": low, f"{COLUMN.get(what, what)}_high": high}
    return row


def with_arithmetic(rows: Mapping[Key, Known], levels: Mapping[str, str]) -> dict[Key, Known]:
    """The rows with what follows: gaps give sides, percentages give counts, the rest of the LA gives the school."""
    done = {key: dict(known) for key, known in rows.items()}
    for key, known in rows.items():
        figure = (*key[:5], "")
        if key[5]:  # a row of a comparison carries the counts of its figure
            for what in COUNTS:
                if what in known:
                    done.setdefault(figure, {}).setdefault(what, known[what])
        if key[5] == "No SEN" and "comparator_value" in known:  # the other side is a group of the same place
            other = done.setdefault((*key[:4], ("No SEN", *key[4][1:]), ""), {})
            other.setdefault("value", known["comparator_value"])
        if key[5] == "No SEN" and "value" in known:
            _side_of_gap(done, key, known)
    for key, known in done.items():
        if not key[5]:
            _counts(card(key[0]), known)
    la = next((code for code, level in levels.items() if level == "Local authority"), None)
    for key, known in list(done.items()):
        if key[5] == REST_OF_LA and "comparator_value" in known and la is not None:
            _rest(done, key, known["comparator_value"], la)
    return done


def _side_of_gap(rows: dict[Key, Known], key: Key, gap: Known) -> None:
    """The figure of a group is that of No SEN and the gap."""
    other = rows.get((*key[:4], ("No SEN", *key[4][1:]), ""), {}).get("value")
    own = rows.setdefault((*key[:5], ""), {})
    if other is not None and "value" not in own:
        own["value"] = (other[0] + gap["value"][0], other[1] + gap["value"][1])


def _counts(about: Card, known: Known) -> None:
    """Numerator from a percentage and its base; base from a percentage and its limits (methods: dividing back)."""
    if {"share", "eligible"} <= set(known) and "base" not in known:
        ends = zip(known["share"], known["eligible"], strict=True)
        known["base"] = _whole(*(share * could / PER for share, could in ends))
    if about.kind not in ("share", "events", "sum") or "value" not in known:
        return
    below = "denominator" if about.kind == "sum" else "base"
    value = known["value"]
    if below == "base" and "base" not in known and "denominator" in known:
        known["base"] = known["denominator"]
    limits = below not in known and about.kind == "share" and {"lower", "upper"} <= set(known)
    if limits and (found := base_from_limits(value, known["lower"], known["upper"])):
        known["base"] = found
    if below in known and "numerator" not in known:
        low, high = value[0] * known[below][0] / PER, value[1] * known[below][1] / PER
        low, high = _whole(low, high) if about.kind != "sum" else (max(low, 0.0), high)
        if low <= high:
            known["numerator"] = (low, high)
    elif "numerator" in known and below not in known and value[0] > 0:
        low, high = PER * known["numerator"][0] / value[1], PER * known["numerator"][1] / value[0]
        known[below] = _whole(low, high)


def _whole(low: float, high: float) -> Interval:
    """The whole numbers of an interval.

    >>> _whole(2.9, 5.1)
    (3, 5)
    """
    return ceil(low - _EXACT), floor(high + _EXACT)


def base_from_limits(value: Interval, lower: Interval, upper: Interval) -> Interval | None:
    """The bases on which a percentage with these 95 % limits (Wilson) can rest; None where there is none.

    >>> base_from_limits((44.5, 45.5), (29.5, 30.5), (61.5, 62.5))
    (33.0, 33.0)
    """
    n = np.arange(1.0, _LARGEST)
    fits = []
    first, last = np.ceil(value[0] * n / PER - _EXACT), np.floor(value[1] * n / PER + _EXACT)
    for more in range(int(np.max(last - first)) + 1):
        x = first + more
        with np.errstate(invalid="ignore"):
            low, high = wilson(np.clip(x, 0, n), n)
        near = (PER * low >= lower[0]) & (PER * low <= lower[1]) & (PER * high >= upper[0]) & (PER * high <= upper[1])
        fits += n[near & (x <= last) & (x >= 0) & (x <= n)].tolist()
    return (min(fits), max(fits)) if fits else None


def _rest(rows: dict[Key, Known], key: Key, value: Interval, la: str) -> None:
    """A school's numerator is the LA's less that of the LA without it."""
    about, own = card(key[0]), rows.setdefault((*key[:5], ""), {})
    whole = rows.get((*key[:3], la, key[4], ""), {})
    below = "denominator" if about.kind == "sum" else "base"
    if "numerator" in own or about.kind not in ("share", "events", "sum"):
        return
    if not {below, "numerator"} <= set(whole) or below not in own:
        return
    rest = (whole[below][0] - own[below][1], whole[below][1] - own[below][0])
    low, high = value[0] * rest[0] / PER, value[1] * rest[1] / PER
    if about.kind != "sum":
        low, high = _whole(low, high)
    own["numerator"] = (max(whole["numerator"][0] - high, 0.0), whole["numerator"][1] - low)
