"""The self-evaluation joined up: where a school is now and where it wants to be, over all statements by section."""

from itertools import pairwise

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.parts import Key
from sendlab.metrics.cards import card
from sendlab.narrate import View, format_value, rows_of
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import period_name
from sendlab.tables import Statement, largest_gaps, statement_lines

ROW, HEAD, START, END = 34, 32, 350, 740
LABEL_CHARS = 60
EDGES = (0.0, 3.5, 6.5, 10.0)
MARKED = 3
NOW, TARGET = theme.BLUE, theme.PINK


@or_else(parts.nothing)
def plot_self_evaluation(view: View, *, place: str, time_period: str = "") -> Picture:
    """Ratings now and target, 0 to 10, of every statement; one that does not apply or is not rated breaks the line.

    Without `time_period` the latest one is drawn.
    """
    lines, period = statement_lines(view, place=place, time_period=time_period)
    rows = rows_of(view, measure="sef_now", place=place, time_period=period)
    top = parts.top_of(view) + 56
    placed, heads, height = _places(lines, top)
    scale = Scale(0.0, 10.0, tuple(float(tick) for tick in range(11)), START, END)
    marked = largest_gaps(lines, MARKED)
    layers = [
        *_bands(scale, top, height),
        *parts.key(
            [Key("Now", "circle", NOW, interval=True), Key("Target", "square", TARGET, interval=True)],
            parts.top_of(view) + 10,
        ),
        *_marks(placed, marked, scale),
        *_words_of(placed, heads, marked, scale),
    ]
    source = "Ratings are the school's own. Statements rated 0 do not apply and are left out of the lines."
    layers += parts.caption(parts.caption_text(view, rows.to_dicts(), card("sef_now").captured, source), height + 44)
    subtitle = (
        f"Self-evaluation, rating 0 to 10 of {len(lines)} statements, {rows['place_name'][0]}, {period_name(period)}"
    )
    subtitle += f". Bold figures: the {MARKED} largest steps" if marked else ""
    return parts.finish(
        layers, view, title=_title(marked), subtitle=subtitle, alt_text=_alt(lines, marked), height=height
    )


def _places(lines: list[Statement], top: float) -> tuple[list[tuple[float, Statement]], list[tuple[float, str]], float]:
    placed, heads, y, section = [], [], top, ""
    for line in lines:
        if line.section != section:
            section = line.section
            heads.append((y + HEAD / 2 + 3, section))
            y += HEAD
        placed.append((y + ROW / 2, line))
        y += ROW
    return placed, heads, y + 4


def _bands(scale: Scale, top: float, bottom: float) -> list[Layer]:
    layers: list[Layer] = []
    for (low, high), (words, colour) in zip(pairwise(EDGES), theme.BANDS.items(), strict=True):
        left, right = scale.place(low), scale.place(high)
        layers += marks.box(left, top, right, bottom, colour=colour)
        numbers, meaning = words.split(": ")
        middle = (left + right) / 2
        layers += marks.texts(
            [(middle, top - 23, numbers), (middle, top - 9, meaning)], align="center", size=theme.SMALL_SIZE
        )
    return layers


def _words_of(
    placed: list[tuple[float, Statement]], heads: list[tuple[float, str]], marked: list[Statement], scale: Scale
) -> list[Layer]:
    labels = [e for y, line in placed for e in marks.wrapped(0, y, f"{line.code}  {line.label}", LABEL_CHARS, 14)]
    layers = marks.texts([(0, y, name) for y, name in heads], bold=True) + marks.texts(labels, size=theme.SMALL_SIZE)
    why = [(START + 8, y, line.why) for y, line in placed if line.now is None]
    steps = [
        (scale.place(line.target) + 12, y, f"+{format_value(line.gap, card('sef_now'), unit=False).removesuffix('.0')}")
        for y, line in placed
        if line in marked and line.target is not None
    ]
    return layers + marks.texts(why, size=theme.SMALL_SIZE) + marks.texts(steps, bold=True, halo=True)


def _marks(placed: list[tuple[float, Statement]], marked: list[Statement], scale: Scale) -> list[Layer]:
    x = marks.x_of(scale, percent=False)
    steps = [{"value": line.now, "upper": line.target, "y": y} for y, line in placed if line in marked]
    layers = marks.spans(steps, x, colour=theme.GREY, width=7)
    for values, colour, dash, shape in (
        ([(y, line.section, line.target) for y, line in placed], TARGET, (6, 4), "square"),
        ([(y, line.section, line.now) for y, line in placed], NOW, (1, 0), "circle"),
    ):
        joined = [
            (scale.place(one), y1, scale.place(two), y2)
            for (y1, first, one), (y2, second, two) in pairwise(values)
            if first == second and one is not None and two is not None
        ]
        layers += marks.segments(joined, colour=colour, width=2, dash=dash)
        dots = [{"value": value, "y": y} for y, _, value in values if value is not None]
        layers += marks.points(dots, x, shape=shape, colour=colour, size=80)
    return layers


def _title(marked: list[Statement]) -> str:
    if not marked:
        return "Self-evaluation: no step from now to target"
    return f"Largest step from now to target: {marked[0].section.lower()} ({marked[0].code})"


def _alt(lines: list[Statement], marked: list[Statement]) -> str:
    rated = sum(line.now is not None for line in lines)
    steps = "; ".join(
        f"{line.code} {line.label}, {format_value(line.now, card('sef_now'), unit=False)} now, "
        f"{format_value(line.target, card('sef_now'), unit=False)} target"
        for line in marked
    )
    text = f"{rated} of {len(lines)} statements are rated."
    return f"{text} Largest steps from now to target: {steps}." if steps else text
