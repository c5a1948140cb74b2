"""Attendance bands by SEN provision: one bar of 100 % a group, each part with its figure."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.letters import width_of
from sendlab.charts.marks import Layer
from sendlab.narrate import View
from sendlab.narrate.rows import or_else
from sendlab.narrate.titles import bands_title
from sendlab.schema.labels import period_text
from sendlab.tables.attendance_bands import BANDS, Bands, bands_of

ROW, BAR, START, END = 62, 28, 150, 750
EDGE = 1.0  # pixels between two parts


@or_else(parts.nothing)
def plot_bands(view: View, *, place: str, time_period: str) -> Picture:
    """Shares of pupils by how much of their sessions they attended, a bar of 100 % for each SEN provision group.

    The bands are differences of three published shares: 98 % or more, 10 % or more missed, half or more missed. A group
    in which any of them is missing or hidden has no bar, and says why.
    """
    found = bands_of(view, place=place, time_period=time_period)
    when = period_text(time_period, found.kind)
    top = parts.top_of(view) + 34
    height = top + ROW * len(found.groups)
    layers = _key(parts.top_of(view) + 10)
    for number, group in enumerate(found.groups):
        layers += _row(group, top + ROW * number + 8)
    about = (
        "Bands are differences of rounded shares: a bar may miss 100% by a rounding, and has no intervals. n: pupils."
    )
    layers += parts.caption(parts.caption_text(view, found.rows, found.about.captured, about), height + 44)
    subtitle = f"Pupils by share of their sessions attended, % of pupils, by SEN provision, {found.name}, {when}"
    return parts.finish(
        layers,
        view,
        title=bands_title({group.group: group.missed_a_tenth for group in found.groups if group.shares}),
        subtitle=subtitle,
        alt_text=" ".join(map(_words, found.groups)),
        height=height,
    )


def _key(y: float) -> list[Layer]:
    """The bands in the order of the bar, each box with an outline: the palest is hardly darker than paper."""
    layers: list[Layer] = []
    x = 0.0
    for tint, words in zip(theme.TINTS, BANDS, strict=True):
        layers += marks.box(x, y - 8, x + 16, y + 8, colour=theme.SOFT_TEXT)
        layers += marks.box(x + 1, y - 7, x + 15, y + 7, colour=tint.fill)
        layers += marks.texts([(x + 23, y, words)], size=13)
        x += 23 + width_of(words, 13) + 28
    return layers


def _row(group: Bands, y: float) -> list[Layer]:
    layers = marks.texts([(0, y + BAR / 2 - 8, group.group)])
    layers += marks.texts([(0, y + BAR / 2 + 10, group.n_text)], colour=theme.SOFT_TEXT, size=theme.SMALL_SIZE)
    if not group.shares:
        return layers + marks.texts([(START + 8, y + BAR / 2, group.why)], colour=theme.SOFT_TEXT)
    layers += marks.box(START - 1, y - 1, END + 1, y + BAR + 1, colour=theme.SOFT_TEXT)
    layers += marks.box(START, y, END, y + BAR, colour=theme.PAPER)
    narrow = []
    for (left, right), tint, text, words in zip(_edges(group.shares), theme.TINTS, group.texts, BANDS, strict=True):
        layers += marks.box(left + EDGE, y, right - EDGE, y + BAR, colour=tint.fill) if right - left > 2 * EDGE else []
        if right - left > width_of(text, 13, bold=True) + 6:
            middle = (left + right) / 2
            layers += marks.texts([(middle, y + BAR / 2, text)], align="center", colour=tint.text, size=13, bold=True)
        else:
            narrow.append(f"{words} {text}")
    return layers + marks.texts([(END, y + BAR + 11, "; ".join(narrow))], align="right", size=theme.SMALL_SIZE)


def _edges(shares: Sequence[float]) -> list[tuple[float, float]]:
    """Left and right end of each part in pixels; roundings do not run over the bar."""
    ends = [min(100.0, total) for total in accumulate(shares, initial=0.0)]
    return [(START + (END - START) * one / 100, START + (END - START) * two / 100) for one, two in pairwise(ends)]


def _words(group: Bands) -> str:
    if not group.shares:
        return f"{group.group}: {group.why}."
    told = ", ".join(f"{words} {text}" for words, text in zip(BANDS, group.texts, strict=True))
    return f"{group.group}: {told}{f', {group.n_text}' if group.n_text else ''}."
