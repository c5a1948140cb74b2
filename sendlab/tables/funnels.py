"""The points and limits of a funnel: schools' figures by number of pupils, about the LA's figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sendlab.errors import SendlabError
from sendlab.metrics.cards import Card, card
from sendlab.narrate import View
from sendlab.stats.arrays import Floats
from sendlab.stats.funnel import binomial_limits
from sendlab.tables.lines import Line, school_lines
from sendlab.tables.plain import plain

FEWEST = 30  # pupils: on a smaller base the limits are too wide to say anything (docs/disclosure.md)
WITHIN, OUTSIDE, FAR = 0, 1, 2  # within the 95 % limits, outside them, outside the 99.8 % limits
_SMOOTHED = 0.15  # a drawn limit is a mean over bases within this share of its own: exact ones move in steps


@dataclass(frozen=True)
class Point:
    """A school with a figure on a base large enough; its own limits, lowest first, where the LA has a figure."""

    line: Line
    n: int
    limits: tuple[float, ...]

    @property
    def above(self) -> bool:
        """Whether the school lies above the middle of its limits."""
        return bool(self.limits) and self.line.row["value"] > self.limits[2]

    @property
    def level(self) -> int:
        """How far out the school lies: WITHIN, OUTSIDE or FAR."""
        if not self.limits:
            return WITHIN
        far_low, low, high, far_high = self.limits
        value = self.line.row["value"]
        return FAR if value < far_low or value > far_high else OUTSIDE if value < low or value > high else WITHIN

    @property
    def where(self) -> str:
        """The same in words."""
        if not self.limits:
            return "no limits"
        side = "above" if self.above else "below"
        return ("within the 95% limits", f"{side} the 95% limits", f"{side} the 99.8% limits")[self.level]


@dataclass(frozen=True)
class Funnel:
    """All schools of a funnel: with a point, on too small a base, hidden, and with no figure at all."""

    about: Card
    la: Line | None
    lines: list[Line]
    points: list[Point]
    small: list[Line]
    hidden: int

    @property
    def centre(self) -> float | None:
        """The LA's figure, where it is shown."""
        return self.la.row["value"] if self.la else None


def funnel_of(view: View, *, measure: str, group: str, time_period: str) -> Funnel:
    """Schools of a funnel in order of name; SendlabError for a measure that is no share of people."""
    about = card(measure)
    lines, la = school_lines(plain(view), measure=measure, group=group, time_period=time_period)
    if about.kind != "share":
        raise SendlabError(
            f"'{about.title}' is no share of people ({about.unit}): a funnel has no limits for it",
            next_step="draw plot_schools, or choose a measure in '% of pupils'",
        )
    small = [line for line in lines if line.row["status"] != "c" and 0 < (line.row["base_subjects"] or 0) < FEWEST]
    shown = [line for line in lines if line.shown and (line.row["base_subjects"] or 0) >= FEWEST]
    centre = la.row["value"] if la else None
    points = [Point(line, line.row["base_subjects"], _limits(centre, line.row["base_subjects"])) for line in shown]
    return Funnel(about, la, lines, points, small, sum(line.row["status"] == "c" for line in lines))


def _limits(centre: float | None, n: int) -> tuple[float, ...]:
    return () if centre is None else tuple((100 * binomial_limits(centre / 100, [n])[0]).tolist())


def smooth_limits(centre: float, sizes: Sequence[float]) -> list[tuple[float, ...]]:
    """Limits as they are drawn, in per cent, at each of these sizes: without the steps that whole pupils make.

    >>> [round(limit, 1) for limit in smooth_limits(22, [50])[0]]
    [4.7, 10.0, 33.1, 40.6]
    """
    wanted = np.asarray(sizes, dtype=np.float64)
    whole = np.arange(np.floor(wanted.min()), np.ceil(wanted.max()) + 1).astype(int)
    first, last = whole[0] - _half(whole[0]), whole[-1] + _half(whole[-1])
    exact = 100 * binomial_limits(centre / 100, np.arange(first, last + 1))
    smooth = np.array([_about(exact, n - first, _half(n)) for n in whole])
    columns = [np.interp(wanted, whole, smooth[:, tail]).tolist() for tail in range(smooth.shape[1])]
    return list(zip(*columns, strict=True))


def _half(n: int) -> int:
    return max(2, round(n * _SMOOTHED))


def _about(exact: Floats, middle: int, half: int) -> Floats:
    """The mean of the limits about one size, the nearer ones weighing more."""
    weights = half + 1 - np.abs(np.arange(-half, half + 1))
    return np.asarray(np.average(exact[middle - half : middle + half + 1], axis=0, weights=weights))
