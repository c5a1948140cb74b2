"""Red, amber and green: where a published figure lies in the bands that the council set; its distance to the target."""

from dataclasses import dataclass
from typing import Literal

from sendlab.board.scorecard import Line
from sendlab.board.settings import Indicator, better_way
from sendlab.narrate import decimals_of
from sendlab.stats.rounding import format_number

Letter = Literal["R", "A", "G", ""]
WORDS: dict[str, str] = {"R": "red", "A": "amber", "G": "green"}
NO_BANDS, NOT_SHOWN, NO_FIGURE = "no bands set", "not shown", "no figure"


@dataclass(frozen=True)
class Rating:
    """A letter and its word; without a letter the word says why there is none."""

    letter: Letter
    word: str


def rating_of(line: Line) -> Rating:
    """The rating of a line's figure, as it is published (rounded); a hidden figure has no colour."""
    return rating_of_value(line.now["value"], line.now["status"], line.indicator)


def rating_of_value(value: float | None, status: str | None, indicator: Indicator) -> Rating:
    """The rating of a figure: green at its edge or better, amber at its own or better, else red."""
    if indicator.green is None or indicator.amber is None:
        return Rating("", NO_BANDS)
    if value is None:
        return Rating("", NOT_SHOWN if status == "c" else NO_FIGURE)
    letter: Letter = "G" if _reaches(value, indicator.green, indicator) else (
        "A" if _reaches(value, indicator.amber, indicator) else "R")  # fmt: skip
    return Rating(letter, WORDS[letter])


def _reaches(value: float, edge: float, indicator: Indicator) -> bool:
    return value >= edge if better_way(indicator) == "high" else value <= edge


def distance_words(line: Line) -> str:
    """How far the figure is from its target, for the worse or the better; "" without a target or a figure.

    The distance is that of the published figure.
    """
    target, value = line.indicator.target, line.now["value"]
    if target is None or value is None:
        return ""
    size = format_number(abs(value - target), decimals_of(line.card, line.now["base_subjects"]))
    if value == target:
        return "at the target"
    side = "above" if value > target else "below"
    met = " (met)" if line.is_better(value - target) and better_way(line.indicator) != "none" else ""
    return f"{size} {side} the target{met}"
