"""A claim: one number of one figure as a file tells it, from where to where the true number may lie."""

import re
from dataclasses import dataclass, replace
from math import isnan, nan

from sendlab.schema.groups import ALL_SEN, NEED_AREAS, TOTAL
from sendlab.schema.measures import GROUPS

NUMBER = r"[−+-]?\d+(?:,\d{3})*(?:\.\d+)?(?!\d|,\d{3}|\.\d)"
COUNTS = ("base", "numerator", "denominator", "eligible")
# What a hidden family leaves: these may stand beside a hidden value, everything else may not.
BASES = ("base", "denominator", "eligible")
NO_GROUPS = (TOTAL,) * len(GROUPS)
_SEN, _NEED, _ITEM = (GROUPS.index(name) for name in ("sen_provision", "need_area", "item"))


@dataclass(frozen=True)
class Claim:
    """`low`..`high` is what the printed number says with its rounding; both are nan where a mark stands instead.

    `step` is one unit of the last place printed (0: an exact count), `mark` the symbol of a place without a number.
    """

    measure: str
    time_period: str
    time_identifier: str
    place_code: str
    groups: tuple[str, ...]
    comparator: str
    what: str
    low: float
    high: float
    file: str
    where: str
    step: float = 0.0
    mark: str = ""

    @property
    def told(self) -> bool:
        """Whether there is a number."""
        return not isnan(self.low)

    @property
    def printed(self) -> float:
        """The number as it is printed."""
        return (self.low + self.high) / 2

    @property
    def key(self) -> tuple[object, ...]:
        """Which row of the published table it is about."""
        return (
            self.measure, self.time_period, self.time_identifier, self.place_code, self.groups, self.comparator,
        )  # fmt: skip


@dataclass(frozen=True)
class Stray:
    """Something in a file that no public rule explains; `about` never repeats the number."""

    file: str
    where: str
    about: str


@dataclass(frozen=True)
class Scene:
    """What a text is about so far: the figure that its next number belongs to."""

    measure: str = ""
    time_period: str = ""
    time_identifier: str = "Academic year"
    place_code: str = ""
    sen_provision: str = TOTAL
    need_area: str = TOTAL
    item: str = TOTAL
    more: tuple[tuple[str, str], ...] = ()  # other columns of groups, and their values

    def of_group(self, name: str) -> "Scene":
        """The scene of a group by its name.

        >>> Scene().of_group("Cognition and learning").sen_provision
        'All SEN'
        """
        if name in NEED_AREAS:
            return replace(self, sen_provision=ALL_SEN, need_area=name)
        return replace(self, sen_provision=name, need_area=TOTAL)

    @property
    def groups(self) -> tuple[str, ...]:
        """The values of all group columns."""
        values = list(NO_GROUPS)
        values[_SEN], values[_NEED], values[_ITEM] = self.sen_provision, self.need_area, self.item
        for name, value in self.more:
            values[GROUPS.index(name)] = value
        return tuple(values)

    @property
    def whole(self) -> bool:
        """Whether measure, period and place are all known."""
        return bool(self.measure and self.time_period and self.place_code)

    def claim(self, what: str, text: str, file: str, where: str, comparator: str = "") -> Claim:
        """The claim that a printed number makes in this scene."""
        low, high, step = printed(text, exact=what in COUNTS)
        return self._claim(what, comparator, low, high, file, where, step=step)

    def drawn(self, what: str, value: float, file: str, where: str, comparator: str = "") -> Claim:
        """The claim that a coordinate makes: it holds the number as finely as it was drawn."""
        return self._claim(what, comparator, value, value, file, where)

    def between(self, what: str, low: float, high: float, file: str, where: str, comparator: str = "") -> Claim:
        """The claim that words make: something from here to there, both ends included."""
        return self._claim(what, comparator, low, high, file, where)

    def marked(self, what: str, mark: str, file: str, where: str, comparator: str = "") -> Claim:
        """The claim that there is no number to be told."""
        return self._claim(what, comparator, nan, nan, file, where, mark=mark)

    def _claim(self, what: str, comparator: str, low: float, high: float, file: str, where: str, *,
               step: float = 0.0, mark: str = "") -> Claim:  # fmt: skip
        return Claim(
            self.measure, self.time_period, self.time_identifier, self.place_code, self.groups, comparator, what,
            low, high, file, where, step, mark,
        )  # fmt: skip


def printed(text: str, *, exact: bool = False) -> tuple[float, float, float]:
    """From where to where the number printed may lie, and one unit of its last place; a whole count is exact.

    >>> [round(end, 3) for end in printed("12.3%")], printed("1,040", exact=True), printed("−9")
    ([12.25, 12.35, 0.1], (1040.0, 1040.0, 0.0), (-9.5, -8.5, 1.0))
    """
    found = re.search(NUMBER, text)
    if found is None:
        raise ValueError(f"no number in a text of {len(text)} letters")
    digits = found.group().replace(",", "").replace("−", "-")
    value = float(digits)
    places = len(digits.partition(".")[2])
    if exact and (places == 0 or value == int(value)):
        return value, value, 0.0
    half = 0.5 * 10.0**-places
    return value - half, value + half, 2 * half
