"""The chart of the self-evaluation: each point turned back into a rating, each line held against points it joins."""

import re

from attacker.chart_looks import KEY, Axis, is_odd, is_symbol, middle
from attacker.claims import NUMBER, Scene, Stray
from attacker.drawing import Drawing, Mark
from attacker.forms import N, Told
from attacker.public import Public
from attacker.sentences import read_text
from attacker.statements import STATEMENTS
from sendlab.charts import theme

START = "Self-evaluation, rating 0 to 10 of "
_LABEL = re.compile(
    r"(?:Largest step from now to target: [a-z ,]+ \((?P<first>[A-Z]\d+)\)|"
    r"Self-evaluation: no step from now to target)\. "
    rf"{START}(?P<all>\d+) statements, (?P<place>.+), (?P<period>20\d\d/\d\d)\. "
    r"(?:Bold figures: the (?P<marked>\d+) largest steps\. )?(?P<rated>\d+) of (?P=all) statements are rated\."
    r"(?: Largest steps from now to target: (?P<steps>.*)\.)?"
)
_STEP = re.compile(rf"([A-Z]\d+ .+?), {N} now, {N} target")
_CODE = re.compile(r"[A-Z]\d+  ")
_LINE, _NEAR, _FINE = 15.0, 12.0, 2e-3
_MEASURES = {theme.BLUE.upper(): "sef_now", theme.PINK.upper(): "sef_target"}
_BANDS = frozenset(part for words in theme.BANDS for part in words.split(": "))


class StatementsReader:
    """One such chart; `read` gives its claims and strays."""

    def __init__(self, drawing: Drawing, scene: Scene, public: Public, file: str, where: str) -> None:
        self.drawing, self.public, self.file, self.where = drawing, public, file, where
        self.told = Told([], [], scene)
        self.scene = scene
        labels = sorted((m.x - 0.5, float(m.text)) for m in drawing.axis if re.fullmatch(r"\d+", m.text))
        self.axis = Axis(*(tuple(column) for column in zip(*labels, strict=True))) if len(labels) > 1 else None
        self.rows: dict[str, float] = {}
        self.points: dict[tuple[str, str], tuple[float, float]] = {}
        self.steps: dict[str, str] = {}
        self.others: dict[object, list[str]] = {}  # texts of more than one line, by their look

    def read(self) -> Told:
        """The words of the whole, rows, points, then what is written and joined."""
        for odd in self.drawing.others:
            self._stray(f"in the drawing: {odd}")
        label = _LABEL.fullmatch(self.drawing.label)
        if label is None or self.axis is None or self.axis.values != tuple(float(tick) for tick in range(11)):
            self._stray("a self-evaluation drawn in another way than ours")
            self._words(self.drawing.label)
            return self.told
        self._about(label)
        self._read_rows()
        for mark in self.drawing.marks:
            if mark.said or is_odd(mark):
                self._stray("a text that hangs on a mark, or a look that is not ours")
                for said in mark.said:
                    self._words(said)
            if mark.kind == "path" and is_symbol(mark) and mark.y > KEY:
                self._point(mark)
        for mark in self.drawing.marks:
            if mark.kind == "text":
                self._text(mark)
            elif mark.kind == "line" and mark.y > KEY:
                self._line(mark)
        for text in map(" ".join, self.others.values()):
            if text not in f"{self.drawing.label} {self.drawing.title}":
                self._words(text)
        self._whole(label)
        return self.told

    def _stray(self, about: str) -> None:
        self.told.strays.append(Stray(self.file, self.where, about))

    def _words(self, text: str) -> None:
        told = read_text(text, self.scene, self.public, self.file, self.where)
        self.told.claims += told.claims
        self.told.strays += told.strays

    def _about(self, label: re.Match[str]) -> None:
        """Place and period, and the ratings that the text for all of the picture tells."""
        code, _ = self.public.places.get(label["place"], ("", ""))
        if not code:
            self._stray("a place that nobody knows")
        self.scene = self.public.step(self.public.step(self.scene, ("place", code)), ("period", label["period"]))
        steps = _STEP.findall(label["steps"] or "")
        if "; ".join(f"{words}, {now} now, {target} target" for words, now, target in steps) != (label["steps"] or ""):
            self._words(label["steps"])
        for words, now, target in steps:
            if words not in STATEMENTS:
                self._words(words)
            self._claim("sef_now", STATEMENTS.get(words, ""), now)
            self._claim("sef_target", STATEMENTS.get(words, ""), target)
        self.marked = [STATEMENTS.get(words, "") for words, _, _ in steps]

    def _claim(self, measure: str, item: str, number: str) -> None:
        scene = self.public.step(self.public.step(self.scene, ("measure", measure)), ("item", item))
        self.told.claims.append(scene.claim("value", number, self.file, self.where))

    # --- rows and marks -----------------------------------------------------------------------------------------

    def _read_rows(self) -> None:
        """The statements by their labels, which may stand on two lines at the left edge."""
        self.labels = sorted((m for m in self.drawing.texts() if m.x == 0 and m.y > KEY), key=lambda m: m.y)
        used: list[Mark] = []
        for place, first in enumerate(self.labels):
            lines = [first]
            for after in self.labels[place + 1 :]:
                near = 0 < after.y - lines[-1].y < _LINE and after.look == first.look
                lines += [after] if near and not _CODE.match(after.text) else []
            words = " ".join(line.text for line in lines).replace("  ", " ")
            if _CODE.match(first.text) and words in STATEMENTS:
                self.rows[STATEMENTS[words]] = sum(middle(line) for line in lines) / len(lines)
                used += lines
        self.labels = used
        if list(self.rows) != list(STATEMENTS.values()):
            self._stray("statements that are not all there, or not in their order")

    def _row(self, y: float) -> str:
        return next((item for item, at in self.rows.items() if abs(at - y) < _NEAR), "")

    def _point(self, mark: Mark) -> None:
        assert self.axis is not None
        measure = _MEASURES.get(dict(mark.look).get("stroke", "").upper(), "")
        item, value = self._row(mark.y), self.axis.value(mark.x)
        if not measure or not item or (measure, item) in self.points:
            self._stray("a point that is no rating of a statement")
            return
        self.points[measure, item] = (mark.x, mark.y)
        fine = abs(value * 10 - round(value * 10)) <= _FINE + 0.2 * self.axis.step
        if not fine:
            self._stray("a point drawn finer than a rating")
        self._claim(measure, item, f"{value:.1f}" if fine else f"{value:.9f}")

    def _line(self, mark: Mark) -> None:
        """A line joins two ratings of one kind; a thick one goes from now to target of a marked statement."""
        measure = _MEASURES.get(dict(mark.look).get("stroke", "").upper(), "")
        ends = [(mark.x, mark.y), mark.tail]
        known = [at for (which, item), at in self.points.items()
                 if which == measure or (not measure and item in self.marked)]  # fmt: skip
        if not all(any(abs(x - a) < 0.1 and abs(y - b) < 0.1 for a, b in known) for x, y in ends):
            self._stray("a line that joins no ratings")

    def _text(self, mark: Mark) -> None:
        text = mark.text
        if mark in self.labels or text in _BANDS or not (mark.x == 0 or re.search(r"\d", text)):
            return
        item = self._row(middle(mark))
        at = self.points.get(("sef_target", item))
        if re.fullmatch(rf"\+{NUMBER}", text) and at and abs(mark.x - at[0] - 12) < 1:
            if item not in self.steps:
                self._claim("sef_gap", item, text)
            self.steps[item] = text
        else:
            self.others.setdefault(mark.look, []).append(text)

    def _whole(self, label: re.Match[str]) -> None:
        """The numbers in the words are those of the rows, points and steps drawn; steps go from the largest on."""
        rated = sum(measure == "sef_now" for measure, _ in self.points)
        counts = (len(self.rows), rated, len(self.steps))
        if counts != (int(label["all"]), int(label["rated"]), int(label["marked"] or 0)):
            self._stray("a number of statements that is not that of those drawn")
        sizes = [float(self.steps.get(item, "nan")) for item in self.marked]
        named = label["first"] in (None, *self.marked[:1])
        if sizes != sorted(sizes, reverse=True) or set(self.marked) != set(self.steps) or not named:
            self._stray("steps that are not those drawn, or not from the largest on")
