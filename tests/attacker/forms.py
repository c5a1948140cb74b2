"""What sentences share: how a number, its unit, its limits and the other side of a comparison stand in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from attacker.claims import NUMBER, Claim, Scene, Stray
from attacker.public import TOKEN
from sendlab.metrics.cards import COUNTED

NATIONALLY, REST_OF_LA, NO_SEN = "Same group nationally", "LA without this school", "No SEN"
OTHERS = {"the same group nationally": NATIONALLY, "the same group in the rest of the LA": REST_OF_LA}
N = rf"({NUMBER})"
UNIT = r"(?:%| points| percentage points| per 100 pupils| out of 10)?"
OTHER = rf"({TOKEN}|{'|'.join(OTHERS)})"
WHO = f"(?:{'|'.join(COUNTED.values())})"  # what a base counts
LIMITS = rf"(?:between {N}%? and {N}%?|no interval)"
SIDE = "(?:above|below|higher|lower)"
GAP_LIMITS = rf"(?:between {N}%? and {N}%?|from {N} ({SIDE[3:-1]}) to {N} {SIDE}|no interval)"
FIGURE = rf"{N}{UNIT} \((?:{N} of {N} {WHO}|n = {N}|number of {WHO} not given), {LIMITS}\)"
FIGURE_TELLS = ("value", "numerator", "base", "base", "lower", "upper")


@dataclass
class Told:
    """What a text told: its claims, its strays, and the scene at its end."""

    claims: list[Claim]
    strays: list[Stray]
    scene: Scene


def ends_of(limits: Sequence[str | None], turn: bool) -> tuple[str, str] | None:
    """The lower and upper limit of a gap from the groups of GAP_LIMITS; `turn`: its size was told with the other sign.

    >>> ends_of(("2", "9", None, None, None), True), ends_of((None, None, "4", "above", "16"), True)
    (('−9', '−2'), ('−16', '4'))
    >>> ends_of((None, None, "4", "below", "16"), False)
    ('−4', '16')
    """
    low, high, first, side, last = limits
    if low is not None and high is not None:
        return (turned(high), turned(low)) if turn else (low, high)
    if first is None or last is None:
        return None
    return (turned(last), first) if side in ("above", "higher") else (turned(first), last)


def turned(number: str) -> str:
    """A printed number with the other sign.

    >>> turned("−3.5"), turned("2")
    ('3.5', '−2')
    """
    return number[1:] if number[:1] in "−-" else f"−{number.lstrip('+')}"
