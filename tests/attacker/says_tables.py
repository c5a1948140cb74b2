"""The tables of says against shows: of one school, of all schools in numbers, and the disagreements as questions."""

from collections.abc import Sequence
from dataclasses import replace

from attacker.claims import Stray
from attacker.page import Node
from attacker.public import Public
from attacker.says_cells import NO_MEASURE, NOT_PUBLISHED, NOT_RATED, SaysLine, counts_of
from attacker.sentences import Told, read_text
from attacker.statements import STATEMENTS
from sendlab.metrics.sef.ties import tied

_SIDES = ("The school says", "The figures show", "Beside")
# headings but for the first, which the saved CSV does not tell -> the kind of table
_KINDS = {
    (*_SIDES, "Set against each other"): "lines",
    (*_SIDES, "By chance alone", "Set against each other", "Question to ask"): "questions",
    ("Says more", "Figures better", "No disagreement", "Not judged: schools"): "schools",
}
_NAMED = "all schools, by name"
_PLAIN = ("class", "style", "scope")


def is_says_table(headings: Sequence[str]) -> bool:
    """Whether a table with these headings is one of these."""
    return tuple(headings[1:]) in _KINDS


class SaysReader:
    """One of these tables, whose caption has been read; `read` gives its claims and strays."""

    def __init__(
        self, headings: Sequence[str], caption: str, told: Told, public: Public, file: str, where: str
    ) -> None:
        self.kind, self.named = _KINDS[tuple(headings[1:])], _NAMED in caption
        self.told, self.public, self.file, self.where = told, public, file, where
        self.order: list[tuple[str, int, int, str]] = []
        self.statements: list[str] = []
        self.schools: set[int] = set()  # how many they are in all, by each row that tells of every one of them once

    def read(self, rows: Sequence[Node]) -> Told:
        """Row by row, then what their order and number tell."""
        for number, row in enumerate(rows, 1):
            cells, where = row.all("th", "td"), f"{self.where}, row {number}"
            line = SaysLine(self.told.scene, self.public, self.told, self.file, where)
            texts = [cell.text.strip() for cell in cells]
            line.label(texts[0], named=self.kind == "questions" and self.named)
            getattr(self, f"_{self.kind}")(line, texts[1:])
            self.order.append(line.place_in_order())
            self.statements.append(line.statement)
            self._attributes(cells, where)
        if self.order != sorted(self.order):
            self._stray(self.where, "an order of rows that tells of what is not shown")
        if self.kind != "questions" and list(dict.fromkeys(self.statements)) != list(STATEMENTS.values()):
            self._stray(self.where, "statements that are not those of the tool")
        if len(self.schools) > 1:
            self._stray(self.where, "numbers of schools that do not add up")
        return self.told

    def _lines(self, line: SaysLine, cells: list[str]) -> None:
        says, shows, beside, verdict = cells
        line.says(says)
        if verdict == NOT_PUBLISHED and not shows + beside:
            line.several(line.titles)
        elif verdict.startswith(f"{NO_MEASURE}; needed: "):
            if line.titles + shows + beside or verdict.partition(": ")[2] != _needed(line):
                line.stray("a line without a measure that tells of one")
        else:
            self._both(line, shows, beside)
            line.verdict(verdict)

    def _both(self, line: SaysLine, shows: str, beside: str) -> None:
        line.measure(line.titles)
        line.shows(shows)
        line.beside(beside)

    def _questions(self, line: SaysLine, cells: list[str]) -> None:
        says, shows, beside, chance, verdict, question = cells
        line.says(says)
        self._both(line, shows, beside)
        line.chance(chance)
        line.verdict(verdict)
        line.ask(question)

    def _schools(self, line: SaysLine, cells: list[str]) -> None:
        """Of how many schools what can be said: each once, but for measures told item by item."""
        *asked, why = cells
        if line.titles:
            line.one_of(line.titles)
        counts = dict(counts_of(why, _needed(line)))
        if "" in counts or not all(text.isdigit() for text in asked):
            line.stray("a number of schools of no form of ours")
            return
        if line.tie.each:
            return
        everyone = sum(map(int, asked)) + sum(counts.values())
        self.schools.add(everyone)
        if line.statement and line.tie.measure:
            rated = str(everyone - counts.get(NOT_RATED, 0))
            scene = replace(self.told.scene, measure="sef_now", item=line.statement)
            self.told.claims.append(scene.claim("denominator", rated, self.file, line.where))

    def _attributes(self, cells: Sequence[Node], where: str) -> None:
        for name, value in (pair for cell in cells for node in cell.walk() for pair in node.attributes.items()):
            if name not in _PLAIN:
                self._stray(where, f"an attribute {name} that no cell of ours has")
                told = read_text(value, self.told.scene, self.public, self.file, where)
                self.told.claims += told.claims
                self.told.strays += told.strays

    def _stray(self, where: str, about: str) -> None:
        self.told.strays.append(Stray(self.file, where, about))


def _needed(line: SaysLine) -> str:
    return tied()[line.statement].needed if line.statement else ""
