"""How wide a text is in the font of our charts: the widths of Arial and Liberation Sans, which are the same.

Thousandths of the font size, as Helvetica's metrics print them (Adobe, Font Metrics for the base 14 fonts). A letter
that is not listed counts as a whole square, and bold as a twelfth wider: no text is wider than
it is said to be.
"""

_BY_WIDTH = {
    191: "'", 222: "ijl", 260: "|", 278: " \u00a0!,./:;I[]\\ft", 333: "()-`r", 334: "{}", 355: '"', 389: "*", 469: "^",
    500: "cksvxyzJ", 556: "abdeghnopqu0123456789#$?_L–", 584: "+<=>~−", 611: "FTZ", 667: "ABEKPSVXY&", 722: "CDHNRUw",
    778: "GOQ", 833: "Mm", 889: "%", 944: "W",
}  # fmt: skip
_WIDTHS = {letter: width for width, letters in _BY_WIDTH.items() for letter in letters}
_SQUARE, _BOLD = 1000, 13 / 12


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """At most how many pixels a text is wide at a font size.

    >>> width_of("n = 260", 10)
    33.64
    """
    thousandths = sum(_WIDTHS.get(letter, _SQUARE) for letter in text)
    return round(thousandths * size / 1000 * (_BOLD if bold else 1), 2)
