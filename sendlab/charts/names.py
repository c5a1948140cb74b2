"""Where labels stand so that none lies over another: names beside marks, and words at the ends of lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from sendlab.charts.letters import width_of

_GAP, _LINE = 11, 16  # pixels from a mark to its name, and from one line of text to the next


@dataclass(frozen=True)
class Spot:
    """A text and the left end of its middle line; to begin with, the mark that it names."""

    x: float
    y: float
    text: str


def name_spots(
    wanted: Sequence[Spot], dots: Sequence[tuple[float, float]], *, left: float, right: float, size: int
) -> list[Spot]:
    """A place for each name: right of its mark, else left, above or below, over the fewest names and marks."""
    placed: list[Spot] = []
    for spot in wanted:
        tried = [one for one in _around(spot, size) if one.x >= left and one.x + _width(one, size) <= right]
        tried = tried or [Spot(max(left, right - width_of(spot.text, size, bold=True)), spot.y - _LINE, spot.text)]
        placed.append(min(tried, key=lambda one: _cost(one, placed, dots, size)))
    return placed


def _around(spot: Spot, size: int) -> list[Spot]:
    width = _width(spot, size)
    beside = [Spot(spot.x + _GAP, spot.y + up, spot.text) for up in (0, -_LINE, _LINE)]
    before = [Spot(spot.x - _GAP - width, spot.y + up, spot.text) for up in (0, -_LINE, _LINE)]
    over = [Spot(spot.x - width / 2, spot.y + up, spot.text) for up in (-_LINE, _LINE, -2 * _LINE, 2 * _LINE)]
    return [*beside, *before, *over]


def _width(spot: Spot, size: int) -> float:
    return width_of(spot.text, size, bold=True)


def _cost(one: Spot, placed: Sequence[Spot], dots: Sequence[tuple[float, float]], size: int) -> int:
    """Names that it would lie over count most; min() takes the first of equals, which is the nearest place."""
    end = one.x + _width(one, size)
    names = sum(
        abs(one.y - other.y) < _LINE and one.x < other.x + _width(other, size) and other.x < end for other in placed
    )
    covered = sum(abs(one.y - y) < _LINE / 2 + 2 and one.x - 4 < x < end + 4 for x, y in dots)
    return 10 * names + covered


def spread(places: Sequence[float], least: float) -> list[float]:
    """Places in ascending order moved apart to at least this distance, about where they were.

    >>> spread([10, 12, 50], 10)
    [6.0, 16.0, 50.0]
    """
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        # groups that touch become one, which keeps its middle
        while len(groups) > 1 and _first(groups[-1], least) - _last(groups[-2], least) < least:
            last = groups.pop()
            groups[-1] = [*groups[-1], *last]
    return [_first(group, least) + number * least for group in groups for number in range(len(group))]


def _first(group: list[float], least: float) -> float:
    return sum(group) / len(group) - (len(group) - 1) * least / 2


def _last(group: list[float], least: float) -> float:
    return _first(group, least) + (len(group) - 1) * least
