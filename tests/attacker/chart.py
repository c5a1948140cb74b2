"""A chart: its words, the numbers in it, marks turned back into values with the axis, and looks that tell something."""

import re
from dataclasses import replace

from attacker.chart_looks import BASELINE, KEY, Axis, Row, axis_told, is_symbol, looks_told, middle
from attacker.claims import NO_GROUPS, NUMBER, Scene, Stray, printed
from attacker.drawing import Drawing, Mark, read_svg
from attacker.public import Public
from attacker.sentences import NATIONALLY, Told, read_text
from sendlab.charts import theme
from sendlab.metrics.cards import card
from sendlab.narrate import decimals_of

_NEAR = 12.0  # pixels from the middle of its row in which a mark belongs to it
_VALUE = re.compile(rf"({NUMBER})%?(?: \(u\))?")
_FORMS = (
    (re.compile(rf"({NUMBER})%?(?: \(u\))? \(({NUMBER})%? to ({NUMBER})%?\)"), ("value", "lower", "upper")),
    (re.compile(rf"({NUMBER})%?(?: \(u\))? \(no interval\)"), ("value",)),
    (re.compile(rf"({NUMBER}) of ({NUMBER})"), ("numerator", "base")),
    (re.compile(rf"n = ({NUMBER})"), ("base",)),
)
_FINE = 2e-3  # share of a step within which a coordinate is the rounded number itself


def spoken(label: str) -> str:
    """What the label of a group of marks says, without the words around it.

    >>> spoken("Title text 'Absence: 9%'")
    'Absence: 9%'
    """
    found = re.fullmatch(r"(?:Title|Subtitle) text '(.*)'", label)
    return found.group(1) if found else label


class ChartReader:
    """One chart; `read` gives its claims and strays."""

    def __init__(self, svg: str, scene: Scene, public: Public, file: str, where: str) -> None:
        self.drawing: Drawing = read_svg(svg)
        self.public, self.file, self.where = public, file, where
        self.told = read_text(self.drawing.label, scene, public, file, f"{where}, alt text")
        if not self.told.scene.whole:
            self.told.scene = scene
        label = self.drawing.label
        self.kind = (
            "gaps" if "Gap with its 95% interval" in label else "gains" if "Later score against" in label
            else "schools" if ", all schools" in label else "groups"
        )  # fmt: skip
        self.rows: list[Row] = []
        self.axis = self._axis()
        if self.kind == "groups" and re.search(r"\b20\d\d/\d\d, [A-Z]", label):
            self.kind = "trend"

    def read(self) -> Told:
        """Words, rows, marks, axis, looks and order."""
        for text in (self.drawing.title, *map(spoken, self.drawing.spoken)):
            told = read_text(text, self.told.scene, self.public, self.file, f"{self.where}, title")
            self.told.strays += told.strays
            self.told.claims += told.claims
        rows = self.rows = self._rows()
        for block in self._blocks(rows):
            told = read_text(block, self._general(), self.public, self.file, f"{self.where}, title")
            self.told.claims += [claim for claim in told.claims if claim.told]  # marks have lost their year here
            self.told.strays += told.strays
        for mark in self.drawing.marks:
            self._mark(mark, next((row for row in rows if abs(row.y - middle(mark)) < _NEAR), None))
        if axis_told(self.axis, self._axis_numbers(), both_ways=self.kind == "gains"):
            self._stray("an axis that does not follow from the figures shown")
        for odd in looks_told(self.drawing, rows):
            self._stray(odd)
        return self.told

    def _stray(self, about: str) -> None:
        self.told.strays.append(Stray(self.file, self.where, about))

    def _axis(self) -> Axis | None:
        labels = [(m.x - 0.5, float(printed(m.text)[0] + printed(m.text)[1]) / 2) for m in self.drawing.axis if m.text]
        if len(labels) > 1:
            return Axis(*(tuple(column) for column in zip(*sorted(labels), strict=True)))
        ticks = [m for m in self.drawing.texts() if ("text-anchor", "end") in m.look and _VALUE.fullmatch(m.text)]
        columns = {m.x for m in ticks}
        if len(ticks) < 2 or len(columns) != 1 or any(m.text.startswith("n =") for m in ticks) or max(columns) > 100:
            return None
        pairs = sorted((m.y - BASELINE, sum(printed(m.text)[:2]) / 2) for m in ticks)
        return Axis(*(tuple(column) for column in zip(*pairs, strict=True)), upright=True)

    def _blocks(self, rows: list[Row]) -> list[str]:
        """Texts that run over several lines at the left edge: title, subtitle, caption."""
        blocks: dict[object, list[str]] = {}
        for mark in sorted(self.drawing.texts(), key=lambda m: m.y):
            notes = self.kind == "trend" and mark.y > KEY and ("text-anchor", "middle") in mark.look
            if notes:
                blocks.setdefault((mark.x, mark.look), []).append(mark.text)
            elif mark.x == 0 and not any(abs(row.y - middle(mark)) < 2 * _NEAR for row in rows):
                blocks.setdefault(mark.look, []).append(mark.text)
        return [" ".join(lines) for lines in blocks.values()]

    # --- rows ---------------------------------------------------------------------------------------------------

    def _rows(self) -> list[Row]:
        """The rows by their labels, which may stand on several lines at the left edge."""
        if self.kind == "trend":
            return []
        lines = sorted((m for m in self.drawing.texts() if m.x == 0 and m.y > KEY), key=lambda m: m.y)
        rows: list[Row] = []
        place = 0
        while place < len(lines):
            size = next((size for size in (4, 3, 2, 1) if self._name(lines[place : place + size])), 0)
            if size:
                rows.append(self._row(lines[place : place + size]))
            place += size or 1
        return rows

    def _name(self, lines: list[Mark]) -> tuple[str, str] | None:
        if len({m.y for m in lines}) < len(lines) or (lines and lines[-1].y - lines[0].y > 18 * (len(lines) - 1)):
            return None
        text, names = self.public.tokens(" ".join(m.text for m in lines))
        return names[0] if len(text) == 1 and names else None

    def _row(self, lines: list[Mark]) -> Row:
        name = self._name(lines)
        assert name is not None
        y = sum(m.y for m in lines) / len(lines) - BASELINE
        label = " ".join(m.text for m in lines)
        scene = self.public.step(self.told.scene if self.kind != "groups" else self._general(), name)
        if self.kind == "gaps":
            y += 9 if any(abs(m.y - y - 22) < 10 for m in self.drawing.texts() if m.x == 0 and "n =" in m.text) else 0
        texts = [m.text for m in self.drawing.texts() if abs(middle(m) - y) < _NEAR and m.x > 0]
        shown = any(_VALUE.match(text) for text in texts)
        about = (
            [c for c in self.told.claims if c.told and c.measure == scene.measure]
            if self.kind == "gaps"
            else [
                c for c in self.told.claims if c.told and (c.place_code, c.groups) == (scene.place_code, scene.groups)
            ]
        )
        return Row(y, label, scene, tuple(about), not shown)

    def _general(self) -> Scene:
        return replace(self.told.scene, sen_provision=NO_GROUPS[0], need_area=NO_GROUPS[1])

    # --- marks --------------------------------------------------------------------------------------------------

    def _mark(self, mark: Mark, row: Row | None) -> None:
        scene = row.scene if row else self.told.scene
        for said in mark.said:
            self._stray("a text that hangs on a mark")
            told = read_text(said, scene, self.public, self.file, f"{self.where}, text on a mark")
            numbers = re.findall(NUMBER, said)
            self.told.claims += told.claims or [
                scene.claim("value", n, self.file, f"{self.where}, text on a mark") for n in numbers if scene.whole
            ]
        if mark.kind == "text":
            self._text(mark, row)
        elif mark.y > KEY and self.axis:
            self._drawn(mark, row)
        elif mark.y > KEY and (mark.kind == "line" or is_symbol(mark)):
            self._stray("a mark in a chart that has no axis")

    def _text(self, mark: Mark, row: Row | None) -> None:
        text = mark.text
        block = row is None and (mark.x == 0 or (self.kind == "trend" and ("text-anchor", "middle") in mark.look))
        if block or not any(letter.isdigit() for letter in text) or self._is_told(text):
            return
        if row and self.kind != "gaps":
            forms = [(found, whats) for form, whats in _FORMS if (found := form.fullmatch(text))]
            if not forms and (found := _VALUE.fullmatch(text)):
                forms = [(found, ("base" if self.kind == "gains" and mark.x < 600 else "value",))]
            for found, whats in forms[:1]:
                for what, number in zip(whats, found.groups(), strict=True):
                    self.told.claims.append(row.scene.claim(what, number, self.file, f"{self.where}, text"))
                return
        if self.axis and self.axis.upright and any(abs(mark.y - BASELINE - p) < 0.1 for p in self.axis.pixels):
            return
        scene = row.scene if row else self.told.scene if self.kind == "schools" else self._general()
        told = read_text(text, scene, self.public, self.file, self.where)
        self.told.claims += told.claims
        self.told.strays += told.strays

    def _is_told(self, text: str) -> bool:
        """Whether all numbers of a short text of a gap or trend chart stand in the alt text too."""
        if self.kind not in ("gaps", "trend") or len(text) > 60:
            return False
        known = set(re.findall(NUMBER, self.drawing.label))
        return all(n in known or n.lstrip("+") in known for n in re.findall(NUMBER, text))

    def _drawn(self, mark: Mark, row: Row | None) -> None:
        """A point, or the ends of a line, turned back into values."""
        assert self.axis is not None
        upright = self.axis.upright
        ends = [mark.y, mark.tail[1]] if upright else [mark.x, mark.tail[0]]
        ends = ends[: 1 if mark.kind == "path" or ends[0] == ends[1] else 2]
        if mark.kind == "path" and not is_symbol(mark):
            return
        if any(all(abs(pixel - tick) < 0.1 for pixel in ends) for tick in self.axis.pixels) and mark.kind == "line":
            return  # a gridline
        whats = ("value",) if len(ends) == 1 else ("lower", "upper")
        row = self._side(mark, row)
        for what, pixel in zip(whats, ends, strict=True):
            self._value(what, self.axis.value(pixel), mark, row)

    def _side(self, mark: Mark, row: Row | None) -> Row | None:
        """In a chart of gaps: the side that an interval belongs to, by its colour; it is told nowhere else."""
        group = next((n for n, look in theme.GROUPS.items() if ("stroke", look.colour) in mark.look), "")
        if self.kind != "gaps" or mark.kind != "line" or not group:
            return row
        near = next((row for row in self.rows if abs(row.y - mark.y) < 2 * _NEAR), None)
        if near is None:
            return None
        scene = near.scene.of_group(group)
        told = tuple(c for c in near.told if c.groups == scene.groups and not c.comparator)
        return replace(near, scene=scene, told=told)

    def _value(self, what: str, value: float, mark: Mark, row: Row | None) -> None:
        assert self.axis is not None
        everything = [
            c for c in self.told.claims if c.told and c.what in ("value", "lower", "upper", "comparator_value")
        ]
        known = (
            [c for c in row.told if c.told]
            if (row and mark.kind == "path") or (row and what != "value")
            else everything
        )
        numbers = [c.printed for c in known]
        if any(abs(value - number) <= max(0.02 * self.axis.step, 1e-9) for number in numbers):
            return
        public = [c for c in known if c.comparator == NATIONALLY and c.low <= value <= c.high]
        if public and mark.kind == "path":
            return  # a benchmark is drawn as it was published
        if row is None or not row.scene.whole:
            self._stray("a mark that no text tells")
            return
        about = card(row.scene.measure)
        base = next((c.low for c in known if c.what == "base"), None)
        step = 10.0 ** -decimals_of(about, None if base is None else int(base))
        off = abs(value / step - round(value / step))
        if row.hidden or off > _FINE + 0.02 * self.axis.step / step:
            self._stray("a mark on a row without a figure" if row.hidden else "a mark drawn finer than its figure")
            self.told.claims.append(row.scene.drawn(what, value, self.file, f"{self.where}, coordinate"))
            return
        shown = f"{value:.{decimals_of(about, None if base is None else int(base))}f}"
        self.told.claims.append(row.scene.claim(what, shown, self.file, f"{self.where}, coordinate"))

    def _axis_numbers(self) -> list[float]:
        """The numbers that the axis has to hold, by the public rule of each kind of chart."""
        kept = {"gaps": ("value", "lower", "upper"), "schools": ("value", "lower", "upper")}
        whats = kept.get(self.kind, ("value", "lower", "upper", "comparator_value"))
        own = [
            claim for claim in self.told.claims if claim.told and claim.what in whats and ", title" not in claim.where
        ]
        if self.kind == "schools":  # of the LA there is a line, without its interval
            own = [c for c in own if c.what == "value" or self.public.level(c.place_code) == "School"]
        beside = ("comparator_value",) if self.kind == "groups" else ()
        return [claim.printed for claim in own if not claim.comparator or claim.what in beside]
