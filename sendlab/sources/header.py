"""The names of a table's columns: the row they stand in, whether there is one at all, and what they become."""

import re
from collections import Counter
from collections.abc import Sequence

from sendlab.errors import DataProblem
from sendlab.sources.limits import check_columns

UNNAMED = "__unnamed_"  # begins the name of a column that has none
Row = Sequence[str | None]
YEAR = re.compile(r"(19|20)\d\d(\d\d)?")  # a year may be a name
NUMBER = re.compile(r"[-+]?(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?%?")
DATE = re.compile(r"(\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-(\d\d|[A-Z][a-z]{2})-\d\d)([ T]\d\d:\d\d.*)?")
UPN = re.compile(r"[A-Za-z]\d{11}[0-9A-Za-z]")
NUMBERING = re.compile(r"[A-Z]{1,2}|\d{1,3}")  # a row of column letters or numbers above the names
NO_NAMES = {"na", "nan", "null", "none", "supp", "ne", "np", "low", "true", "false", "yes", "no"}


def kind(cell: str | None) -> str:
    """What a cell looks like: number, date or upn, else nothing. A year is taken for a name.

    >>> [kind(cell) for cell in ("12.5", "02/09/2024", "A999000000001", "Sex", "2024", "")]
    ['number', 'date', 'upn', '', '', '']
    """
    text = (cell or "").strip()
    if not text or YEAR.fullmatch(text):
        return ""
    return next((what for what, form in (("upn", UPN), ("date", DATE), ("number", NUMBER)) if form.fullmatch(text)), "")


def header_row(rows: Sequence[Row]) -> int:
    """The place of the names: the first row about as wide as what stands below it. Titles are narrower."""
    filled = [_filled(row) for row in rows]
    for place, width in enumerate(filled):
        typical = _typical(filled[place + 1 :])
        if width and (typical < 2 or (width >= 2 and 2 * width >= typical)) and not _numbers_columns(rows, place):
            return place
    return next((place for place, width in enumerate(filled) if width), 0)


def is_headerless(first: Row, below: Sequence[Row]) -> bool:
    """Whether the first row is data: more of its columns hold the kind of what stands below than a name over it."""
    as_data = as_names = 0
    run = _counts_up(first)
    for place, cell in enumerate(first):
        kinds = [kind(row[place]) for row in below if place < len(row) and (row[place] or "").strip()]
        if not kinds or not (cell or "").strip():
            continue
        (usual, times), own = Counter(kinds).most_common(1)[0], kind(cell)
        if usual and 2 * times > len(kinds):
            as_data += own == usual and not run
            as_names += not own and is_name(cell)
    return as_data > as_names or (not below and any(kind(cell) == "upn" for cell in first))


def column_names(file: str, cells: Row, *, reserved: str, repeats: bool = False) -> list[str]:
    """Names on one line each; a column without one is `__unnamed_<place>`.

    A name that stands twice is a DataProblem that tells the places; with `repeats` the second becomes "name (2)".
    """
    check_columns(file, len(cells))
    names = [one_line(cell) or f"{UNNAMED}{place}" for place, cell in enumerate(cells)]
    if reserved in names:
        kept = f"column {names.index(reserved) + 1} has a name that sendlab keeps for itself"
        raise DataProblem(file, [kept], next_step="give it another name")
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    twice = [same for same in places.values() if len(same) > 1]
    if twice and not repeats:
        told = [f"columns {_and(same)} have the same name: it stands more than once" for same in twice[:5]]
        raise DataProblem(file, told, next_step="give each column its own name")
    for same in twice:
        for number, place in enumerate(same[1:], 2):
            new = f"{names[place]} ({number})"
            while new in places:
                new += "'"
            places[new], names[place] = [place], new
    return names


def numbered(width: int) -> list[str]:
    """Names of columns that have none.

    >>> numbered(2)
    ['column_1', 'column_2']
    """
    return [f"column_{place}" for place in range(1, width + 1)]


def one_line(cell: str | None) -> str:
    """A header cell trimmed, its line breaks made blanks."""
    return re.sub(r"\s*[\r\n]+\s*", " ", cell or "").strip()


def is_name(cell: str | None) -> bool:
    """Whether a cell could be a column name: letters, and neither data nor a symbol for a missing value."""
    text = (cell or "").strip()
    return sum(letter.isalpha() for letter in text) >= 2 and not kind(text) and text.lower() not in NO_NAMES


def _and(places: list[int]) -> str:
    return " and ".join(str(place + 1) for place in places[:5])


def _filled(row: Row) -> int:
    return sum(1 for cell in row if cell and cell.strip())


def _typical(widths: Sequence[int]) -> int:
    """Median width of the rows below, notes and titles (one cell) left out where a quarter of them is wider."""
    below = [width for width in widths if width]
    wide = sorted(width for width in below if width >= 2)
    return wide[len(wide) // 2] if wide and 4 * len(wide) >= len(below) else min(len(below), 1)


def _numbers_columns(rows: Sequence[Row], place: int) -> bool:
    cells = [cell.strip() for cell in rows[place] if cell and cell.strip()]
    if len(set(cells)) < len(cells) or not all(NUMBERING.fullmatch(cell) for cell in cells):
        return False
    below = rows[place + 1 : place + 3]
    return any(2 * sum(map(is_name, row)) > max(_filled(row), 2) for row in below)


def _counts_up(row: Row) -> bool:
    """Whether its whole numbers count up by one beside other names: week or year numbers as column names."""
    whole = [int(text) for cell in row if cell and re.fullmatch(r"\d{1,6}", text := cell.strip())]
    return len(whole) < _filled(row) and whole == list(range(whole[0], whole[0] + len(whole))) if whole else False
