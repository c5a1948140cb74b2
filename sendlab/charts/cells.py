"""Cells of a grid: a tint behind each figure, which stands in it as text; an empty one says why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sendlab.charts import marks, theme
from sendlab.charts.marks import Layer
from sendlab.charts.theme import Tint
from sendlab.tables.grids import Cell

_CHARS = 12  # of a line in an empty cell


@dataclass(frozen=True)
class Grid:
    """Where cells stand: left and top, width and height of one, in pixels."""

    left: float
    top: float
    wide: float
    high: float

    def corners(self, down: int, across: int) -> tuple[float, float, float, float]:
        """The corners of a cell, with a pixel of paper between it and the next."""
        x, y = self.left + across * self.wide, self.top + down * self.high
        return x + 1, y + 1, x + self.wide - 1, y + self.high - 1

    def middle(self, down: int, across: int) -> tuple[float, float]:
        """The middle of a cell."""
        return self.left + (across + 0.5) * self.wide, self.top + (down + 0.5) * self.high


def cell_layers(rows: Sequence[Sequence[Cell]], grid: Grid, tints: Sequence[Tint]) -> list[Layer]:
    """Tints, then figures and reasons on them."""
    placed = [(down, across, cell) for down, row in enumerate(rows) for across, cell in enumerate(row)]
    layers: list[Layer] = []
    for step, tint in enumerate(tints):
        layers += marks.boxes([grid.corners(d, a) for d, a, cell in placed if cell.step == step], colour=tint.fill)
    for step, tint in enumerate(tints):
        figures = [(*grid.middle(d, a), cell.text) for d, a, cell in placed if cell.step == step]
        layers += marks.texts(figures, align="center", colour=tint.text, size=13)
    empty = [entry for d, a, cell in placed if cell.step is None
             for entry in marks.wrapped(*grid.middle(d, a), cell.text, _CHARS, 12)]  # fmt: skip
    return layers + marks.texts(empty, align="center", colour=theme.SOFT_TEXT, size=theme.SMALL_SIZE)


def frames(places: Iterable[tuple[int, int]], grid: Grid) -> list[Layer]:
    """Frames about cells, dark without and light within, so that they are seen on every tint."""
    corners = [grid.corners(down, across) for down, across in places]
    dark = [bar for corner in corners for bar in _bars(corner, 2)]
    light = [bar for x, y, x2, y2 in corners for bar in _bars((x + 2, y + 2, x2 - 2, y2 - 2), 1.5)]
    return marks.boxes(dark, colour=theme.TEXT) + marks.boxes(light, colour=theme.PAPER)


def _bars(corner: tuple[float, float, float, float], thick: float) -> list[tuple[float, float, float, float]]:
    """The four sides of a rectangle as boxes within it."""
    x, y, x2, y2 = corner
    return [(x, y, x2, y + thick), (x, y2 - thick, x2, y2), (x, y, x + thick, y2), (x2 - thick, y, x2, y2)]
