"""Charts of slides: the workbook behind each holds what the chart draws and nothing else, none of it too fine."""

import io
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from html import unescape

from sendlab.publish.scan_figures import TOO_FINE, sheet_lines

BEHIND_CHART = "something behind a chart that the chart does not show"
_CHART = re.compile(r"ppt/charts/chart\d+\.xml")
_EMBEDDED = re.compile(r"ppt/embeddings/.+")
_TARGET = re.compile(r'\bTarget="([^"]+)"')
_VALUE = re.compile(r"<c:v>([^<]*)</c:v>")
_CACHE = re.compile(r"<c:numCache>(.*?)</c:numCache>", re.DOTALL)
_FORMAT = re.compile(r"<c:formatCode>([^<]*)</c:formatCode>")


def in_charts(data: bytes) -> Iterator[tuple[str, str]]:
    """(part, what is wrong) of the native charts of a PPTX file, and of workbooks that belong to none of them."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names, known = set(package.namelist()), set()
        for name in sorted(filter(_CHART.fullmatch, names)):
            chart = package.read(name).decode("utf-8")
            books = _workbooks(package, name, names)
            known |= books
            if any(_more_than(chart, package.read(book)) for book in books):
                yield name, BEHIND_CHART
            if any(map(_too_fine, _CACHE.findall(chart))):
                yield name, TOO_FINE
        yield from ((name, BEHIND_CHART) for name in sorted(filter(_EMBEDDED.fullmatch, names)) if name not in known)


def _workbooks(package: zipfile.ZipFile, chart: str, names: set[str]) -> set[str]:
    folder, name = posixpath.split(chart)
    relations = f"{folder}/_rels/{name}.rels"
    told = package.read(relations).decode("utf-8") if relations in names else ""
    found = {posixpath.normpath(posixpath.join(folder, target)).lstrip("/") for target in _TARGET.findall(told)}
    return {each for each in found if _EMBEDDED.fullmatch(each)} & names


def _more_than(chart: str, workbook: bytes) -> bool:
    """Whether a workbook has a second sheet, or a cell that does not stand in the chart."""
    shown = [_plain(unescape(value)) for value in _VALUE.findall(chart)]
    with zipfile.ZipFile(io.BytesIO(workbook)) as package:
        sheets = list(sheet_lines(package))
    cells = Counter(_plain(str(cell)) for _, lines in sheets for line in lines for cell in line.values())
    return len(sheets) != 1 or bool(cells - Counter(shown))


def _plain(text: str) -> str:
    """Numbers in one form: 12.0 in one file is 12 in the other."""
    try:
        return repr(float(text))
    except ValueError:
        return text


def _too_fine(cache: str) -> bool:
    """Whether a number has more places than the format that it is shown in."""
    form = _FORMAT.search(cache)
    places = len(form.group(1).partition(".")[2]) if form else 0
    return any(len(_plain(value).partition(".")[2].rstrip("0")) > places for value in _VALUE.findall(cache))
