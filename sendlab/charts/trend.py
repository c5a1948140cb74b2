"""Groups of one place over the years: a line each, broken where a year is missing or not shown."""

import textwrap
from itertools import pairwise

import polars as pl

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.groups import line_words
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.parts import Key
from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card
from sendlab.narrate import View, gap_strength, or_else, rows_of
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import period_name, period_text
from sendlab.stats.intervals import difference
from sendlab.tables import Line

GROUPS = ("EHC plan", "SEN support", "No SEN")
START, END, LABEL = 46, 540, 566
PLOT, LABEL_LINE, DODGE = 280, 36, 7
NOTE_LINE, NOTE_CHARS = 15, 24


@or_else(parts.nothing)
def plot_trend(view: View, *, measure: str, place: str) -> Picture:
    """Figures of the groups of a place over all years held, with 95 % intervals; only periods of one kind."""
    about = card(measure)
    rows = rows_of(view, measure=measure, place=place)
    rows = rows.filter((pl.col("comparator") == "") & (pl.col("need_area") == TOTAL) & (pl.col("item") == TOTAL))
    rows = rows.filter(pl.col("sen_provision").is_in(GROUPS))
    if rows.is_empty():
        raise NothingToShow(f"no figures by SEN provision of '{about.title}'")
    years = _years(rows["time_period"].to_list())
    lines = {
        group: {
            row["time_period"]: Line(group, row, about)
            for row in rows.filter(pl.col("sen_provision") == group).to_dicts()
        }
        for group in GROUPS
    }
    lines = {group: found for group, found in lines.items() if found}
    top = parts.top_of(view) + 34
    layers, bottom = _layers(lines, years, top, about)
    layers += parts.key(_key(list(lines)), parts.top_of(view) + 10)
    layers += parts.caption(parts.caption_text(view, rows.to_dicts(), about.captured, "n: pupils."), bottom + 24)
    name, kind = rows["place_name"][0], rows["time_identifier"][0]
    span = (
        period_text(years[0], kind) if len(years) == 1 else f"{period_name(years[0])} to {period_text(years[-1], kind)}"
    )
    subtitle = f"{about.title}, {about.unit}, by SEN provision, {name}, {span}"
    return parts.finish(
        layers, view, title=_title(lines, years, about), subtitle=subtitle, alt_text=_words(lines, years), height=bottom
    )


def _years(periods: list[str]) -> list[str]:
    """Every year from the first to the last, those without figures too, so that a gap in time is seen.

    >>> _years(["202223", "202425"])
    ['202223', '202324', '202425']
    """
    first, last = min(periods), max(periods)
    if len(first) == 4:
        return [str(year) for year in range(int(first), int(last) + 1)]
    return [f"{year}{(year + 1) % 100:02d}" for year in range(int(first[:4]), int(last[:4]) + 1)]


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
    layers: list[Layer] = []
    for colour, wanted in ((theme.GRID, True), (theme.SOFT_TEXT, False)):  # the line at zero is darker
        lines = [(START, down.place(tick), END, down.place(tick)) for tick in down.ticks if bool(tick) == wanted]
        layers += marks.segments(lines, colour=colour)
    unit = "%" if about.unit.startswith("%") else ""
    ticks = [(START - 8, down.place(tick), f"{tick:g}".replace("-", "−") + unit) for tick in down.ticks]
    layers += marks.texts(ticks, align="right", size=theme.SMALL_SIZE)
    names = [(_place(years, year), top + PLOT + 16, period_name(year)) for year in years]
    return layers + marks.texts(names, align="center", size=13)


def _group(group: str, by_year: dict[str, Line], years: list[str], down: Scale, dodge: float) -> list[Layer]:
    look = theme.GROUPS[group]
    shown = [(place, by_year[year]) for place, year in enumerate(years) if year in by_year and by_year[year].shown]
    at = {place: _place(years, years[place]) + dodge for place, _ in shown}
    joined = [
        (at[one], down.place(first.row["value"]), at[two], down.place(second.row["value"]))
        for (one, first), (two, second) in pairwise(shown)
        if two == one + 1  # a year without a figure is not bridged
    ]
    intervals = [
        (at[place], down.place(line.row["lower"]), at[place], down.place(line.row["upper"]))
        for place, line in shown
        if line.row["lower"] is not None and line.row["upper"] is not None
    ]
    layers = marks.segments(joined, colour=look.colour, width=2.5, dash=look.dash)
    layers += marks.segments(intervals, colour=look.colour, width=1.5)
    dots = [{"x": at[place], "y": down.place(line.row["value"])} for place, line in shown]
    return layers + marks.points(dots, marks.at("x"), shape=look.shape, colour=look.colour, size=90)


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


def _title(lines: dict[str, dict[str, Line]], years: list[str], about: Card) -> str:
    """What became of SEN support (else of the first group) from its first to its last shown year."""
    group = "SEN support" if "SEN support" in lines else next(iter(lines))
    shown = [(year, lines[group][year].row) for year in years if year in lines[group] and lines[group][year].shown]
    if len(shown) < 2:
        return f"{about.title}: too few years to tell a change"
    (_, old), (_, new) = shown[0], shown[-1]
    first = period_name(shown[0][0])
    ends = [row[end] for row in (new, old) for end in ("value", "lower", "upper")]
    if None in ends:
        return f"{about.title} of {group}: change since {first} cannot be told"
    lower, upper = (float(limit) for limit in difference(*ends))
    word = gap_strength({"value": new["value"] - old["value"], "lower": lower, "upper": upper}, about)
    if word in ("clear", "possible"):
        way = "rise" if new["value"] > old["value"] else "fall"
        return f"{about.title}: {word} {way} for {group} since {first}"
    return f"{about.title}: no clear change for {group} since {first}"


def _words(lines: dict[str, dict[str, Line]], years: list[str]) -> str:
    return " ".join(
        f"{period_name(year)}, {line_words(by_year[year])}"
        if year in by_year
        else f"{period_name(year)}, {group}: no figure."
        for group, by_year in lines.items()
        for year in years
    )
