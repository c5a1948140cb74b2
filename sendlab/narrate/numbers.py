"""Figures, gaps and intervals as text, rounded as the card of their measure says."""

from sendlab.metrics.cards import Card
from sendlab.narrate.rows import Row
from sendlab.stats.rounding import format_number, round_half_away

WHOLE_PERCENT_BELOW = 100  # shares of people on a smaller base are shown as whole percentages


def decimals_of(card: Card, base: int | None) -> int:
    """Places shown: those of the card, none for a share of fewer than 100 people."""
    small = card.kind == "share" and base is not None and base < WHOLE_PERCENT_BELOW
    return 0 if small else card.decimals


def format_value(
    value: float | None, card: Card, *, base: int | None = None, unit: bool = True, sign: bool = False
) -> str:
    """A figure as text, rounded half away from zero; `unit=False` keeps only the number and %, None gives "".

    >>> from sendlab.metrics.cards import card
    >>> about = card("persistent_absence")
    >>> format_value(34.25, about, base=263), format_value(34.25, about, base=87)
    ('34.3%', '34%')
    >>> format_value(-1.25, card("ks2_reading_progress")), format_value(12.345, card("suspension_rate"), unit=False)
    ('−1.3 points', '12.35')
    """
    if value is None:
        return ""
    decimals = decimals_of(card, base)
    text = format_number(value, decimals)
    if sign and round_half_away([value], decimals)[0] > 0:
        text = f"+{text}"
    if card.unit.startswith("%"):
        return f"{text}%"
    return f"{text} {_unit_words(card)}" if unit else text


def format_gap(value: float, card: Card, *, base: int | None = None) -> str:
    """A gap without its sign and with its unit.

    >>> from sendlab.metrics.cards import card
    >>> format_gap(-9.0, card("absence"))
    '9.0 percentage points'
    """
    return f"{format_number(abs(value), decimals_of(card, base))} {gap_unit(card)}"


def gap_unit(card: Card) -> str:
    """The unit of a difference between two figures of a measure."""
    return "percentage points" if card.unit.startswith("%") else _unit_words(card)


def _unit_words(card: Card) -> str:
    return "out of 10" if card.unit.startswith("rating,") else card.unit


def format_interval(row: Row, card: Card, *, sign: bool = False) -> str:
    """The interval of a row as "25% to 45%", or "" where it has none.

    >>> from sendlab.metrics.cards import card
    >>> format_interval({"lower": 25.0, "upper": 45.0, "base_subjects": 87}, card("persistent_absence"))
    '25% to 45%'
    """
    if row["lower"] is None or row["upper"] is None:
        return ""
    low, high = (
        format_value(row[end], card, base=row["base_subjects"], unit=False, sign=sign) for end in ("lower", "upper")
    )
    return f"{low} to {high}"


def between(row: Row, card: Card, *, gap: bool = False) -> str:
    """The interval of a row for a sentence, as "between 25% and 45%"; that of a gap without its unit."""
    if row["lower"] is None or row["upper"] is None:
        return "no interval"
    decimals = decimals_of(card, row["base_subjects"])
    tail = "" if gap or not card.unit.startswith("%") else "%"
    low, high = (format_number(row[end], decimals) + tail for end in ("lower", "upper"))
    return f"between {low} and {high}"


def gap_between(gap: Row, card: Card, sides: tuple[str, str] = ("above", "below")) -> str:
    """The interval of a gap that is told by its size; where it lies on both sides of zero, from one to the other.

    >>> from sendlab.metrics.cards import card
    >>> gap = {"value": -10.0, "lower": -16.0, "upper": 4.0, "base_subjects": 40}
    >>> gap_between(gap, card("persistent_absence"))
    'from 4 above to 16 below'
    >>> gap_between({**gap, "upper": -4.0}, card("persistent_absence"))
    'between 4 and 16'
    """
    lower, upper = gap["lower"], gap["upper"]
    if lower is None or upper is None or lower >= 0 or upper <= 0:
        return between(sized(gap), card, gap=True)
    decimals = decimals_of(card, gap["base_subjects"])
    ends = [f"{format_number(abs(end), decimals)} {side}" for end, side in zip((upper, lower), sides, strict=True)]
    first, last = ends if gap["value"] < 0 else reversed(ends)
    return f"from {first} to {last}"


def sized(gap: Row) -> Row:
    """A gap told by its size, as in "9 points below": where it is negative, its limits change sign and place.

    >>> sized({"value": -9.0, "lower": -12.0, "upper": -6.0})
    {'value': 9.0, 'lower': 6.0, 'upper': 12.0}
    """
    if gap["value"] is None or gap["value"] >= 0:
        return gap
    lower, upper = (None if gap[end] is None else -gap[end] for end in ("upper", "lower"))
    return {**gap, "value": -gap["value"], "lower": lower, "upper": upper}
