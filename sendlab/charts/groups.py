"""Figures of one place by group or by area of need: a line each, with interval, count and comparators."""

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.parts import Key
from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card
from sendlab.narrate import View, finding_title, format_value, rows_of
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import period_text
from sendlab.tables import NATIONALLY, REST_OF_LA, Line, comparator_periods, group_lines

ROW, START, END, FIGURE, COUNT = 44, 200, 606, 676, 688
LABEL_CHARS = 27


@or_else(parts.nothing)
def plot_groups(view: View, *, measure: str, place: str, time_period: str) -> Picture:
    """One line for each SEN provision group of a place: figure, 95 % interval, count, and named comparators.

    `place` is a place code. A group whose figure is hidden keeps its line and reads "not shown".
    """
    lines = group_lines(view, measure=measure, place=place, time_period=time_period)
    title = finding_title(view, measure=measure, place=place, time_period=time_period)
    return _chart(view, lines, measure, place, time_period, title, "by SEN provision")


@or_else(parts.nothing)
def plot_needs(view: View, *, measure: str, place: str, time_period: str) -> Picture:
    """One line for each broad area of need of the pupils with SEN of a place, like `plot_groups`."""
    lines = group_lines(view, measure=measure, place=place, time_period=time_period, by="need_area")
    return _chart(
        view, lines, measure, place, time_period, _needs_title(lines, card(measure)), "pupils with SEN by area of need"
    )


def _needs_title(lines: list[Line], about: Card) -> str:
    """The area that stands out for the worse, its interval clear of those of all others; or that none does."""
    shown = [line for line in lines if line.shown and line.row["lower"] is not None]
    if about.polarity == "none" or len(shown) < 2:
        return f"{about.title} by area of need"
    low = about.polarity == "low"
    for line in shown:
        others = [other.row for other in shown if other is not line]
        if low and all(line.row["lower"] > other["upper"] for other in others):
            return f"{about.title} is clearly highest for {_small(line.label)}{_of_shown(lines)}"
        if not low and all(line.row["upper"] < other["lower"] for other in others):
            return f"{about.title} is clearly lowest for {_small(line.label)}{_of_shown(lines)}"
    return f"{about.title}: no area of need clearly stands out"


def _small(label: str) -> str:
    return label[:1].lower() + label[1:]


def _of_shown(lines: list[Line]) -> str:
    return "" if all(line.shown for line in lines) else ", of those shown"


def _chart(
    view: View, lines: list[Line], measure: str, place: str, time_period: str, title: str, groups: str
) -> Picture:
    about = card(measure)
    if not lines:
        raise NothingToShow(f"no figures of '{about.title}' {groups}")
    first = lines[0].row
    rows = rows_of(view, measure=measure, place=place, time_period=time_period)
    when = period_text(time_period, first["time_identifier"])
    period = comparator_periods(rows)
    top = parts.top_of(view) + 30
    height = top + ROW * len(lines)
    layers = [
        *parts.key(_key(lines, first["place_name"], period), parts.top_of(view) + 10),
        *line_layers(lines, top, about),
        *parts.caption(_caption(view, lines, about), height + 44),
    ]
    subtitle = f"{about.title}, {about.unit}, {groups}, {first['place_name']}, {when}"
    words = " ".join(line_words(line, period) for line in lines)
    return parts.finish(layers, view, title=title, subtitle=subtitle, alt_text=words, height=height)


def _caption(view: View, lines: list[Line], about: Card) -> str:
    return parts.caption_text(view, [line.row for line in lines], about.captured, f"n: {about.counted}.")


def _key(lines: list[Line], name: str, period: str) -> list[Key]:
    met = {other for line in lines for other in line.others}
    keys = [Key(f"{name}, with 95% interval", "circle", theme.BLUE, interval=True)]
    if NATIONALLY in met:
        keys.append(Key(f"{NATIONALLY}{f', {period}' if period else ''}", "diamond", theme.GREY, hollow=True))
    if REST_OF_LA in met:
        keys.append(Key(REST_OF_LA, "square", theme.GREY))
    return keys


def line_layers(lines: list[Line], top: float, about: Card) -> list[Layer]:
    """Labels, marks on one scale, figures and counts, a row each from `top` down."""
    values = [line.row[name] for line in lines for name in ("value", "lower", "upper")]
    scale = marks.scale_of([*values, *(v for line in lines if line.shown for v in line.others.values())], START, END)
    places = [top + ROW * (number + 0.5) for number in range(len(lines))]
    labels = [
        e for y, line in zip(places, lines, strict=True) for e in marks.wrapped(0, y, line.label, LABEL_CHARS, 17)
    ]
    rows = list(zip(places, lines, strict=True))
    layers = _marks(rows, scale, about) if scale else []
    layers += marks.texts(labels)
    layers += marks.texts([(FIGURE, y, line.value_text) for y, line in rows if line.shown], align="right", bold=True)
    layers += marks.texts([(COUNT, y, line.n_text) for y, line in rows], colour=theme.SOFT_TEXT)
    return layers + marks.texts(
        [(START + 8, y, line.value_text) for y, line in rows if not line.shown], colour=theme.SOFT_TEXT
    )


def _marks(rows: list[tuple[float, Line]], scale: Scale, about: Card) -> list[Layer]:
    x = marks.x_of(scale, percent=about.unit.startswith("%"))
    drawn = [(y, line) for y, line in rows if line.shown]
    figures = [(y, line.row) for y, line in drawn]
    layers = marks.grid(scale, x, rows[0][0] - ROW / 2, rows[-1][0] + ROW / 2)
    with_interval = [
        (y, line.row) for y, line in drawn if line.row["lower"] is not None and line.row["upper"] is not None
    ]
    layers += marks.spans(
        [{"value": r["lower"], "upper": r["upper"], "y": y} for y, r in with_interval], x, colour=theme.BLUE
    )
    layers += marks.points([{"value": r["value"], "y": y} for y, r in figures], x, shape="circle", colour=theme.BLUE)
    # comparators lie on top, smaller, so that one that falls on the figure is still seen
    for name, shape, hollow, size in ((REST_OF_LA, "square", False, 45), (NATIONALLY, "diamond", True, 80)):
        others = [{"value": line.others[name], "y": y} for y, line in drawn if name in line.others]
        layers += marks.points(others, x, shape=shape, colour=theme.GREY, size=size, hollow=hollow)
    return layers


def line_words(line: Line, period: str = "") -> str:
    """One line of a chart as a sentence of its alt text."""
    if not line.shown:
        return f"{line.label}: {line.value_text}."
    interval = f", 95% interval {line.interval_text}" if line.interval_text else ", no interval"
    count = f", {line.n_text}" if line.n_text else ""
    names = {NATIONALLY: f"same group nationally{f' ({period})' if period else ''}"}
    compared = (
        (names.get(name, name), format_value(value, line.card, unit=False)) for name, value in line.others.items()
    )
    others = "".join(f"; {name} {text}" for name, text in compared)
    return f"{line.label}: {line.value_text}{interval}{count}{others}."
