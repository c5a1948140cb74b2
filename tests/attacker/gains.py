"""The list of what stands out among interventions: each line as claims, and what silence and order say of gains."""

import re
from collections.abc import Sequence

from attacker.claims import Scene, Stray
from attacker.forms import TOKEN, UNIT, N, Told
from attacker.public import Public, place_of_token

_MEASURE = "intervention_gain"
_NAMED = rf"({TOKEN}(?:, {TOKEN})*)"
_CLEAR = re.compile(
    rf"({TOKEN}), ({TOKEN}): {N}{UNIT} \(n = {N}, between {N} and {N}\), clearly (above|below) untreated pupils who "
    r"began alike\."
)
_UNCLEAR = re.compile(rf"No clear difference from untreated pupils: {_NAMED}\.")
_WITHOUT = re.compile(rf"([^:]*): {_NAMED}\.")
_HIDDEN = "Not shown"
_MORE = re.compile(rf"{N} more: see the chart below\.")


class GainsReader:
    """A printed list; `read` gives its claims and strays, `others` are then the lines that are none of gains."""

    def __init__(self, lines: Sequence[str], scene: Scene, public: Public, file: str, where: str) -> None:
        self.lines, self.public, self.file, self.where = lines, public, file, where
        self.scene = public.step(scene, ("measure", _MEASURE))
        self.told = Told([], [], scene)
        self.others: list[str] = []
        self.gains: list[float] = []
        self.named: list[list[str]] = []  # items of each line, as they come
        self.more = 0

    def read(self) -> Told:
        """Line by line, then the order of all."""
        for line in self.lines:
            text, names = self.public.tokens(line)
            if found := _CLEAR.fullmatch(text):
                self._sentence(found, names)
            elif found := _UNCLEAR.fullmatch(text):
                self._silent(found.group(1), names)
            elif (found := _WITHOUT.fullmatch(text)) and {kind for kind, _ in names} == {"item"}:
                self._silent(found.group(2), names, mark="c" if found.group(1) == _HIDDEN else "x")
            elif (found := _MORE.fullmatch(text)) and self.gains:
                self.more = int(found.group(1))
            else:
                self.others.append(line)
        self._order()
        return self.told

    def _sentence(self, found: re.Match[str], names: list[tuple[str, str]]) -> None:
        measure, item, gain, base, lower, upper, side = found.groups()
        scene = self._about(names[place_of_token(item)])
        if names[place_of_token(measure)] != ("measure", _MEASURE):
            self._stray("a line of no gain")
        for what, number in (("value", gain), ("base", base), ("lower", lower), ("upper", upper)):
            self.told.claims.append(scene.claim(what, number, self.file, self.where))
        self._way(scene, 1 if side == "above" else -1)
        self.gains.append(self.told.claims[-5].printed)
        self.named.append([scene.item])

    def _silent(self, listed: str, names: list[tuple[str, str]], mark: str = "") -> None:
        """Names behind one reason for which no more is said: what the reason says is claimed of each."""
        scenes = [self._about(names[place_of_token(sign)]) for sign in listed.split(", ")]
        for scene in scenes:
            if mark:
                self.told.claims.append(scene.marked("value", mark, self.file, self.where))
            else:
                self._way(scene, 0)
        self.named.append([scene.item for scene in scenes])

    def _way(self, scene: Scene, way: int) -> None:
        self.told.claims.append(scene.between("clear", way, way, self.file, self.where))

    def _about(self, item: tuple[str, str]) -> Scene:
        if item[0] != "item" or not self.scene.place_code or not self.scene.time_period:
            self._stray("a line of no gain")
        return self.public.step(self.scene, item)

    def _order(self) -> None:
        """The lowest gain first; then by name; each intervention once."""
        items = [item for items in self.named for item in items]
        by_name = all(items == sorted(items) for items in self.named)
        if self.gains != sorted(self.gains) or not by_name or len(items) > len(set(items)):
            self._stray("an order of gains that does not follow from what they tell")
        if self.more and len(self.gains) < 2:
            self._stray("more gains than are told, though few are")

    def _stray(self, about: str) -> None:
        self.told.strays.append(Stray(self.file, self.where, about))
