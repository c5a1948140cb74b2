"""Tables of the self-evaluation: what each column of each of them is a figure of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from attacker.claims import Scene
from attacker.public import Public
from attacker.statements import STATEMENTS
from sendlab.codes import read_codes

SECTIONS = tuple(dict.fromkeys(line.notes["section"] for line in read_codes("sef_statement")))
_BANDS = {"7 to 10: evidence of impact": "7 to 10", "4 to 6: being improved": "4 to 6",
          "1 to 3: not yet in place": "1 to 3"}  # fmt: skip
_WORD = ("", "word")
# headings -> measure ("" is that of the caption) and kind of number of each column
_COLUMNS: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {
    ("Section", "Now", "Target", "Target minus now", "Since the round before"): (
        _WORD, ("sef_now", "value"), ("sef_target", "value"), ("sef_gap", "value"), ("sef_change", "value")
    ),
    ("Band", "Statements", "Statements rated", "Figure"): (
        _WORD, ("", "numerator"), ("", "denominator"), ("", "value")
    ),
    ("Statement", "Section", "Apart"): (_WORD, _WORD, ("", "value")),
    ("Statement", "Section", "Schools", "Schools that rated it", "Figure", "95% interval"): (
        _WORD, _WORD, ("", "numerator"), ("", "base"), ("", "value"), ("", "limits")
    ),
    ("Place", *SECTIONS): (_WORD, *[("", "value")] * len(SECTIONS)),
}  # fmt: skip


@dataclass
class SefTable:
    """One of these tables, by its headings and caption."""

    headings: tuple[str, ...]
    caption: str
    public: Public

    def scene(self, scene: Scene, place: int, label: str) -> Scene:
        """What the cell in a column of a row is about; `label` is the row's first cell."""
        measure, _ = _COLUMNS[self.headings][place]
        scene = replace(scene, measure=measure or scene.measure)
        match self.headings[0]:
            case "Place":
                code, _ = self.public.places[label]
                return replace(scene, place_code=code, item=self.headings[place] if place else scene.item)
            case "Statement":
                band = next((f": {band}" for band in _BANDS.values() if f"rated {band}," in self.caption), "")
                return replace(scene, item=f"{STATEMENTS[label]}{band}")
            case "Band":
                return replace(scene, item=_BANDS[label])
        return replace(scene, item=label)

    def what(self, place: int) -> str:
        """The kind of number in a column."""
        return _COLUMNS[self.headings][place][1]

    def order_told(self, labels: Sequence[str], figures: Sequence[float]) -> bool:
        """Whether rows stand in another order than declared, by name, or the largest first and then as in the tool."""
        if self.headings[0] == "Statement":
            codes = list(STATEMENTS)
            rows = [(-figure, codes.index(label)) for label, figure in zip(labels, figures, strict=True)]
            return rows != sorted(rows)
        if self.headings[0] == "Place":
            schools = [label for label in labels if self.public.level(self.public.places[label][0]) == "School"]
            return list(labels[-len(schools) :]) != sorted(schools) if schools else False
        known = list(SECTIONS) if self.headings[0] == "Section" else list(_BANDS)
        return list(labels) != [label for label in known if label in labels]


def sef_table(headings: Sequence[str], caption: str, public: Public) -> SefTable | None:
    """The reader of a table with these headings, where it is one of these; in what is saved the first has no name."""
    known = next(
        (known for known in _COLUMNS if known[1:] == tuple(headings[1:]) and headings[0] in ("", known[0])), None
    )
    return None if known is None else SefTable(known, caption, public)
