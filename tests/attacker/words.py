"""What words on a comparison say, by the public rules written down once more: how sure, which way, how small a gap."""

from collections.abc import Callable
from math import inf, log
from statistics import NormalDist

from attacker.claims import Claim
from attacker.forms import NATIONALLY, NO_SEN, REST_OF_LA
from sendlab.metrics.cards import Card, card
from sendlab.schema.measures import GROUPS

# From the most worrying on; what stands out comes before "no sign of", and a figure beside nobody behind everything.
KINDS = ("clear worse", "possible worse", "clear other", "possible other", "cannot tell", "clear better", "no sign of",
         "possible better", "alone")  # fmt: skip
QUIET, ALONE = KINDS.index("no sign of"), KINDS.index("alone")
BESIDE = (NATIONALLY, REST_OF_LA, NO_SEN)
# What a claim may be that is no number of a published row, but has to follow from some. "clear": whether a gain lies
# above (1) or below (-1) untreated pupils; "bases": from the fewest to the most people of the items that it names.
# "said": a rating says more (1) or less (-1) than the figure; "chance": one time in how many chance would do as much.
MADE = ("word", "standing", "least", "share", "clear", "bases", "said", "chance")
ITEMS = " | "  # between the items that a claim on bases names in place of a comparator
_ITEM = GROUPS.index("item")
_WIDE = {"%": 20.0, "percentage": 20.0, "per ": 10.0, "points": 6.0, "rating": 3.0}
_TO_LEAST = (1.959964 + 0.841621) / (2 * 1.959964)  # from the width of a 95 % interval to what shows in 8 of 10
_Z, _NEAR = 1.959964, 1e-3
_LEANS = 0.25
_EXACT = 1e-6
Number = Callable[[tuple[object, ...], str], float | None]


def kind_of(value: float, lower: float | None, upper: float | None, about: Card) -> str:
    """What a gap with its limits says of a group.

    >>> about = card("persistent_absence")
    >>> [kind_of(*gap, about) for gap in ((9, 2, 16), (9, -2, 20), (-9, -20, 2), (1, -4, 6), (5, None, None))]
    ['clear worse', 'possible worse', 'possible better', 'no sign of', 'cannot tell']
    """
    word = _strength(lower, upper, about)
    if word in ("cannot tell", "no sign of"):
        return word
    if value == 0:
        return "no sign of"
    if about.polarity == "none":
        return f"{word} other"
    return f"{word} {'worse' if (value > 0) == (about.polarity == 'low') else 'better'}"


def _strength(lower: float | None, upper: float | None, about: Card) -> str:
    if lower is None or upper is None:
        return "cannot tell"
    if lower > 0 or upper < 0:
        return "clear"
    if upper > lower and min(-lower, upper) <= _LEANS * (upper - lower):
        return "possible"
    wide = next((width for unit, width in _WIDE.items() if about.unit.startswith(unit)), inf)
    return "cannot tell" if upper - lower > wide else "no sign of"


def share_of(did: float, could: float) -> float:
    """Whole per cent of those who could count; all only where it is all.

    >>> share_of(996, 1000), share_of(3, 8), share_of(8, 8)
    (99, 38, 100)
    """
    whole = int(100 * did / could + 0.5 + _EXACT)
    return 99 if whole == 100 and did < could else whole


def place_of_gap(key: tuple[object, ...], other: str, number: Number) -> int | None:
    """Where a figure's gap to another stands among `KINDS`, None where there is none."""
    gap = (*key[:5], other)
    value = number(gap, "value")
    if value is None or number(gap, "comparator_value") is None:
        return None
    return KINDS.index(kind_of(value, number(gap, "lower"), number(gap, "upper"), card(str(key[0]))))


def follows(claim: Claim, number: Number) -> bool:
    """Whether something made from figures follows from them; `number` gives the number of a row, None where none is."""
    if claim.what == "share":
        could, did = number(claim.key, "eligible"), number(claim.key, "base")
        return could is not None and did is not None and share_of(did, could) == claim.printed and claim.step == 1
    if claim.what == "least":
        lower, upper = number(claim.key, "lower"), number(claim.key, "upper")
        least = None if lower is None or upper is None else (upper - lower) * _TO_LEAST
        return least is not None and claim.low - _EXACT <= least <= claim.high + _EXACT
    if claim.what == "clear":
        return claim.low == _way(number(claim.key, "lower"), number(claim.key, "upper"))
    if claim.what == "bases":
        bases = [base for key in _of_items(claim) if (base := number(key, "base")) is not None]
        return bool(bases) and (min(bases), max(bases)) == (claim.low, claim.high)
    if claim.what in ("said", "chance"):
        return _disagrees(claim, number)
    if claim.what == "word":
        return place_of_gap(claim.key, claim.comparator, number) == claim.low
    found = [place for other in BESIDE if (place := place_of_gap(claim.key, other, number)) is not None]
    return claim.low <= min(found, default=ALONE) <= claim.high


def _way(lower: float | None, upper: float | None) -> int:
    """On which side of zero limits lie; 0 where they hold it, or where there are none."""
    return 0 if lower is None or upper is None else int(lower > 0) - int(upper < 0)


def _disagrees(claim: Claim, number: Number) -> bool:
    """Whether a rating and a figure disagree as is said, by the gap and its limits; and whether by chance so seldom."""
    about, value = card(str(claim.key[0])), number(claim.key, "value") if claim.comparator == "" else None
    beside = (*claim.key[:5], claim.comparator)
    gap, lower, upper = (number(beside, what) for what in ("value", "lower", "upper"))
    if gap is None or lower is None or upper is None:
        return False
    if claim.what == "said":
        return claim.low == _way(lower, upper) * (1 if about.polarity == "low" else -1)
    value = number((*claim.key[:5], ""), "value") if value is None else value
    width = gap - lower if gap > 0 else upper - gap
    if value is None or width <= 0:
        return False
    steps = abs(gap) / width if about.kind not in ("sum", "events") else _skewed(value, gap, width)
    return _times_fit(1 / NormalDist().cdf(-_Z * steps), claim.low, claim.high)


def _skewed(value: float, gap: float, width: float) -> float:
    """How many half intervals a sum lies from the other side: below it on that one's scale, above it by ratio."""
    other = value - gap
    if value == 0:
        return 0.0
    if gap < 0:
        return -gap * value / (width * other)
    return log(value / other) / log(value / (value - width)) if width < value else gap / width


def _times_fit(times: float, low: float, high: float) -> bool:
    """Whether one time in so many is what is told: to the nearest ten from twenty on, and no more than a thousand."""
    if high == inf:
        return times > low * (1 - _NEAR)
    half = 5 if times >= 20 * (1 - _NEAR) else 0.5
    return times <= 1000 * (1 + _NEAR) and abs(times - low) <= half * (1 + _NEAR)


def _of_items(claim: Claim) -> list[tuple[object, ...]]:
    """The rows of the items of which a claim tells the bases."""
    groups = [(*claim.groups[:_ITEM], item, *claim.groups[_ITEM + 1 :]) for item in claim.comparator.split(ITEMS)]
    return [(*claim.key[:4], each, "") for each in groups]
