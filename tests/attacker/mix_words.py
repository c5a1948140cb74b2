"""The words of a chart of items by group: each line of them as claims, and the title against what the lines tell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from attacker.claims import NUMBER, Claim, Scene, Stray
from attacker.forms import N, Told
from attacker.order import group_of_order, items_told
from attacker.public import Public
from attacker.sentences import read_text
from sendlab.metrics.cards import card
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import people

ALL = "All"  # what a group is called where there is one only
_MARKS = {"not shown": "c", "not applicable": "z", "not available": "x", "no figure": "x"}
_GROUPS = f"({ALL}|EHC plan|SEN support|No SEN)"
_LINE = re.compile(
    rf"{_GROUPS} (?:({NUMBER}%?(?: \(u\))?)(?:, 95% interval {N}%? to {N}%?|, no interval)(?:, n = {N})?|"
    rf"({'|'.join(_MARKS)}))"
)
_REST = r"(?P<by>, by SEN provision)?, (?P<place>.+?), (?P<period>20\d\d/\d\d(?: \([a-z ]+\))?)\. "


@dataclass
class Words:
    """What the words of a chart tell: the measure, the title and subtitle, and of each item and group its claims."""

    told: Told
    title: str = ""
    subtitle: str = ""
    groups: list[str] = field(default_factory=list)
    lines: dict[tuple[str, str], list[Claim]] = field(default_factory=dict)  # by item and group
    shown: dict[tuple[str, str], str] = field(default_factory=dict)  # the text of the figure, or why there is none

    @property
    def items(self) -> list[str]:
        """The items as they come."""
        return list(dict.fromkeys(item for item, _ in self.lines))


def measure_of_mix(label: str, public: Public) -> str:
    """The measure whose items a chart draws, by its words; empty where it is another chart."""
    for measure in public.parts:
        about = card(measure)
        if label.startswith(about.title) and f". {about.title}, {about.unit}" in label:
            return measure
    return ""


def plain_spaces(text: str) -> str:
    """A text with spaces in place of those at which no line may break."""
    return text.replace("\u00a0", " ")


class WordsReader:
    """The text for all of a chart of items; `read` gives what it tells."""

    def __init__(self, label: str, scene: Scene, public: Public, file: str, where: str) -> None:
        self.label, self.public, self.file, self.where = label, public, file, where
        self.measure = measure_of_mix(label, public)
        self.words = Words(Told([], [], scene))

    def read(self) -> Words:
        """Subtitle, lines, then title and order."""
        about = card(self.measure)
        head = re.compile(re.escape(f"{about.title}, {about.unit}") + _REST)
        start = self.label.index(f". {about.title}, {about.unit}") + 2
        found = head.match(self.label, start)
        code, _ = self.public.places.get(found["place"], ("", "")) if found else ("", "")
        if found is None or not code:
            return self._unread(self.label)
        self.words.title, self.words.subtitle = self.label[: start - 2], found.group().removesuffix(". ")
        scene = Scene(measure=self.measure, place_code=code)
        self.words.told.scene = self.public.step(scene, ("period", found["period"]))
        rest = self._lines(self.label[found.end() :])
        if rest:
            self._unread(rest)
        self._whole(bool(found["by"]))
        return self.words

    def _unread(self, text: str) -> Words:
        self._stray("words of a chart of items that are not ours")
        told = read_text(text, self.words.told.scene, self.public, self.file, f"{self.where}, alt text")
        self.words.told.claims += told.claims
        self.words.told.strays += told.strays
        return self.words

    def _stray(self, about: str) -> None:
        self.words.told.strays.append(Stray(self.file, self.where, about))

    def _lines(self, text: str) -> str:
        """Item by item; returns what is left."""
        known = sorted(self.public.parts[self.measure], key=len, reverse=True)
        names = "|".join(map(re.escape, known))
        line = re.compile(rf"({names}): {_LINE.pattern}(?:; {_LINE.pattern})*\. ?")
        while found := line.match(text):
            inner = found.group().partition(": ")[2]
            for each in _LINE.finditer(inner):
                self._line(found.group(1), each)
            text = text[found.end() :]
        return text

    def _line(self, item: str, found: re.Match[str]) -> None:
        group, value, lower, upper, base, none = found.groups()
        scene = self.public.step(self.words.told.scene, ("item", item))
        scene = scene.of_group(TOTAL if group == ALL else group)
        where = f"{self.where}, alt text"
        told = [("value", value), ("lower", lower), ("upper", upper), ("base", base)]
        claims = [scene.claim(what, number, self.file, where) for what, number in told if number]
        if none:
            claims = [scene.marked("value", _MARKS[none], self.file, where)]
        if (item, group) in self.words.lines:
            self._stray("a line of a chart of items that comes twice")
        self.words.lines[item, group], self.words.shown[item, group] = claims, none or value
        self.words.groups += [group] if group not in self.words.groups else []
        self.words.told.claims += claims

    def _whole(self, by_group: bool) -> None:
        """Title, order and groups follow from the lines."""
        values = [claim for claims in self.words.lines.values() for claim in claims if claim.what == "value"]
        complete = len(self.words.lines) == len(self.words.items) * len(self.words.groups)
        if not complete or by_group != (self.words.groups != [ALL]) or items_told(values):
            self._stray("items or groups that are not all there, or not in their order")
        if plain_spaces(self.words.title) != self._title():
            self._stray("a title that does not follow from the lines")
            self._unread(self.words.title)

    def _title(self) -> str:
        """The title by the public rule: what fewest agree to, or the largest part, of those shown."""
        about, groups = card(self.measure), [TOTAL if group == ALL else group for group in self.words.groups]
        group = group_of_order(groups)
        texts = [
            (item, self.words.shown.get((item, ALL if group == TOTAL else group), "")) for item in self.words.items
        ]
        shown = [(item, text) for item, text in texts if text not in _MARKS]
        if not shown:
            return f"{about.title}: no part can be shown"
        of_shown = "" if len(shown) == len(texts) else "of those shown, "
        if about.polarity == "high" and len(shown) > 1:
            whose = "" if group == TOTAL else f", {people(group)}"
            fewest = " and ".join(f"“{item}”" for item, text in shown if text == shown[-1][1])
            return f"{about.title}{whose}: {of_shown}fewest on {fewest} ({shown[-1][1].removesuffix(' (u)')})"
        whose = "" if group == TOTAL else f" of {people(group)}"
        return f"{about.title}{whose}: {of_shown}most often {_small(shown[0][0])} ({shown[0][1].removesuffix(' (u)')})"


def _small(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def titles_of_mixes(labels: Sequence[str], public: Public) -> frozenset[str]:
    """Titles and texts of charts of items: read with their charts, they may stand elsewhere in the same words."""
    mixes = [(label, card(measure)) for label in labels if (measure := measure_of_mix(label, public))]
    titles = {label[: label.index(f". {about.title}, {about.unit}")] for label, about in mixes}
    return frozenset(titles | {plain_spaces(title) for title in titles} | {label for label, _ in mixes})
