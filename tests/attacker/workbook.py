"""The workbook, part by part: sheets of figures as claims; hidden sheets, comments and odd parts as strays."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

from attacker.claims import COUNTS, Claim, Scene, Stray
from attacker.public import Public
from attacker.sentences import Told, read_text
from attacker.statements import STATEMENTS
from sendlab.metrics.cards import Card, card, cards
from sendlab.narrate import decimals_of
from sendlab.publish.sheet import BASES, FIGURE, HEADINGS
from sendlab.publish.workbook import SHEETS
from sendlab.schema.measures import GROUPS, MEASURE_KEY

_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:app|core)\.xml|xl/_rels/workbook\.xml\.rels|xl/sharedStrings\.xml|"
    r"xl/styles\.xml|xl/workbook\.xml|xl/theme/theme1\.xml|xl/tables/table\d+\.xml|xl/worksheets/sheet\d+\.xml|"
    r"xl/worksheets/_rels/sheet\d+\.xml\.rels"
)
_SHEETS = ("Cover", "Contents", "Notes", *SHEETS.values())
_COLUMN = {heading: name for name, heading in HEADINGS.items()} | dict.fromkeys(BASES, "base_subjects")
_WHAT = {
    "base_subjects": "base", "numerator": "numerator", "denominator": "denominator", "value": "value",
    "lower": "lower", "upper": "upper", "comparator_value": "comparator_value",
}  # fmt: skip
_LEVELS = {"Local authority": 0, "School": 1, "National": 2}
_PRINT_TITLES = "_xlnm.Print_Titles"
Line = dict[str, str]


@dataclass(frozen=True, eq=False)
class Sheet:
    """The cells of a sheet row by row, and what on it is hidden from the eye."""

    lines: tuple[tuple[str, ...], ...]
    odd: tuple[str, ...]


@lru_cache(maxsize=64)
def _sheet(part: bytes, strings: tuple[str, ...]) -> Sheet:
    lines, odd = [], []
    root = ElementTree.fromstring(part)
    for node in root.iter():
        tag = _tag(node)
        if tag == "row":
            lines.append(tuple(_cell(cell, strings) for cell in node))
        if tag in ("row", "col") and node.get("hidden") in ("1", "true"):
            odd.append(f"a hidden {tag}")
        if tag in (
            "legacyDrawing",
            "drawing",
            "f",
            "dataValidations",
            "conditionalFormatting",
            "oddHeader",
            "oddFooter",
        ):
            odd.append(f"a part '{tag}'")
    return Sheet(tuple(lines), tuple(odd))


def _cell(cell: ElementTree.Element, strings: tuple[str, ...]) -> str:
    value = next((child.text or "" for child in cell if _tag(child) == "v"), "")
    if cell.get("t") == "s":
        return strings[int(value)]
    return value if cell.get("t") != "inlineStr" else "".join(cell.itertext())


def _tag(node: ElementTree.Element) -> str:
    return str(node.tag).rpartition("}")[2]


class BookReader:
    """One workbook; `read` gives its claims and strays, `lines` the rows of its sheets."""

    def __init__(self, path: Path, file: str) -> None:
        self.file = file
        with ZipFile(path) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}
            self.comment = archive.comment
        root = ElementTree.fromstring(self.parts["xl/sharedStrings.xml"])
        strings = tuple("".join(node.itertext()) for node in root)
        names = [node for node in ElementTree.fromstring(self.parts["xl/workbook.xml"]).iter() if _tag(node) == "sheet"]
        self.states = {str(node.get("name")): node.get("state", "visible") for node in names}
        self.sheets = {
            name: _sheet(self.parts[f"xl/worksheets/sheet{number}.xml"], strings)
            for number, name in enumerate(self.states, 1)
        }

    def lines(self, name: str) -> list[Line]:
        """The rows of a sheet of figures as {column: cell}; empty where it is no such sheet."""
        return _lines(self.sheets[name])

    def read(self, public: Public) -> Told:
        """Figures, texts, and everything else that a file of this kind may hold."""
        told = Told([], [], Scene())
        for name, sheet in self.sheets.items():
            lines = self.lines(name)
            if self.states[name] != "visible" or name not in _SHEETS:
                told.strays.append(
                    Stray(self.file, f"sheet {len(told.strays)}", "a sheet that no workbook of ours shows")
                )
            told.strays += [Stray(self.file, name, odd) for odd in sheet.odd]
            told.claims += _claims_of_sheet(sheet, self.file, name)
            if lines and _order(lines) != sorted(_order(lines)):
                told.strays.append(Stray(self.file, name, "an order of rows that is not that of their names"))
            self._texts(name, sheet, len(lines), public, told)
        self._others(public, told)
        return told

    def _texts(self, name: str, sheet: Sheet, figures: int, public: Public, told: Told) -> None:
        for line in sheet.lines[: len(sheet.lines) - figures]:
            for text in line:
                if name == "Notes" and re.fullmatch(r"\d+", text):
                    continue  # the notes' own numbers
                told.strays += read_text(re.sub(r"\[note \d+\]", "", text), Scene(), public, self.file, name).strays

    def _others(self, public: Public, told: Told) -> None:
        """Parts that no workbook of ours has, properties, and names of ranges."""
        for name in sorted(part for part in self.parts if not _PARTS.fullmatch(part)):
            told.strays.append(Stray(self.file, name, "a part that no workbook of ours has"))
        if self.comment:
            told.strays.append(Stray(self.file, "archive", "a comment on the archive"))
        for node in ElementTree.fromstring(self.parts["docProps/core.xml"]).iter():
            if _tag(node) not in ("created", "modified") and node.text:
                told.strays += read_text(node.text, Scene(), public, self.file, "properties").strays
        known = {"Application", "DocSecurity", "AppVersion", "i4"}
        for node in ElementTree.fromstring(self.parts["docProps/app.xml"]).iter():
            if _tag(node) not in known and node.text:
                told.strays += read_text(node.text, Scene(), public, self.file, "properties").strays
        for node in ElementTree.fromstring(self.parts["xl/workbook.xml"]).iter():
            if _tag(node) == "definedName" and node.get("name") != _PRINT_TITLES:
                told.strays.append(Stray(self.file, "names", "a named range or value"))


@lru_cache(maxsize=64)
def _claims_of_sheet(sheet: Sheet, file: str, name: str) -> tuple[Claim, ...]:
    return tuple(claim for number, line in enumerate(_lines(sheet)) for claim in _claims(line, file, name, number))


def _lines(sheet: Sheet) -> list[Line]:
    start = next((place for place, line in enumerate(sheet.lines) if line[:2] == ("Measure", "Unit")), None)
    if start is None:
        return []
    columns = [_COLUMN.get(heading, heading) for heading in sheet.lines[start]]
    return [dict(zip(columns, line, strict=True)) for line in sheet.lines[start + 1 :]]


def _order(lines: list[Line]) -> list[tuple[object, ...]]:
    """What the public rule sorts rows by: measure, latest period first, the LA before its schools, name, groups."""
    measures = {about.title: place for place, about in enumerate(cards().values())}
    keys = [name for name in MEASURE_KEY if name not in ("measure", "time_period", "geographic_level", "place_code")]
    return [
        (
            measures[line["measure"]], [-int(digit) for digit in line["time_period"].replace("/", "")],
            _LEVELS[line["geographic_level"]], line["place_name"], line["place_code"], _comparator(line),
            *(line.get(name, "Total") for name in keys if name != "comparator"),
        )
        for line in lines
    ]  # fmt: skip


def _comparator(line: Line) -> str:
    return "" if line["comparator"] == FIGURE else line["comparator"]


_MEASURES = {about.title: about.measure for about in cards().values()}


def scene_of(line: Line) -> Scene:
    """What a row of a sheet is about."""
    measure = _MEASURES[line["measure"]]
    item = line.get("item", "Total")
    scene = Scene(
        measure, line["time_period"].replace("/", ""), line["time_identifier"], line["place_code"],
        line.get("sen_provision", "Total"), line.get("need_area", "Total"),
    )  # fmt: skip
    known = ("sen_provision", "need_area", "item")
    scene = replace(scene, more=tuple((name, line[name]) for name in GROUPS if name in line and name not in known))
    return replace(scene, item=STATEMENTS.get(item, item) if measure.startswith("sef_") else item)


def _claims(line: Line, file: str, sheet: str, number: int) -> list[Claim]:
    scene, comparator = scene_of(line), _comparator(line)
    found = []
    for column, what in _WHAT.items():
        text, where = line[column], f"{sheet}, row {number}"
        if re.fullmatch(r"\[\w+\]", text):
            if text == "[c]" or what == "base":
                found.append(scene.marked(what, text.strip("[]"), file, where, comparator))
            continue
        found.append(scene.claim(what, _as_printed(text, what, line), file, where, comparator))
    return found


def _as_printed(text: str, what: str, line: Line) -> str:
    """A number of a cell with the places that are declared for it, or with all it has where it has more."""
    value = float(text)
    if what in COUNTS:
        return f"{value:.15g}"
    return with_declared_places(value, card(_MEASURES[line["measure"]]), line["base_subjects"], _comparator(line))


def with_declared_places(value: float, about: Card, base: str, comparator: str) -> str:
    """A number with the places that are declared for it on this base, or with all it has where it has more."""
    # a comparison is as coarse as its coarser side, which its row does not tell
    unclear = about.kind == "share" and (comparator != "" or not base[:1].isdigit())
    places = 0 if unclear else decimals_of(about, int(float(base)) if base[:1].isdigit() else None)
    return max(f"{value:.{places}f}", f"{value:.15g}", key=lambda shown: len(shown.partition(".")[2]))
