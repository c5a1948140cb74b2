"""The deck, part by part: titles, texts, tables, native charts with their workbooks, alt texts and notes as claims."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

from attacker.board_lines import scene_of_line, without_calendar, year_before
from attacker.claims import NUMBER, Scene, Stray
from attacker.pinned import PinnedReader, is_more, is_pinned
from attacker.public import Public
from attacker.says_cells import SaysLine
from attacker.sentences import NATIONALLY, Told, read_text
from sendlab.board.targets import expectations
from sendlab.schema.groups import TOTAL

_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:app|core)\.xml|ppt/(?:presentation|presProps|viewProps|tableStyles)\.xml"
    r"|ppt/_rels/presentation\.xml\.rels|ppt/theme/theme\d\.xml|ppt/slideMasters/(?:_rels/)?slideMaster1\.xml(?:\.rels)?"
    r"|ppt/slideLayouts/(?:_rels/)?slideLayout\d\.xml(?:\.rels)?|ppt/slides/(?:_rels/)?slide\d+\.xml(?:\.rels)?"
    r"|ppt/notesMasters/(?:_rels/)?notesMaster1\.xml(?:\.rels)?|ppt/notesSlides/(?:_rels/)?notesSlide\d+\.xml(?:\.rels)?"
    r"|ppt/charts/(?:_rels/)?chart\d+\.xml(?:\.rels)?|ppt/embeddings/Microsoft_Excel_Sheet\d+\.xlsx|ppt/media/image\d+\.png"
)
N = rf"({NUMBER})%?"
_NOW = re.compile(rf"{N}(?:[ ,\n]*\(?between {N} and {N}\)?)?")
_PANEL = {
    "now": re.compile(rf"Now: {N}(?:, between {N} and {N})? \(([\d,]+) [a-z ]+\)"),
    "last": re.compile(rf"Last year: (?:{N}|[cxzu–]) \([a-z ]+\)"),
    "target": re.compile(rf"Target {N}: (?:{N} (above|below)|at) the target(?: \(met\))?"),
    "rating": re.compile(r"Rating: (?:[RAG]: (?:red|amber|green)|[a-z ]+)"),
}
_TITLE = re.compile(rf"(.*?): {N} against {N} (nationally|with no SEN)|(.*?): {N} last year, {N} now")
_COUNTS = re.compile(
    r"Could not be judged: \d+ figures of schools rest on .*|No question: of the ratings of 7 to 10 .*|"
    r"\d+ lines; the next slides show each\.|(?:By how likely .*; never a rank\. )?\d+ figures of schools were looked "
    r"at; \d+ more rest on .*|A range reads between A and B: 95 in 100 such ranges hold the true figure\."
)
_EXPECTED = [each.name for each in expectations()]
_SOURCES = {f"{each.name}. Source: {each.source}. {each.note}".strip() for each in expectations()}
_TABLES = {
    "Indicator": "scorecard",
    "Red": "exceptions",
    "Scorecard": "ratings",
    "School": "visits",
    "Expectation": "expected",
    "School that rates itself": "disagreements",
    "Decision asked": "",
}


def read_slides(path: Path, public: Public, file: str) -> Told:
    """All that a deck tells: claims, and what no slide of ours would hold as strays."""
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    deck = Deck(parts, public, file)
    return deck.read()


class Deck:
    """One deck; what it tells is gathered slide by slide."""

    def __init__(self, parts: dict[str, bytes], public: Public, file: str) -> None:
        self.parts, self.public, self.file = parts, public, file
        self.told = Told([], [], Scene())
        self.la = next((code for code, level in public.places.values() if level == "Local authority"), "")
        self.period = file.split("/")[0]

    def read(self) -> Told:
        """Every slide with its notes and charts, then what else the file holds."""
        for name in sorted(part for part in self.parts if not _PARTS.fullmatch(part)):
            self._stray(name, "a part that no deck of ours has")
        for name in sorted((n for n in self.parts if re.fullmatch(r"ppt/slides/slide\d+\.xml", n)), key=_number):
            self._slide(name)
        for name in ("docProps/core.xml", "docProps/app.xml"):
            for node in ElementTree.fromstring(self.parts[name]).iter():
                if node.text and not re.fullmatch(r"[\dT:Z.-]+|\s*", node.text):
                    self._text(node.text, name, Scene())
        return self.told

    def _stray(self, where: str, about: str) -> None:
        self.told.strays.append(Stray(self.file, where, about))

    def _text(self, text: str, where: str, scene: Scene) -> None:
        """A text of ours: sentences as everywhere, marking and run among them."""
        told = read_text(without_calendar(text), scene, self.public, self.file, where)
        self.told.claims += told.claims
        self.told.strays += told.strays

    # --- slides ---------------------------------------------------------------------------------------------------

    def _slide(self, name: str) -> None:
        root, about = ElementTree.fromstring(self.parts[name]), name.rpartition("/")[2]
        shapes = [shape for shape in root.iter() if _tag(shape) in ("sp", "pic", "graphicFrame")]
        title = next(("".join(_paragraphs(s)) for s in shapes if _placeholder(s) in ("title", "ctrTitle")), "")
        if is_more(title) or is_pinned(_whole(title)):
            self._pinned(name, shapes, _whole(title), about)
            return
        scene = self._title(title, about)
        for shape in shapes:
            if _placeholder(shape) in ("title", "ctrTitle", "sldNum"):
                continue
            if (table := next((node for node in shape.iter() if _tag(node) == "tbl"), None)) is not None:
                self._table(table, about)
            elif _tag(shape) == "sp":
                for text in _paragraphs(shape):
                    self._line(text, scene, about)
            self._alt(shape, scene, about)
        for relation in self._related(name):
            if relation.startswith("ppt/charts/"):
                self._chart(relation, scene)
            if relation.startswith("ppt/notesSlides/"):
                for shape in ElementTree.fromstring(self.parts[relation]).iter():
                    if _tag(shape) == "sp" and _placeholder(shape) == "body":
                        for text in _paragraphs(shape):
                            if text not in _SOURCES:
                                named = next((name for name in _EXPECTED if text.startswith(f"{name}: ")), "")
                                self._text(text.removeprefix(named), f"{about}, notes", replace(scene, measure=""))

    def _pinned(self, name: str, shapes: list[ElementTree.Element], title: str, where: str) -> None:
        """The slide of a pinned view, or one that names those of the page: the footer is as on every slide."""
        named = is_more(title)
        view = PinnedReader(title, self.public, self.file, where) if not named else None
        for table in (node for shape in shapes for node in shape.iter() if view and _tag(node) == "tbl"):
            view.table(_rows(table))  # first: its rows name the groups that sentences tell of
        for shape in (shape for shape in shapes if _placeholder(shape) not in ("title", "ctrTitle", "sldNum")):
            if any(_tag(node) == "tbl" for node in shape.iter()):
                if view is None:
                    self._stray(where, "a table of no pinned view")
            elif _placeholder(shape) == "ftr":
                self._text(" ".join(_paragraphs(shape)), where, Scene())
            else:
                self._pinned_lines(view, _paragraphs(shape), where)
            alt = next((node.get("descr", "") for node in shape.iter() if _tag(node) == "cNvPr"), "")
            if alt and not re.fullmatch(
                r"Table: Pinned, \d+ rows, columns [^\d]*95% interval[^\d]*(?:\(\d{4}/\d\d\))?", alt
            ):
                self._stray(where, "an alt text of no pinned view")
        for notes in (part for part in self._related(name) if part.startswith("ppt/notesSlides/")):
            for shape in ElementTree.fromstring(self.parts[notes]).iter():
                if _tag(shape) == "sp" and _placeholder(shape) == "body":
                    self._pinned_lines(view, _paragraphs(shape), f"{where}, notes")
        if view is not None:
            self.told.claims += view.told.claims
            self.told.strays += view.told.strays

    def _pinned_lines(self, view: PinnedReader | None, lines: list[str], where: str) -> None:
        """Paragraphs: of a pinned view its sentences; where others are named, their titles. People write the notes."""
        for line in lines:
            if line.startswith(("What is counted: ", "Range: ", "Source: ", "Audience: ")):
                self._text(line, where, Scene())
            elif view is not None and not line.startswith("Note: "):
                view.sentence(line)
            elif view is None and is_pinned(line):
                self.told.strays += PinnedReader(line, self.public, self.file, where).told.strays
            elif view is None:
                self._stray(where, "a line that names no pinned view")

    def _related(self, part: str) -> list[str]:
        folder, _, name = part.rpartition("/")
        relations = self.parts.get(f"{folder}/_rels/{name}.rels", b"").decode()
        return sorted(re.sub(r"^\.\./", "ppt/", found) for found in re.findall(r'Target="([^"]+)"', relations))

    def _title(self, title: str, where: str) -> Scene:
        """What a slide is about; the title of a finding tells its figure and the one beside it."""
        scene = Scene(time_period=self.period, place_code=self.la)
        title = _whole(title)
        found = _TITLE.fullmatch(title)
        if found is None:
            self._text(title, where, scene)
            return scene
        name, now, other, side, named, before, last = found.groups()
        scene = self._scene(name or named, where)
        if side is None:
            self._claim(year_before(scene), "value", before, where)
            self._claim(scene, "value", last, where)
        else:
            self._claim(scene, "value", now, where)
            self._claim(scene, "comparator_value", other, where, NATIONALLY if side == "nationally" else "No SEN")
        return scene

    def _line(self, text: str, scene: Scene, where: str) -> None:
        """A paragraph: of the panel beside a chart, or a sentence."""
        for part in text.split("; ") if text.startswith("Now: ") else [text]:
            kind, found = next(((k, m) for k, p in _PANEL.items() if (m := p.fullmatch(part))), ("", None))
            if found is None:
                if not _COUNTS.fullmatch(part):
                    self._text(part, where, replace(scene, measure=""))
            elif kind == "now":
                self._numbers(scene, ("value", "lower", "upper", "base"), found.groups(), where)
            elif kind == "last":
                self._numbers(year_before(scene), ("value",), found.groups(), where)
            elif kind == "target" and found.group(2):
                self._distance(scene, *found.groups(), where)

    def _distance(self, scene: Scene, target: str, size: str, side: str, where: str) -> None:
        """The figure lies so far from its target."""
        away = float(size.replace(",", "")) * (1 if side == "above" else -1)
        places = len(size.partition(".")[2])  # a target may have more than the figure
        self._claim(scene, "value", f"{float(target.replace(',', '')) + away:.{places}f}", where)

    def _numbers(self, scene: Scene, names: Sequence[str], texts: Sequence[str | None], where: str) -> None:
        for what, text in zip(names, texts, strict=True):
            if text is not None:
                self._claim(scene, what, text, where)

    def _claim(self, scene: Scene, what: str, text: str, where: str, comparator: str = "") -> None:
        if not scene.whole:
            self._stray(where, f"a number ({what}) of no figure")
            return
        self.told.claims.append(scene.claim(what, text, self.file, where, comparator))

    def _alt(self, shape: ElementTree.Element, scene: Scene, where: str) -> None:
        """Alt text of a picture or native chart; a table's tells its size and headings."""
        alt = next((node.get("descr", "") for node in shape.iter() if _tag(node) == "cNvPr"), "")
        if _tag(shape) == "pic" or "chart" in alt[:10]:
            if not alt:
                self._stray(where, "a picture without alt text")
            self._text(
                re.sub(r"^(?:Bar|Line) chart [a-z ]+\. .*$", "", alt), f"{where}, alt text", replace(scene, measure="")
            )
        elif alt and not re.fullmatch(r"Table: [A-Z][a-z]+, \d+ rows, columns [A-Za-z, ]+", alt):
            self._stray(where, "an alt text of no picture")

    # --- tables ---------------------------------------------------------------------------------------------------

    def _table(self, table: ElementTree.Element, where: str) -> None:
        rows = _rows(table)
        kind = _TABLES.get(rows[0][0])
        if kind is None:
            self._stray(where, "a table of no kind of ours")
        for number, row in enumerate(rows[1:], 1):
            place = f"{where}, table, row {number}"
            if kind == "scorecard":
                self._scored(row, place)
            elif kind == "exceptions":
                self._exception(row, place)
            elif kind == "visits":
                self._visit(row, place)
            elif kind == "expected":
                self._expected(row, place)
            elif kind == "disagreements":
                self.read_disagreement(row, place)
            elif kind == "" and any(row):
                self._stray(place, "a decision that is not for us to fill in")

    def _scored(self, row: list[str], where: str) -> None:
        if not any(row[1:]):
            self._text(row[0], where, Scene())
            return
        scene = self._scene(row[0], where)
        _, pupils, before, now, _, nationally, _, _ = row
        self._figure(scene, now, where)
        self._value(year_before(scene), "value", before, where)
        self._value(scene, "base", pupils, where)
        if nationally != "–":
            self._value(scene, "comparator_value", nationally, where, NATIONALLY)

    def _figure(self, scene: Scene, text: str, where: str) -> None:
        found = _NOW.fullmatch(text)
        if found is None:
            self._value(scene, "value", text, where)
        else:
            self._numbers(scene, ("value", "lower", "upper"), found.groups(), where)

    def _value(self, scene: Scene, what: str, text: str, where: str, comparator: str = "") -> None:
        """One number, its mark, or a dash where there is no row."""
        if text in ("c", "x", "z", "u"):
            self.told.claims.append(scene.marked(what, text, self.file, where, comparator))
        elif text != "–":
            self._claim(scene, what, text, where, comparator)

    def _exception(self, row: list[str], where: str) -> None:
        scene = self._scene(row[0].split("\n")[0], where)
        self._figure(scene, row[1], where)
        before, *_ = row[2].split("\n")
        if before.endswith(" last year"):
            self._value(year_before(scene), "value", before.removesuffix(" last year"), where)
        target = ""
        for line in row[3].split("\n"):
            if found := re.fullmatch(rf"target {N}", line):
                target = found.group(1)
            elif found := re.fullmatch(rf"{N} (above|below) the target(?: \(met\))?", line):
                self._distance(scene, target, found.group(1), found.group(2), where)
            elif found := re.fullmatch(rf"{N} nationally \([\d/]+\)", line):
                self._claim(scene, "comparator_value", found.group(1), where, NATIONALLY)
            elif re.search(r"\d", line):
                self._stray(where, "a benchmark of no form of ours")

    def _expected(self, row: list[str], where: str) -> None:
        """An expectation's name, or a figure with the years before, its target and the nation's."""
        if not any(row[1:]):
            if row[0].removesuffix(": no published figure") not in _EXPECTED:
                self._stray(where, "an expectation of no document of ours")
            return
        scene, (_, number, before, now, target, distance, nationally) = self._scene(row[0], where), row
        comparator = "No SEN" if row[0].endswith("gap to pupils with no SEN") else ""
        if comparator:
            scene = replace(scene, sen_provision="SEN support", item=TOTAL)
        self._value(scene, "base", number.partition(" ")[0], where)
        if found := re.fullmatch(r"(\d+) of (\d+)", now):
            self._numbers(scene, ("numerator", "denominator"), found.groups(), where)
        elif found := re.fullmatch(rf"{N} (?:percentage points|points|per 100 pupils) (higher|lower|apart)", now):
            self._claim(scene, "value", ("−" if found.group(2) == "lower" else "") + found.group(1), where, comparator)
        else:
            self._value(scene, "value", now, where, comparator)
        for year, part, text in re.findall(rf"(\d{{4}}/\d\d)(?: \(([a-z ]+)\))?: ({NUMBER}%?|[cxzu])", before):
            then = replace(
                scene, time_period=year.replace("/", ""), time_identifier=(part or "academic year").capitalize()
            )
            self._value(then, "value", text.removesuffix("%"), where)
        if found := re.search(rf"than the year before \({N}\)", before):
            self._claim(year_before(scene), "value", found.group(1), where, comparator)
        if found := re.fullmatch(rf"{N} (above|below) the target(?: \(met\))?", distance):
            self._distance(scene, target.removesuffix("%"), found.group(1), found.group(2), where)
        if found := re.fullmatch(rf"{N} \([\d/]+\)", nationally):
            self._claim(scene, "comparator_value", found.group(1), where, NATIONALLY)

    def _visit(self, row: list[str], where: str) -> None:
        code, _ = self.public.places.get(row[0], ("", ""))
        scene = replace(self._scene(row[1], where), place_code=code)
        found = re.fullmatch(rf"{N} \((?:between {N}%? and {N}; )?([\d,]+) [a-z ]+\)", row[2])
        if found is None or not code:
            self._stray(where, "a question about no figure")
        else:
            self._numbers(scene, ("value", "lower", "upper", "base"), found.groups(), where)

    def read_disagreement(self, row: list[str], where: str) -> None:
        """A school's rating beside its figure, each cell as in the tables of the self-evaluation."""
        line = SaysLine(Scene(time_period=self.period), self.public, self.told, self.file, where)
        label, says, shows, beside, chance, question = row
        line.label(label, named=True)
        line.says(says)
        line.measured(shows)
        line.beside(beside)
        line.chance(chance)
        line.ask(question)

    def _scene(self, name: str, where: str) -> Scene:
        """What a line is about: measure, question, group and period by their words."""
        scene = scene_of_line(name, self.period, self.la)
        if scene is None:
            self._stray(where, "a line of no measure of ours")
        return scene or Scene()

    # --- charts ---------------------------------------------------------------------------------------------------

    def _chart(self, name: str, scene: Scene) -> None:
        chart = ElementTree.fromstring(self.parts[name])
        drawn = dict(_cells_of_chart(chart))
        books = [part for part in self._related(name) if part in self.parts and part.endswith(".xlsx")]
        for part in books:
            if _cells_of_book(self.parts[part]) != drawn:
                self._stray(name, "a workbook that holds something other than its chart")
        places = next((len(n.text.partition(".")[2]) for n in chart.iter() if _tag(n) == "formatCode" and n.text), 0)
        for (series, category), number in drawn.items():
            text = max(f"{number:.{places}f}", f"{number:.15g}", key=lambda shown: len(shown.partition(".")[2]))
            group = category.partition(" (")[0]
            if re.fullmatch(r"\d{4}(?:/\d\d)?", category):
                self._claim(replace(scene.of_group(series), time_period=category.replace("/", "")), "value", text, name)
            elif series.startswith(NATIONALLY):
                self._claim(scene.of_group(group), "comparator_value", text, name, NATIONALLY)
            else:
                self._claim(scene.of_group(group), "value", text, name)


def _cells_of_chart(chart: ElementTree.Element) -> Iterator[tuple[tuple[str, str], float]]:
    for series in (node for node in chart.iter() if _tag(node) == "ser"):
        parts = {_tag(node): node for node in series}
        name = "".join(_values(parts["tx"]).values())
        names = _values(parts["cat"])
        for place, value in _values(parts["val"]).items():
            yield (name, names[place]), float(value)


def _values(node: ElementTree.Element) -> dict[str, str]:
    """{place: text} of the points of a cache."""
    points = (point for point in node.iter() if _tag(point) == "pt")
    return {point.get("idx", ""): "".join(point.itertext()).strip() for point in points}


def _cells_of_book(data: bytes) -> dict[tuple[str, str], float]:
    """{(heading, first cell of the row): number} of the one sheet of a workbook."""
    with ZipFile(BytesIO(data)) as archive:
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
        shared = archive.read("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in archive.namelist() else b"<sst/>"
    strings = ["".join(node.itertext()) for node in ElementTree.fromstring(shared)]
    cells = {}
    for cell in (node for node in root.iter() if _tag(node) == "c"):
        text = "".join(cell.itertext())
        cells[cell.get("r", "")] = strings[int(text)] if cell.get("t") == "s" else text
    at = {key: re.fullmatch(r"([A-Z]+)(\d+)", key).groups() for key in cells}  # type: ignore[union-attr]
    return {
        (str(cells.get(f"{column}1", "")), str(cells.get(f"A{row}", ""))): float(cells[key])
        for key, (column, row) in at.items() if column != "A" and row != "1" and cells[key]
    }  # fmt: skip


def _whole(title: str) -> str:
    """The title of a table that goes on over several slides."""
    return re.sub(r" \(\d+ of \d+\)$", "", title)


def _rows(table: ElementTree.Element) -> list[list[str]]:
    return [["\n".join(_paragraphs(cell)) for cell in row if _tag(cell) == "tc"] for row in table if _tag(row) == "tr"]


def _tag(node: ElementTree.Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _placeholder(shape: ElementTree.Element) -> str:
    found = next((node for node in shape.iter() if _tag(node) == "ph"), None)
    return "" if found is None else found.get("type", "body")


def _paragraphs(shape: ElementTree.Element) -> list[str]:
    lines = []
    for paragraph in (node for node in shape.iter() if _tag(node) == "p"):
        lines.append("".join(node.text or "" for node in paragraph.iter() if _tag(node) == "t"))
    return [line for line in lines if line]


def _number(name: str) -> int:
    return int(re.sub(r"\D", "", name))
