"""What a whole is made of, by SEN provision: an item a line, a mark for each group on one scale, figures in columns."""

from collections.abc import Sequence

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.parts import Key
from sendlab.charts.theme import Look
from sendlab.narrate import View
from sendlab.narrate.rows import or_else
from sendlab.narrate.titles import mix_title
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import people, period_text
from sendlab.tables import Line
from sendlab.tables.mixes import Item, Mix, mix_of
from sendlab.tables.plain import short_reason

START, END, COLUMNS, LABEL_CHARS = 222, 486, (570, 664, 756), 34
LINE, SPACE = 13, 14  # pixels between the marks of two groups, and between two items
ALONE = Look(theme.BLUE, "circle", (1, 0), theme.BLUE)  # where there are no groups


@or_else(parts.nothing)
def plot_mix(view: View, *, measure: str, place: str, time_period: str, leave_out: Sequence[str] = ()) -> Picture:
    """The items of a measure (register codes, reasons) by SEN provision, with 95 % intervals, on one scale.

    Largest first by the figure of pupils with SEN; those without one stand last, by name. `leave_out` names items to be
    left out, such as the codes of pupils who are present; the caption says so.
    """
    found = mix_of(view, measure=measure, place=place, time_period=time_period, leave_out=tuple(leave_out))
    about, when = found.about, period_text(time_period, found.kind)
    top = parts.top_of(view) + 66
    row = max(32, LINE * len(found.groups) + SPACE)
    placed = [(top + row * (number + 0.5), item) for number, item in enumerate(found.items)]
    height = top + row * len(placed)
    layers = _layers(placed, found, row) + _heads(found, top - 12)
    layers += parts.key(_key(found), parts.top_of(view) + 10)
    rows = [line.row for line in found.all_lines()]
    layers += parts.caption(parts.caption_text(view, rows, about.captured, *_notes(found)), height + 44)
    by = ", by SEN provision" if found.groups != [TOTAL] else ""
    return parts.finish(
        layers,
        view,
        title=mix_title(about, found.order, [(item.name, item.order_row) for item in found.items]),
        subtitle=f"{about.title}, {about.unit}{by}, {found.name}, {when}",
        alt_text=" ".join(_words(item, found) for item in found.items),
        height=height,
    )


def _look(group: str) -> Look:
    return theme.GROUPS.get(group, ALONE)


def _key(found: Mix) -> list[Key]:
    known = any(line.interval_text for line in found.all_lines())
    return [Key(f"{_name(group)}{', with 95% interval' if known else ''}", _look(group).shape, _look(group).colour,
                interval=known) for group in found.groups]  # fmt: skip


def _name(group: str) -> str:
    return "All" if group == TOTAL else group


def _counted(found: Mix, group: str) -> str:
    """The number of people behind a group's figures: one, or from the fewest to the most."""
    bases = {item.lines[group].row["base_subjects"] for item in found.items if group in item.lines} - {None}
    if not bases:
        return ""
    few, most = min(bases), max(bases)
    return f"n = {most:,}" if few == most else f"n = {few:,} to {most:,}"


def _heads(found: Mix, y: float) -> list[Layer]:
    """Above the columns of figures: the group, and of how many people its figures are."""
    layers: list[Layer] = []
    for x, group in zip(COLUMNS[-len(found.groups) :], found.groups, strict=True):
        layers += marks.texts([(x, y - 14, _name(group))], align="right", size=13, bold=True, colour=_look(group).text)
        layers += marks.texts([(x, y + 2, _counted(found, group))], align="right", size=12, colour=theme.SOFT_TEXT)
    return layers


def _layers(placed: list[tuple[float, Item]], found: Mix, row: float) -> list[Layer]:
    values = [line.row[name] for line in found.all_lines() if line.shown for name in ("value", "lower", "upper")]
    scale = marks.scale_of(values, START, END)
    layers = _marks(placed, found, scale, row) if scale else []
    layers += marks.texts([e for y, item in placed for e in marks.wrapped(0, y, item.label, LABEL_CHARS, 14)], size=13)
    for x, group in zip(COLUMNS[-len(found.groups) :], found.groups, strict=True):
        lines = [(y, item.lines.get(group)) for y, item in placed]
        figures = [(x, y, line.value_text) for y, line in lines if line and line.shown]
        layers += marks.texts(figures, align="right", size=13, colour=_look(group).text)
        empty = [(x, y, short_reason(line.row if line else None)) for y, line in lines if not (line and line.shown)]
        layers += marks.texts(empty, align="right", size=theme.SMALL_SIZE, colour=theme.SOFT_TEXT)
    return layers


def _marks(placed: list[tuple[float, Item]], found: Mix, scale: Scale, row: float) -> list[Layer]:
    x = marks.x_of(scale, percent=found.about.unit.startswith("%"))
    layers = marks.grid(scale, x, placed[0][0] - row / 2, placed[-1][0] + row / 2)
    for number, group in enumerate(found.groups):
        down = (number - (len(found.groups) - 1) / 2) * LINE
        lines = [(y + down, item.lines[group].row) for y, item in placed
                 if group in item.lines and item.lines[group].shown]  # fmt: skip
        known = [(y, each) for y, each in lines if each["lower"] is not None and each["upper"] is not None]
        spans = [{"value": each["lower"], "upper": each["upper"], "y": y} for y, each in known]
        layers += marks.spans(spans, x, colour=_look(group).colour, width=2)
        dots = [{"value": each["value"], "y": y} for y, each in lines]
        layers += marks.points(dots, x, shape=_look(group).shape, colour=_look(group).colour, size=70)
    return layers


def _notes(found: Mix) -> list[str]:
    whose = f" by the figure of {people(found.order)}" if found.order not in ("", TOTAL) else ""
    order = f"Largest first{whose}" if found.order else "In order of name"
    left = [f"Left out of the picture: {', '.join(found.left_out)}."] if found.left_out else []
    return [*left, f"{order}; those without one last, by name. n: {found.about.counted}."]


def _words(item: Item, found: Mix) -> str:
    told = [_line_words(group, item.lines.get(group)) for group in found.groups]
    return f"{item.label}: {'; '.join(told)}."


def _line_words(group: str, line: Line | None) -> str:
    if line is None or not line.shown:
        return f"{_name(group)} {short_reason(line.row if line else None)}"
    interval = f", 95% interval {line.interval_text}" if line.interval_text else ", no interval"
    return f"{_name(group)} {line.value_text}{interval}{f', {line.n_text}' if line.n_text else ''}"
