"""How long EHC plans took: bars by weeks, with the statutory 20 weeks named between them."""

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.groups import line_words
from sendlab.charts.marks import Layer, Scale
from sendlab.metrics.cards import card
from sendlab.narrate import View
from sendlab.narrate.rows import or_else
from sendlab.narrate.titles import cases_title
from sendlab.schema.labels import period_text
from sendlab.tables import Line
from sendlab.tables.mixes import CaseAges, case_ages_of

START, END, FIGURE, COUNT = 180, 590, 660, 674
ROW, BAR, HEAD, LIMIT, SPACE = 34, 22, 30, 24, 18
NAMES = {"ehc_time_bands": "Exceptions left out", "ehc_time_bands_all": "All plans"}


@or_else(parts.nothing)
def plot_case_ages(view: View, *, place: str, time_period: str = "") -> Picture:
    """Shares of new EHC plans by the weeks they took, with 95 % intervals: without exceptions, and all.

    Without `time_period` the latest year is drawn. Bars within the statutory 20 weeks stand above its line.
    """
    found = case_ages_of(view, place=place, time_period=time_period)
    y = float(parts.top_of(view) + 6)
    placed: list[tuple[float, Line]] = []
    layers: list[Layer] = []
    limits: list[Layer] = []
    for measure, lines in found.blocks.items():
        heads = [(0.0, y + HEAD / 2, NAMES[measure])]
        layers += marks.texts(heads, bold=True)
        y += HEAD
        for number, line in enumerate(lines):
            if number == 1:
                limits += _limit(y + LIMIT / 2)
                y += LIMIT
            placed.append((y + ROW / 2, line))
            y += ROW
        y += SPACE
    layers += _bars(placed, y - SPACE, placed[0][0] - ROW / 2) + limits
    rows = [line.row for line in found.all_lines()]
    about = (
        "A plan counts in the calendar year in which it was first issued; 20 weeks are 140 days. Lines: 95% intervals."
    )
    layers += parts.caption(parts.caption_text(view, rows, card("ehc_time_bands").captured, about), y + 44 - SPACE)
    when = period_text(found.period, found.kind) if found.kind != "Calendar year" else found.period
    return parts.finish(
        layers,
        view,
        title=cases_title(found.within.row if found.within else None, card("ehc_within_20_weeks")),
        subtitle=f"New EHC plans by weeks from request to plan, % of plans, {found.name}, {when}",
        alt_text=_words(found),
        height=y - SPACE,
    )


def _limit(y: float) -> list[Layer]:
    """The limit in words, with a thin box as its line: a rule along the scale would read as an interval."""
    line = marks.box(START, y - 0.75, END, y + 0.75, colour=theme.ORANGE_TEXT)
    words = [(0.0, y, "Statutory limit: 20 weeks"), (END + 8, y, "▲ within  ▼ over it")]
    return line + marks.texts(words, size=theme.SMALL_SIZE, colour=theme.ORANGE_TEXT)


def _bars(placed: list[tuple[float, Line]], bottom: float, top: float) -> list[Layer]:
    values = [line.row[name] for _, line in placed if line.shown for name in ("value", "lower", "upper")]
    scale = marks.scale_of(values, START, END)
    layers = _drawn(placed, scale, top, bottom) if scale else []
    layers += marks.texts([(0, y, line.label) for y, line in placed])
    layers += marks.texts([(FIGURE, y, line.value_text) for y, line in placed if line.shown], align="right", bold=True)
    counts = [(COUNT, y, line.n_text) for y, line in placed if line.shown]
    layers += marks.texts(counts, colour=theme.SOFT_TEXT, size=theme.SMALL_SIZE)
    hidden = [(START + 8, y, line.value_text) for y, line in placed if not line.shown]
    return layers + marks.texts(hidden, colour=theme.SOFT_TEXT)


def _drawn(placed: list[tuple[float, Line]], scale: Scale, top: float, bottom: float) -> list[Layer]:
    x = marks.x_of(scale, percent=True)
    layers = marks.grid(scale, x, top, bottom)
    for colour, over in ((theme.TURQUOISE, False), (theme.GREY, True)):
        bars = [(scale.place(0), y - BAR / 2, scale.place(line.row["value"]), y + BAR / 2)
                for y, line in placed if line.shown and line.label.startswith("Over") == over]  # fmt: skip
        layers += marks.boxes(bars, colour=colour)
    known = [(y, line.row) for y, line in placed if line.shown and None not in (line.row["lower"], line.row["upper"])]
    spans = [{"value": row["lower"], "upper": row["upper"], "y": y} for y, row in known]
    return layers + marks.spans(spans, x, colour=theme.TEXT, width=1.5)


def _words(found: CaseAges) -> str:
    return " ".join(
        f"{NAMES[measure]}, {' '.join(line_words(line) for line in lines)}" for measure, lines in found.blocks.items()
    )
