"""Gains of interventions beside untreated pupils: a forest with a zero line, counts and intervals in columns."""

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.groups import line_words
from sendlab.charts.marks import Layer, Scale
from sendlab.errors import NothingToShow
from sendlab.metrics.cards import card
from sendlab.narrate import View
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import period_name, period_text
from sendlab.tables import Line, intervention_lines

ROW, START, END, COUNT, GAIN = 42, 200, 530, 596, 616
LABEL_CHARS = 27
WORSE, BETTER = "◄ did worse than untreated", "did better ►"


@or_else(parts.nothing)
def plot_interventions(view: View, *, place: str, time_period: str) -> Picture:
    """Adjusted difference of each intervention, largest first, with its 95 % interval; blue where clear of zero."""
    lines = intervention_lines(view, place=place, time_period=time_period)
    about = card("intervention_gain")
    if not lines:
        raise NothingToShow(f"no interventions recorded for {period_name(time_period)}")
    name, when = lines[0].row["place_name"], period_text(time_period, lines[0].row["time_identifier"])
    top = parts.top_of(view) + 30
    height = top + ROW * len(lines)
    against = (
        "Untreated pupils had the same first score, provision and year group. A description, not evidence of impact."
    )
    layers = _layers([(top + ROW * (number + 0.5), line) for number, line in enumerate(lines)], parts.top_of(view) + 10)
    layers += parts.caption(
        parts.caption_text(view, [line.row for line in lines], about.captured, against), height + 44
    )
    subtitle = f"Later score against untreated pupils, {about.unit}, {name}, {when}. Grey: the interval holds zero"
    words = " ".join(line_words(line) for line in lines)
    return parts.finish(layers, view, title=_title(lines), subtitle=subtitle, alt_text=words, height=height)


def clear(line: Line) -> bool:
    """Whether the interval leaves out zero."""
    lower, upper = line.row["lower"], line.row["upper"]
    return line.shown and lower is not None and upper is not None and (lower > 0 or upper < 0)


def _layers(rows: list[tuple[float, Line]], head: float) -> list[Layer]:
    values = [line.row[name] for _, line in rows for name in ("value", "lower", "upper") if line.row[name] is not None]
    # zero stands in the middle, so that both directions can be named
    scale = marks.scale_of([*values, *(-value for value in values)], START, END)
    layers = _marks(rows, scale, head) if scale else []
    layers += marks.texts([e for y, line in rows for e in marks.wrapped(0, y, line.label, LABEL_CHARS, 17)])
    shown = [(y, line) for y, line in rows if line.shown]
    layers += marks.texts([(COUNT, head, "Pupils")], align="right", size=13, bold=True)
    layers += marks.texts([(GAIN, head, "Gain (95% interval)")], size=13, bold=True)
    counts = [(COUNT, y, line.n_text.removeprefix("n = ")) for y, line in shown]
    layers += marks.texts(counts, align="right")
    layers += marks.texts(
        [(GAIN, y, f"{line.value_text} ({line.interval_text or 'no interval'})") for y, line in shown], size=13
    )
    hidden = [(START + 8, y, line.value_text) for y, line in rows if not line.shown]
    return layers + marks.texts(hidden, colour=theme.SOFT_TEXT)


def _marks(rows: list[tuple[float, Line]], scale: Scale, head: float) -> list[Layer]:
    x = marks.x_of(scale, percent=False, sign=True)
    zero = scale.place(0)
    layers = marks.grid(scale, x, rows[0][0] - ROW / 2, rows[-1][0] + ROW / 2)
    layers += marks.texts([(zero - 6, head, WORSE)], align="right", colour=theme.SOFT_TEXT, size=theme.SMALL_SIZE)
    layers += marks.texts([(zero + 6, head, BETTER)], colour=theme.SOFT_TEXT, size=theme.SMALL_SIZE)
    for colour, wanted in ((theme.GREY, False), (theme.BLUE, True)):
        drawn = [(y, line.row) for y, line in rows if line.shown and clear(line) == wanted]
        known = [(y, row) for y, row in drawn if row["lower"] is not None and row["upper"] is not None]
        layers += marks.spans([{"value": r["lower"], "upper": r["upper"], "y": y} for y, r in known], x, colour=colour)
        layers += marks.points([{"value": r["value"], "y": y} for y, r in drawn], x, shape="square", colour=colour)
    return layers


def _title(lines: list[Line]) -> str:
    better = [line for line in lines if clear(line) and line.row["value"] > 0]
    worse = [line for line in lines if clear(line) and line.row["value"] < 0]
    total = sum(line.shown for line in lines)
    if not total:
        return "Interventions: no gain can be shown"
    if not better and not worse:
        return "No intervention clearly differs from no intervention"
    if len(better) == 1 and not worse:
        return f"{better[0].label}: pupils did clearly better than untreated"
    return f"Of {total} interventions, {len(better)} clearly above untreated pupils, {len(worse)} clearly below"
