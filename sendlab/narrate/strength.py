"""Words for how sure an interval lets one be of a difference."""

from sendlab.metrics.cards import Card
from sendlab.narrate.rows import Row
from sendlab.stats.intervals import difference

# Width of an interval from which "no sign of" would promise too much; a judgement, in the unit of the gap.
WIDE = {"%": 20.0, "percentage": 20.0, "per ": 10.0, "points": 6.0, "rating": 3.0}
# Quantiles of the normal distribution for limits of 95 % and for 8 chances in 10 of a limit beyond zero.
Z_LIMITS, Z_POWER = 1.959963984540054, 0.8416212335729143
LEANING = 0.25  # an interval with at most this share of its length beyond zero leans clearly to one side


def strength(lower: float | None, upper: float | None, *, wide: float | None = None) -> str:
    """How sure an interval of a difference lets one be: "clear", "possible", "no sign of" or "cannot tell".

    Clear: it leaves zero out. Possible: at most a quarter of it lies beyond zero. Otherwise no sign of a difference,
    unless it is wider than `wide` (unit of the gap), when a large difference would not show either: cannot tell.

    >>> strength(2, 9), strength(-1, 9), strength(-4, 5, wide=20), strength(-14, 15, wide=20), strength(None, None)
    ('clear', 'possible', 'no sign of', 'cannot tell', 'cannot tell')
    """
    if lower is None or upper is None:
        return "cannot tell"
    if lower > 0 or upper < 0:
        return "clear"
    if upper > lower and min(-lower, upper) <= LEANING * (upper - lower):
        return "possible"
    return "cannot tell" if wide is not None and upper - lower > wide else "no sign of"


def gap_of(own: Row, other: Row) -> Row | None:
    """How far a figure is from another, with limits from both sides' own (MOVER); None where one is not shown.

    As if the two were of different people. Where they share some (two years of a school, a school and its authority)
    the true interval is narrower: this one errs on the safe side.

    >>> one, two = {"value": 9.0, "lower": 7.0, "upper": 11.0, "base_subjects": 60}, {"value": 5.0, "lower": 4.0,
    ...     "upper": 6.0, "base_subjects": 80}
    >>> {name: round(value, 2) for name, value in gap_of(one, two).items() if name != "status"}
    {'value': 4.0, 'lower': 1.76, 'upper': 6.24, 'base_subjects': 60}
    """
    if own["value"] is None or other["value"] is None:
        return None
    ends = [row[name] for row in (own, other) for name in ("value", "lower", "upper")]
    lower, upper = (None, None) if None in ends else map(float, difference(*ends))
    bases = [row["base_subjects"] for row in (own, other) if row.get("base_subjects") is not None]
    return {"value": own["value"] - other["value"], "lower": lower, "upper": upper,
            "base_subjects": min(bases, default=None), "status": ""}  # fmt: skip


def gap_strength(row: Row | None, card: Card) -> str:
    """`strength` of a gap row, with the width that its unit calls wide.

    >>> from sendlab.metrics.cards import card
    >>> gap_strength({"value": 0.0, "lower": 0.0, "upper": 3.1}, card("permanent_exclusion_rate"))
    'no sign of'
    """
    if row is None or row["value"] is None:
        return "cannot tell"
    wide = next((w for start, w in WIDE.items() if card.unit.startswith(start)), None)
    word = strength(row["lower"], row["upper"], wide=wide)
    return "no sign of" if word == "possible" and row["value"] == 0 else word  # figures alike lean to no side


def verdict(word: str, what: str) -> str:
    """A word of `strength` within a sentence on a gap or a change."""
    words = {"clear": f"a clear {what}", "possible": f"a possible {what}", "no sign of": f"no sign of a {what}"}
    return words.get(word, f"cannot tell whether there is a {what}")


def smallest_gap(lower: float, upper: float) -> float:
    """The smallest true gap that would show as clear in 8 of 10 such comparisons, from the limits of one.

    The standard error, which is the width of a 95 % interval over twice 1.96, times 1.96 + 0.84 (the usual sum for a
    power of 80 %, as if the gap did not change its own standard error). In the unit of the limits.

    >>> round(smallest_gap(-14, 15), 2)
    20.73
    """
    return (upper - lower) / (2 * Z_LIMITS) * (Z_LIMITS + Z_POWER)
