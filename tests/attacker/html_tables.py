"""Tables of a page: captions and headings say what each cell is about; attributes of a cell are read like its text."""

import re
from dataclasses import replace

from attacker.claims import NUMBER, Scene, Stray
from attacker.order import order_told, steps_told
from attacker.page import Node
from attacker.public import Public, declared_measures
from attacker.sentences import NATIONALLY, REST_OF_LA, Told, read_text
from attacker.statements import STATEMENTS
from sendlab.schema.groups import TOTAL

_WHAT = {
    "Pupils (n)": "base", "Pupils": "base", "Numerator": "numerator", "Denominator": "denominator", "Figure": "value",
    "95% interval": "limits", "Gain": "value", "Now": "value", "Range": "limits", "Gap": "gap",
    "Could count": "eligible", "Counted": "base", "Counted of those": "share",
}  # fmt: skip
# The first column of a saved table has no heading.
_LABELS = ("", "Group", "Area of need", "Intervention", "Place", "Indicator", "Measure", "Statement")
_WORDS = ("Change", "Gap in words", "Section", "Data to", "Why no figure")
_RATINGS = {"Now": "sef_now", "Target": "sef_target", "Target minus now": "sef_gap"}
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
                    scene = read_text(cell.text, replace(scene, time_period=""), self.public, self.file, "").scene
                self._cell(name, cell, scene, f"{self.where}, row {number}, {name or 'cell'}")
            for attribute, value in (pair for pair in row.attributes.items() if pair[0] not in PLAIN):
                self._text("value", value, scene, f"{self.where}, row {number}, attribute {attribute}")
        if self._order_told(headings):
            self.told.strays.append(Stray(self.file, self.where, "an order of rows that tells of what is not shown"))
        return self.told

    def _order_told(self, headings: list[str]) -> bool:
        """Measures stand as declared, statements with the largest step first, all else by the rule of names."""
        if headings[1:] == _COUNTED:
            return tuple(self.measures) != declared_measures(self.file)
        if headings[2:] == list(_RATINGS):
            return steps_told([claim for claim in self.told.claims if claim.told])
        return order_told(self.order)

    def _labelled(self, label: str, scene: Scene) -> Scene:
        if label in ("All", TOTAL):
            return scene.of_group(TOTAL)
        if label in STATEMENTS:
            return replace(scene, item=STATEMENTS[label])
        text, names = self.public.tokens(label)
        return self.public.step(scene, names[0]) if len(text) == 1 and names else replace(scene, item=label)

    def _cell(self, heading: str, cell: Node, scene: Scene, where: str) -> None:
        if heading in _RATINGS and scene.item in STATEMENTS.values():
            scene = replace(scene, measure=_RATINGS[heading])
        if heading not in _LABELS:
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
