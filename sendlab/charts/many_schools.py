"""More schools than a page has lines for: one band a phase, a mark a school, and one school named."""

from collections.abc import Sequence

from sendlab.charts import marks, theme
from sendlab.charts.marks import Layer, Scale
from sendlab.metrics.cards import Card
from sendlab.tables import Line

MANY = 40  # schools from which on each has no line of its own
BAND, START, END = 96, 190, 740
_MARGIN = 10


def band_layers(lines: Sequence[Line], la: Line | None, chosen: Line | None, about: Card, top: float) -> list[Layer]:
    """Bands, marks on one scale, the LA's line, and the chosen school with its interval.

    Within its band a school stands by its name, from above to below, so that no mark hides another of equal figure.
    """
    bands = phases(lines)
    values = [line.row["value"] for line in (*lines, *([la] if la else []))]
    interval = [chosen.row["lower"], chosen.row["upper"]] if chosen else []
    scale = marks.scale_of([*values, *interval], START, END)
    layers = _labels(bands, top)
    if scale is None:
        return layers
    bottom = top + BAND * len(bands)
    x = marks.x_of(scale, percent=about.unit.startswith("%"))
    layers += marks.grid(scale, x, top, bottom)
    for number in range(1, len(bands)):  # boxes, as a line along the scale is an interval
        edge = top + BAND * number
        layers += marks.box(0, edge - 0.5, END, edge + 0.5, colour=theme.GRID)
    layers += _la(la, scale, top, bottom)
    placed = [(y, line) for number, (_, held) in enumerate(bands) for y, line in _placed(held, top + BAND * number)]
    dots = [{"value": line.row["value"], "y": y} for y, line in placed if line is not chosen]
    layers += marks.points(dots, x, shape="circle", colour=theme.GREY, size=36)
    return layers + [one for y, line in placed if line is chosen for one in _chosen(line, y, scale, x)]


def phases(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """(phase, its schools by name), the phase with most schools first."""
    found: dict[str, list[Line]] = {}
    for line in sorted(lines, key=lambda each: (each.label.lower(), each.row["place_code"])):
        found.setdefault(str(line.row["education_phase"]), []).append(line)
    return sorted(found.items(), key=lambda phase: (-len(phase[1]), phase[0]))


def _labels(bands: list[tuple[str, list[Line]]], top: float) -> list[Layer]:
    middles = [(top + BAND * (number + 0.5), name, held) for number, (name, held) in enumerate(bands)]
    counts = [(0.0, y + 10, _counted(held)) for y, _, held in middles]
    names = marks.texts([(0.0, y - 9, name) for y, name, _ in middles], bold=True)
    return names + marks.texts(counts, colour=theme.SOFT_TEXT, size=theme.SMALL_SIZE)


def _counted(held: list[Line]) -> str:
    shown = sum(line.shown for line in held)
    return f"{shown} schools" + (f", {len(held) - shown} not shown" if shown < len(held) else "")


def _placed(held: list[Line], top: float) -> list[tuple[float, Line]]:
    """Schools with a figure, spread down the band by their place among all of it."""
    room = BAND - 2 * _MARGIN
    return [
        (round(top + _MARGIN + room * (number + 0.5) / len(held), 2), line)
        for number, line in enumerate(held) if line.shown
    ]  # fmt: skip


def _la(la: Line | None, scale: Scale, top: float, bottom: float) -> list[Layer]:
    if la is None or not la.shown:
        return []
    at = scale.place(la.row["value"])
    line = marks.segments([(at, top - 6, at, bottom)], colour=theme.TEXT, width=1.5, dash=(5, 4))
    return line + marks.texts([(at, top - 15, f"{la.label} {la.value_text}")], align="center", size=13)


def _chosen(line: Line, y: float, scale: Scale, x: marks.Channel) -> list[Layer]:
    row = line.row
    layers: list[Layer] = []
    if None not in (row["lower"], row["upper"]):
        layers += marks.spans([{"value": row["lower"], "upper": row["upper"], "y": y}], x, colour=theme.BLUE)
    layers += marks.points([{"value": row["value"], "y": y}], x, shape="circle", colour=theme.BLUE, size=110)
    right = scale.place(row["value"]) < (START + END) / 2  # the words go where there is room
    at = max(scale.place(row["upper"] or row["value"]), scale.place(row["value"])) + 12
    if not right:
        at = min(scale.place(row["lower"] or row["value"]), scale.place(row["value"])) - 12
    words = f"{line.value_text}, {line.n_text}" if line.n_text else line.value_text
    return layers + marks.texts([(at, y, words)], align="left" if right else "right", bold=True, halo=True)
