"""One figure for every school, by name and not by rank, beside the line of the LA."""

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.groups import line_words
from sendlab.charts.many_schools import BAND, MANY, band_layers, phases
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.parts import Key
from sendlab.metrics.cards import Card, card
from sendlab.narrate import View
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import people, period_text
from sendlab.tables import Line, school_lines

ROW, START, END, FIGURE, COUNT = 30, 250, 606, 676, 688
NAME_CHARS = 36
ALT_SCHOOLS = 12  # more schools are summed up in the alt text; the table names them all


@or_else(parts.nothing)
def plot_schools(view: View, *, measure: str, group: str, time_period: str, highlight: str | None = None) -> Picture:
    """Every school's figure with its 95 % interval, in order of name; those not shown stand after the others.

    More than 40 schools have a mark each in the band of their phase, without intervals; those not shown are counted.

    `highlight` is the place code of one school, drawn in dark blue; the LA's own code highlights none. The dashed
    line is the LA.
    """
    lines, la = school_lines(view, measure=measure, group=group, time_period=time_period)
    about, when = card(measure), period_text(time_period, lines[0].row["time_identifier"])
    chosen = _chosen(lines, None if la and la.row["place_code"] == highlight else highlight)
    top, many = parts.top_of(view) + 52, len(lines) > MANY
    if many:
        height = top + BAND * len(phases(lines))
        layers = band_layers(lines, la, chosen, about, top)
    else:
        height = top + ROW * len(lines)
        layers = _layers([(top + ROW * (number + 0.5), line) for number, line in enumerate(lines)], la, chosen, about)
    layers += parts.key(_key(chosen, many), parts.top_of(view) + 10)
    drawn = [line.row for line in [*lines, *([la] if la else [])]]
    order = "Schools are in order of name" + (" within their phase, from above to below" if many else "")
    by_chance = f"{order}; about 1 in 20 would differ clearly by chance alone. n: {about.counted}."
    absent = _not_there(la, chosen, highlight)
    layers += parts.caption(parts.caption_text(view, drawn, about.captured, by_chance, absent), height + 44)
    subtitle = f"{about.title}, {about.unit}, {people(group)}, all schools{f' of {la.label}' if la else ''}, {when}"
    return parts.finish(
        layers,
        view,
        title=_title(lines, la, chosen, about, group),
        subtitle=subtitle,
        alt_text=_words(lines, la, chosen),
        height=height,
    )


def _chosen(lines: list[Line], highlight: str | None) -> Line | None:
    return next((line for line in lines if line.row["place_code"] == highlight), None)


def _not_there(la: Line | None, chosen: Line | None, highlight: str | None) -> str:
    """That the school to be highlighted is not among these, as one that closed before."""
    asked = highlight and not (la and la.row["place_code"] == highlight)
    return f"School {highlight} has no figures here." if asked and chosen is None else ""


def _key(chosen: Line | None, many: bool) -> list[Key]:
    interval = "" if many else ", with 95% interval"
    if chosen is None or not chosen.shown:
        return [Key(f"School{interval}", "circle", theme.GREY, interval=not many)]
    others = Key("Other schools", "circle", theme.GREY, interval=not many)
    return [Key(f"{chosen.label[:60]}, with 95% interval", "circle", theme.BLUE, interval=True), others]


def _layers(rows: list[tuple[float, Line]], la: Line | None, chosen: Line | None, about: Card) -> list[Layer]:
    values = [line.row[name] for _, line in rows for name in ("value", "lower", "upper")]
    scale = marks.scale_of([*values, la.row["value"] if la else None], START, END)
    layers = _marks(rows, scale, la, chosen, about) if scale else []
    names = [(y, line, line is chosen) for y, line in rows]
    for bold in (False, True):
        layers += marks.texts(
            [e for y, line, strong in names if strong == bold for e in marks.wrapped(0, y, line.label, NAME_CHARS, 14)],
            size=13, bold=bold,
        )  # fmt: skip
        figures = [(FIGURE, y, line.value_text) for y, line, strong in names if line.shown and strong == bold]
        layers += marks.texts(figures, align="right", size=13, bold=bold)
    layers += marks.texts([(COUNT, y, line.n_text) for y, line in rows], colour=theme.SOFT_TEXT, size=13)
    hidden = [(START + 8, y, line.value_text) for y, line in rows if not line.shown]
    return layers + marks.texts(hidden, colour=theme.SOFT_TEXT, size=13)


def _marks(
    rows: list[tuple[float, Line]], scale: Scale, la: Line | None, chosen: Line | None, about: Card
) -> list[Layer]:
    x = marks.x_of(scale, percent=about.unit.startswith("%"))
    top, bottom = rows[0][0] - ROW / 2, rows[-1][0] + ROW / 2
    layers = marks.grid(scale, x, top, bottom)
    if la and la.shown:
        at = scale.place(la.row["value"])
        layers += marks.segments([(at, top - 6, at, bottom)], colour=theme.TEXT, width=1.5, dash=(5, 4))
        layers += marks.texts([(at, top - 15, f"{la.label} {la.value_text}")], align="center", size=13)
    for colour, drawn in (
        (theme.GREY, [r for r in rows if r[1] is not chosen]),
        (theme.BLUE, [r for r in rows if r[1] is chosen]),
    ):
        known = [
            (y, line.row)
            for y, line in drawn
            if line.shown and line.row["lower"] is not None and line.row["upper"] is not None
        ]
        layers += marks.spans(
            [{"value": r["lower"], "upper": r["upper"], "y": y} for y, r in known], x, colour=colour, width=2
        )
        dots = [{"value": line.row["value"], "y": y} for y, line in drawn if line.shown]
        layers += marks.points(dots, x, shape="circle", colour=colour, size=90)
    return layers


def _side(line: Line, la: Line) -> str:
    """Where a school's whole interval lies from the LA's figure: above, below, or "" where it holds it."""
    if not line.shown or line.row["lower"] is None or line.row["upper"] is None:
        return ""
    return "above" if line.row["lower"] > la.row["value"] else "below" if line.row["upper"] < la.row["value"] else ""


def _title(lines: list[Line], la: Line | None, chosen: Line | None, about: Card, group: str) -> str:
    if la is None or not la.shown:
        return f"{about.title}: {group} by school"
    if chosen is not None and chosen.shown:
        side = _side(chosen, la)
        return f"{about.title}: {chosen.label} {f'clearly {side}' if side else 'not clearly different from'} the LA"
    above, below = (_schools(sum(_side(line, la) == side for line in lines)) for side in ("above", "below"))
    if above == below == "no school":
        return f"{about.title}: no school clearly differs from the LA"
    return f"{about.title}: {above} clearly above the LA, {below} clearly below"


def _schools(number: int) -> str:
    return "no school" if number == 0 else "1 school" if number == 1 else f"{number} schools"


def _words(lines: list[Line], la: Line | None, chosen: Line | None) -> str:
    shown, hidden = [line for line in lines if line.shown], [line for line in lines if not line.shown]
    texts = [f"{len(shown)} schools shown, {len(hidden)} not shown."]
    if la:
        texts.append(line_words(la))
    if len(lines) <= ALT_SCHOOLS:
        return " ".join([*texts, *(line_words(line) for line in lines)])
    return " ".join([*texts, *([line_words(chosen)] if chosen else []), "The table lists every school."])
