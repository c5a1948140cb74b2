"""What a school says against what its figures show: each cell of such a line as claims, in tables and on slides."""

import re
from collections.abc import Iterator
from dataclasses import replace
from math import inf

from attacker.claims import NUMBER, Claim, Scene, Stray
from attacker.forms import FIGURE, FIGURE_TELLS, GAP_LIMITS, NATIONALLY, REST_OF_LA, UNIT, N, Told, ends_of
from attacker.public import Public
from attacker.sentences import read_text
from attacker.statements import STATEMENTS
from sendlab.metrics.cards import Card, card
from sendlab.metrics.sef.ties import Tie, tied
from sendlab.narrate import title_words
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import MARKS, people

MORE, LESS = "says more than the figures show", "figures are better than it says"
ALIKE, MIDDLE = "no disagreement that chance would not explain", "rated 4 to 6: not set against figures"
NOT_RATED, NO_MEASURE, NOT_PUBLISHED = "not rated", "no measure bears on it", "not published"
NO_FIGURE, HIDDEN, FIGURE_SHOWN = "no figure", "not shown", "figure"
OTHERWISE = ("marked unreliable: not judged", "nothing shown to set it beside",
             "no figure of schools of its phase to set it beside")  # fmt: skip
VERDICTS = (MORE, LESS, ALIKE, MIDDLE, NOT_RATED, NO_MEASURE, NOT_PUBLISHED, NO_FIGURE, HIDDEN, *OTHERWISE)
FEW = re.compile(r"too few ([a-z ]+) to say \(under (10|30)\)")
_PRAISE = "What is done here that the rating gives no credit for, and could other schools come and see it?"
_PERIOD = r"(\d{4})/(\d\d)(?: \(([a-z ]+)\))?"
_SAYS = re.compile(r"((?:[1-9]|10)(?:\.\d)?) of 10")
_FIGURE = re.compile(rf"{FIGURE}, {_PERIOD}")
_OF_NOBODY = re.compile(rf"{N}(?:%| [a-z]+(?: [\da-z]+)*), {_PERIOD}")
_BESIDE = re.compile(
    rf"(?:{N}{UNIT} (above|below)|the same as) (?:(untreated pupils who began alike)|(the same group|others) "
    rf"(?:in the rest of the LA \({N}%?\)|nationally, [a-z -]*schools(?: of all phases)? \({N}%?, \d{{4}}/\d\d\)))"
    rf"(?: \({GAP_LIMITS}\))?"
)
_CHANCE = re.compile(rf"(?:about|(less) than) 1 time in ({NUMBER})")
_HIGH, _LOW = 6.5, 3.5  # from where on a mean of ratings rounds to 7, and below which to 3


class SaysLine:
    """One line: `place` is that of its school, where its first cell names none; cells are read from left to right."""

    def __init__(self, scene: Scene, public: Public, told: Told, file: str, where: str) -> None:
        self.scene = replace(scene.of_group(TOTAL), measure="", item=TOTAL)
        self.public, self.told, self.file, self.where = public, told, file, where
        self.statement, self.tie, self.titles = "", Tie("", TOTAL), ""
        self.rating, self.comparator, self.shown = 0.0, "", NO_FIGURE

    def label(self, text: str, *, named: bool = False) -> None:
        """Statement and measure, behind the school's name where that is told."""
        if named:
            name = next((name for name in self._by_length() if text.startswith(f"{name}, ")), None)
            if name is None:
                self.stray("a line of no school of ours")
                return
            self.scene, text = replace(self.scene, place_code=self.public.places[name][0]), text[len(name) + 2 :]
        words = next((words for words in STATEMENTS if text == words or text.startswith(f"{words}: ")), None)
        if words is None:
            self.stray("a line of no statement of ours")
            return
        self.statement, self.titles = STATEMENTS[words], text[len(words) + 2 :]

    def _by_length(self) -> list[str]:
        return sorted(self.public.places, key=len, reverse=True)

    def measure(self, text: str) -> None:
        """The one measure of a line, with its group and item."""
        for tie in tied()[self.statement].ties if self.statement else ():
            for title in (title_words(tie.card), tie.card.title):
                start = title + (f", {people(tie.group)}" if tie.group != TOTAL else "")
                if text == start or (tie.each and text.startswith(f"{start}, ")):
                    self.tie = tie
                    self.scene = replace(self.scene, measure=tie.measure, sen_provision=tie.group,
                                         item=text[len(start) + 2 :] or TOTAL)  # fmt: skip
        if not self.tie.measure or (self.scene.item != TOTAL) != self.tie.each:
            self.stray("a line of no measure that bears on its statement")
        self._item()

    def measured(self, text: str) -> None:
        """Measure and figure in one cell; the title of a measure may hold a colon too."""
        about, _, figure = text.rpartition(": ")
        self.measure(about)
        self.shows(figure)

    def _item(self) -> None:
        known = self.public.items if self.scene.measure == "intervention_gain" else self.public.parts.get(
            self.scene.measure, ())  # fmt: skip
        if self.scene.item not in (TOTAL, *known):
            self.stray("a line of no item of ours")

    def one_of(self, text: str) -> None:
        """The measure of a line that is of no group or item."""
        ties = tied()[self.statement].ties if self.statement else ()
        self.tie = next((tie for tie in ties if title_words(tie.card) == text), self.tie)
        if not self.tie.measure:
            self.stray("a line of no measure that bears on its statement")

    def several(self, text: str) -> None:
        """Measures that are not published, by name."""
        known = [title_words(card(tie.measure)) for tie in tied()[self.statement].ties] if self.statement else []
        if not known or "; ".join(name for name in known if name in text.split("; ")) != text:
            self.stray("measures that do not bear on the statement")

    def says(self, text: str) -> None:
        """The rating: a whole one is a mean whose decimal is left out."""
        scene = replace(self.scene.of_group(TOTAL), measure="sef_now", item=self.statement)
        if found := _SAYS.fullmatch(text):
            number = found.group(1) + ("" if "." in found.group(1) else ".0")
            self.rating = float(number)
            self._add(scene, "value", number)
        elif text != NOT_RATED:
            self.stray("a rating of no form of ours")

    def shows(self, text: str) -> None:
        """The figure with its count, limits and period, the mark that it is hidden, or why there is none."""
        if not text or text == NO_FIGURE:
            return
        people_there = bool(self.tie.measure) and self.tie.card.of_people
        found = (_FIGURE if people_there else _OF_NOBODY).fullmatch(text)
        if found is None:
            self._no_figure(text)
            return
        *numbers, year, last, part = found.groups()
        self.shown = FIGURE_SHOWN
        self.scene = replace(self.scene, time_period=year + last,
                             time_identifier=(part or "academic year").capitalize())  # fmt: skip
        for what, number in zip(FIGURE_TELLS if people_there else ("value",), numbers, strict=True):
            self._add(self.scene, what, number)

    def _no_figure(self, words: str) -> None:
        hidden = words == MARKS["c"]
        self.shown = HIDDEN if hidden else NO_FIGURE
        if not hidden:
            told = read_text(words, self.scene, self.public, self.file, self.where)
            self.told.claims += told.claims
            self.told.strays += told.strays
        if self.scene.whole:
            self._take(self.scene.marked("value", "c" if hidden else "x", self.file, self.where))

    def beside(self, text: str) -> None:
        """The gap with its limits, and the figure on the other side."""
        if not text:
            return
        found = _BESIDE.fullmatch(text)
        if found is None or self.shown != FIGURE_SHOWN:
            self.stray("a comparison of no form of ours")
            return
        size, side, untreated, group, rest, nation, *limits = found.groups()
        if not untreated and (group == "others") != (self.scene.sen_provision == TOTAL):
            self.stray("another group than that of the figure")
        self.comparator = "" if untreated else REST_OF_LA if rest else NATIONALLY
        down = side == "below"
        self._add(self.scene, "value", ("−" if down else "") + (size or self._zero(limits)), self.comparator)
        for what, number in zip(("lower", "upper"), ends_of(limits, down) or (), strict=False):
            self._add(self.scene, what, number, self.comparator)
        self._add(self.scene, "comparator_value", rest or nation, self.comparator)

    def _zero(self, limits: list[str | None]) -> str:
        """No difference, with as many places as its limits have."""
        places = next((len(limit.partition(".")[2]) for limit in limits if limit and limit[-1:].isdigit()), 0)
        return f"{0:.{places}f}"

    def chance(self, text: str) -> None:
        """How often chance alone would do as much: it has to follow from the gap and its limits."""
        found = _CHANCE.fullmatch(text)
        if found is None or not self.scene.whole:
            self.stray("a chance of no form of ours")
            return
        times = float(found.group(2).replace(",", ""))
        ends = (times, inf) if found.group(1) else (times, times)
        self._take(self.scene.between("chance", *ends, self.file, self.where, self.comparator))

    def verdict(self, text: str) -> None:
        """What follows: in keeping with the rating, with what is shown, and with the gap."""
        if found := FEW.fullmatch(text):
            self._few(found.group(1), int(found.group(2)))
        elif text not in VERDICTS or not self._may_be(text):
            self.stray("a verdict that does not go with its line")
        elif text in (MORE, LESS):
            self._take(self.scene.between("said", way := 1 if text == MORE else -1, way, self.file, self.where,
                                          self.comparator))  # fmt: skip

    def _may_be(self, text: str) -> bool:
        high, low = self.rating >= _HIGH, 0 < self.rating < _LOW
        with_figure = self.shown == FIGURE_SHOWN and self.rating > 0
        allowed = {
            MORE: high and with_figure, LESS: low and with_figure, ALIKE: (high or low) and with_figure,
            MIDDLE: not (high or low) and with_figure, NOT_RATED: not self.rating,
            NO_FIGURE: self.shown == NO_FIGURE, HIDDEN: self.shown == HIDDEN,
        }  # fmt: skip
        return allowed.get(text, text not in OTHERWISE or with_figure)

    def _few(self, who: str, under: int) -> None:
        """That there are fewer people than so many: a base from one on."""
        about: Card | None = self.tie.card if self.tie.measure else None
        if about is None or who != about.counted or not self.scene.whole:
            self.stray("a verdict that does not go with its line")
            return
        claim = self.scene.between("base", 1, under - 1, self.file, self.where)
        self._take(replace(claim, step=under - 2.0))

    def ask(self, text: str, *, more: bool | None = None) -> None:
        """The question, as anyone may read it in the tool."""
        high = self.rating >= _HIGH if more is None else more
        about = tied().get(self.statement)
        ours = _PRAISE if not high else "" if about is None else f"{about.ask} It may also be {self.tie.innocent}."
        if text != ours:
            self.stray("a question that is none of ours")

    def place_in_order(self) -> tuple[str, int, int, str]:
        """Where the line stands: by the school's name, then as in the tool, item by item last."""
        name = next((name for name, (code, _) in self.public.places.items() if code == self.scene.place_code), "")
        ties = [tie.measure for tie in tied()[self.statement].ties] if self.statement else []
        at = ties.index(self.tie.measure) + self.tie.each * len(ties) if self.tie.measure in ties else 2 * len(ties)
        return name, list(STATEMENTS.values()).index(self.statement) if self.statement else -1, at, self.scene.item

    def stray(self, about: str) -> None:
        """Something that no line of ours would hold."""
        self.told.strays.append(Stray(self.file, self.where, about))

    def _add(self, scene: Scene, what: str, number: str | None, comparator: str = "") -> None:
        if number is None:
            return
        if not scene.whole:
            self.stray(f"a number ({what}) of no figure")
            return
        if comparator and card(scene.measure).kind == "share":  # as coarse as its coarser side, which is not told
            number = number.removesuffix(".0")
        self._take(scene.claim(what, number, self.file, self.where, comparator))

    def _take(self, claim: Claim) -> None:
        self.told.claims.append(claim)


def counts_of(text: str, needed: str) -> Iterator[tuple[str, int]]:
    """(why a line is not judged, of how many schools); a part that is none of ours has the number -1.

    >>> list(counts_of("not rated: 5; too few pupils to say (under 30): 12", ""))
    [('not rated', 5), ('too few pupils to say (under 30)', 12)]
    >>> list(counts_of("not rated: 5 of 6", ""))
    [('', -1)]
    """
    tail = f"needed: {needed}"
    text = text.removesuffix(f"; {tail}") if needed else text
    for part in text.split("; ") if text else ():
        why, _, number = part.rpartition(": ")
        plain = re.fullmatch(r"[1-9]\d*", number) and (why in VERDICTS or FEW.fullmatch(why))
        yield (why, int(number)) if plain else ("", -1)
