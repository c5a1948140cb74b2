"""Sentences, headlines, titles and alt texts: every number in them becomes a claim, or a stray."""

import re
from itertools import groupby

from attacker.claims import Scene, Stray, printed
from attacker.forms import (
    FIGURE,
    FIGURE_TELLS,
    GAP_LIMITS,
    NATIONALLY,
    NO_SEN,
    OTHER,
    OTHERS,
    REST_OF_LA,
    TOKEN,
    UNIT,
    WHO,
    N,
    Told,
    ends_of,
    turned,
)
from attacker.found import BULLET, ListReader, not_collected
from attacker.gains import GainsReader
from attacker.public import Public, committed_prose, is_token, place_of_token, plain
from sendlab.schema.groups import TOTAL

# What numbers in a sentence say, by the words around them; the first that fits is taken.
_FORMS = {
    "token": f"({TOKEN})",
    "figure": FIGURE,
    "gap": rf"{N}{UNIT} (above|below) {OTHER}(?: \({GAP_LIMITS}\))?",
    "change": rf"; {N}{UNIT} (?:higher|lower|\(the same\)) \({GAP_LIMITS}\)",
    "sides": rf": {N}{UNIT} against {N}{UNIT} nationally",
    "years": rf": {N}{UNIT} last year, {N}{UNIT} now",
    "drawn_gap": rf", gap {N}{UNIT} \((?:{N} to {N}|no interval)\)",
    "counts": rf"(?<!\d){N} of {N}(?! who)(?! {WHO},)",
    "line": rf": {N}{UNIT}(?: \(u\))?(?:, 95% interval {N}%? to {N}%?|, no interval)?(?=[,;.]|$)",
    "side": rf"(?<={TOKEN} ){N}{UNIT}(?=[,.]|$| \()",
    "unit": r"per 100 pupils",
    "n": rf"n = {N}",
    "nationally": rf"; same group nationally(?: \(({TOKEN})\))? {N}%?",
    "rest": rf"; LA without this school {N}%?",
    "counted": rf"{N} {WHO} counted(?:, of {N} who could be)?",
    "hidden": r"not shown\b",
    "number": N,
}
_SCAN = re.compile("|".join(f"(?P<{name}>{form})" for name, form in _FORMS.items()))
_ALONE = {name: re.compile(form) for name, form in _FORMS.items()}


def read_text(text: str, scene: Scene, public: Public, file: str, where: str) -> Told:
    """Every claim that a text makes, in the scene in which it stands."""
    told = Told([], [], scene)
    for listed, lines in groupby(text.splitlines(), lambda line: line.startswith(BULLET)):
        for line in _no_findings(list(lines), told, public, file, where) if listed else lines:
            told.claims += not_collected(line, scene, public, file, where)
            if plain(line) not in committed_prose():
                _Line(line, scene, public, told, file, where).read()
    return told


def _no_findings(lines: list[str], told: Told, public: Public, file: str, where: str) -> list[str]:
    """What is left of a list when its findings have been read."""
    left = [line.removeprefix(BULLET) for line in lines]
    for kind in (ListReader, GainsReader):
        reader = kind(left, told.scene, public, file, where)
        found = reader.read()
        told.claims += found.claims
        told.strays += found.strays
        left = reader.others
    return left


class _Line:
    """One line being read: the scene moves with each name met."""

    def __init__(self, line: str, scene: Scene, public: Public, told: Told, file: str, where: str) -> None:
        self.text, self.names = public.tokens(line)
        self.scene = self._placed(scene, public)
        self.public, self.told, self.file, self.where = public, told, file, where
        self.of_largest = self.text.rpartition(".")[0].find("Pupils: ")

    def _placed(self, scene: Scene, public: Public) -> Scene:
        """The scene with the first place and period of the line, where it has none: titles stand before them."""
        for kind, known in (("place", scene.place_code), ("period", scene.time_period)):
            first = next((name for name in self.names if name[0] == kind), None)
            scene = scene if known or first is None else public.step(scene, first)
        return scene

    def read(self) -> None:
        """All forms in turn."""
        for found in _SCAN.finditer(self.text):
            form = str(found.lastgroup)
            name = next(name for name in _FORMS if found.group(name) is not None)
            inner = _ALONE[name].match(self.text, found.start())
            getattr(self, f"_{name}")(inner if inner is not None else found, form)
        self.told.scene = self.scene

    def _add(self, what: str, number: str | None, comparator: str = "") -> None:
        if number is None:
            return
        if not self.scene.whole:
            self.told.strays.append(Stray(self.file, self.where, f"a number ({what}) of no figure"))
            return
        self.told.claims.append(self.scene.claim(what, number, self.file, self.where, comparator))

    def _token(self, found: re.Match[str], _: str) -> None:
        token = self.names[place_of_token(found.group(1))]
        if token[0] == "measure":  # a new subject: its groups have not been named yet
            self.scene = self.public.step(self.scene.of_group(TOTAL), token)
        else:
            self.scene = self.public.step(self.scene, token)

    def _figure(self, found: re.Match[str], _: str) -> None:
        for what, number in zip(FIGURE_TELLS, found.groups(), strict=True):
            self._add(what, number)

    def _gap(self, found: re.Match[str], _: str) -> None:
        size, side, other, *limits = found.groups()
        name = OTHERS.get(other) or self.names[place_of_token(other)][1]
        sign = "−" if side == "below" else ""
        self._add("value", sign + size, name)
        if ends := ends_of(limits, bool(sign)):
            self._add("lower", ends[0], name)
            self._add("upper", ends[1], name)

    def _change(self, found: re.Match[str], _: str) -> None:
        self._add("change", found.group(1))

    def _sides(self, found: re.Match[str], _: str) -> None:
        self._add("value", found.group(1))
        self._add("comparator_value", found.group(2), NATIONALLY)

    def _years(self, found: re.Match[str], _: str) -> None:
        now = self.scene
        before = str(int(now.time_period) - 101) if now.time_period else ""
        self._add("value", found.group(2))
        self.scene = self.public.step(now, ("period", before))
        self._add("value", found.group(1))
        self.scene = now

    def _drawn_gap(self, found: re.Match[str], _: str) -> None:
        # told by its size: the sides before it say which way it goes
        sides = [c for c in self.told.claims if c.what == "value" and c.comparator == "" and c.where == self.where][-2:]
        group = self.scene
        if sides:
            self.scene = self.scene.of_group(sides[0].groups[0])
        size, lower, upper = found.groups()
        down = len(sides) == 2 and sides[0].printed < sides[1].printed and printed(size)[1] > printed(size)[2]
        ends = (turned(upper), turned(lower)) if down and lower is not None else (lower, upper)
        self._add("value", f"−{size}" if down else size, NO_SEN)
        self._add("lower", ends[0], NO_SEN)
        self._add("upper", ends[1], NO_SEN)
        self.scene = group

    def _counts(self, found: re.Match[str], _: str) -> None:
        self._add("numerator", found.group(1))
        self._add("base", found.group(2))

    def _line(self, found: re.Match[str], _: str) -> None:
        for what, number in zip(("value", "lower", "upper"), found.groups(), strict=True):
            self._add(what, number)

    def _side(self, found: re.Match[str], _: str) -> None:
        # "Pupils: EHC plan 204" heads the board page: the largest base of the page, of whatever measure
        largest = 0 <= self.of_largest < found.start()
        if largest:
            return
        self._add("value", found.group(1))

    def _unit(self, found: re.Match[str], _: str) -> None:
        """The number in a unit tells nothing."""

    def _n(self, found: re.Match[str], _: str) -> None:
        self._add("base", found.group(1))

    def _nationally(self, found: re.Match[str], _: str) -> None:
        self._add("comparator_value", found.group(2), NATIONALLY)

    def _rest(self, found: re.Match[str], _: str) -> None:
        self._add("comparator_value", found.group(1), REST_OF_LA)

    def _counted(self, found: re.Match[str], _: str) -> None:
        self._add("base", found.group(1))
        self._add("eligible", found.group(2))

    def _hidden(self, found: re.Match[str], _: str) -> None:
        before = self.text[: found.start()].rstrip(": ")[-1:]
        # behind a measure's name it is a side or the gap that is not shown: the reader cannot tell which
        unclear = bool(before) and is_token(before) and self.names[place_of_token(before)][0] == "measure"
        if self.scene.whole and not unclear:
            self.told.claims.append(self.scene.marked("value", "c", self.file, self.where))

    def _number(self, found: re.Match[str], _: str) -> None:
        self.told.strays.append(Stray(self.file, self.where, "a number that no sentence of ours would hold"))
        if self.scene.whole:  # whatever it counts: it is about this figure
            self.told.claims.append(self.scene.claim("unknown", found.group(1), self.file, self.where))
