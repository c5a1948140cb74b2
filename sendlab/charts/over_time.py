"""What charts over the years share: a line of figures, broken where a year is missing, and its title and words."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from sendlab.charts import marks, theme
from sendlab.charts.groups import line_words
from sendlab.charts.marks import SOLID, Layer, Scale
from sendlab.metrics.cards import Card
from sendlab.narrate import format_value
from sendlab.narrate.titles import change_title
from sendlab.schema.labels import period_name
from sendlab.tables import NATIONALLY, Line

At = Callable[[str], float]  # the pixel of a year


def joined(
    values: Sequence[tuple[int, float, float]], *, colour: str, width: float = 2.5, dash: Sequence[int] = SOLID
) -> list[Layer]:
    """Lines between (number of the year, x, y) of years that follow each other: a year without one is not bridged."""
    ends = [
        (x, y, x2, y2) for (one, x, y), (two, x2, y2) in pairwise(values) if two == one + 1
    ]  # fmt: skip
    return marks.segments(ends, colour=colour, width=width, dash=dash)


def series(
    by_year: dict[str, Line], years: list[str], at: At, down: Scale, *, colour: str, shape: str,
    dash: Sequence[int] = SOLID, size: int = 90,
) -> list[Layer]:  # fmt: skip
    """The figures of one group: a broken line, upright intervals and marks."""
    shown = [(number, year, by_year[year].row) for number, year in enumerate(years)
             if year in by_year and by_year[year].shown]  # fmt: skip
    layers = joined([(number, at(year), down.place(row["value"])) for number, year, row in shown],
                    colour=colour, dash=dash)  # fmt: skip
    intervals = [
        (at(year), down.place(row["lower"]), at(year), down.place(row["upper"]))
        for _, year, row in shown
        if row["lower"] is not None and row["upper"] is not None
    ]
    layers += marks.segments(intervals, colour=colour, width=1.5)
    dots = [{"x": at(year), "y": down.place(row["value"])} for _, year, row in shown]
    return layers + marks.points(dots, marks.at("x"), shape=shape, colour=colour, size=size)


def lines_across(down: Scale, start: float, end: float) -> list[Layer]:
    """Light lines across at the ticks; the one at zero is darker."""
    layers: list[Layer] = []
    for colour, wanted in ((theme.GRID, True), (theme.SOFT_TEXT, False)):
        lines = [(start, down.place(tick), end, down.place(tick)) for tick in down.ticks if bool(tick) == wanted]
        layers += marks.segments(lines, colour=colour)
    return layers


def figures_at_left(down: Scale, x: float, unit: str) -> list[Layer]:
    """The figures of the ticks, left of the lines."""
    ticks = [(x, down.place(tick), f"{tick:g}".replace("-", "−") + unit) for tick in down.ticks]
    return marks.texts(ticks, align="right", size=theme.SMALL_SIZE)


def title_of(lines: dict[str, dict[str, Line]], years: list[str], about: Card) -> str:
    """What became of SEN support (else of the first group) from its first to its last shown year."""
    group = "SEN support" if "SEN support" in lines else next(iter(lines))
    shown = [(year, lines[group][year].row) for year in years if year in lines[group] and lines[group][year].shown]
    return change_title(about, group, shown, years[-1])


def words_of(lines: dict[str, dict[str, Line]], years: list[str]) -> str:
    """Every group and year as a sentence of the alt text."""
    return " ".join(
        f"{period_name(year)}, {_words(by_year[year])}"
        if year in by_year
        else f"{period_name(year)}, {group}: no figure."
        for group, by_year in lines.items()
        for year in years
    )


def _words(line: Line) -> str:
    """A line in words; where it is not shown, what is published nationally is told all the same."""
    if line.shown or NATIONALLY not in line.others:
        return line_words(line)
    nation = format_value(line.others[NATIONALLY], line.card, unit=False)
    return f"{line.label}: {line.value_text}; same group nationally {nation}."
