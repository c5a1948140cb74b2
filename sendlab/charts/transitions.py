"""Where pupils began and where they are now: a matrix a subject, each line adding up to those who began there."""

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.cells import Grid, cell_layers, frames
from sendlab.charts.marks import Layer
from sendlab.narrate import View
from sendlab.narrate.rows import or_else
from sendlab.narrate.titles import moves_title
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import people, period_text
from sendlab.tables.grids import Moves, moves_of

START, WIDE, ROW, HEAD, SPACE = 200, 100, 40, 62, 22


@or_else(parts.nothing)
def plot_transitions(view: View, *, measure: str, place: str, time_period: str, group: str = TOTAL) -> Picture:
    """Of pupils who began in a band, the share that is now in each: began down, now across, a matrix for each subject.

    The diagonal, who held their band, is outlined. A hidden cell keeps its place.
    """
    found = moves_of(view, measure=measure, place=place, time_period=time_period, group=group)
    y = float(parts.top_of(view))
    layers: list[Layer] = []
    for moves in found.subjects:
        layers += _matrix(moves, y)
        y += HEAD + ROW * len(moves.bands) + SPACE
    about = "Each line is of the pupils who began in that band (n). Outlined: the same band as at the start."
    layers += parts.caption(parts.caption_text(view, found.rows, found.about.captured, about), y + 44 - SPACE)
    when = period_text(time_period, found.kind)
    subtitle = f"{found.about.title}, % of those who began in a band, {people(group)}, {found.name}, {when}"
    return parts.finish(
        layers,
        view,
        title=moves_title([(m.subject, *_held(m)) for m in found.subjects]),
        subtitle=subtitle,
        alt_text=" ".join(_words(moves) for moves in found.subjects),
        height=y - SPACE,
    )


def _held(moves: Moves) -> tuple[int, int]:
    """Of the lines shown whole, in how many most pupils hold their band or rise; and how many there are.

    Nobody can fall from the lowest band, so that its line is not counted.
    """
    lines = list(enumerate(moves.cells))[1:]
    shown = [(number, row) for number, row in lines if all(cell.value is not None for cell in row)]
    held = sum(sum(cell.value or 0.0 for cell in row[number:]) > 50 for number, row in shown)
    return held, len(shown)


def _matrix(moves: Moves, y: float) -> list[Layer]:
    top = y + HEAD
    grid = Grid(START, top, WIDE, ROW)
    layers = marks.texts([(0, y + 14, moves.subject[:1].upper() + moves.subject[1:])], bold=True)
    heads = [(START + (across + 0.5) * WIDE, top - 12, band) for across, band in enumerate(moves.bands)]
    layers += marks.texts(heads, align="center", size=13)
    layers += marks.texts([(START, top - 34, "now ►"), (0, top - 12, "began ▼")], size=13, colour=theme.SOFT_TEXT)
    places = [top + ROW * (down + 0.5) for down in range(len(moves.bands))]
    layers += marks.texts([(0, at, band) for at, band in zip(places, moves.bands, strict=True)])
    counts = [(START - 14, at, f"n = {n:,}") for at, n in zip(places, moves.began, strict=True) if n is not None]
    layers += marks.texts(counts, align="right", colour=theme.SOFT_TEXT, size=theme.SMALL_SIZE)
    layers += cell_layers(moves.cells, grid, theme.TINTS)
    return layers + frames([(number, number) for number in range(len(moves.bands))], grid)


def _words(moves: Moves) -> str:
    lines = []
    for start, n, row in zip(moves.bands, moves.began, moves.cells, strict=True):
        told = ", ".join(f"{end} {cell.text}" for end, cell in zip(moves.bands, row, strict=True))
        lines.append(f"{moves.subject}, began {start}{f' (n = {n:,})' if n is not None else ''}: {told}.")
    return " ".join(lines)
