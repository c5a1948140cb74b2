"""Small multiples over the years: a panel for each group, the place beside the same group nationally."""

import textwrap

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.names import spread
from sendlab.charts.over_time import figures_at_left, joined, lines_across, series, title_of, words_of
from sendlab.charts.parts import Key
from sendlab.narrate import View, format_value
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import period_name
from sendlab.tables import NATIONALLY, Line
from sendlab.tables.over_years import GROUPS, Years, years_of

START, WIDE, GAP, PLOT = 46, 216, 28, 210
LEFT, RIGHT = 26, 58  # pixels of a panel before its first year, and after its last for the figure there
NOTE_LINE, NOTE_CHARS = 15, 34
DASH = (5, 4)
TRUNCATED_FROM = 0.5  # the axis leaves zero out where all that is drawn lies above this share of the highest


@or_else(parts.nothing)
def plot_multiples(view: View, *, measure: str, place: str) -> Picture:
    """A panel each for EHC plan, SEN support and No SEN over all years held, all on one axis.

    The place is solid, with 95 % intervals; the same group nationally is dashed where it is published. The axis may
    leave zero out, as lines may; the subtitle then says where it starts.
    """
    found = years_of(view, measure=measure, place=place, nationally=True)
    about, top = found.about, parts.top_of(view) + 58
    down = _scale(found, top)
    layers, bottom = _panels(found, down, top)
    layers += parts.key(_key(found), parts.top_of(view) + 10)
    rows = [line.row for line in found.all_lines()]
    layers += parts.caption(parts.caption_text(view, rows, about.captured, f"n: {about.counted}."), bottom + 24)
    starts = f". Axis starts at {_tick(down.low, found)}" if down and down.low > 0 else ""
    subtitle = f"{about.title}, {about.unit}, by SEN provision, {found.name}, {found.span}{starts}"
    return parts.finish(
        layers,
        view,
        title=title_of(found.lines, found.years, about),
        subtitle=subtitle,
        alt_text=words_of(found.lines, found.years),
        height=bottom,
    )


def _key(found: Years) -> list[Key]:
    keys = [Key(f"{found.name[:50]}, with 95% intervals", "circle", theme.BLUE, interval=True)]
    if any(line.others for line in found.all_lines()):
        keys.append(Key(NATIONALLY, "diamond", theme.GREY, hollow=True, interval=True, dash=DASH))
    return keys


def _scale(found: Years, top: float) -> Scale | None:
    shown = [line for line in found.all_lines() if line.shown]
    if not shown:
        return None  # a panel of the nation alone would say nothing of the place
    ends = [line.row[name] for line in shown for name in ("value", "lower", "upper")]
    values = [value for value in ends if value is not None]
    values += [value for line in found.all_lines() for value in line.others.values()]
    zero = min(values) <= TRUNCATED_FROM * max(values)
    return marks.scale_of(values, int(top + PLOT), int(top), zero=zero)


def _tick(value: float, found: Years) -> str:
    return f"{value:g}".replace("-", "−") + ("%" if found.about.unit.startswith("%") else "")


def _panels(found: Years, down: Scale | None, top: float) -> tuple[list[Layer], float]:
    layers: list[Layer] = []
    if down:
        layers += figures_at_left(down, START - 8, "%" if found.about.unit.startswith("%") else "")
    deepest = 0
    for number, group in enumerate(GROUPS):
        left = START + number * (WIDE + GAP)
        by_year = found.lines.get(group, {})
        layers += marks.texts([(left, top - 20, group)], bold=True)
        layers += _panel(by_year, found.years, left, down, top) if down else []
        notes = _notes(by_year, found.years)
        entries = [(left, top + PLOT + 40 + NOTE_LINE * place, text) for place, text in enumerate(notes)]
        layers += marks.texts(entries, colour=theme.SOFT_TEXT, size=theme.SMALL_SIZE)
        deepest = max(deepest, len(notes))
    return layers, top + PLOT + 40 + NOTE_LINE * deepest


def _place(years: list[str], year: str, left: float) -> float:
    room = WIDE - LEFT - RIGHT
    return left + LEFT + (room / 2 if len(years) == 1 else room * years.index(year) / (len(years) - 1))


def _panel(by_year: dict[str, Line], years: list[str], left: float, down: Scale, top: float) -> list[Layer]:
    def at(year: str) -> float:
        return _place(years, year, left)

    nation = [(number, at(year), down.place(by_year[year].others[NATIONALLY]))
              for number, year in enumerate(years) if year in by_year and by_year[year].others]  # fmt: skip
    layers = lines_across(down, left, left + WIDE)
    layers += joined(nation, colour=theme.GREY, width=2, dash=DASH)
    dots = [{"x": x, "y": y} for _, x, y in nation]
    layers += marks.points(dots, marks.at("x"), shape="diamond", colour=theme.GREY, size=50, hollow=True)
    layers += series(by_year, years, at, down, colour=theme.BLUE, shape="circle")
    ends = [(at(year), top + PLOT + 16, period_name(year)) for year in dict.fromkeys((years[0], years[-1]))]
    return layers + marks.texts(ends, align="center", size=13) + _last(by_year.get(years[-1]), at(years[-1]), down)


def _last(line: Line | None, x: float, down: Scale) -> list[Layer]:
    """The figures of the last year, right of their marks; none where the place has none, so that none is mistaken."""
    if line is None or not line.shown:
        return []
    wanted = [(down.place(line.row["value"]), line.value_text, True)]
    wanted += [(down.place(value), _nation_text(line, value), False) for value in line.others.values()]
    wanted.sort()
    layers: list[Layer] = []
    for y, (_, text, own) in zip(spread([y for y, *_ in wanted], 15), wanted, strict=True):
        colour = theme.BLUE if own else theme.SOFT_TEXT
        layers += marks.texts(
            [(x + 10, y, text)], colour=colour, size=13 if own else theme.SMALL_SIZE, bold=own, halo=True
        )
    return layers


def _nation_text(line: Line, value: float) -> str:
    return format_value(value, line.card, unit=False)


def _notes(by_year: dict[str, Line], years: list[str]) -> list[str]:
    """Below a panel: how many pupils the last figure is of, and the years without a figure, with the reason."""
    texts = []
    last = by_year.get(years[-1])
    if last and last.shown and last.n_text:
        texts.append(f"{period_name(years[-1])}: {last.n_text}")
    for year in years:
        line = by_year.get(year)
        if line is None or not line.shown:
            texts.append(f"{period_name(year)}: {line.value_text if line else 'no figure'}")
    return [part for text in texts for part in textwrap.wrap(text, NOTE_CHARS)]
