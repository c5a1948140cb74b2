"""What a chart tells without a number: its axis, the looks of its marks, and the order of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from attacker.claims import Claim, Scene
from attacker.drawing import Drawing, Mark
from attacker.order import order_told
from sendlab.charts import theme
from sendlab.charts.marks import scale_of

KEY = 20  # above this pixel stands the key
BASELINE = 4.0  # a text's own place is this far below the middle of its line
_COLOURS = {
    value.upper() for value in (
        *(v for n, v in vars(theme).items() if n.isupper() and isinstance(v, str) and v.startswith("#")),
        *theme.BANDS.values(), *(look.colour for look in theme.GROUPS.values()), "none",
    )
}  # fmt: skip


@dataclass(frozen=True)
class Axis:
    """Pixels and the values that stand at them, along one direction."""

    pixels: tuple[float, ...]
    values: tuple[float, ...]
    upright: bool = False

    def value(self, pixel: float) -> float:
        """The value at a pixel."""
        (p0, p1), (v0, v1) = (self.pixels[0], self.pixels[-1]), (self.values[0], self.values[-1])
        return v0 + (pixel - p0) * (v1 - v0) / (p1 - p0)

    @property
    def step(self) -> float:
        """The value of one pixel."""
        return abs((self.values[-1] - self.values[0]) / (self.pixels[-1] - self.pixels[0]))


@dataclass(frozen=True)
class Row:
    """One row of a chart: where it is, what it is called, what it is about, and what its texts and words tell of it."""

    y: float
    label: str
    scene: Scene
    told: tuple[Claim, ...]
    hidden: bool


def middle(mark: Mark) -> float:
    """The middle of a mark down the chart."""
    return mark.y - BASELINE if mark.kind == "text" else mark.y


def is_symbol(mark: Mark) -> bool:
    """Whether a path is a point, and no background."""
    return any(name == "stroke-width" for name, _ in mark.look)


def axis_told(axis: Axis | None, numbers: Sequence[float], *, both_ways: bool) -> bool:
    """Whether an axis is another than the public rule makes of the numbers shown."""
    expected = scale_of([*numbers, *(-number for number in numbers if both_ways)], 0, 1)
    labels = sorted(axis.values) if axis else []
    return [round(v, 6) for v in labels] != [round(v, 6) for v in (expected.ticks if expected else ())]


def looks_told(drawing: Drawing, rows: Sequence[Row]) -> list[str]:
    """What is odd about a chart's parts, colours and order, in words."""
    odd = [f"in the drawing: {other}" for other in drawing.others]
    odd += ["a colour or opacity that no theme of ours has" for mark in drawing.marks if is_odd(mark)]
    hidden = [mark for mark in drawing.texts() if mark.text == "not shown" and mark.y > KEY]
    labels = [
        m for row in rows if row.hidden for m in drawing.texts() if m.x == 0 and abs(middle(m) - row.y) < BASELINE
    ]
    for alike in (hidden, labels):
        if len({tuple(pair for pair in mark.look if pair[0] != "font-weight") for mark in alike}) > 1:
            odd.append("rows without a figure that do not look alike")
    if order_told([(row.label, not row.hidden) for row in rows]):
        odd.append("an order of rows that tells of those not shown")
    return odd


def is_odd(mark: Mark) -> bool:
    """Whether a mark has a colour or opacity that no theme of ours has."""
    if mark.kind == "path" and not is_symbol(mark):
        return False
    look = dict(mark.look)
    colours = {look.get(name, "none").upper() for name in ("fill", "stroke")} - {"NONE"}
    return bool(colours - _COLOURS or look.get("opacity", "1") != "1" or "fill-opacity" in look)
