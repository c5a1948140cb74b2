"""The look of every chart: fonts, sizes and colours, applied to each chart and never set globally.

Colours: Government Analysis Function palette. Turquoise and orange are for marks only; orange text is ORANGE_TEXT.
"""

from dataclasses import dataclass
from typing import Any

FONT = '"Liberation Sans", Arial, sans-serif'
TEXT, SOFT_TEXT, ORANGE_TEXT = "#0B0C0C", "#505A5F", "#A33C00"
BLUE, TURQUOISE, PINK, ORANGE, GREY = "#12436D", "#28A197", "#801650", "#F46A25", "#7A8288"
GRID, PAPER, MARK_PAPER = "#DEE0E2", "#FFFFFF", "#FFF4EC"
# Bands of the self-evaluation: pale background only, their words carry the meaning.
BANDS = {
    "0 to 3: not yet in place": "#F8DDD8",
    "4 to 6: being improved": "#FCEFD2",
    "7 to 10: evidence of impact": "#DBECE3",
}


@dataclass(frozen=True)
class Tint:
    """A filled area and the text on it."""

    fill: str
    text: str


# From little to much: each darker than the last; the figures on them carry the meaning.
TINTS = (Tint("#EDF4FA", TEXT), Tint("#A9C8E2", TEXT), Tint("#3D76AB", PAPER), Tint("#0B2B47", PAPER))


@dataclass(frozen=True)
class Look:
    """How a group is drawn: the same in every chart, and never told by colour alone."""

    colour: str
    shape: str
    dash: tuple[int, ...]
    text: str


GROUPS = {
    "EHC plan": Look(PINK, "triangle-up", (2, 2), PINK),
    "SEN support": Look(ORANGE, "circle", (1, 0), ORANGE_TEXT),
    "No SEN": Look(BLUE, "square", (6, 3), BLUE),
    "All SEN": Look(TURQUOISE, "diamond", (8, 2, 2, 2), TEXT),
}
WIDTH = 760  # of every chart, in pixels
TITLE_SIZE, SUBTITLE_SIZE, LABEL_SIZE, SMALL_SIZE = 19, 14, 14, 12


CONFIG: dict[str, Any] = {
    "aria": False,  # the picture has one text for all of it; a label on every mark would only be noise
    "axis": {
        "domainColor": SOFT_TEXT, "gridColor": GRID, "gridWidth": 1, "labelColor": TEXT, "labelFlush": False,
        "labelFontSize": SMALL_SIZE, "labelPadding": 4, "tickColor": SOFT_TEXT, "titleAngle": 0, "titleColor": TEXT,
        "titleFontSize": SMALL_SIZE, "titleFontWeight": "normal",
    },
    "background": PAPER,
    "font": FONT,
    "padding": 12,
    "range": {"category": [BLUE, TURQUOISE, PINK, ORANGE]},
    "title": {
        "anchor": "start", "frame": "group", "color": TEXT, "fontSize": TITLE_SIZE, "fontWeight": "bold", "offset": 14,
        "subtitleColor": SOFT_TEXT, "subtitleFontSize": SUBTITLE_SIZE, "subtitlePadding": 6, "lineHeight": 23,
        "subtitleLineHeight": 18,
    },
    "view": {"stroke": None},
}  # fmt: skip


def contrast(first: str, second: str) -> float:
    """Contrast of two colours by the formula of WCAG 2.2: 1 to 21.

    >>> round(contrast("#12436D", "#FFFFFF"), 2)
    10.25
    """
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
