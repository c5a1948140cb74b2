"""Schools' shares by number of pupils, with the limits that chance alone would seldom pass: a funnel, not a ranking."""

from itertools import pairwise

import numpy as np

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.names import Spot, name_spots, spread
from sendlab.charts.over_time import figures_at_left, lines_across
from sendlab.charts.parts import Key
from sendlab.disclosure.published import Published, require_view
from sendlab.errors import GateError, SendlabError
from sendlab.narrate import View, format_value
from sendlab.narrate.rows import or_else
from sendlab.narrate.titles import counted, funnel_title
from sendlab.schema.labels import people, period_text
from sendlab.stats.rounding import format_number
from sendlab.tables import Line
from sendlab.tables.funnels import FAR, FEWEST, OUTSIDE, WITHIN, Funnel, Point, funnel_of, smooth_limits

START, END, LABEL, PLOT, INNER = 46, 630, 638, 320, 14
PIECE = 4  # pixels: a limit is drawn in pieces so short that it reads as a curve
AUDIENCES = ("board", "public")  # of a funnel, by disclosure/outputs.toml
LISTED, ALT_SCHOOLS = 8, 12
LIMITS = ("99.8% limit", "95% limit", "95% limit", "99.8% limit")
LOOKS = {
    WITHIN: (theme.GREY, "circle", 70, "Within the 95% limits"),
    OUTSIDE: (theme.TURQUOISE, "square", 85, "Outside the 95% limits"),
    FAR: (theme.ORANGE, "diamond", 120, "Outside the 99.8% limits, by name"),
}


@or_else(parts.nothing)
def plot_funnel(view: View, *, measure: str, group: str, time_period: str, highlight: str | None = None) -> Picture:
    """Each school's share by its number of pupils, with 95 % and 99.8 % limits about the LA's figure.

    For shares of people only. A hidden school has no point, nor has one of under 30 pupils; the caption counts them.
    `highlight` is the place code of one school, drawn in dark blue with its name; the LA's own code highlights none.
    """
    require_view(view)
    if isinstance(view, Published) and view.audience not in AUDIENCES:
        raise GateError(
            f"a funnel is for the {' and the '.join(AUDIENCES)}, these figures are for a {view.audience}",
            next_step="draw plot_schools",
        )
    found = funnel_of(view, measure=measure, group=group, time_period=time_period)
    chosen = _chosen(found, highlight)
    when = period_text(time_period, found.lines[0].row["time_identifier"])
    top = parts.top_of(view) + 36
    bottom = top + PLOT
    layers = _layers(found, chosen, top) if found.points else _nothing(top)
    keys = [Key(words, shape, colour) for colour, shape, _, words in LOOKS.values()]
    layers += parts.key(keys, parts.top_of(view) + 10)
    rows = [line.row for line in [*found.lines, *([found.la] if found.la else [])]]
    layers += parts.caption(parts.caption_text(view, rows, found.about.captured, *_notes(found)), bottom + 62)
    of_la = f" of {found.la.label}" if found.la else ""
    subtitle = f"{found.about.title}, {found.about.unit}, {people(group)}, schools{of_la}, {when}"
    return parts.finish(
        layers, view, title=_title(found, chosen), subtitle=subtitle, alt_text=_words(found, chosen), height=bottom + 18
    )


def _chosen(found: Funnel, highlight: str | None) -> Line | None:
    if highlight is None or (found.la and found.la.row["place_code"] == highlight):
        return None
    for line in found.lines:
        if line.row["place_code"] == highlight:
            return line
    raise SendlabError(f"no school '{highlight}' to highlight", next_step="give a place code of these figures")


def _point_of(found: Funnel, line: Line | None) -> Point | None:
    return next((point for point in found.points if point.line is line), None)


def _nothing(top: float) -> list[Layer]:
    words = f"No school with {FEWEST} pupils or more has a figure that is shown."
    return marks.texts([(START, top + PLOT / 2, words)], colour=theme.SOFT_TEXT)


def _layers(found: Funnel, chosen: Line | None, top: float) -> list[Layer]:
    across = marks.scale_of([FEWEST, *(point.n for point in found.points)], START + INNER, END, zero=False)
    assert across is not None  # there are points
    sizes = np.linspace(FEWEST, max(across.high, FEWEST + 1), max(2, round((END - START - INNER) / PIECE)))
    curves = smooth_limits(found.centre, sizes.tolist()) if found.centre is not None else []
    values = [point.line.row["value"] for point in found.points]
    ends = [limit for curve in curves for limit in (curve[0], curve[-1])]
    down = marks.scale_of([*values, found.centre, *ends], int(top + PLOT), int(top))
    assert down is not None
    layers = _axes(across, down, top)
    if found.centre is not None:
        layers += _limits([(across.place(size), curve) for size, curve in zip(sizes, curves, strict=True)], down)
        layers += _right(found, curves[-1], down)
    return layers + _points(found, chosen, across, down) + _names(found, chosen, across, down)


def _axes(across: Scale, down: Scale, top: float) -> list[Layer]:
    layers = lines_across(down, START, END) + figures_at_left(down, START - 8, "%")
    numbers = [(across.place(tick), top + PLOT + 14, f"{tick:,.0f}") for tick in across.ticks if tick % 1 == 0]
    layers += marks.texts(numbers, align="center", size=theme.SMALL_SIZE)
    middle = (START + END) / 2
    return layers + marks.texts([(middle, top + PLOT + 33, "Number of pupils (n)")], align="center", size=13)


def _limits(curves: list[tuple[float, tuple[float, ...]]], down: Scale) -> list[Layer]:
    """The curves; of the 95 % limits every third piece is left out, which makes even dashes along a curve."""
    layers: list[Layer] = []
    for place in range(len(LIMITS)):
        dashed = place in (1, 2)
        pieces = [
            (x1, down.place(one[place]), x2, down.place(two[place]))
            for number, ((x1, one), (x2, two)) in enumerate(pairwise(curves))
            if not (dashed and number % 3 == 2)
        ]
        layers += marks.segments(pieces, colour=theme.SOFT_TEXT, width=1.4)
    return layers


def _right(found: Funnel, last: tuple[float, ...], down: Scale) -> list[Layer]:
    """The LA's line, and what each line is, at the right edge."""
    assert found.la is not None and found.centre is not None
    at = down.place(found.centre)
    named = [(down.place(limit), f"{name} {limit:.0f}%") for name, limit in zip(LIMITS, last, strict=True)]
    named.append((at, f"LA {found.la.value_text}"))
    named.sort()
    places = spread([y for y, _ in named], 15)
    labels = [(LABEL, y, text) for y, (_, text) in zip(places, named, strict=True)]
    # a pixel off the gridlines' start: what reads a drawing back takes lines that begin there for the axis
    line = marks.segments([(START + 1, at, END, at)], colour=theme.TEXT, width=1.5)
    return line + marks.texts(labels, size=theme.SMALL_SIZE)


def _points(found: Funnel, chosen: Line | None, across: Scale, down: Scale) -> list[Layer]:
    layers: list[Layer] = []
    for level, (colour, shape, size, _) in LOOKS.items():
        for picked in (False, True):
            held = [p for p in found.points if p.level == level and (p.line is chosen) == picked]
            dots = [{"x": across.place(p.n), "y": down.place(p.line.row["value"])} for p in held]
            fill = theme.BLUE if picked else colour
            layers += marks.points(dots, marks.at("x"), shape=shape, colour=fill, size=size + 40 * picked)
    return layers


def _names(found: Funnel, chosen: Line | None, across: Scale, down: Scale) -> list[Layer]:
    """Names of the schools outside the 99.8 % limits and of the chosen one, none over another."""
    dots = [(across.place(p.n), down.place(p.line.row["value"])) for p in found.points]
    named = [p for p in found.points if p.level == FAR or p.line is chosen]
    wanted = [Spot(across.place(p.n), down.place(p.line.row["value"]), _label(p)) for p in named]
    spots = name_spots(wanted, dots, left=START, right=END, size=13)
    layers: list[Layer] = []
    for picked, colour in ((False, theme.TEXT), (True, theme.BLUE)):
        texts = [(s.x, s.y, s.text) for s, p in zip(spots, named, strict=True) if (p.line is chosen) == picked]
        layers += marks.texts(texts, size=13, bold=True, halo=True, colour=colour)
    return layers


def _label(point: Point) -> str:
    return f"{point.line.label} {point.line.value_text}"


def _notes(found: Funnel) -> list[str]:
    shown = len(found.points)
    notes = [f"Limits: exact binomial about the figure of the LA, drawn smoothed, from {FEWEST} pupils upwards."]
    if shown and found.centre is not None:
        expected = format_number(0.05 * shown, 1).removesuffix(".0")
        notes.append(f"Of the {counted(shown, 'school')} shown, about {expected} would lie outside the 95% limits by "
                     "chance alone.")  # fmt: skip
    if found.hidden:
        notes.append(f"{counted(found.hidden, 'school').capitalize()} not shown.")
    if found.small:
        names = ", ".join(line.label for line in found.small[:LISTED])
        more = f" and {len(found.small) - LISTED} more" if len(found.small) > LISTED else ""
        notes.append(f"Too small for a funnel (under {FEWEST} pupils): {names}{more}.")
    return notes


def _title(found: Funnel, chosen: Line | None) -> str:
    point = _point_of(found, chosen)
    far = sum(p.level == FAR for p in found.points)
    named = (point.line.label, point.where) if point else None
    return funnel_title(found.about, shown=len(found.points), far=far, limits=found.centre is not None, chosen=named)


def _words(found: Funnel, chosen: Line | None) -> str:
    about = [f"{counted(len(found.points), 'school').capitalize()} with a point, {found.hidden} not shown."]
    if found.la and found.la.shown:
        about.append(f"{found.la.label}: {found.la.value_text}, {found.la.n_text}.")
    told = [p for p in found.points if len(found.points) <= ALT_SCHOOLS or p.level != WITHIN or p.line is chosen]
    about += [f"{p.line.label}: {p.line.value_text}, {p.line.n_text}, {p.where}{_own(p)}." for p in told]
    return " ".join([*about, *(["The table lists every school."] if len(told) < len(found.points) else [])])


def _own(point: Point) -> str:
    if not point.limits:
        return ""
    low, high = (format_value(limit, point.line.card, unit=False) for limit in (point.limits[1], point.limits[2]))
    return f" ({low} to {high})"
