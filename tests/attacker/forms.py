"""What sentences share: how a number, its unit, its limits and the other side of a comparison stand in them."""

from dataclasses import dataclass

from attacker.claims import NUMBER, Claim, Scene, Stray
from attacker.public import TOKEN

NATIONALLY, REST_OF_LA, NO_SEN = "Same group nationally", "LA without this school", "No SEN"
OTHERS = {"the same group nationally": NATIONALLY, "the same group in the rest of the LA": REST_OF_LA}
N = rf"({NUMBER})"
UNIT = r"(?:%| points| percentage points| per 100 pupils| out of 10)?"
OTHER = rf"({TOKEN}|{'|'.join(OTHERS)})"
LIMITS = rf"(?:between {N}%? and {N}%?|no interval)"
FIGURE = rf"{N}{UNIT} \((?:{N} of {N} pupils|n = {N}|number of pupils not given), {LIMITS}\)"
FIGURE_TELLS = ("value", "numerator", "base", "base", "lower", "upper")


@dataclass
class Told:
    """What a text told: its claims, its strays, and the scene at its end."""

    claims: list[Claim]
    strays: list[Stray]
    scene: Scene


def turned(number: str) -> str:
    """A printed number with the other sign.

    >>> turned("−3.5"), turned("2")
    ('3.5', '−2')
    """
    return number[1:] if number[:1] in "−-" else f"−{number.lstrip('+')}"
