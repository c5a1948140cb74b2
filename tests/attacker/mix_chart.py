"""A chart of items by group: each mark turned back into a figure of an item and group, heads and columns as claims."""

import re
from itertools import pairwise

from attacker.chart import ChartReader, spoken
from attacker.chart_looks import KEY, Row, axis_told, is_symbol, looks_told, middle
from attacker.claims import NUMBER, Scene
from attacker.drawing import Drawing, Mark
from attacker.forms import N, Told
from attacker.mix_words import ALL, WordsReader, plain_spaces
from attacker.public import Public
from attacker.sentences import read_text
from attacker.words import ITEMS
from sendlab.charts import theme
from sendlab.schema.groups import TOTAL

_APART, _NEAR, _LINE = 13.0, 3.0, 15.0  # pixels between marks of two groups, off its place, between lines of a label
_BASES = re.compile(rf"n = {N}(?: to {N})?")
_FIGURE = re.compile(rf"{NUMBER}%?(?: \(u\))?")
_COLOURS = {look.colour.upper(): name for name, look in theme.GROUPS.items()}


class MixReader(ChartReader):
    """One such chart; `read` gives its claims and strays."""

    def __init__(self, drawing: Drawing, scene: Scene, public: Public, file: str, where: str) -> None:
        self.drawing, self.public, self.file, self.where, self.kind = drawing, public, file, where, "mix"
        self.words = WordsReader(drawing.label, scene, public, file, where).read()
        self.told = self.words.told
        self.places: dict[str, float] = {}  # item: the middle of its label
        self.labels: list[Mark] = []
        self.columns: dict[float, str] = {}  # where the figures of a group stand
        self.heads: list[Mark] = []
        self.axis = self._axis()

    def read(self) -> Told:
        """Titles, items, marks, then axis and looks."""
        self._titles()
        self._items()
        self._columns()
        for mark in self.drawing.marks:
            self._one(mark)
        numbers = [c.printed for c in self.told.claims if c.told and c.what in ("value", "lower", "upper")]
        if axis_told(self.axis, numbers, both_ways=False):
            self._stray("an axis that does not follow from the figures shown")
        for odd in looks_told(self.drawing, []):
            self._stray(odd)
        if len({mark.look for mark in self.labels}) > 1:
            self._stray("names of items that do not look alike")
        return self.told

    def _read(self, text: str, where: str = "") -> None:
        """A text that is none of the chart's own: its numbers are claims or strays."""
        told = read_text(text, self.told.scene, self.public, self.file, f"{self.where}{where}")
        self.told.claims += told.claims
        self.told.strays += told.strays

    def _titles(self) -> None:
        """Title and subtitle say what the words of the whole say; what else is spoken is read."""
        for text in (self.drawing.title, *map(spoken, self.drawing.spoken)):
            if not self._is_title(text):
                self._read(plain_spaces(text), ", title")

    def _is_title(self, text: str) -> bool:
        return _squeezed(text) in map(_squeezed, (self.words.title, self.words.subtitle))

    def _items(self) -> None:
        """Each item by its label, on one or more lines at the left edge; other texts there are lines of a block."""
        lines = sorted((m for m in self.drawing.texts() if m.x == 0 and m.text), key=lambda m: m.y)
        place = 0
        blocks: dict[object, list[str]] = {}
        while place < len(lines):
            size = next((size for size in (4, 3, 2, 1) if self._item(lines[place : place + size])), 0)
            if size:
                label = lines[place : place + size]
                self.places[self._item(label)] = sum(map(middle, label)) / size
                self.labels += label
            else:
                blocks.setdefault(lines[place].look, []).append(lines[place].text)
            place += size or 1
        for texts in blocks.values():
            if not self._is_title(text := " ".join(texts)):
                self._read(text)
        if list(self.places) != self.words.items:
            self._stray("items that are not drawn as they are told")

    def _item(self, lines: list[Mark]) -> str:
        """The item that these lines name; empty where they name none."""
        near = all(0 < after.y - line.y < _LINE for line, after in pairwise(lines))
        text = " ".join(line.text for line in lines)
        return text if near and lines[0].y > KEY and text in self.words.items and text not in self.places else ""

    def _columns(self) -> None:
        """The heads of the columns, and the number of people beneath each."""
        above = min(self.places.values(), default=0.0) - _LINE
        heads = sorted((m for m in self.drawing.texts() if KEY < m.y < above and m.x > 0), key=lambda m: (m.y, m.x))
        names = [mark for mark in heads if mark.text in self.words.groups]
        self.columns = {mark.x: mark.text for mark in names}
        if [mark.text for mark in names] != self.words.groups:
            self._stray("heads of columns that are not the groups told")
        for mark in (mark for mark in heads if mark not in names):
            found = _BASES.fullmatch(mark.text)
            if found is None or mark.x not in self.columns:
                self._read(mark.text)
                continue
            few, most = (
                float(number.replace(",", "")) for number in (found.group(1), found.group(2) or found.group(1))
            )
            scene = self.told.scene.of_group(_group(self.columns[mark.x]))
            items = ITEMS.join(self.words.items)
            self.told.claims.append(scene.between("bases", few, most, self.file, f"{self.where}, head", items))
        self.heads = heads

    # --- marks --------------------------------------------------------------------------------------------------

    def _one(self, mark: Mark) -> None:
        for said in mark.said:
            self._stray("a text that hangs on a mark")
            self._read(said, ", text on a mark")
        if mark.kind == "text":
            self._written(mark)
        elif mark.y > KEY and (mark.kind == "line" or is_symbol(mark)):
            if self.axis is None:
                self._stray("a mark in a chart that has no axis")
            else:
                self._drawn(mark, self._row_at(mark))

    def _written(self, mark: Mark) -> None:
        """A figure in the column of its group; what stands elsewhere is read like any text."""
        if mark.x == 0 or mark in self.heads or not mark.text:
            return
        item = next((item for item, y in self.places.items() if abs(y - middle(mark)) < _NEAR), "")
        row = self._told(item, self.columns.get(mark.x, ""))
        if row is None:
            self._read(mark.text)
        elif mark.text != self.words.shown[item, self.columns[mark.x]]:
            self._stray("a figure that is not that of the words")
            if _FIGURE.fullmatch(mark.text):
                self.told.claims.append(row.scene.claim("value", mark.text, self.file, f"{self.where}, text"))
            else:
                self._read(mark.text)

    def _row_at(self, mark: Mark) -> Row | None:
        """The item and group that a mark belongs to, by its colour and by how far down it stands."""
        groups = self.words.groups
        colour = dict(mark.look).get("stroke", "").upper()
        group = _COLOURS.get(colour, "") if groups != [ALL] else ALL if colour == theme.BLUE.upper() else ""
        if group not in groups:
            return None
        y = mark.y - (groups.index(group) - (len(groups) - 1) / 2) * _APART
        item = next((item for item, place in self.places.items() if abs(place - y) < _NEAR), "")
        return self._told(item, group)

    def _told(self, item: str, group: str) -> Row | None:
        """What the words tell of an item and group, as a row of the chart; None where they tell nothing."""
        claims = self.words.lines.get((item, group))
        if claims is None or item not in self.places:
            return None
        scene = self.public.step(self.told.scene, ("item", item)).of_group(_group(group))
        told = tuple(claim for claim in claims if claim.told)
        return Row(self.places[item], item, scene, told, not any(claim.what == "value" for claim in told))


def _group(name: str) -> str:
    return TOTAL if name == ALL else name


def _squeezed(text: str) -> str:
    """A text without blanks and the signs between its lines.

    >>> _squeezed("SEN\u00a0support, of all"), _squeezed("SEN support,of all")
    ('SENsupport,ofall', 'SENsupport,ofall')
    """
    return "".join(text.split())
