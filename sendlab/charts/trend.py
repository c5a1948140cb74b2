"""Groups of one place over the years: a line each, broken where a year is missing or not shown."""

import textwrap

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.over_time import figures_at_left, lines_across, series, title_of, words_of
from sendlab.charts.parts import Key
from sendlab.metrics.cards import Card
from sendlab.narrate import View
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import period_name
from sendlab.tables import Line
from sendlab.tables.over_years import years_of

START, END, LABEL = 46, 540, 566
PLOT, LABEL_LINE, DODGE = 280, 36, 7
NOTE_LINE, NOTE_CHARS = 15, 24


@or_else(parts.nothing)
def plot_trend(view: View, *, measure: str, place: str) -> Picture:
    """Figures of the groups of a place over all years held, with 95 % intervals; only periods of one kind."""
    found = years_of(view, measure=measure, place=place)
    about, lines, years = found.about, found.lines, found.years
    top = parts.top_of(view) + 34
    layers, bottom = _layers(lines, years, top, about)
    layers += parts.key(_key(list(lines)), parts.top_of(view) + 10)
    rows = [line.row for line in found.all_lines()]
    layers += parts.caption(parts.caption_text(view, rows, about.captured, f"n: {about.counted}."), bottom + 24)
    subtitle = f"{about.title}, {about.unit}, by SEN provision, {found.name}, {found.span}"
    return parts.finish(
        layers,
        view,
        title=title_of(lines, years, about),
        subtitle=subtitle,
        alt_text=words_of(lines, years),
        height=bottom,
    )


def _place(years: list[str], year: str) -> float:
    margin = 90 if len(years) < 4 else 45  # few years stand nearer together than the whole width
    if len(years) == 1:
        return (START + END) / 2
    return START + margin + years.index(year) * (END - START - 2 * margin) / (len(years) - 1)


def _key(groups: list[str]) -> list[Key]:
    looks = [(group, theme.GROUPS[group]) for group in groups]
    keys = [Key(group, look.shape, look.colour, interval=True) for group, look in looks]
    return [*keys, Key("upright lines: 95% intervals", "", theme.PAPER)]


def _layers(lines: dict[str, dict[str, Line]], years: list[str], top: float, about: Card) -> tuple[list[Layer], float]:
    found = [
        line.row[name]
        for by_year in lines.values()
        for line in by_year.values()
        for name in ("value", "lower", "upper")
    ]
    down = marks.scale_of(found, int(top + PLOT), int(top))
    layers: list[Layer] = []
    for number, (group, by_year) in enumerate(lines.items()):
        dodge = (number - (len(lines) - 1) / 2) * DODGE
        layers += _group(group, by_year, years, down, dodge) if down else []
    axis = _axis(down, years, top, about) if down else []
    notes = _notes(lines, years)
    below = top + PLOT + 36
    layers += marks.texts(
        [(x, below + NOTE_LINE * n, text) for x, n, text in notes],
        align="center",
        colour=theme.SOFT_TEXT,
        size=theme.SMALL_SIZE,
    )
    deepest = max((n for _, n, _ in notes), default=-1)
    return [*axis, *layers, *(_end_labels(lines, years, down) if down else [])], below + NOTE_LINE * (deepest + 1)


def _axis(down: Scale, years: list[str], top: float, about: Card) -> list[Layer]:
    """Years below, figures at the left, light lines across; drawn here, as both scales are in pixels."""
    unit = "%" if about.unit.startswith("%") else ""
    layers = lines_across(down, START, END) + figures_at_left(down, START - 8, unit)
    names = [(_place(years, year), top + PLOT + 16, period_name(year)) for year in years]
    return layers + marks.texts(names, align="center", size=13)


def _group(group: str, by_year: dict[str, Line], years: list[str], down: Scale, dodge: float) -> list[Layer]:
    look = theme.GROUPS[group]
    return series(
        by_year, years, lambda year: _place(years, year) + dodge, down,
        colour=look.colour, shape=look.shape, dash=look.dash,
    )  # fmt: skip


def _end_labels(lines: dict[str, dict[str, Line]], years: list[str], down: Scale) -> list[Layer]:
    """The last figure of each group that has one in the last year, moved apart where they would touch."""
    last = [
        (down.place(b[years[-1]].row["value"]), b[years[-1]])
        for b in lines.values()
        if years[-1] in b and b[years[-1]].shown
    ]
    last.sort(key=lambda pair: pair[0])
    layers: list[Layer] = []
    y = float("-inf")
    for wanted, line in last:
        y = max(wanted, y + LABEL_LINE)
        colour = theme.GROUPS[line.label].text
        layers += marks.texts([(LABEL, y - 8, f"{line.label} {line.value_text}")], colour=colour, bold=True)
        layers += marks.texts([(LABEL, y + 9, line.n_text)], colour=theme.SOFT_TEXT, size=theme.SMALL_SIZE)
    return layers


def _notes(lines: dict[str, dict[str, Line]], years: list[str]) -> list[tuple[float, int, str]]:
    """Below each year: the groups without a figure, with the reason; or that there are no figures at all."""
    notes = []
    for year in years:
        held = [by_year[year] for by_year in lines.values() if year in by_year]
        whole = [f"{line.label}: {line.value_text}" for line in held if not line.shown] if held else ["no figures"]
        texts = [part for text in whole for part in textwrap.wrap(text, NOTE_CHARS)]
        notes += [(_place(years, year), number, text) for number, text in enumerate(texts)]
    return notes
