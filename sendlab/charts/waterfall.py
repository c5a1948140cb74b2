"""From one year's figure to another's: what changed within the groups, and what their mix did; a step a line."""

from collections.abc import Sequence

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.parts import Key
from sendlab.disclosure.guard.question import Question
from sendlab.narrate import Row, View, format_interval, format_value
from sendlab.narrate.rows import or_else
from sendlab.narrate.titles import decomposition_title
from sendlab.schema.labels import period_name, period_text
from sendlab.tables.decomposed import Decomposition, decomposition_of
from sendlab.tables.gap_parts import gap_parts_of, gap_parts_subtitle, gap_parts_title

ROW, BAR, START, END, FIGURE, COUNT, LABEL_CHARS = 44, 20, 230, 606, 682, 694, 30
NOTE = "A description, no cause. Steps are made of rounded figures, and may miss the end by a rounding. n: {}."


@or_else(parts.nothing)
def plot_waterfall(view: View, *, measure: str, place: str, from_period: str, to_period: str) -> Picture:
    """The change of a rate of all pupils with SEN between two years, split by SEN provision, a step each.

    First and last the figures with their 95 % intervals; between them how much came from each group's own figure, and
    how much from more or fewer pupils in each group (`stats.decompose.kitagawa`).
    """
    found = decomposition_of(view, measure=measure, place=place, from_period=from_period, to_period=to_period)
    about, span = found.about, f"{period_name(from_period)} to {period_text(to_period, found.kind)}"
    title = decomposition_title(about, found.start, found.end, found.mix)
    return steps_picture(view, found, title, f"{about.title}, {about.unit}, all pupils with SEN, {found.name}, {span}")


@or_else(parts.nothing)
def plot_gap_parts(
    view: View, question: Question, *, group: str, compare: str, also: Sequence[str] = ()
) -> Picture:  # fmt: skip
    """The gap of two groups of the first column asked by, split by the second: a step each, and one for the mix.

    First the figure of `compare`, last that of `group`, with their 95 % intervals (`stats.decompose.kitagawa`).
    """
    found = gap_parts_of(view, question, group=group, compare=compare, also=also)
    return steps_picture(view, found, gap_parts_title(found), gap_parts_subtitle(found, question))


def steps_picture(view: View, found: Decomposition, title: str, subtitle: str) -> Picture:
    """A figure, the steps from it to another, and that one."""
    about, top = found.about, parts.top_of(view) + 34
    height = top + ROW * (len(found.steps) + 2)
    layers = parts.key(_keys(), parts.top_of(view) + 10) + _layers(found, top)
    note = NOTE.format(about.counted)
    layers += parts.caption(parts.caption_text(view, [found.start, found.end], about.captured, note), height + 44)
    return parts.finish(layers, view, title=title, subtitle=subtitle, alt_text=_words(found), height=height)


def _keys() -> list[Key]:
    return [
        Key("figure, with 95% interval", "circle", theme.BLUE, interval=True),
        Key("step up", "square", theme.PINK),
        Key("step down", "square", theme.TURQUOISE),
    ]


def _layers(found: Decomposition, top: float) -> list[Layer]:
    ends = [row[name] for row in (found.start, found.end) for name in ("value", "lower", "upper")]
    scale = marks.scale_of([*ends, *(step.before + step.size for step in found.steps)], START, END, zero=False)
    assert scale is not None  # both ends have figures
    middles = [top + ROW * (number + 0.5) for number in range(len(found.steps) + 2)]
    x = marks.x_of(scale, percent=found.about.unit.startswith("%"))
    layers = marks.grid(scale, x, top, middles[-1] + ROW / 2)
    layers += _steps(found, scale, middles)
    whole = [(middles[0], found.start), (middles[-1], found.end)]
    known = [(y, row) for y, row in whole if None not in (row["lower"], row["upper"])]
    spans = [{"value": row["lower"], "upper": row["upper"], "y": y} for y, row in known]
    layers += marks.spans(spans, x, colour=theme.BLUE)
    dots = [{"value": row["value"], "y": y} for y, row in whole]
    layers += marks.points(dots, x, shape="circle", colour=theme.BLUE)
    return layers + _texts(found, middles)


def _steps(found: Decomposition, scale: Scale, middles: list[float]) -> list[Layer]:
    """A box from where a step begins to where it ends, and thin lines down to the next."""
    layers: list[Layer] = []
    boxes: dict[str, list[tuple[float, float, float, float]]] = {theme.PINK: [], theme.TURQUOISE: []}
    lines = []
    for y, step in zip(middles[1:], found.steps, strict=False):
        ends = [scale.place(step.before), scale.place(step.before + step.size)]
        boxes[theme.PINK if step.size > 0 else theme.TURQUOISE].append((min(ends), y - BAR / 2, max(ends), y + BAR / 2))
        lines += [
            (ends[0], y - ROW + BAR / 2, ends[0], y - BAR / 2),
            (ends[1], y + BAR / 2, ends[1], y + ROW - BAR / 2),
        ]
    for colour, corners in boxes.items():
        layers += marks.boxes(corners, colour=colour)
    return layers + marks.segments(lines, colour=theme.GREY)


def _texts(found: Decomposition, middles: list[float]) -> list[Layer]:
    whole = [(middles[0], found.start), (middles[-1], found.end)]
    labels = [
        e for (y, _), name in zip(whole, found.ends, strict=True) for e in marks.wrapped(0, y, name, LABEL_CHARS, 16)
    ]
    wrapped = [e for y, step in zip(middles[1:], found.steps, strict=False)
               for e in marks.wrapped(0, y, step.label, LABEL_CHARS, 16)]  # fmt: skip
    figures = [(FIGURE, y, _value(row, found)) for y, row in whole]
    sizes = [(FIGURE, y, found.size_text(step)) for y, step in zip(middles[1:], found.steps, strict=False)]
    counts = [(COUNT, y, f"n = {row['base_subjects']:,}") for y, row in whole if row["base_subjects"] is not None]
    layers = marks.texts(labels, bold=True) + marks.texts(wrapped)
    layers += marks.texts(figures, align="right", bold=True) + marks.texts(sizes, align="right")
    return layers + marks.texts(counts, colour=theme.SOFT_TEXT)


def _value(row: Row, found: Decomposition) -> str:
    return format_value(row["value"], found.about, base=row["base_subjects"], unit=False)


def _words(found: Decomposition) -> str:
    whole = [f"{name}: {_value(row, found)}, 95% interval {format_interval(row, found.about) or 'none'}"
             for name, row in zip(found.ends, (found.start, found.end), strict=True)]  # fmt: skip
    steps = [f"{step.label}: {found.size_text(step)}" for step in found.steps]
    return "; ".join([whole[0], *steps, whole[1]]) + "."
