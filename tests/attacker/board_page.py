"""The board's one page: its scorecard line by line, all else as of any page."""

import re
from pathlib import Path

from attacker.board_lines import GROUPS, scene_of_line, without_calendar, year_before
from attacker.claims import NUMBER, Scene, Stray
from attacker.html_file import PageReader
from attacker.page import Node, parse
from attacker.pinned import ARTICLE, read_articles
from attacker.public import Public
from attacker.sentences import NATIONALLY, Told
from sendlab.schema.groups import TOTAL

_TABLE = re.compile(r'<table class="scorecard">.*?</table>', re.DOTALL)
_REDS = re.compile(r"Red: (\d+)\. Commentary on \d+ of them; see the slides\.| \d+ more lines: see the slides\.")
_GAP = re.compile(rf"({NUMBER})(?: \(between ({NUMBER}) and ({NUMBER})\))?")
_HEAD = re.compile(
    r"Indicator\|Group\|Number\|Year before\|Now\|Change\|Nationally(?:, \d{4}/\d\d)?\|Gap nationally\|Rating\|Target"
)


def read_board_page(path: Path, public: Public, file: str) -> Told:
    """All that the page tells: claims of its scorecard and of everything else."""
    html = path.read_text(encoding="utf-8")
    rest = _REDS.sub("", without_calendar(_TABLE.sub("", html)))
    told = PageReader(ARTICLE.sub("", rest), Scene(), public, file).read()
    pinned = read_articles(html, public, file)
    told.claims += pinned.claims
    told.strays += pinned.strays
    la = next((code for code, level in public.places.values() if level == "Local authority"), "")
    for table in _TABLE.findall(html):
        _Scorecard(file, la, told).read(parse(table))
    return told


class _Scorecard:
    """The scorecard; what it tells is added to what the page tells."""

    def __init__(self, file: str, la: str, told: Told) -> None:
        self.file, self.la, self.told, self.period = file, la, told, file.split("/")[0]

    def read(self, table: Node) -> None:
        """Row by row: the title of an indicator stands once for its groups."""
        head, *rows = table.all("tr")
        if not _HEAD.fullmatch("|".join(_text(cell) for cell in head.all("th"))):
            self._stray("heading", "columns that are not those of a scorecard")
        title = ""
        for number, row in enumerate(rows, 1):
            where = f"scorecard, row {number}"
            self._attributes(row, where)
            names, cells = [_text(cell) for cell in row.all("th")], [_text(cell) for cell in row.all("td")]
            if not cells:  # a priority
                if re.search(r"\d", names[0]) and "Year 11" not in names[0]:
                    self._stray(where, "a number in the name of a priority")
                continue
            title = names[0] if len(names) == 2 else title
            self._line(title, names[-1], cells, where)

    def _attributes(self, row: Node, where: str) -> None:
        for node in row.walk():
            odd = {"class", "scope", "rowspan", "colspan"}.symmetric_difference(node.attributes) & set(node.attributes)
            if odd or node.tag not in ("tr", "th", "td", "strong", "span"):
                self._stray(where, "an attribute or element that no scorecard of ours has")

    def _line(self, title: str, group: str, cells: list[str], where: str) -> None:
        unit = re.sub(r" (?:per 100 pupils|points|percentage points|rating, 0 to 10)(?=,|$)", "", title)
        period = re.search(r"(?:, | )(\d{4}(?:/\d\d)?(?: \([a-z ]+\))?)$", unit)
        name = unit[: period.start()] if period else unit
        words = [name, *([group] if group in GROUPS else []), *([period.group(1)] if period else [])]
        scene = scene_of_line(", ".join(words), self.period, self.la)
        if scene is None or group not in (*GROUPS, "all", TOTAL):
            self._stray(where, "a line of no figure of ours")
            return
        number, before, now, _, england, gap, _, _ = cells
        self._value(scene, "base", number, where)
        self._value(year_before(scene), "value", before, where)
        self._value(scene, "value", now, where)
        if england != "–":
            self._value(scene, "comparator_value", england.split(" ")[0], where, NATIONALLY)
        if found := _GAP.fullmatch(gap):
            for what, text in zip(("value", "lower", "upper"), found.groups(), strict=True):
                if text is not None:
                    self._value(scene, what, text, where, NATIONALLY)
        elif gap != "–":
            self._stray(where, "a gap of no form of ours")

    def _value(self, scene: Scene, what: str, text: str, where: str, comparator: str = "") -> None:
        if text in ("c", "x", "z", "u"):
            self.told.claims.append(scene.marked(what, text, self.file, where, comparator))
        elif re.fullmatch(rf"{NUMBER}%?", text):
            self.told.claims.append(scene.claim(what, text, self.file, where, comparator))
        elif text != "–":
            self._stray(where, "a cell that holds no number, mark or dash")

    def _stray(self, where: str, about: str) -> None:
        self.told.strays.append(Stray(self.file, where, about))


def _text(node: Node) -> str:
    return " ".join(node.text.split())
