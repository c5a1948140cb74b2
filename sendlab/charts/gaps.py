"""A group beside No SEN on several measures of one unit: two marks, the gap between them and its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.parts import Key
from sendlab.errors import SendlabError
from sendlab.metrics.cards import Card, card
from sendlab.narrate import (
    Row,
    View,
    format_gap,
    format_interval,
    format_value,
    gap_row,
    gap_strength,
    one_row,
    rows_of,
    sized,
    title_words,
)
from sendlab.narrate.rows import or_else
from sendlab.schema.labels import period_text, reason

ROW, START, END = 66, 288, 545
NARROW = 12  # points: a narrower gap has no room for its text between the marks
TEXT_ROOM = 90  # pixels between the marks below which the text would hang over both
OTHER = "No SEN"


@dataclass(frozen=True)
class Pair:
    """One measure: the figure of the group, that of No SEN, and the gap."""

    card: Card
    group: Row | None
    other: Row | None
    gap: Row | None

    @property
    def shown(self) -> bool:
        """Whether all three are there to be drawn."""
        return all(row is not None and row["value"] is not None for row in (self.group, self.other, self.gap))

    @property
    def instead(self) -> str:
        """What stands in place of the marks: protection goes before any other reason."""
        rows = [row for row in (self.group, self.other, self.gap) if row is not None and row["value"] is None]
        first = min(rows, key=lambda row: row["status"] != "c", default=None)
        return reason(first["status"], first["note"]) if first else "no figure"


@or_else(parts.nothing)
def plot_gaps(
    view: View, *, measures: Sequence[str], place: str, time_period: str, group: str = "SEN support"
) -> Picture:
    """A dumbbell for each measure: the group, No SEN, and the gap with its 95 % interval; widest gap first.

    All measures must share one unit, as they share one scale; otherwise SendlabError.
    """
    units = {card(measure).unit for measure in measures}
    if len(units) != 1:
        raise SendlabError(
            f"measures on one scale need one unit, these have {len(units)}: {', '.join(sorted(units))}",
            next_step="draw a chart for each unit",
        )
    pairs, name, when = _pairs(view, measures, place, time_period, group)
    height = parts.top_of(view) + 30 + ROW * len(pairs)
    shown = [pair for pair in pairs if pair.shown]
    layers = [*parts.key(_key(group), parts.top_of(view) + 10), *_layers(pairs, parts.top_of(view) + 30, group)]
    captured = "; ".join(dict.fromkeys(pair.card.captured.split(";")[0] for pair in pairs))
    rows = [row for pair in pairs for row in (pair.group, pair.other, pair.gap) if row is not None]
    more = "Gap: the difference between the two groups. n: pupils." if shown else ""
    layers += parts.caption(parts.caption_text(view, rows, captured, more), height + 44)
    subtitle = f"{units.pop()}, {group} and {OTHER}, {name}, {when}. Gap with its 95% interval in brackets"
    words = " ".join(_words(pair, group) for pair in pairs)
    return parts.finish(layers, view, title=_title(shown, group), subtitle=subtitle, alt_text=words, height=height)


def _pairs(
    view: View, measures: Sequence[str], place: str, time_period: str, group: str
) -> tuple[list[Pair], str, str]:
    pairs = []
    for measure in measures:
        rows = rows_of(view, measure=measure, place=place, time_period=time_period)
        own, other = one_row(rows, group=group), one_row(rows, group=OTHER)
        pairs.append(Pair(card(measure), own, other, gap_row(rows, group=group)))
    pairs.sort(key=lambda pair: (not pair.shown, -abs(_gap(pair)), pair.card.title))
    return pairs, rows["place_name"][0], period_text(time_period, rows["time_identifier"][0])


def _gap(pair: Pair) -> float:
    return float(pair.gap["value"]) if pair.shown and pair.gap else 0.0


def _key(group: str) -> list[Key]:
    return [
        Key(f"{name}, with 95% interval", theme.GROUPS[name].shape, theme.GROUPS[name].colour, interval=True)
        for name in (group, OTHER)
    ]


def _layers(pairs: list[Pair], top: float, group: str) -> list[Layer]:
    rows = [(top + ROW * (number + 0.5), pair) for number, pair in enumerate(pairs)]
    figures = [row for _, pair in rows if pair.shown for row in (pair.group, pair.other) if row]
    scale = marks.scale_of([row[name] for row in figures for name in ("value", "lower", "upper")], START, END)
    labels = [e for y, pair in rows for e in marks.wrapped(0, y - 9 * pair.shown, pair.card.title, 34, 16)]
    counts = [(0.0, y + 9 + 8 * (len(pair.card.title) > 34), _counts(pair, group)) for y, pair in rows]
    layers = (
        _marks([(y, pair) for y, pair in rows if pair.shown], scale, (top, top + ROW * len(pairs)), group)
        if scale
        else []
    )
    layers += marks.texts(labels) + marks.texts(counts, colour=theme.SOFT_TEXT, size=theme.SMALL_SIZE)
    return layers + marks.texts([(START + 8, y, p.instead) for y, p in rows if not p.shown], colour=theme.SOFT_TEXT)


def _counts(pair: Pair, group: str) -> str:
    if (
        not pair.shown
        or not pair.group
        or not pair.other
        or None in (pair.group["base_subjects"], pair.other["base_subjects"])
    ):
        return ""
    return f"{group} n = {pair.group['base_subjects']:,}; {OTHER} n = {pair.other['base_subjects']:,}"


def _marks(rows: list[tuple[float, Pair]], scale: Scale, ends: tuple[float, float], group: str) -> list[Layer]:
    x = marks.x_of(scale, percent=rows[0][1].card.unit.startswith("%"))
    layers = marks.grid(scale, x, *ends)
    bars = [{"value": min(_ends(pair)), "upper": max(_ends(pair)), "y": y} for y, pair in rows]
    layers += marks.spans(bars, x, colour=theme.GREY, width=3)
    for place, name in enumerate((group, OTHER)):
        look = theme.GROUPS[name]
        sides = [(y, pair.group if place == 0 else pair.other, pair) for y, pair in rows]
        known = [(y, row) for y, row, _ in sides if row and row["lower"] is not None and row["upper"] is not None]
        intervals = [{"value": row["lower"], "upper": row["upper"], "y": y + 12} for y, row in known]
        layers += marks.spans(intervals, x, colour=look.colour, width=2)
        layers += marks.points(
            [{"value": r["value"], "y": y} for y, r, _ in sides if r], x, shape=look.shape, colour=look.colour
        )
        for align, side in (("right", -1), ("left", 1)):
            texts = [
                (
                    scale.place(r["value"]) + 12 * side,
                    y,
                    format_value(r["value"], p.card, base=r["base_subjects"], unit=False),
                )
                for y, r, p in sides
                if r and (side == 1) == _at_right(p, place)
            ]
            layers += marks.texts(texts, align=align, colour=look.text, bold=True)
    return layers + _gap_texts(rows, scale)


def _ends(pair: Pair) -> tuple[float, float]:
    assert pair.group is not None and pair.other is not None
    return pair.group["value"], pair.other["value"]


def _at_right(pair: Pair, place: int) -> bool:
    """Whether the group (place 0) or No SEN (place 1) is the right-hand mark of its pair."""
    group, other = _ends(pair)
    return (group > other) if place == 0 else (group <= other)


def _gap_texts(rows: list[tuple[float, Pair]], scale: Scale) -> list[Layer]:
    above, beside = [], []
    for y, pair in rows:
        left, right = (scale.place(value) for value in sorted(_ends(pair)))
        if abs(_gap(pair)) < NARROW or right - left < TEXT_ROOM:
            beside.append((right + 24 + 8.2 * _longest(pair), y, gap_text(pair)))
        else:
            above.append(((left + right) / 2, y - 18, gap_text(pair)))
    return marks.texts(above, align="center", size=13) + marks.texts(beside, size=13)


def _longest(pair: Pair) -> int:
    """Letters of the longer of the two figures: the gap's text starts behind it."""
    rows = [row for row in (pair.group, pair.other) if row]
    return max(len(format_value(row["value"], pair.card, base=row["base_subjects"], unit=False)) for row in rows)


def gap_text(pair: Pair) -> str:
    """The gap with its interval, as "19 points (9 to 30)"."""
    assert pair.gap is not None
    size = format_gap(pair.gap["value"], pair.card, base=pair.gap["base_subjects"]).replace(
        "percentage points", "points"
    )
    interval = format_interval(sized(pair.gap), pair.card).replace("%", "")
    return f"{size} ({interval})" if interval else f"{size} (no interval)"


def _title(shown: list[Pair], group: str) -> str:
    clear = [pair for pair in shown if gap_strength(pair.gap, pair.card) == "clear"]
    if not shown:
        return f"{group} and {OTHER}: no gap can be shown"
    if not clear:
        return f"No clear gap between {group} and {OTHER}"

    return f"Widest clear gap for {group}: {title_words(clear[0].card)}"


def _words(pair: Pair, group: str) -> str:
    if not pair.shown or pair.group is None or pair.other is None:
        return f"{pair.card.title}: {pair.instead}."
    figures = [
        f"{name} {format_value(row['value'], pair.card, base=row['base_subjects'], unit=False)}"
        for name, row in ((group, pair.group), (OTHER, pair.other))
    ]
    return f"{pair.card.title}: {', '.join(figures)}, gap {gap_text(pair)}; {_counts(pair, group)}."
