"""Tables of a page: captions and headings say what each cell is about; attributes of a cell are read like its text."""

import re
from dataclasses import replace

from attacker.claims import NUMBER, Scene, Stray
from attacker.order import items_told, order_told, steps_told
from attacker.page import Node
from attacker.public import Public, declared_measures
from attacker.says_tables import SaysReader, is_says_table
from attacker.sef_tables import SefTable, sef_table
from attacker.sentences import NATIONALLY, REST_OF_LA, Told, read_text
from attacker.statements import STATEMENTS
from sendlab.metrics.cards import COUNTED, cards
from sendlab.schema.groups import TOTAL

_WHAT = {
    "Pupils (n)": "base", "Pupils": "base", "Numerator": "numerator", "Denominator": "denominator", "Figure": "value",
    "95% interval": "limits", "Gain": "value", "Now": "value", "Range": "limits", "Gap": "gap",
    "Could count": "eligible", "Counted": "base", "Counted of those": "share", "From": "lower", "To": "upper",
    **{f"{word.capitalize()} (n)": "base" for word in COUNTED.values()},
}  # fmt: skip
_ITEMS = frozenset(about.told_by.capitalize() for about in cards().values() if about.told_by)  # above names of items
# The first column of a saved table has no heading.
_LABELS = ("", "Group", "Area of need", "Intervention", "Place", "Indicator", "Measure", "Statement", *_ITEMS)
_WORDS = ("Change", "Gap in words", "Section", "Data to", "Why no figure")
_RATINGS = {"Now": "sef_now", "Target": "sef_target", "Target minus now": "sef_gap"}
# Tables of any rows, made with `show_table`: of the authority by year, and of a place and the authority.
_STATUTORY = ["Period", "Numerator", "Denominator", "Figure", "From", "To"]
_OF_PLACES = ["Measure", "Numerator", "Denominator", "Figure"]
_LEVELS = ("National", "Local authority", "School")
_YEAR = re.compile(r"20\d{2}")
_COUNTED = ["Period", "Could count", "Counted", "Counted of those", "Data to", "Why no figure"]
_MARK = re.compile(r"[czx]")
_TWO = re.compile(rf"(?:between )?({NUMBER})%? (?:to|and) ({NUMBER})%?")
_OF = re.compile(rf"({NUMBER}) of ({NUMBER})")
_ONE = re.compile(rf"\s*(?:n = )?({NUMBER})%?(?: \(u\))?\s*")
PLAIN = ("class", "style", "scope", "rowspan", "href", "data-name")  # attributes of cells that tell no figure


class TableReader:
    """One table: `read` fills claims and strays."""

    def __init__(self, table: Node, scene: Scene, public: Public, file: str, where: str) -> None:
        self.table, self.public, self.file, self.where = table, public, file, where
        self.told = Told([], [], scene)
        self.order: list[tuple[str, bool]] = []  # labels of the rows, and whether they show a figure
        self.measures: list[str] = []  # of rows that are named after a measure
        self.rows: list[Scene] = []  # of a table of any rows
        for caption in table.all("caption"):
            about = read_text(caption.text, scene, public, file, f"{where}, caption")
            self.told.strays += about.strays
            self.told.claims += about.claims
            self.told.scene = about.scene

    def read(self) -> Told:
        """Row by row, cell by cell."""
        rows = self.table.all("tr")
        if not rows:
            return self.told
        headings = [cell.text.strip() for cell in rows[0].all("th", "td")]
        if sef := sef_table(headings, " ".join(c.text for c in self.table.all("caption")), self.public):
            return self._read_sef(sef, rows[1:])
        if is_says_table(headings):
            caption = " ".join(c.text for c in self.table.all("caption"))
            return SaysReader(headings, caption, self.told, self.public, self.file, self.where).read(rows[1:])
        indicator: Scene | None = None
        for number, row in enumerate(rows[1:], 1):
            cells = row.all("th", "td")
            names = headings[len(headings) - len(cells) :]
            scene = self.told.scene if indicator is None else indicator
            for name, cell in zip(names, cells, strict=True):
                if name == "Indicator":
                    scene = indicator = read_text(cell.text, self.told.scene, self.public, self.file, "").scene
                elif name in _LABELS:
                    scene = self._labelled(cell.text.strip(), scene)
                    marks = [other.text.strip() for other in cells[1:]]
                    self.order += (
                        [(cell.text.strip(), "c" not in marks)]
                        if indicator is None and cell.text.strip() != "All"
                        else []
                    )
                    self.measures += [scene.measure] if headings[1:] == _COUNTED else []
                elif name == "Period":
                    scene = self._of_period(cell.text.strip(), scene)
                scene = self._of_row(headings, name, scene)
                self._cell(name, cell, scene, f"{self.where}, row {number}, {name or 'cell'}")
            for attribute, value in (pair for pair in row.attributes.items() if pair[0] not in PLAIN):
                self._text("value", value, scene, f"{self.where}, row {number}, attribute {attribute}")
        if self._order_told(headings):
            self.told.strays.append(Stray(self.file, self.where, "an order of rows that tells of what is not shown"))
        return self.told

    def _read_sef(self, sef: SefTable, rows: list[Node]) -> Told:
        """A table of the self-evaluation, whose headings say what each column is about."""
        labels, sizes = [], []
        for number, row in enumerate(rows, 1):
            cells = row.all("th", "td")
            labels.append(cells[0].text.strip())
            before = len(self.told.claims)
            for place, cell in enumerate(cells[1:], 1):
                scene = sef.scene(self.told.scene, place, labels[-1])
                self._text(sef.what(place), cell.text.strip(), scene, f"{self.where}, row {number}, column {place}")
            told = [claim.printed for claim in self.told.claims[before:] if claim.told]
            sizes.append(told[0] if told else 0.0)
            hidden = [pair for cell in (row, *cells) for pair in cell.attributes.items() if pair[0] not in PLAIN]
            for attribute, value in hidden:
                self._text("value", value, self.told.scene, f"{self.where}, row {number}, attribute {attribute}")
        if sef.order_told(labels, sizes):
            self.told.strays.append(Stray(self.file, self.where, "an order of rows that tells of what is not shown"))
        return self.told

    def _order_told(self, headings: list[str]) -> bool:
        """Measures stand as declared, statements with the largest step first, all else by the rule of names."""
        if headings[1:] == _COUNTED:
            return tuple(self.measures) != declared_measures(self.file)
        if self.rows:
            return self.rows != sorted(self.rows, key=self._place_of_row)
        if self._by_item(headings):
            return items_told([claim for claim in self.told.claims if claim.what == "value"])
        if headings[2:] == list(_RATINGS):
            return steps_told([claim for claim in self.told.claims if claim.told])
        return order_told(self.order)

    def _by_item(self, headings: list[str]) -> bool:
        """Whether the rows are the items of a measure; in what is saved their column has no heading."""
        return headings[0] in ("", *_ITEMS) and self.told.scene.measure in self.public.parts

    def _of_period(self, text: str, scene: Scene) -> Scene:
        """The scene of a year, which is a calendar year where it has four digits."""
        if _YEAR.fullmatch(text):
            return replace(scene, time_period=text, time_identifier="Calendar year")
        return read_text(text, replace(scene, time_period=""), self.public, self.file, "").scene

    def _of_row(self, headings: list[str], name: str, scene: Scene) -> Scene:
        """The scene once what names a row of a table of any rows has been read; that of others as it is."""
        if (headings[1:], name) not in ((_STATUTORY, "Period"), (_OF_PLACES, "Measure")):
            return scene
        scene = replace(scene, place_code=self.public.la()) if headings[1:] == _STATUTORY else scene
        self.rows.append(self.public.settled(scene))
        return self.rows[-1]

    def _place_of_row(self, scene: Scene) -> tuple[object, ...]:
        """Where a row of a table of any rows stands: by measure, the authority before its schools, by year."""
        level = _LEVELS.index(self.public.level(scene.place_code))
        return scene.measure, level, scene.place_code, scene.time_period

    def _labelled(self, label: str, scene: Scene) -> Scene:
        if label in self.public.parts.get(scene.measure, ()):
            return replace(scene, item=label)
        if label in ("All", TOTAL):
            return scene.of_group(TOTAL)
        if label in STATEMENTS:
            return replace(scene, item=STATEMENTS[label])
        text, names = self.public.tokens(label)
        return self.public.step(scene, names[0]) if len(text) == 1 and names else replace(scene, item=label)

    def _cell(self, heading: str, cell: Node, scene: Scene, where: str) -> None:
        if heading in _RATINGS and scene.item in STATEMENTS.values():
            scene = replace(scene, measure=_RATINGS[heading])
        year = heading == "Period" and _YEAR.fullmatch(cell.text.strip())
        if heading not in _LABELS and not year:
            self._text(self._what(heading), cell.text.strip(), scene, where)
        for node in cell.walk():
            for attribute, value in node.attributes.items():
                if attribute not in PLAIN:
                    self._text(self._what(heading), value, scene, f"{where}, attribute {attribute}")

    def _what(self, heading: str) -> str:
        if heading.startswith((NATIONALLY, REST_OF_LA)):
            return "comparator"
        if re.fullmatch(r"20\d{2}/\d{2}", heading):
            return "before"
        if heading in _RATINGS:
            return "value"
        return _WHAT.get(heading, "word" if heading in _WORDS else "rank" if heading == "Rank" else "unknown")

    def _text(self, what: str, text: str, scene: Scene, where: str) -> None:
        comparator = NATIONALLY if what == "gap" else ""
        if what == "comparator":
            comparator = NATIONALLY if NATIONALLY in where else REST_OF_LA
        if what == "before":
            scene = replace(scene, time_period=str(int(scene.time_period) - 101))
        name = {"comparator": "comparator_value", "before": "value", "gap": "value"}.get(what, what)
        if _MARK.fullmatch(text) and (what != "word" or text != "x"):
            for each in ("lower", "upper") if name == "limits" else (name,):
                self.told.claims.append(scene.marked(each, text, self.file, where, comparator))
        elif found := _TWO.fullmatch(text):
            self._numbers(("lower", "upper"), found.groups(), scene, where, comparator)
        elif found := _OF.fullmatch(text):
            self._numbers(("numerator", "base"), found.groups(), scene, where, comparator)
        elif found := _ONE.fullmatch(text):
            self._numbers((name,), (found.group(1),), scene, where, comparator)
        elif text:
            told = read_text(text, scene, self.public, self.file, where)
            # a word on a change may be about either of its sides
            self.told.claims += [claim for claim in told.claims if claim.told or what != "word"]
            self.told.strays += told.strays

    def _numbers(self, whats: tuple[str, ...], numbers: tuple[str, ...], scene: Scene, where: str,
                 comparator: str) -> None:  # fmt: skip
        for what, number in zip(whats, numbers, strict=True):
            if not scene.whole or what in ("unknown", "word", "rank", "limits"):
                self.told.strays.append(Stray(self.file, where, "a number in a cell that holds none of ours"))
            if scene.whole:
                self.told.claims.append(scene.claim(what, number, self.file, where, comparator))
