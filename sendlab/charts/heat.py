"""The self-evaluation of all schools at a glance: a school a line, a section a column, the rating in each cell."""

import textwrap

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.cells import Grid, cell_layers
from sendlab.charts.letters import width_of
from sendlab.charts.marks import Layer
from sendlab.charts.theme import Tint
from sendlab.narrate import View
from sendlab.narrate.rows import or_else
from sendlab.narrate.titles import heat_title
from sendlab.schema.labels import period_text
from sendlab.tables.grids import Heat, heat_of

START, WIDE, ROW, HEAD = 242, 74, 28, 46
NAME_CHARS, HEAD_CHARS = 36, 13
ALT_PLACES = 12  # more are summed up in the alt text; the table names them all
BANDS = tuple(Tint(colour, theme.TEXT) for colour in theme.BANDS.values())


@or_else(parts.nothing)
def plot_heat(view: View, *, measure: str = "sef_now", time_period: str) -> Picture:
    """Mean ratings by section, the authority first and then the schools by name, on the bands of the self-evaluation.

    No order by rating. A section that a school has not rated keeps its cell and says so.
    """
    found = heat_of(view, measure=measure, time_period=time_period)
    top = parts.top_of(view) + 34 + HEAD
    height = top + ROW * len(found.places)
    layers = _key(parts.top_of(view) + 10) + _heads(found, top) + _names(found, top)
    layers += cell_layers([cells for _, cells in found.places], Grid(START, top, WIDE, ROW), BANDS)
    about = (
        "Means of the ratings of a section's statements; ratings are the schools' own. Schools are in order of name."
    )
    layers += parts.caption(parts.caption_text(view, found.rows, found.about.captured, about), height + 44)
    of_la = f", schools of {found.name}" if found.name else ", by school"
    subtitle = f"{found.about.title}, rating 0 to 10, mean by section{of_la}, {period_text(time_period, found.kind)}"
    return parts.finish(
        layers, view, title=_title(found), subtitle=subtitle, alt_text=_words(found), height=height
    )  # fmt: skip


def _key(y: float) -> list[Layer]:
    layers: list[Layer] = []
    x = 0.0
    for words, colour in theme.BANDS.items():
        layers += marks.box(x, y - 8, x + 16, y + 8, colour=theme.SOFT_TEXT)
        layers += marks.box(x + 1, y - 7, x + 15, y + 7, colour=colour)
        layers += marks.texts([(x + 23, y, words)], size=13)
        x += 23 + width_of(words, 13) + 22
    return layers


def _heads(found: Heat, top: float) -> list[Layer]:
    entries = []
    for across, section in enumerate(found.sections):
        lines = textwrap.wrap(section, HEAD_CHARS, break_long_words=False)
        middle = START + (across + 0.5) * WIDE
        entries += [(middle, top - 8 - 13 * (len(lines) - 1 - n), line) for n, line in enumerate(lines)]
    return marks.texts(entries, align="center", size=theme.SMALL_SIZE)


def _names(found: Heat, top: float) -> list[Layer]:
    layers: list[Layer] = []
    for bold in (True, False):
        entries = [
            entry
            for number, (name, _) in enumerate(found.places)
            if (number == 0 and found.la) == bold
            for entry in marks.wrapped(0, top + ROW * (number + 0.5), name, NAME_CHARS, 13)
        ]
        layers += marks.texts(entries, size=13, bold=bold)
    return layers


def _title(found: Heat) -> str:
    """From the authority's line; without one, of how many ratings there are."""
    cells = found.places[0][1] if found.la else []
    rated = [
        (section, cell.text) for section, cell in zip(found.sections, cells, strict=False) if cell.value is not None
    ]
    return heat_title(rated, complete=len(rated) == len(found.sections))


def _words(found: Heat) -> str:
    told = found.places[:ALT_PLACES]
    sentences = [
        f"{name}: {', '.join(f'{s.lower()} {cell.text}' for s, cell in zip(found.sections, cells, strict=True))}."
        for name, cells in told
    ]
    return " ".join([*sentences, *(["The table lists every school."] if len(told) < len(found.places) else [])])
